"""Simulated steps are within the published ranges, one test for each row (mean over walkers and steps)."""

import numpy as np
import pytest

from crossmodal.simulation.walks import EMED_LIKE, Mat, SensorModel, draw_walker, measure_gait, simulate_walk
from tests.unit.simulation.walks.prints import PHASES, MeasuredPrint, measure_prints

WALKERS = 40
MAT = Mat(720, 120)


def prints_of(speed_m_s: float | None = None, walkers: int = WALKERS) -> list[MeasuredPrint]:
    found: list[MeasuredPrint] = []
    for k in range(walkers):
        walk = simulate_walk([draw_walker(11, k, speed_m_s=speed_m_s)], MAT, 11, k, 4.0, sensor=EMED_LIKE)
        found += list(measure_prints(walk))[:4]
    return found


@pytest.fixture(scope="module")
def prints() -> list[MeasuredPrint]:
    found = prints_of()
    assert len(found) >= 100
    return found


def smooth_peaks(step: MeasuredPrint) -> tuple[float, float, float, float, float]:
    """First peak, its phase, trough, second peak and its phase; forces in body weights."""
    force = np.interp(PHASES, step.phases, step.force_n) / step.walker.weight_n
    first, second = int(force[:50].argmax()), 50 + int(force[50:].argmax())
    return force[first], PHASES[first], force[first:second].min(), force[second], PHASES[second]


class TestForce:
    """Measured on 120 real stances of 20 people."""

    def test_first_peak_stands_at_23_percent_of_stance(self, prints: list[MeasuredPrint]) -> None:
        at = [smooth_peaks(step)[1] for step in prints]
        assert 0.21 <= np.mean(at) <= 0.25
        assert np.quantile(at, 0.05) >= 0.17
        assert np.quantile(at, 0.95) <= 0.30

    def test_second_peak_stands_at_73_percent_of_stance(self, prints: list[MeasuredPrint]) -> None:
        at = [smooth_peaks(step)[4] for step in prints]
        assert 0.715 <= np.mean(at) <= 0.745
        assert np.quantile(at, 0.05) >= 0.68
        assert np.quantile(at, 0.95) <= 0.78

    def test_trough_is_73_percent_of_the_mean_peak(self, prints: list[MeasuredPrint]) -> None:
        depths = [trough / (0.5 * (first + second)) for first, _, trough, second, _ in map(smooth_peaks, prints)]
        assert np.mean(depths) == pytest.approx(0.73, abs=0.04)
        assert 0.50 <= np.quantile(depths, 0.05) <= np.quantile(depths, 0.95) <= 0.88

    def test_first_peak_is_094_of_the_second(self, prints: list[MeasuredPrint]) -> None:
        ratios = [first / second for first, _, _, second, _ in map(smooth_peaks, prints)]
        assert np.mean(ratios) == pytest.approx(0.94, abs=0.04)
        assert 0.80 <= np.quantile(ratios, 0.05) <= np.quantile(ratios, 0.95) <= 1.10

    def test_peaks_are_about_11_body_weights(self, prints: list[MeasuredPrint]) -> None:
        assert np.mean([0.5 * (one[0] + one[3]) for one in map(smooth_peaks, prints)]) == pytest.approx(1.1, abs=0.05)

    def test_thresholds_come_late_and_leave_early_as_measured(self) -> None:
        """At 10, 20 and 50 N: heel strike 1.0, 2.2, 4.8 ms late, toe off 11.5, 19.2, 33.7 ms early."""
        late, early = [], []
        for k in range(WALKERS):
            truth = simulate_walk([draw_walker(11, k)], MAT, 11, k, 3.0, sensor=SensorModel(rate_hz=1000.0)).truth
            for step in [one for one in truth.footsteps if one.on_mat > 0.9999][:2]:
                force = truth.force_n[:, 0, 0 if step.side == "left" else 1]
                during = (truth.times_s >= step.heel_strike_s) & (truth.times_s <= step.toe_off_s)
                over = [truth.times_s[during & (force > limit)] for limit in (10.0, 20.0, 50.0)]
                if truth.times_s[-1] < step.toe_off_s:
                    continue
                late.append([1e3 * (when[0] - step.heel_strike_s) for when in over])
                early.append([1e3 * (step.toe_off_s - when[-1]) for when in over])
        np.testing.assert_allclose(np.mean(late, axis=0), [1.0, 2.2, 4.8], atol=1.0)
        np.testing.assert_allclose(np.mean(early, axis=0), [11.5, 19.2, 33.7], rtol=0.15)

    def test_the_unloading_varies_between_feet(self) -> None:
        """The longest time measured from 50 N to toe off is 60 ms."""
        early = []
        left = np.linspace(0.3, 0.0, 3001)
        for k in range(100):
            load = draw_walker(11, k).left.load
            force = load.force(1.0 - left)
            assert (np.diff(force[load.peaks_at[1] < 1.0 - left]) < 1e-9).all()
            early.append([650.0 * left[np.nonzero(750.0 * force > limit)[0][-1]] for limit in (10.0, 50.0)])
        assert (np.std(early, axis=0) > [2.5, 4.0]).all()
        assert np.max(early) < 60.0


class TestCentreOfPressure:
    """Norms of 20 people and of 120 stances agree; tolerances are the published sd, at least 2 % of the length."""

    @pytest.mark.parametrize(
        ("percent", "published", "tolerance"),
        [(0, 9, 2), (10, 18, 2), (25, 33, 3), (50, 60, 3), (75, 74, 2), (90, 80, 2.5), (100, 92, 2.5)],
    )
    def test_moves_along_the_foot(
        self, prints: list[MeasuredPrint], percent: int, published: float, tolerance: float
    ) -> None:
        assert 100 * np.mean([step.cop()[0][percent] for step in prints]) == pytest.approx(published, abs=tolerance)

    @pytest.mark.parametrize(("percent", "published", "sd"), [(0, 61, 4.9), (55, 46, 2.4), (100, 52, 3.4)])
    def test_moves_across_the_foot(
        self, prints: list[MeasuredPrint], percent: int, published: float, sd: float
    ) -> None:
        assert 100 * np.mean([step.cop()[1][percent] for step in prints]) == pytest.approx(published, abs=sd)

    def test_excursions(self, prints: list[MeasuredPrint]) -> None:
        along = [np.ptp(step.cop()[0]) * step.size_mm[0] for step in prints]
        across = [np.ptp(step.cop()[1]) * step.size_mm[1] for step in prints]
        assert np.mean(along) == pytest.approx(226, abs=17)
        assert np.mean(across) == pytest.approx(26, abs=9)


class TestFootprint:
    """Mean +- sd of 120 real stances; the rectangle lies along the axis."""

    def test_length(self, prints: list[MeasuredPrint]) -> None:
        assert np.mean([step.size_mm[0] for step in prints]) == pytest.approx(260, abs=17)

    def test_width(self, prints: list[MeasuredPrint]) -> None:
        assert np.mean([step.size_mm[1] for step in prints]) == pytest.approx(93, abs=10)

    def test_area_ever_touched(self, prints: list[MeasuredPrint]) -> None:
        area = [step.pressure_kpa.shape[1] * step.cell_mm2 / 100 for step in prints]
        assert np.mean(area) == pytest.approx(112, abs=17)

    def test_largest_area_at_one_time(self, prints: list[MeasuredPrint]) -> None:
        area = [(step.pressure_kpa > 0).sum(axis=1).max() * step.cell_mm2 / 100 for step in prints]
        assert np.mean(area) == pytest.approx(80, abs=16)


class TestRegions:
    """Peak pressure, peak force, share of the impulse, first and last contact of the parts of the sole."""

    @pytest.mark.parametrize(
        ("part", "published", "sd"),
        [("heel", 465, 195), ("lateral_forefoot", 469, 121), ("medial_forefoot", 424, 144), ("great_toe", 466, 233)],
    )
    def test_peak_pressure(self, prints: list[MeasuredPrint], part: str, published: float, sd: float) -> None:
        peaks = [step.part(part).max() for step in prints]
        assert np.mean(peaks) == pytest.approx(published, abs=0.5 * sd)
        assert np.std(peaks) <= 1.3 * sd

    @pytest.mark.parametrize(
        ("part", "published"),
        [("heel", 0.82), ("lateral_forefoot", 0.52), ("medial_forefoot", 0.43), ("great_toe", 0.20)],
    )
    def test_peak_force(self, prints: list[MeasuredPrint], part: str, published: float) -> None:
        assert np.mean([step.part_force(part).max() for step in prints]) == pytest.approx(published, rel=0.12)

    @pytest.mark.parametrize(
        ("part", "published"),
        [("heel", 33.0), ("lateral_forefoot", 27.0), ("medial_forefoot", 26.0), ("great_toe", 7.5)],
    )
    def test_share_of_the_impulse(self, prints: list[MeasuredPrint], part: str, published: float) -> None:
        share = [100 * step.part_force(part).sum() / (step.force_n.sum() / step.walker.weight_n) for step in prints]
        assert np.mean(share) == pytest.approx(published, abs=3.0)

    @pytest.mark.parametrize(
        ("part", "on", "off"),
        [("heel", 0, 57), ("lateral_forefoot", 12, 93), ("medial_forefoot", 9, 93), ("great_toe", 34, 99)],
    )
    def test_contact(self, prints: list[MeasuredPrint], part: str, on: float, off: float) -> None:
        spans = [100 * step.phases[np.nonzero(step.part_force(part))[0][[0, -1]]] for step in prints]
        first, last = np.mean(spans, axis=0)
        assert first == pytest.approx(on, abs=4.0)
        assert last == pytest.approx(off, abs=6.0 if part == "heel" else 2.5)

    def test_feet_leave_the_ground_with_one_toe_or_with_several(self) -> None:
        """There are no published values; of the few real stances available some end on one toe, others on all."""
        shares = []
        for k in range(100):
            force = draw_walker(11, k).left.load.region_force(np.array([0.995]))[0]
            assert force[8:].sum() == pytest.approx(force.sum(), rel=0.02)
            shares.append(force[8:].max() / force.sum())
        assert np.quantile(shares, 0.1) < 0.45
        assert np.quantile(shares, 0.9) > 0.85

    def test_great_toe_peaks_at_78_percent(self, prints: list[MeasuredPrint]) -> None:
        at = [step.phases[step.part_force("great_toe").argmax()] for step in prints]
        assert np.mean(at) == pytest.approx(0.78, abs=0.03)

    def test_pressure_grows_with_speed(self) -> None:
        """Shorten 1989, 1.0, 1.5, 2.0 m/s: heel 367, 517, 734 kPa, forefoot 635, 737, 794 kPa; ratios within 12 %."""
        found = [prints_of(speed, 16) for speed in (1.0, 1.5, 2.0)]
        heel = np.array([np.mean([one.part("heel").max() for one in some]) for some in found])
        forefoot = np.array(
            [
                np.mean([max(one.part(f"{side}_forefoot").max() for side in ("medial", "lateral")) for one in some])
                for some in found
            ]
        )
        np.testing.assert_allclose(heel / heel[0], np.array([367, 517, 734]) / 367, rtol=0.12)
        np.testing.assert_allclose(heel, [367, 517, 734], rtol=0.25)
        np.testing.assert_allclose(forefoot / forefoot[0], np.array([635, 737, 794]) / 635, rtol=0.12)


@pytest.fixture(scope="module")
def gaits() -> list[dict[str, float]]:
    coarse = Mat(300, 60, (20.0, 20.0))
    return [simulate_walk([draw_walker(3, k)], coarse, 3, k, 6.0).truth.parameters[0] for k in range(100)]


class TestGait:
    """Adults: cadence 113.5 a minute, stride 1.32 m, 1.25 m/s, width 10.3 cm, 62 % stance, 12 % double support."""

    @pytest.mark.parametrize(
        ("name", "published", "relative"),
        [
            ("cadence", 113.5, 0.03),
            ("stride_length", 1320, 0.04),
            ("speed", 1.25, 0.05),
            ("step_width", 103, 0.12),
            ("stance", 62, 0.02),
            ("swing", 38, 0.03),
            ("initial_double_support", 12, 0.08),
            ("terminal_double_support", 12, 0.08),
            ("foot_progression_angle", 6.5, 0.2),
        ],
    )
    def test_mean(self, gaits: list[dict[str, float]], name: str, published: float, relative: float) -> None:
        assert np.mean([gait[name] for gait in gaits]) == pytest.approx(published, rel=relative)

    def test_stance_lasts_066_seconds(self) -> None:
        lasting = [
            one.toe_off_s - one.heel_strike_s
            for k in range(100)
            for one in simulate_walk([draw_walker(3, k)], Mat(100, 60, (20.0, 20.0)), 3, k, 4.0).truth.footsteps
        ]
        assert np.median(lasting) == pytest.approx(0.66, abs=0.03)
        assert 0.48 <= np.quantile(lasting, 0.02) <= np.quantile(lasting, 0.98) <= 0.90

    def test_width_is_14_percent_of_the_leg_and_varies_by_34_to_42(self) -> None:
        widths, spreads = [], []
        for k in range(30):
            walker = draw_walker(5, k)
            truth = simulate_walk([walker], Mat(600, 60, (50.0, 20.0)), 5, k, 20.0).truth
            steps = truth.footsteps
            own = [
                measure_gait(three)["step_width"] / (10 * walker.leg_m)
                for three in zip(steps, steps[1:], steps[2:], strict=False)
                if three[0].crossing == three[2].crossing
            ]
            widths.append(np.mean(own))
            spreads.append(np.std(own, ddof=1))
        assert np.mean(widths) == pytest.approx(14, abs=3)
        assert 2.7 <= np.mean(spreads) <= 4.2

    @pytest.mark.parametrize(
        ("sex", "speed", "step_mm", "cadence"), [("male", 1.54, 790, 117), ("female", 1.31, 660, 117)]
    )
    def test_men_and_women_of_murray(self, sex: str, speed: float, step_mm: float, cadence: float) -> None:
        people = [one for one in (draw_walker(7, k, speed_m_s=speed) for k in range(200)) if one.sex == sex]
        assert np.mean([1000 * one.step_length_m for one in people]) == pytest.approx(step_mm, rel=0.06)
        assert np.mean([one.cadence_per_min for one in people]) == pytest.approx(cadence, rel=0.06)
