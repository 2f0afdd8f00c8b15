"""Labels for whatever a generator draws, from a few of its pictures that somebody labelled.

A head reads the activations of all layers at a pixel and names its class: an ensemble of small perceptrons, whose
disagreement tells how sure a label is. Training takes some pixels of each annotated picture, class by class. For whole
pictures, the first layer of a perceptron is applied to each layer's own cells and the result is enlarged: both are
linear, so this equals enlarging all activations first, at a small part of the memory.

References:
    Zhang et al., "DatasetGAN: efficient labeled data factory with minimal human effort", CVPR 2021, section 3.
"""

import json
import os
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn

from crossmodal.backbones.weights import load_weights
from crossmodal.dissect.grid import upsample
from crossmodal.dissect.label_features import features_at, fingerprint, record_layers
from crossmodal.dissect.layer import Inputs
from crossmodal.errors import DatasetError, WeightsError
from crossmodal.files import replace_atomically
from crossmodal.json_text import write_json
from crossmodal.randomness import generator, stream_key

#: Share of a picture's pixels, the least sure ones, that its uncertainty is the mean of.
TOP_SHARE = 0.1
_PART = 1024
_CONFIG, _TENSORS = "config.json", "model.safetensors"


class Labels(NamedTuple):
    """Labels of pictures, and how far the ensemble disagrees."""

    #: int64 (n, height, width).
    masks: Tensor
    #: float32 (n, height, width): Jensen-Shannon divergence of the members, in nats, 0 where they agree.
    uncertainty: Tensor

    def by_picture(self) -> Tensor:
        """Uncertainty of each picture: the mean of its least sure tenth of pixels, (n,)."""
        flat = self.uncertainty.flatten(1)
        return flat.topk(max(1, round(TOP_SHARE * flat.shape[1])), dim=1).values.mean(dim=1)


class LabelHead(nn.Module):
    """An ensemble of perceptrons over all features of a pixel.

    Args:
        layers: names of the generator's layers.
        units: of each layer.
        classes: names of the classes.
        members: of the ensemble.
        hidden: units of the two hidden layers of each member.
        generator: fingerprint of the generator that the head belongs to.
        seed: of the random start.

    Raises:
        ValueError: fewer than two classes, or layers and units differ in number.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        layers: Sequence[str],
        units: Sequence[int],
        classes: Sequence[str],
        members: int = 10,
        hidden: tuple[int, int] = (128, 32),
        generator: str = "",
        seed: int = 0,
    ) -> None:
        super().__init__()
        if len(classes) < 2 or len(layers) != len(units) or members < 1:
            raise ValueError(f"need two classes, a member and units of each layer, got {classes=}, {layers=}, {units=}")
        self.arguments: dict[str, Any] = {
            "layers": list(layers), "units": list(units), "classes": list(classes), "members": members,
            "hidden": list(hidden), "generator": generator, "seed": seed,
        }  # fmt: skip
        self.layers, self.units, self.classes = tuple(layers), tuple(units), tuple(classes)
        self.generator = generator
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

    @torch.inference_mode()
    def label(self, maps: Sequence[Tensor], size: tuple[int, int]) -> Labels:
        """Label pictures from the maps of each layer (n, units, rows, columns)."""
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
        for scored in by_cells.values():
            hidden += upsample(scored, size)
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
    members: int = 10,
    steps: int = 600,
    pixels: int = 4096,
    batch: int = 256,
    rate: float = 4e-3,
    seed: int = 0,
) -> LabelHead:
    """Train a head on annotated pictures of a generator.

    Features of at most ``pixels`` pixels a picture are kept, in half precision: memory grows with pictures x pixels x
    units, not with the pictures' size.

    Args:
        model: the generator.
        layers: to take features from.
        inputs: what the generator is called with for annotated picture i, a batch of one.
        masks: int (height, width) of each annotated picture; indices beyond the classes are not annotated.
        classes: their names.
        members: of the ensemble, each on its own pixels.
        steps: of Adam.
        pixels: taken of each picture, the same number of each class where there are enough.
        batch: pixels a step, for each member.
        rate: of learning at the start; it falls to nothing along a cosine.
        seed: of pixels and starts.

    Raises:
        DatasetError: nothing is annotated, or fewer than two classes are.
        ValueError: a layer does not exist.

    References:
        Zhang et al., "DatasetGAN", CVPR 2021, section 3.2; there all pixels of all channels stand in memory.
    """
    chosen = [_choose_pixels(mask, len(classes), pixels, seed, number) for number, mask in enumerate(masks)]
    targets = torch.cat([mask[rows, columns].long() for mask, (rows, columns) in zip(masks, chosen, strict=True)])
    annotated = np.unique(targets.numpy())
    if len(annotated) < 2:
        raise DatasetError(f"at least two classes must be annotated, found {len(annotated)} in {len(masks)} masks")
    features, units, done = torch.empty(0), [0], 0
    for number, (mask, (rows, columns)) in enumerate(zip(masks, chosen, strict=True)):
        maps, _ = record_layers(model.eval(), layers, inputs(number))
        if not len(features):
            units = [int(part.shape[1]) for part in maps]
            features = torch.empty(len(targets), sum(units), dtype=torch.half)
        size = (int(mask.shape[0]), int(mask.shape[1]))
        features[done : done + len(rows)] = features_at(maps, rows[None], columns[None], size)[0].half().cpu()
        done += len(rows)
    head = LabelHead(layers, units, classes, members, generator=fingerprint(model), seed=seed)
    _fit(head, features, targets, steps, batch, rate, seed)
    return head.eval()


def _fit(head: LabelHead, features: Tensor, targets: Tensor, steps: int, batch: int, rate: float, seed: int) -> None:
    # A part at a time: single precision for all would take twice the memory of what is kept.
    parts = [features[first : first + _PART] for first in range(0, len(features), _PART)]
    mean = sum(part.double().sum(dim=0) for part in parts) / len(features)
    square = sum((part.double() - mean).square().sum(dim=0) for part in parts) / len(features)
    head.mean.copy_(torch.as_tensor(mean))
    head.std.copy_(torch.as_tensor(square).sqrt().clamp(min=1e-4))
    members = len(head.weights[0])
    optimizer = torch.optim.Adam(head.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    draws = generator(seed, "label head/batches")
    for _ in range(steps):
        chosen = torch.from_numpy(draws.integers(len(targets), size=(members, batch)))
        scores = head(features[chosen].float())
        loss = F.cross_entropy(scores.flatten(0, 1), targets[chosen].flatten())
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # missing in the stubs
        optimizer.step()
        schedule.step()


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


def save_head(head: LabelHead, folder: str | os.PathLike[str]) -> Path:
    """Write a head as ``model.safetensors`` and ``config.json``.

    Raises:
        OutputError: the folder cannot be written.
    """
    root = Path(folder)
    with replace_atomically(root / _TENSORS) as temporary:
        save_file({name: tensor.detach().cpu().contiguous() for name, tensor in head.state_dict().items()}, temporary)
    write_json(root / _CONFIG, {"model": "LabelHead", "arguments": head.arguments})
    return root


def load_head(folder: str | os.PathLike[str], model: nn.Module) -> LabelHead:
    """Read a head for a generator.

    Raises:
        WeightsError: there is none, it is damaged, or it was trained on another generator.
    """
    root = Path(folder)
    try:
        arguments = json.loads((root / _CONFIG).read_text(encoding="utf-8"))["arguments"]
        head = LabelHead(**arguments)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"{root}: holds no label head ({error})") from error
    if head.generator != fingerprint(model):
        raise WeightsError(
            f"{root}: this head was trained on another generator (its fingerprint is {head.generator[:12]}, this "
            f"generator's {fingerprint(model)[:12]}); train a head on this one"
        )
    load_weights(head, root / _TENSORS)
    return head.eval()


def _entropy(share: Tensor) -> Tensor:
    terms: Tensor = torch.special.entr(share)
    return terms.sum(dim=1)
