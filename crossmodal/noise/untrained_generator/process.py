"""Images of untrained style-modulated generators."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crossmodal.noise.process import Process
from crossmodal.noise.untrained_generator.dense import dense_network, evaluate_dense
from crossmodal.noise.untrained_generator.pink_noise import standardized
from crossmodal.noise.untrained_generator.source import Source
from crossmodal.noise.untrained_generator.stages import LATENT, fitted, stages_for
from crossmodal.noise.untrained_generator.wavelet_draws import WAVELET_VARIANTS, draw_wavelets
from crossmodal.noise.untrained_generator.wavelets import evaluate_wavelets
from crossmodal.spelling import check_choice

_RANDOM = "random"
VARIANTS = (_RANDOM, *WAVELET_VARIANTS)

# Normal distributions (mean, deviation) of the mean and the standard deviation of an image's red, green and blue.
_MEANS = ((0.483, 0.145), (0.455, 0.142), (0.401, 0.161))
_DEVIATIONS = ((0.219, 0.063), (0.213, 0.062), (0.213, 0.069))
#: Images per batch on devices other than the CPU.
_BATCH = 32


class GeneratorDraws(NamedTuple):
    """The indices, size and seed of images; their parameters are drawn on rendering."""

    indices: NDArray[np.int64]
    size: tuple[int, int]
    seed: int


@dataclass(frozen=True, kw_only=True)
class UntrainedGenerator(Process[GeneratorDraws]):
    """Images of a style-modulated convolutional generator with random weights.

    Stages that double the sides refine a coarse random input of 4 x 4. Each stage has two 3x3 convolutions, whose
    kernels are scaled by styles and normalized, noise, biases and ReLU. The image is the sum over stages of linear maps
    from channels to colours. There is no mapping network: each layer has its own latent vector. Variants:

    - ``random``: all weights are standard normal, without noise and biases. One network renders ``images_per_network``
      consecutive images. It takes longer to draw than several images and is cached (200 MB at the published widths), so
      neighbouring indices should be requested together.
    - ``high_frequency``: the kernel of each input channel is one of 40 filters (signs of oriented edges and lines,
      spots). Each layer has its own map of pink noise (amplitude 1 / f^a, a uniform in 0.5 to 1.5).
    - ``sparse``: zero-mean filters, of which each layer uses 5 to 40; biases uniform in -0.2 to 0.2; the noise has a
      smooth envelope of 4 x 4 Laplace numbers.
    - ``oriented``: as ``sparse``, but all layers share one map of noise, averaged to their sizes. It is the best of
      the paper.

    In the last three variants, all parameters are drawn for each image. Each colour of an image is standardized to a
    mean and a standard deviation drawn from statistics of photographs, then clipped to 0 to 1.

    The finest stage is the least power of two that covers the shorter side of the image; along the longer side the
    coarse input has more cells. The result is cropped to the aspect ratio and averaged to the size of the image. So the
    layout depends on the shorter side, as does the width: ``channel_base`` / side channels, at most ``channel_most``.

    Devices agree to within 1 of 255 on average.

    Raises:
        ValueError: an unknown variant; a width or ``images_per_network`` below 1.

    References:
        Baradad et al., "Learning to see by looking at noise", NeurIPS 2021, section 3.3; the generator after Karras et
        al., "Analyzing and improving the image quality of StyleGAN", CVPR 2020, sections 2 and 4.
    """

    name: ClassVar[str] = "untrained_generator"

    variant: str = "oriented"
    channel_base: int = 32768
    channel_most: int = 512
    images_per_network: int = 400

    def __post_init__(self) -> None:
        check_choice("variant", self.variant, VARIANTS)
        for option in ("channel_base", "channel_most", "images_per_network"):
            if getattr(self, option) < 1:
                raise ValueError(f"{option} must be at least 1, got {getattr(self, option)}")

    def _draw(self, indices: NDArray[np.int64], size: tuple[int, int], seed: int) -> GeneratorDraws:
        return GeneratorDraws(indices, size, seed)

    def _render(self, draws: GeneratorDraws, device: torch.device) -> Tensor:
        images = torch.empty((len(draws.indices), 3, *draws.size), dtype=torch.uint8, device=device)
        for positions in self._batches(draws.indices, 1 if device.type == "cpu" else _BATCH):
            images[positions] = self._images(draws._replace(indices=draws.indices[positions]), device)
        return images

    def _batches(self, indices: NDArray[np.int64], most: int) -> Iterator[NDArray[np.int64]]:
        """Yield batches of positions of indices; each batch has one network, and networks come one after another."""
        numbers = self._networks(indices)
        order = np.argsort(numbers, kind="stable")
        for positions in np.split(order, np.flatnonzero(np.diff(numbers[order])) + 1):
            yield from (positions[first : first + most] for first in range(0, len(positions), most))

    def _networks(self, indices: NDArray[np.int64]) -> NDArray[np.int64]:
        # The wavelet variants draw a network for each image, so that any images can form a batch.
        return indices // self.images_per_network if self.variant == _RANDOM else np.zeros_like(indices)

    def _images(self, draws: GeneratorDraws, device: torch.device) -> Tensor:
        stages = stages_for(draws.size, self.channel_base, self.channel_most)
        source = Source(draws.seed, f"noise/{self.name}/{self.variant}", draws.indices, device)
        if self.variant == _RANDOM:
            number = int(self._networks(draws.indices[:1])[0])
            network = dense_network(draws.seed, f"{source.stream}/networks", number, stages, device)
            (numbers,) = source.normals("latents", network.latents * LATENT)
            images = evaluate_dense(network, numbers.reshape(-1, network.latents, LATENT))
        else:
            images = evaluate_wavelets(draw_wavelets(WAVELET_VARIANTS[self.variant], stages, source))
        means, deviations = source.normals("statistics", 3, 3)
        return _coloured(fitted(images, draws.size), _scaled(means, _MEANS), _scaled(deviations, _DEVIATIONS))


def _scaled(numbers: Tensor, law: tuple[tuple[float, float], ...]) -> Tensor:
    means, deviations = torch.tensor(law, device=numbers.device).unbind(dim=1)
    return means + deviations * numbers


def _coloured(images: Tensor, means: Tensor, deviations: Tensor) -> Tensor:
    """Return images as uint8, with channels of the given means and standard deviations (n, 3)."""
    images = standardized(images) * deviations[..., None, None] + means[..., None, None]
    return (images.clamp(0, 1) * 255).round().to(torch.uint8)
