"""``crossmodal noise``."""

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossmodal.cli.arguments import Parser, add_json, check_writable, show_result, table
from crossmodal.errors import UsageError
from crossmodal.spelling import suggestion

if TYPE_CHECKING:
    from crossmodal.noise import Process

EXAMPLES = """\
  crossmodal noise --list                       the processes and their options
  crossmodal noise --list --grid processes.png  a row of images per process
  crossmodal noise dead_leaves --shape oriented --grid leaves.png
  crossmodal noise spectrum_colour --count 100 --size 96x128 --seed 7 --out images
  crossmodal noise dead_leaves --texture spectrum_colour_wmm --count 105000 --shards leaves --num-workers 2
  crossmodal noise wmm --count 200 --report --json wmm.json
  crossmodal noise mine.frag --grid mine.png
"""
_FORMATS = ("png", "jpg", "webp")
_GRID_COUNT, _LIST_COUNT, _REPORT_COUNT, _REPORT_SIDE = 18, 6, 100, 32
_SHADERS = (".frag", ".fs", ".glsl")
_OF_SHARDS = ("shard_size", "format", "num_workers")


class _NeedsNoProcess(argparse.Action):
    """A flag that makes the positional argument optional; ``nargs="?"`` fails where options come first."""

    def __init__(self, option_strings: list[str], dest: str, process: argparse.Action, **options: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, default=False, **options)
        self.process = process

    def __call__(self, parser: Any, namespace: argparse.Namespace, values: Any, option_string: Any = None) -> None:
        self.process.required = False
        setattr(namespace, self.dest, True)


def add_arguments(parser: Parser) -> None:
    """Add the arguments of the command; other options are passed to the process."""
    parser.takes_any_option = True
    process = parser.add_argument(
        "process",
        metavar="PROCESS",
        help="name of a process, whose options are given as --NAME VALUE; or a fragment shader, or a folder of shaders",
    )
    parser.add_argument("--list", action=_NeedsNoProcess, process=process, help="list the processes and their options")
    parser.add_argument(
        "--count",
        type=int,
        metavar="N",
        help="number of images (default: 18 for --grid, 6 for --list --grid, 100 for --report)",
    )
    parser.add_argument(
        "--size", type=_size, default=(128, 128), metavar="S|HxW", help="size of the images in pixels (default: 128)"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="K", help="seed of all random draws (default: 0)")
    parser.add_argument("--first", type=int, default=0, metavar="I", help="index of the first image (default: 0)")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--out", metavar="DIR", type=Path, help="write PNG files and index.json")
    what.add_argument("--grid", metavar="PNG", type=Path, help="write a contact sheet, each image with its index")
    what.add_argument(
        "--report", action="store_true", help="test statistics of the images against those of the process"
    )
    what.add_argument(
        "--shards", metavar="DIR", type=Path, help="write tar shards and manifest.json; resumes if interrupted"
    )
    parser.add_argument("--shard-size", type=int, metavar="M", help="--shards: images per shard (default: 1000)")
    parser.add_argument("--format", choices=_FORMATS, help="--shards: image format (default: png)")
    parser.add_argument(
        "--num-workers", type=int, metavar="W", help="--shards: number of worker processes (default: 1)"
    )
    parser.add_argument(
        "--device", default="cpu", metavar="D", help="device on which images are rendered (default: cpu)"
    )
    add_json(parser)
    # A misspelled one of these is parsed as an option of the process.
    own = [option.lstrip("-") for action in parser._actions for option in action.option_strings]
    parser.set_defaults(own=own)


def run(args: argparse.Namespace) -> int:
    """Render images and write the outputs.

    Raises:
        UsageError: an unknown process or option, a number out of range, no output or an unusable device.
        DatasetError: the folder contains images of another process, or other files.
        FormatError: a shader does not compile; states the line.
        OutputError: an output cannot be written; checked before the work begins.
    """
    _check(args)
    import crossmodal.visualization  # noqa: F401  (registers feature_visualization)

    if args.list:
        return _list(args) if args.grid is None else _draw_all(args)
    process = _process(args)
    _check_device(args.device)
    outputs = {"out": _write_images, "grid": _draw_grid, "shards": _write_shards}
    if args.report:
        return _report(args, process)
    chosen = next(name for name in outputs if getattr(args, name) is not None)
    summary, text = outputs[chosen](args, process)
    show_result(process.describe() | {"seed": args.seed, "size": args.size} | summary, text, args.json)
    return 0


def _check(args: argparse.Namespace) -> None:
    """Check everything that needs no torch."""
    if args.list and (args.out or args.report or args.shards):
        raise UsageError(
            "--list: can be combined with --grid, for a row of images per process, and with no other output"
        )
    if not (args.list or args.out or args.grid or args.report or args.shards):
        raise UsageError(
            f"no output given; add --grid, --out, --shards or --report, as in: crossmodal noise {args.process} --grid"
            " sheet.png"
        )
    for option in _OF_SHARDS:
        if getattr(args, option) is not None and args.shards is None:
            raise UsageError(f"--{option.replace('_', '-')}: needs --shards")
    if args.report and min(args.size) < _REPORT_SIDE:
        raise UsageError(f"--report: needs images of at least {_REPORT_SIDE} pixels, found --size {min(args.size)}")
    if args.count is None and (args.out or args.shards):
        raise UsageError("--out and --shards need the number of images; add --count, as in: --count 1000")
    for option, least in (("count", 1), ("shard_size", 1), ("num_workers", 1), ("first", 0), ("seed", 0)):
        value = getattr(args, option)
        if value is not None and value < least:
            name = option.replace("_", "-")
            raise UsageError(f"--{name}: a whole number of at least {least} was expected, found {value}")
    for path in (args.grid, args.json):
        if path is not None and path != "-":
            check_writable(Path(path))


def _size(text: str) -> tuple[int, int]:
    """Read ``128`` or ``96x128``: (height, width)."""
    sides = re.fullmatch(r"(\d+)(?:x(\d+))?", text)
    if sides is None or "0" in (height_width := [str(int(side)) for side in sides.groups(default=sides[1])]):
        raise argparse.ArgumentTypeError(f"a side or HEIGHTxWIDTH of at least 1 pixel was expected, found {text}")
    return int(height_width[0]), int(height_width[1])


def _process(args: argparse.Namespace) -> "Process[Any]":
    from dataclasses import fields

    options = {key.replace("-", "_"): value for key, value in args.changes.items()}
    try:
        kind, taken = _kind(args.process)
        known = [field.name for field in fields(kind) if field.name not in taken]
        for option in options:
            if option not in known:
                raise UsageError(_unknown_option(args, option.replace("_", "-"), known))
        return kind(**taken, **options)
    except ValueError as error:
        raise UsageError(f"{error} (see `crossmodal noise --list`)") from error
    except TypeError as error:  # text where the process needs a number
        given = ", ".join(f"--{key} {value}" for key, value in args.changes.items())
        raise UsageError(f"{args.process} does not accept {given} ({error})") from error


def _kind(name: str) -> tuple[type["Process[Any]"], dict[str, Any]]:
    """Return the class of a process and the options that its name implies: the path of a shader."""
    from crossmodal import noise

    is_shader = Path(name).suffix in _SHADERS or Path(name).is_dir()
    if name in noise.names() or not is_shader:
        return noise.process_class(name), {}
    from crossmodal.noise.programs.shader import ShaderFile

    return ShaderFile, {"path": name}


def _unknown_option(args: argparse.Namespace, option: str, known: list[str]) -> str:
    options = [*(name.replace("_", "-") for name in known), *args.own]
    guess = suggestion(option, options, lambda name: f"--{name}")
    return f"--{option}: neither the command nor {args.process} has such an option{guess}"


def _check_device(name: str) -> None:
    import torch

    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise UsageError(f"--device {name}: cannot be used here ({reason})") from error


def _list(args: argparse.Namespace) -> int:
    from crossmodal import noise

    listed, lines = [], []
    for name in noise.names():
        process = noise.create(name)
        about = (type(process).__doc__ or "").strip().splitlines()[0]
        options = process.describe()["options"]
        listed.append({"process": name, "about": about, "classes": process.classes, "options": options})
        lines += [f"{name}: {about}"]
        lines += [f"    --{option.replace('_', '-')} {_as_typed(value)}" for option, value in options.items()]
    show_result(listed, "\n".join(lines), args.json)
    return 0


def _as_typed(value: Any) -> str:
    """Return a default as it is typed on the command line; a process by its name."""
    if isinstance(value, dict) and "process" in value:
        return str(value["process"])
    if isinstance(value, list):
        return f"'[{', '.join(_as_typed(item) for item in value)}]'"
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _write_images(args: argparse.Namespace, process: "Process[Any]") -> tuple[dict[str, Any], str]:
    from crossmodal.data.noise.images import write_noise_images
    from crossmodal.progress import Progress

    progress = Progress(label=args.process)
    folder = write_noise_images(
        args.out, process, args.count, first=args.first, size=args.size, seed=args.seed, device=args.device,
        progress=progress,
    )  # fmt: skip
    progress.close()
    return _summary(args, "folder", folder), f"{args.count} images in {folder}"


def _write_shards(args: argparse.Namespace, process: "Process[Any]") -> tuple[dict[str, Any], str]:
    from crossmodal.data.noise.shards import write_noise_shards
    from crossmodal.progress import Progress

    progress = Progress(label=args.process)
    folder = write_noise_shards(
        args.shards, process, args.count, first=args.first, size=args.size, seed=args.seed,
        shard_size=args.shard_size or 1000, image_format=args.format or "png", num_workers=args.num_workers or 1,
        device=args.device, progress=progress,
    )  # fmt: skip
    progress.close()
    return _summary(args, "folder", folder), f"{args.count} images in {folder}"


def _draw_grid(args: argparse.Namespace, process: "Process[Any]") -> tuple[dict[str, Any], str]:
    from crossmodal.plot import save_image, tile_images

    args.count = args.count or _GRID_COUNT
    indices = range(args.first, args.first + args.count)
    images = process(indices, args.size, args.seed, args.device)
    save_image(tile_images(images, [str(index) for index in indices]), args.grid)
    return _summary(args, "grid", args.grid), f"images {indices[0]} to {indices[-1]} in {args.grid}"


def _draw_all(args: argparse.Namespace) -> int:
    """Write a contact sheet with a row of images per process, each with its name."""
    import torch

    from crossmodal import noise
    from crossmodal.plot import save_image, tile_images
    from crossmodal.progress import Progress

    names, rows = noise.names(), []
    args.count = args.count or _LIST_COUNT
    progress = Progress(label="processes")
    for done, name in enumerate(names):
        progress(done, len(names), name)
        indices = range(args.first, args.first + args.count)
        rows.append(noise.create(name)(indices, args.size, args.seed, args.device).cpu())
    progress.close()
    captions = [caption for name in names for caption in [name, *[""] * (args.count - 1)]]
    save_image(tile_images(torch.cat(rows), captions, args.count), args.grid)
    summary = {"processes": list(names), "seed": args.seed, "size": args.size}
    show_result(summary | _summary(args, "grid", args.grid), f"{len(names)} processes in {args.grid}", args.json)
    return 0


def _summary(args: argparse.Namespace, what: str, place: Path) -> dict[str, Any]:
    return {"first": args.first, "count": args.count, what: str(place)}


def _report(args: argparse.Namespace, process: "Process[Any]") -> int:
    """Print the statistics of a process; return 1 if one of them is out of its bounds."""
    from crossmodal.noise.checks.report import report

    count = args.count or _REPORT_COUNT
    found = report(process, range(args.first, args.first + count), args.size, args.seed, args.device)
    show_result(found.as_dict(), table(found.rows()), args.json)
    return 0 if found.lawful else 1
