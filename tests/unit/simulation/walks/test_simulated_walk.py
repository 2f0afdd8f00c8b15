"""Simulated walks: the truth agrees with the recording, sensor faults have their effect, walks are reproducible."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from crossmodal.simulation.walks import (
    PATHOLOGIES,
    Mat,
    Pathology,
    SensorModel,
    SimulatedWalk,
    draw_mat,
    draw_sensor,
    draw_walker,
    simulate_walk,
)

MAT = Mat(500, 160)
PERFECT = SensorModel()


def walk_of(
    index: int = 0, sensor: SensorModel = PERFECT, pathology: Pathology = "none", **options: object
) -> SimulatedWalk:
    return simulate_walk([draw_walker(2, index, pathology=pathology)], MAT, 2, index, 5.0, sensor=sensor, **options)


def whole(walk: SimulatedWalk) -> list[int]:
    """Indices of the footsteps that lie on the mat altogether."""
    return [k for k, step in enumerate(walk.truth.footsteps) if step.on_mat > 0.9999]


class TestTruth:
    def test_force_and_centre_of_pressure_are_those_of_a_perfect_mat(self) -> None:
        walk = walk_of(path="oblique")
        force, cop = walk.truth.force_n, walk.truth.cop_mm
        pressure = walk.recording.pressure
        assert force.max() > 300
        np.testing.assert_allclose(walk.recording.force_n(), force.sum(axis=(1, 2)), rtol=2e-3, atol=0.1)
        loaded = np.nonzero(force.sum(axis=(1, 2)) > 100)[0]
        weight = force / force.sum(axis=(1, 2), keepdims=True).clip(1e-9)
        wanted = np.nansum(weight[..., None] * cop, axis=(1, 2))[loaded]
        places = [np.arange(size) * pitch for size, pitch in zip(MAT_SHAPE, MAT.pitch_mm, strict=True)]
        total = pressure[loaded].sum(axis=(1, 2))
        seen = np.stack([pressure[loaded].sum(axis=2) @ places[0], pressure[loaded].sum(axis=1) @ places[1]], axis=1)
        np.testing.assert_allclose(seen / total[:, None], wanted, atol=0.5)

    def test_nothing_is_pressed_outside_the_steps(self) -> None:
        walk = walk_of()
        pressed = walk.recording.pressure.any(axis=(1, 2))
        during = np.zeros_like(pressed)
        for step in walk.truth.footsteps:
            during |= (walk.truth.times_s >= step.heel_strike_s) & (walk.truth.times_s <= step.toe_off_s)
        assert not (pressed & ~during).any()

    def test_feet_alternate_and_stand_on_their_own_side(self) -> None:
        for index in range(6):
            steps = walk_of(index).truth.footsteps
            for before, this, after in zip(steps, steps[1:], steps[2:], strict=False):
                if before.crossing != after.crossing:
                    continue
                assert before.side == after.side != this.side
                ahead = np.array(after.heel_mm) - before.heel_mm
                right = np.array([ahead[1], -ahead[0]]) @ (np.array(this.heel_mm) - before.heel_mm)
                assert (right > 0) == (this.side == "right")

    def test_single_and_double_support_alternate(self) -> None:
        steps = walk_of(3).truth.footsteps
        for this, after in pairwise(steps):
            if this.crossing == after.crossing:
                assert this.heel_strike_s < after.heel_strike_s < this.toe_off_s < after.toe_off_s

    def test_body_weight_is_borne_on_average(self) -> None:
        walk = walk_of(1)
        inner = [walk.truth.footsteps[k] for k in whole(walk)]
        begin, end = inner[0].heel_strike_s, inner[2].heel_strike_s
        during = (walk.truth.times_s >= begin) & (walk.truth.times_s < end)
        weight = walk.truth.walkers[0].weight_n
        assert walk.truth.force_n[during].sum(axis=(1, 2)).mean() == pytest.approx(weight, rel=0.06)

    def test_prints_are_cut_at_the_edges(self) -> None:
        shares = [step.on_mat for k in range(8) for step in walk_of(k).truth.footsteps]
        assert any(share < 0.9 for share in shares)
        assert all(0 < share <= 1 + 1e-3 for share in shares)

    def test_json_has_no_nan(self) -> None:
        import json

        told = walk_of().truth.as_json()
        assert json.loads(json.dumps(told, allow_nan=False))["footsteps"]


MAT_SHAPE = (MAT.rows, MAT.columns)


class TestWays:
    def test_oblique_ways_are_oblique(self) -> None:
        angles = [
            abs(np.sin(np.deg2rad(s.axis_deg))) for k in range(8) for s in walk_of(k, path="oblique").truth.footsteps
        ]
        straight = [abs(np.sin(np.deg2rad(s.axis_deg))) for k in range(8) for s in walk_of(k).truth.footsteps]
        assert np.mean(angles) > np.mean(straight) + 0.1

    def test_turning_ways_turn(self) -> None:
        turns = []
        for k in range(6):
            axes = [
                s.axis_deg - (2 * (s.side == "left") - 1) * s.toe_out_deg
                for s in walk_of(k, path="turning").truth.footsteps
                if s.crossing == 0
            ]
            turns.append(abs(axes[-1] - axes[0]))
        assert min(turns) > 10
        assert np.mean(turns) > 30

    def test_both_feet_share_the_body_at_a_stop(self) -> None:
        walk = walk_of(0, stop_fraction=1.0)
        standing = [step for step in walk.truth.footsteps if step.stands]
        begin, end = max(s.heel_strike_s for s in standing[:2]), min(s.toe_off_s for s in standing[:2])
        assert end - begin > 0.8
        middle = np.abs(walk.truth.times_s - 0.5 * (begin + end)).argmin()
        np.testing.assert_allclose(walk.truth.force_n[middle, 0], 0.5 * walk.truth.walkers[0].weight_n, rtol=0.1)
        assert walk.truth.force_n.sum(axis=(1, 2)).max() < 1.6 * walk.truth.walkers[0].weight_n

    def test_two_walkers_do_not_tread_on_each_other(self) -> None:
        people = [draw_walker(2, 0), draw_walker(2, 1)]
        walk = simulate_walk(people, Mat(500, 240), 2, 0, 5.0)
        steps = walk.truth.footsteps
        assert {step.walker for step in steps} == {0, 1}
        for one in steps:
            for other in steps:
                together = one.heel_strike_s < other.toe_off_s and other.heel_strike_s < one.toe_off_s
                if one.walker != other.walker and together:
                    assert np.hypot(*np.subtract(one.heel_mm, other.heel_mm)) >= 200


class TestPathologies:
    @pytest.mark.parametrize("pathology", PATHOLOGIES)
    def test_walk_and_measure(self, pathology: Pathology) -> None:
        walk = walk_of(4, pathology=pathology)
        gait = walk.truth.parameters[0]
        assert 50 < gait["stance"] < 80
        assert walk.truth.walkers[0].pathology == pathology

    def test_the_person_stays_the_same(self) -> None:
        healthy, limping = draw_walker(2, 5), draw_walker(2, 5, pathology="antalgic")
        assert (healthy.mass_kg, healthy.height_m, healthy.sex) == (limping.mass_kg, limping.height_m, limping.sex)
        assert limping.speed_m_s < healthy.speed_m_s

    def test_toes_drag_after_toe_off(self) -> None:
        walk = walk_of(0, pathology="drop_foot")
        dragging = [step for step in walk.truth.footsteps if step.drag_s is not None]
        assert dragging
        assert {step.side for step in dragging} == {walk.truth.walkers[0].affected}
        assert all(step.drag_s[0] > step.toe_off_s for step in dragging if step.drag_s)
        assert (walk.recording.force_n() > walk.truth.force_n.sum(axis=(1, 2)) + 5).any()

    def test_a_limp_shortens_the_stance_of_the_sore_leg(self) -> None:
        walk = walk_of(1, pathology="antalgic")
        lasting = {
            side: np.mean([s.toe_off_s - s.heel_strike_s for s in walk.truth.footsteps if s.side == side])
            for side in ("left", "right")
        }
        sore = walk.truth.walkers[0].affected
        assert sore is not None
        assert lasting[sore] < 0.95 * lasting["right" if sore == "left" else "left"]

    def test_toe_walkers_hardly_press_their_heels(self) -> None:
        for pathology, least, most in (("toe_walking", 0.5, 0.8), ("none", 0.0, 0.15)):
            walk = walk_of(3, pathology=pathology)
            step = walk.truth.footsteps[whole(walk)[0]]
            first = int(np.searchsorted(walk.truth.times_s, step.heel_strike_s)) + 1
            cop = walk.truth.cop_mm[first, 0, 0 if step.side == "left" else 1]
            axis = np.subtract(step.metatarsal_mm, step.heel_mm)
            ahead = (cop - step.heel_mm) @ axis / np.hypot(*axis) / step.size_mm[0] + 0.158
            assert least <= ahead <= most

    def test_shufflers_make_short_steps(self) -> None:
        short, common = (walk_of(2, pathology=one).truth.parameters[0] for one in ("shuffling", "none"))
        assert short["step_length"] < 0.75 * common["step_length"]
        assert short["initial_double_support"] > common["initial_double_support"]


class TestSensor:
    def test_quantum_floor_and_saturation(self) -> None:
        values = np.unique(walk_of(0, SensorModel(quantum_kpa=5, floor_kpa=10, saturation_kpa=200)).recording.pressure)
        assert set(values.tolist()) <= {0.0, *np.arange(10.0, 201.0, 5.0).tolist()}
        assert values.max() == 200

    def test_dead_cells_report_nothing_and_the_mask_may_say_so(self) -> None:
        for tells in (True, False):
            walk = walk_of(0, SensorModel(dead_lines=0.1, tells_dead=tells))
            assert walk.recording.valid.all() != tells
            if tells:
                assert not walk.recording.pressure[:, ~walk.recording.valid].any()

    def test_clocks_jitter_and_frames_are_dropped(self) -> None:
        recording = walk_of(0, SensorModel(jitter_s=0.002, dropped=0.1, tells_jitter=True)).recording
        assert len(recording.times_s) < 490
        assert (np.diff(recording.times_s) > 0).all()
        even = walk_of(0, SensorModel(jitter_s=0.002, tells_jitter=False))
        np.testing.assert_allclose(even.recording.times_s, np.arange(500) / 100, atol=1e-12)
        assert np.abs(even.truth.times_s - even.recording.times_s).max() > 0.001

    def test_crosstalk_and_blur_keep_the_force_and_widen_the_print(self) -> None:
        plain = walk_of(0).recording
        for sensor in (SensorModel(crosstalk=0.08), SensorModel(blur_mm=12.0)):
            wide = walk_of(0, sensor).recording
            inner = plain.force_n() > 100
            np.testing.assert_allclose(
                wide.force_n()[inner], plain.force_n()[inner], rtol=0.06
            )  # some leaks over the edge
            assert (wide.pressure > 0).sum() > (plain.pressure > 0).sum()

    def test_hysteresis_reports_more_while_unloading(self) -> None:
        plain, slow = walk_of(0).recording.pressure, walk_of(0, SensorModel(hysteresis=0.05)).recording.pressure
        assert (slow >= plain - 1e-3).all()
        assert (slow - plain).max() == pytest.approx(0.05 * plain.max(), rel=0.5)

    def test_creep_drift_and_gains_change_what_is_reported(self) -> None:
        plain = walk_of(0).recording.force_n()
        for sensor in (SensorModel(creep=0.1), SensorModel(drift=0.1), SensorModel(tiles=(3, 3), tile_gain_sd=0.1)):
            changed = walk_of(0, sensor).recording.force_n()
            assert not np.allclose(changed, plain, rtol=0.005)
            np.testing.assert_allclose(changed, plain, rtol=0.4, atol=1.0)

    def test_rows_that_are_read_later_see_later_pressure(self) -> None:
        """Reading the last row 10 ms after the first shifts a step at the far end by nearly 10 ms."""
        plain, skewed = walk_of(0).recording, walk_of(0, SensorModel(row_scan_s=0.01)).recording
        far = plain.pressure[:, -150:].sum(axis=(1, 2))
        late = skewed.pressure[:, -150:].sum(axis=(1, 2))
        shifts = np.linspace(0.0, 0.02, 41)
        errors = [np.abs(np.interp(plain.times_s + shift, plain.times_s, far) - late).mean() for shift in shifts]
        assert 0.007 <= shifts[int(np.argmin(errors))] <= 0.0105

    @pytest.mark.parametrize("index", range(12))
    def test_any_drawn_sensor_on_any_drawn_mat_works(self, index: int) -> None:
        mat = draw_mat(np.random.default_rng(index))
        walk = simulate_walk([draw_walker(2, index)], mat, 2, index, 3.0, sensor=draw_sensor(2, index))
        for block in walk.recording.blocks():
            assert block.dtype == np.float32
            assert np.isfinite(block).all()
            assert (block >= 0).all()
        assert (np.diff(walk.recording.times_s) > 0).all()

    @pytest.mark.parametrize(
        "wrong", [{"rate_hz": 0.0}, {"floor_kpa": 6000.0}, {"dropped": 1.0}, {"crosstalk": 0.6}, {"noise_kpa": -1.0}]
    )
    def test_impossible_sensors_are_refused(self, wrong: dict[str, float]) -> None:
        with pytest.raises(ValueError, match=r"rate_hz|floor|dropped|crosstalk|noise"):
            replace(PERFECT, **wrong)


class TestRepeat:
    def test_same_arguments_same_walk(self) -> None:
        first, second = (walk_of(7, draw_sensor(2, 7)) for _ in range(2))
        assert (first.recording.pressure == second.recording.pressure).all()
        assert first.truth.as_json() == second.truth.as_json()
        assert walk_of(8).truth.as_json() != first.truth.as_json()

    def test_blocks_are_the_whole(self) -> None:
        recording = walk_of(7).recording
        assert (np.concatenate(list(recording.blocks(37))) == recording.pressure).all()

    def test_nobody_cannot_walk(self) -> None:
        with pytest.raises(ValueError, match="at least one walker"):
            simulate_walk([], MAT, 0, 0, 1.0)
