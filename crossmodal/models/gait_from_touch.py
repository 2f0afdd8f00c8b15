"""A network for footsteps in pressure maps: events, side, position, axis, extent and own cells of a candidate."""

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from crossmodal.backbones import create
from crossmodal.backbones.temporal import DilatedConvolutions

#: Rows and columns of a crop, and their distance.
GRID, CELL_MM = (32, 24), 16.0
#: Images of a crop for the backbone, and time averages in each, one for each colour channel.
_IMAGES, _COLOURS = 6, 3
#: Load of a white cell in those images, in percent of the usual peak force.
_BRIGHT = 8.0
#: Rows and columns to which the backbone's feature maps are pooled.
_KEPT = (3, 2)
#: Unit of predicted positions and sizes.
UNIT_MM = 100.0
#: Frames on each side of the most probable one that determine an event.
_NEAR_FRAMES = 3
#: Static features of a cell: its coordinates and their products.
_POSITION_FEATURES = 5


class GaitOutput(NamedTuple):
    """Predictions for a batch of footprint candidates; frames are those of the crop.

    Attributes:
        step: (batch,) logit that the candidate is a footstep; dragging toes and artefacts of sensors are not.
        side: (batch,) logit that it is a left foot.
        contact: (batch, frames) logits that the foot is on the floor.
        heel_strike, toe_off: (batch, frames) logits of the event over the frames.
        points: (batch, 4, 2) heel centre, second metatarsal head, centre of the rectangle around the print, and size of
            that rectangle, as (along, to the right) of the crop, in units of `UNIT_MM`.
        own: (batch, frames, rows, columns) logits that a cell is loaded by this foot, not by another one or by drag.
    """

    step: Tensor
    side: Tensor
    contact: Tensor
    heel_strike: Tensor
    toe_off: Tensor
    points: Tensor
    own: Tensor


class GaitFromTouch(nn.Module):
    """Predict events, side, geometry and own cells of footprint candidates from their crops.

    A small encoder processes every frame, an image backbone six images of the whole stance (three time averages each,
    as colour channels), and dilated convolutions over time combine the two. Events are distributions over frames, whose
    mean can be between frames. The cells of the foot come from a filter that is predicted for each frame.

    Args:
        backbone: name of an image backbone, see `crossmodal.backbones.create`.
        width: of the backbone.
        weights: of the backbone at the start; None for random ones.
        channels: of the frame encoder's first layer.
        hidden: features of the temporal network.
        dropout: of the temporal network.

    Raises:
        ValueError, WeightsError: as `crossmodal.backbones.create`.

    References:
        Tian et al., "Conditional Convolutions for Instance Segmentation", ECCV 2020 (filters predicted for each
        instance).
    """

    def __init__(
        self,
        backbone: str = "small_alexnet",
        width: float = 0.5,
        weights: str | None = None,
        channels: int = 16,
        hidden: int = 128,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        # The backbone's start is no argument of a stored model, which has its own weights.
        self.arguments: dict[str, Any] = {
            "backbone": backbone,
            "width": width,
            "channels": channels,
            "hidden": hidden,
            "dropout": dropout,
        }
        self.backbone = create(backbone, width=width, weights=weights)
        self.glimpse = nn.Linear(self.backbone.channels * _KEPT[0] * _KEPT[1], hidden)
        self.near = nn.Conv2d(6, channels, kernel_size=3, padding=1)
        self.cells = nn.Conv2d(channels, channels, kernel_size=1)
        self.far = nn.Sequential(
            nn.Conv2d(channels, 2 * channels, kernel_size=3, stride=2, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(2 * channels, 2 * channels, kernel_size=3, stride=2, padding=1),
            nn.ReLU(inplace=True),
            nn.Flatten(),
            nn.Linear(2 * channels * (GRID[0] // 4) * (GRID[1] // 4), hidden),
        )
        self.temporal = DilatedConvolutions(2 * hidden + 3, hidden, (1, 2, 4, 8, 16, 1), dropout)
        self.moments = nn.Linear(hidden, 3)
        self.filter = nn.Linear(hidden, channels + _POSITION_FEATURES + 1)
        self.whole = nn.Sequential(nn.Linear(2 * hidden, hidden), nn.GELU(), nn.Linear(hidden, 2 + 8))
        self.register_buffer("positions", _position_features(), persistent=False)

    positions: Tensor

    def forward(self, movie: Tensor, step_s: Tensor, valid: Tensor) -> GaitOutput:
        """Return the predictions for crops.

        Args:
            movie: (batch, frames, 2, rows, columns) loads of all cells and of the candidate's cells, in percent of the
                usual peak force.
            step_s: (batch, frames) time since the previous frame.
            valid: bool (batch, frames), False for the padding of shorter crops, whose loads are 0.
        """
        batch, frames = valid.shape
        shown = torch.log1p(4.0 * movie)
        # Each frame with its two neighbours, whose differences show the edges of contact.
        around = torch.cat(
            [F.pad(shown[:, :-1], (0, 0) * 3 + (1, 0)), shown, F.pad(shown[:, 1:], (0, 0) * 3 + (0, 1))], 2
        )
        near = F.relu(self.near(around.flatten(0, 1).contiguous(memory_format=torch.channels_last)))
        far = self.far(near).reshape(batch, frames, -1)
        force = torch.log1p(movie.sum(dim=(3, 4)))
        clock = torch.log(step_s.clamp(min=1e-3) / 0.01)[..., None]
        inputs = torch.cat([far, self._image_features(movie, valid), force, clock], dim=2)
        features = F.relu(self.cells(near))
        # The position of an event between frames needs more than half precision.
        with torch.autocast(inputs.device.type, enabled=False):
            return self._heads(self.temporal(inputs.float(), valid), features.float(), valid)

    def _heads(self, hidden: Tensor, features: Tensor, valid: Tensor) -> GaitOutput:
        """Apply all heads."""
        batch, frames = valid.shape
        moments = self.moments(hidden)
        outside = ~valid
        pooled = torch.cat(
            [
                (hidden * valid[..., None]).sum(dim=1) / valid.sum(dim=1, keepdim=True),
                hidden.masked_fill(outside[..., None], -torch.inf).amax(dim=1),
            ],
            dim=1,
        )
        whole = self.whole(pooled)
        kernel = self.filter(hidden)
        features = features.reshape(batch, frames, -1, GRID[0] * GRID[1])
        channels = features.shape[2]
        own = torch.einsum("bfc,bfcp->bfp", kernel[..., :channels], features)
        own = own + kernel[..., channels:-1] @ self.positions + kernel[..., -1:]
        return GaitOutput(
            step=whole[:, 0],
            side=whole[:, 1],
            contact=moments[..., 0],
            heel_strike=moments[..., 1].masked_fill(outside, -torch.inf),
            toe_off=moments[..., 2].masked_fill(outside, -torch.inf),
            points=whole[:, 2:].reshape(batch, 4, 2),
            own=own.reshape(batch, frames, *GRID),
        )

    def _image_features(self, movie: Tensor, valid: Tensor) -> Tensor:
        """Return the backbone's features of the images, interpolated to every frame: (batch, frames, hidden)."""
        batch, frames = valid.shape
        count = _IMAGES * _COLOURS
        lengths = valid.sum(dim=1)
        bounds = (torch.arange(count + 1, device=movie.device) * lengths[:, None]).div(count, rounding_mode="floor")
        sums = F.pad(movie[:, :, 0].flatten(2).cumsum(dim=1), (0, 0, 1, 0))
        ends = sums.gather(1, bounds[..., None].expand(-1, -1, sums.shape[2]))
        means = ends.diff(dim=1) / bounds.diff(dim=1).clamp(min=1)[..., None]
        images = (means / _BRIGHT).clamp(0.0, 1.0).sqrt().reshape(batch * _IMAGES, _COLOURS, *GRID)
        maps = F.adaptive_avg_pool2d(self.backbone.maps(images), _KEPT)
        features = self.glimpse(maps.flatten(1)).reshape(batch, _IMAGES, -1)
        # Linear interpolation between the central times of the images, constant outside.
        position = (torch.arange(frames, device=movie.device) + 0.5) / lengths[:, None] * _IMAGES - 0.5
        low = position.floor().clamp(0, _IMAGES - 1)
        weight = (position - low).clamp(0.0, 1.0)[..., None]
        index = low.long()[..., None].expand(-1, -1, features.shape[2])
        after = (index + 1).clamp(max=_IMAGES - 1)
        mixed: Tensor = (1.0 - weight) * features.gather(1, index) + weight * features.gather(1, after)
        return mixed


def event_position(logits: Tensor) -> Tensor:
    """Return the fractional frame index of events: (batch,) from logits (batch, frames).

    It is the mean over the most probable frame and those within three frames of it; a second peak far away has no
    effect.
    """
    probability = logits.softmax(dim=1)
    frames = torch.arange(logits.shape[1], device=logits.device)
    near = (frames - probability.argmax(dim=1, keepdim=True)).abs() <= _NEAR_FRAMES
    probability = probability * near
    position: Tensor = (probability * frames).sum(dim=1) / probability.sum(dim=1)
    return position


def _position_features() -> Tensor:
    """Return the coordinates of each cell and their products: (5, rows * columns)."""
    axes = [(torch.arange(n) + 0.5 - n / 2) * CELL_MM / UNIT_MM for n in GRID]
    y, x = torch.meshgrid(*axes, indexing="ij")
    return torch.stack([y, x, y * y, x * x, x * y]).flatten(1)
