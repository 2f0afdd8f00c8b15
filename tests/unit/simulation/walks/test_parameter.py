"""Parameters of exact footsteps agree with those that an analysis would report of the same steps."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from crossmodal.gait import Contact, Curves, Footprint, Stance
from crossmodal.gait.parameters import DEFINITIONS, measure_walk, summarise
from crossmodal.gait.walkers import directions_of
from crossmodal.simulation.walks import Footstep, Mat, draw_walker, measure_gait, simulate_walk
from crossmodal.simulation.walks.parameter import progression_lines


def stance_of(step: Footstep) -> Stance:
    heel, head = np.array(step.heel_mm), np.array(step.metatarsal_mm)
    footprint = Footprint(
        positions_mm=np.zeros((1, 2)),
        peaks=np.ones(1),
        integrals=np.ones(1),
        areas_mm2=np.ones(1),
        pitch_mm=(5.0, 5.0),
        axis=(head - heel) / np.linalg.norm(head - heel),
        axis_from="metatarsal",
        heel_mm=heel,
        metatarsal_mm=head,
        centre_mm=heel,
        length_mm=250.0,
        width_mm=90.0,
        begin_mm=0.0,
        partial=step.on_mat < 0.999,
    )
    times_s = np.array([step.heel_strike_s, step.toe_off_s])
    return Stance(
        side=step.side,
        contact=Contact(step.heel_strike_s, step.toe_off_s, 0, 1),
        curves=Curves(0, times_s, np.ones(2), np.zeros((2, 2)), np.zeros((1, 2)), np.ones(1), np.ones(1)),
        footprint=footprint,
        passage=step.crossing,
    )


@pytest.mark.parametrize("path", ["straight", "oblique", "turning"])
@pytest.mark.parametrize("pathology", ["none", "antalgic"])
def test_they_are_those_of_an_analysis_of_the_same_steps(path: str, pathology: str) -> None:
    mat = Mat(400, 160, (10.0, 10.0))
    walks = [simulate_walk([draw_walker(8, k, pathology=pathology)], mat, 8, k, 7.0, path=path) for k in range(6)]
    for steps in (walk.truth.footsteps for walk in walks):
        if all(a.side != b.side for a, b in pairwise(steps) if a.crossing == b.crossing):
            compare(steps)


def compare(steps: Sequence[Footstep]) -> None:
    samples = measure_walk([stance_of(step) for step in steps], on_a_mat=True)
    found = {one.name: one.value for one in summarise(samples) if one.side is None}
    measured = measure_gait(steps)
    assert set(measured) <= set(DEFINITIONS)
    for name, value in measured.items():
        assert value == pytest.approx(found[name], rel=1e-9), name


def test_a_stop_parts_a_walk_and_what_is_not_known_lends_nothing() -> None:
    steps = list(simulate_walk([draw_walker(8, 2)], Mat(600, 120, (10.0, 10.0)), 8, 2, 6.0).truth.footsteps)
    first = [step for step in steps if step.crossing == 0]
    whole = measure_gait(first)
    stopped = [*first[:3], replace(first[3], stands=True, toe_off_s=first[3].toe_off_s + 3.0), *first[4:]]
    assert measure_gait(stopped)["stride_time"] == pytest.approx(whole["stride_time"], rel=0.1)
    unknown = measure_gait([replace(first[0], heel_strike_s=np.nan), *first[1:]])
    assert np.isfinite([unknown["step_time"], unknown["initial_double_support"]]).all()
    assert np.isnan(list(measure_gait([]).values())).all()


class TestProgressionLines:
    """The simulator's line of progression, against what is known and against the analysis' own one."""

    @pytest.mark.parametrize("turn_deg", [0.0, 30.0, 90.0, 151.0, -135.0])
    @pytest.mark.parametrize("count", [4, 5, 12])
    def test_a_straight_walk_has_the_direction_that_it_was_laid_in(self, turn_deg: float, count: int) -> None:
        heels = straight(turn_deg, count)
        ahead = [np.cos(np.deg2rad(turn_deg)), np.sin(np.deg2rad(turn_deg))]
        assert progression_lines(heels) == pytest.approx(np.tile(ahead, (count, 1)), abs=1e-9)

    def test_a_turning_walk_follows_its_tangents(self) -> None:
        angles = np.arange(12) * 0.25
        radius = 2500.0 + 40.0 * np.tile([1.0, -1.0], 6)
        heels = radius[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        lines = progression_lines(heels)
        # The chord from one and a half steps before a print to one and a half after it is parallel to its tangent.
        tangents = np.stack([-np.sin(angles), np.cos(angles)], axis=1)
        assert np.rad2deg(np.arccos((lines * tangents).sum(axis=1)))[2:-2].max() < 1e-3
        assert np.linalg.norm(lines, axis=1) == pytest.approx(1.0)

    @pytest.mark.parametrize("turn_deg", [0.0, 30.0, 90.0, 151.0, -135.0])
    @pytest.mark.parametrize("bend", [0.0, 0.01, 0.1, 0.3])
    @pytest.mark.parametrize("count", [2, 3, 4, 5, 9])
    def test_it_agrees_with_the_analysis(self, turn_deg: float, bend: float, count: int) -> None:
        draws = np.random.default_rng(count)
        angles = bend * np.arange(count)
        turns = np.stack([np.cos(angles), -np.sin(angles), np.sin(angles), np.cos(angles)], axis=1).reshape(-1, 2, 2)
        heels = np.einsum("nij,nj->ni", turns, straight(turn_deg, count)) + draws.normal(size=(count, 2)) * 8.0
        assert progression_lines(heels) == pytest.approx(directions_of(heels), abs=1e-9)

    def test_fewer_than_two_prints_have_none(self) -> None:
        assert np.isnan(progression_lines(np.zeros((1, 2)))).all()
        assert progression_lines(np.zeros((0, 2))).shape == (0, 2)


def straight(turn_deg: float, count: int) -> np.ndarray:
    """Heels every 600 mm, in turns 60 mm to the right and to the left of the way."""
    turn = np.deg2rad(turn_deg)
    ahead, right = np.array([np.cos(turn), np.sin(turn)]), np.array([np.sin(turn), -np.cos(turn)])
    sides = np.where(np.arange(count) % 2 == 0, 60.0, -60.0)
    return 1000.0 + np.outer(600.0 * np.arange(count), ahead) + np.outer(sides, right)
