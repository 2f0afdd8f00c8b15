"""Semi-real walks: real stances, replayed at positions and times of real steps.

The roll-over of pressure, the positions of the feet and the durations of steps and stances come from real recordings.
The times of heel strike and toe off and the heel centres, which no recording gives exactly, are exact by construction
(`crossmodal.simulation.walks.replay_walk`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from crossmodal.errors import DatasetError
from crossmodal.evaluation.gait.semi_real_plan import draw_steps
from crossmodal.evaluation.gait.semi_real_stance import cut_stances
from crossmodal.gait import Stance, analyse
from crossmodal.gait.analysis import Method
from crossmodal.randomness import generator
from crossmodal.simulation.walks import (
    EMED_LIKE,
    Mat,
    SensorModel,
    SimulatedWalk,
    StanceMovie,
    replay_walk,
)
from crossmodal.tactile import read
from crossmodal.tactile.recording import ArrayFrames, InsoleRecording, PressureRecording

_MAT = Mat(720, 240, (5.0, 5.0))
#: Contacts only give the rhythm of steps: any rule that is the same for both feet is suitable.
_RULE: Method = "threshold-20"


@dataclass(frozen=True, eq=False)
class SemiReal:
    """The real recordings of which semi-real walks are made.

    Attributes:
        feet: real stances by the name of their source.
        prints: successive footprints of a real walk, which give the positions.
        contacts: stances of real walks, which give the times; one tuple for each walk.
    """

    feet: dict[str, tuple[StanceMovie, ...]]
    prints: tuple[Stance, ...]
    contacts: tuple[tuple[Stance, ...], ...]

    def walk(
        self, seed: int, index: int, *, mat: Mat = _MAT, sensor: SensorModel = EMED_LIKE, source: str | None = None
    ) -> SimulatedWalk:
        """Make walk ``index`` of a seed: stances of one source (by default in turn), rhythm of one walk."""
        rng = generator(seed, "evaluation/semi_real", index)
        movies = self.feet[source or list(self.feet)[index % len(self.feet)]]
        contacts = self.contacts[int(rng.integers(len(self.contacts)))]
        steps = draw_steps(self.prints, contacts, mat, rng)
        weight_n = 700.0 * float(np.exp(0.15 * rng.normal()))
        return replay_walk(movies, steps, mat, seed, index, sensor=sensor, weight_n=weight_n)


def read_semi_real(
    feet: Mapping[str, Sequence[Path]], prints: Sequence[Path], walks: Sequence[Sequence[Path]]
) -> SemiReal:
    """Read the real recordings that semi-real walks are made of.

    Args:
        feet: recordings of single feet, on a plate or in an insole, by the name of their source.
        prints: recordings of the successive footprints of one walk, one for each print.
        walks: recordings of insoles that give the rhythm of steps; one list for each walk.

    Raises:
        DatasetError: a source has no whole stance of a known foot.
        FormatError: a recording cannot be read.
    """
    movies = {}
    for name, paths in feet.items():
        recordings = [one for path in paths for one in _grids_of(read(path))]
        movies[name] = tuple(movie for one in recordings for movie in cut_stances(one))
        if not movies[name]:
            where = ", ".join(str(path) for path in paths) or "no recording"
            raise DatasetError(f"{name}: {where}: no whole stance of a known foot; give a recording that has one")
    contacts = tuple(analyse([read(path) for path in paths], _RULE).stances for paths in walks)
    return SemiReal(movies, analyse([read(path) for path in prints], "classical").stances, contacts)


def _grids_of(recording: PressureRecording | InsoleRecording) -> list[PressureRecording]:
    """Return the grids of an insole recording whose cells form grids, row by row (``meta["grids"]``)."""
    if isinstance(recording, PressureRecording):
        return [recording]
    grids = []
    for side, (rows, columns) in recording.meta["grids"].items():
        cells = recording.cells_of(side)
        positions = recording.positions_mm[cells].reshape(rows, columns, 2)
        steps = positions[1, 0, 0] - positions[0, 0, 0], positions[0, 1, 1] - positions[0, 0, 1]
        pitch = float(abs(steps[0])), float(abs(steps[1]))
        grids.append(
            PressureRecording(
                frames=ArrayFrames(recording.values[:, cells].reshape(-1, rows, columns)),
                times_s=recording.times_s,
                pitch_mm=pitch,
                valid=recording.valid[cells].reshape(rows, columns),
                side=side,
                sensor=recording.sensor,
                source=recording.source,
            )
        )
    return grids
