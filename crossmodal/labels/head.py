"""Labels for whatever a generator draws, from a few of its images that somebody labelled.

A head reads the activations of all layers at a pixel and names its class: an ensemble of small perceptrons, whose
disagreement tells how sure a label is. Training takes some pixels of each annotated image, class by class. For whole
images, the first layer of a perceptron is applied to each layer's own cells and the result is enlarged: both are
linear, so this equals enlarging all activations first, at a small part of the memory.

Two things are not in the publication. The head also sees the image and, in the finest layers, the means around a
pixel: the few channels of a small generator's last layers do not say which part of a thing they belong to. And pixels
of rare classes are drawn more often.

References:
    Zhang et al., "DatasetGAN: efficient labeled data factory with minimal human effort", CVPR 2021, section 3.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from crossmodal.dissect.grid import upsample
from crossmodal.dissect.layer import Inputs
from crossmodal.errors import DatasetError
from crossmodal.labels.features import features_at, fingerprint, observe
from crossmodal.randomness import generator, stream_key

#: Share of an image's pixels, the least sure ones, that its uncertainty is the mean of.
TOP_SHARE = 0.1
#: Cells over which a head sees the means of the finest layers.
AROUND = (3, 7, 15)
_PART = 1024


class Labels(NamedTuple):
    """Labels of images, and how far the ensemble disagrees."""

    #: int64 (n, height, width).
    masks: Tensor
    #: float32 (n, height, width): Jensen-Shannon divergence of the members, in nats, 0 where they agree.
    uncertainty: Tensor

    def by_image(self) -> Tensor:
        """Uncertainty of each image: the mean of its least sure tenth of pixels, (n,)."""
        flat = self.uncertainty.flatten(1)
        return flat.topk(max(1, round(TOP_SHARE * flat.shape[1])), dim=1).values.mean(dim=1)


class LabelHead(nn.Module):
    """An ensemble of perceptrons over all features of a pixel.

    Args:
        layers: names of the generator's layers.
        units: of each map that it sees: the layers', the image's three and those of the means; see `observe`.
        classes: names of the classes.
        around: cells over which it sees the means of the finest layers.
        members: of the ensemble.
        hidden: units of the two hidden layers of each member.
        generator: fingerprint of the generator that the head belongs to.
        seed: of the random start.

    Raises:
        ValueError: fewer than two classes, no member, or fewer units than layers.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        layers: Sequence[str],
        units: Sequence[int],
        classes: Sequence[str],
        around: Sequence[int] = AROUND,
        members: int = 10,
        hidden: tuple[int, int] = (128, 32),
        generator: str = "",
        seed: int = 0,
    ) -> None:
        super().__init__()
        if len(classes) < 2 or len(layers) > len(units) or members < 1:
            raise ValueError(f"need two classes, a member and units of each layer, got {classes=}, {layers=}, {units=}")
        self.arguments: dict[str, Any] = {
            "layers": list(layers), "units": list(units), "classes": list(classes),
            "around": list(around), "members": members, "hidden": list(hidden), "generator": generator, "seed": seed,
        }  # fmt: skip
        self.layers, self.units, self.classes = tuple(layers), tuple(units), tuple(classes)
        self.around, self.generator = tuple(around), generator
        widths = (sum(units), *hidden, len(classes))
        first, second = (int(word) for word in stream_key(seed, "label head"))
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(first << 31 ^ second)
            starts = [torch.randn(members, wide, narrow) * (2 / wide) ** 0.5 for wide, narrow in pairwise(widths)]
        self.weights = nn.ParameterList(starts)
        self.biases = nn.ParameterList(torch.zeros(members, 1, narrow) for narrow in widths[1:])
        self.register_buffer("mean", torch.zeros(widths[0]))
        self.register_buffer("std", torch.ones(widths[0]))

    def forward(self, features: Tensor) -> Tensor:
        """Score features (members, pixels, units): (members, pixels, classes)."""
        return self._after_first(torch.baddbmm(self.biases[0], (features - self.mean) / self.std, self.weights[0]))

    def _after_first(self, hidden: Tensor, members: slice = slice(None)) -> Tensor:
        for weight, bias in zip(self.weights[1:], self.biases[1:], strict=True):
            hidden = torch.baddbmm(bias[members], hidden.relu(), weight[members])
        return hidden

    def draw_labelled(self, model: nn.Module, inputs: Inputs) -> tuple[Tensor, Labels]:
        """Run the generator; give its output (n, 3, height, width) and the labels.

        Raises:
            WeightsError: the generator gives values that are not numbers.
        """
        maps, output = observe(model, self.layers, inputs, self.around)
        return output, self.label(maps, (int(output.shape[2]), int(output.shape[3])))

    @torch.inference_mode()
    def label(self, maps: Sequence[Tensor], size: tuple[int, int]) -> Labels:
        """Label images from all maps that the head sees, each (n, units, rows, columns)."""
        n, members = len(maps[0]), len(self.weights[0])
        votes = torch.zeros(n, len(self.classes), *size, device=maps[0].device)
        mean = torch.zeros_like(votes)
        apart = torch.zeros(n, *size, device=maps[0].device)
        for member in range(members):
            scores = self._score_whole(maps, size, member)
            share = scores.softmax(dim=1)
            votes.scatter_add_(1, scores.argmax(dim=1, keepdim=True), torch.ones_like(votes[:, :1]))
            mean += share / members
            apart += _entropy(share) / members
        # A tie of votes goes to the class of larger mean share, which is below one vote.
        masks = (votes + 0.5 * mean).argmax(dim=1)
        return Labels(masks, (_entropy(mean) - apart).clamp(min=0))

    def _score_whole(self, maps: Sequence[Tensor], size: tuple[int, int], member: int) -> Tensor:
        weight = self.weights[0][member] / self.std[:, None]
        by_cells: dict[tuple[int, int], Tensor] = {}
        for part, own in zip(maps, weight.split(list(self.units)), strict=True):
            cells = (int(part.shape[2]), int(part.shape[3]))
            scored = torch.einsum("nurc,uh->nhrc", part, own)
            by_cells[cells] = by_cells[cells] + scored if cells in by_cells else scored
        hidden = torch.zeros(len(maps[0]), weight.shape[1], *size, device=maps[0].device)
        for cells, scored in by_cells.items():
            hidden += scored if cells == size else upsample(scored, size)
        bias = self.biases[0][member] - (self.mean @ weight)
        rows = hidden.permute(0, 2, 3, 1).reshape(1, -1, weight.shape[1]) + bias
        scores = self._after_first(rows, slice(member, member + 1))
        return scores.view(len(maps[0]), *size, -1).permute(0, 3, 1, 2)


def train_head(
    model: nn.Module,
    layers: Sequence[str],
    inputs: Callable[[int], Inputs],
    masks: Sequence[Tensor],
    classes: Sequence[str],
    *,
    around: Sequence[int] = AROUND,
    members: int = 10,
    steps: int = 1500,
    pixels: int = 4096,
    batch: int = 256,
    rate: float = 4e-3,
    rarity: float = 0.5,
    seed: int = 0,
) -> LabelHead:
    """Train a head on annotated images of a generator.

    Features of at most ``pixels`` pixels an image are kept, in half precision: memory grows with images x pixels x
    units, not with the images' size.

    Args:
        model: the generator.
        layers: to take features from.
        inputs: what the generator is called with for annotated image i, a batch of one.
        masks: int (height, width) of each annotated image; indices beyond the classes are not annotated.
        classes: their names.
        around: cells over which the head sees the means of the finest layers.
        members: of the ensemble, each on its own pixels.
        steps: of Adam.
        pixels: taken of each image, the same number of each class where there are enough.
        batch: pixels a step, for each member.
        rate: of learning at the start; it falls to nothing along a cosine.
        rarity: exponent on a class's rarity for how often its pixels are drawn: 0 draws pixels alike, 1 classes.
        seed: of pixels and starts.

    Raises:
        DatasetError: nothing is annotated, or fewer than two classes are.
        WeightsError: the generator gives values that are not numbers.
        ValueError: a layer does not exist.

    References:
        Zhang et al., "DatasetGAN", CVPR 2021, section 3.2; there all pixels of all channels stand in memory.
    """
    chosen = [_choose_pixels(mask, len(classes), pixels, seed, number) for number, mask in enumerate(masks)]
    targets = torch.cat([mask[rows, columns].long() for mask, (rows, columns) in zip(masks, chosen, strict=True)])
    annotated = np.unique(targets.numpy())
    if len(annotated) < 2:
        raise DatasetError(f"at least two classes must be annotated, found {len(annotated)} in {len(masks)} masks")
    size = (int(masks[0].shape[0]), int(masks[0].shape[1]))
    features, units = _gather_features(model, layers, inputs, chosen, size, around)
    head = LabelHead(layers, units, classes, around, members, generator=fingerprint(model), seed=seed)
    _standardise(head, features)
    drawn = _draw_by_class(targets, rarity, (steps, members, batch), seed)
    scored = ((head(features[places].float()), targets[places]) for places in drawn)
    descend(head, (F.cross_entropy(scores.flatten(0, 1), own.flatten()) for scores, own in scored), steps, rate)
    return head.eval()


def descend(head: nn.Module, losses: Iterable[Tensor], steps: int, rate: float) -> None:
    """Take a step of Adam for each loss, computed when its turn comes; the rate falls to nothing along a cosine."""
    optimizer = torch.optim.Adam((part for part in head.parameters() if part.requires_grad), lr=rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for loss in losses:
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # missing in the stubs
        optimizer.step()
        schedule.step()


def _gather_features(
    model: nn.Module,
    layers: Sequence[str],
    inputs: Callable[[int], Inputs],
    chosen: Sequence[tuple[Tensor, Tensor]],
    size: tuple[int, int],
    around: Sequence[int],
) -> tuple[Tensor, list[int]]:
    """Features (pixels, units), in half precision, at chosen rows and columns of each image; units of each map."""
    total, done = sum(len(rows) for rows, _ in chosen), 0
    features, units = torch.empty(0), [0]
    for number, (rows, columns) in enumerate(chosen):
        maps, _ = observe(model.eval(), layers, inputs(number), around)
        if not len(features):
            units = [int(part.shape[1]) for part in maps]
            features = torch.empty(total, sum(units), dtype=torch.half)
        features[done : done + len(rows)] = features_at(maps, rows[None], columns[None], size)[0].half().cpu()
        done += len(rows)
    return features, units


def _standardise(head: LabelHead, features: Tensor) -> None:
    # A part at a time: single precision for all would take twice the memory of what is kept.
    parts = [features[first : first + _PART] for first in range(0, len(features), _PART)]
    mean = sum(part.double().sum(dim=0) for part in parts) / len(features)
    square = sum((part.double() - mean).square().sum(dim=0) for part in parts) / len(features)
    head.mean.copy_(torch.as_tensor(mean))
    head.std.copy_(torch.as_tensor(square).sqrt().clamp(min=1e-4))


def _draw_by_class(targets: Tensor, rarity: float, shape: tuple[int, int, int], seed: int) -> Iterator[Tensor]:
    """Draw pixels (members, batch) for each step, those of rare classes more often."""
    steps, members, batch = shape
    counts = torch.bincount(targets)
    shares = (counts[targets].double() ** -rarity).cumsum(0).numpy()
    draws = generator(seed, "label head/batches")
    for _ in range(steps):
        places = draws.random((members, batch)) * shares[-1]
        yield torch.from_numpy(np.searchsorted(shares, places, side="right").clip(max=len(shares) - 1))


def _choose_pixels(mask: Tensor, classes: int, pixels: int, seed: int, number: int) -> tuple[Tensor, Tensor]:
    """Rows and columns of the pixels to train on: all of rare classes, an equal share of the others."""
    flat = mask.flatten()
    draws = generator(seed, "label head/pixels", number)
    groups = [group for group in (np.flatnonzero(flat.numpy() == index) for index in range(classes)) if len(group)]
    left, chosen = pixels, []
    for rest, group in zip(range(len(groups), 0, -1), sorted(groups, key=len), strict=True):
        some = draws.permutation(group)[: left // rest]
        chosen.append(some)
        left -= len(some)
    places = torch.from_numpy(np.concatenate([*chosen, np.empty(0, dtype=np.int64)]).astype(np.int64))
    return places // mask.shape[1], places % mask.shape[1]


def _entropy(share: Tensor) -> Tensor:
    terms: Tensor = torch.special.entr(share)
    return terms.sum(dim=1)
