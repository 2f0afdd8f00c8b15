"""Scores of parameters and of insoles, on analyses that are made from the truth."""

from dataclasses import replace

import numpy as np
import pytest

from crossmodal.evaluation.gait.events import score_insoles, summarise_walks
from crossmodal.evaluation.gait.parameters import score_parameters, summarise_parameters
from crossmodal.gait import Contact, Curves, GaitAnalysis, Parameter, Stance
from crossmodal.simulation.walks import Mat, draw_walker, simulate_insoles, simulate_walk


@pytest.fixture(scope="module")
def walk():
    return simulate_walk([draw_walker(0, 1)], Mat(500, 200, (8.0, 8.0)), 0, 1, 6.0)


def analysis_of(truth, **changes):
    """An analysis that found the truth, except for the changes."""
    found = truth.parameters[0] | {name: truth.parameters[0][name] + by for name, by in changes.items()}
    parameters = tuple(Parameter(name, value, 0.0, "", 9, None, "") for name, value in found.items())
    return GaitAnalysis("walkway", "classical", (), (), parameters, (), "kPa", 100.0, "simulated")


def test_the_truth_itself_has_no_error(walk):
    inside = replace(walk.truth, times_s=np.array([-1.0, 99.0]))
    errors = score_parameters(analysis_of(walk.truth), inside)
    assert list(errors.values()) == pytest.approx([0.0] * len(errors), abs=1e-9)


def test_an_error_shows_where_it_is_and_keeps_its_sign(walk):
    inside = replace(walk.truth, times_s=np.array([-1.0, 99.0]))
    errors = [score_parameters(analysis_of(walk.truth, step_width=by), inside) for by in (-12.0, 2.0, 4.0)]
    summary = summarise_parameters(errors, samples=200)
    assert summary["step_width_mae"] == pytest.approx(6.0)
    assert summary["step_width_bias"] == pytest.approx(-2.0)
    assert summary["step_width_bias_low"] < -2.0 < summary["step_width_bias_high"]
    assert summary["stance_mae"] == pytest.approx(0.0, abs=1e-9)
    assert summary["step_width_walks"] == 3


def test_events_outside_the_recording_are_no_truth(walk):
    steps = walk.truth.footsteps
    lasting_s = [step.toe_off_s - step.heel_strike_s for step in steps]
    last = max(range(len(steps)), key=lambda k: steps[k].toe_off_s)
    short = replace(walk.truth, times_s=np.array([-1.0, steps[last].toe_off_s - 0.01]))
    error = score_parameters(analysis_of(walk.truth), short)["stance_time"]
    assert error == pytest.approx(np.mean(lasting_s) - np.mean(np.delete(lasting_s, last)))


def test_what_was_not_found_is_left_out(walk):
    errors = [score_parameters(analysis_of(walk.truth, stance=by), walk.truth) for by in (1.0, 3.0)]
    nothing = replace(analysis_of(walk.truth), parameters=())
    summary = summarise_parameters([*errors, score_parameters(nothing, walk.truth)], samples=50)
    assert summary["stance_walks"] == 2
    assert np.isfinite(summary["stance_mae"])


def test_two_people_have_no_one_truth():
    truth = simulate_walk([draw_walker(0, 2), draw_walker(0, 3)], Mat(200, 80, (20.0, 20.0)), 0, 2, 4.0).truth
    with pytest.raises(ValueError, match="several walkers"):
        score_parameters(analysis_of(truth), truth)


@pytest.fixture(scope="module")
def insoles():
    return simulate_insoles(draw_walker(0, 4), 0, 4, 6.0)


def stance_of(step):
    times_s = np.array([step.heel_strike_s, step.toe_off_s])
    return Stance(
        side=step.side,
        contact=Contact(step.heel_strike_s, step.toe_off_s, 0, 1),
        curves=Curves(0, times_s, np.ones(2), np.zeros((2, 2)), np.zeros((1, 2)), np.ones(1), np.ones(1)),
    )


def test_insoles_are_scored_by_foot_and_time(insoles):
    stances = [stance_of(step) for step in insoles.truth.footsteps]
    perfect = summarise_walks([score_insoles(stances, insoles.truth)], samples=5)
    assert (perfect["heel_strike_f1_20ms"], perfect["toe_off_f1_20ms"]) == (1.0, 1.0)
    assert perfect["footsteps"] >= 6
    assert np.isnan(perfect["heel_mm"])
    late = [replace(stance, contact=stance.contact._replace(toe_off_s=stance.toe_off_s + 0.03)) for stance in stances]
    score = summarise_walks([score_insoles(late, insoles.truth)], samples=5)
    assert score["toe_off_bias_ms"] == pytest.approx(30.0)
    assert score["toe_off_f1_20ms"] == 0.0
    swapped = [replace(stance, side="left" if stance.side == "right" else "right") for stance in stances]
    # Feet overlap in double support, but a whole stance of the other foot is none of this one.
    assert summarise_walks([score_insoles(swapped, insoles.truth)], samples=5)["heel_strike_f1_50ms"] == 0.0
    missed = score_insoles(stances[:4] + stances[5:], insoles.truth)
    assert missed.found == missed.true - 1
