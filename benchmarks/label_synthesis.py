"""Accuracy of labels from 16 annotated images, and of networks trained on them.

python benchmarks/label_synthesis.py [--other WEIGHTS] [--json FILE] [--markdown docs/imagine.md]

The shipped generator (32 pixels) draws the images. The shipped segmenter replaces the person who annotates, and gives
the true labels of new images. Its error on scenes is on its card; its error on images of the generator is unknown.
``--other`` takes a segmenter trained from another seed (``crossmodal train scenes/segmenter --seed 1 --out
runs/other``) and measures the agreement of the two, an upper bound for any head. One thread, CPU seconds; each row is
over three seeds.

Then segmenters are trained for equally many steps on labelled images of several sources, and tested on scenes with
exact masks. ``--markdown`` writes both tables between ``<!-- labels: begin -->`` and ``<!-- labels: end -->`` of a
page.
"""

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from page import put
from torch import Tensor, nn

from crossmodal import hub
from crossmodal.dissect import inputs_of
from crossmodal.dissect.source import segment_images
from crossmodal.labels import LabelHead, default_layers, train_head
from crossmodal.labels.annotations import draw_images
from crossmodal.labels.head import Labels
from crossmodal.metrics.segmentation import class_iou, confusion_matrix, mean_iou
from crossmodal.models import Segmenter
from crossmodal.provenance import describe_origin
from crossmodal.randomness import generator
from crossmodal.simulation import scenes

SEEDS = (0, 1, 2)
KEEP = 0.9
#: Numbers of new images that heads are measured on, of synthetic training images, and of test scenes.
NEW, SYNTHETIC, TESTED = 300, 500, 500
_FIRST_NEW, _FIRST_TESTED = 100_000, 900_000
HEADS: dict[str, dict[str, Any]] = {
    "16 annotated, as published, with the image": {"annotated": 16, "around": (), "rarity_exponent": 0.0},
    "16 annotated": {"annotated": 16},
    "64 annotated": {"annotated": 64},
}
TEACHER = "16 annotated"
FIGURES = (
    "mIoU",
    "mIoU of the most certain 90 %",
    "uncertainty and error, r",
    "wrong, %",
    "wrong of the most certain 90 %, %",
)
_STEPS, _BATCH, _RATE = 300, 16, 1e-2


def main() -> None:
    """Measure, print the tables and, with ``--json`` or ``--markdown``, write them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--other", help="weights of a segmenter trained from another seed")
    parser.add_argument("--json", type=Path, help="also write the numbers to this file")
    parser.add_argument("--markdown", type=Path, help="write the tables into this page")
    args = parser.parse_args()
    torch.set_num_threads(1)
    began = time.process_time()
    model, segmenter = hub.load_model("scenes/generator"), hub.load_model("scenes/segmenter")
    heads: dict[str, list[dict[str, float]]] = {name: [] for name in HEADS}
    downstream: dict[str, list[float]] = {}
    for seed in SEEDS:
        for name, options in HEADS.items():
            head = fit_head(model, segmenter, seed, **options)
            heads[name].append(measure_head(model, segmenter, head, seed))
            if name == TEACHER:
                for kind, found in measure_downstream(model, segmenter, head, seed).items():
                    downstream.setdefault(kind, []).append(found)
    if args.other:
        other = hub.load_model(args.other)
        heads["another segmenter"] = [measure_agreement(model, segmenter, other, seed) for seed in SEEDS]
    lines = [*head_table(heads), "", *downstream_table(downstream), "", origin(time.process_time() - began)]
    print("\n".join(lines))
    if args.json:
        args.json.write_text(
            json.dumps({"heads": heads, "downstream": downstream, **describe_origin()}, indent=2) + "\n"
        )
    if args.markdown:
        put(args.markdown, "\n".join(lines), "labels")


def label_by(model: nn.Module, segmenter: nn.Module, indices: Sequence[int], seed: int) -> Tensor:
    """Return a segmenter's labels of images of a generator."""
    return segment_images(segmenter, draw_images(model, indices, seed))


def fit_head(model: nn.Module, segmenter: Any, seed: int, annotated: int, **options: Any) -> LabelHead:
    """Train a head on the first images of a seed."""
    draw_inputs, masks = inputs_of(model, seed=seed), list(label_by(model, segmenter, range(annotated), seed))
    layers = default_layers(model)
    return train_head(
        model, layers, lambda k: draw_inputs(np.array([k])), masks, segmenter.classes, seed=seed, **options
    )


def label_synthetic(model: nn.Module, head: LabelHead, indices: Sequence[int], seed: int) -> tuple[Tensor, Labels]:
    """Draw images, uint8, and label them, in batches."""
    draw_inputs, drawn, found = inputs_of(model, seed=seed), [], []
    for start in range(0, len(indices), _BATCH):
        output, labels = head.draw_labelled(model, draw_inputs(np.array(indices[start : start + _BATCH])))
        drawn.append((output * 255).round().to(torch.uint8))
        found.append(labels)
    return torch.cat(drawn), Labels(*(torch.cat(parts) for parts in zip(*found, strict=True)))


def measure_head(model: nn.Module, segmenter: Any, head: LabelHead, seed: int) -> dict[str, float]:
    """Compare a head's labels of new images with the segmenter's."""
    new = range(_FIRST_NEW, _FIRST_NEW + NEW)
    _, found = label_synthetic(model, head, new, seed)
    true = label_by(model, segmenter, new, seed)
    wrong, uncertainty = (found.masks != true).float().mean(dim=(1, 2)), found.by_image()
    certain = uncertainty.argsort()[: round(KEEP * NEW)]
    counts = confusion_matrix(true, found.masks, len(segmenter.classes))
    figures = (
        mean_iou(counts),
        mean_iou(confusion_matrix(true[certain], found.masks[certain], len(segmenter.classes))),
        float(torch.corrcoef(torch.stack([wrong, uncertainty]))[0, 1]),
        100 * float(wrong.mean()),
        100 * float(wrong[certain].mean()),
    )
    by_class = dict(zip(segmenter.classes, class_iou(counts).tolist(), strict=True))
    return dict(zip(FIGURES, figures, strict=True)) | by_class


def measure_agreement(model: nn.Module, segmenter: Any, other: Any, seed: int) -> dict[str, float]:
    """Compare another segmenter's labels of the same new images with the segmenter's."""
    new = range(_FIRST_NEW, _FIRST_NEW + NEW)
    true, predicted = (label_by(model, one, new, seed) for one in (segmenter, other))
    counts = confusion_matrix(true, predicted, len(segmenter.classes))
    by_class = dict(zip(segmenter.classes, class_iou(counts).tolist(), strict=True))
    return {"mIoU": mean_iou(counts), "wrong, %": 100 * float((true != predicted).float().mean())} | by_class


def measure_downstream(model: nn.Module, segmenter: Any, head: LabelHead, seed: int) -> dict[str, float]:
    """Train one segmenter on each source of labelled images; return the mIoU of each on scenes with exact masks."""
    outdoor = scenes.create("outdoor")
    images, found = label_synthetic(model, head, range(16, 16 + SYNTHETIC), seed)
    synthetic = images, found.masks
    certain = found.by_image().argsort()[: round(KEEP * SYNTHETIC)]
    few, many = (outdoor.label(range(count), 32, seed) for count in (16, 900))
    tested = outdoor.label(range(_FIRST_TESTED, _FIRST_TESTED + TESTED), 32, seed)
    filtered, real = (synthetic[0][certain], synthetic[1][certain]), (few.images, few.masks)
    relabelled = images[certain], segment_images(segmenter, images[certain].float() / 255)
    # Training data of each stage, one stage after the other; the parts of a stage share each batch.
    courses = {
        f"{SYNTHETIC} synthetic": [[synthetic]],
        f"{len(certain)} synthetic, filtered": [[filtered]],
        "the same images, labelled by the segmenter": [[relabelled]],
        "16 real": [[real]],
        "16 real, twice as long": [[real], [real]],
        f"{len(certain)} synthetic, filtered, then 16 real": [[filtered], [real]],
        f"16 real and {len(certain)} synthetic, filtered, together": [[real, filtered]],
        "900 real": [[(many.images, many.masks)]],
    }
    found_iou = {}
    for name, course in courses.items():
        torch.manual_seed(seed)
        student = Segmenter(segmenter.classes)
        for parts in course:
            train_segmenter(student, parts, seed)
        predicted = student.segment(tested.images)
        found_iou[name] = mean_iou(confusion_matrix(tested.masks, predicted, len(segmenter.classes)))
    return found_iou


def train_segmenter(student: Segmenter, parts: list[tuple[Tensor, Tensor]], seed: int) -> None:
    """Train a segmenter; each batch has equally many images of each part."""
    student.train()
    optimizer = torch.optim.AdamW(student.parameters(), lr=_RATE, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=_STEPS, pct_start=0.1)
    draws = generator(seed, "label synthesis/batches")
    for _ in range(_STEPS):
        chosen = [torch.from_numpy(draws.integers(len(part[0]), size=_BATCH // len(parts))) for part in parts]
        images = torch.cat([part[0][some] for part, some in zip(parts, chosen, strict=True)])
        masks = torch.cat([part[1][some].long() for part, some in zip(parts, chosen, strict=True)])
        if draws.random() < 0.5:
            images, masks = images.flip(3), masks.flip(2)
        loss = F.cross_entropy(student(images), masks)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    student.eval()


def head_table(heads: dict[str, list[dict[str, float]]]) -> list[str]:
    """Return the table of heads, means over seeds with the extremes in brackets, and the table of IoU by class."""
    lines = ["| labels of new images | " + " | ".join(FIGURES) + " |", "|---" * (len(FIGURES) + 1) + "|"]
    for name, runs in heads.items():
        cells = [
            spread([run[key] for run in runs], 1 if "wrong" in key else 2) if key in runs[0] else "–" for key in FIGURES
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    classes = [key for key in next(iter(heads.values()))[0] if key not in FIGURES]
    lines += ["", "| IoU | " + " | ".join(classes) + " |", "|---" * (len(classes) + 1) + "|"]
    for name, runs in heads.items():
        lines.append(f"| {name} | " + " | ".join(f"{mean(run[key] for run in runs):.2f}" for key in classes) + " |")
    return lines


def downstream_table(downstream: dict[str, list[float]]) -> list[str]:
    """Return the table of segmenters, means over seeds with the extremes in brackets."""
    lines = ["| a segmenter trained on | mIoU on scenes |", "|---|---|"]
    return lines + [f"| {name} | {spread(found, 3)} |" for name, found in downstream.items()]


def spread(values: list[float], digits: int) -> str:
    """Return mean and extremes as text."""
    return f"{mean(values):.{digits}f} [{min(values):.{digits}f}, {max(values):.{digits}f}]"


def origin(seconds: float) -> str:
    """Return the line on the origin of the tables."""
    made = describe_origin()
    return (
        f"In brackets: the extremes of {len(SEEDS)} seeds; {NEW} new images, {TESTED} scenes, {_STEPS} steps of "
        f"{_BATCH} images; {seconds:.0f} CPU seconds in all. {made['date']}, commit {made['commit']}."
    )


if __name__ == "__main__":
    main()
