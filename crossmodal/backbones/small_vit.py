"""A small vision transformer for small images."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from crossmodal.backbones.images import NEUTRAL, Backbone, ImageNormalization

_PATCH = 8
_BLOCKS = 6
_HEADS = 4
_HEAD_CHANNELS = 64
_WAVELENGTH = 10_000.0


class SmallViT(Backbone):
    """Six pre-norm transformer blocks of 256 channels (4 heads) on patches of 8 x 8 pixels: 4.8 million parameters.

    A 64 x 64 image gives maps of 8 x 8. Positions are fixed sines and cosines, and the vector of an image is the mean
    over patches instead of a class token, so images may have any size; rows and columns that do not fill a patch are
    ignored. ``width`` scales channels and heads together, with 64 channels per head: 0.25 (64 channels, 0.3 million
    parameters), 0.5 (128, 1.2 million), 0.75, 1, and so on in quarters.

    Raises:
        ValueError: ``width`` does not give a whole number of heads, at least one.

    References:
        Dosovitskiy et al., "An image is worth 16x16 words", ICLR 2021; sines, pooling and no class token as in Beyer,
        Zhai & Kolesnikov, "Better plain ViT baselines for ImageNet-1k", 2022.
    """

    def __init__(self, width: float = 1.0, normalization: ImageNormalization = NEUTRAL) -> None:
        super().__init__(normalization)
        heads = round(_HEADS * width)
        if heads < 1 or heads != _HEADS * width:
            raise ValueError(f"width must be a multiple of {1 / _HEADS} (whole heads), got {width}")
        self.arguments = {"width": width}
        channels = heads * _HEAD_CHANNELS
        self.trunk = nn.Sequential()
        self.trunk.add_module("patches", _Patches(channels))
        for number in range(1, _BLOCKS + 1):
            self.trunk.add_module(f"block{number}", _Block(channels, heads))
        self.trunk.add_module("norm", _ChannelNorm(channels))
        self.channels = channels


class _Patches(nn.Module):
    """Linear map of every patch plus its position: (n, 3, height, width) to (n, channels, rows, columns)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.project = nn.Conv2d(3, channels, kernel_size=_PATCH, stride=_PATCH)
        nn.init.xavier_uniform_(self.project.weight.view(channels, -1))
        nn.init.zeros_(self.project.bias)  # type: ignore[arg-type]  # it has one

    def forward(self, inputs: Tensor) -> Tensor:
        if min(inputs.shape[2:]) < _PATCH:
            raise ValueError(f"images must have at least {_PATCH} x {_PATCH} pixels, got {tuple(inputs.shape[2:])}")
        maps: Tensor = self.project(inputs)
        return maps + _positions(maps)


def _positions(maps: Tensor) -> Tensor:
    """Return sines and cosines of rows and columns, a quarter of the channels each: (channels, rows, columns).

    Positions are counted in patches from the top left corner, so the grid of a small image is the top left part of the
    grid of a large one.
    """
    channels, rows, columns = maps.shape[1:]
    quarter = channels // 4
    rate = _WAVELENGTH ** -(torch.arange(quarter, device=maps.device) / max(quarter - 1, 1))
    down = torch.arange(rows, device=maps.device)[None, :, None] * rate[:, None, None]
    across = torch.arange(columns, device=maps.device)[None, None, :] * rate[:, None, None]
    waves = [wave(angle).expand(quarter, rows, columns) for angle in (across, down) for wave in (torch.sin, torch.cos)]
    return torch.cat(waves).to(maps.dtype)


class _Block(nn.Module):
    """Attention, then a two-layer perceptron four times as wide, both pre-norm and residual; maps in, maps out."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(channels)
        self.queries_keys_values = nn.Linear(channels, 3 * channels)
        self.attended = nn.Linear(channels, channels)
        self.perceptron_norm = nn.LayerNorm(channels)
        self.perceptron = nn.Sequential(nn.Linear(channels, 4 * channels), nn.GELU(), nn.Linear(4 * channels, channels))
        for layer in self.modules():
            if isinstance(layer, nn.Linear):
                nn.init.trunc_normal_(layer.weight, std=0.02)
                nn.init.zeros_(layer.bias)

    def forward(self, maps: Tensor) -> Tensor:
        tokens = maps.flatten(2).transpose(1, 2)
        tokens = tokens + self._attend(self.attention_norm(tokens))
        tokens = tokens + self.perceptron(self.perceptron_norm(tokens))
        mixed: Tensor = tokens.transpose(1, 2).reshape(maps.shape)
        return mixed

    def _attend(self, tokens: Tensor) -> Tensor:
        # (n, tokens, 3 * channels) to three of (n, heads, tokens, channels of a head)
        parts = self.queries_keys_values(tokens).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(parts[0], parts[1], parts[2])
        attended: Tensor = self.attended(mixed.transpose(1, 2).flatten(2))
        return attended


class _ChannelNorm(nn.Module):
    """Layer norm over the channels at every position."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)

    def forward(self, maps: Tensor) -> Tensor:
        normed: Tensor = self.norm(maps.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return normed
