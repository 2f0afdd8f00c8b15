"""Images with masks that a network is dissected on: given ones, or ones that a generator draws."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from crossmodal.dissect.layer import Inputs
from crossmodal.errors import WeightsError
from crossmodal.randomness import generator, normals
from crossmodal.spelling import check_choice

#: The class index of pixels without a label.
UNLABELLED = 255

#: Labels images; see `DrawnSource`.
Segment = Callable[[Tensor], Tensor]
_BATCH = 16


class Labelled(NamedTuple):
    """Images with a class index for each pixel."""

    #: uint8 (n, 3, height, width).
    images: Tensor
    #: int64 (n, height, width); pixels with the index of no concept do not count.
    labels: Tensor


class Source(Protocol):
    """Images and masks by index; an index always gives the same image."""

    #: Names of concepts by class index.
    concepts: dict[int, str]
    #: Whether the masks cover the network's input or its output.
    over: Literal["input", "output"]

    def __len__(self) -> int:
        """Return the number of images."""

    def inputs(self, indices: NDArray[np.int64]) -> Inputs:
        """Return the arguments of the network for some of the images."""

    def labelled(self, indices: NDArray[np.int64], inputs: Inputs, output: Tensor | None) -> Labelled:
        """Return images and masks; ``output`` is that of the network if masks cover the output."""


class ArraySource:
    """Labelled images in memory: uint8 (n, 3, height, width), int (n, height, width) and names by class index.

    Raises:
        ValueError: the numbers or sizes of images and masks differ.
    """

    over: Literal["input", "output"] = "input"

    def __init__(self, images: Tensor, labels: Tensor, concepts: dict[int, str]) -> None:
        if len(images) != len(labels) or images.shape[-2:] != labels.shape[-2:]:
            raise ValueError(f"images {tuple(images.shape)} and masks {tuple(labels.shape)} differ in number or size")
        self._images, self._labels = images, labels
        self.concepts = concepts

    def __len__(self) -> int:
        return len(self._images)

    def inputs(self, indices: NDArray[np.int64]) -> Inputs:
        """Return the images."""
        return (self._images[torch.from_numpy(indices)],)

    def labelled(self, indices: NDArray[np.int64], inputs: Inputs, output: Tensor | None) -> Labelled:
        """Return the images and their masks."""
        return Labelled(inputs[0], self._labels[torch.from_numpy(indices)].long())


class DrawnSource:
    """Images that a generator draws, labelled by a segmenter.

    Args:
        draw_inputs: returns the arguments of the generator for some of the image indices; see `inputs_of`.
        segment: returns labels (n, height, width) or class scores (n, classes, height, width) of images (n, 3, height,
            width), float within 0 to 1.
        concepts: names by class index.
        count: number of images.
        span: the generator's values of black and white.
    """

    over: Literal["input", "output"] = "output"

    def __init__(
        self,
        draw_inputs: Callable[[NDArray[np.int64]], Inputs],
        segment: Segment,
        concepts: dict[int, str],
        *,
        count: int = 1000,
        span: tuple[float, float] = (0.0, 1.0),
    ) -> None:
        self._draw_inputs, self._segment, self._count, self._span = draw_inputs, segment, count, span
        self.concepts = concepts

    def __len__(self) -> int:
        return self._count

    def with_inputs(self, draw_inputs: Callable[[NDArray[np.int64]], Inputs], count: int) -> "DrawnSource":
        """Return a source of other images with the same segmenter."""
        return DrawnSource(draw_inputs, self._segment, self.concepts, count=count, span=self._span)

    def inputs(self, indices: NDArray[np.int64]) -> Inputs:
        """Return the arguments of the generator."""
        return self._draw_inputs(indices)

    def labelled(self, indices: NDArray[np.int64], inputs: Inputs, output: Tensor | None) -> Labelled:
        """Return the generator's images and the segmenter's labels.

        Raises:
            WeightsError: the generator's output is not finite, or not images.
        """
        assert output is not None
        return self.label_output(output)

    def index_of(self, concept: str) -> int:
        """Return the class index of a concept.

        Raises:
            ValueError: there is no such concept.
        """
        check_choice("concept", concept, self.concepts.values())
        return next(index for index, name in self.concepts.items() if name == concept)

    def label_output(self, output: Tensor) -> Labelled:
        """Return images and labels of the generator's output (n, 3, height, width).

        Raises:
            WeightsError: the generator's output is not finite, or not images.
        """
        images = as_images(output, self._span)
        return Labelled((images * 255).round().to(torch.uint8), segment_images(self._segment, images))


def inputs_of(model: nn.Module, *, seed: int = 0) -> Callable[[NDArray[np.int64]], Inputs]:
    """Return a function that draws the arguments of a generator for image indices.

    It uses the generator's methods ``latents(indices, seed)`` and, if there is one, ``labels(indices, seed)``, or draws
    normal vectors of the length ``latent``.

    Raises:
        ValueError: the network has neither ``latents`` nor ``latent``.
    """
    draw_latents, length = getattr(model, "latents", None), getattr(model, "latent", None)
    if callable(draw_latents):
        labels = getattr(model, "labels", lambda _indices, _seed: None)

        def draw(indices: NDArray[np.int64]) -> Inputs:
            drawn = draw_latents(indices.tolist(), seed), labels(indices.tolist(), seed)
            return tuple(part for part in drawn if part is not None)

        return draw
    if isinstance(length, int):
        return lambda indices: (normals(seed, "dissect/latents", indices, length),)
    raise ValueError(
        f"{type(model).__name__} is no generator: it has neither a method latents(indices, seed) nor an attribute "
        "latent, the length of its latent vectors"
    )


def as_images(output: Tensor, span: tuple[float, float] = (0.0, 1.0)) -> Tensor:
    """Scale a generator's output (n, 3, height, width) to 0 to 1, with black and white at ``span``.

    Raises:
        WeightsError: the output is not finite, or not images.
    """
    if output.ndim != 4 or output.shape[1] != 3:
        raise WeightsError(
            f"expected images of a generator (n, 3, height, width), found shape {tuple(output.shape)}; "
            "is this network a generator?"
        )
    require_finite(output, "the generator's images")
    return ((output.float() - span[0]) / (span[1] - span[0])).clamp(0, 1)


@torch.inference_mode()
def segment_images(segment: Segment, images: Tensor) -> Tensor:
    """Label images (n, 3, height, width): int64 (n, height, width).

    Raises:
        WeightsError: the segmenter returns neither labels nor scores of the size of the images.
    """
    output = segment(images)
    labels = output.argmax(dim=1) if output.ndim == 4 else output
    if labels.shape != (len(images), *images.shape[-2:]):
        raise WeightsError(
            f"expected labels of {tuple(images.shape[-2:])} pixels from a segmenter, found shape "
            f"{tuple(output.shape)}; is this network a segmenter?"
        )
    return labels.long()


def require_finite(values: Tensor, what: str) -> None:
    """Check that all values are finite.

    Raises:
        WeightsError: a value is NaN or infinite.
    """
    wrong = int((~torch.isfinite(values)).flatten(1).any(dim=1).sum())
    if wrong:
        raise WeightsError(
            f"{what} hold values that are not numbers ({wrong} of {len(values)} samples); the weights are damaged, or "
            "training has diverged: choose another checkpoint"
        )


@dataclass(frozen=True)
class PermutedMasks:
    """A source with the masks permuted among its images, to test the null hypothesis.

    Raises:
        ValueError: the masks cover the network's output, and so depend on the images.
    """

    source: Source
    seed: int = 0

    def __post_init__(self) -> None:
        if self.source.over != "input":
            raise ValueError("only masks over the network's input can be permuted")
        order = generator(self.seed, "dissect/shuffled masks").permutation(len(self.source))
        object.__setattr__(self, "_order", order)

    @property
    def concepts(self) -> dict[int, str]:
        """The concepts of the source."""
        return self.source.concepts

    @property
    def over(self) -> Literal["input", "output"]:
        """Always the input."""
        return self.source.over

    def __len__(self) -> int:
        return len(self.source)

    def inputs(self, indices: NDArray[np.int64]) -> Inputs:
        """Return the images."""
        return self.source.inputs(indices)

    def labelled(self, indices: NDArray[np.int64], inputs: Inputs, output: Tensor | None) -> Labelled:
        """Return the images with permuted masks."""
        permuted: NDArray[np.int64] = self._order[indices]  # type: ignore[attr-defined]
        return Labelled(inputs[0], self.source.labelled(permuted, inputs, None).labels)


def concepts_of(segmenter: nn.Module) -> dict[int, str]:
    """Return the class names of a segmenter (``classes``) by class index; empty if it has none."""
    names = getattr(segmenter, "classes", None)
    return dict(enumerate(map(str, names))) if isinstance(names, tuple | list) else {}


def image_batches(count: int) -> Iterator[NDArray[np.int64]]:
    """Iterate over the indices of images in batches of 16."""
    for first in range(0, count, _BATCH):
        yield np.arange(first, min(first + _BATCH, count))
