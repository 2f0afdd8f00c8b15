"""Images that drive the units of a backbone."""

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
#: Images that another device than the CPU optimizes at a time.
_BATCH = 64


class VisualizationDraws(NamedTuple):
    """What n images are optimized for, where they start and how each step looks at them."""

    units: Tensor
    """The two units of each image (n, 2), which may be the same."""
    spectra: Tensor
    """Starts (n, 3, rows, columns // 2 + 1, 2), see `fourier_images`."""
    views: Tensor
    """Uniform numbers (n, steps, 7), see `moved_views`."""
    size: tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class FeatureVisualization(Process[VisualizationDraws]):
    """Images optimized to drive one unit of a backbone, or two units at once.

    First an image for every unit of the ``layer`` (a child of the backbone's trunk such as ``layer3``; the last if it
    is None), then one for every pair of units, the mean of whose answers it drives; then the same again from other
    starts. The k-th round of pairs joins every unit with the k-th after it. Labels are the units, for a pair the first
    of its two.

    An image is a spectrum, started at a standard deviation of 0.01, that Adam (rate 0.05) changes for ``steps`` steps
    so that a view of the image, displaced, scaled and turned at random, drives the unit more. At the end its darkest
    value becomes 0 and its brightest 255. Small images are enlarged for the network, not made larger.

    The backbone is one of `crossmodal.backbones.names`, of ``width`` where it has several; with ``weights`` (a name or
    a path), or else random, another one for every ``network``. It is kept in memory. One unit in twenty of a random
    ResNet-50 answers nothing at all to the start; its image stays as it started.

    An image takes ``steps`` forward and backward passes, on a CPU on its own. Another device follows the same steps,
    but rounding grows along them: its images show the same, and their values differ by some levels.

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
        """Tell the two units that each image drives: (n, 2), the same twice for a single unit."""
        units = self.classes
        # Round k joins u with u + k; beyond half the units these would be the pairs of earlier rounds.
        place = indices % (units * (units + 1) // 2)
        first = place % units
        return np.stack([first, (first + place // units) % units], axis=1)

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
        # Clones, since what was drawn in inference mode can take no part in gradients.
        units, spectra, views = (numbers.to(device, copy=True) for numbers in draws[:3])
        spectra.requires_grad_()
        # Answers of some random networks are tiny; without this epsilon Adam's steps would be, too.
        optimizer = torch.optim.Adam([spectra], lr=_LEARNING_RATE, eps=1e-20)
        for numbers in views.unbind(dim=1):
            optimizer.zero_grad()
            answers = backbone(moved_views(fourier_images(spectra, draws.size), numbers, LEAST_SIDE))
            (-answers.gather(1, units).sum()).backward()
            optimizer.step()
    return spectra.detach()


def _stretched(images: Tensor) -> Tensor:
    """Stretch each image's values to 0 to 255; those of an image of one value become 0."""
    least, most = images.amin(dim=(1, 2, 3), keepdim=True), images.amax(dim=(1, 2, 3), keepdim=True)
    stretched = (images - least) / (most - least).clamp_min(torch.finfo(images.dtype).tiny)
    return (stretched * 255).round().to(torch.uint8)
