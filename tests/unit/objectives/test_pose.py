"""Losses of joints in a cube, against slow twins and closed forms."""

import math

import pytest
import torch

from crossmodal.models.pose_from_touch import mean_positions
from crossmodal.models.skeleton import BONES, HEAT_SCALE
from crossmodal.objectives import bone_limits, heat_map_loss, heat_map_targets, link_loss, squared_bone_lengths


def skeletons(count: int, seed: int = 0) -> torch.Tensor:
    rng = torch.Generator().manual_seed(seed)
    return 0.2 + 0.6 * torch.rand(count, 21, 3, generator=rng, dtype=torch.float64)


def slow_target(joint: list[float], cube: tuple[int, int, int]) -> torch.Tensor:
    """One heat map, voxel by voxel."""
    heat = torch.zeros(cube, dtype=torch.float64)
    for i in range(cube[0]):
        for j in range(cube[1]):
            for k in range(cube[2]):
                voxel = (i / (cube[0] - 1), j / (cube[1] - 1), k / (cube[2] - 1))
                distance = math.dist(voxel, joint)
                heat[i, j, k] = math.exp(-0.5 * (distance - 0.001) ** 2) / (0.001 * math.sqrt(2 * math.pi))
    heat = torch.exp(heat - heat.max())
    return heat / heat.sum() / 0.25


def test_targets_against_the_published_formula_voxel_by_voxel() -> None:
    keypoints, cube = skeletons(1)[:, :3], (6, 5, 4)
    targets = heat_map_targets(keypoints, cube)
    assert targets.shape == (1, 3, *cube)
    for joint in range(3):
        torch.testing.assert_close(targets[0, joint], slow_target(keypoints[0, joint].tolist(), cube))


def test_targets_are_near_a_gaussian_of_one_voxel_whose_mean_is_the_joint() -> None:
    keypoints = skeletons(4)
    targets = heat_map_targets(keypoints)
    torch.testing.assert_close(targets.sum(dim=(2, 3, 4)), torch.full((4, 21), 4.0, dtype=torch.float64))
    assert float((mean_positions(HEAT_SCALE * targets) - keypoints).abs().max()) < 1e-3  # 2 mm
    # exp(399 exp(-d^2 / 2)) is exp(-399 d^2 / 2) but for a factor: a deviation of 1 / sqrt(399) in each direction.
    middle = heat_map_targets(torch.full((1, 1, 3), 0.5, dtype=torch.float64), (101, 101, 101))[0, 0]
    along = middle.sum(dim=(1, 2)) * HEAT_SCALE
    places = torch.linspace(0, 1, 101, dtype=torch.float64)
    deviation = math.sqrt(float(along @ (places - 0.5).square()))
    assert deviation == pytest.approx(1 / math.sqrt(1 / (0.001 * math.sqrt(2 * math.pi))), rel=0.02)


def test_heat_map_loss_against_its_formula() -> None:
    torch.manual_seed(0)
    found, wanted = torch.rand(2, 2, 3, 2, 2), torch.rand(2, 2, 3, 2, 2)
    total = sum(
        1000 * (h - t) ** 2 * 2 * (t + 0.5)
        for h, t in zip(found.flatten().tolist(), wanted.flatten().tolist(), strict=True)
    )
    assert float(heat_map_loss(found, wanted)) == pytest.approx(total / found.numel(), rel=1e-5)
    assert float(heat_map_loss(wanted, wanted)) == 0


def test_heat_map_loss_of_a_constant_error() -> None:
    assert float(heat_map_loss(torch.full((1, 2, 2), 0.6), torch.full((1, 2, 2), 0.5))) == pytest.approx(20)


def test_link_loss_against_its_published_loop() -> None:
    keypoints = skeletons(5)
    limits = bone_limits(skeletons(50, seed=1), tail=0.2)
    total = 0.0
    for skeleton in keypoints.tolist():
        for bone, (first, second) in enumerate(BONES):
            squared = math.dist(skeleton[first], skeleton[second]) ** 2
            least, largest = float(limits[0, bone]), float(limits[1, bone])
            total += least - squared if squared < least else max(squared - largest, 0.0)
    assert float(link_loss(keypoints, limits)) == pytest.approx(10 * total / (5 * len(BONES)))


def test_bones_of_the_training_set_cost_nothing_and_stretched_ones_do() -> None:
    keypoints = skeletons(20)
    limits = bone_limits(keypoints, tail=0)
    assert float(link_loss(keypoints, limits)) == 0
    stretched = (2 * keypoints).requires_grad_()
    link_loss(stretched, limits).backward()
    assert float(stretched.grad.abs().sum()) > 0


def test_limits_leave_out_a_share_at_either_end() -> None:
    keypoints = torch.zeros(1000, 21, 3)
    keypoints[:, 1, 0] = torch.arange(1000) / 1000  # the neck moves away from everything else
    limits = bone_limits(keypoints, tail=0.01)
    neck = BONES.index((1, 8))
    torch.testing.assert_close(limits[:, neck].sqrt(), torch.tensor([0.010, 0.989]))
    torch.testing.assert_close(limits[:, BONES.index((8, 9))], torch.zeros(2))
    with pytest.raises(ValueError, match="at least one skeleton"):
        bone_limits(keypoints[:0])


def test_squared_bone_lengths_of_a_unit_step() -> None:
    keypoints = torch.zeros(21, 3)
    keypoints[8, 2] = 1.0
    lengths = squared_bone_lengths(keypoints)
    assert [BONES[i] for i in lengths.nonzero().flatten().tolist()] == [bone for bone in BONES if 8 in bone]
