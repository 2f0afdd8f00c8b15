"""The command line: from its arguments to an exit code (0 done, 1 failed, 2 usage error)."""

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module

import crossmodal
from crossmodal.cli.arguments import Parser
from crossmodal.errors import CrossmodalError, UsageError
from crossmodal.files import output_error
from crossmodal.spelling import suggestion

COMMANDS = {
    "recipes": ("crossmodal.cli.recipes", "list the recipes of the package"),
    "show": ("crossmodal.cli.show", "print a recipe with all overrides, or its differences from another"),
    "check": ("crossmodal.cli.check", "check recipes and list all mistakes"),
    "train": ("crossmodal.cli.train", "train a model from a recipe; write a run directory"),
    "evaluate": ("crossmodal.cli.evaluate", "evaluate a finished run, or weights, on data"),
    "predict-sound": ("crossmodal.cli.predict_sound", "predict the sound of a silent video"),
    "strip-sound": ("crossmodal.cli.strip_sound", "write a silent copy of a video"),
    "gait": ("crossmodal.cli.gait", "analyse walking gait in pressure recordings; write tables and a report"),
    "data": ("crossmodal.cli.data", "list, verify, make and fetch data sets"),
    "probe": ("crossmodal.cli.probe", "classify photographs by features of a frozen backbone, with baselines"),
    "dissect": (
        "crossmodal.cli.dissect",
        "match units of a network with concepts, and measure their effect",
    ),
    "weights": ("crossmodal.cli.weights", "convert published generators to weights folders, or make a folder smaller"),
    "annotate": ("crossmodal.cli.annotate", "annotate masks on images of a generator, in the browser"),
    "synthesize-labels": ("crossmodal.cli.synthesize_labels", "make a labelled data set from a few annotated images"),
    "noise": (
        "crossmodal.cli.noise",
        "render procedural images, or test their statistics",
    ),
}
_INTERRUPTED = 128 + signal.SIGINT
_PIPE_CLOSED = 128 + 13  # SIGPIPE, as a shell reports it


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; ``args`` defaults to ``sys.argv[1:]``."""
    try:
        code = _dispatch(list(sys.argv[1:] if args is None else args))
        sys.stdout.flush()
    except SystemExit as exit_:  # argparse after --help, and a run after SIGTERM
        return exit_.code if isinstance(exit_.code, int) else 0
    except CrossmodalError as error:
        _print_error(str(error))
        return error.exit_code
    except KeyboardInterrupt as interrupt:
        _print_error(str(interrupt) or "interrupted")
        return _INTERRUPTED
    except BrokenPipeError:
        _abandon_stdout()
        return _PIPE_CLOSED
    except OSError as error:
        _abandon_stdout()
        _print_error(str(output_error(error.filename or "output", error)))
        return 1
    return code


def _dispatch(args: list[str]) -> int:
    if not args or args[0] in ("-h", "--help"):
        print(_overview())
        return 0 if args else 2
    if args[0] == "--version":
        print(f"crossmodal {crossmodal.__version__}")
        return 0
    name = args[0]
    if name not in COMMANDS:
        raise UsageError(f"unknown command {name!r}{suggestion(name, COMMANDS)} (see `crossmodal --help`)")
    module_name, summary = COMMANDS[name]
    command = import_module(module_name)
    parser = Parser(prog=f"crossmodal {name}", description=summary.capitalize() + ".", examples=command.EXAMPLES)
    command.add_arguments(parser)
    return int(command.run(parser.parse(args[1:])))


def _overview() -> str:
    width = max(len(name) for name in COMMANDS)
    lines = ["usage: crossmodal COMMAND ...", "", "Learn one sense from another, with little labelled data.", ""]
    lines += ["commands:"] + [f"  {name:<{width}}  {summary}" for name, (_, summary) in COMMANDS.items()]
    lines += [
        "",
        "examples:",
        "  crossmodal predict-sound silent.mp4 --out sound.mp4",
        "  crossmodal data make stand_in_hits --out hits --videos 24",
        "  crossmodal noise dead_leaves --shape oriented --grid leaves.png",
        "  crossmodal gait left.asf right.asf --out report",
        "  crossmodal recipes",
        "",
        "`crossmodal COMMAND --help` shows its options. Exit codes: 0 done, 1 failed, 2 usage error.",
    ]
    return "\n".join(lines)


def _print_error(text: str) -> None:
    print(f"crossmodal: {text}", file=sys.stderr)


def _abandon_stdout() -> None:
    # The interpreter flushes stdout again at exit, which would fail again and print a traceback.
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
