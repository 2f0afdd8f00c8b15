"""``crossmodal data``: list, verify, make, fetch."""

import argparse
from importlib import import_module
from pathlib import Path
from urllib.parse import urlsplit

from crossmodal.cli.arguments import Parser, add_json, check_writable, show_result, table
from crossmodal.errors import DatasetError, UsageError
from crossmodal.spelling import suggestion

EXAMPLES = """\
  crossmodal data list
  crossmodal data make stand_in_hits --out hits --videos 24 --seconds 12 --seed 0 --num-workers 2
  crossmodal data make stand_in_hits --out hits --grid hits.png
  crossmodal data make walks --out walks --walks 64 --seconds 10 --seed 0 --num-workers 2
  crossmodal data verify greatest_hits vis-data-256
  crossmodal data fetch greatest_hits --out downloads --archive vis-data-256.zip
"""
#: What lists the faults of a folder; the others are of Greatest Hits and its stand-in.
_CHECKS = {
    "intelligent_carpet": ("crossmodal.data.intelligent_carpet.dataset", "check_intelligent_carpet"),
    "step_up": ("crossmodal.data.step_up.dataset", "check_step_up"),
    "walks": ("crossmodal.simulation.walks.folder", "check_walks"),
}
_MAKERS = ("stand_in_hits", "walks")
_GRID_ROWS, _GRID_COLUMNS = 6, 5
_ACTIONS = ("list", "verify", "make", "fetch")


def add_arguments(parser: Parser) -> None:
    """Declare the words of the command: one action, and what belongs to it."""
    parser.add_argument("action", metavar="ACTION", help="list, verify, make or fetch")
    parser.add_argument("name", metavar="NAME", nargs="?", help="the data set (see `crossmodal data list`)")
    parser.add_argument("folder", metavar="DIR", nargs="?", type=Path, help="verify: the folder to look at")
    parser.add_argument("--out", metavar="DIR", type=Path, help="make, fetch: where the files go")
    parser.add_argument("--quick", action="store_true", help="verify: read only the heads of the videos")
    parser.add_argument("--videos", type=int, default=24, metavar="N", help="make: how many videos (default: 24)")
    parser.add_argument("--walks", type=int, default=64, metavar="N", help="make: how many walks (default: 64)")
    parser.add_argument("--seconds", type=float, default=12.0, metavar="S", help="make: length of each (default: 12)")
    parser.add_argument("--seed", type=int, default=0, metavar="K", help="make: of all draws (default: 0)")
    parser.add_argument("--num-workers", type=int, default=1, metavar="W", help="make: processes (default: 1)")
    parser.add_argument("--grid", metavar="PNG", type=Path, help="make: also draw some of the hits of the videos")
    parser.add_argument("--archive", metavar="FILE", help="fetch: which of the archives (default: the first listed)")
    parser.add_argument("--keep-archive", action="store_true", help="fetch: do not delete the archive once unpacked")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Do one of the actions.

    Raises:
        UsageError: the action, the data set or an option of it is unknown or missing.
    """
    if args.action not in _ACTIONS:
        raise UsageError(f"unknown action {args.action!r}{suggestion(args.action, _ACTIONS)}")
    if args.action == "list":
        return _list(args)
    from crossmodal import cards

    if args.name is None:
        raise UsageError(f"which data set? One of: {', '.join(cards.names())}")
    if args.name not in cards.names():
        raise UsageError(f"unknown data set {args.name!r}{suggestion(args.name, cards.names())}")
    actions = {"verify": _verify, "make": _make, "fetch": _fetch}
    return actions[args.action](args)


def _list(args: argparse.Namespace) -> int:
    from crossmodal import cards
    from crossmodal.progress import readable_size

    listed = [cards.load(name) for name in cards.names()]
    rows = [
        (card["name"], readable_size(card["archives"][0]["bytes"]) if card["archives"] else "made here", card["title"])
        for card in listed
    ]
    show_result(listed, table([("data set", "size", "title"), *rows]), args.json)
    return 0


def _verify(args: argparse.Namespace) -> int:
    if args.folder is None:
        raise UsageError(f"which folder? As in: crossmodal data verify {args.name} DIR")
    from crossmodal.progress import Progress

    progress = Progress(label="verify")
    if args.name in _CHECKS:
        module, check = _CHECKS[args.name]
        faults = getattr(import_module(module), check)(args.folder)
    else:
        from crossmodal.data.greatest_hits.check import check_folder

        faults = check_folder(args.folder, decode=not args.quick, progress=progress)
    progress.close()
    count = f"{len(faults)} fault{'' if len(faults) == 1 else 's'}" if faults else "all is well"
    show_result({"faults": faults}, "\n".join([*faults, f"{args.folder}: {count}"]), args.json)
    return 1 if faults else 0


def _make(args: argparse.Namespace) -> int:
    if args.name not in _MAKERS:
        raise UsageError(f"{args.name} cannot be made, only fetched; {', '.join(_MAKERS)} can")
    if args.out is None:
        raise UsageError(f"where to? As in: crossmodal data make {args.name} --out DIR")
    for option in ("videos", "walks", "seconds", "num_workers"):
        if getattr(args, option) <= 0:
            raise UsageError(f"--{option}: a number above 0 was expected, found {getattr(args, option)}")
    if args.seed < 0:
        raise UsageError(f"--seed: a whole number of at least 0 was expected, found {args.seed}")
    makers = {"stand_in_hits": _make_hits, "walks": _make_walks}
    return makers[args.name](args)


def _make_walks(args: argparse.Namespace) -> int:
    if args.grid is not None:
        raise UsageError("--grid: draws hits; walks have none")
    from crossmodal.progress import Progress
    from crossmodal.simulation.walks.folder import make_walks

    progress = Progress(label="make")
    folder = make_walks(
        args.out,
        walks=args.walks,
        seconds=args.seconds,
        seed=args.seed,
        num_workers=args.num_workers,
        progress=progress,
    )
    progress.close()
    show_result({"folder": str(folder), "walks": args.walks}, f"{args.walks} walks in {folder}", args.json)
    return 0


def _make_hits(args: argparse.Namespace) -> int:
    if args.grid is not None:
        check_writable(args.grid)
    from crossmodal.progress import Progress
    from crossmodal.simulation.hits import make_stand_in_hits

    progress = Progress(label="make")
    folder = make_stand_in_hits(
        args.out,
        videos=args.videos,
        seconds=args.seconds,
        seed=args.seed,
        num_workers=args.num_workers,
        progress=progress,
    )
    progress.close()
    if args.grid is not None:
        _draw_hits(folder, args.grid)
    show_result({"folder": str(folder), "videos": args.videos}, f"{args.videos} videos in {folder}", args.json)
    return 0


def _draw_hits(folder: Path, out: Path) -> None:
    """Draw a few hits of the first videos, a row each, at the moment of contact."""
    import numpy as np

    from crossmodal.data.greatest_hits.files import find_layout, read_hits
    from crossmodal.plot import figure_contact_sheet, save_figure
    from crossmodal.video import read_frames

    images, captions = [], []
    layout = find_layout(folder)
    for video_id, labels in list(layout.labels.items())[:_GRID_ROWS]:
        video = layout.video(video_id, "denoised")
        hits = [hit for hit in read_hits(labels, video_id) if hit.labelled][:_GRID_COLUMNS]
        if video is None or len(hits) < _GRID_COLUMNS:
            continue
        frames, times_s = read_frames(video)
        for hit in hits:
            images.append(frames[int(np.abs(np.asarray(times_s) - hit.time_s).argmin())])
            captions.append(", ".join(word for word in (hit.material, hit.action, hit.reaction) if word is not None))
    if not images:
        raise DatasetError(
            f"{folder}: no video has {_GRID_COLUMNS} labelled hits to draw; make longer ones (--seconds)"
        )
    save_figure(figure_contact_sheet(images, captions, _GRID_COLUMNS), out, dots_per_inch=90)


def _fetch(args: argparse.Namespace) -> int:
    from crossmodal import cards

    card = cards.load(args.name)
    if not card["archives"]:
        raise DatasetError(f"{args.name} is not published anywhere; make it: {card['stand_in_command']}")
    by_name = {archive["name"]: archive for archive in card["archives"]}
    chosen = args.archive or next(iter(by_name))
    if chosen not in by_name:
        raise UsageError(f"--archive: {args.name} has no {chosen!r}{suggestion(chosen, by_name)}")
    if args.out is None:
        raise UsageError(f"where to? As in: crossmodal data fetch {args.name} --out DIR")
    from crossmodal.data.fetch import extract_archive, fetch_archive
    from crossmodal.progress import Progress

    archive = by_name[chosen]
    host = urlsplit(archive["url"]).hostname
    arriving = Progress(label=f"{chosen} from {host}", count_bytes=True)
    path = fetch_archive(
        archive["url"],
        args.out / chosen,
        bytes_expected=archive.get("exact_bytes"),
        sha256=archive.get("sha256"),
        progress=arriving,
    )
    arriving.close()
    unpacking = Progress(label="unpack")
    files = extract_archive(path, args.out, progress=unpacking)
    unpacking.close()
    if not args.keep_archive:
        path.unlink()
    show_result({"folder": str(args.out), "files": len(files)}, f"{len(files)} files in {args.out}", args.json)
    return 0
