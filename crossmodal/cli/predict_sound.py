"""``crossmodal predict-sound``."""

import argparse
from pathlib import Path

from crossmodal.cli.arguments import Parser, add_json, check_writable, show_result
from crossmodal.errors import FormatError, UsageError

EXAMPLES = """\
  crossmodal predict-sound silent.mp4 --out sound.mp4
  crossmodal predict-sound silent.mp4 --out sound.mp4 --wav sound.wav --figure sound.png
  crossmodal predict-sound silent.mp4 --out sound.mp4 --weights runs/first/weights --synthesis exemplar
  crossmodal predict-sound silent.mp4 --out sound.mp4 --figure sound.png --truth original.mp4
"""


def add_arguments(parser: Parser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("video", metavar="VIDEO", type=Path, help="any video; its own sound, if any, is ignored")
    parser.add_argument("--out", metavar="FILE", type=Path, required=True, help="the video with the predicted sound")
    parser.add_argument("--weights", metavar="W", help="weights folder, or the name of weights that ship")
    parser.add_argument(
        "--synthesis",
        choices=("parametric", "exemplar"),
        default="parametric",
        help="parametric shapes noise; exemplar uses sounds of the training set (default: parametric)",
    )
    parser.add_argument(
        "--passes", type=int, choices=(1, 3), default=1, help="passes of parametric synthesis (default: 1)"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="K", help="seed of the noise (default: 0)")
    parser.add_argument("--wav", metavar="FILE", type=Path, help="write the predicted sound as a wav file")
    parser.add_argument("--figure", metavar="FILE", type=Path, help="draw frames, cochleagrams and onsets as a PNG")
    parser.add_argument(
        "--truth",
        metavar="FILE",
        type=Path,
        help="recording with the true sound, to compare with; its onsets are read from <id>_times.txt beside it",
    )
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Predict the sound and write the outputs.

    Raises:
        UsageError: an output is one of the inputs, or the seed is negative.
        FormatError: the video or the true sound does not exist or cannot be read.
        OutputError: an output cannot be written; checked before the work begins.
    """
    if args.seed < 0:
        raise UsageError(f"--seed: a whole number of at least 0 was expected, found {args.seed}")
    inputs = [path for path in (args.video, args.truth) if path is not None]
    for path in inputs:
        if not path.is_file():
            raise FormatError(f"{path}: no such file")
    outputs = [path for path in (args.out, args.wav, args.figure) if path is not None]
    for path in outputs:
        if path.exists() and any(path.samefile(given) for given in inputs):
            raise UsageError(f"{path}: is an input of the command; name another file")
        check_writable(path)
    from crossmodal.predict import predict_sound, read_truth

    truth = None if args.truth is None else read_truth(args.truth)
    predicted = predict_sound(
        args.video, weights=args.weights, synthesis=args.synthesis, passes=args.passes, seed=args.seed
    )
    video = predicted.write_video(args.out)
    if args.wav is not None:
        predicted.write_waveform(args.wav)
    if args.figure is not None:
        predicted.write_figure(args.figure, truth)
    comparison = {} if truth is None else predicted.compare(truth)
    summary = predicted.summary() | comparison | {"video_stream": video}
    lines = [f"{key}: {value}" for key, value in summary.items()] + [f"written: {path}" for path in outputs]
    show_result(summary | {"written": [str(path) for path in outputs]}, "\n".join(lines), args.json)
    return 0
