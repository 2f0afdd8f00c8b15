"""The clock of the models, and space-time images: previous, current and next frame as three channels."""

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from av.video.reformatter import VideoReformatter

from crossmodal.video.frames import decode_in_order, frame_seconds, render_frame
from crossmodal.video.probe import frame_rate, open_video, sample_aspect_ratio

CLOCK_RATE_HZ = 30
MODEL_SIZE = (72, 128)
COLOUR_EVERY = 15


@dataclass(frozen=True)
class Clip:
    """A video as input of the models.

    Attributes:
        grey: uint8 (frames, height, width), every native frame.
        times_s: float64 (frames,), time of each relative to the first.
        colour: uint8 (kept, 3, height, width) RGB, every `COLOUR_EVERY`-th frame.
        colour_index: int64 (kept,), index of the native frame of each colour frame.
        seconds: length of the video stream, including the duration of the last frame.
    """

    grey: npt.NDArray[np.uint8]
    times_s: npt.NDArray[np.float64]
    colour: npt.NDArray[np.uint8]
    colour_index: npt.NDArray[np.int64]
    seconds: float

    @property
    def ticks(self) -> int:
        """Return the number of clock ticks that cover the clip."""
        return clock_ticks(self.seconds)

    def spacetime(self, first_tick: int = 0, ticks: int | None = None) -> torch.Tensor:
        """Build the space-time images (ticks, 3, height, width) uint8 of consecutive ticks; edge frames repeat."""
        count = self.ticks - first_tick if ticks is None else ticks
        return self.spacetime_at(np.arange(first_tick, first_tick + count) / CLOCK_RATE_HZ)

    def spacetime_at(self, times_s: npt.ArrayLike) -> torch.Tensor:
        """Build the space-time images (n, 3, height, width) uint8 of the frames shown nearest to some times."""
        return spacetime_images(self.grey, nearest_frames(self.times_s, times_s))

    def colour_at(self, time_s: float) -> torch.Tensor:
        """Return the latest colour frame at or before a time, uint8 (3, height, width)."""
        frame_times_s = self.times_s[self.colour_index]
        at = int(np.searchsorted(frame_times_s, time_s + 1e-9, side="right")) - 1
        return torch.from_numpy(np.array(self.colour[max(at, 0)]))


def read_clip(path: str | os.PathLike[str], size: tuple[int, int] = MODEL_SIZE) -> Clip:
    """Decode a video once, in order, into grey frames and a colour frame every `COLOUR_EVERY` frames.

    Raises:
        FormatError: the file is not a video, has no video stream or no frames, or is truncated.
    """
    grey: list[npt.NDArray[np.uint8]] = []
    colour: list[npt.NDArray[np.uint8]] = []
    times_s: list[float] = []
    with open_video(path) as (container, stream):
        aspect = sample_aspect_ratio(stream)
        period_s = float(1 / frame_rate(stream))
        colour_scaler, grey_scaler = VideoReformatter(), VideoReformatter()
        for time_s, frame in decode_in_order(container, stream):
            if len(times_s) % COLOUR_EVERY == 0:
                colour.append(render_frame(frame, aspect, size, scaler=colour_scaler).transpose(2, 0, 1))
            grey.append(render_frame(frame, aspect, size, "gray", grey_scaler))
            times_s.append(time_s)
            last_s = time_s + frame_seconds(frame, period_s)
    index = np.arange(0, len(times_s), COLOUR_EVERY, dtype=np.int64)
    return Clip(np.stack(grey), np.array(times_s), np.stack(colour), index, last_s)


def spacetime_images(
    grey: torch.Tensor | npt.NDArray[np.uint8], index: npt.ArrayLike | torch.Tensor | None = None
) -> torch.Tensor:
    """Stack the previous, current and next grey frame as three channels; edge frames are repeated.

    Args:
        grey: uint8 (frames, height, width), consecutive native frames; a memory map is read only where needed.
        index: indices of the current frames, (n,); all of them by default.

    Returns:
        uint8 (n, 3, height, width).

    References:
        Owens et al., "Visually indicated sounds", CVPR 2016, section 4: spacetime images.
    """
    frames = len(grey)
    current = np.arange(frames) if index is None else np.asarray(index, dtype=np.int64)
    neighbours = np.clip(current[:, None] + np.array([-1, 0, 1]), 0, frames - 1)
    if isinstance(grey, torch.Tensor):
        return grey[torch.from_numpy(neighbours)]
    return torch.from_numpy(np.ascontiguousarray(grey[neighbours]))


def nearest_frames(times_s: npt.NDArray[np.floating[Any]], target_s: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Find the frame nearest to each target time; ties give the earlier frame.

    Args:
        times_s: (frames,) ascending presentation times.
        target_s: (n,) times.

    Returns:
        Indices of frames, (n,).
    """
    target = np.asarray(target_s, dtype=np.float64)
    after = np.clip(np.searchsorted(times_s, target), 1, max(len(times_s) - 1, 1))
    if len(times_s) == 1:
        return np.zeros(target.shape, dtype=np.int64)
    # The margin gives ties to the earlier frame in spite of rounding.
    later = times_s[after] - target < target - times_s[after - 1] - 1e-9
    return np.where(later, after, after - 1).astype(np.int64)


def clock_ticks(seconds: float) -> int:
    """Return the number of ticks of the 30 Hz clock that cover a duration; at least one."""
    return max(int(np.ceil(seconds * CLOCK_RATE_HZ - 1e-6)), 1)
