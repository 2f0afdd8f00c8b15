"""The conditions of the gait benchmark: simulated walks, semi-real walks, and insoles."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from crossmodal.errors import DatasetError
from crossmodal.evaluation.gait.semi_real import SemiReal, read_semi_real
from crossmodal.simulation.walks import (
    EMED_LIKE,
    LAYOUTS,
    Layout,
    Mat,
    PathKind,
    Pathology,
    WalkTruth,
    draw_insoles,
    draw_sensor,
    draw_walker,
    simulate_insoles,
    simulate_walk,
)
from crossmodal.tactile.recording import Recording

SECONDS = 8.0
MAT = Mat(720, 240, (5.0, 5.0))
_COARSE = Mat(360, 120, (10.0, 10.0))
_INSOLE_SECONDS = 10.0

#: Files with stances of single feet in the folder of real recordings, by source.
_FEET = {
    "emed": ("emed_footscan_xsensor_pedar/emed_test.lst",),
    "footscan": ("emed_footscan_xsensor_pedar/footscan_test.xls",),
    "F-Scan": ("fscan_pair/FrasP01L.asf", "fscan_pair/FrasP01R.asf"),
    "XSENSOR": ("emed_footscan_xsensor_pedar/xsensor_data.csv",),
}
_PRINTS = "zebris_walkway/*.apd"
_TRIALS = "gaitpdb/*.txt"

#: The recordings of one walk, and its truth.
Walk = tuple[Sequence[Recording], WalkTruth]


class Condition(NamedTuple):
    """A kind of walk.

    Attributes:
        name: of the condition.
        make: returns walk ``index`` of a seed.
        one_walker: whether the walk has a single walker, so that its parameters are scored.
    """

    name: str
    make: Callable[[int, int], Walk]
    one_walker: bool = True


def _walk(
    *,
    people: int = 1,
    pathology: Pathology = "none",
    path: PathKind = "straight",
    sensors: bool = False,
    mat: Mat = MAT,
    seconds: float = SECONDS,
    first: int = 0,
) -> Callable[[int, int], Walk]:
    def make(seed: int, index: int) -> Walk:
        walkers = [draw_walker(seed, first + people * index + k, pathology=pathology) for k in range(people)]
        sensor = draw_sensor(seed, first + index) if sensors else EMED_LIKE
        walk = simulate_walk(walkers, mat, seed, first + index, seconds, sensor=sensor, path=path)
        return [walk.recording], walk.truth

    return make


SIMULATED = [
    Condition("straight", _walk(first=0)),
    Condition("straight, random sensors", _walk(sensors=True, first=1000)),
    Condition("oblique", _walk(path="oblique", first=2000)),
    Condition("turning", _walk(path="turning", first=3000)),
    Condition("two walkers", _walk(people=2, first=4000), one_walker=False),
    Condition("to and fro, prints overlap", _walk(mat=Mat(400, 100, (5.0, 5.0)), seconds=20.0, first=9000)),
    Condition("limping (antalgic)", _walk(pathology="antalgic", first=5000)),
    Condition("toe walking", _walk(pathology="toe_walking", first=6000)),
    Condition("drop foot, toes drag", _walk(pathology="drop_foot", first=7000)),
    Condition("shuffling", _walk(pathology="shuffling", first=8000)),
]


def list_semi_real(folder: Path) -> list[Condition]:
    """Return semi-real walks of every source of stances, and of all sources on coarse mats with random sensors.

    Raises:
        DatasetError: the folder lacks some of the recordings.
    """
    feet = {name: [path for file in files for path in _existing(folder, file)] for name, files in _FEET.items()}
    walks = [feet["F-Scan"], *([path] for path in _existing(folder, _TRIALS))]
    semi_real = read_semi_real(feet, _existing(folder, _PRINTS), walks)
    plates = [Condition(f"semi-real, {source}", _replay(semi_real, source)) for source in semi_real.feet]
    return [*plates, Condition("semi-real, 10 mm, random sensors", _replay(semi_real, None))]


def _existing(folder: Path, pattern: str) -> list[Path]:
    found = sorted(folder.glob(pattern))
    if not found:
        raise DatasetError(f"{folder}: no {pattern}; semi-real walks need the recordings of that name")
    return found


def _replay(semi_real: SemiReal, source: str | None) -> Callable[[int, int], Walk]:
    def make(seed: int, index: int) -> Walk:
        mat, sensor = (MAT, EMED_LIKE) if source else (_COARSE, draw_sensor(seed, 9000 + index))
        walk = semi_real.walk(seed, index, source=source, mat=mat, sensor=sensor)
        return [walk.recording], walk.truth

    return make


def _insoles(layout: Layout, first: int) -> Callable[[int, int], Walk]:
    def make(seed: int, index: int) -> Walk:
        model = draw_insoles(seed, first + index, layout)
        walk = simulate_insoles(draw_walker(seed, first + index), seed, first + index, _INSOLE_SECONDS, model)
        return walk.recordings, walk.truth

    return make


INSOLES = [
    Condition(f"insoles, {layout}", _insoles(layout, 10_000 + 1000 * number)) for number, layout in enumerate(LAYOUTS)
]
