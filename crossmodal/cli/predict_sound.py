"""``crossmodal predict-sound``."""

import argparse
from pathlib import Path

from crossmodal.cli.words import Parser, add_json, show_result
from crossmodal.errors import FormatError, UsageError
from crossmodal.files import replace_atomically

EXAMPLES = """\
  crossmodal predict-sound silent.mp4 --out heard.mp4
  crossmodal predict-sound silent.mp4 --out heard.mp4 --wav heard.wav --figure heard.png
  crossmodal predict-sound silent.mp4 --out heard.mp4 --weights runs/first/weights --synthesis exemplar
"""


def add_arguments(parser: Parser) -> None:
    """Declare the words of the command."""
    parser.add_argument("video", metavar="VIDEO", type=Path, help="any video; its own sound, if any, is not used")
    parser.add_argument("--out", metavar="FILE", type=Path, required=True, help="the video with the predicted sound")
    parser.add_argument("--weights", metavar="W", help="weights folder, or a name that ships (default: what ships)")
    parser.add_argument(
        "--synthesis",
        choices=("parametric", "exemplar"),
        default="parametric",
        help="shape noise, or lay sounds of the training set (default: parametric)",
    )
    parser.add_argument("--passes", type=int, choices=(1, 3), default=1, help="of parametric synthesis (default: 1)")
    parser.add_argument("--seed", type=int, default=0, metavar="K", help="of the noise (default: 0)")
    parser.add_argument("--wav", metavar="FILE", type=Path, help="the predicted sound alone")
    parser.add_argument("--figure", metavar="FILE", type=Path, help="a picture: frames, cochleagrams, onsets")
    add_json(parser)


def run(words: argparse.Namespace) -> int:
    """Predict the sound and write what was asked for.

    Raises:
        UsageError: an output is the input itself, or the seed is negative.
        FormatError: there is no such video.
        OutputError: an output cannot be written; found out before the work begins.
    """
    if words.seed < 0:
        raise UsageError(f"--seed: a whole number of at least 0 was expected, found {words.seed}")
    if not words.video.is_file():
        raise FormatError(f"{words.video}: no such file")
    outputs = [path for path in (words.out, words.wav, words.figure) if path is not None]
    for path in outputs:
        if path.exists() and path.samefile(words.video):
            raise UsageError(f"{path}: is the video itself; name another file")
        _make_sure_of(path)
    from crossmodal.predict import predict_sound

    predicted = predict_sound(
        words.video, weights=words.weights, synthesis=words.synthesis, passes=words.passes, seed=words.seed
    )
    picture = predicted.write_video(words.out)
    if words.wav is not None:
        predicted.write_waveform(words.wav)
    if words.figure is not None:
        predicted.write_figure(words.figure)
    summary = predicted.summary() | {"picture": picture}
    lines = [f"{key}: {value}" for key, value in summary.items()] + [f"written: {path}" for path in outputs]
    show_result(summary | {"written": [str(path) for path in outputs]}, "\n".join(lines), words.json)
    return 0


class _OnlyTryingError(Exception):
    pass


def _make_sure_of(path: Path) -> None:
    try:
        with replace_atomically(path):
            raise _OnlyTryingError
    except _OnlyTryingError:
        pass
