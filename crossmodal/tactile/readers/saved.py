"""Files of `crossmodal.tactile.save`: ``.npz`` and Parquet, distinguished by their first bytes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crossmodal.errors import FormatError
from crossmodal.tactile.readers import saved_parquet
from crossmodal.tactile.readers.frame_checks import checked_cells, checked_clock
from crossmodal.tactile.readers.npz_frames import in_memory, members, open_frames, read_array
from crossmodal.tactile.recording import FrameSource, InsoleRecording, PressureRecording, Recording, Sensor
from crossmodal.tactile.saving import DESCRIPTION, VERSION

Arrays = Callable[[str], NDArray[Any]]


def matches(path: Path, head: bytes) -> bool:
    """Return whether a file was written by `save`."""
    if head.startswith(b"PK"):
        return DESCRIPTION in members(path)
    return head.startswith(b"PAR1") and saved_parquet.is_ours(path)


def read(path: Path) -> Recording:
    """Read a file written by `save`; frames of more than a quarter of a gigabyte are streamed from the file.

    Raises:
        FormatError: the file is damaged or was changed, or is Parquet and pyarrow is not installed.
    """
    with path.open("rb") as file:
        parquet = file.read(4) == b"PAR1"
    text = saved_parquet.read_description(path) if parquet else read_array(path, DESCRIPTION).tobytes()
    try:
        description = json.loads(text)
        version = description["version"]
        if version != VERSION:
            raise FormatError(f"{path}: written as version {version!r}; this version of crossmodal reads {VERSION}")
        if description["kind"] == "pressure":
            return _pressure(path, description, parquet)
        if description["kind"] == "insole":
            return _insole(path, description, parquet)
        raise FormatError(f"{path}: kind {description['kind']!r}; expected 'pressure' or 'insole'")
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise FormatError(f"{path}: the description of the recording is damaged ({error!r})") from error


def _pressure(path: Path, description: dict[str, Any], parquet: bool) -> PressureRecording:
    frames, rows, columns = _shape(description, 3)
    source: FrameSource
    if parquet:
        source, times = saved_parquet.read_frames(path, (frames, rows, columns))
        arrays = saved_parquet.constant_arrays(path, description, {"valid": (rows, columns)})
    else:
        source, times = open_frames(path, "values"), read_array(path, "times_s")
        arrays = {"valid": read_array(path, "valid")}
    if description["side"] not in ("left", "right", None):
        raise ValueError(f"side {description['side']!r}")
    pitch_y, pitch_x = map(float, description["pitch_mm"])
    origin_y, origin_x = map(float, description["origin_mm"])
    _expect(path, "values", source.shape, (frames, rows, columns))
    return PressureRecording(
        frames=in_memory(source),
        times_s=_clock(path, times, frames),
        pitch_mm=(pitch_y, pitch_x),
        valid=_typed(path, "valid", arrays["valid"], "b", (rows, columns)),
        side=description["side"],
        origin_mm=(origin_y, origin_x),
        sensor=_sensor(description["sensor"]),
        source=str(description["source"]),
        meta=_meta(description),
    )


def _insole(path: Path, description: dict[str, Any], parquet: bool) -> InsoleRecording:
    frames, cells = _shape(description, 2)
    shapes = {"valid": (cells,), "positions_mm": (cells, 2), "areas_mm2": (cells,)}
    if parquet:
        source, times = saved_parquet.read_frames(path, (frames, 1, cells))
        values = np.concatenate(list(source.blocks(frames))).reshape(frames, cells)
        arrays = saved_parquet.constant_arrays(path, description, shapes)
    else:
        times = read_array(path, "times_s")
        arrays = {name: read_array(path, name) for name in shapes}
        values = checked_cells(path, _typed(path, "values", read_array(path, "values", 1 << 32), "f", (frames, cells)))
    sides = tuple(description["sides"])
    if not set(sides) <= {"left", "right"} or description["quantity"] not in ("pressure_kpa", "force_n", "raw"):
        raise ValueError("unknown sides or quantity")
    return InsoleRecording(
        values=values,
        quantity=description["quantity"],
        times_s=_clock(path, times, frames),
        sides=sides,
        positions_mm=_typed(path, "positions_mm", arrays["positions_mm"], "f", (cells, 2)),
        areas_mm2=_typed(path, "areas_mm2", arrays["areas_mm2"], "f", (cells,)),
        valid=_typed(path, "valid", arrays["valid"], "b", (cells,)),
        sensor=_sensor(description["sensor"]),
        source=str(description["source"]),
        meta=_meta(description),
    )


def _shape(description: dict[str, Any], dimensions: int) -> tuple[int, ...]:
    shape = tuple(description["shape"])
    if len(shape) != dimensions or not all(type(size) is int and size >= 0 for size in shape):
        raise ValueError(f"shape {shape}")
    return shape


def _sensor(fields: dict[str, Any]) -> Sensor:
    sensor = Sensor(**fields)
    numbers = (sensor.quantum_kpa, sensor.floor_kpa, sensor.saturation_kpa)
    if not all(number is None or isinstance(number, int | float) for number in numbers):
        raise TypeError(f"sensor {fields}")
    if type(sensor.calibrated) is not bool or not isinstance(sensor.unit, str):
        raise TypeError(f"sensor {fields}")
    return sensor


def _meta(description: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(description["meta"], dict):
        raise TypeError("meta is not a mapping")
    return description["meta"]


def _clock(path: Path, times: NDArray[Any], frames: int) -> NDArray[np.float64]:
    clock = _typed(path, "times_s", times, "f", (frames,)).astype(np.float64)
    checked_clock(path, clock)
    return clock


def _typed(path: Path, name: str, array: NDArray[Any], kind: str, shape: tuple[int, ...]) -> NDArray[Any]:
    _expect(path, name, array.shape, shape)
    if array.dtype.kind != kind:
        raise FormatError(f"{path}: {name}: expected dtype kind {kind!r}, found {array.dtype}")
    return array


def _expect(path: Path, name: str, found: tuple[int, ...], expected: tuple[int, ...]) -> None:
    if found != expected:
        raise FormatError(f"{path}: {name}: expected {expected}, found {found}")
