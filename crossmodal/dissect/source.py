"""What a network is dissected on: labelled images that it looks at, or images that it draws."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from crossmodal.dissect.layer import Inputs
from crossmodal.errors import WeightsError
from crossmodal.randomness import generator, normals
from crossmodal.spelling import suggestion

#: The class index of pixels without a label.
UNLABELLED = 255

Segment = Callable[[Tensor], Tensor]


class Labelled(NamedTuple):
    """Images with a class index for every pixel."""

    #: uint8 (n, 3, height, width).
    images: Tensor
    #: int64 (n, height, width); indices that are no concept's do not count.
    labels: Tensor


class Source(Protocol):
    """Images by number, each time the same."""

    #: Names of concepts by class index.
    concepts: dict[int, str]
    #: Whether the masks lie over what goes into the network or over what comes out.
    over: Literal["input", "output"]

    def __len__(self) -> int:
        """How many images there are."""

    def inputs(self, indices: NDArray[np.int64]) -> Inputs:
        """What the network is given for some of the images."""

    def labelled(self, indices: NDArray[np.int64], inputs: Inputs, output: Tensor | None) -> Labelled:
        """The images and their masks; ``output`` is the network's where masks lie over its output."""


class ArraySource:
    """Labelled images in memory: uint8 (n, 3, height, width), int (n, height, width) and names by class index.

    Raises:
        ValueError: images and masks differ in number or size.
    """

    over: Literal["input", "output"] = "input"

    def __init__(self, images: Tensor, labels: Tensor, concepts: dict[int, str]) -> None:
        if len(images) != len(labels) or images.shape[-2:] != labels.shape[-2:]:
            raise ValueError(f"images {tuple(images.shape)} and masks {tuple(labels.shape)} do not go together")
        self._images, self._labels = images, labels
        self.concepts = concepts

    def __len__(self) -> int:
        return len(self._images)

    def inputs(self, indices: NDArray[np.int64]) -> Inputs:
        """The images."""
        return (self._images[torch.from_numpy(indices)],)

    def labelled(self, indices: NDArray[np.int64], inputs: Inputs, output: Tensor | None) -> Labelled:
        """The images and their masks."""
        return Labelled(inputs[0], self._labels[torch.from_numpy(indices)].long())


class DrawnSource:
    """Images that a generator draws, labelled by a segmenter.

    Args:
        draw_inputs: gives what the generator is called with for some of the images, each time the same; see
            `inputs_of`.
        segment: gives labels (n, height, width) or one score a class (n, classes, height, width) for images (n, 3,
            height, width), float in 0 to 1.
        concepts: names by class index.
        count: of the images.
        span: what the generator gives for black and for white.
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

    def drawn_from(self, draw_inputs: Callable[[NDArray[np.int64]], Inputs], count: int) -> "DrawnSource":
        """The same segmenter over other images."""
        return DrawnSource(draw_inputs, self._segment, self.concepts, count=count, span=self._span)

    def inputs(self, indices: NDArray[np.int64]) -> Inputs:
        """What the generator is called with."""
        return self._draw_inputs(indices)

    def labelled(self, indices: NDArray[np.int64], inputs: Inputs, output: Tensor | None) -> Labelled:
        """What the generator drew, and what the segmenter sees in it.

        Raises:
            WeightsError: the generator gave values that are not numbers.
        """
        assert output is not None
        return self.see(output)

    def index_of(self, concept: str) -> int:
        """The class index of a concept.

        Raises:
            ValueError: there is none of this name.
        """
        for index, name in self.concepts.items():
            if name == concept:
                return index
        raise ValueError(f"unknown concept {concept!r}{suggestion(concept, self.concepts.values())}")

    def see(self, output: Tensor) -> Labelled:
        """Images of the generator's output (n, 3, height, width), and their labels.

        Raises:
            WeightsError: the generator gave values that are not numbers, or no images.
        """
        images = as_images(output, self._span)
        return Labelled((images * 255).round().to(torch.uint8), segment_images(self._segment, images))


def inputs_of(model: nn.Module, *, seed: int = 0) -> Callable[[NDArray[np.int64]], Inputs]:
    """Find out what a generator is called with: its ``latents`` and ``labels``, or normal numbers by its ``latent``.

    Raises:
        ValueError: it has neither; it is no generator, or one of another kind.
    """
    own, length = getattr(model, "latents", None), getattr(model, "latent", None)
    if callable(own):
        labels = getattr(model, "labels", lambda _indices, _seed: None)

        def draw(indices: NDArray[np.int64]) -> Inputs:
            drawn = own(indices.tolist(), seed), labels(indices.tolist(), seed)
            return tuple(part for part in drawn if part is not None)

        return draw
    if isinstance(length, int):
        return lambda indices: (normals(seed, "dissect/latents", indices, length),)
    raise ValueError(
        f"{type(model).__name__} is no generator: it has neither latents(indices, seed) nor the length of a latent "
        "vector (latent)"
    )


def as_images(output: Tensor, span: tuple[float, float] = (0.0, 1.0)) -> Tensor:
    """Bring a generator's output (n, 3, height, width) from black and white at ``span`` to 0 to 1.

    Raises:
        WeightsError: it holds values that are not numbers, or is no images.
    """
    if output.ndim != 4 or output.shape[1] != 3:
        raise WeightsError(
            f"a generator's images (n, 3, height, width) were expected, found shape {tuple(output.shape)}; "
            "is this network a generator?"
        )
    refuse_not_numbers(output, "the generator's images")
    return ((output.float() - span[0]) / (span[1] - span[0])).clamp(0, 1)


@torch.inference_mode()
def segment_images(segment: Segment, images: Tensor) -> Tensor:
    """Label images (n, 3, height, width): int64 (n, height, width).

    Raises:
        WeightsError: the segmenter gives neither labels nor scores of the images' size.
    """
    given = segment(images)
    labels = given.argmax(dim=1) if given.ndim == 4 else given
    if labels.shape != (len(images), *images.shape[-2:]):
        raise WeightsError(
            f"a segmenter's labels of {tuple(images.shape[-2:])} pixels were expected, found shape "
            f"{tuple(given.shape)}; is this network a segmenter?"
        )
    return labels.long()


def refuse_not_numbers(values: Tensor, what: str) -> None:
    """Complain where values are NaN or infinite.

    Raises:
        WeightsError: some are.
    """
    wrong = int((~torch.isfinite(values)).flatten(1).any(dim=1).sum())
    if wrong:
        raise WeightsError(
            f"{what} hold values that are not numbers ({wrong} of {len(values)} samples); "
            "its weights are damaged, or it was not trained to the end: choose another checkpoint"
        )


@dataclass(frozen=True)
class Shuffled:
    """Another source whose masks are those of other images: what is found on it is chance.

    Raises:
        ValueError: the masks lie over the network's output, and so belong to their images.
    """

    source: Source
    seed: int = 0

    def __post_init__(self) -> None:
        if self.source.over != "input":
            raise ValueError("only masks over the network's input can be exchanged")
        order = generator(self.seed, "dissect/shuffled masks").permutation(len(self.source))
        object.__setattr__(self, "_order", order)

    @property
    def concepts(self) -> dict[int, str]:
        """Those of the source."""
        return self.source.concepts

    @property
    def over(self) -> Literal["input", "output"]:
        """The input."""
        return self.source.over

    def __len__(self) -> int:
        return len(self.source)

    def inputs(self, indices: NDArray[np.int64]) -> Inputs:
        """The images."""
        return self.source.inputs(indices)

    def labelled(self, indices: NDArray[np.int64], inputs: Inputs, output: Tensor | None) -> Labelled:
        """The images with masks of others."""
        others: NDArray[np.int64] = self._order[indices]  # type: ignore[attr-defined]
        return Labelled(inputs[0], self.source.labelled(others, inputs, None).labels)


def concepts_of(segmenter: nn.Module) -> dict[int, str]:
    """The names that a segmenter has for its classes (``classes``), by class index; none if it has no names."""
    names = getattr(segmenter, "classes", None)
    return dict(enumerate(map(str, names))) if isinstance(names, tuple | list) else {}
