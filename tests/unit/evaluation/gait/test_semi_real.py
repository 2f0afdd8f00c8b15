"""Semi-real walks: positions, times and stances of real recordings, with an exact truth."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from crossmodal.errors import DatasetError
from crossmodal.evaluation.gait.events import score_walk, summarise_walks
from crossmodal.evaluation.gait.semi_real import read_semi_real
from crossmodal.evaluation.gait.semi_real_plan import draw_steps
from crossmodal.gait import analyse
from crossmodal.simulation.walks import Mat, draw_walker, simulate_insoles, simulate_walk
from crossmodal.tactile import save

MAT = Mat(600, 200)


@pytest.fixture(scope="module")
def walked() -> tuple:
    """Prints of a walk, and stances of another one."""
    walk = simulate_walk([draw_walker(4, 2)], MAT, 4, 2, 6.0)
    stances = analyse(walk.recording, "classical").stances
    first = [stance for stance in stances if stance.passage == 0]
    insoles = simulate_insoles(draw_walker(4, 3), 4, 3, 12.0)
    return [one for one in first if not one.footprint.partial][:4], analyse(
        list(insoles.recordings), "classical"
    ).stances


class TestSteps:
    def test_positions_and_rhythm_vary_about_the_real_ones(self, walked: tuple) -> None:
        prints, contacts = walked
        lasting = [one.duration_s for one in contacts if np.isfinite(one.duration_s)]
        length = np.linalg.norm(prints[-1].footprint.heel_mm - prints[0].footprint.heel_mm)
        sides = set()
        for index in range(20):
            drawn = draw_steps(prints, contacts, MAT, np.random.default_rng(index))
            sides.add(drawn[0].side)
            assert all(a.side != b.side for a, b in pairwise(drawn))
            assert np.linalg.norm(drawn[-1].heel_mm - drawn[0].heel_mm) == pytest.approx(length, rel=0.25)
            assert all(min(abs(step.toe_off_s - step.heel_strike_s - one) for one in lasting) < 1e-9 for step in drawn)
            steps = np.diff([step.heel_strike_s for step in drawn])
            assert ((steps > 0.3) & (steps < 0.9)).all()
            for before, this in pairwise(drawn):
                right = np.array([np.sin(this.path_rad), -np.cos(this.path_rad)])
                aside = float((this.heel_mm - before.heel_mm) @ right)
                assert (aside > 0) == (this.side == "right") or abs(aside) < 40
        assert sides == {"left", "right"}

    def test_a_rhythm_of_too_few_steps_is_refused(self, walked: tuple) -> None:
        prints, contacts = walked
        with pytest.raises(ValueError, match="successive steps"):
            draw_steps(prints, contacts[:3], MAT, np.random.default_rng(0))
        with pytest.raises(ValueError, match="two or more footprints"):
            draw_steps(prints[:1], contacts, MAT, np.random.default_rng(0))


def test_real_stances_keep_force_and_events(real_data: Path) -> None:
    folder = real_data / "touch"
    plates, pair = folder / "emed_footscan_xsensor_pedar", [folder / f"fscan_pair/FrasP01{foot}.asf" for foot in "LR"]
    feet = {
        "emed": [plates / "emed_test.lst"],
        "footscan": [plates / "footscan_test.xls"],
        "F-Scan": pair,
        "XSENSOR": [plates / "xsensor_data.csv"],
    }
    trials = [[path] for path in sorted(folder.glob("gaitpdb/*.txt"))]
    made_of = read_semi_real(feet, sorted(folder.glob("zebris_walkway/*.apd")), [pair, *trials])
    assert [len(movies) for movies in made_of.feet.values()] == [1, 1, 10, 1]
    assert made_of.feet["emed"][0].force_n.max() == pytest.approx(819, abs=1)
    assert made_of.feet["footscan"][0].duration_s == pytest.approx(0.654, abs=0.004)
    scores = []
    for index in range(8):
        walk = made_of.walk(0, index)
        assert len(walk.truth.footsteps) == 5
        scores.append(score_walk(analyse(walk.recording, "classical").stances, walk.truth))
    figures = summarise_walks(scores, samples=2)
    assert figures["side_accuracy"] == 1.0
    assert figures["toe_off_f1_50ms"] == 1.0
    assert abs(figures["toe_off_bias_ms"]) < 8


def test_a_source_without_a_whole_stance_is_refused_by_name(tmp_path: Path) -> None:
    walk = simulate_walk([draw_walker(4, 2)], Mat(60, 20, (5.0, 5.0)), 4, 2, 0.1)
    empty = tmp_path / "empty.npz"
    save(walk.recording, empty)
    with pytest.raises(DatasetError, match=r"plate: .*empty\.npz: no whole stance"):
        read_semi_real({"plate": [empty]}, [], [])
    with pytest.raises(DatasetError, match="plate: no recording"):
        read_semi_real({"plate": []}, [], [])
