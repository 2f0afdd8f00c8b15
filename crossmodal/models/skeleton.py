"""The skeleton over a carpet: 21 keypoints, 20 bones, and the cuboid of 2 x 2 x 1.8 m that contains them.

Keypoints are normalized, (x, y, z): millimetres are ``1900 * keypoint + (-100, -100, -1800)``. x runs along the columns
of the pressure map, y along its rows, both from the first cell; z points down, 0 at the floor, -1800 at the top. A heat
map has 20 x 20 x 18 voxels (x, y, z), the first and the last of an axis at 0 and 1: they are 100 mm apart in x and y
and, since 0 to 1 is 1900 mm there too, 111.8 mm in z.

References:
    Luo et al., "Intelligent carpet: inferring 3D human pose from tactile signals", CVPR 2021. The published code
    transposes the network's output before it compares it with the target, so columns run along x.
"""

import numpy as np
from numpy.typing import NDArray

#: The joints 0 to 14 and 19 to 24 of OpenPose's BODY_25, in order.
JOINTS = (
    "nose", "neck", "right_shoulder", "right_elbow", "right_wrist", "left_shoulder", "left_elbow", "left_wrist",
    "mid_hip", "right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle", "left_big_toe",
    "left_small_toe", "left_heel", "right_big_toe", "right_small_toe", "right_heel",
)  # fmt: skip
#: Pairs of joints that are connected by a bone.
BONES = (
    (1, 8), (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (8, 9), (9, 10), (10, 11), (8, 12), (12, 13), (13, 14),
    (1, 0), (14, 15), (15, 16), (14, 17), (11, 18), (18, 19), (11, 20),
)  # fmt: skip
MID_HIP = JOINTS.index("mid_hip")
#: Voxels of a heat map along x, y and z.
CUBE = (20, 20, 18)
#: Heat maps are probabilities divided by this: a sharp one has its peak near 1/3.
HEAT_SCALE = 0.25
CUBE_SIDE_MM = 1900.0
CUBE_ORIGIN_MM = (-100.0, -100.0, -1800.0)


def to_mm(keypoints: NDArray[np.floating]) -> NDArray[np.float64]:
    """Convert normalized keypoints (..., 3) to millimetres of the carpet: float64 (..., 3)."""
    return np.asarray(np.asarray(keypoints, np.float64) * CUBE_SIDE_MM + np.array(CUBE_ORIGIN_MM))


def from_mm(keypoints_mm: NDArray[np.floating]) -> NDArray[np.float64]:
    """Convert millimetres of the carpet (..., 3) to normalized keypoints: the inverse of `to_mm`."""
    return np.asarray((np.asarray(keypoints_mm, np.float64) - np.array(CUBE_ORIGIN_MM)) / CUBE_SIDE_MM)
