"""``crossmodal gait``."""

import argparse
from pathlib import Path

from crossmodal.cli.arguments import Parser, add_json, check_writable, show_result, table
from crossmodal.errors import FormatError, UsageError

EXAMPLES = """\
  crossmodal gait walk.npz --out report
  crossmodal gait left.asf right.asf --out report
  crossmodal gait walk.npz --out report --method classical
  crossmodal gait insoles.asc --out report --method threshold-50
  crossmodal gait print_1.apd print_2.apd print_3.apd --out report --json -
  crossmodal gait walk.npz --out report --norms children.csv --age 8
"""
_METHODS = ("learned", "classical", "threshold-20", "threshold-50")
_FILES = ("events.csv", "footprints.csv", "parameters.csv", "report.html")


def add_arguments(parser: Parser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "recordings",
        metavar="RECORDING",
        nargs="+",
        type=Path,
        help="recordings of one walk: a walkway, a plate, insoles (one file, or one per foot), prints without time",
    )
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="folder of the report and the tables")
    parser.add_argument(
        "--method",
        choices=_METHODS,
        default="learned",
        help="learned: the network that ships; classical: rules without a network; threshold-20, threshold-50: events"
        " where the force of a foot crosses 20 or 50 N (default: learned)",
    )
    parser.add_argument(
        "--weights",
        metavar="W",
        help="weights of the network: a folder, or a name that ships (default: the one that ships)",
    )
    parser.add_argument("--norms", metavar="CSV", type=Path, help="table of norms (default: published norms of adults)")
    parser.add_argument(
        "--age", metavar="YEARS", type=float, help="age of the person, which selects the norms (default: adult)"
    )
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Analyse the recordings and write the report.

    Raises:
        UsageError: recordings of different walks, an age out of range, or weights for a method that uses none.
        WeightsError: there are no such weights, or they belong to another model.
        FormatError: a recording or the norms cannot be read.
        OutputError: an output cannot be written; this is checked before the analysis.
    """
    if args.age is not None and not 0 < args.age < 130:
        raise UsageError(f"--age: must be between 0 and 130 years, found {args.age:g}")
    if args.weights and args.method != "learned":
        raise UsageError(f"--weights: the method {args.method} uses none; leave it out, or give --method learned")
    for path in args.recordings:
        if not path.exists():
            raise FormatError(f"{path}: no such file")
    for name in _FILES:
        check_writable(args.out / name)
    from crossmodal.gait import analyse
    from crossmodal.gait.norms import ADULTS, read_norms
    from crossmodal.gait.report import write_report
    from crossmodal.gait.tables import summary
    from crossmodal.tactile import read

    norms = ADULTS if args.norms is None else read_norms(args.norms)
    recordings = [read(path) for path in args.recordings]
    try:
        analysis = analyse(recordings, args.method, weights=args.weights)
    except ValueError as error:
        raise UsageError(f"{', '.join(map(str, args.recordings))}: {error}") from error
    title = f"Gait: {', '.join(path.name for path in args.recordings)}"
    written = write_report(analysis, args.out, title=title, norms=norms, age=args.age)
    rows = [("parameter", "side", "value", "sd", "unit", "steps")]
    for one in analysis.parameters:
        name = one.name if not one.walker else f"{one.name} (walker {one.walker})"
        sd = f"{one.sd:.3g}" if one.sd == one.sd else ""
        rows.append((name, one.side or "both", f"{one.value:.4g}", sd, one.unit, str(one.steps)))
    lines = [f"{analysis.kind}, {len(analysis.stances)} stances, {analysis.method}", table(rows)]
    lines += [f"left out: {reason}" for reason in analysis.left_out] + [f"written: {path}" for path in written]
    content = summary(analysis, norms, args.age) | {"written": [str(path) for path in written]}
    show_result(content, "\n".join(lines), args.json)
    return 0
