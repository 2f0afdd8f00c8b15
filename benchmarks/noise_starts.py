"""Accuracy of the shipped starts relative to random starts, on several sets of photographs.

python benchmarks/noise_starts.py --data tiny_imagenet_100 --masks camvid labelmefacade --out runs/starts
python benchmarks/noise_starts.py --masks camvid labelmefacade --out runs/starts --markdown docs/see.md

Sets are folders of classes, as for `crossmodal probe --data`, and folders of images with masks, as for `crossmodal
dissect --masks`. From the latter, patches are cropped and written to ``OUT/patches``: images are resized to 256 pixels,
and squares of 64 pixels are taken every 32 pixels. The label of a patch is the concept that fills at least half of it;
at most four patches per concept are taken from an image. The first 60 % of the images, sorted by name, are for
training, the others for testing, so no image is in both parts. Concepts with fewer than 100 training patches are left
out.
"""

import argparse
import shutil
from collections import defaultdict
from pathlib import Path

import numpy as np
from page import put
from PIL import Image

from crossmodal.dissect.masks import MaskFolder
from crossmodal.evaluation.probe.baselines import IMAGE_SOURCES, NOISE
from crossmodal.evaluation.probe.protocol import RANDOM, probe
from crossmodal.evaluation.probe.result import ProbeResult
from crossmodal.provenance import describe_origin
from crossmodal.randomness import generator
from crossmodal.weights import shipped_names

_IMAGE, _PATCH, _STRIDE = 256, 64, 32
_FILLED, _OF_ONE_IMAGE = 0.5, 4
_TRAIN_FRACTION, _LEAST = 0.6, 100


def main() -> None:
    """Crop patches, probe every start on every set, print the table, and write it to a page if requested."""
    starts = [name for name in shipped_names() if name.startswith(f"{NOISE}/")]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="*", default=[], help="folders of classes")
    parser.add_argument("--masks", type=Path, nargs="*", default=[], help="folders of images with masks")
    parser.add_argument("--starts", nargs="+", choices=starts, default=starts, help="shipped weights (default: all)")
    parser.add_argument("--out", type=Path, required=True, help="folder of patches and features")
    parser.add_argument("--markdown", type=Path, help="page for the table")
    args = parser.parse_args()
    sets = [*args.data, *(cut_patches(masks, args.out / "patches" / masks.name) for masks in args.masks)]
    if not sets:
        parser.error("nothing to measure on: give --data or --masks")
    heads = ["set", "classes", "to fit on", "to test on", "start", "top-1 (%)", RANDOM, *IMAGE_SOURCES, "times"]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for folder in sets:
        for name in args.starts:
            backbone = name.rpartition("/")[2]
            lines.append(_line(folder, name, probe(backbone, folder, weights=name, cache=args.out / "features")))
            print(lines[-1], flush=True)
    made = describe_origin()
    lines += [
        "",
        f"Ridge regression on frozen features, 64 pixels, five random starts of the same width. In brackets: 95 % of "
        f"1000 resamples. {made['date']}, commit {made['commit']}.",
    ]
    if args.markdown:
        put(args.markdown, "\n".join(lines), "starts")


def cut_patches(masks: Path, out: Path) -> Path:
    """Crop labelled patches from images with masks, unless ``out`` exists.

    They are written to ``OUT/train/<concept>/…png`` and ``OUT/test/<concept>/…png``.
    """
    if out.is_dir():
        return out
    source = MaskFolder(masks, size=_IMAGE)
    parts: dict[str, dict[str, list[tuple[str, Image.Image]]]] = {part: defaultdict(list) for part in ("train", "test")}
    for number, (path, _) in enumerate(source.pairs):
        index = np.array([number])
        inputs = source.inputs(index)
        mask = source.labelled(index, inputs, None).labels[0].numpy()
        image = Image.fromarray(inputs[0][0].permute(1, 2, 0).numpy())
        part = parts["train" if number < _TRAIN_FRACTION * len(source) else "test"]
        for concept, corners in _corners(mask, set(source.concepts), number).items():
            for top, left in corners:
                patch = image.crop((left, top, left + _PATCH, top + _PATCH))
                part[source.concepts[concept]].append((f"{path.stem}-{top}-{left}.png", patch))
    partial = out.with_name(f"{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    for concept in [name for name, patches in parts["train"].items() if len(patches) >= _LEAST]:
        for part_name, found in parts.items():
            folder = partial / part_name / concept
            folder.mkdir(parents=True)
            for file, patch in found[concept]:
                patch.save(folder / file)
    return partial.rename(out)


def _corners(mask: np.ndarray, concepts: set[int], number: int) -> dict[int, list[tuple[int, int]]]:
    """Return upper left corners of at most four patches per concept, drawn by the image's number."""
    found = defaultdict(list)
    steps = range(0, _IMAGE - _PATCH + 1, _STRIDE)
    for top, left in ((top, left) for top in steps for left in steps):
        inside = np.bincount(mask[top : top + _PATCH, left : left + _PATCH].ravel())
        if inside.max() >= _FILLED * _PATCH**2 and int(inside.argmax()) in concepts:
            found[int(inside.argmax())].append((top, left))
    draws = generator(0, "noise_starts/patches", number)
    return {
        concept: [corners[index] for index in sorted(draws.permutation(len(corners))[:_OF_ONE_IMAGE])]
        for concept, corners in sorted(found.items())
    }


def _line(folder: Path, name: str, result: ProbeResult) -> str:
    counts = [f"{result.about[key]:,}" for key in ("classes", "train_images", "test_images")]
    rows = [result.rows[row].top1 for row in (result.name, RANDOM, *IMAGE_SOURCES)]
    scores = [f"{score.scaled(100):.1f}" for score in rows]
    assert result.times_random is not None
    return f"| {' | '.join([folder.name, *counts, f'`{name}`', *scores, f'{result.times_random:.2f}'])} |"


if __name__ == "__main__":
    main()
