"""Pressure recordings: frames of a mat, a plate or an insole, or the cells of a pair of insoles."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from crossmodal.errors import FormatError

Side = Literal["left", "right"]
#: Default size of the blocks of `PressureRecording.blocks`, in frames.
_BLOCK = 256


class FrameSource(Protocol):
    """Frames that may be in a file; a long recording is read block by block."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """(frames, rows, columns)."""

    def blocks(self, most_frames: int) -> Iterator[NDArray[np.float32]]:
        """Yield all frames in order, at most ``most_frames`` at once: float32 (n, rows, columns), finite and >= 0."""


@dataclass(frozen=True)
class ArrayFrames:
    """Frames in memory: float32 (frames, rows, columns)."""

    array: NDArray[np.float32]

    @property
    def shape(self) -> tuple[int, int, int]:
        """(frames, rows, columns)."""
        frames, rows, columns = self.array.shape
        return frames, rows, columns

    def blocks(self, most_frames: int) -> Iterator[NDArray[np.float32]]:
        """Yield views of the array."""
        for first in range(0, len(self.array), most_frames):
            yield self.array[first : first + most_frames]


@dataclass(frozen=True)
class Sensor:
    """The properties of a sensor that its file states; None where it does not.

    Attributes:
        quantum_kpa: step between neighbouring values.
        floor_kpa: least pressure that is not reported as zero.
        saturation_kpa: largest reported pressure.
        calibrated: whether values are kPa or newtons; otherwise they are the vendor's numbers in ``unit``.
        unit: of the file's values.
    """

    quantum_kpa: float | None = None
    floor_kpa: float | None = None
    saturation_kpa: float | None = None
    calibrated: bool = True
    unit: str = "kPa"


@dataclass(frozen=True, eq=False, kw_only=True)
class PressureRecording:
    """Pressure on a grid of cells over time: a mat, a walkway, a plate, or one insole.

    The mat is seen from above, with row 0 at the top. The centre of cell (row, column) is at y = origin_mm[0] + row *
    pitch_mm[0] and x = origin_mm[1] + column * pitch_mm[1].

    Attributes:
        frames: the pressures, in `unit`: kPa, or the vendor's unit where ``sensor.calibrated`` is False.
        times_s: float64 (frames,), not decreasing.
        pitch_mm: distance of neighbouring rows and of neighbouring columns; NaN where it is unknown.
        valid: bool (rows, columns): False where there is no cell or a dead one; the pressure there is 0.
        side: the foot, for an insole.
        origin_mm: position of the first cell, (y, x).
        sensor: properties of the sensor.
        source: name of the format, such as ``tekscan``.
        meta: other metadata of the file as JSON values, under the names of the file.

    Raises:
        ValueError: shapes do not match, or times decrease or are not finite.
    """

    frames: FrameSource
    times_s: NDArray[np.float64]
    pitch_mm: tuple[float, float]
    valid: NDArray[np.bool_]
    side: Side | None = None
    origin_mm: tuple[float, float] = (0.0, 0.0)
    sensor: Sensor = Sensor()
    source: str = "array"
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        frames, rows, columns = self.frames.shape
        if self.valid.shape != (rows, columns):
            raise ValueError(
                f"valid has the shape {self.valid.shape}, the frames {(rows, columns)}; they must be equal"
            )
        _check_clock(self.times_s, frames)

    @cached_property
    def pressure(self) -> NDArray[np.float32]:
        """All frames at once, in `unit`: float32 (frames, rows, columns)."""
        if isinstance(self.frames, ArrayFrames):
            return self.frames.array
        return np.concatenate(list(self.blocks()) or [np.zeros(self.frames.shape, np.float32)])

    @property
    def unit(self) -> str:
        """Unit of `pressure`: kPa, or the vendor's where the recording is not calibrated."""
        return "kPa" if self.sensor.calibrated else self.sensor.unit

    def pressure_kpa(self) -> NDArray[np.float32]:
        """Return all frames at once in kPa: float32 (frames, rows, columns).

        Raises:
            FormatError: the recording is not calibrated; `pressure` has its values in `unit`.
        """
        if not self.sensor.calibrated:
            raise FormatError(
                f"{self.source}: the recording is not calibrated (its unit: {self.unit}), so it has no pressures in "
                "kPa; use .pressure for its values"
            )
        return self.pressure

    @property
    def shape(self) -> tuple[int, int, int]:
        """(frames, rows, columns)."""
        return self.frames.shape

    @property
    def cell_area_mm2(self) -> float:
        """Area of a cell; NaN where the pitch is unknown."""
        return self.pitch_mm[0] * self.pitch_mm[1]

    @property
    def rate_hz(self) -> float:
        """Frames per second, from the median step of the clock; NaN for a single frame."""
        return _rate_hz(self.times_s)

    def blocks(self, most_frames: int = _BLOCK) -> Iterator[NDArray[np.float32]]:
        """Yield the frames in order, at most ``most_frames`` at once."""
        return self.frames.blocks(most_frames)

    def force_n(self) -> NDArray[np.float64]:
        """Return the force of every frame in newtons (kPa times mm2 is millinewtons): float64 (frames,)."""
        sums = [block.sum(axis=(1, 2), dtype=np.float64) for block in self.blocks()]
        return np.concatenate(sums or [np.zeros(0)]) * self.cell_area_mm2 * 1e-3


@dataclass(frozen=True, eq=False, kw_only=True)
class InsoleRecording:
    """Cells of one or two insoles over time, on a grid or at irregular positions.

    Attributes:
        values: float32 (frames, cells): kPa or newtons, see ``quantity``; finite and not negative.
        quantity: ``pressure_kpa``, ``force_n``, or ``raw`` where the calibration is unknown.
        times_s: float64 (frames,), not decreasing.
        sides: the foot of each cell.
        positions_mm: float64 (cells, 2): (y from the heel's end towards the toes, x from the medial border outwards);
            NaN where it is unknown.
        areas_mm2: float64 (cells,); NaN where it is unknown.
        valid: bool (cells,): False for a dead cell; its values are 0.
        sensor, source, meta: as in `PressureRecording`.

    Raises:
        ValueError: shapes do not match, or times decrease or are not finite.
    """

    values: NDArray[np.float32]
    quantity: Literal["pressure_kpa", "force_n", "raw"]
    times_s: NDArray[np.float64]
    sides: tuple[Side, ...]
    positions_mm: NDArray[np.float64]
    areas_mm2: NDArray[np.float64]
    valid: NDArray[np.bool_]
    sensor: Sensor = Sensor()
    source: str = "array"
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        frames, cells = self.values.shape
        for name, length in (
            ("sides", len(self.sides)),
            ("positions_mm", len(self.positions_mm)),
            ("areas_mm2", len(self.areas_mm2)),
            ("valid", len(self.valid)),
        ):
            if length != cells:
                raise ValueError(f"{name} has {length} cells, the values have {cells}; they must be equal")
        _check_clock(self.times_s, frames)

    @property
    def rate_hz(self) -> float:
        """Frames per second, from the median step of the clock; NaN for a single frame."""
        return _rate_hz(self.times_s)

    def cells_of(self, side: Side) -> NDArray[np.bool_]:
        """Return the mask of the cells of a foot: bool (cells,)."""
        return np.array([one == side for one in self.sides], dtype=bool)

    def force_n(self, side: Side) -> NDArray[np.float64]:
        """Return the force of a foot in every frame: float64 (frames,), in newtons (``raw`` cells: vendor's unit)."""
        cells = self.cells_of(side) & self.valid
        values = self.values[:, cells].astype(np.float64)
        if self.quantity == "pressure_kpa":
            values *= self.areas_mm2[cells] * 1e-3
        return np.asarray(values.sum(axis=1), dtype=np.float64)


Recording = PressureRecording | InsoleRecording


def _check_clock(times_s: NDArray[np.float64], frames: int) -> None:
    if times_s.shape != (frames,):
        raise ValueError(f"times_s has the shape {times_s.shape} for {frames} frames; it must be ({frames},)")
    if not np.isfinite(times_s).all() or (np.diff(times_s) < 0).any():
        raise ValueError("times_s must be finite and must not decrease")


def _rate_hz(times_s: NDArray[np.float64]) -> float:
    steps = np.diff(times_s)
    steps = steps[steps > 0]
    return float(1.0 / np.median(steps)) if len(steps) else float("nan")
