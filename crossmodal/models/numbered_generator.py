"""Base class of the published generators: images by index, generated one at a time."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from crossmodal.randomness import normals, uniforms


def check_ranges(arguments: Mapping[str, Any], **ranges: tuple[int, int]) -> None:
    """Check that arguments are integers within their inclusive ranges.

    Raises:
        ValueError: an argument is not; the message names it.
    """
    for name, (least, most) in ranges.items():
        value = arguments[name]
        if not isinstance(value, int) or not least <= value <= most:
            raise ValueError(f"{name} must be a whole number from {least} to {most}, got {value}")


class NumberedGenerator(nn.Module):
    """A generator of square images whose latent vectors and labels are determined by an index.

    Args:
        arguments: arguments of the constructor, stored in ``config.json``.
        latent: length of a latent vector.
        classes: number of classes; 0 for an unconditional generator.
    """

    #: Paths of the layers that return maps (n, units, rows, columns), from the smallest to the largest.
    layer_names: tuple[str, ...]

    def __init__(self, arguments: dict[str, Any], latent: int, classes: int) -> None:
        super().__init__()
        self.arguments, self.latent, self.classes = arguments, latent, classes

    def latents(self, indices: Sequence[int], seed: int = 0) -> Tensor:
        """Draw the latent vectors (n, latent) of indices, standard normal, on the device of the generator."""
        return normals(seed, f"{type(self).__name__}: latents", indices, self.latent).to(self._device())

    def labels(self, indices: Sequence[int], seed: int = 0) -> Tensor | None:
        """Draw the labels of indices, int64 (n,), uniformly; None without classes."""
        if not self.classes:
            return None
        drawn = uniforms(seed, f"{type(self).__name__}: labels", indices, 1)[:, 0]
        return (drawn * self.classes).long().clamp(max=self.classes - 1).to(self._device())

    @torch.no_grad()
    def draw(self, indices: Sequence[int], seed: int = 0) -> Tensor:
        """Generate the images of indices: uint8 (n, 3, size, size); image i depends only on the seed and i."""
        drawn = []
        # One by one: convolutions of a batch round differently from those of a single image.
        for index in indices:
            part = [index]
            labels = self.labels(part, seed)
            images = self(self.latents(part, seed), *(() if labels is None else (labels,)))
            drawn.append((255.0 * images.clamp(0, 1)).round().to(torch.uint8))
        return torch.cat(drawn)

    def predictor(self) -> Callable[[Sequence[int]], Tensor]:
        """Return the function for evaluations: from indices to images."""
        return self.draw

    def _device(self) -> torch.device:
        return next(self.parameters()).device

    def _check_labels(self, labels: Tensor | None) -> None:
        """Check that there are labels if and only if the generator is class-conditional.

        Raises:
            ValueError: labels are missing or superfluous.
        """
        if (labels is None) == bool(self.classes):
            raise ValueError(f"a generator of {self.classes} classes {'needs' if self.classes else 'takes no'} labels")
