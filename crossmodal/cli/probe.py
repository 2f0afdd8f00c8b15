"""``crossmodal probe``."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from crossmodal.cli.arguments import Parser, add_json, check_writable, show_result, table
from crossmodal.errors import UsageError
from crossmodal.files import replace_atomically
from crossmodal.progress import Progress

if TYPE_CHECKING:
    from crossmodal.evaluation.probe.result import ProbeResult

EXAMPLES = """\
  crossmodal probe small_alexnet --data photographs
  crossmodal probe small_alexnet --data photographs --weights none --width 0.5 --json -
  crossmodal probe resnet18 --data photographs --weights mine.safetensors --layer layer3 --method knn
  crossmodal probe small_vit --data photographs --weights none --few-shot 1,5,10 --table few.md
"""
_METHODS = ("ridge", "knn", "adam")


def add_arguments(parser: Parser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "backbone", metavar="BACKBONE", help="name of a backbone: small_alexnet, resnet18, small_vit ..."
    )
    parser.add_argument(
        "--data", metavar="FOLDER", type=Path, required=True,
        help="photographs, one folder per class: in train/ and val/ or test/, or in one tree, which is split",
    )  # fmt: skip
    parser.add_argument(
        "--weights", metavar="noise|NAME|PATH|none", default="noise",
        help="noise: the shipped weights (default); name of weights that ship; file or folder; none: random weights",
    )  # fmt: skip
    parser.add_argument(
        "--width", type=float, metavar="W", help="width of the backbone (default: that of the weights, or 1)"
    )
    parser.add_argument(
        "--method", choices=_METHODS, default="ridge",
        help="ridge regression, k nearest neighbours, or Adam on augmented images as published (default: ridge)",
    )  # fmt: skip
    parser.add_argument("--layer", metavar="L", help="layer of the backbone (default: fc6 if it has one, else pooled)")
    parser.add_argument("--size", type=int, default=64, metavar="S", help="side of the images in pixels (default: 64)")
    parser.add_argument(
        "--few-shot",
        type=_numbers,
        default=(),
        metavar="1,5,10",
        help="also the accuracy with N images per class",
    )
    parser.add_argument(
        "--draws", type=int, default=5, metavar="D", help="--few-shot: random draws of images per number (default: 5)"
    )
    parser.add_argument(
        "--k",
        type=_numbers,
        metavar="10,20",
        help="--method knn: numbers of neighbours to choose from (default: 10,20,100,200)",
    )
    parser.add_argument("--epochs", type=int, metavar="E", help="--method adam: number of epochs (default: 100)")
    parser.add_argument(
        "--random-starts",
        type=int,
        default=5,
        metavar="N",
        help="number of random networks to compare with (default: 5)",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="K", help="seed of all random draws (default: 0)")
    parser.add_argument("--device", default="cpu", metavar="D", help="device of the network (default: cpu)")
    parser.add_argument(
        "--cache", metavar="DIR|none", help="cache of features, none for no cache (default: the user's cache folder)"
    )
    parser.add_argument("--table", metavar="FILE", type=Path, help="write the table as Markdown")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Probe a backbone and print the table.

    Raises:
        UsageError: an unknown backbone or layer, or a number out of range.
        DatasetError: the folder is missing, has no classes, or too few images.
        WeightsError: the weights do not exist, or belong to another architecture.
        OutputError: an output cannot be written; checked before the work begins.
    """
    for option, method in (("k", "knn"), ("epochs", "adam")):
        if getattr(args, option) is not None and args.method != method:
            raise UsageError(f"--{option}: needs --method {method}")
    for path in (args.table, args.json):
        if path is not None and path != "-":
            check_writable(Path(path))
    _check_device(args.device)
    result = _probe(args)
    if args.table is not None:
        with replace_atomically(args.table) as temporary:
            temporary.write_text(result.markdown(), encoding="utf-8")
    show_result(result.as_dict(), "\n".join([table(result.table()), "", *result.notes()]), args.json)
    return 0


def _probe(args: argparse.Namespace) -> "ProbeResult":
    from crossmodal.evaluation.probe.gradient import EPOCHS
    from crossmodal.evaluation.probe.neighbours import NEIGHBOURS
    from crossmodal.evaluation.probe.protocol import probe

    progress = _StageProgress()
    try:
        return probe(
            args.backbone, args.data, args.method,
            weights=None if args.weights == "none" else args.weights,
            width=args.width, layer=args.layer, size=args.size, few_shot=args.few_shot, draws=args.draws,
            neighbours=args.k or NEIGHBOURS, epochs=EPOCHS if args.epochs is None else args.epochs,
            random_starts=args.random_starts, seed=args.seed, device=args.device,
            cache=False if args.cache == "none" else args.cache, progress=progress,
        )  # fmt: skip
    except ValueError as error:
        raise UsageError(str(error)) from error
    finally:
        progress.close()


class _StageProgress:
    """Progress of consecutive stages, each with its own rate."""

    def __init__(self) -> None:
        self.stage = ""
        self.shown: Progress | None = None

    def __call__(self, done: int, total: int, stage: str) -> None:
        if self.shown is None or stage != self.stage:
            self.close()
            self.stage, self.shown = stage, Progress(label=stage)
        self.shown(done, total)

    def close(self) -> None:
        if self.shown is not None:
            self.shown.close()


def _numbers(text: str) -> tuple[int, ...]:
    """Read ``1,5,10``."""
    try:
        numbers = tuple(int(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if not numbers or min(numbers) < 1:
        raise argparse.ArgumentTypeError(f"whole numbers of at least 1, as in 1,5,10, were expected, found {text}")
    return numbers


def _check_device(name: str) -> None:
    import torch

    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise UsageError(f"--device {name}: cannot be used here ({reason})") from error
