"""Losses of finding joints in a cube: heat maps made on the fly from places, and bones of possible length."""

import math

import torch
from torch import Tensor

from crossmodal.models.skeleton import BONES, CUBE, HEAT_SCALE

# Height and deviation of the published Gaussian, in normalised places; its middle is that far off its joint.
_OFFSET = 0.001
_HEIGHT = 1 / (_OFFSET * math.sqrt(2 * math.pi))


def heat_map_targets(keypoints: Tensor, cube: tuple[int, int, int] = CUBE) -> Tensor:
    """Make the heat maps of joints (..., joints, 3), normalised places (x, y, z): (..., joints, *cube), sums of 4.

    The softmax over all voxels of a Gaussian of the distance d in normalised units, exp(-(d - 0.001)^2 / 2) / (0.001
    sqrt(2 pi)), divided by 0.25. Near its joint that is itself a Gaussian, about one voxel wide.

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
    """Average 1000 * 2 (h* + 0.5) (h - h*)^2 over all voxels, in which h* is the target: high voxels weigh more.

    References:
        Luo et al., "Intelligent carpet", CVPR 2021, and its training script.
    """
    return 1000 * ((heat_maps - targets).square() * 2 * (targets + 0.5)).mean()


def squared_bone_lengths(keypoints: Tensor) -> Tensor:
    """Measure the bones of skeletons (..., 21, 3): squared lengths (..., 20), in normalised units."""
    first, second = (list(ends) for ends in zip(*BONES, strict=True))
    return (keypoints[..., first, :] - keypoints[..., second, :]).square().sum(dim=-1)


def bone_limits(keypoints: Tensor, tail: float = 0.001) -> Tensor:
    """Find between which squared lengths the bones of training skeletons (n, 21, 3) lie: (2, 20), least and largest.

    ``tail`` is the share of skeletons that is left out at either end of each bone: triangulation has outliers.

    Raises:
        ValueError: there is no skeleton.
    """
    if not len(keypoints):
        raise ValueError("limits of bones need at least one skeleton")
    lengths = squared_bone_lengths(keypoints.double()).sort(dim=0).values
    least = int(tail * len(lengths))
    return torch.stack([lengths[least], lengths[len(lengths) - 1 - least]]).to(keypoints.dtype)


def link_loss(keypoints: Tensor, limits: Tensor) -> Tensor:
    """Average by how much the squared lengths of bones fall short of, or exceed, their limits; times 10.

    ``keypoints`` are (batch, 21, 3), normalised; ``limits`` (2, 20) as `bone_limits` gives them.

    References:
        Luo et al., "Intelligent carpet", CVPR 2021, section 4.2 (limits of the training set).
    """
    lengths = squared_bone_lengths(keypoints)
    outside = (limits[0] - lengths).clamp_min(0) + (lengths - limits[1]).clamp_min(0)
    return 10 * outside.mean()
