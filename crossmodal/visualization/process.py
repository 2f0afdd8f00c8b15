"""Images that activate the units of a backbone."""

import os
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crossmodal import backbones
from crossmodal.backbones import Backbone
from crossmodal.noise.process import Process
from crossmodal.randomness import normals, uniforms
from crossmodal.spelling import check_choice
from crossmodal.visualization.backbone_units import LEAST_SIDE, count_units, load_units
from crossmodal.visualization.fourier_images import fourier_images, spectrum_shape
from crossmodal.visualization.moved_views import NUMBERS_A_VIEW, moved_views
from crossmodal.weights import find_weights

_START_DEVIATION = 0.01
_LEARNING_RATE = 0.05
#: Images per batch on devices other than the CPU.
_BATCH = 64


class VisualizationDraws(NamedTuple):
    """Units, starts and views of n images."""

    units: Tensor
    """The two units of each image (n, 2), which may be the same."""
    spectra: Tensor
    """Initial spectra (n, 3, rows, columns // 2 + 1, 2), see `fourier_images`."""
    views: Tensor
    """Uniform numbers (n, steps, 7), see `moved_views`."""
    size: tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class FeatureVisualization(Process[VisualizationDraws]):
    """Images optimized to activate one unit of a backbone, or two units at once.

    The first images are for the single units of the ``layer`` (a child of the backbone's trunk such as ``layer3``; the
    last if None), the next ones for pairs of units, whose mean activation is maximized; then the same follows from
    other initial spectra. The k-th round of pairs combines each unit with the k-th unit after it. Labels are the units,
    for a pair the first one.

    An image is parametrized by its spectrum, which starts with a standard deviation of 0.01. Adam (learning rate 0.05)
    maximizes the activation for ``steps`` steps, each on a random view of the image, shifted, scaled and rotated. The
    values are then scaled to 0 to 255. For the network, small images are enlarged by interpolation.

    The backbone is one of `crossmodal.backbones.names`, with a ``width`` if it has several. It has the ``weights`` (a
    name or a path), or else random ones that depend on ``network``. It is cached. One unit in twenty of a random
    ResNet-50 has no activation at the start; its image does not change.

    An image takes ``steps`` forward and backward passes; on a CPU images are optimized one by one. On other devices
    rounding errors grow over the steps: images look the same, but values differ by several levels.

    Raises:
        ValueError: an unknown backbone or layer; a width that the backbone does not have; fewer than 1 step.
        WeightsError: no such weights.

    References:
        Olah, Mordvintsev & Schubert, "Feature visualization", Distill 2017; Baradad et al., "Learning to see by looking
        at noise", NeurIPS 2021, section 3.4, where the backbone is a ResNet-50, random or trained on dead leaves.
    """

    name: ClassVar[str] = "feature_visualization"

    backbone: str = "resnet50"
    weights: str | None = None
    width: float = 1.0
    layer: str | None = None
    steps: int = 128
    network: int = 0

    def __post_init__(self) -> None:
        check_choice("backbone", self.backbone, backbones.names())
        if self.steps < 1:
            raise ValueError(f"steps must be at least 1, got {self.steps}")
        if self.network < 0:
            raise ValueError(f"network must not be negative, got {self.network}")
        if self.weights is not None:
            find_weights(self.weights)
            object.__setattr__(self, "weights", os.fspath(self.weights))
        if self.layer is not None or self.width != 1.0:
            count_units(self.backbone, self.width, self.layer)

    @property
    def classes(self) -> int:
        """The number of units."""
        return count_units(self.backbone, self.width, self.layer)

    def units(self, indices: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the two units of each image: (n, 2), twice the same for a single unit."""
        units = self.classes
        # Round k combines u with u + k; beyond half the units these would be pairs of earlier rounds.
        position = indices % (units * (units + 1) // 2)
        first = position % units
        return np.stack([first, (first + position // units) % units], axis=1)

    def _labels(self, indices: NDArray[np.int64], seed: int) -> Tensor:
        return torch.from_numpy(self.units(indices)[:, 0])

    def _draw(self, indices: NDArray[np.int64], size: tuple[int, int], seed: int) -> VisualizationDraws:
        shape = spectrum_shape(size)
        starts = normals(seed, f"noise/{self.name}/starts", indices, int(np.prod(shape)))
        views = uniforms(seed, f"noise/{self.name}/views", indices, self.steps * NUMBERS_A_VIEW)
        return VisualizationDraws(
            units=torch.from_numpy(self.units(indices)),
            spectra=_START_DEVIATION * starts.reshape(-1, *shape),
            views=views.reshape(-1, self.steps, NUMBERS_A_VIEW),
            size=size,
        )

    def _render(self, draws: VisualizationDraws, device: torch.device) -> Tensor:
        backbone = load_units(self.backbone, self.width, self.layer, self.weights, self.network, device)
        images = torch.empty((len(draws.units), 3, *draws.size), dtype=torch.uint8, device=device)
        batch = 1 if device.type == "cpu" else _BATCH
        for first in range(0, len(draws.units), batch):
            part = slice(first, first + batch)
            few = VisualizationDraws(draws.units[part], draws.spectra[part], draws.views[part], draws.size)
            images[part] = _stretched(fourier_images(_optimized(backbone, few, device), draws.size))
        return images


def _optimized(backbone: Backbone, draws: VisualizationDraws, device: torch.device) -> Tensor:
    with torch.inference_mode(False), torch.enable_grad():
        # Copies, since tensors drawn in inference mode cannot be used in autograd.
        units, spectra, views = (numbers.to(device, copy=True) for numbers in draws[:3])
        spectra.requires_grad_()
        # Activations of some random networks are tiny; with a larger epsilon, so were the steps of Adam.
        optimizer = torch.optim.Adam([spectra], lr=_LEARNING_RATE, eps=1e-20)
        for numbers in views.unbind(dim=1):
            optimizer.zero_grad()
            activations = backbone(moved_views(fourier_images(spectra, draws.size), numbers, LEAST_SIDE))
            (-activations.gather(1, units).sum()).backward()
            optimizer.step()
    return spectra.detach()


def _stretched(images: Tensor) -> Tensor:
    """Scale each image to 0 to 255; a constant image becomes 0."""
    least, most = images.amin(dim=(1, 2, 3), keepdim=True), images.amax(dim=(1, 2, 3), keepdim=True)
    stretched = (images - least) / (most - least).clamp_min(torch.finfo(images.dtype).tiny)
    return (stretched * 255).round().to(torch.uint8)
