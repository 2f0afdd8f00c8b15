"""Greatest Hits: videos of a drumstick that hits and scratches objects, with their sound and labels.

References:
    Owens, Isola, McDermott, Torralba, Adelson and Freeman, "Visually indicated sounds", CVPR 2016.
"""

import os
from bisect import bisect_left
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, Self, get_args

import numpy as np
import torch
from torch.utils.data import Dataset

from crossmodal.audio import FEATURE_RATE_HZ, read_waveform
from crossmodal.data.greatest_hits.files import (
    ACTIONS,
    MATERIALS,
    REACTIONS,
    SPLITS,
    VARIANTS,
    Hit,
    find_layout,
    read_hits,
    read_splits,
    shorten_list,
)
from crossmodal.data.greatest_hits.video_cache import STEPS_PER_TICK, CachedRecording, Progress, Recording, VideoCache
from crossmodal.errors import DatasetError
from crossmodal.video import MODEL_SIZE, clock_ticks

Split = Literal["train", "test", "all"]
Variant = Literal["denoised", "mic", "thumb", "plain"]
Windows = Literal["hits", "tiles", "videos"]
Sample = dict[str, torch.Tensor]

# A label may be this much later than the last frame; later ones belong to another version of the video.
_LATE_LABEL_S = 0.25
_OPEN_AT_ONCE = 64


@dataclass
class LoadReport:
    """Variants used, videos left out and labels dropped while loading.

    Attributes:
        variants: the variant used for each video.
        left_out: the reason for each video that was left out.
        hits_outside: number of labels of each video that are after its end and were dropped.
    """

    variants: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    hits_outside: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        used = ", ".join(f"{count} {name}" for name, count in sorted(Counter(self.variants.values()).items()))
        lines = [f"{len(self.variants)} videos ({used or 'none'})"]
        if self.hits_outside:
            lines += [f"{sum(self.hits_outside.values())} labels after the end of their videos dropped"]
        if self.left_out:
            lines += [f"{len(self.left_out)} left out:"]
            lines += [shorten_list([f"  {name}: {reason}" for name, reason in self.left_out.items()])]
        return "\n".join(lines)


class GreatestHits(Dataset[Sample]):
    """Windows of Greatest Hits videos with their sound features and labels, as dicts of tensors.

    Each video is decoded once, in order, and its small frames and features are cached. The first use takes about a
    second per video.

    Args:
        root: the unpacked data set, at most four folders deep.
        split: ``train`` or ``test`` by the lists of the data set, ``all`` or None for every video.
        variant: which video of each id; None takes the best available: denoised, microphone, thumbnail, plain mp4.
        windows: ``hits`` gives one window centred on each hit, ``tiles`` windows that cover each video from start
            to end, ``videos`` one window per video, of the length of the video.
        window_steps: length of a window in steps of 1/90 s, a multiple of 3.
        hop_steps: distance of tiles in steps; ``window_steps`` by default.
        size: (height, width) of the images.
        videos: ids to use, instead of ``split``.
        cache: folder of the cache; ``$XDG_CACHE_HOME/crossmodal`` by default.
        strict: raise an error if a video cannot be used, instead of leaving it out and listing it in ``report``.
        num_workers: number of processes that fill the cache.
        progress: called with (done, total, text) while the cache is filled.
        labelled_only: make ``hits`` windows only of hits with at least one label.
        keep_silent: keep videos without sound, with ``has_sound`` False and features of zeros.

    A sample has these keys, with T = steps / 3 clock ticks:
        spacetime: uint8 (T, 3, height, width), grey previous, current and next frame at each tick of 1/30 s.
        colour: uint8 (3, height, width), RGB, the latest colour frame (one in 15) at or before the window's start.
        cochleagram: float32 (42, steps), zeros before and after the recording.
        onset: float32 (steps,), 1 at the step nearest to each hit, labelled or not.
        material, action, reaction: int64 (steps,), index in ``classes`` at hits, -1 elsewhere and where unknown.
        start_step: int64 (), first step of the window on the time axis of the video; negative before the video.
        video: int64 (), index in ``ids``.
        has_sound: bool ().

    Attributes:
        ids: ids of the videos, in order.
        hits: every hit of these videos, in order of video and time.
        report: variants used, and videos left out with the reasons.
        classes: the names of the materials, actions and reactions.

    Raises:
        DatasetError: the folder is not the data set, a label file has invalid lines, a split list is missing, the
            splits overlap, no video is left, or ``strict`` is set and a video cannot be used.
        OutputError: the cache cannot be written.
        ValueError: an option has an unknown value.
    """

    classes: ClassVar[dict[str, tuple[str, ...]]] = {"material": MATERIALS, "action": ACTIONS, "reaction": REACTIONS}

    def __init__(
        self,
        root: str | os.PathLike[str],
        split: Split | None = "train",
        variant: Variant | None = None,
        windows: Windows = "hits",
        window_steps: int = 45,
        hop_steps: int | None = None,
        size: tuple[int, int] = MODEL_SIZE,
        videos: Sequence[str] | None = None,
        cache: str | os.PathLike[str] | None = None,
        strict: bool = False,
        num_workers: int = 1,
        progress: Progress | None = None,
        labelled_only: bool = False,
        keep_silent: bool = False,
    ) -> None:
        _check_choices(split, variant, windows, window_steps, hop_steps)
        self.windows: Windows = windows
        self.window_steps = window_steps
        self.hop_steps = hop_steps or window_steps
        self.labelled_only = labelled_only
        self.layout = find_layout(root)
        self.report = LoadReport()
        selected = self._select(split, videos)
        hits = self._read_labels(selected)
        recordings = self._choose_files(selected, variant)
        self._recordings = {recording.name: recording for recording in recordings}
        prepared = VideoCache(cache, (size[0], size[1])).prepare(recordings, num_workers, progress)
        self._folders: dict[str, Path] = {}
        self._seconds: dict[str, float] = {}
        for name, found in prepared.items():
            self._add_recording(name, found, keep_silent)
        self._finish(selected, hits, strict)

    def __len__(self) -> int:
        return len(self._index)

    def __getitem__(self, index: int) -> Sample:
        video, start, steps = self._index[index]
        return self.window(video, start, steps)

    def window(self, video: int, start_step: int, steps: int | None = None) -> Sample:
        """Return a window of ``steps`` (a multiple of 3) from ``start_step`` of the video ``ids[video]``."""
        length = self.window_steps if steps is None else steps
        cached = self._open(self.ids[video])
        clip = cached.clip
        times_s = (start_step + STEPS_PER_TICK * np.arange(length // STEPS_PER_TICK)) / FEATURE_RATE_HZ
        sample: Sample = {
            "spacetime": clip.spacetime_at(times_s),
            "colour": clip.colour_at(start_step / FEATURE_RATE_HZ),
            "cochleagram": torch.from_numpy(_cut(cached.cochleagram, start_step, length)),
            **self._label_steps(video, start_step, length),
            "start_step": torch.tensor(start_step),
            "video": torch.tensor(video),
            "has_sound": torch.tensor(cached.has_sound),
        }
        return sample

    def window_of(self, index: int) -> tuple[int, int, int]:
        """Return the window of sample ``index``: (index of the video in ``ids``, first step, number of steps)."""
        return self._index[index]

    def hits_of(self, video_id: str) -> list[Hit]:
        """Return the hits of one video in order of time, labelled or not."""
        first, end = self._hit_range[video_id]
        return self.hits[first:end]

    def seconds_of(self, video_id: str) -> float:
        """Return the length of a video in seconds."""
        return self._seconds[video_id]

    def video_path(self, video_id: str) -> Path:
        """Return the file of a video, in the variant that is used."""
        return self._recordings[video_id].video

    def cochleagram(self, video_id: str) -> torch.Tensor:
        """Return the cochleagram of a whole video, float32 (42, steps), from the cache."""
        return torch.from_numpy(np.array(self._open(video_id).cochleagram))

    def waveform(self, video_id: str, rate_hz: int | None = None) -> tuple[torch.Tensor, int]:
        """Read the sound of a video: (float32 (time,), rate_hz), with the first frame at time zero.

        Raises:
            DatasetError: the video has no sound.
        """
        sound = self._recordings[video_id].sound
        if sound is None or not self._open(video_id).has_sound:
            raise DatasetError(f"{self.video_path(video_id)}: has no sound")
        return read_waveform(sound, rate_hz)

    def subset(self, ids: Sequence[str]) -> Self:
        """Return the data set restricted to some videos; nothing is read again.

        Raises:
            DatasetError: an id is not in this data set.
        """
        unknown = [name for name in ids if name not in self._hit_range]
        if unknown:
            raise DatasetError(f"{self.layout.root}: not in this data set: {shorten_list(unknown, ', ')}")
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__getstate__(), _opened=OrderedDict())
        other.ids = list(ids)
        other.hits = [hit for name in ids for hit in self.hits_of(name)]
        other.report = LoadReport({name: self.report.variants[name] for name in ids})
        other._set_index()
        return other

    def with_windows(self, windows: Windows, window_steps: int | None = None, hop_steps: int | None = None) -> Self:
        """Return the data set with other windows; nothing is read again."""
        length = window_steps or self.window_steps
        _check_choices(None, None, windows, length, hop_steps)
        other = self.subset(self.ids)
        other.windows, other.window_steps, other.hop_steps = windows, length, hop_steps or length
        other._set_index()
        return other

    def verify(self) -> list[str]:
        """Return all faults of the folder, one sentence each; empty if there is none."""
        from crossmodal.data.greatest_hits.check import check_folder

        return check_folder(self.layout.root)

    def plot(self, sample: Sample) -> Any:
        """Draw a sample as a matplotlib Figure: frames, sound features and onsets."""
        from crossmodal.data.greatest_hits.figure import draw_sample

        return draw_sample(sample, self.ids[int(sample["video"])])

    def __getstate__(self) -> dict[str, Any]:
        # Workers open the arrays themselves: a pickled memory map would contain all its data.
        return {**self.__dict__, "_opened": OrderedDict()}

    def _select(self, split: Split | None, videos: Sequence[str] | None) -> list[str]:
        """Return the ids to load; requested ids without labels are added to the report."""
        if videos is not None:
            requested, source = list(dict.fromkeys(videos)), "requested by videos=[...]"
        elif split in SPLITS:
            requested, source = read_splits(self.layout)[split], f"listed in {self.layout.split_files[split]}"
        else:
            return list(self.layout.labels)
        absent = [name for name in requested if name not in self.layout.labels]
        self.report.left_out.update(dict.fromkeys(absent, f"{source}, but its _times.txt is missing"))
        return [name for name in requested if name in self.layout.labels]

    def _read_labels(self, selected: Sequence[str]) -> dict[str, list[Hit]]:
        hits: dict[str, list[Hit]] = {}
        broken: list[str] = []
        for name in selected:
            try:
                hits[name] = read_hits(self.layout.labels[name], name)
            except DatasetError as error:
                broken.extend(str(error).splitlines())
        if broken:
            raise DatasetError(shorten_list(broken))
        return hits

    def _choose_files(self, selected: Sequence[str], variant: Variant | None) -> list[Recording]:
        recordings = []
        for name in selected:
            available = self.layout.variants(name)
            chosen = variant if variant is not None else next(iter(available), None)
            video = self.layout.video(name, chosen) if chosen is not None else None
            if chosen is None or video is None:
                found = f"only {', '.join(available)}" if available else "no video"
                self.report.left_out[name] = f"no {variant or 'mp4'} variant beside its labels (found {found})"
                continue
            self.report.variants[name] = chosen
            recordings.append(Recording(name, video, self.layout.sound(name, chosen)))
        return recordings

    def _add_recording(self, name: str, found: Path | str, keep_silent: bool) -> None:
        """Add one prepared recording, or add the reason why it is left out to the report."""
        reason = found if isinstance(found, str) else None
        if isinstance(found, Path):
            cached = CachedRecording(found)
            if not cached.has_sound and not keep_silent:
                reason = f"{self._recordings[name].video}: has no sound"
            self._folders[name], self._seconds[name] = found, cached.seconds
        if reason is not None:
            self.report.left_out[name] = reason
            del self.report.variants[name]

    def _finish(self, selected: Sequence[str], hits: dict[str, list[Hit]], strict: bool) -> None:
        if strict and self.report.left_out:
            lines = [f"{name}: {reason}" for name, reason in self.report.left_out.items()]
            raise DatasetError(f"{self.layout.root}: {len(lines)} videos cannot be used:\n{shorten_list(lines)}")
        self.ids = [name for name in selected if name in self.report.variants]
        if not self.ids:
            raise DatasetError(f"{self.layout.root}: no video can be used; {self.report}")
        self.hits: list[Hit] = []
        for name in self.ids:
            inside = [hit for hit in hits[name] if hit.time_s <= self._seconds[name] + _LATE_LABEL_S]
            if len(inside) < len(hits[name]):
                self.report.hits_outside[name] = len(hits[name]) - len(inside)
            self.hits.extend(inside)
        self._opened: OrderedDict[str, CachedRecording] = OrderedDict()
        self._set_index()

    def _set_index(self) -> None:
        """Set the window of each sample: (index of the video, first step, number of steps)."""
        self._hit_range: dict[str, tuple[int, int]] = {}
        first = 0
        counts = Counter(hit.video for hit in self.hits)
        for name in self.ids:
            self._hit_range[name] = (first, first + counts[name])
            first += counts[name]
        self._index: list[tuple[int, int, int]] = []
        for video, name in enumerate(self.ids):
            steps = clock_ticks(self._seconds[name]) * STEPS_PER_TICK
            self._index.extend((video, start, length) for start, length in self._windows_of(name, steps))

    def _windows_of(self, name: str, steps: int) -> list[tuple[int, int]]:
        length = self.window_steps
        if self.windows == "videos":
            return [(0, steps)]
        if self.windows == "hits":
            hits = [hit for hit in self.hits_of(name) if hit.labelled or not self.labelled_only]
            return [(min(_step(hit), steps - 1) - length // 2, length) for hit in hits]
        # The last tile ends with the video, so that no tile is padded with silence.
        last = max(steps - length, 0)
        return [(min(start, last), length) for start in range(0, last + self.hop_steps, self.hop_steps)]

    def _label_steps(self, video: int, start: int, length: int) -> Sample:
        name = self.ids[video]
        onset = torch.zeros(length)
        labels = {kind: torch.full((length,), -1, dtype=torch.int64) for kind in self.classes}
        hits = self.hits_of(name)
        last = clock_ticks(self._seconds[name]) * STEPS_PER_TICK - 1
        at = bisect_left(hits, (start - 1) / FEATURE_RATE_HZ - _LATE_LABEL_S, key=lambda hit: hit.time_s)
        for hit in hits[at:]:
            step = min(_step(hit), last) - start
            if step >= length:
                break
            if step < 0:
                continue
            onset[step] = 1.0
            for kind, names in self.classes.items():
                label = getattr(hit, kind)
                if label is not None:
                    labels[kind][step] = names.index(label)
        return {"onset": onset, **labels}

    def _open(self, name: str) -> CachedRecording:
        """Open an entry of the cache; at most `_OPEN_AT_ONCE` stay open, since each holds a few file handles."""
        if name not in self._opened:
            self._opened[name] = CachedRecording(self._folders[name])
            if len(self._opened) > _OPEN_AT_ONCE:
                self._opened.popitem(last=False)
        self._opened.move_to_end(name)
        return self._opened[name]


def _step(hit: Hit) -> int:
    return round(hit.time_s * FEATURE_RATE_HZ)


def _cut(
    features: np.ndarray[Any, np.dtype[np.float32]], start: int, length: int
) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Cut ``length`` steps from ``start``, padded with zeros outside the recording."""
    window = np.zeros((features.shape[0], length), dtype=np.float32)
    low, high = max(start, 0), min(start + length, features.shape[1])
    if high > low:
        window[:, low - start : high - start] = features[:, low:high]
    return window


def _check_choices(split: Any, variant: Any, windows: Any, window_steps: int, hop_steps: int | None) -> None:
    for name, value, known in (
        ("split", split, (*get_args(Split), None)),
        ("variant", variant, (*VARIANTS, None)),
        ("windows", windows, get_args(Windows)),
    ):
        if value not in known:
            raise ValueError(f"{name} must be one of {', '.join(map(str, known))}, got {value!r}")
    if window_steps < STEPS_PER_TICK or window_steps % STEPS_PER_TICK:
        raise ValueError(f"window_steps must be a positive multiple of {STEPS_PER_TICK}, got {window_steps}")
    if hop_steps is not None and hop_steps < 1:
        raise ValueError(f"hop_steps must be at least 1, got {hop_steps}")
