"""Footsteps from the predictions of a network: those of an oracle give the truth."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from crossmodal.errors import WeightsError
from crossmodal.gait import Stance, analyse
from crossmodal.gait.crops import GRID, Candidate, find_candidates
from crossmodal.gait.learned import GaitReader, join_crops
from crossmodal.models import GaitOutput
from crossmodal.models.gait_from_touch import UNIT_MM
from crossmodal.simulation.walks import (
    EMED_LIKE,
    Footstep,
    Mat,
    SimulatedWalk,
    draw_walker,
    simulate_insoles,
    simulate_walk,
)
from crossmodal.simulation.walks.walker import Pathology

MAT = Mat(400, 160, (5.0, 5.0))


class Oracle(nn.Module):
    """A network that predicts for every crop the true footstep nearest in space and time."""

    def __init__(self, walk: SimulatedWalk, doubtful: Iterable[int] = ()) -> None:
        super().__init__()
        self.unused = nn.Parameter(torch.zeros(1))
        self.walk = walk
        self.candidates = find_candidates(walk.recording)
        self.doubtful = set(doubtful)

    def forward(self, movie: Tensor, step_s: Tensor, valid: Tensor) -> GaitOutput:
        numbers = [self._candidate(movie[k, : int(valid[k].sum())]) for k in range(len(movie))]
        predicted = [self._predict(number, valid.shape[1]) for number in numbers]
        return GaitOutput(*(torch.stack(part) for part in zip(*predicted, strict=True)))

    def _candidate(self, movie: Tensor) -> int:
        return next(
            number
            for number, one in enumerate(self.candidates)
            if len(one.times_s) == len(movie) and np.array_equal(one.dense(), movie.numpy())
        )

    def _predict(self, number: int, frames: int) -> tuple[Tensor, ...]:
        crop = self.candidates[number]
        step = nearest_step(self.walk, crop)
        # A crop without the events of a footstep is not one.
        known = all(np.isfinite(crop.frame_of(time_s)) for time_s in (step.heel_strike_s, step.toe_off_s))
        cells = torch.arange(GRID[0] * GRID[1])
        middles = np.stack([cells // GRID[1], cells % GRID[1]], axis=1) + 0.5 - 0.5 * np.array(GRID)
        own = torch.from_numpy(step.contains(crop.to_mat(16.0 * middles), margin_mm=12.0)).float() * 20 - 10
        points = crop.to_crop(np.array([step.heel_mm, step.metatarsal_mm, step.centre_mm])) / UNIT_MM
        return (
            torch.tensor(5.0 if known and number not in self.doubtful else -5.0),
            torch.tensor(9.0 if step.side == "left" else -9.0),
            torch.zeros(frames),
            _at(crop.frame_of(step.heel_strike_s), frames),
            _at(crop.frame_of(step.toe_off_s), frames),
            torch.tensor(np.concatenate([points, np.array([step.size_mm]) / UNIT_MM]), dtype=torch.float32),
            own.reshape(1, *GRID).expand(frames, -1, -1),
        )


def _at(position: float, frames: int) -> Tensor:
    logits = torch.full((frames,), -30.0)
    low = int(np.nan_to_num(position))
    logits[low] = np.log(max(1 - position + low, 1e-9))
    logits[min(low + 1, frames - 1)] = np.log(max(position - low, 1e-9))
    return logits


def nearest_step(walk: SimulatedWalk, candidate: Candidate) -> Footstep:
    group = candidate.group
    middle_s = float(np.average(group.times_s, weights=group.pressure))
    return min(
        walk.truth.footsteps,
        key=lambda step: (
            np.linalg.norm(candidate.centre_mm - np.array(step.centre_mm))
            + 1000 * abs(middle_s - 0.5 * (step.heel_strike_s + step.toe_off_s))
        ),
    )


def walk_of(pathology: Pathology = "none") -> SimulatedWalk:
    return simulate_walk([draw_walker(0, 5, pathology=pathology)], MAT, 0, 0, 4.0, sensor=EMED_LIKE)


def stances_of(walk: SimulatedWalk, oracle: Oracle) -> tuple[Stance, ...]:
    return analyse(walk.recording, reader=GaitReader(oracle)).stances  # type: ignore[arg-type]  # a stand-in


def latest_end_s(walk: SimulatedWalk, stance: Stance) -> float:
    """Half a frame and 8 ms after the last load."""
    return float(stance.times_s[-1]) + 0.5 * float(np.median(np.diff(walk.recording.times_s))) + 0.008


@pytest.mark.parametrize("pathology", ["none", "drop_foot", "toe_walking"])
def test_the_truth_goes_in_and_comes_out(pathology: Pathology) -> None:
    walk = walk_of(pathology)
    stances = stances_of(walk, Oracle(walk))
    whole = [step for step in walk.truth.footsteps if step.on_mat > 0.99]
    assert len(whole) >= 2
    for step in whole:
        stance = min(stances, key=lambda one: abs(one.time_s - step.heel_strike_s))
        assert stance.heel_strike_s == pytest.approx(step.heel_strike_s, abs=1e-3)
        assert stance.toe_off_s == pytest.approx(min(step.toe_off_s, latest_end_s(walk, stance)), abs=1e-3)
        assert stance.side == step.side
        assert stance.footprint is not None
        assert np.linalg.norm(stance.footprint.heel_mm - np.array(step.heel_mm)) < 12


def test_a_foot_leaves_no_later_than_its_last_load_allows() -> None:
    walk = walk_of()
    late = Oracle(walk)
    steps = [replace(step, toe_off_s=step.toe_off_s + 0.05) for step in walk.truth.footsteps]
    late.walk = replace(walk, truth=replace(walk.truth, footsteps=tuple(steps)))
    exact = stances_of(walk, Oracle(walk))
    for stance, true in zip(stances_of(walk, late), exact, strict=True):
        assert true.toe_off_s <= stance.toe_off_s < true.toe_off_s + 0.01
        assert stance.toe_off_s == pytest.approx(latest_end_s(walk, stance))


def test_a_foot_that_shows_only_its_toes_has_the_axis_of_the_network() -> None:
    walk = walk_of("toe_walking")
    stances = stances_of(walk, Oracle(walk))
    learned = [one.footprint for one in stances if one.footprint is not None and one.footprint.axis_from == "learned"]
    assert len(learned) >= 2
    for footprint in learned:
        step = min(walk.truth.footsteps, key=lambda s: float(np.linalg.norm(footprint.heel_mm - np.array(s.heel_mm))))
        np.testing.assert_allclose(footprint.heel_mm, step.heel_mm, atol=0.1)


def test_candidates_with_a_low_score_are_no_footsteps() -> None:
    walk = walk_of()
    oracle = Oracle(walk)
    assert len(stances_of(walk, Oracle(walk, range(len(oracle.candidates))))) == 0
    assert len(stances_of(walk, Oracle(walk, [0]))) == len(stances_of(walk, oracle)) - 1


def test_two_candidates_of_one_footstep_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    walk = walk_of()
    oracle = Oracle(walk)
    twice = [*oracle.candidates, oracle.candidates[1]]
    monkeypatch.setattr("crossmodal.gait.learned.find_candidates", lambda recording: twice)
    assert len(stances_of(walk, oracle)) == len(oracle.candidates)


def test_crops_of_different_lengths_are_padded() -> None:
    crops = find_candidates(walk_of().recording)
    movies, step_s, valid = join_crops(crops)
    assert valid.sum(dim=1).tolist() == [len(crop.times_s) for crop in crops]
    assert (movies[~valid] == 0).all()
    assert movies.shape[1] == step_s.shape[1] == max(len(crop.times_s) for crop in crops)


def test_no_other_method_takes_a_network() -> None:
    walk = walk_of()
    with pytest.raises(ValueError, match="only the method learned takes a network"):
        analyse(walk.recording, "classical", reader=GaitReader(Oracle(walk)))  # type: ignore[arg-type]  # a stand-in
    with pytest.raises(ValueError, match="only the method learned takes a network"):
        analyse(walk.recording, "threshold-20", weights="gait_from_touch/walks")


def test_weights_that_are_named_are_looked_for_even_where_no_mat_is_read() -> None:
    with pytest.raises(WeightsError, match="no such weights"):
        analyse(list(simulate_insoles(draw_walker(0, 0), 0, 0, 4.0).recordings), weights="nowhere")
