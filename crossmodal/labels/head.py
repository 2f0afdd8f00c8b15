"""Label head: classes of pixels from the activations of a generator, trained on a few annotated images.

A head predicts the class of a pixel from the activations of all layers there. It is an ensemble of small perceptrons;
their disagreement measures the uncertainty of a label. Training uses some pixels of each annotated image, balanced over
the classes. For whole images the first layer of a perceptron is applied to each layer's own cells and the result is
upsampled. Both steps are linear, so this equals upsampling all activations first, with a fraction of the memory.

Two things differ from the publication. The head also uses the image and, for the finest layers, local means around the
pixel, because the few channels of a small generator's last layers do not determine the object that a pixel belongs to.
Pixels of rare classes are drawn more often.

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
from crossmodal.labels.features import compute_feature_maps, features_at, fingerprint
from crossmodal.randomness import generator, stream_key

#: The uncertainty of an image is the mean over this fraction of its pixels, the least certain ones.
TOP_FRACTION = 0.1
#: Window sides, in cells, of the local means of the finest layers.
AROUND = (3, 7, 15)
_CHUNK = 1024


class Labels(NamedTuple):
    """Labels of images with their uncertainty."""

    #: int64 (n, height, width).
    masks: Tensor
    #: float32 (n, height, width): Jensen-Shannon divergence of the members, in nats; 0 where they agree.
    uncertainty: Tensor

    def by_image(self) -> Tensor:
        """Return the uncertainty of each image, the mean of its least certain tenth of pixels: (n,)."""
        flat = self.uncertainty.flatten(1)
        return flat.topk(max(1, round(TOP_FRACTION * flat.shape[1])), dim=1).values.mean(dim=1)


class LabelHead(nn.Module):
    """An ensemble of perceptrons over all features of a pixel.

    Args:
        layers: names of the generator's layers.
        units: number of units of each feature map: the layers, the image (3) and the local means; see
            `compute_feature_maps`.
        classes: names of the classes.
        around: window sides, in cells, of the local means of the finest layers.
        members: number of perceptrons.
        hidden: units of the two hidden layers of each perceptron.
        generator: fingerprint of the generator that the head was trained on.
        seed: of the initial weights.

    Raises:
        ValueError: there are fewer than two classes, no member, or fewer entries of ``units`` than layers.
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
            raise ValueError(
                f"need at least two classes, a member and the units of each layer, got {classes=}, {layers=}, {units=}"
            )
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
        """Return class scores of features (members, pixels, units): (members, pixels, classes)."""
        return self._after_first(torch.baddbmm(self.biases[0], (features - self.mean) / self.std, self.weights[0]))

    def _after_first(self, hidden: Tensor, members: slice = slice(None)) -> Tensor:
        for weight, bias in zip(self.weights[1:], self.biases[1:], strict=True):
            hidden = torch.baddbmm(bias[members], hidden.relu(), weight[members])
        return hidden

    def draw_labelled(self, model: nn.Module, inputs: Inputs) -> tuple[Tensor, Labels]:
        """Run the generator; return its output (n, 3, height, width) and the labels.

        Raises:
            WeightsError: the output of the generator is not finite.
        """
        maps, output = compute_feature_maps(model, self.layers, inputs, self.around)
        return output, self.label(maps, (int(output.shape[2]), int(output.shape[3])))

    @torch.inference_mode()
    def label(self, maps: Sequence[Tensor], size: tuple[int, int]) -> Labels:
        """Label images of a size from all feature maps, (n, units, rows, columns) each."""
        n, members = len(maps[0]), len(self.weights[0])
        votes = torch.zeros(n, len(self.classes), *size, device=maps[0].device)
        mean = torch.zeros_like(votes)
        mean_entropy = torch.zeros(n, *size, device=maps[0].device)
        for member in range(members):
            scores = self._score_images(maps, size, member)
            probabilities = scores.softmax(dim=1)
            votes.scatter_add_(1, scores.argmax(dim=1, keepdim=True), torch.ones_like(votes[:, :1]))
            mean += probabilities / members
            mean_entropy += _entropy(probabilities) / members
        # Ties are broken by the mean probability, which counts less than one vote.
        masks = (votes + 0.5 * mean).argmax(dim=1)
        return Labels(masks, (_entropy(mean) - mean_entropy).clamp(min=0))

    def _score_images(self, maps: Sequence[Tensor], size: tuple[int, int], member: int) -> Tensor:
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
    pixels_per_image: int = 4096,
    batch_size: int = 256,
    learning_rate: float = 4e-3,
    rarity_exponent: float = 0.5,
    seed: int = 0,
) -> LabelHead:
    """Train a head on annotated images of a generator.

    Features of at most ``pixels_per_image`` pixels of each image are kept, in half precision. Memory grows with images
    x pixels x units, not with the size of the images.

    Args:
        model: the generator.
        layers: to take features from.
        inputs: returns the arguments of the generator for annotated image i, a batch of one.
        masks: int (height, width) of each annotated image; indices outside the classes are not annotated.
        classes: names of the classes.
        around: window sides, in cells, of the local means of the finest layers.
        members: number of perceptrons; each is trained on its own pixels.
        steps: of Adam.
        pixels_per_image: number of pixels of each image, divided equally among its classes as far as possible.
        batch_size: pixels per step for each member.
        learning_rate: at the start; it decays to 0 along a cosine.
        rarity_exponent: a pixel is drawn with a probability proportional to the frequency of its class to the power of
            minus this: 0 draws pixels uniformly, 1 draws classes uniformly.
        seed: of the pixels and the initial weights.

    Raises:
        DatasetError: fewer than two classes are annotated.
        WeightsError: the output of the generator is not finite.
        ValueError: a layer does not exist.

    References:
        Zhang et al., "DatasetGAN", CVPR 2021, section 3.2; there all pixels of all channels are kept in memory.
    """
    chosen = [_choose_pixels(mask, len(classes), pixels_per_image, seed, number) for number, mask in enumerate(masks)]
    targets = torch.cat([mask[rows, columns].long() for mask, (rows, columns) in zip(masks, chosen, strict=True)])
    annotated = np.unique(targets.numpy())
    if len(annotated) < 2:
        raise DatasetError(f"at least two classes must be annotated, found {len(annotated)} in {len(masks)} masks")
    size = (int(masks[0].shape[0]), int(masks[0].shape[1]))
    features, units = _gather_features(model, layers, inputs, chosen, size, around)
    head = LabelHead(layers, units, classes, around, members, generator=fingerprint(model), seed=seed)
    _standardise(head, features)
    batches = _draw_by_class(targets, rarity_exponent, (steps, members, batch_size), seed)
    scored = ((head(features[pixels].float()), targets[pixels]) for pixels in batches)
    losses = (F.cross_entropy(scores.flatten(0, 1), labels.flatten()) for scores, labels in scored)
    minimise(head, losses, steps, learning_rate)
    return head.eval()


def minimise(head: nn.Module, losses: Iterable[Tensor], steps: int, learning_rate: float) -> None:
    """Take one step of Adam for each loss of a lazy iterable; the learning rate decays to 0 along a cosine."""
    optimizer = torch.optim.Adam((part for part in head.parameters() if part.requires_grad), lr=learning_rate)
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
    """Features (pixels, units), in half precision, at chosen pixels of each image; number of units of each map."""
    total, done = sum(len(rows) for rows, _ in chosen), 0
    features, units = torch.empty(0), [0]
    for number, (rows, columns) in enumerate(chosen):
        maps, _ = compute_feature_maps(model.eval(), layers, inputs(number), around)
        if not len(features):
            units = [int(part.shape[1]) for part in maps]
            features = torch.empty(total, sum(units), dtype=torch.half)
        features[done : done + len(rows)] = features_at(maps, rows[None], columns[None], size)[0].half().cpu()
        done += len(rows)
    return features, units


def _standardise(head: LabelHead, features: Tensor) -> None:
    # In chunks: all features in single precision would take twice the memory.
    chunks = [features[first : first + _CHUNK] for first in range(0, len(features), _CHUNK)]
    mean = sum(chunk.double().sum(dim=0) for chunk in chunks) / len(features)
    square = sum((chunk.double() - mean).square().sum(dim=0) for chunk in chunks) / len(features)
    head.mean.copy_(torch.as_tensor(mean))
    head.std.copy_(torch.as_tensor(square).sqrt().clamp(min=1e-4))


def _draw_by_class(targets: Tensor, rarity_exponent: float, shape: tuple[int, int, int], seed: int) -> Iterator[Tensor]:
    """Draw pixels (members, batch size) for each step, those of rare classes more often."""
    steps, members, batch_size = shape
    counts = torch.bincount(targets)
    cumulative = (counts[targets].double() ** -rarity_exponent).cumsum(0).numpy()
    draws = generator(seed, "label head/batches")
    for _ in range(steps):
        points = draws.random((members, batch_size)) * cumulative[-1]
        yield torch.from_numpy(np.searchsorted(cumulative, points, side="right").clip(max=len(cumulative) - 1))


def _choose_pixels(mask: Tensor, classes: int, pixels: int, seed: int, number: int) -> tuple[Tensor, Tensor]:
    """Rows and columns of the pixels to train on: all of rare classes, equally many of the others."""
    flat = mask.flatten()
    draws = generator(seed, "label head/pixels", number)
    groups = [group for group in (np.flatnonzero(flat.numpy() == index) for index in range(classes)) if len(group)]
    left, chosen = pixels, []
    for rest, group in zip(range(len(groups), 0, -1), sorted(groups, key=len), strict=True):
        drawn = draws.permutation(group)[: left // rest]
        chosen.append(drawn)
        left -= len(drawn)
    positions = torch.from_numpy(np.concatenate([*chosen, np.empty(0, dtype=np.int64)]).astype(np.int64))
    return positions // mask.shape[1], positions % mask.shape[1]


def _entropy(probabilities: Tensor) -> Tensor:
    terms: Tensor = torch.special.entr(probabilities)
    return terms.sum(dim=1)
