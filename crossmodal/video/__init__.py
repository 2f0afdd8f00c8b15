"""Decode video by its time stamps, build space-time images, write and mux video files."""

from typing import TYPE_CHECKING

from crossmodal.lazy import lazy_names

if TYPE_CHECKING:
    from crossmodal.video.frames import Frames, iterate_frames, read_frames
    from crossmodal.video.mux import mux_sound, strip_sound
    from crossmodal.video.probe import TruncatedVideoError, VideoInfo, probe_video
    from crossmodal.video.spacetime import (
        CLOCK_RATE_HZ,
        MODEL_SIZE,
        Clip,
        clock_ticks,
        nearest_frames,
        read_clip,
        spacetime_images,
    )
    from crossmodal.video.write import write_video

__all__ = [
    "CLOCK_RATE_HZ",
    "MODEL_SIZE",
    "Clip",
    "Frames",
    "TruncatedVideoError",
    "VideoInfo",
    "clock_ticks",
    "iterate_frames",
    "mux_sound",
    "nearest_frames",
    "probe_video",
    "read_clip",
    "read_frames",
    "spacetime_images",
    "strip_sound",
    "write_video",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "crossmodal.video.frames": "Frames iterate_frames read_frames",
        "crossmodal.video.mux": "mux_sound strip_sound",
        "crossmodal.video.probe": "TruncatedVideoError VideoInfo probe_video",
        "crossmodal.video.spacetime": (
            "CLOCK_RATE_HZ MODEL_SIZE Clip clock_ticks nearest_frames read_clip spacetime_images"
        ),
        "crossmodal.video.write": "write_video",
    },
)
