"""A network that embeds the pressure of one stance as a unit vector, to identify people."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from crossmodal.backbones import Backbone, create

_PHASES_PER_IMAGE = 3


class IdentityFromTouch(nn.Module):
    """Embed footsteps so that those of one person are close, in any shoe and at any pace.

    Every three phases of the stance are the channels of an image of the square root of pressure. All images pass
    through one backbone; its feature maps are averaged over a coarse grid and mapped together to one unit vector.

    Args:
        backbone: a name of `crossmodal.backbones.create`.
        width: factor on the channels of the small AlexNet, 1 as published.
        weights: the backbone's initial weights: None (random), a shipped name, or a path.
        phases: number of phases of the stance, a multiple of 3; see `crossmodal.gait.footsteps.stance_phases`.
        grid: rows and columns of the averaged feature maps.
        features: length of the hidden vector.
        dimension: dimension of the embedding.
        full_scale_kpa: pressure of a white pixel; higher pressures are clipped.

    Raises:
        ValueError: the backbone is unknown, or the number of phases is not a multiple of 3.
    """

    def __init__(
        self,
        backbone: str = "small_alexnet",
        width: float = 0.5,
        weights: str | None = None,
        phases: int = 9,
        grid: tuple[int, int] = (4, 2),
        features: int = 256,
        dimension: int = 128,
        full_scale_kpa: float = 800.0,
    ) -> None:
        super().__init__()
        if phases < _PHASES_PER_IMAGE or phases % _PHASES_PER_IMAGE:
            raise ValueError(f"phases must be a multiple of {_PHASES_PER_IMAGE}, got {phases}")
        self.arguments: dict[str, Any] = {
            "backbone": backbone,
            "width": width,
            "weights": None,  # a trained model stores its own
            "phases": phases,
            "grid": list(grid),
            "features": features,
            "dimension": dimension,
            "full_scale_kpa": full_scale_kpa,
        }
        self.phases = phases
        self.full_scale_kpa = full_scale_kpa
        self.backbone: Backbone = create(backbone, width=width, weights=weights)
        self.pool = nn.AdaptiveAvgPool2d((grid[0], grid[1]))
        pooled = self.backbone.channels * grid[0] * grid[1] * (phases // _PHASES_PER_IMAGE)
        self.embed = nn.Sequential(
            nn.LayerNorm(pooled), nn.Linear(pooled, features), nn.GELU(), nn.Linear(features, dimension)
        )

    def forward(self, phases_kpa: Tensor) -> Tensor:
        """Embed footsteps (batch, phases, rows, columns), in kPa: unit vectors (batch, dimension).

        Raises:
            ValueError: the footsteps have another number of phases.
        """
        batch, phases, rows, columns = phases_kpa.shape
        if phases != self.phases:
            raise ValueError(f"expected footsteps of {self.phases} phases, got {phases}; see stance_phases")
        # The root enhances the toes and the midfoot, which identify people as well as the heel does.
        rooted = (phases_kpa / self.full_scale_kpa).clamp(0, 1).sqrt()
        maps = self.backbone.maps(rooted.reshape(-1, _PHASES_PER_IMAGE, rows, columns))
        return F.normalize(self.embed(self.pool(maps).reshape(batch, -1)), dim=1)

    def predictor(self) -> Callable[[dict[str, Any]], Tensor]:
        """Return the function for evaluations: from a sample with ``phases_kpa`` to a unit vector (dimension,)."""
        device = next(self.parameters()).device

        @torch.inference_mode()
        def predict(sample: dict[str, Any]) -> Tensor:
            vector: Tensor = self(sample["phases_kpa"][None].to(device))[0].cpu()
            return vector

        return predict
