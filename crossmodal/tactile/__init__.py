"""Pressure under feet: recordings of every format as one object, walks, footprints and gait."""

from crossmodal.tactile.reading import read
from crossmodal.tactile.recording import ArrayFrames, FrameSource, InsoleRecording, PressureRecording, Recording, Sensor
from crossmodal.tactile.saving import save

__all__ = [
    "ArrayFrames",
    "FrameSource",
    "InsoleRecording",
    "PressureRecording",
    "Recording",
    "Sensor",
    "read",
    "save",
]
