"""Walks over a mat, against their exact truth."""

import numpy as np
import pytest

from crossmodal.gait import analyse
from crossmodal.tactile import ArrayFrames, PressureRecording
from tests.fakes.walks import HEEL, REGIONS, SECOND_HEAD, foot_axes, plan_walk, render_walk

ARCH = {"up": ((3300.0, 600.0), 180.0), "down": ((200.0, 600.0), 0.0), "oblique": ((200.0, 250.0), 13.0)}


def match(analysis, plan):
    """Each planned step with the stance that is nearest to it in time and position."""
    pairs = []
    for step in plan:

        def distance(stance, step=step):
            return (
                abs(stance.time_s - step.heel_strike_s) + np.linalg.norm(stance.footprint.heel_mm - step.heel_mm) / 300
            )

        pairs.append((step, min(analysis.stances, key=distance)))
    assert len({id(stance) for _, stance in pairs}) == len(plan) == len(analysis.stances)
    return pairs


def true_axis(step, length_mm=255.0):
    """From the heel to the second metatarsal head."""
    ahead, out = foot_axes(step)
    way = (SECOND_HEAD[0] - HEEL[0]) * length_mm * ahead + (SECOND_HEAD[1] - HEEL[1]) * 45.0 * out
    return way / np.linalg.norm(way)


@pytest.mark.parametrize("way", ARCH)
def test_a_walk_is_measured_wherever_it_goes(way):
    plan = plan_walk(*ARCH[way])
    analysis = analyse(render_walk(plan), "classical")
    assert analysis.kind == "walkway"
    for step, stance in match(analysis, plan):
        assert stance.side == step.side
        assert stance.heel_strike_s == pytest.approx(step.heel_strike_s, abs=5e-3)
        assert stance.toe_off_s == pytest.approx(step.toe_off_s, abs=8e-3)
        assert np.linalg.norm(stance.footprint.heel_mm - step.heel_mm) < 3.0
        turned = np.degrees(np.arccos(np.clip(stance.footprint.axis @ true_axis(step), -1, 1)))
        assert turned < 1.5
    expected = {
        "cadence": (60 / 0.55, 0.3), "speed": (0.65 / 0.55, 0.01), "step_length": (650, 3), "stride_length": (1300, 3),
        "step_width": (100, 3), "stance": (100 * 0.68 / 1.1, 0.7), "double_support": (100 * 0.26 / 1.1, 1.2),
        "foot_progression_angle": (4.0, 1.0),
    }  # fmt: skip
    for name, (value, tolerance) in expected.items():
        assert analysis.find(name).value == pytest.approx(value, abs=tolerance), name
    assert analysis.find("step_width").steps == 3
    assert not analysis.left_out


def test_thresholds_find_toe_off_earlier():
    plan = plan_walk()
    recording = render_walk(plan)
    offs = {}
    for method in ("classical", "threshold-20", "threshold-50"):
        pairs = match(analyse(recording, method), plan)
        offs[method] = np.mean([stance.toe_off_s - step.toe_off_s for step, stance in pairs])
    assert abs(offs["classical"]) < 5e-3
    assert offs["threshold-50"] < offs["threshold-20"] < -5e-3


@pytest.mark.parametrize("step_mm", [400.0, 250.0, 150.0])
def test_short_steps_with_prints_side_by_side(step_mm):
    plan = plan_walk(step_mm=step_mm, steps=8, width_mm=92.0, stance_s=0.75)
    for step, stance in match(analyse(render_walk(plan), "classical"), plan):
        assert stance.side == step.side
        assert stance.toe_off_s == pytest.approx(step.toe_off_s, abs=0.02)
        assert np.linalg.norm(stance.footprint.heel_mm - step.heel_mm) < 6.0


def test_prints_that_overlap_in_space_are_parted_by_time():
    there, back = plan_walk(), plan_walk((2950.0, 600.0), 180.0, begin_s=4.0)
    match(analyse(render_walk(there + back), "classical"), there + back)


def test_two_walkers_keep_apart():
    plan = plan_walk((200.0, 300.0)) + plan_walk((3300.0, 900.0), 180.0, begin_s=0.4, walker=1)
    analysis = analyse(render_walk(plan), "classical")
    for step, stance in match(analysis, plan):
        assert (stance.walker, stance.side) == (step.walker, step.side)
    assert analysis.find("step_length", walker=1).value == pytest.approx(650, abs=3)


def test_dragging_toes_do_not_tie_prints_together():
    plan = plan_walk(steps=4, width_mm=110.0)
    recording = render_walk(plan)
    movie = recording.frames.array
    for step in plan[:2]:  # the toes slide from their print to that of the next stance
        frames = np.arange(round(step.toe_off_s * 100) - 1, round((step.heel_strike_s + 1.1) * 100) + 1)
        places = step.heel_mm[0] + np.linspace(205.0, 1300.0, len(frames))
        for frame, place in zip(frames, places, strict=True):
            row, column = round(place / 5), round(step.heel_mm[1] / 5)
            movie[frame, row - 4 : row + 5, column - 2 : column + 3] += 12.0
    for step, stance in match(analyse(recording, "classical"), plan):
        assert stance.side == step.side
        assert stance.toe_off_s == pytest.approx(step.toe_off_s, abs=0.05)
        assert np.linalg.norm(stance.footprint.heel_mm - step.heel_mm) < 15.0


@pytest.mark.parametrize("pitch_mm", [10.0, 20.0])
def test_coarse_mats(pitch_mm):
    plan = plan_walk()
    recording = render_walk(plan, rows=round(3600 / pitch_mm), columns=round(1200 / pitch_mm), pitch_mm=pitch_mm)
    for step, stance in match(analyse(recording, "classical"), plan):
        assert stance.side == step.side
        assert np.linalg.norm(stance.footprint.heel_mm - step.heel_mm) < pitch_mm


def test_noise_offsets_and_dead_cells_are_no_feet():
    plan = plan_walk()
    clean = render_walk(plan)
    rng = np.random.default_rng(0)
    movie = clean.frames.array + rng.uniform(0.0, 2.0, clean.shape[1:]).astype(np.float32)
    movie += np.abs(rng.normal(0.0, 0.3, clean.shape)).astype(np.float32)
    movie[:, 300, :] = 90.0
    recording = PressureRecording(
        frames=ArrayFrames(movie), times_s=clean.times_s, pitch_mm=clean.pitch_mm, valid=clean.valid
    )
    for step, stance in match(analyse(recording, "classical"), plan):
        assert stance.side == step.side
        assert stance.toe_off_s == pytest.approx(step.toe_off_s, abs=0.02)


def test_an_empty_floor_and_a_single_step():
    empty = render_walk([], seconds=1.0, rows=200, columns=80)
    assert "no foot" in analyse(empty, "classical").left_out[0]
    one = analyse(render_walk(plan_walk(steps=1)), "classical")
    assert one.kind == "stance"
    assert one.stances[0].side == "left"
    assert one.find("stance_time").value == pytest.approx(0.68, abs=0.01)
    assert any("line of progression" in reason for reason in one.left_out)


def test_a_recording_without_a_rate_gives_no_seconds():
    from dataclasses import replace

    walk = render_walk(plan_walk())
    sampled = walk.pressure[::5]  # of 100 frames a second
    counted = replace(
        walk, frames=ArrayFrames(sampled), times_s=np.arange(float(len(sampled))), meta={"clock": "unknown"}
    )
    analysis = analyse(counted, "classical")
    assert analysis.rate_hz != analysis.rate_hz
    assert analysis.events == ()
    assert analysis.find("step_length").value == pytest.approx(
        analyse(walk, "classical").find("step_length").value, abs=8
    )
    assert not any("s" in one.unit.replace("/", " ").split() for one in analysis.parameters)
    assert analysis.find("cadence") is None
    assert any("does not state its frame rate" in reason for reason in analysis.left_out)


def test_the_fake_feet_are_left_and_right():
    assert REGIONS[-1][0][1] < 0 < REGIONS[1][0][1]  # great toe medial, midfoot lateral
