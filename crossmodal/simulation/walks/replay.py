"""Semi-real walks: real stances, laid on a silent mat at chosen places and times, so that their truth is exact."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from crossmodal.randomness import generator
from crossmodal.simulation.walks.foothold import Foothold
from crossmodal.simulation.walks.footprint import direction, outwards
from crossmodal.simulation.walks.footstep import box_of, describe_footstep
from crossmodal.simulation.walks.mat import Mat
from crossmodal.simulation.walks.parameter import measure_gait
from crossmodal.simulation.walks.press import Box, Pressing
from crossmodal.simulation.walks.record import record_pressings
from crossmodal.simulation.walks.replay_stance import StanceMovie
from crossmodal.simulation.walks.sensor import SensorModel, draw_clock, make_cells
from crossmodal.simulation.walks.simulate import SimulatedWalk
from crossmodal.simulation.walks.truth import WalkTruth
from crossmodal.simulation.walks.walker import SIDES

Floats = NDArray[np.float64]

_FINEST_MM = 0.5  # distance of the points that stand for a cell's area when it is laid on other cells
_END_S = 0.5


@dataclass(frozen=True, eq=False)
class _Laid:
    """A movie's cells on a mat: sparse (cells of the window, cells of the movie), shares of the latter's force."""

    rows: slice
    columns: slice
    shares: csr_array
    on_mat: float


def replay_walk(
    movies: Sequence[StanceMovie],
    footholds: Sequence[Foothold],
    mat: Mat,
    seed: int,
    index: int,
    *,
    sensor: SensorModel | None = None,
    weight_n: float = 700.0,
) -> SimulatedWalk:
    """Lay real stances down as the steps of a walk.

    A step takes one of its own foot's movies by chance, or a mirrored one of the other foot where it has none. The
    movie is turned and moved to its foothold, which spreads the force of its cells over those of the mat and loses
    none; its time is stretched so that the first load begins at the heel strike and the last one ends at the toe off;
    and its pressure is scaled so that the feet bear the body weight on average (movies of two feet, or of sensors that
    are not calibrated, differ in gain). A movie was scanned by its own sensor: the model's ``row_scan_s`` is left out.

    Args:
        movies: stances, best of one person.
        footholds: the steps, in order of time.
        mat: on which they stand.
        seed: of all walks.
        index: which of them; the choice of movies and the sensor's noise depend on it.
        sensor: what the mat makes of the pressure; a perfect one by default.
        weight_n: body weight.

    Returns:
        The walk; its truth names no `Walker`, has forces and centres of pressure of one, and heels, axes and second
        metatarsal heads as the library finds them on the original prints.

    Raises:
        ValueError: no movie or no foothold.
    """
    if not movies or not footholds:
        raise ValueError(f"a walk needs stances and footholds, got {len(movies)} and {len(footholds)}")
    sensor = SensorModel() if sensor is None else sensor
    rng = generator(seed, "walking/replay", index)
    seconds = footholds[-1].toe_off_s + _END_S
    cells, clock = make_cells(sensor, mat, rng), draw_clock(sensor, seconds, rng)
    mean_n = _mean_force_n(footholds, weight_n)
    force, moment = np.zeros((len(clock[0]), 1, 2)), np.zeros((len(clock[0]), 1, 2, 2))
    footsteps, pressings = [], []
    for foothold in footholds:
        movie = _choose(movies, foothold, rng)
        laid = _lay(movie, foothold, mat)
        if laid is None:
            continue
        pressing = _press(movie, foothold, laid, mat, clock[0], mean_n)
        _add_load(pressing, mat, force[:, 0, SIDES.index(foothold.side)], moment[:, 0, SIDES.index(foothold.side)])
        footsteps.append(
            describe_footstep(
                foothold.side,
                (foothold.heel_strike_s, foothold.toe_off_s),
                foothold.heel_mm,
                foothold.heading_rad,
                foothold.path_rad,
                metatarsal_mm=np.array([movie.reach_mm, 0.0]),
                middle_mm=movie.middle_mm,
                size_mm=movie.size_mm,
                box_mm=box_of(laid.rows, laid.columns, mat.pitch_mm),
                on_mat=laid.on_mat,
            )
        )
        pressings.append(pressing)
    truth = WalkTruth(
        walkers=(),
        footsteps=tuple(footsteps),
        times_s=clock[0],
        force_n=force.astype(np.float32),
        cop_mm=(moment / np.where(force > 0, force, np.nan)[..., None]).astype(np.float32),
        parameters=(measure_gait(footsteps),),
    )
    meta = {"seed": seed, "index": index, "sensor": sensor.as_json()}
    recording = record_pressings(pressings, mat, sensor, cells, clock, seconds, rng, source="replayed", meta=meta)
    return SimulatedWalk(recording, truth)


def _mean_force_n(footholds: Sequence[Foothold], weight_n: float) -> float:
    """Mean force of a stance with which the feet together bear the body: stances last longer than steps."""
    if len(footholds) < 2:
        return weight_n
    step_s = float(np.mean(np.diff([one.heel_strike_s for one in footholds])))
    return weight_n * step_s / float(np.mean([one.toe_off_s - one.heel_strike_s for one in footholds]))


def _choose(movies: Sequence[StanceMovie], foothold: Foothold, rng: np.random.Generator) -> StanceMovie:
    own = [movie for movie in movies if movie.side == foothold.side] or movies
    return own[int(rng.integers(len(own)))]


def _lay(movie: StanceMovie, foothold: Foothold, mat: Mat) -> _Laid | None:
    """Share the force of a movie's cells among those of the mat; None when the foot lies beside it.

    A cell's pressure is even over its area: points all over it carry its force to the cell of the mat they lie in.
    """
    count = int(np.ceil(np.linalg.norm(movie.edges_mm, axis=1).max() / _FINEST_MM))
    steps = (np.arange(count) + 0.5) / count - 0.5
    inside = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2) @ movie.edges_mm
    frame = np.stack([direction(foothold.heading_rad), outwards(foothold.heading_rad, foothold.side)])
    points = foothold.heel_mm + (movie.places_mm[:, None] + inside).reshape(-1, 2) @ frame
    met = np.floor(points / mat.pitch_mm + 0.5).astype(np.int64)
    source = np.repeat(np.arange(len(movie.places_mm)), count**2)
    kept = ((met >= 0) & (met < (mat.rows, mat.columns))).all(axis=1)
    if not kept.any():
        return None
    low, high = met[kept].min(axis=0), met[kept].max(axis=0) + 1
    row, column = (met[kept] - low).T
    size = (int((high - low).prod()), len(movie.places_mm))
    entries = (np.full(int(kept.sum()), count**-2.0), (row * (high[1] - low[1]) + column, source[kept]))
    shares = coo_array(entries, shape=size).tocsr()  # sums up the points of equal places
    impulse = movie.pressure_kpa.sum(axis=0)
    return _Laid(
        slice(int(low[0]), int(high[0])),
        slice(int(low[1]), int(high[1])),
        shares,
        float((shares @ impulse).sum() / impulse.sum()),
    )


def _press(movie: StanceMovie, foothold: Foothold, laid: _Laid, mat: Mat, times_s: Floats, mean_n: float) -> Pressing:
    first, last = (int(k) for k in np.searchsorted(times_s, [foothold.heel_strike_s, foothold.toe_off_s]))
    phases = (times_s[first:last] - foothold.heel_strike_s) / (foothold.toe_off_s - foothold.heel_strike_s)
    # The cells' own unit drops out: what counts is their share of the mean force of the stance.
    pressure = movie.at(phases) * (mean_n / movie.pressure_kpa.sum(axis=1).mean())
    box = Box(slice(first, last), laid.rows, laid.columns)
    spread = (laid.shares @ pressure.T).T * (1e3 / (mat.pitch_mm[0] * mat.pitch_mm[1]))
    return Pressing(box, spread.reshape(box.shape).astype(np.float32))


def _add_load(pressing: Pressing, mat: Mat, force_n: Floats, moment: Floats) -> None:
    """Add the force of a pressing to that of its foot, (frames,), and its moment to (frames, 2), in place."""
    box = pressing.box
    cell_n = pressing.pressure_kpa.astype(np.float64) * (1e-3 * mat.pitch_mm[0] * mat.pitch_mm[1])
    force_n[box.frames] += cell_n.sum(axis=(1, 2))
    y, x = (np.arange(part.start, part.stop) * pitch for part, pitch in zip(box.parts[1:], mat.pitch_mm, strict=True))
    moment[box.frames] += np.stack([cell_n.sum(axis=2) @ y, cell_n.sum(axis=1) @ x], axis=1)
