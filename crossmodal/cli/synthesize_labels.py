"""``crossmodal synthesize-labels``."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from crossmodal.cli.arguments import Parser, add_json, make_sure_of, show_result, table
from crossmodal.errors import DatasetError, UsageError
from crossmodal.progress import Progress

if TYPE_CHECKING:
    from torch import nn

    from crossmodal.dissect.layer import Inputs
    from crossmodal.labels.annotations import Annotations
    from crossmodal.labels.file import Head

EXAMPLES = """\
  crossmodal synthesize-labels scenes/generator --annotations painted --count 1000 --out made
  crossmodal synthesize-labels scenes/generator --annotate-with scenes/segmenter --samples 16 --count 1000 --out tried
  crossmodal synthesize-labels generator_dusk --annotations painted --head grouped --count 1000 --out made
"""
_ANNOTATIONS = "annotations.json"


def add_arguments(parser: Parser) -> None:
    """Declare the words of the command."""
    parser.add_argument("generator", metavar="GENERATOR", help="a weights folder, or a name that ships")
    parser.add_argument(
        "--annotations", metavar="DIR", type=Path,
        help="masks of some of the generator's images, as `crossmodal annotate` saves them",
    )  # fmt: skip
    parser.add_argument("--count", type=int, required=True, metavar="N", help="images in the end")
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="folder of the data set")
    parser.add_argument(
        "--annotate-with", metavar="SEGMENTER", help="weights that label the annotated images instead of a person"
    )
    parser.add_argument("--samples", type=int, metavar="N", help="--annotate-with: images (default: 16)")
    parser.add_argument(
        "--head", choices=("pixels", "grouped"), default="pixels",
        help="an ensemble at every pixel; or one of convolutions, told the class that an image was drawn for "
        "(default: pixels)",
    )  # fmt: skip
    parser.add_argument("--steps", type=int, metavar="N", help="of the head's training")
    parser.add_argument(
        "--keep", type=float, default=0.9, metavar="P", help="share of the images, the surest, to use (default: 0.9)"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="K", help="of the images and the head (default: 0)")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Train a head, or read the one of a data set that was begun, and write the data set.

    Raises:
        UsageError: words that do not go together, or the network is no generator.
        DatasetError: annotations that cannot be used, or a folder that holds something else.
        WeightsError: no such weights, a head of another generator, a generator that gives values that are not numbers.
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
        inputs_of(model)  # complains of a network that is no generator
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
    return _tell(args, annotations)


def _check(args: argparse.Namespace) -> None:
    for name in ("count", "samples", "steps"):
        if getattr(args, name) is not None and getattr(args, name) < 1:
            raise UsageError(f"--{name}: at least 1 was expected, found {getattr(args, name)}")
    if not 0 < args.keep <= 1 or round(args.keep * args.count) < 1:
        raise UsageError(f"--keep: a share above 0, up to 1, that leaves an image was expected, found {args.keep:g}")
    if args.annotations is None:
        if args.annotate_with is None:
            raise UsageError(
                "what is annotated must be known: give --annotations DIR (paint it with `crossmodal annotate`), or "
                "--annotate-with SEGMENTER to try it out"
            )
        args.annotations = args.out / "annotations"
    if args.samples is not None and args.annotate_with is None:
        raise UsageError("--samples: belongs to --annotate-with SEGMENTER; painted masks are all used")
    if args.json is not None and args.json != "-":
        make_sure_of(Path(args.json))


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
            f"--annotations {args.annotations}: its classes are not those of the segmenter: {', '.join(classes)}"
        )
    begin_annotations(model, args.annotations, indices, classes, seed=args.seed)
    annotate_with(model, segmenter, args.annotations, indices, seed=args.seed)


def _find_head(args: argparse.Namespace, model: "nn.Module", annotations: "Annotations") -> "Head":
    """The head of a data set that was begun with the same annotations and options, or a new one, saved with it."""
    from crossmodal.json_text import as_json, write_json
    from crossmodal.labels.file import load_head, save_head
    from crossmodal.labels.label_set import BESIDE

    folder = args.out / "head"
    told = {"annotations": annotations.digest(), "head": args.head, "steps": args.steps, "seed": args.seed}
    place = folder / _ANNOTATIONS
    if place.is_file():
        if place.read_text(encoding="utf-8").strip() != as_json(told):
            raise DatasetError(
                f"{args.out}: was begun with other annotations, or another --head, --steps or --seed; "
                "name another folder"
            )
        return load_head(folder, model)
    if args.out.is_dir() and any(path.name not in BESIDE for path in args.out.iterdir()):
        raise DatasetError(f"{args.out}: holds files but no head; name an empty or a new folder")
    head = _train(args, model, annotations)
    save_head(head, folder)
    write_json(place, told)
    return head


def _train(args: argparse.Namespace, model: "nn.Module", annotations: "Annotations") -> "Head":
    import numpy as np

    from crossmodal.dissect import inputs_of
    from crossmodal.labels import default_layers, train_grouped_head, train_head
    from crossmodal.labels.grouped_head import grouped_layers

    given, layers = inputs_of(model, seed=annotations.seed), default_layers(model)

    def one(number: int) -> "Inputs":
        return given(np.array([annotations.indices[number]]))

    learnt = one, annotations.masks, annotations.classes
    options = {"seed": args.seed} | ({} if args.steps is None else {"steps": args.steps})
    if args.head == "pixels":
        return train_head(model, layers, *learnt, **options)
    return train_grouped_head(model, grouped_layers(layers), *learnt, **options)


def _tell(args: argparse.Namespace, annotations: "Annotations") -> int:
    from crossmodal.labels import SynthesizedLabels

    kept, every = SynthesizedLabels(args.out), SynthesizedLabels(args.out, keep=1.0)
    totals = [sum(row["pixels"][place] for row in kept.rows) for place in range(len(kept.classes))]
    annotated = [sum(int((mask == place).sum()) for mask in annotations.masks) for place in range(len(kept.classes))]
    rows = [("class", "% of pixels", "% of those annotated")]
    rows += [
        (name, f"{100 * own / sum(totals):.3g}", f"{100 * few / sum(annotated):.3g}")
        for name, own, few in zip(kept.classes, totals, annotated, strict=True)
    ]
    counts = {"annotated": len(annotations.masks), "images": len(every), "kept": len(kept)}
    lines = [
        f"{len(every)} images, the {len(kept)} surest of them kept, from {len(annotations.masks)} annotated",
        table(rows),
        f"written: {args.out}",
    ]
    content = counts | {"classes": dict(zip(kept.classes, totals, strict=True)), "written": str(args.out)}
    show_result(content, "\n".join(lines), args.json)
    return 0
