"""``crossmodal strip-sound``."""

import argparse
from pathlib import Path

from crossmodal.cli.arguments import Parser, add_json, show_result
from crossmodal.errors import FormatError

EXAMPLES = """\
  crossmodal strip-sound clip.mp4 --out silent.mp4
"""


def add_arguments(parser: Parser) -> None:
    """Declare the words of the command."""
    parser.add_argument("video", metavar="VIDEO", type=Path, help="any video")
    parser.add_argument("--out", metavar="FILE", type=Path, required=True, help="the silent copy")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Write the silent copy and say what became of the picture.

    Raises:
        FormatError: there is no such video.
        OutputError: the copy cannot be written.
    """
    if not args.video.is_file():
        raise FormatError(f"{args.video}: no such file")
    from crossmodal.video import strip_sound

    picture = strip_sound(args.video, args.out)
    show_result({"out": str(args.out), "picture": picture}, f"{args.out}: no sound, picture {picture}", args.json)
    return 0
