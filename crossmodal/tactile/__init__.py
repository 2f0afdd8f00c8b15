"""Pressure recordings of mats, plates and insoles: one type for every file format; reading and saving."""

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
