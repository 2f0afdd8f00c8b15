"""``crossmodal strip-sound``."""

import argparse
from pathlib import Path

from crossmodal.cli.arguments import Parser, add_json, show_result
from crossmodal.errors import FormatError

EXAMPLES = """\
  crossmodal strip-sound clip.mp4 --out silent.mp4
"""


def add_arguments(parser: Parser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("video", metavar="VIDEO", type=Path, help="any video")
    parser.add_argument("--out", metavar="FILE", type=Path, required=True, help="the silent copy")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Write the silent copy, and report whether the video stream was copied or re-encoded.

    Raises:
        FormatError: the video does not exist or cannot be read.
        OutputError: the copy cannot be written.
    """
    if not args.video.is_file():
        raise FormatError(f"{args.video}: no such file")
    from crossmodal.video import strip_sound

    video = strip_sound(args.video, args.out)
    show_result({"out": str(args.out), "video_stream": video}, f"{args.out}: no sound, video stream {video}", args.json)
    return 0
