"""A network that estimates the pose of a person on a carpet: 21 joints from a window of pressure."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from crossmodal.backbones import Backbone, create
from crossmodal.models.skeleton import CUBE, CUBE_ORIGIN_MM, CUBE_SIDE_MM, HEAT_SCALE, JOINTS

_FRAMES_PER_IMAGE = 3


class PoseOutput(NamedTuple):
    """Predicted joints at the middle frame of the window; see `crossmodal.models.skeleton`."""

    #: (batch, 21, 20, 20, 18) over (x, y, z); the heat map of each joint sums to 4.
    heat_maps: Tensor
    #: (batch, 21, 3): mean positions of the heat maps, normalised (x, y, z).
    keypoints: Tensor


class PoseFromTouch(nn.Module):
    """Estimate 21 joints from a window of frames of a carpet.

    Every three frames are the channels of an image that passes through one backbone. A learned sum over the images
    combines them at each position, a vector of the whole carpet is added to each position, and convolutions over the
    20 x 20 columns of the cube return the 18 voxels above each. A softmax over all voxels is the heat map, and its
    mean is the joint, so training needs only keypoints.

    Args:
        backbone: a name of `crossmodal.backbones.create`.
        width: factor on the channels of the small AlexNet, 1 as published.
        weights: the backbone's initial weights: None (random), a shipped name, or a path.
        window: number of input frames, an odd multiple of 3; the pose is that of the middle frame.
        features: channels of the maps over the carpet.
        blocks: number of residual blocks over the columns of the cube.

    Raises:
        ValueError: the backbone is unknown, or the window is not an odd multiple of 3.

    References:
        Luo et al., "Intelligent carpet", CVPR 2021 (task, cube, non-causal window). The decoder is ours; the mean of a
        softmax after Sun et al., "Integral human pose regression", ECCV 2018, equation 3.
    """

    def __init__(
        self,
        backbone: str = "small_alexnet",
        width: float = 0.5,
        weights: str | None = None,
        window: int = 21,
        features: int = 192,
        blocks: int = 2,
    ) -> None:
        super().__init__()
        if window < 1 or window % (2 * _FRAMES_PER_IMAGE) != _FRAMES_PER_IMAGE:
            raise ValueError(f"window must be an odd multiple of {_FRAMES_PER_IMAGE} frames, got {window}")
        self.arguments: dict[str, Any] = {
            "backbone": backbone,
            "width": width,
            "weights": None,  # a trained model stores its own
            "window": window,
            "features": features,
            "blocks": blocks,
        }
        self.window = window
        self.backbone: Backbone = create(backbone, width=width, weights=weights)
        self.mix = nn.Conv3d(self.backbone.channels, features, (window // _FRAMES_PER_IMAGE, 1, 1))
        self.whole = nn.Sequential(nn.LayerNorm(2 * features), nn.Linear(2 * features, features))
        self.blocks = nn.Sequential(*(_ResidualBlock(features) for _ in range(blocks)))
        self.read = nn.Conv2d(features, len(JOINTS) * CUBE[2], kernel_size=1)

    def forward(self, touch: Tensor) -> PoseOutput:
        """Estimate the joints of windows of pressure (batch, window, rows, columns), 0 to 1.

        Raises:
            ValueError: the windows have another length.
        """
        batch, window, rows, columns = touch.shape
        if window != self.window:
            raise ValueError(f"expected windows of {self.window} frames, got {window}")
        images = touch.clamp(0, 1).reshape(-1, _FRAMES_PER_IMAGE, rows, columns)
        maps = self.backbone.maps(images)
        over_time = maps.reshape(batch, -1, *maps.shape[1:]).transpose(1, 2)
        mixed = F.gelu(self.mix(over_time)[:, :, 0])
        whole = self.whole(torch.cat([mixed.mean(dim=(2, 3)), mixed.amax(dim=(2, 3))], dim=1))
        # Rows of the carpet are along y, columns along x.
        plane = F.interpolate(mixed, size=(CUBE[1], CUBE[0]), mode="bilinear", align_corners=False)
        logits = self.read(F.gelu(self.blocks(plane + whole[:, :, None, None])))
        cube = logits.reshape(batch, len(JOINTS), CUBE[2], CUBE[1], CUBE[0]).permute(0, 1, 4, 3, 2)
        probabilities = cube.flatten(2).float().softmax(dim=2).reshape(cube.shape)
        return PoseOutput(probabilities / HEAT_SCALE, mean_positions(probabilities))

    def predictor(self) -> Callable[[dict[str, Any]], Tensor]:
        """Return the function for evaluations: from a sample with ``touch`` to joints (21, 3) in millimetres."""
        device = next(self.parameters()).device
        origin_mm = torch.tensor(CUBE_ORIGIN_MM)

        @torch.inference_mode()
        def predict(sample: dict[str, Any]) -> Tensor:
            keypoints: Tensor = self(sample["touch"][None].to(device)).keypoints[0].cpu()
            return keypoints * CUBE_SIDE_MM + origin_mm

        return predict


def mean_positions(probabilities: Tensor) -> Tensor:
    """Compute the mean positions (..., 3), normalised, of probabilities of voxels (..., 20, 20, 18)."""
    means = []
    for axis in range(3):
        others = [-3 + other for other in range(3) if other != axis]
        voxels = torch.linspace(0, 1, probabilities.shape[-3 + axis], device=probabilities.device)
        means.append(probabilities.sum(dim=others) @ voxels.to(probabilities.dtype))
    return torch.stack(means, dim=-1)


class _ResidualBlock(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        # Over channels and positions together, so that the result does not depend on the batch size.
        self.norm = nn.GroupNorm(1, channels)
        self.across = nn.Conv2d(channels, channels, kernel_size=3, padding=1)
        self.within = nn.Conv2d(channels, channels, kernel_size=1)

    def forward(self, hidden: Tensor) -> Tensor:
        inner: Tensor = self.within(F.gelu(self.across(self.norm(hidden))))
        return hidden + inner
