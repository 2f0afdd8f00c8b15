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
    """Declare the words of the command."""
    parser.add_argument("generator", metavar="GENERATOR", help="a weights folder, or a name that ships")
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="folder of the images and masks")
    number = parser.add_mutually_exclusive_group()
    number.add_argument("--samples", type=int, default=16, metavar="N", help="images to annotate (default: 16)")
    number.add_argument("--per-class", type=int, metavar="N", help="images of each class that the generator draws")
    parser.add_argument(
        "--classes", metavar="A,B,...",
        help="names of the classes (default: those of the folder, or background and object; the page adds more)",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, help="of the images, for a new folder (default: 0)")
    parser.add_argument("--port", type=int, default=0, metavar="P", help="of the page (default: any that is free)")
    parser.add_argument("--no-browser", action="store_true", help="only print where the page is")


def run(args: argparse.Namespace) -> int:
    """Serve the page until Ctrl-C.

    Raises:
        UsageError: a number or a class that makes no sense, or the network is no generator.
        DatasetError: the folder holds something else.
        WeightsError: no such weights, or a generator that gives values that are not numbers.
        OutputError: the folder cannot be written, or the port is taken.
    """
    from crossmodal.labels.annotation_page import AnnotationServer

    prepare(args)
    try:
        server = AnnotationServer(args.out, args.port)
    except (OSError, OverflowError) as error:
        raise OutputError(f"--port {args.port}: cannot be served on ({error}); name another port") from error
    with server:
        print(f"paint at {server.url} and stop with Ctrl-C; masks go to {args.out / 'masks'}", flush=True)
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
    from crossmodal.labels.grouped_head import choose_each

    for name in ("samples", "per_class"):
        if getattr(args, name) is not None and getattr(args, name) < 1:
            raise UsageError(f"--{name.replace('_', '-')}: at least 1 was expected, found {getattr(args, name)}")
    model, begun = hub.load_model(args.generator), (args.out / "classes.txt").is_file()
    seed = args.seed if args.seed is not None else read_seed(args.out) if begun else 0
    if args.classes is not None:
        classes = tuple(name.strip() for name in args.classes.split(","))
    else:
        classes = read_classes(args.out) if begun else CLASSES
    try:
        indices = choose_each(model, args.per_class, seed) if args.per_class else range(args.samples)
        begin_annotations(model, args.out, indices, classes, seed=seed)
    except ValueError as error:
        raise UsageError(str(error)) from error
