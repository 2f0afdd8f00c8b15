"""The cube over the carpet, and the bones in it."""

import numpy as np

from crossmodal.models.skeleton import BONES, CUBE, JOINTS, from_mm, to_mm


def test_corners_of_the_cube_are_where_they_were_published() -> None:
    np.testing.assert_allclose(to_mm(np.zeros(3)), [-100, -100, -1800])
    np.testing.assert_allclose(to_mm(np.array([1, 1, 18 / 19])), [1800, 1800, 0])


def test_millimetres_and_back() -> None:
    places = np.random.default_rng(0).random((4, 21, 3))
    np.testing.assert_allclose(from_mm(to_mm(places)), places)


def test_voxels_are_100_mm_wide_and_112_mm_high() -> None:
    width, _, height = (np.diff(to_mm(np.linspace(0, 1, size)[:, None] * np.ones(3))[:2, 0])[0] for size in CUBE)
    assert round(float(width)) == 100
    assert round(float(height), 1) == 111.8


def test_bones_tie_all_joints_together() -> None:
    reached = {0}
    for _ in JOINTS:
        reached |= {end for bone in BONES if reached & set(bone) for end in bone}
    assert reached == set(range(len(JOINTS)))
    assert len(BONES) == len(JOINTS) - 1  # a tree
