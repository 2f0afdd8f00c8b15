from .frames import Frames, iterate_frames, read_frames
from .mux import mux_sound, strip_sound
from .probe import TruncatedVideoError, VideoInfo, probe_video
from .spacetime import CLOCK_RATE_HZ, MODEL_SIZE, Clip, clock_ticks, nearest_frames, read_clip, spacetime_images
from .write import write_video

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
