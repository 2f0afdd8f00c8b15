"""Losses of pose estimation in a cube of voxels: heat maps made from keypoints, and limits of bone lengths."""

import math

import torch
from torch import Tensor

from crossmodal.models.skeleton import BONES, CUBE, HEAT_SCALE

# Offset of the maximum of the published Gaussian from its joint, in normalised units, and its height.
_OFFSET = 0.001
_HEIGHT = 1 / (_OFFSET * math.sqrt(2 * math.pi))


def heat_map_targets(keypoints: Tensor, cube: tuple[int, int, int] = CUBE) -> Tensor:
    """Render the heat maps (..., joints, *cube) of keypoints (..., joints, 3), normalised (x, y, z); each sums to 4.

    A heat map is the softmax over all voxels of exp(-(d - 0.001)^2 / 2) / (0.001 sqrt(2 pi)), with the distance d in
    normalised units, divided by 0.25. Near the joint it is a Gaussian about one voxel wide.

    References:
        Luo et al., "Intelligent carpet", CVPR 2021: the script that made the published heat maps.
    """
    squared: Tensor | float = 0.0
    for axis, size in enumerate(cube):
        voxels = torch.linspace(0, 1, size, device=keypoints.device, dtype=keypoints.dtype)
        along = (keypoints[..., axis, None] - voxels).square()
        squared = squared + along.reshape(*along.shape[:-1], *(size if other == axis else 1 for other in range(3)))
    assert isinstance(squared, Tensor)
    logits = _HEIGHT * torch.exp(-0.5 * (squared.sqrt() - _OFFSET).square())
    return logits.flatten(-3).softmax(dim=-1).reshape(logits.shape) / HEAT_SCALE


def heat_map_loss(heat_maps: Tensor, targets: Tensor) -> Tensor:
    """Compute the mean of 1000 * 2 (h* + 0.5) (h - h*)^2 over all voxels, with h* the target: high voxels weigh more.

    References:
        Luo et al., "Intelligent carpet", CVPR 2021, and its training script.
    """
    return 1000 * ((heat_maps - targets).square() * 2 * (targets + 0.5)).mean()


def squared_bone_lengths(keypoints: Tensor) -> Tensor:
    """Compute the squared bone lengths (..., 20) of keypoints (..., 21, 3), in normalised units."""
    first, second = (list(ends) for ends in zip(*BONES, strict=True))
    return (keypoints[..., first, :] - keypoints[..., second, :]).square().sum(dim=-1)


def bone_limits(keypoints: Tensor, tail: float = 0.001) -> Tensor:
    """Compute the range of squared bone lengths of training skeletons (n, 21, 3): (2, 20), minimum and maximum.

    ``tail`` is the fraction of skeletons ignored at either end of each bone: triangulation has outliers.

    Raises:
        ValueError: there is no skeleton.
    """
    if not len(keypoints):
        raise ValueError("limits of bone lengths need at least one skeleton, got none")
    lengths = squared_bone_lengths(keypoints.double()).sort(dim=0).values
    least = int(tail * len(lengths))
    return torch.stack([lengths[least], lengths[len(lengths) - 1 - least]]).to(keypoints.dtype)


def link_loss(keypoints: Tensor, limits: Tensor) -> Tensor:
    """Compute 10 times the mean distance of squared bone lengths from their limits; 0 within the limits.

    ``keypoints`` are (batch, 21, 3), normalised; ``limits`` (2, 20) as returned by `bone_limits`.

    References:
        Luo et al., "Intelligent carpet", CVPR 2021, section 4.2 (limits of the training set).
    """
    lengths = squared_bone_lengths(keypoints)
    outside = (limits[0] - lengths).clamp_min(0) + (lengths - limits[1]).clamp_min(0)
    return 10 * outside.mean()
