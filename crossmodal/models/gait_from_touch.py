"""A network that reads footsteps: events, foot, place, axis and extent of a candidate, and which cells are its own."""

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from crossmodal.backbones import create
from crossmodal.backbones.temporal import DilatedConvolutions

#: Rows and columns of a crop, and their distance.
GRID, CELL_MM = (32, 24), 16.0
#: Images for the backbone in a crop, each of three moments as its colours.
_IMAGES, _COLOURS = 6, 3
#: Percent of the usual peak force that makes a cell bright in those images.
_BRIGHT = 8.0
#: Rows and columns of backbone features that are kept apart.
_KEPT = (3, 2)
#: What places and sizes are counted in.
UNIT_MM = 100.0
_NEAR_FRAMES = 3
#: Static features of a cell: its place and the squares of it.
_PLACES = 5


class GaitOutput(NamedTuple):
    """What the network says of each footprint candidate; frames are those of its crop.

    Attributes:
        step: (batch,) logit of being a footstep; toes that drag and shadows of sensors are none.
        side: (batch,) logit of being a left foot.
        contact: (batch, frames) logits of the foot being on the floor.
        heel_strike, toe_off: (batch, frames) logits, over all frames, of where the event is.
        points: (batch, 4, 2) heel's middle, second metatarsal head, middle of the rectangle around the print, and that
            rectangle's size, as (along, to the right) of the crop, in units of `UNIT_MM`.
        own: (batch, frames, rows, columns) logits of a cell being loaded by this foot, not by another one or by drag.
    """

    step: Tensor
    side: Tensor
    contact: Tensor
    heel_strike: Tensor
    toe_off: Tensor
    points: Tensor
    own: Tensor


class GaitFromTouch(nn.Module):
    """Read footprint candidates from their crops.

    A small encoder sees every frame, an image backbone six images of the whole stance (each of three moments, as its
    colours); dilated convolutions over time join the two. Events are distributions over frames, whose mean lies between
    the frames. Whose cells are loaded is told by a filter that the network makes for every frame.

    Args:
        backbone: name of an image backbone, see `crossmodal.backbones.create`.
        width: of the backbone.
        weights: where the backbone starts from; None for a random start.
        channels: of the frame encoder's first layer.
        hidden: of the temporal network.
        dropout: of the temporal network.

    Raises:
        ValueError, WeightsError: as `crossmodal.backbones.create`.

    References:
        Tian et al., "Conditional Convolutions for Instance Segmentation", ECCV 2020 (filters made for an instance).
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
        # The weights are a start, not a part: a model that is read back brings its own.
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
        self.filter = nn.Linear(hidden, channels + _PLACES + 1)
        self.whole = nn.Sequential(nn.Linear(2 * hidden, hidden), nn.GELU(), nn.Linear(hidden, 2 + 8))
        self.register_buffer("places", _places(), persistent=False)

    places: Tensor

    def forward(self, movie: Tensor, step_s: Tensor, valid: Tensor) -> GaitOutput:
        """Read crops.

        Args:
            movie: (batch, frames, 2, rows, columns) loads of all cells and of the candidate's, in percent of the usual
                peak force.
            step_s: (batch, frames) time since the frame before.
            valid: bool (batch, frames), False behind the end of shorter crops, whose loads are 0 there.
        """
        batch, frames = valid.shape
        shown = torch.log1p(4.0 * movie)
        # Each frame between its neighbours: an edge is where they differ.
        around = torch.cat(
            [F.pad(shown[:, :-1], (0, 0) * 3 + (1, 0)), shown, F.pad(shown[:, 1:], (0, 0) * 3 + (0, 1))], 2
        )
        near = F.relu(self.near(around.flatten(0, 1).contiguous(memory_format=torch.channels_last)))
        far = self.far(near).reshape(batch, frames, -1)
        force = torch.log1p(movie.sum(dim=(3, 4)))
        clock = torch.log(step_s.clamp(min=1e-3) / 0.01)[..., None]
        inputs = torch.cat([far, self._glimpses(movie, valid), force, clock], dim=2)
        features = F.relu(self.cells(near))
        # Where an event lies between the frames takes more than half precision.
        with torch.autocast(inputs.device.type, enabled=False):
            return self._tell(self.temporal(inputs.float(), valid), features.float(), valid)

    def _tell(self, hidden: Tensor, features: Tensor, valid: Tensor) -> GaitOutput:
        """All heads."""
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
        rule = self.filter(hidden)
        features = features.reshape(batch, frames, -1, GRID[0] * GRID[1])
        channels = features.shape[2]
        own = torch.einsum("bfc,bfcp->bfp", rule[..., :channels], features)
        own = own + rule[..., channels:-1] @ self.places + rule[..., -1:]
        return GaitOutput(
            step=whole[:, 0],
            side=whole[:, 1],
            contact=moments[..., 0],
            heel_strike=moments[..., 1].masked_fill(outside, -torch.inf),
            toe_off=moments[..., 2].masked_fill(outside, -torch.inf),
            points=whole[:, 2:].reshape(batch, 4, 2),
            own=own.reshape(batch, frames, *GRID),
        )

    def _glimpses(self, movie: Tensor, valid: Tensor) -> Tensor:
        """What the backbone sees, told to every frame: (batch, frames, hidden)."""
        batch, frames = valid.shape
        count = _IMAGES * _COLOURS
        lengths = valid.sum(dim=1)
        bounds = (torch.arange(count + 1, device=movie.device) * lengths[:, None]).div(count, rounding_mode="floor")
        sums = F.pad(movie[:, :, 0].flatten(2).cumsum(dim=1), (0, 0, 1, 0))
        ends = sums.gather(1, bounds[..., None].expand(-1, -1, sums.shape[2]))
        means = ends.diff(dim=1) / bounds.diff(dim=1).clamp(min=1)[..., None]
        images = (means / _BRIGHT).clamp(0.0, 1.0).sqrt().reshape(batch * _IMAGES, _COLOURS, *GRID)
        maps = F.adaptive_avg_pool2d(self.backbone.maps(images), _KEPT)
        told = self.glimpse(maps.flatten(1)).reshape(batch, _IMAGES, -1)
        # Half an image's time before the first one's middle it alone is known; between two middles both are.
        place = (torch.arange(frames, device=movie.device) + 0.5) / lengths[:, None] * _IMAGES - 0.5
        low = place.floor().clamp(0, _IMAGES - 1)
        share = (place - low).clamp(0.0, 1.0)[..., None]
        index = low.long()[..., None].expand(-1, -1, told.shape[2])
        after = (index + 1).clamp(max=_IMAGES - 1)
        mixed: Tensor = (1.0 - share) * told.gather(1, index) + share * told.gather(1, after)
        return mixed


def event_position(logits: Tensor) -> Tensor:
    """Where events are, between frames: (batch,) from logits (batch, frames).

    The mean over the most probable frame and those within three frames of it, so that another candidate far away does
    not pull.
    """
    share = logits.softmax(dim=1)
    frames = torch.arange(logits.shape[1], device=logits.device)
    near = (frames - share.argmax(dim=1, keepdim=True)).abs() <= _NEAR_FRAMES
    share = share * near
    place: Tensor = (share * frames).sum(dim=1) / share.sum(dim=1)
    return place


def _places() -> Tensor:
    """Place of each cell and its squares: (5, rows * columns)."""
    axes = [(torch.arange(n) + 0.5 - n / 2) * CELL_MM / UNIT_MM for n in GRID]
    y, x = torch.meshgrid(*axes, indexing="ij")
    return torch.stack([y, x, y * y, x * x, x * y]).flatten(1)
