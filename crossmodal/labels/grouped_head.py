"""Label head for class-conditional generators, trained on a few annotated images of each class.

The layers are grouped by resolution, from coarse to fine. Each group is reduced by a 1 x 1 convolution. The result of
the coarser groups is upsampled, concatenated with it and mixed by a residual block. The normalisations in these blocks
are scaled and shifted by the class of the image, so one head covers all classes.

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
from crossmodal.labels.features import compute_feature_maps, fingerprint
from crossmodal.labels.head import Labels, minimise
from crossmodal.randomness import generator, stream_key


class ConditionalNorm(nn.Module):
    """Batch normalisation with scale and shift from the embedding of a class.

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
        """Normalise maps (n, channels, rows, columns), given class vectors (n, embedding)."""
        scale, shift = self.scale(vectors)[..., None, None], self.shift(vectors)[..., None, None]
        normed: Tensor = self.norm(maps) * (1 + scale) + shift
        return normed


class _Mix(nn.Module):
    """A residual block: two 3 x 3 convolutions after conditional norms, and a 1 x 1 convolution as the shortcut."""

    def __init__(self, in_channels: int, out_channels: int, embedding: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(ConditionalNorm(channels, embedding) for channels in (in_channels, out_channels))
        self.convolutions = nn.ModuleList(
            nn.Conv2d(channels, out_channels, 3, padding=1, bias=False) for channels in (in_channels, out_channels)
        )
        self.beside = nn.Conv2d(in_channels, out_channels, 1, bias=False)

    def forward(self, maps: Tensor, vectors: Tensor) -> Tensor:
        inner = maps
        for norm, convolution in zip(self.norms, self.convolutions, strict=True):
            inner = convolution(norm(inner, vectors).relu())
        mixed: Tensor = inner + self.beside(maps)
        return mixed


class GroupedHead(nn.Module):
    """A head over groups of layers, conditioned on the class of the image.

    Args:
        groups: names of the generator's layers in each group, from coarse to fine.
        units: total number of units of each group; the last group includes the 3 channels of the image.
        classes: names of the classes of pixels; two classes have one score, the log odds of the second.
        conditions: number of classes of images; 1 for an unconditional generator.
        widths: channels that each group is reduced to.
        embedding: length of the class vectors.
        generator: fingerprint of the generator that the head was trained on.
        seed: of the initial weights.

    Raises:
        ValueError: there are fewer than two classes of pixels or no condition, or groups, units and widths differ in
            number.
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
                "need at least two classes of pixels, a condition, and units and width of each group, got "
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
        """Score images, given the maps (n, units, rows, columns) of each group and the classes (n,) of the images.

        Returns:
            Log odds (n, classes of pixels, rows, columns) at the cells of the finest group, up to a shift per pixel.
        """
        vectors = F.normalize(self.embedding(conditions), dim=1) * self.embedding.embedding_dim**0.5
        mixed = self.reduce[0](maps[0])
        for finer, reduce, mix in zip(maps[1:], self.reduce[1:], self.mix, strict=True):
            cells = (int(finer.shape[2]), int(finer.shape[3]))
            mixed = mix(torch.cat([upsample(mixed, cells), reduce(finer)], dim=1), vectors)
        scores: Tensor = self.read(mixed)
        return F.pad(scores, (0, 0, 0, 0, 1, 0)) if len(self.classes) == 2 else scores

    def gather(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """Concatenate the maps of `compute_feature_maps` (layers and image) by group, at the group's finest cells."""
        remaining = iter(maps)
        grouped = [[next(remaining) for _ in group] for group in self.groups]
        grouped[-1].append(next(remaining))
        return [_concatenate(group) for group in grouped]

    @torch.inference_mode()
    def draw_labelled(self, model: nn.Module, inputs: Inputs) -> tuple[Tensor, Labels]:
        """Run the generator; return its output (n, 3, height, width) and the labels.

        The uncertainty is the entropy of the classes of a pixel, in nats, because there is no ensemble.

        Raises:
            WeightsError: the output of the generator is not finite.
        """
        maps, output = compute_feature_maps(model, self.layers, inputs)
        scores = self(self.gather(maps), conditions_of(inputs, len(output)))
        probabilities = upsample(scores, (int(output.shape[2]), int(output.shape[3]))).softmax(dim=1)
        return output, Labels(probabilities.argmax(dim=1), torch.special.entr(probabilities).sum(dim=1))


def conditions_of(inputs: Inputs, count: int) -> Tensor:
    """Return the classes (n,) among the arguments of a generator; zeros if it is unconditional."""
    return inputs[1] if len(inputs) > 1 else torch.zeros(count, dtype=torch.int64, device=inputs[0].device)


def choose_per_class(model: nn.Module, samples: int = 5, seed: int = 0) -> list[int]:
    """Return the indices of the first ``samples`` images of each class of a conditional generator.

    Raises:
        ValueError: the generator is unconditional, or a class has fewer than ``samples`` of the first 200 x ``samples``
            x classes images.
    """
    classes = int(getattr(model, "classes", 0))
    if not classes:
        raise ValueError(f"{type(model).__name__} draws no classes; give the total number of images instead")
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
    batch_size: int = 4,
    learning_rate: float = 1e-3,
    seed: int = 0,
) -> GroupedHead:
    """Train a head on annotated images of a generator; the generator is not changed.

    If the generator has class vectors, the head uses them without training them, so classes that are similar for the
    generator are similar for the head.

    Args:
        model: the generator.
        groups: of its layers, from coarse to fine; see `group_layers`.
        inputs: returns the arguments of the generator for annotated image i, a batch of one: latents and, if it is
            conditional, labels.
        masks: int (height, width) of each annotated image; indices outside the classes are not annotated.
        classes: names of the classes; two for binary masks.
        widths: channels that each group is reduced to.
        steps: of Adam.
        batch_size: images per step.
        learning_rate: at the start; it decays to 0 along a cosine.
        seed: of the batches and the initial weights.

    Raises:
        DatasetError: fewer than two classes are annotated.
        WeightsError: the output of the generator is not finite.
        ValueError: a layer does not exist.
    """
    targets = torch.stack([mask.long() for mask in masks])
    targets = targets.where(targets < len(classes), -1)
    annotated = int((torch.bincount(targets.flatten() + 1)[1:] > 0).sum())
    if annotated < 2:
        raise DatasetError(f"at least two classes must be annotated, found {annotated} in {len(masks)} masks")
    layers = [name for group in groups for name in group]
    units = iter(int(part.shape[1]) for part in compute_feature_maps(model.eval(), layers, inputs(0))[0])
    totals = [sum(next(units) for _ in group) for group in groups]
    totals[-1] += next(units)
    vectors = _class_vectors(model)
    rows, length = (max(1, int(getattr(model, "classes", 0))), 128) if vectors is None else vectors.shape
    head = GroupedHead(groups, totals, classes, rows, widths, length, fingerprint(model), seed)
    if vectors is not None:
        head.embedding.weight.data.copy_(vectors)
        head.embedding.requires_grad_(False)
    draws = generator(seed, "grouped head/batches")
    batches = (draws.permutation(len(masks))[:batch_size].tolist() for _ in range(steps))
    losses = (_loss(head, model, [inputs(number) for number in batch], targets[batch]) for batch in batches)
    minimise(head, losses, steps, learning_rate)
    return head.eval()


def _loss(head: GroupedHead, model: nn.Module, inputs: Sequence[Inputs], targets: Tensor) -> Tensor:
    """Cross-entropy over a batch of images, which are drawn again: the maps of all images would fill the memory."""
    batch = tuple(torch.cat(parts) for parts in zip(*inputs, strict=True))
    maps, _ = compute_feature_maps(model, head.layers, batch)
    # Autograd rejects inference tensors but takes copies of them.
    scores = head([part.clone() for part in head.gather(maps)], conditions_of(batch, len(targets)))
    # The softmax of one score against 0 gives the binary cross-entropy.
    return F.cross_entropy(upsample(scores, (int(targets.shape[1]), int(targets.shape[2]))), targets, ignore_index=-1)


def group_layers(layers: Sequence[str], groups: int = 3) -> list[list[str]]:
    """Divide layers, from coarse to fine, into groups of equal size; the first groups get the remainder.

    Raises:
        ValueError: there are fewer layers than groups.
    """
    if not 1 <= groups <= len(layers):
        raise ValueError(f"cannot divide {len(layers)} layers into {groups} groups")
    bounds = [-(-len(layers) * group // groups) for group in range(groups + 1)]
    return [list(layers[first:last]) for first, last in pairwise(bounds)]


def _class_vectors(model: nn.Module) -> Tensor | None:
    """The class vectors (classes, length) of a generator: an embedding, or a linear layer on one-hot vectors."""
    classes = getattr(model, "classes", 0)
    for part in model.modules():
        if isinstance(part, nn.Embedding) and part.num_embeddings == classes:
            return part.weight.detach()
        if isinstance(part, nn.Linear) and part.in_features == classes and "bias" not in part.state_dict():
            return part.weight.detach().T
    return None


def _concatenate(maps: Sequence[Tensor]) -> Tensor:
    rows, columns = (max(int(part.shape[axis]) for part in maps) for axis in (2, 3))
    return torch.cat([upsample(part, (rows, columns)) for part in maps], dim=1)
