"""Tiny files of the formats that are not vendors' grids: insoles as tables, archives, carpets, socks, our own.

Every writer makes a walk's worth of nothing: 12 frames in which pressure moves over the cells, so that a reader which
mixes up frames, rows, columns or feet gives other numbers than `frames` and `cells` say.
"""

import pickle
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from crossmodal.tactile.recording import ArrayFrames, InsoleRecording, PressureRecording, Sensor
from crossmodal.tactile.saving import save

FRAMES = 12
PEDAR_SENSORS = 99


def frames(rows: int, columns: int, count: int = FRAMES) -> NDArray[np.float32]:
    """A ridge of pressure that wanders: (count, rows, columns), multiples of 5 from 0 to 250, mostly zero."""
    frame, row, column = np.ogrid[:count, :rows, :columns]
    distance = np.abs(row - frame) + np.abs(column - rows // 2) % 5
    return (5 * np.clip(45 - 20 * distance + row + 2 * column % 7, 0, 50)).astype(np.float32)


def cells(count: int, total: int = FRAMES) -> NDArray[np.float32]:
    """Another number in each cell of each frame: (total, count), multiples of 2.5."""
    frame, cell = np.ogrid[:total, :count]
    return (2.5 * ((7 * frame + 3 * cell) % 61)).astype(np.float32)


def write_pedar(folder: Path, unit: str = "kPa") -> Path:
    numbers = range(1, PEDAR_SENSORS + 1)
    listed = ",".join(map(str, numbers)) + ","
    header = [
        "file name:  tiny.sol\tdate/time  01.02.24 10.00",
        "sensor type:  y-1865l-1870r-tiny",
        "total time [secs]:  0.120\ttime per frame [secs]:  0.01000\tscanning rate [Hz]:   100",
        f"pressure values in  {unit}",
        "",
        "mask definition: ",
        f"left insole: {listed}",
        f"right insole: {listed}",
        "",
        "time[secs]    \t" + "\t".join(f"{number:7d}" for number in [*numbers, *numbers]) + "\t",
    ]
    body = [
        f"{0.01 * (index + 1):12.5f}\t" + "\t".join(f"{value:7.3f}" for value in row) + "\t"
        for index, row in enumerate(cells(2 * PEDAR_SENSORS))
    ]
    return _write(folder / "tiny.asc", header + body)


def write_pliance(folder: Path, rows: int = 5, columns: int = 4) -> Path:
    """A mat whose sensors are listed column by column from the top, every second one of the last column missing."""
    places = [(row, column) for column in range(columns) for row in range(rows) if column < columns - 1 or row % 2 == 0]
    movie = frames(rows, columns)
    numbers = [f"{1 + row + 32 * column:8d}" for row, column in places]
    x = [f"{0.264 + 0.528 * column:9.4f}" for _, column in places]
    y = [f"{0.514 + 1.028 * (rows - 1 - row):9.4f}" for row, _ in places]
    header = [
        "file name: tiny.mat date/time 01.02.24 10.00",
        "mat type tiny_001",
        "total times [secs]: 0.500 time per frame [secs]: 0.04167 scanning rate [Hz]: 24",
        "pressure values in kPa",
        "",
        "",
        "electrical:",
        "time[secs]" + "".join(numbers),
    ]
    body = [
        f"{index / 24 + 0.04167:11.5f}" + "".join(f"{frame[rows - 1 - row, column]:8.3f}" for row, column in places)
        for index, frame in enumerate(movie)
    ]
    images = [f"{name:>11}" + "    0.000" * len(places) for name in ("MPP", "MVP")]
    force = [" time[secs] force[N]   x[cm]   y[cm]", "    0.04167    0.000       -       -", "", ""]
    geometry = ["sensor" + "".join(numbers), "corner[cm]", "x[c]" + "".join(x), "y[c]" + "".join(y)]
    return _write(
        folder / "mat.asc", [*header, *body, *images, "", "", *force, *geometry, "area" + "   0.5428" * len(places)]
    )


def write_stappone(folder: Path, soles: tuple[int, ...] = (1,), corrupt: tuple[int, ...] = ()) -> Path:
    names = ["sole_id", "timestamp", "accel_x", "gyro_x", *(f"pressure_{n:02d}" for n in range(1, 13)), "corrupt"]
    lines = [",".join(names)]
    for index in range(FRAMES):
        for sole in soles:
            pressures = 4 * cells(12)[index] + sole
            row = [sole, 1768494979568 + 16 * index, -1780, -6108, *pressures.astype(int), int(index in corrupt)]
            lines.append(",".join(map(str, row)))
    return _write(folder / "tiny_stappone.csv", lines)


def write_gaitpdb(folder: Path) -> Path:
    lines = []
    for index, row in enumerate(cells(16).astype(float)):
        totals = [row[:8].sum(), row[8:].sum()]
        lines.append("\t".join([f"{index / 100:.4f}", *(f"{value:g}" for value in [*row, *totals])]))
    return _write(folder / "GaCo01_01.txt", lines, end="\r\n")


def pressure_recording() -> PressureRecording:
    """One of ours with everything set."""
    movie = frames(6, 4) / np.float32(3)
    valid = np.ones((6, 4), bool)
    valid[2, 1] = False
    movie[:, 2, 1] = 0
    return PressureRecording(
        frames=ArrayFrames(movie),
        times_s=np.arange(FRAMES) / 30.0 + 0.1,
        pitch_mm=(5.08, float("nan")),
        valid=valid,
        side="right",
        origin_mm=(-1.5, 2.25),
        sensor=Sensor(quantum_kpa=0.1, floor_kpa=None, saturation_kpa=1515.0, calibrated=True, unit="psi"),
        source="tekscan",
        meta={"ROWS": 6, "nested": {"list": [1.5, None, True, "ä"]}},
    )


def insole_recording() -> InsoleRecording:
    """A pair of ours with everything set."""
    places = np.arange(10, dtype=float).reshape(5, 2) / 3
    places[4] = np.nan
    return InsoleRecording(
        values=cells(5) / np.float32(7),
        quantity="force_n",
        times_s=np.arange(FRAMES) / 100.0,
        sides=("left", "left", "right", "right", "right"),
        positions_mm=places,
        areas_mm2=np.array([100.0, 1 / 3, np.nan, 4.0, 5.0]),
        valid=np.array([True, True, False, True, True]),
        sensor=Sensor(calibrated=False, unit="N"),
        source="gaitpdb",
        meta={"walk": 1},
    )


def write_saved(folder: Path) -> Path:
    save(pressure_recording(), folder / "ours.npz")
    return folder / "ours.npz"


def write_saved_parquet(folder: Path) -> Path:
    save(insole_recording(), folder / "ours.parquet")
    return folder / "ours.parquet"


def write_stepup(folder: Path, rows: int = 9, columns: int = 6, count: int = FRAMES) -> Path:
    """A trial in its folder; gives ``trial.npz``."""
    place = folder / "001" / "BF" / "W1"
    place.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(place / "trial.npz", frames(rows, columns, count))
    _write(
        place / "metadata.csv",
        ["ParticipantID,Footwear,FootstepID,Side,StartFrame,Rscore", "1,BF,0,Left,2,0.5", "1,BF,1,Right,5,"],
    )
    return place / "trial.npz"


def write_motionpro(folder: Path) -> Path:
    np.savez(folder / "pressure.npz", pressure=np.rint(frames(8, 5)).astype(np.uint8))
    return folder / "pressure.npz"


def write_presstrack(folder: Path) -> Path:
    np.savez_compressed(
        folder / "data_1.npz", pressure=frames(8, 5), box=np.zeros((FRAMES, 1, 4)), pose=np.zeros((FRAMES, 72))
    )
    return folder / "data_1.npz"


def write_touch(path: Path, size: int = 32, start_s: float = 1.6e9, offset: int = 0, spare: int = 3) -> Path:
    """A recording of the tactile recorder, with room for more frames than there are."""
    with h5py.File(path, "w") as file:
        raw = np.zeros((FRAMES + spare, size, size), np.int16)
        raw[:FRAMES] = frames(size, size) + 500 + offset
        times = np.zeros(FRAMES + spare)
        times[:FRAMES] = start_s + np.arange(FRAMES) / 10
        file["frame_count"] = np.array([FRAMES])
        file["ts"] = times
        file.create_dataset("pressure", data=raw, compression="gzip")
    return path


def write_carpet(folder: Path) -> Path:
    return write_touch(folder / "touch3.hdf5")


def write_socks(folder: Path) -> Path:
    """A pair, the second sock 50 ms late; gives the folder."""
    place = folder / "socks"
    place.mkdir(exist_ok=True)
    write_touch(place / "touch_0.hdf5")
    write_touch(place / "touch_1.hdf5", start_s=1.6e9 + 0.05, offset=100)
    return place


def write_sock(folder: Path) -> Path:
    return write_touch(folder / "touch_1.hdf5")


def write_carpet_sample(folder: Path, index: int = 4, protocol: int = 4) -> Path:
    touch = frames(96, 96)[index].astype(np.float64) / 500
    sample = [touch, np.ones((21, 20, 20, 18), np.float32)[:, :2, :2, :2].copy(), np.full((21, 3), 0.5)]
    path = folder / f"{index}.p"
    path.write_bytes(pickle.dumps(sample, protocol=protocol))
    return path


def _write(path: Path, lines: list[str], end: str = "\n") -> Path:
    path.write_bytes("".join(line + end for line in lines).encode())
    return path


#: Name of the format and the writer of a file of it.
WRITERS = {
    "pedar": write_pedar,
    "pliance": write_pliance,
    "stappone": write_stappone,
    "gaitpdb": write_gaitpdb,
    "saved": write_saved,
    "saved_parquet": write_saved_parquet,
    "stepup": write_stepup,
    "motionpro": write_motionpro,
    "presstrack": write_presstrack,
    "carpet": write_carpet,
    "sock": write_sock,
    "carpet_sample": write_carpet_sample,
}
