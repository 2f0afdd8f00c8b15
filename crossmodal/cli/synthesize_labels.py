"""``crossmodal synthesize-labels``."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from crossmodal.cli.arguments import Parser, add_json, check_writable, show_result, table
from crossmodal.errors import DatasetError, UsageError
from crossmodal.progress import Progress

if TYPE_CHECKING:
    from torch import nn

    from crossmodal.dissect.layer import Inputs
    from crossmodal.labels.annotations import Annotations
    from crossmodal.labels.file import Head

EXAMPLES = """\
  crossmodal synthesize-labels scenes/generator --annotations painted --count 1000 --out made
  crossmodal synthesize-labels scenes/generator --annotate-with scenes/segmenter --samples 16 --count 1000 --out trial
  crossmodal synthesize-labels generator_dusk --annotations painted --head grouped --count 1000 --out made
"""
_ANNOTATIONS = "annotations.json"


def add_arguments(parser: Parser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("generator", metavar="GENERATOR", help="a weights folder, or the name of shipped weights")
    parser.add_argument(
        "--annotations", metavar="DIR", type=Path,
        help="annotated images of the generator, saved by `crossmodal annotate`",
    )  # fmt: skip
    parser.add_argument("--count", type=int, required=True, metavar="N", help="total number of images")
    parser.add_argument(
        "--out", metavar="DIR", type=Path, required=True, help="folder of the data set; an unfinished one is resumed"
    )
    parser.add_argument(
        "--annotate-with", metavar="SEGMENTER", help="weights of a segmenter that annotates in place of a person"
    )
    parser.add_argument(
        "--samples", type=int, metavar="N", help="--annotate-with: number of annotated images (default: 16)"
    )
    parser.add_argument(
        "--head", choices=("pixels", "grouped"), default="pixels",
        help="an ensemble of perceptrons per pixel, or convolutions conditioned on the class of the image "
        "(default: pixels)",
    )  # fmt: skip
    parser.add_argument("--steps", type=int, metavar="N", help="training steps of the head")
    parser.add_argument(
        "--keep",
        type=float,
        default=0.9,
        metavar="P",
        help="fraction of the images to use, the most certain ones (default: 0.9)",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="K", help="seed of the images and the head (default: 0)")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Train a head, or read that of an unfinished data set, and write the data set.

    Raises:
        UsageError: the arguments contradict each other, or the network is no generator.
        DatasetError: the annotations cannot be used, or the folder holds other files.
        WeightsError: there are no such weights, the head belongs to another generator, or the images are not finite.
        OutputError: an output cannot be written.
    """
    from crossmodal import hub
    from crossmodal.dissect import inputs_of
    from crossmodal.labels import synthesize_labels
    from crossmodal.labels.annotations import read_annotations

    _check(args)
    model = hub.load_model(args.generator)
    progress = Progress(label="images")
    try:
        inputs_of(model)  # raises an error if the network is no generator
        if args.annotate_with is not None:
            _annotate(args, model)
        annotations = read_annotations(model, args.annotations)
        head = _find_head(args, model, annotations)
        synthesize_labels(
            model, head, args.out, args.count, seed=args.seed, first=max(annotations.indices) + 1, keep=args.keep,
            progress=progress,
        )  # fmt: skip
    except ValueError as error:
        raise UsageError(str(error)) from error
    finally:
        progress.close()
    return _print_summary(args, annotations)


def _check(args: argparse.Namespace) -> None:
    for name in ("count", "samples", "steps"):
        if getattr(args, name) is not None and getattr(args, name) < 1:
            raise UsageError(f"--{name}: expected at least 1, found {getattr(args, name)}")
    if not 0 < args.keep <= 1 or round(args.keep * args.count) < 1:
        raise UsageError(f"--keep: expected a fraction above 0 and up to 1 that keeps an image, found {args.keep:g}")
    if args.annotations is None:
        if args.annotate_with is None:
            raise UsageError(
                "annotated images are missing: give --annotations DIR (paint them with `crossmodal annotate`), or "
                "--annotate-with SEGMENTER"
            )
        args.annotations = args.out / "annotations"
    if args.samples is not None and args.annotate_with is None:
        raise UsageError("--samples: belongs to --annotate-with SEGMENTER; all painted masks are used")
    if args.json is not None and args.json != "-":
        check_writable(Path(args.json))


def _annotate(args: argparse.Namespace, model: "nn.Module") -> None:
    from crossmodal import hub
    from crossmodal.dissect.source import concepts_of
    from crossmodal.labels.annotations import annotate_with, begin_annotations, read_classes

    segmenter, indices = hub.load_model(args.annotate_with), range(args.samples or 16)
    concepts = concepts_of(segmenter)
    if not concepts:
        raise UsageError(
            f"--annotate-with {args.annotate_with}: {type(segmenter).__name__} has no classes; is it a segmenter?"
        )
    classes = tuple(concepts.values())
    if (args.annotations / "classes.txt").is_file() and read_classes(args.annotations) != classes:
        raise UsageError(
            f"--annotations {args.annotations}: the classes differ from those of the segmenter ({', '.join(classes)})"
        )
    begin_annotations(model, args.annotations, indices, classes, seed=args.seed)
    annotate_with(model, segmenter, args.annotations, indices, seed=args.seed)


def _find_head(args: argparse.Namespace, model: "nn.Module", annotations: "Annotations") -> "Head":
    """Read the head of an unfinished data set with the same annotations and options, or train and save a new one."""
    from crossmodal.json_text import as_json, write_json
    from crossmodal.labels.file import load_head, save_head
    from crossmodal.labels.label_set import SOURCES

    folder = args.out / "head"
    settings = {"annotations": annotations.digest(), "head": args.head, "steps": args.steps, "seed": args.seed}
    path = folder / _ANNOTATIONS
    if path.is_file():
        if path.read_text(encoding="utf-8").strip() != as_json(settings):
            raise DatasetError(
                f"{args.out}: was written with other annotations, or another --head, --steps or --seed; "
                "name another folder"
            )
        return load_head(folder, model)
    if args.out.is_dir() and any(item.name not in SOURCES for item in args.out.iterdir()):
        raise DatasetError(f"{args.out}: holds files but no head; name an empty or a new folder")
    head = _train(args, model, annotations)
    save_head(head, folder)
    write_json(path, settings)
    return head


def _train(args: argparse.Namespace, model: "nn.Module", annotations: "Annotations") -> "Head":
    import numpy as np

    from crossmodal.dissect import inputs_of
    from crossmodal.labels import default_layers, train_grouped_head, train_head
    from crossmodal.labels.grouped_head import group_layers

    draw_inputs, layers = inputs_of(model, seed=annotations.seed), default_layers(model)

    def inputs(number: int) -> "Inputs":
        return draw_inputs(np.array([annotations.indices[number]]))

    annotated = inputs, annotations.masks, annotations.classes
    options = {"seed": args.seed} | ({} if args.steps is None else {"steps": args.steps})
    if args.head == "pixels":
        return train_head(model, layers, *annotated, **options)
    return train_grouped_head(model, group_layers(layers), *annotated, **options)


def _print_summary(args: argparse.Namespace, annotations: "Annotations") -> int:
    from crossmodal.labels import SynthesizedLabels

    kept, every = SynthesizedLabels(args.out), SynthesizedLabels(args.out, keep=1.0)
    totals = [sum(row["pixels"][label] for row in kept.rows) for label in range(len(kept.classes))]
    annotated = [sum(int((mask == label).sum()) for mask in annotations.masks) for label in range(len(kept.classes))]
    rows = [("class", "% of pixels", "% of annotated pixels")]
    rows += [
        (name, f"{100 * total / sum(totals):.3g}", f"{100 * few / sum(annotated):.3g}")
        for name, total, few in zip(kept.classes, totals, annotated, strict=True)
    ]
    counts = {"annotated": len(annotations.masks), "images": len(every), "kept": len(kept)}
    lines = [
        f"{len(every)} images from {len(annotations.masks)} annotated ones; the {len(kept)} most certain are kept",
        table(rows),
        f"written: {args.out}",
    ]
    content = counts | {"classes": dict(zip(kept.classes, totals, strict=True)), "written": str(args.out)}
    show_result(content, "\n".join(lines), args.json)
    return 0
