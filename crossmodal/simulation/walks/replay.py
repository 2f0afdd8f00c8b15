"""Semi-real walks: real stances, replayed on an empty mat at given positions and times, so that the truth is exact."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from crossmodal.randomness import generator
from crossmodal.simulation.walks.footprint import direction, outwards
from crossmodal.simulation.walks.footstep import box_of, describe_footstep
from crossmodal.simulation.walks.mat import Mat
from crossmodal.simulation.walks.parameter import measure_gait
from crossmodal.simulation.walks.plan import Step
from crossmodal.simulation.walks.press import Box, PressureWindow
from crossmodal.simulation.walks.record import record_windows
from crossmodal.simulation.walks.replay_stance import StanceMovie
from crossmodal.simulation.walks.sensor import SensorModel, draw_clock, make_cells
from crossmodal.simulation.walks.simulate import SimulatedWalk
from crossmodal.simulation.walks.truth import WalkTruth
from crossmodal.simulation.walks.walker import SIDES

Floats = NDArray[np.float64]

_FINEST_MM = 0.5  # distance of the points that sample a cell's area when it is placed on other cells
_END_S = 0.5


@dataclass(frozen=True, eq=False)
class _StanceOnMat:
    """The cells of a stance on the grid of a mat.

    Attributes:
        rows, columns: window of the mat that they touch.
        weights: sparse (cells of the window, cells of the stance), fractions of the force of each cell of the stance.
        on_mat: fraction of the stance's impulse on the mat.
    """

    rows: slice
    columns: slice
    weights: csr_array
    on_mat: float


def replay_walk(
    movies: Sequence[StanceMovie],
    steps: Sequence[Step],
    mat: Mat,
    seed: int,
    index: int,
    *,
    sensor: SensorModel | None = None,
    weight_n: float = 700.0,
) -> SimulatedWalk:
    """Replay real stances as the steps of a walk.

    Each step draws one of the stances of its own foot, or a mirrored one of the other foot where it has none. The
    stance is rotated and translated to the step, which distributes the force of its cells over those of the mat without
    loss. Its time is stretched so that the first load begins at the heel strike and the last one ends at the toe off.
    Its pressure is scaled so that the feet bear the body weight on average (stances of two feet, or of sensors that are
    not calibrated, differ in gain). The stances were scanned by their own sensor, so the model's ``row_scan_s`` is
    ignored.

    Args:
        movies: stances, preferably of one person.
        steps: positions and times, in order of time; their loads are not used.
        mat: the mat.
        seed: of all walks.
        index: of the walk; the draw of stances and the sensor's noise depend on it.
        sensor: the model of the mat's sensor; a perfect one by default.
        weight_n: body weight.

    Returns:
        The walk. Its truth has no `Walker`, the forces and centres of pressure of one, and the heels, axes and second
        metatarsal heads that the library finds in the original prints.

    Raises:
        ValueError: no stance or no step.
    """
    if not movies or not steps:
        raise ValueError(f"a walk needs stances and steps, got {len(movies)} and {len(steps)}")
    sensor = SensorModel() if sensor is None else sensor
    rng = generator(seed, "walking/replay", index)
    seconds = steps[-1].toe_off_s + _END_S
    cells, clock = make_cells(sensor, mat, rng), draw_clock(sensor, seconds, rng)
    mean_n = _mean_force_n(steps, weight_n)
    force, moment = np.zeros((len(clock[0]), 1, 2)), np.zeros((len(clock[0]), 1, 2, 2))
    footsteps, windows = [], []
    for step in steps:
        movie = _choose(movies, step, rng)
        laid = _lay(movie, step, mat)
        if laid is None:
            continue
        window = _press(movie, step, laid, mat, clock[0], mean_n)
        _add_load(window, mat, force[:, 0, SIDES.index(step.side)], moment[:, 0, SIDES.index(step.side)])
        footsteps.append(
            describe_footstep(
                step,
                metatarsal_mm=np.array([movie.reach_mm, 0.0]),
                middle_mm=movie.middle_mm,
                size_mm=movie.size_mm,
                box_mm=box_of(laid.rows, laid.columns, mat.pitch_mm),
                on_mat=laid.on_mat,
            )
        )
        windows.append(window)
    truth = WalkTruth(
        walkers=(),
        footsteps=tuple(footsteps),
        times_s=clock[0],
        force_n=force.astype(np.float32),
        cop_mm=(moment / np.where(force > 0, force, np.nan)[..., None]).astype(np.float32),
        parameters=(measure_gait(footsteps),),
    )
    meta = {"seed": seed, "index": index, "sensor": sensor.as_json()}
    recording = record_windows(windows, mat, sensor, cells, clock, seconds, rng, source="replayed", meta=meta)
    return SimulatedWalk(recording, truth)


def _mean_force_n(steps: Sequence[Step], weight_n: float) -> float:
    """Return the mean force of a stance with which both feet bear the body weight: stances last longer than steps."""
    if len(steps) < 2:
        return weight_n
    step_s = float(np.mean(np.diff([one.heel_strike_s for one in steps])))
    return weight_n * step_s / float(np.mean([one.toe_off_s - one.heel_strike_s for one in steps]))


def _choose(movies: Sequence[StanceMovie], step: Step, rng: np.random.Generator) -> StanceMovie:
    own = [movie for movie in movies if movie.side == step.side] or movies
    return own[int(rng.integers(len(own)))]


def _lay(movie: StanceMovie, step: Step, mat: Mat) -> _StanceOnMat | None:
    """Distribute the force of a stance's cells over those of the mat; None for a foot beside the mat.

    Pressure is constant over a cell's area: points all over it carry its force to the cell of the mat that holds them.
    """
    count = int(np.ceil(np.linalg.norm(movie.edges_mm, axis=1).max() / _FINEST_MM))
    steps = (np.arange(count) + 0.5) / count - 0.5
    inside = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2) @ movie.edges_mm
    frame = np.stack([direction(step.heading_rad), outwards(step.heading_rad, step.side)])
    points = step.heel_mm + (movie.positions_mm[:, None] + inside).reshape(-1, 2) @ frame
    target = np.floor(points / mat.pitch_mm + 0.5).astype(np.int64)
    source = np.repeat(np.arange(len(movie.positions_mm)), count**2)
    kept = ((target >= 0) & (target < (mat.rows, mat.columns))).all(axis=1)
    if not kept.any():
        return None
    low, high = target[kept].min(axis=0), target[kept].max(axis=0) + 1
    row, column = (target[kept] - low).T
    size = (int((high - low).prod()), len(movie.positions_mm))
    entries = (np.full(int(kept.sum()), count**-2.0), (row * (high[1] - low[1]) + column, source[kept]))
    weights = coo_array(entries, shape=size).tocsr()  # sums up the points of equal cells
    impulse = movie.pressure_kpa.sum(axis=0)
    return _StanceOnMat(
        slice(int(low[0]), int(high[0])),
        slice(int(low[1]), int(high[1])),
        weights,
        float((weights @ impulse).sum() / impulse.sum()),
    )


def _press(
    movie: StanceMovie, step: Step, laid: _StanceOnMat, mat: Mat, times_s: Floats, mean_n: float
) -> PressureWindow:
    first, last = (int(k) for k in np.searchsorted(times_s, [step.heel_strike_s, step.toe_off_s]))
    phases = (times_s[first:last] - step.heel_strike_s) / (step.toe_off_s - step.heel_strike_s)
    # The unit of the cells cancels: they only count relative to the mean force of the stance.
    pressure = movie.at(phases) * (mean_n / movie.pressure_kpa.sum(axis=1).mean())
    box = Box(slice(first, last), laid.rows, laid.columns)
    spread = (laid.weights @ pressure.T).T * (1e3 / (mat.pitch_mm[0] * mat.pitch_mm[1]))
    return PressureWindow(box, spread.reshape(box.shape).astype(np.float32))


def _add_load(window: PressureWindow, mat: Mat, force_n: Floats, moment: Floats) -> None:
    """Add the force of a window to that of its foot, (frames,), and its moment to (frames, 2), in place."""
    box = window.box
    cell_n = window.pressure_kpa.astype(np.float64) * (1e-3 * mat.pitch_mm[0] * mat.pitch_mm[1])
    force_n[box.frames] += cell_n.sum(axis=(1, 2))
    y, x = (np.arange(part.start, part.stop) * pitch for part, pitch in zip(box.parts[1:], mat.pitch_mm, strict=True))
    moment[box.frames] += np.stack([cell_n.sum(axis=2) @ y, cell_n.sum(axis=1) @ x], axis=1)
