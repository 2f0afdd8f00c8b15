"""The sensor of a mat: uneven cells, crosstalk, creep, hysteresis, quantization, floor, dead lines."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from crossmodal.randomness import generator
from crossmodal.simulation.walks.mat import Mat

_CREEP_S = 0.5


@dataclass(frozen=True)
class SensorModel:
    """Electronics and material of a mat; the defaults are a perfect sensor.

    Attributes:
        rate_hz: frames per second.
        quantum_kpa: step between neighbouring values; 0 for none.
        floor_kpa: lower pressures are reported as zero.
        saturation_kpa: largest reported pressure.
        gain_sd: standard deviation of the logarithm of the cells' gains.
        line_gain_sd: the same for whole rows and whole columns.
        tiles: number of tiles of the mat along rows and columns.
        tile_gain_sd: the same for tiles.
        dead_lines: fraction of the rows and columns that report nothing.
        dead_cells: fraction of the single cells that report nothing.
        tells_dead: whether the recording's mask marks dead cells.
        crosstalk: fraction of a cell's load that its neighbours in row and column report.
        noise_kpa: standard deviation of the (uniform) noise of a loaded cell; unloaded cells stay below the floor.
        hysteresis: excess of the value while unloading over that while loading at half the peak, relative to the peak.
        creep: relative growth of the value of a constant load within seconds.
        drift: relative change of the gain from the beginning to the end of the recording.
        blur_mm: width over which a cover smooths the pressure.
        jitter_s: standard deviation of the times of frames.
        tells_jitter: whether the recording's clock has the true times; otherwise they are uniform.
        dropped: fraction of the frames that are missing.
        row_scan_s: time from reading the first row to reading the last.
    """

    rate_hz: float = 100.0
    quantum_kpa: float = 0.0
    floor_kpa: float = 0.0
    saturation_kpa: float = 5000.0
    gain_sd: float = 0.0
    line_gain_sd: float = 0.0
    tiles: tuple[int, int] = (1, 1)
    tile_gain_sd: float = 0.0
    dead_lines: float = 0.0
    dead_cells: float = 0.0
    tells_dead: bool = True
    crosstalk: float = 0.0
    noise_kpa: float = 0.0
    hysteresis: float = 0.0
    creep: float = 0.0
    drift: float = 0.0
    blur_mm: float = 0.0
    jitter_s: float = 0.0
    tells_jitter: bool = True
    dropped: float = 0.0
    row_scan_s: float = 0.0

    def __post_init__(self) -> None:
        if not 1.0 <= self.rate_hz <= 2000.0:
            raise ValueError(f"rate_hz must be between 1 and 2000, got {self.rate_hz}")
        if self.saturation_kpa <= self.floor_kpa or min(self.floor_kpa, self.quantum_kpa, self.noise_kpa) < 0:
            raise ValueError(
                "floor_kpa, quantum_kpa and noise_kpa must be at least 0 and floor_kpa below saturation_kpa, got "
                f"{self.floor_kpa=}, {self.quantum_kpa=}, {self.noise_kpa=}, {self.saturation_kpa=}"
            )
        if not 0 <= self.dropped < 1 or not 0 <= self.dead_lines < 1 or not 0 <= self.dead_cells < 1:
            raise ValueError(
                "dropped, dead_lines and dead_cells must be in [0, 1), got "
                f"{self.dropped}, {self.dead_lines} and {self.dead_cells}"
            )
        if not 0 <= self.crosstalk < 0.5:
            raise ValueError(f"crosstalk must be in [0, 0.5), got {self.crosstalk}")

    def as_json(self) -> dict[str, Any]:
        """Return the attributes as JSON values."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class Cells:
    """The cells of one mat: float32 gain (rows, columns), 0 where dead, and bool alive (rows, columns)."""

    gain: NDArray[np.float32]
    alive: NDArray[np.bool_]


#: A common plate: quantum and floor of emed, with small errors of gain and noise.
EMED_LIKE = SensorModel(quantum_kpa=5.0, floor_kpa=10.0, saturation_kpa=1270.0, gain_sd=0.02, noise_kpa=1.0)


def draw_sensor(seed: int, index: int) -> SensorModel:
    """Draw a sensor between a laboratory plate and a cheap textile mat: one draw of the quality, more of details."""
    rng = generator(seed, "walking/sensor", index)
    bad = float(rng.random() ** 1.5)

    def up_to(most: float) -> float:
        return float(most * bad * rng.random())

    floor = float(rng.uniform(2.0, 8.0) + 15.0 * bad * rng.random())
    rate_hz = float(np.exp(rng.uniform(np.log(25.0), np.log(250.0)))) if rng.random() < 0.5 else 100.0
    if rng.random() < 0.15:
        rate_hz = float(rng.choice([10.0, 14.0, 400.0, 500.0]))
    return SensorModel(
        rate_hz=rate_hz,
        quantum_kpa=float(rng.choice([0.0, 1.0, 2.5, 5.0, 10.0])),
        floor_kpa=floor,
        saturation_kpa=float(rng.uniform(400.0, 800.0)) if rng.random() < 0.2 else float(rng.uniform(900.0, 1600.0)),
        gain_sd=0.02 + up_to(0.15),
        line_gain_sd=up_to(0.08),
        tiles=(int(rng.integers(1, 4)), int(rng.integers(1, 4))),
        tile_gain_sd=up_to(0.08),
        dead_lines=up_to(0.02) if rng.random() < 0.4 else 0.0,
        dead_cells=up_to(0.01) if rng.random() < 0.4 else 0.0,
        tells_dead=bool(rng.random() < 0.5),
        crosstalk=up_to(0.08),
        noise_kpa=min(0.5 + up_to(6.0), 0.4 * floor),
        hysteresis=up_to(0.06),
        creep=up_to(0.08),
        drift=float(rng.normal(0.0, 0.05 * bad)),
        blur_mm=float(rng.uniform(0.0, 12.0)) if rng.random() < 0.3 else 0.0,
        jitter_s=up_to(0.15) / rate_hz,
        tells_jitter=bool(rng.random() < 0.5),
        dropped=up_to(0.03) if rng.random() < 0.4 else 0.0,
        row_scan_s=float(rng.uniform(0.0, 0.9)) / rate_hz if rng.random() < 0.3 else 0.0,
    )


def make_cells(sensor: SensorModel, mat: Mat, rng: np.random.Generator) -> Cells:
    """Draw the gains of a mat's cells and which of them are dead."""
    shape = (mat.rows, mat.columns)
    gain = np.exp(sensor.gain_sd * rng.standard_normal(shape, dtype=np.float32))
    gain *= np.exp(sensor.line_gain_sd * rng.standard_normal((mat.rows, 1)))
    gain *= np.exp(sensor.line_gain_sd * rng.standard_normal((1, mat.columns)))
    tile = np.exp(sensor.tile_gain_sd * rng.standard_normal(sensor.tiles))
    row = np.arange(mat.rows) * sensor.tiles[0] // mat.rows
    column = np.arange(mat.columns) * sensor.tiles[1] // mat.columns
    gain *= tile[row[:, None], column[None, :]]
    alive = (rng.random((mat.rows, 1)) >= sensor.dead_lines) & (rng.random((1, mat.columns)) >= sensor.dead_lines)
    alive &= rng.random(shape) >= sensor.dead_cells
    return Cells(np.where(alive, gain, 0.0).astype(np.float32), alive)


def draw_clock(sensor: SensorModel, seconds: float, rng: np.random.Generator) -> tuple[NDArray[np.float64], ...]:
    """Draw the true times of the frames and those that the recording states: two float64 (frames,)."""
    even = np.arange(max(int(np.floor(seconds * sensor.rate_hz)), 1)) / sensor.rate_hz
    # Bounded, so that times never decrease.
    jitter = np.clip(sensor.jitter_s * rng.standard_normal(len(even)), -0.45 / sensor.rate_hz, 0.45 / sensor.rate_hz)
    taken = np.maximum(even + jitter, 0.0)
    kept = rng.random(len(even)) >= sensor.dropped
    kept[0] = True
    return taken[kept], (taken if sensor.tells_jitter else even)[kept]


def sense(
    pressure_kpa: NDArray[np.float32],
    times_s: NDArray[np.float64],
    sensor: SensorModel,
    gain: NDArray[np.float32],
    pitch_mm: tuple[float, float],
    seconds: float,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Return what the sensor reports for the pressure in a window of the mat that spans a whole load.

    Args:
        pressure_kpa: (frames, rows, columns), true pressure, changed in place.
        times_s: (frames,) times of the frames.
        sensor: the model.
        gain: (rows, columns) of these cells.
        pitch_mm: of the mat.
        seconds: duration of the recording, over which the sensor drifts.
        rng: draws the noise.
    """
    value = pressure_kpa
    for axis, pitch in ((1, pitch_mm[0]), (2, pitch_mm[1])):
        if sensor.blur_mm > 0.5 * pitch:
            value = uniform_filter1d(value, 2 * round(0.5 * sensor.blur_mm / pitch) + 1, axis, mode="constant")
    if sensor.crosstalk > 0:
        value = _leak(value, sensor.crosstalk)
    value *= gain * (1.0 + sensor.drift * (times_s / seconds)).astype(np.float32)[:, None, None]
    if sensor.creep > 0:
        steps = np.diff(times_s, prepend=times_s[0]).astype(np.float32)[:, None, None]
        loaded_s = np.cumsum((value > 0) * steps, axis=0, dtype=np.float32)
        value *= 1.0 + np.float32(sensor.creep) * (1.0 - np.exp(loaded_s * np.float32(-1.0 / _CREEP_S)))
    if sensor.hysteresis > 0:
        peak = np.maximum(np.maximum.accumulate(value, axis=0), np.float32(1e-6))
        value += np.float32(4.0 * sensor.hysteresis) * value * (1.0 - value / peak)
    if sensor.noise_kpa > 0:
        noise = rng.random(value.shape, dtype=np.float32) - np.float32(0.5)
        noise *= np.float32(np.sqrt(12.0) * sensor.noise_kpa)
        value += np.where(value > 0, noise, np.float32(0.0))
    return report(value, sensor)


def report(value_kpa: NDArray[np.float32], sensor: SensorModel) -> NDArray[np.float32]:
    """Saturate and quantize values, and set those below the floor to 0, in place."""
    np.clip(value_kpa, 0.0, sensor.saturation_kpa, out=value_kpa)
    if sensor.quantum_kpa > 0:
        value_kpa /= np.float32(sensor.quantum_kpa)
        np.rint(value_kpa, out=value_kpa)
        value_kpa *= np.float32(sensor.quantum_kpa)
    value_kpa[value_kpa < sensor.floor_kpa] = 0.0
    return value_kpa


def _leak(value: NDArray[np.float32], fraction: float) -> NDArray[np.float32]:
    """Distribute a fraction of each cell's load over its four neighbours."""
    quarter = np.float32(0.25 * fraction)
    leaked = np.float32(1.0 - fraction) * value
    leaked[:, 1:] += quarter * value[:, :-1]
    leaked[:, :-1] += quarter * value[:, 1:]
    leaked[:, :, 1:] += quarter * value[:, :, :-1]
    leaked[:, :, :-1] += quarter * value[:, :, 1:]
    return leaked
