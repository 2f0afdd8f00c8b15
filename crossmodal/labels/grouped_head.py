"""Labels for what a class-conditional generator draws, for many classes of images from a few annotated ones of each.

The layers are gathered in groups of like fineness, coarse to fine. Each group is reduced by a 1 x 1 convolution; what
the coarser ones gave is enlarged, set beside it and mixed by a residual block. The norms in these blocks are scaled and
shifted by the class that the image was drawn for, so that one head serves all classes.

References:
    Li et al., "BigDatasetGAN: synthesizing ImageNet with pixel-wise annotations", CVPR 2022, section 3.2.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from crossmodal.dissect.grid import upsample
from crossmodal.dissect.layer import Inputs
from crossmodal.dissect.source import inputs_of
from crossmodal.errors import DatasetError
from crossmodal.labels.features import fingerprint, observe
from crossmodal.labels.head import Labels, descend
from crossmodal.randomness import generator, stream_key


class ConditionalNorm(nn.Module):
    """Batch normalisation whose scales and shifts come from the vector of a class.

    References:
        Brock et al., "Large scale GAN training", ICLR 2019, appendix B.
    """

    def __init__(self, channels: int, embedding: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.scale, self.shift = nn.Linear(embedding, channels), nn.Linear(embedding, channels)
        for linear in (self.scale, self.shift):
            nn.init.normal_(linear.weight, std=0.02)
            nn.init.zeros_(linear.bias)

    def forward(self, maps: Tensor, vectors: Tensor) -> Tensor:
        """Normalise maps (n, channels, rows, columns) by vectors (n, embedding)."""
        scale, shift = self.scale(vectors)[..., None, None], self.shift(vectors)[..., None, None]
        normed: Tensor = self.norm(maps) * (1 + scale) + shift
        return normed


class _Mix(nn.Module):
    """A residual block of two 3 x 3 convolutions behind conditional norms; a 1 x 1 convolution beside them."""

    def __init__(self, inputs: int, outputs: int, embedding: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(ConditionalNorm(channels, embedding) for channels in (inputs, outputs))
        self.convolutions = nn.ModuleList(
            nn.Conv2d(channels, outputs, 3, padding=1, bias=False) for channels in (inputs, outputs)
        )
        self.beside = nn.Conv2d(inputs, outputs, 1, bias=False)

    def forward(self, maps: Tensor, vectors: Tensor) -> Tensor:
        inner = maps
        for norm, convolution in zip(self.norms, self.convolutions, strict=True):
            inner = convolution(norm(inner, vectors).relu())
        mixed: Tensor = inner + self.beside(maps)
        return mixed


class GroupedHead(nn.Module):
    """A head over groups of layers, told the class that an image was drawn for.

    Args:
        groups: names of the generator's layers, group by group, from coarse to fine.
        units: of all layers of each group together; of the last one with the image's three.
        classes: names of the classes of pixels; with two, one score tells the second from the first.
        conditions: classes that the generator draws; 1 for one without classes.
        widths: channels that each group is reduced to.
        embedding: length of the vector of a class.
        generator: fingerprint of the generator that the head belongs to.
        seed: of the random start.

    Raises:
        ValueError: fewer than two classes of pixels, no condition, or groups, units and widths differ in number.
    """

    def __init__(
        self,
        groups: Sequence[Sequence[str]],
        units: Sequence[int],
        classes: Sequence[str],
        conditions: int,
        widths: Sequence[int] = (128, 64, 32),
        embedding: int = 128,
        generator: str = "",
        seed: int = 0,
    ) -> None:
        super().__init__()
        if len(classes) < 2 or conditions < 1 or not len(groups) == len(units) == len(widths):
            raise ValueError(
                "need two classes of pixels, a condition, units and width of each group, got "
                f"{classes=}, {conditions=}, {groups=}, {units=}, {widths=}"
            )
        self.arguments: dict[str, Any] = {
            "groups": [list(group) for group in groups], "units": list(units), "classes": list(classes),
            "conditions": conditions, "widths": list(widths), "embedding": embedding, "generator": generator,
            "seed": seed,
        }  # fmt: skip
        self.groups = tuple(tuple(group) for group in groups)
        self.layers = tuple(name for group in groups for name in group)
        self.classes, self.conditions, self.generator = tuple(classes), conditions, generator
        first, second = (int(word) for word in stream_key(seed, "grouped head"))
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(first << 31 ^ second)
            self.embedding = nn.Embedding(conditions, embedding)
            self.reduce = nn.ModuleList(
                nn.Conv2d(wide, narrow, 1, bias=False) for wide, narrow in zip(units, widths, strict=True)
            )
            self.mix = nn.ModuleList(_Mix(coarse + own, own, embedding) for coarse, own in pairwise(widths))
            scores = 1 if len(classes) == 2 else len(classes)
            self.read = nn.Sequential(
                nn.BatchNorm2d(widths[-1]), nn.ReLU(), nn.Conv2d(widths[-1], scores, 3, padding=1)
            )

    def forward(self, maps: Sequence[Tensor], conditions: Tensor) -> Tensor:
        """Score images from maps of each group (n, units, rows, columns) and classes (n,).

        Returns:
            Log odds (n, classes of pixels, rows, columns) at the finest group's cells, up to a shift per pixel.
        """
        vectors = F.normalize(self.embedding(conditions), dim=1) * self.embedding.embedding_dim**0.5
        mixed = self.reduce[0](maps[0])
        for finer, reduce, mix in zip(maps[1:], self.reduce[1:], self.mix, strict=True):
            cells = (int(finer.shape[2]), int(finer.shape[3]))
            mixed = mix(torch.cat([upsample(mixed, cells), reduce(finer)], dim=1), vectors)
        scores: Tensor = self.read(mixed)
        return F.pad(scores, (0, 0, 0, 0, 1, 0)) if len(self.classes) == 2 else scores

    def gather(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """Bring what `observe` gives, each layer's maps and the image, together by group, on its finest cells."""
        places = iter(maps)
        grouped = [[next(places) for _ in group] for group in self.groups]
        grouped[-1].append(next(places))
        return [_on_finest(group) for group in grouped]

    @torch.inference_mode()
    def draw_labelled(self, model: nn.Module, inputs: Inputs) -> tuple[Tensor, Labels]:
        """Run the generator; give its output (n, 3, height, width) and the labels.

        Uncertainty is the entropy of a pixel's classes, in nats: there is one head, so there is no disagreement.

        Raises:
            WeightsError: the generator gives values that are not numbers.
        """
        maps, output = observe(model, self.layers, inputs)
        scores = self(self.gather(maps), conditions_of(inputs, len(output)))
        share = upsample(scores, (int(output.shape[2]), int(output.shape[3]))).softmax(dim=1)
        return output, Labels(share.argmax(dim=1), torch.special.entr(share).sum(dim=1))


def conditions_of(inputs: Inputs, count: int) -> Tensor:
    """The classes (n,) that a generator is called with beside the latents; zeros where it takes none."""
    return inputs[1] if len(inputs) > 1 else torch.zeros(count, dtype=torch.int64, device=inputs[0].device)


def choose_each(model: nn.Module, samples: int = 5, seed: int = 0) -> list[int]:
    """Choose the first ``samples`` images of each class that a conditional generator draws, by their indices.

    Raises:
        ValueError: it draws no classes, or one so rarely that there are fewer in 200 times as many as wanted.
    """
    classes = int(getattr(model, "classes", 0))
    if not classes:
        raise ValueError(f"{type(model).__name__} draws no classes; say how many images to choose in all")
    indices = range(200 * samples * classes)
    drawn = inputs_of(model, seed=seed)(np.array(indices))[1].cpu()
    chosen = [(drawn == one).nonzero()[:samples, 0].tolist() for one in range(classes)]
    rare = [one for one, found in enumerate(chosen) if len(found) < samples]
    if rare:
        raise ValueError(f"fewer than {samples} of {len(indices)} images are of class {rare[0]}")
    return sorted(index for found in chosen for index in found)


def train_grouped_head(
    model: nn.Module,
    groups: Sequence[Sequence[str]],
    inputs: Callable[[int], Inputs],
    masks: Sequence[Tensor],
    classes: Sequence[str],
    *,
    widths: Sequence[int] = (128, 64, 32),
    steps: int = 5000,
    batch: int = 4,
    rate: float = 1e-3,
    seed: int = 0,
) -> GroupedHead:
    """Train a head on annotated images of a generator; the generator is left as it is.

    The vectors of the classes are the generator's own where it has such, and are not trained: classes that are alike to
    it are alike to the head.

    Args:
        model: the generator.
        groups: of its layers, from coarse to fine; see `grouped_layers`.
        inputs: what the generator is called with for annotated image i, a batch of one: latents and, if it is
            conditional, labels.
        masks: int (height, width) of each annotated image; indices beyond the classes are not annotated.
        classes: their names; two for binary masks.
        widths: channels that each group is reduced to.
        steps: of Adam.
        batch: images a step.
        rate: of learning at the start; it falls to nothing along a cosine.
        seed: of batches and starts.

    Raises:
        DatasetError: nothing is annotated, or fewer than two classes are.
        WeightsError: the generator gives values that are not numbers.
        ValueError: a layer does not exist.
    """
    wanted = torch.stack([mask.long() for mask in masks])
    wanted = wanted.where(wanted < len(classes), -1)
    annotated = int((torch.bincount(wanted.flatten() + 1)[1:] > 0).sum())
    if annotated < 2:
        raise DatasetError(f"at least two classes must be annotated, found {annotated} in {len(masks)} masks")
    layers = [name for group in groups for name in group]
    units = iter(int(part.shape[1]) for part in observe(model.eval(), layers, inputs(0))[0])
    totals = [sum(next(units) for _ in group) for group in groups]
    totals[-1] += next(units)
    known = _class_vectors(model)
    rows, length = (max(1, int(getattr(model, "classes", 0))), 128) if known is None else known.shape
    head = GroupedHead(groups, totals, classes, rows, widths, length, fingerprint(model), seed)
    if known is not None:
        head.embedding.weight.data.copy_(known)
        head.embedding.requires_grad_(False)
    draws = generator(seed, "grouped head/batches")
    batches = (draws.permutation(len(masks))[:batch].tolist() for _ in range(steps))
    descend(
        head, (_loss(head, model, [inputs(place) for place in some], wanted[some]) for some in batches), steps, rate
    )
    return head.eval()


def _loss(head: GroupedHead, model: nn.Module, inputs: Sequence[Inputs], wanted: Tensor) -> Tensor:
    """Cross-entropy over some images; they are drawn anew, for the maps of all would fill the memory."""
    together = tuple(torch.cat(parts) for parts in zip(*inputs, strict=True))
    maps, _ = observe(model, head.layers, together)
    # What was computed for inference alone cannot be learnt from; its copy can.
    scores = head([part.clone() for part in head.gather(maps)], conditions_of(together, len(wanted)))
    # One score through a softmax against 0 is the binary cross-entropy.
    return F.cross_entropy(upsample(scores, (int(wanted.shape[1]), int(wanted.shape[2]))), wanted, ignore_index=-1)


def grouped_layers(layers: Sequence[str], groups: int = 3) -> list[list[str]]:
    """Share out layers, given from coarse to fine, to groups as evenly as goes; the coarse ones get the rest.

    Raises:
        ValueError: there are fewer layers than groups.
    """
    if not 1 <= groups <= len(layers):
        raise ValueError(f"{len(layers)} layers cannot be shared out to {groups} groups")
    bounds = [-(-len(layers) * place // groups) for place in range(groups + 1)]
    return [list(layers[first:last]) for first, last in pairwise(bounds)]


def _class_vectors(model: nn.Module) -> Tensor | None:
    """A generator's own vectors (classes, length) of its classes: an embedding, or a linear layer of one-hots."""
    classes = getattr(model, "classes", 0)
    for part in model.modules():
        if isinstance(part, nn.Embedding) and part.num_embeddings == classes:
            return part.weight.detach()
        if isinstance(part, nn.Linear) and part.in_features == classes and "bias" not in part.state_dict():
            return part.weight.detach().T
    return None


def _on_finest(maps: Sequence[Tensor]) -> Tensor:
    rows, columns = (max(int(part.shape[axis]) for part in maps) for axis in (2, 3))
    return torch.cat([upsample(part, (rows, columns)) for part in maps], dim=1)
