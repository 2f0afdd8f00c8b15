"""What all generators of the published families share: samples by number, drawn one at a time."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from crossmodal.randomness import normals, uniforms


def refuse_outside(arguments: Mapping[str, Any], **ranges: tuple[int, int]) -> None:
    """Complain of arguments that are no whole numbers, or outside their range (both ends belong to it).

    Raises:
        ValueError: one is; names it.
    """
    for name, (least, most) in ranges.items():
        value = arguments[name]
        if not isinstance(value, int) or not least <= value <= most:
            raise ValueError(f"{name} must be a whole number from {least} to {most}, got {value}")


class NumberedGenerator(nn.Module):
    """A generator of square images whose latent vectors and labels are found by number.

    Args:
        arguments: those that the generator was made with; they go into ``config.json``.
        latent: length of a latent vector.
        classes: of a class-conditional generator; 0 for one without labels.
    """

    #: The layers that make maps (n, units, rows, columns), from the smallest to the largest, by their paths.
    layer_names: tuple[str, ...]

    def __init__(self, arguments: dict[str, Any], latent: int, classes: int) -> None:
        super().__init__()
        self.arguments, self.latent, self.classes = arguments, latent, classes

    def latents(self, indices: Sequence[int], seed: int = 0) -> Tensor:
        """Draw the latent vectors of some indices, standard normal: (n, latent) on the generator's device."""
        return normals(seed, f"{type(self).__name__}: latents", indices, self.latent).to(self._device())

    def labels(self, indices: Sequence[int], seed: int = 0) -> Tensor | None:
        """Draw the labels of some indices, each as often: int64 (n,); None without classes."""
        if not self.classes:
            return None
        drawn = uniforms(seed, f"{type(self).__name__}: labels", indices, 1)[:, 0]
        return (drawn * self.classes).long().clamp(max=self.classes - 1).to(self._device())

    @torch.no_grad()
    def draw(self, indices: Sequence[int], seed: int = 0) -> Tensor:
        """Draw the images of some indices: uint8 (n, 3, size, size); image i depends on the seed and i alone."""
        drawn = []
        # One by one: convolutions of a batch round otherwise than those of a single image.
        for index in indices:
            part = [index]
            labels = self.labels(part, seed)
            images = self(self.latents(part, seed), *(() if labels is None else (labels,)))
            drawn.append((255.0 * images.clamp(0, 1)).round().to(torch.uint8))
        return torch.cat(drawn)

    def predictor(self) -> Callable[[Sequence[int]], Tensor]:
        """Give the generator as evaluations want it: a function of indices."""
        return self.draw

    def _device(self) -> torch.device:
        return next(self.parameters()).device

    def _refuse_labels(self, labels: Tensor | None) -> None:
        """Complain where labels are missing, or where there is no use for them.

        Raises:
            ValueError: either.
        """
        if (labels is None) == bool(self.classes):
            raise ValueError(f"a generator of {self.classes} classes {'needs' if self.classes else 'takes no'} labels")
