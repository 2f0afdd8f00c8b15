"""Real recordings, against values that were measured on them by other means."""

from pathlib import Path

import numpy as np
import pytest

from crossmodal.gait import analyse
from crossmodal.gait.footprints import extent_mm
from crossmodal.tactile import read


@pytest.fixture
def touch(real_data: Path) -> Path:
    return real_data / "touch"


def centre_across(recording):
    """Centre of pressure across the image, from its first column."""
    weights = recording.pressure[0].sum(axis=0)
    return recording.pitch_mm[1] * float(weights @ np.arange(len(weights)) / weights.sum())


def values(analysis, *names):
    return [analysis.find(name).value for name in names]


def test_insoles_of_one_walk_by_both_thresholds(touch):
    pair = [read(touch / "fscan_pair" / f"FrasP01{side}.asf") for side in "RL"]
    for method, expected in (("threshold-50", (61.5, 22.7)), ("threshold-20", (63.3, 26.7))):
        analysis = analyse(pair, method)
        assert values(analysis, "stance", "double_support") == pytest.approx(expected, abs=0.6)
        assert values(analysis, "stride_time", "cadence") == pytest.approx((1.144, 104.9), rel=0.015)
    classical = analyse(pair, "classical")
    assert 63.0 < classical.find("stance").value < 67.0  # the edges lie outside those of either threshold
    assert any("where a foot stands" in reason for reason in classical.left_out)


def test_insoles_of_few_cells(touch):
    for path in sorted((touch / "gaitpdb").glob("*.txt")):
        analysis = analyse(read(path), "threshold-50")
        assert 95 < analysis.find("cadence").value < 114
        assert 61.0 < analysis.find("stance").value < 66.4
        assert 22.0 < analysis.find("double_support").value < 33.0
        assert analysis.find("stride_time").steps > 180
        assert any("positions or areas" in reason for reason in analysis.left_out)


def test_prints_of_a_walkway_without_time(touch):
    recordings = [read(path) for path in (touch / "zebris_walkway").glob("*.apd")]
    recordings.sort(key=lambda one: one.origin_mm[0])
    analysis = analyse(recordings[::-1], "classical")
    feet = [stance.footprint for stance in analysis.stances]
    centres = np.array([foot.centre_mm for foot in feet])
    assert np.diff(centres[:, 0]) == pytest.approx([584, 633, 744, 628], abs=8)
    assert centres[2:, 0] - centres[:-2, 0] == pytest.approx([1217, 1376, 1371], abs=8)
    # As filed, 163 to 232 mm; but then the great toes lie on the outer sides: the places are mirrored.
    assert np.abs(np.diff(centres[:, 1])) == pytest.approx([208, 162, 141, 187], abs=3)
    assert any("mirrored" in reason for reason in analysis.left_out)
    as_filed = np.array([one.origin_mm[1] for one in recordings]) + [centre_across(one) for one in recordings]
    assert np.abs(np.diff(as_filed)) == pytest.approx([232, 194, 164, 211], abs=3)
    assert len({stance.side for stance in analysis.stances[::2]}) == 1
    for foot in feet:
        axes = np.linalg.eigh(np.cov(foot.positions_mm.T))[1]
        assert 4 < np.degrees(np.arctan(abs(axes[1, 1] / axes[0, 1]))) < 13
        assert extent_mm(foot.positions_mm)[0] == pytest.approx(260, abs=20)
    assert 0 < analysis.find("foot_progression_angle").value < 12
    assert any("no time" in reason for reason in analysis.left_out)


@pytest.mark.parametrize(("name", "stance_s"), [("emed_test.lst", 1.06), ("footscan_test.xls", 0.658)])
def test_single_stances(touch, name, stance_s):
    analysis = analyse(read(touch / "emed_footscan_xsensor_pedar" / name), "classical")
    assert analysis.kind == "stance"
    assert analysis.find("stance_time").value == pytest.approx(stance_s, abs=0.012)
    assert analysis.find("step_length") is None
