"""The kinds of walks that gait is measured on: simulated ones, semi-real ones, and insoles."""

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

#: Stances of one person or one plate, by the files of the folder of real recordings that hold them.
_FEET = {
    "emed": ("emed_footscan_xsensor_pedar/emed_test.lst",),
    "footscan": ("emed_footscan_xsensor_pedar/footscan_test.xls",),
    "F-Scan": ("fscan_pair/FrasP01L.asf", "fscan_pair/FrasP01R.asf"),
    "XSENSOR": ("emed_footscan_xsensor_pedar/xsensor_data.csv",),
}
_PRINTS = "zebris_walkway/*.apd"
_TRIALS = "gaitpdb/*.txt"

#: Recordings of one walk, and its truth.
Walk = tuple[Sequence[Recording], WalkTruth]


class Condition(NamedTuple):
    """A kind of walk: made from a seed and a number; ``told`` says whether parameters have one exact truth."""

    name: str
    make: Callable[[int, int], Walk]
    told: bool = True


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
    Condition("two walkers", _walk(people=2, first=4000), told=False),
    Condition("to and fro, prints overlap", _walk(mat=Mat(400, 100, (5.0, 5.0)), seconds=20.0, first=9000)),
    Condition("limping (antalgic)", _walk(pathology="antalgic", first=5000)),
    Condition("toe walking", _walk(pathology="toe_walking", first=6000)),
    Condition("drop foot, toes drag", _walk(pathology="drop_foot", first=7000)),
    Condition("shuffling", _walk(pathology="shuffling", first=8000)),
]


def list_semi_real(folder: Path) -> list[Condition]:
    """Semi-real walks of every source of stances on a plate, and of all of them on coarse mats of random sensors.

    Raises:
        DatasetError: the folder does not hold the recordings.
    """
    feet = {name: [path for place in places for path in _existing(folder, place)] for name, places in _FEET.items()}
    walks = [feet["F-Scan"], *([path] for path in _existing(folder, _TRIALS))]
    made_of = read_semi_real(feet, _existing(folder, _PRINTS), walks)
    plates = [Condition(f"semi-real, {source}", _replay(made_of, source)) for source in made_of.feet]
    return [*plates, Condition("semi-real, 10 mm, random sensors", _replay(made_of, None))]


def _existing(folder: Path, pattern: str) -> list[Path]:
    found = sorted(folder.glob(pattern))
    if not found:
        raise DatasetError(f"{folder}: no {pattern} in it; semi-real walks are made of the recordings of that name")
    return found


def _replay(made_of: SemiReal, source: str | None) -> Callable[[int, int], Walk]:
    def make(seed: int, index: int) -> Walk:
        mat, sensor = (MAT, EMED_LIKE) if source else (_COARSE, draw_sensor(seed, 9000 + index))
        walk = made_of.walk(seed, index, source=source, mat=mat, sensor=sensor)
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
