"""``crossmodal noise``."""

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossmodal.cli.arguments import Parser, add_json, make_sure_of, show_result, table
from crossmodal.errors import UsageError
from crossmodal.spelling import nearest

if TYPE_CHECKING:
    from crossmodal.noise import Process

EXAMPLES = """\
  crossmodal noise --list                       the processes and their options
  crossmodal noise --list --grid processes.png  a row of pictures of each
  crossmodal noise dead_leaves --shape oriented --grid leaves.png
  crossmodal noise spectrum_colour --count 100 --size 96x128 --seed 7 --out pictures
  crossmodal noise dead_leaves --texture spectrum_colour_wmm --count 105000 --shards leaves --workers 2
  crossmodal noise wmm --count 200 --report --json wmm.json
  crossmodal noise mine.frag --grid mine.png
"""
_FORMATS = ("png", "jpg", "webp")
_GRID_COUNT, _LIST_COUNT, _REPORT_COUNT, _REPORT_SIDE = 18, 6, 100, 32
_SHADERS = (".frag", ".fs", ".glsl")
_OF_SHARDS = ("shard_size", "format", "workers")


class _NeedsNoProcess(argparse.Action):
    """A flag that makes the positional argument optional; ``nargs="?"`` would take nothing where options come first."""

    def __init__(self, option_strings: list[str], dest: str, process: argparse.Action, **options: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, default=False, **options)
        self.process = process

    def __call__(self, parser: Any, namespace: argparse.Namespace, values: Any, option_string: Any = None) -> None:
        self.process.required = False
        setattr(namespace, self.dest, True)


def add_arguments(parser: Parser) -> None:
    """Declare the words of the command; options that it does not know are those of the process."""
    parser.takes_any_option = True
    process = parser.add_argument(
        "process",
        metavar="PROCESS",
        help="name of a process, its options are --NAME VALUE; or a fragment shader of yours, or a folder of them",
    )
    parser.add_argument("--list", action=_NeedsNoProcess, process=process, help="list the processes and their options")
    parser.add_argument("--count", type=int, metavar="N", help="pictures (default: 18 for --grid, 100 for --report)")
    parser.add_argument("--size", type=_size, default=(128, 128), metavar="S|HxW", help="in pixels (default: 128)")
    parser.add_argument("--seed", type=int, default=0, metavar="K", help="of all draws (default: 0)")
    parser.add_argument("--first", type=int, default=0, metavar="I", help="index of the first picture (default: 0)")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--out", metavar="DIR", type=Path, help="write PNG files and index.json")
    what.add_argument("--grid", metavar="PNG", type=Path, help="draw a contact sheet, each picture with its index")
    what.add_argument("--report", action="store_true", help="measure the pictures against the law of the process")
    what.add_argument(
        "--shards", metavar="DIR", type=Path, help="write tar shards and manifest.json; goes on after a kill"
    )
    parser.add_argument("--shard-size", type=int, metavar="M", help="--shards: pictures in each (default: 1000)")
    parser.add_argument("--format", choices=_FORMATS, help="--shards: of the pictures (default: png)")
    parser.add_argument("--workers", type=int, metavar="W", help="--shards: processes (default: 1)")
    parser.add_argument("--device", default="cpu", metavar="D", help="where pictures are rendered (default: cpu)")
    add_json(parser)
    # A misspelt one of these arrives as an option of the process.
    own = [option.lstrip("-") for action in parser._actions for option in action.option_strings]
    parser.set_defaults(own=own)


def run(words: argparse.Namespace) -> int:
    """Draw what was asked for.

    Raises:
        UsageError: an unknown process or option, a number that makes no sense, no output or no such device.
        DatasetError: the folder holds something else.
        FormatError: a shader does not compile; says its line.
        OutputError: an output cannot be written; found out before the work begins.
    """
    _check(words)
    if words.list:
        return _list(words) if words.grid is None else _draw_all(words)
    process = _process(words)
    _check_device(words.device)
    outputs = {"out": _write_pictures, "grid": _draw_grid, "shards": _write_shards}
    if words.report:
        return _report(words, process)
    chosen = next(name for name in outputs if getattr(words, name) is not None)
    summary, text = outputs[chosen](words, process)
    show_result(process.describe() | {"seed": words.seed, "size": words.size} | summary, text, words.json)
    return 0


def _check(words: argparse.Namespace) -> None:
    """Find the mistakes that take no torch to find."""
    if words.list and (words.out or words.report or words.shards):
        raise UsageError("--list: goes with --grid, to draw a row of every process, and with nothing else")
    if not (words.list or words.out or words.grid or words.report or words.shards):
        raise UsageError(
            f"what is to become of the pictures? As in: crossmodal noise {words.process} --grid sheet.png; or --out DIR"
            ", --shards DIR, --report"
        )
    for option in _OF_SHARDS:
        if getattr(words, option) is not None and words.shards is None:
            raise UsageError(f"--{option.replace('_', '-')}: belongs to --shards")
    if words.report and min(words.size) < _REPORT_SIDE:
        raise UsageError(f"--report: takes pictures of at least {_REPORT_SIDE} pixels, found --size {min(words.size)}")
    if words.count is None and (words.out or words.shards):
        raise UsageError("how many pictures? As in: --count 1000")
    for option, least in (("count", 1), ("shard_size", 1), ("workers", 1), ("first", 0), ("seed", 0)):
        value = getattr(words, option)
        if value is not None and value < least:
            name = option.replace("_", "-")
            raise UsageError(f"--{name}: a whole number of at least {least} was expected, found {value}")
    for path in (words.grid, words.json):
        if path is not None and path != "-":
            make_sure_of(Path(path))


def _size(text: str) -> tuple[int, int]:
    """Read ``128`` or ``96x128``: (height, width)."""
    sides = re.fullmatch(r"(\d+)(?:x(\d+))?", text)
    if sides is None or "0" in (height_width := [str(int(side)) for side in sides.groups(default=sides[1])]):
        raise argparse.ArgumentTypeError(f"a side or HEIGHTxWIDTH of at least 1 pixel was expected, found {text}")
    return int(height_width[0]), int(height_width[1])


def _process(words: argparse.Namespace) -> "Process[Any]":
    from dataclasses import fields

    options = {key.replace("-", "_"): value for key, value in words.changes.items()}
    try:
        kind, taken = _kind(words.process)
        known = [field.name for field in fields(kind) if field.name not in taken]
        for option in options:
            if option not in known:
                raise UsageError(_unknown_option(words, option.replace("_", "-"), known))
        return kind(**taken, **options)
    except ValueError as error:
        raise UsageError(f"{error} (`crossmodal noise --list` tells all)") from error
    except TypeError as error:  # words where the process counts on numbers
        given = ", ".join(f"--{key} {value}" for key, value in words.changes.items())
        raise UsageError(f"{words.process} cannot be made with {given} ({error})") from error


def _kind(name: str) -> tuple[type["Process[Any]"], dict[str, Any]]:
    """Find the class of a process, and what its name says of its options: a shader's name is its path."""
    from crossmodal import noise

    is_shader = Path(name).suffix in _SHADERS or Path(name).is_dir()
    if name in noise.names() or not is_shader:
        return noise.process_class(name), {}
    from crossmodal.noise.programs.shader import ShaderFile

    return ShaderFile, {"path": name}


def _unknown_option(words: argparse.Namespace, option: str, known: list[str]) -> str:
    close = nearest(option, [*(name.replace("_", "-") for name in known), *words.own])
    guess = f"; did you mean --{close}?" if close else f"; it has: {', '.join(known) or 'none'}"
    return f"--{option}: neither the command nor {words.process} has such an option{guess}"


def _check_device(name: str) -> None:
    import torch

    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise UsageError(f"--device {name}: cannot be used here ({reason})") from error


def _list(words: argparse.Namespace) -> int:
    from crossmodal import noise

    listed, lines = [], []
    for name in noise.names():
        process = noise.create(name)
        about = (type(process).__doc__ or "").strip().splitlines()[0]
        options = process.describe()["options"]
        listed.append({"process": name, "about": about, "classes": process.classes, "options": options})
        lines += [f"{name}: {about}"]
        lines += [f"    --{option.replace('_', '-')} {_as_word(value)}" for option, value in options.items()]
    show_result(listed, "\n".join(lines), words.json)
    return 0


def _as_word(value: Any) -> str:
    """Write a default as one would type it; a process by its name."""
    if isinstance(value, dict) and "process" in value:
        return str(value["process"])
    if isinstance(value, list):
        return f"'[{', '.join(_as_word(item) for item in value)}]'"
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _write_pictures(words: argparse.Namespace, process: "Process[Any]") -> tuple[dict[str, Any], str]:
    from crossmodal.data.noise.images import write_noise_pictures
    from crossmodal.progress import Progress

    progress = Progress(label=words.process)
    folder = write_noise_pictures(
        words.out, process, words.count, first=words.first, size=words.size, seed=words.seed, device=words.device,
        progress=progress,
    )  # fmt: skip
    progress.close()
    return _summary(words, "folder", folder), f"{words.count} pictures in {folder}"


def _write_shards(words: argparse.Namespace, process: "Process[Any]") -> tuple[dict[str, Any], str]:
    from crossmodal.data.noise.shards import write_noise_shards
    from crossmodal.progress import Progress

    progress = Progress(label=words.process)
    folder = write_noise_shards(
        words.shards, process, words.count, first=words.first, size=words.size, seed=words.seed,
        shard_size=words.shard_size or 1000, picture_format=words.format or "png", workers=words.workers or 1,
        device=words.device, progress=progress,
    )  # fmt: skip
    progress.close()
    return _summary(words, "folder", folder), f"{words.count} pictures in {folder}"


def _draw_grid(words: argparse.Namespace, process: "Process[Any]") -> tuple[dict[str, Any], str]:
    from crossmodal.plot import save_picture, tile_pictures

    words.count = words.count or _GRID_COUNT
    indices = range(words.first, words.first + words.count)
    pictures = process(indices, words.size, words.seed, words.device)
    save_picture(tile_pictures(pictures, [str(index) for index in indices]), words.grid)
    return _summary(words, "grid", words.grid), f"pictures {indices[0]} to {indices[-1]} in {words.grid}"


def _draw_all(words: argparse.Namespace) -> int:
    """Draw a row of pictures for every process, each row with its name."""
    import torch

    from crossmodal import noise
    from crossmodal.plot import save_picture, tile_pictures
    from crossmodal.progress import Progress

    names, rows = noise.names(), []
    words.count = words.count or _LIST_COUNT
    progress = Progress(label="processes")
    for done, name in enumerate(names):
        progress(done, len(names), name)
        indices = range(words.first, words.first + words.count)
        rows.append(noise.create(name)(indices, words.size, words.seed, words.device).cpu())
    progress.close()
    captions = [caption for name in names for caption in [name, *[""] * (words.count - 1)]]
    save_picture(tile_pictures(torch.cat(rows), captions, words.count), words.grid)
    summary = {"processes": list(names), "seed": words.seed, "size": words.size}
    show_result(summary | _summary(words, "grid", words.grid), f"{len(names)} processes in {words.grid}", words.json)
    return 0


def _summary(words: argparse.Namespace, what: str, place: Path) -> dict[str, Any]:
    return {"first": words.first, "count": words.count, what: str(place)}


def _report(words: argparse.Namespace, process: "Process[Any]") -> int:
    """Print the figures of a process; 1 when one breaks its law."""
    from crossmodal.noise.checks.report import report

    count = words.count or _REPORT_COUNT
    found = report(process, range(words.first, words.first + count), words.size, words.seed, words.device)
    show_result(found.as_dict(), table(found.rows()), words.json)
    return 0 if found.lawful else 1
