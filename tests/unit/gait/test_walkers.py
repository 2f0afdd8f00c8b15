"""Footprints are associated by the direction of a walk and by the expected time of its next step."""

import numpy as np
import pytest

from crossmodal.gait.walkers import associate


def prints_of(
    begin_s: float, across_mm: float, steps: int, *, step_s: float = 0.6, step_mm: float = 650.0, toe_out=0.0
):
    """Rows of (time, position along and across, axis) of a walk along y."""
    rows = []
    for number in range(steps):
        side = 1.0 if number % 2 else -1.0
        angle = np.radians(side * toe_out)
        rows.append(
            (begin_s + number * step_s, number * step_mm, across_mm + 60.0 * side, np.cos(angle), np.sin(angle))
        )
    return np.array(rows)


def passages(*walkers: np.ndarray) -> list[set[int]]:
    """The walkers in each passage that is found, as sets of their indices."""
    owner = np.concatenate([np.full(len(rows), number) for number, rows in enumerate(walkers)])
    rows = np.concatenate(walkers)
    order = np.argsort(rows[:, 0], kind="stable")
    rows, owner = rows[order], owner[order]
    found = associate(rows[:, 1:3], rows[:, 0], rows[:, 0] + 0.7, list(rows[:, 3:5]))
    return [{int(owner[number]) for number in members} for members in found]


@pytest.mark.parametrize("lag_s", [0.1, 0.2, 0.3, 0.4])
def test_two_people_side_by_side_stay_apart_whatever_their_lag(lag_s: float) -> None:
    assert passages(prints_of(0.0, 0.0, 8), prints_of(lag_s, 260.0, 8)) == [{0}, {1}]


def test_a_step_that_was_missed_does_not_end_a_walk() -> None:
    rows = prints_of(0.0, 0.0, 8, step_s=0.5)
    assert passages(np.delete(rows, 4, axis=0)) == [{0}]


def test_feet_that_point_outwards_do_not_lead_astray() -> None:
    assert passages(prints_of(0.0, 0.0, 6, toe_out=25.0), prints_of(0.3, 300.0, 6, toe_out=25.0)) == [{0}, {1}]


def test_who_comes_the_other_way_is_somebody_else() -> None:
    other = prints_of(0.25, 150.0, 6)
    other[:, 1] = 3000.0 - other[:, 1]
    other[:, 3:] *= -1.0
    assert sorted(passages(prints_of(0.0, 0.0, 6), other), key=min) == [{0}, {1}]


def test_prints_without_an_axis_are_joined_as_well() -> None:
    rows = prints_of(0.0, 0.0, 5)
    found = associate(rows[:, 1:3], rows[:, 0], rows[:, 0] + 0.7, [None] * 5)
    assert found == [[0, 1, 2, 3, 4]]
