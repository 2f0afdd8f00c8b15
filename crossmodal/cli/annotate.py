"""``crossmodal annotate``."""

import argparse
import webbrowser
from pathlib import Path

from crossmodal.cli.arguments import Parser
from crossmodal.errors import OutputError, UsageError

EXAMPLES = """\
  crossmodal annotate scenes/generator --samples 16 --out painted
  crossmodal annotate scenes/generator --samples 16 --classes sky,ground,sun,house --out painted
  crossmodal annotate generator_dusk --per-class 5 --classes background,house --out painted
"""


def add_arguments(parser: Parser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("generator", metavar="GENERATOR", help="a weights folder, or the name of shipped weights")
    parser.add_argument(
        "--out", metavar="DIR", type=Path, required=True, help="folder of images and masks; an existing one is resumed"
    )
    number = parser.add_mutually_exclusive_group()
    number.add_argument(
        "--samples", type=int, default=16, metavar="N", help="number of images to annotate (default: 16)"
    )
    number.add_argument(
        "--per-class", type=int, metavar="N", help="number of images of each class of a conditional generator"
    )
    parser.add_argument(
        "--classes", metavar="A,B,...",
        help="names of the classes (default: those of the folder, or background and object; the page can add more)",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, help="seed of the images of a new folder (default: 0)")
    parser.add_argument("--port", type=int, default=0, metavar="P", help="port of the page (default: any free port)")
    parser.add_argument("--no-browser", action="store_true", help="print the address of the page without opening it")


def run(args: argparse.Namespace) -> int:
    """Serve the page until Ctrl-C.

    Raises:
        UsageError: a number is invalid, or the network is no generator.
        DatasetError: the folder holds other files, or the classes are invalid.
        WeightsError: there are no such weights, or the images of the generator are not finite.
        OutputError: the folder cannot be written, or the port is in use.
    """
    from crossmodal.labels.annotation_page import AnnotationServer

    prepare(args)
    try:
        server = AnnotationServer(args.out, args.port)
    except (OSError, OverflowError) as error:
        raise OutputError(f"--port {args.port}: cannot listen on it ({error}); give another port") from error
    with server:
        print(f"paint at {server.url} and stop with Ctrl-C; masks are saved in {args.out / 'masks'}", flush=True)
        if not args.no_browser:
            webbrowser.open(server.url)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            painted = sum(sample["painted"] for sample in server.describe()["images"])
            print(f"{painted} of {len(server.images)} images have masks")
    return 0


def prepare(args: argparse.Namespace) -> None:
    """Draw the images into the folder."""
    from crossmodal import hub
    from crossmodal.labels.annotations import CLASSES, begin_annotations, read_classes, read_seed
    from crossmodal.labels.grouped_head import choose_per_class

    for name in ("samples", "per_class"):
        if getattr(args, name) is not None and getattr(args, name) < 1:
            raise UsageError(f"--{name.replace('_', '-')}: expected at least 1, found {getattr(args, name)}")
    model, resumed = hub.load_model(args.generator), (args.out / "classes.txt").is_file()
    seed = args.seed if args.seed is not None else read_seed(args.out) if resumed else 0
    if args.classes is not None:
        classes = tuple(name.strip() for name in args.classes.split(","))
    else:
        classes = read_classes(args.out) if resumed else CLASSES
    try:
        indices = choose_per_class(model, args.per_class, seed) if args.per_class else range(args.samples)
        begin_annotations(model, args.out, indices, classes, seed=seed)
    except ValueError as error:
        raise UsageError(str(error)) from error
