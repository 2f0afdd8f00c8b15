"""Check a Greatest Hits folder and list all faults."""

import os
from collections.abc import Callable
from pathlib import Path

from crossmodal.audio import read_waveform
from crossmodal.data.greatest_hits.files import VARIANTS, Hit, Layout, find_layout, read_hits, read_splits
from crossmodal.errors import DatasetError, FormatError
from crossmodal.video import probe_video
from crossmodal.video.frames import decode_in_order
from crossmodal.video.probe import open_video

Progress = Callable[[int, int, str], None]

# A label may be this much later than the last frame.
_LATE_LABEL_S = 0.25


def check_folder(root: str | os.PathLike[str], *, decode: bool = True, progress: Progress | None = None) -> list[str]:
    """List every fault of a folder: labels, splits, and each video and sound of every variant.

    Args:
        root: the folder.
        decode: decode each video to its end, which finds truncated ones; otherwise only the headers are read.
        progress: called with (done, total, id).

    Returns:
        One sentence per fault, in the order of the files; empty if there is none.
    """
    try:
        layout = find_layout(root)
    except DatasetError as error:
        return [str(error)]
    faults = _check_splits(layout)
    for done, video_id in enumerate(layout.labels, start=1):
        faults += _check_video(layout, video_id, decode)
        if progress is not None:
            progress(done, len(layout.labels), video_id)
    return faults


def _check_splits(layout: Layout) -> list[str]:
    try:
        splits = read_splits(layout)
    except DatasetError as error:
        return str(error).splitlines()
    faults = [
        f"{layout.split_files[name]}: lists {video_id}, which has no _times.txt here"
        for name, ids in splits.items()
        for video_id in ids
        if video_id not in layout.labels
    ]
    listed = {video_id for ids in splits.values() for video_id in ids}
    return faults + [
        f"{layout.labels[v]}: is in neither train.txt nor test.txt" for v in layout.labels if v not in listed
    ]


def _check_video(layout: Layout, video_id: str, decode: bool) -> list[str]:
    labels = layout.labels[video_id]
    faults: list[str] = []
    hits: list[Hit] = []
    try:
        hits = read_hits(labels, video_id)
    except DatasetError as error:
        faults += str(error).splitlines()
    variants = layout.variants(video_id)
    if not variants:
        faults.append(f"{labels}: no video beside it (known variants: {', '.join(VARIANTS)})")
    for variant in variants:
        video, sound = layout.video(video_id, variant), layout.sound(video_id, variant)
        assert video is not None  # `variants` lists only variants with a video
        faults += _check_recording(video, sound, labels, hits, decode)
    return faults


def _check_recording(video: Path, sound: Path | None, labels: Path, hits: list[Hit], decode: bool) -> list[str]:
    faults = []
    try:
        info = probe_video(video)
        seconds = info.seconds
        if decode:
            with open_video(video) as (container, stream):
                for time_s, _ in decode_in_order(container, stream):
                    seconds = time_s
    except FormatError as error:
        return [str(error)]
    late = [hit for hit in hits if hit.time_s > max(seconds, info.seconds) + _LATE_LABEL_S]
    if late:
        faults.append(f"{labels}: {len(late)} labels are after the end of {video.name} ({info.seconds:.2f} s)")
    if sound is None or (sound == video and not info.has_sound):
        return [*faults, f"{video}: has no sound"]
    try:
        if decode:
            read_waveform(sound)
    except FormatError as error:
        faults.append(str(error))
    return faults
