"""A generator with one 3x3 filter per input channel, evaluated exactly at the cost of a few maps per layer.

All output channels o share the filters f_i of the input channels i, up to a gain g_o. With the styles s_i, the
demodulated kernel of o and i is::

    g_o s_i f_i / sqrt(sum_i |g_o s_i f_i|^2)  =  sign(g_o) s_i f_i / sqrt(sum_i |s_i f_i|^2)

so that the output channels are one map z up to their signs. All channels have the same noise n, and each has a bias
b_o: the channels relu(+-z + n + b_o) are piecewise linear functions of two numbers per pixel, n + z and n - z. The next
layer needs nine weighted sums over its input channels at each pixel, one for each tap of its kernels. Each sum is also
piecewise linear in these two numbers, and is looked up in running sums over the sorted biases. A layer of 512 x 512
channels costs as much as one of 18.
"""

from typing import NamedTuple, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from crossmodal.noise.untrained_generator.stages import BINOMIAL, RECTIFIED_GAIN, enlarged


class WaveletLayer(NamedTuple):
    """A convolution for n images."""

    filters: Tensor
    """Filters times styles, (n, inputs, 9)."""
    signs: Tensor
    """Signs of the gains, -1 or 1, (n, outputs)."""
    biases: Tensor
    """Biases (n, outputs)."""
    noise: Tensor
    """Noise that is added to all channels (n, rows, columns)."""


class WaveletLevel(NamedTuple):
    """The layers of one stage, and the weights times styles (n, channels, 3) for its part of the image."""

    layers: tuple[WaveletLayer, ...]
    colours: Tensor


class WaveletNetwork(NamedTuple):
    """The networks of n images: the coarsest maps (n, channels, rows, columns), and levels from coarse to fine."""

    constant: Tensor
    levels: tuple[WaveletLevel, ...]


def evaluate_wavelets(network: WaveletNetwork) -> Tensor:
    """Return the images (n, 3, rows, columns) of networks, of arbitrary scale.

    The first layer of every level but the coarsest doubles the sides.
    """
    channels: _Channels = _Plain(network.constant)
    image: Tensor | None = None
    for level in network.levels:
        for number, layer in enumerate(level.layers):
            doubles = image is not None and number == 0
            channels = _Rectified(_convolved(channels, layer.filters, doubles), layer)
        colours = channels.sums(level.colours)
        image = colours if image is None else enlarged(image) + colours
    assert image is not None
    return image


class _Channels(Protocol):
    def sums(self, weights: Tensor) -> Tensor:
        """Return weighted sums over the channels, for weights (n, channels, sums): (n, sums, rows, columns)."""


class _Plain:
    def __init__(self, values: Tensor) -> None:
        self.values = values

    def sums(self, weights: Tensor) -> Tensor:
        return torch.einsum("nchw,ncm->nmhw", self.values, weights)


class _Rectified:
    """Channels sqrt(2) relu(sign_o z + noise + bias_o)."""

    def __init__(self, z: Tensor, layer: WaveletLayer) -> None:
        self.size = z.shape[1:]
        # (n, 2, pixels): the inputs of channels of positive sign and of channels of negative sign.
        self.drives = torch.stack([layer.noise + z, layer.noise - z], dim=1).flatten(2)
        # Channels in the order in which they become positive as the drive grows.
        self.biases, self.order = layer.biases.sort(dim=1, descending=True)
        signs = layer.signs.gather(1, self.order)
        self.sides = torch.stack([signs > 0, signs < 0], dim=1)
        self.lifted = torch.searchsorted(-self.biases[:, None].repeat(1, 2, 1), self.drives)

    def sums(self, weights: Tensor) -> Tensor:
        n, channels, count = weights.shape
        slopes = RECTIFIED_GAIN * weights.gather(1, self.order[..., None].expand_as(weights))
        lines = torch.cat([slopes, slopes * self.biases[..., None]], dim=2)
        # Row k of a side: slope and offset of the sum if the first k channels are positive.
        rows = F.pad((lines[:, None] * self.sides[..., None]).cumsum(dim=2), (0, 0, 1, 0))
        starts = torch.arange(2 * n, device=weights.device).view(n, 2, 1) * (channels + 1)
        found = rows.view(-1, 2 * count).index_select(0, (self.lifted + starts).flatten()).view(n, 2, -1, 2 * count)
        values = torch.addcmul(found[..., count:], found[..., :count], self.drives[..., None])
        return values.sum(dim=1).transpose(1, 2).reshape(n, count, *self.size)


def _convolved(channels: _Channels, filters: Tensor, doubles: bool) -> Tensor:
    """Convolve the channels with normalized kernels: (n, rows, columns), or of twice the sides if ``doubles``."""
    norms = filters.square().sum(dim=(1, 2), keepdim=True).sqrt()
    taps = channels.sums(filters / norms)
    rows, columns = taps.shape[2:]
    if not doubles:
        return F.fold(taps.flatten(2), (rows, columns), kernel_size=3, padding=1)[:, 0]
    # Zeros between the pixels, the kernels, then the low-pass filter.
    spread = F.fold(taps.flatten(2), (2 * rows + 1, 2 * columns + 1), kernel_size=3, stride=2)
    binomial = torch.tensor(BINOMIAL, device=spread.device)
    return F.conv2d(spread, torch.outer(binomial, binomial)[None, None], padding=1)[:, 0]
