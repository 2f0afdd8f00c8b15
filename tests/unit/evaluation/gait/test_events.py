"""Scores of gait, on stances that are made from the truth."""

from dataclasses import replace

import numpy as np
import pytest

from crossmodal.evaluation.gait.events import score_walk, summarise_walks
from crossmodal.gait import Contact, Curves, Footprint, Stance
from crossmodal.simulation.walks import Mat, draw_walker, simulate_walk


@pytest.fixture(scope="module")
def truth():
    return simulate_walk([draw_walker(0, 0)], Mat(400, 120, (10.0, 10.0)), 0, 0, 6.0).truth


def stance_of(step):
    axis = np.array(step.metatarsal_mm) - np.array(step.heel_mm)
    footprint = Footprint(
        positions_mm=np.zeros((1, 2)),
        peaks=np.ones(1),
        integrals=np.ones(1),
        areas_mm2=np.ones(1),
        pitch_mm=(5.0, 5.0),
        axis=axis / np.linalg.norm(axis),
        axis_from="metatarsal",
        heel_mm=np.array(step.heel_mm),
        metatarsal_mm=np.array(step.metatarsal_mm),
        centre_mm=np.array(step.centre_mm),
        length_mm=250.0,
        width_mm=90.0,
        begin_mm=0.0,
    )
    times_s = np.array([step.heel_strike_s, step.toe_off_s])
    return Stance(
        side=step.side,
        contact=Contact(step.heel_strike_s, step.toe_off_s, 0, 1),
        curves=Curves(0, times_s, np.ones(2), np.zeros((2, 2)), np.zeros((1, 2)), np.ones(1), np.ones(1)),
        footprint=footprint,
        walker=step.walker,
        passage=step.crossing,
    )


def test_the_truth_itself_scores_full_marks(truth):
    summary = summarise_walks([score_walk([stance_of(step) for step in truth.footsteps], truth)], samples=10)
    assert summary["footsteps"] >= 4
    for name in ("heel_strike_f1_20ms", "toe_off_f1_50ms", "side_accuracy", "walker_accuracy"):
        assert summary[name] == 1.0
    for name in ("heel_strike_bias_ms", "toe_off_median_ms", "heel_mm", "axis_deg"):
        assert summary[name] == pytest.approx(0.0, abs=1e-4)


def test_every_fault_lowers_its_own_figure(truth):
    stances = [stance_of(step) for step in truth.footsteps]
    late = [replace(stance, contact=stance.contact._replace(toe_off_s=stance.toe_off_s + 0.03)) for stance in stances]
    score = summarise_walks([score_walk(late, truth)], samples=10)
    assert score["toe_off_f1_20ms"] == 0.0
    assert score["toe_off_f1_50ms"] == 1.0
    assert score["toe_off_bias_ms"] == pytest.approx(30.0)
    assert score["heel_strike_f1_20ms"] == 1.0
    swapped = [replace(stance, side="left" if stance.side == "right" else "right") for stance in stances]
    assert score_walk(swapped, truth).sides == 0


def test_missed_and_invented_steps_both_count(truth):
    stances = [stance_of(step) for step in truth.footsteps]
    whole = score_walk(stances, truth)
    middle = len(stances) // 2
    missed = score_walk(stances[:middle] + stances[middle + 1 :], truth)
    assert (missed.true, missed.found) == (whole.true, whole.found - 1)
    elsewhere = replace(stances[middle].footprint, heel_mm=stances[middle].footprint.heel_mm + 1000.0)
    invented = score_walk([*stances, replace(stances[middle], footprint=elsewhere)], truth)
    assert (invented.true, invented.found) == (whole.true, whole.found + 1)


def test_nothing_found_is_no_crash(truth):
    summary = summarise_walks([score_walk([], truth)], samples=10)
    assert summary["heel_strike_f1_50ms"] == 0.0
    assert np.isnan(summary["heel_mm"])
