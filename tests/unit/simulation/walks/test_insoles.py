"""Simulated insoles report the force of the feet, and every fault has its effect."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from crossmodal.gait import analyse
from crossmodal.simulation.walks import (
    LAYOUTS,
    InsoleModel,
    Layout,
    SensorModel,
    SimulatedInsoles,
    draw_insoles,
    draw_walker,
    simulate_insoles,
)
from crossmodal.tactile.recording import InsoleRecording, PressureRecording

PERFECT = InsoleModel(sensor=SensorModel())
SECONDS = 5.0


def forces(walk: SimulatedInsoles) -> list[np.ndarray]:
    if len(walk.recordings) == 2:
        return [one.force_n() for one in walk.recordings if isinstance(one, PressureRecording)]
    (cells,) = walk.recordings
    assert isinstance(cells, InsoleRecording)
    return [cells.force_n("left"), cells.force_n("right")]


def walk_of(model: InsoleModel = PERFECT, index: int = 0) -> SimulatedInsoles:
    return simulate_insoles(draw_walker(6, index), 6, index, SECONDS, model)


def swings(walk: SimulatedInsoles, place: int, after_s: float = 0.0) -> np.ndarray:
    """Frames in which a foot is in the air, from some time after toe off on."""
    times_s = walk.truth.times_s
    flying = np.ones(len(times_s), bool)
    for step in walk.truth.footsteps:
        if step.side == ("left", "right")[place]:
            flying &= (times_s < step.heel_strike_s) | (times_s > step.toe_off_s + after_s)
    return flying


@pytest.mark.parametrize("layout", LAYOUTS)
def test_perfect_insoles_report_the_true_force(layout: Layout) -> None:
    walk = walk_of(replace(PERFECT, layout=layout))
    for place, force in enumerate(forces(walk)):
        np.testing.assert_allclose(force, walk.truth.force_n[:, 0, place], rtol=2e-3, atol=0.1)
        assert force[swings(walk, place)].max() == 0.0


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_analysis_finds_feet_events_and_the_way_of_the_pressure(layout: Layout) -> None:
    walk = walk_of(replace(PERFECT, layout=layout))
    analysis = analyse(list(walk.recordings), "classical")
    assert analysis.kind == "insoles"
    for side in ("left", "right"):
        true = [s for s in walk.truth.footsteps if s.side == side and s.heel_strike_s > 0 and s.toe_off_s < SECONDS]
        found = [s for s in analysis.stances if s.side == side and np.isfinite(s.duration_s)]
        assert len(found) == len(true)
        for stance, step in zip(found, true, strict=True):
            assert stance.heel_strike_s == pytest.approx(step.heel_strike_s, abs=0.005)
            assert stance.toe_off_s == pytest.approx(step.toe_off_s, abs=0.02)
            assert stance.footprint is not None
            # The centre of pressure goes from the heel to the toes.
            assert (stance.cop_mm[-5] - stance.cop_mm[5]) @ stance.footprint.axis > 80


def test_the_recording_begins_in_the_middle_of_the_way() -> None:
    walk = walk_of(index=1)
    assert any(step.heel_strike_s < 0 < step.toe_off_s for step in walk.truth.footsteps)
    assert all(step.toe_off_s > 0 and step.heel_strike_s < SECONDS for step in walk.truth.footsteps)
    sides = [step.side for step in walk.truth.footsteps]
    assert all(a != b for a, b in pairwise(sides))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_shoe_presses_in_the_swing_as_well(layout: Layout) -> None:
    walk = walk_of(replace(PERFECT, layout=layout, residual_n=(3.0, 8.0)))
    for place, residual_n in enumerate((3.0, 8.0)):
        assert forces(walk)[place][swings(walk, place)] == pytest.approx(residual_n, rel=0.02)


def test_late_load_is_still_there_after_toe_off_and_goes() -> None:
    walk = walk_of(replace(PERFECT, recovery=0.04, recovery_s=0.1))
    force = forces(walk)[0]
    step = next(s for s in walk.truth.footsteps if s.side == "left" and s.heel_strike_s > 0)
    after = [float(np.interp(step.toe_off_s + wait, walk.truth.times_s, force)) for wait in (0.02, 0.12, 0.3)]
    assert 4 < after[0] < 0.04 * force.max()
    assert after[1] / after[0] == pytest.approx(np.exp(-1.0), rel=0.02)
    assert after[2] < 0.1 * after[0]


def test_feet_differ_in_gain() -> None:
    equal, unequal = forces(walk_of()), forces(walk_of(replace(PERFECT, gains=(1.1, 0.9))))
    for place, gain in enumerate((1.1, 0.9)):
        np.testing.assert_allclose(unequal[place], gain * equal[place], rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(("layout", "count"), [("8 cells", 8), ("16 cells", 16)])
def test_few_cells_share_the_sole(layout: Layout, count: int) -> None:
    (cells,) = walk_of(replace(PERFECT, layout=layout)).recordings
    assert isinstance(cells, InsoleRecording)
    assert cells.values.shape == (500, 2 * count)
    assert cells.sides == ("left",) * count + ("right",) * count
    assert (cells.values.max(axis=0) > 0).sum() >= 2 * count - 2  # a high arch does not touch every one
    foot = draw_walker(6, 0).left.foot
    assert cells.areas_mm2[:count].sum() == pytest.approx((foot.length_mm + 16) * (foot.width_mm + 16), rel=0.1)
    # Medial cells are first of a pair, and the last ones lie under the toes.
    assert cells.positions_mm[:count, 0].max() > 0.85 * foot.length_mm


def test_drawn_insoles_are_the_same_again_and_within_their_ranges() -> None:
    models = [draw_insoles(1, index) for index in range(60)]
    assert models[7] == draw_insoles(1, 7)
    assert len({model.sensor.rate_hz for model in models}) >= 4
    assert all(0 <= model.recovery <= 0.04 and max(model.residual_n) <= 12 for model in models)
    ratios = [model.gains[0] / model.gains[1] for model in models]
    assert 0.05 < np.std(np.log(ratios)) < 0.16
    again = [forces(walk_of(models[3]))[0] for _ in range(2)]
    assert np.array_equal(*again)


def test_no_time_is_refused() -> None:
    with pytest.raises(ValueError, match="got 0 s"):
        simulate_insoles(draw_walker(6, 0), 6, 0, 0)
