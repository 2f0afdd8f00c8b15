"""Overlap counted block by block, with resamples and chance pairings, in memory that no number of images changes.

Images come in blocks of up to 16 in an order drawn at random. Within a block every image's activations meet every
image's masks, which gives at one stroke

- the *observed* counts: each image with its own masks;
- *resamples*: each image weighted by an independent Poisson(1) number, the streaming form of the bootstrap;
- *chance pairings*: each image with the masks of another one of its block, never its own. Blocks are random samples
  of the images, so chance knows the layout that all images share (sky above, ground below) and nothing else.

References:
    Chamandy et al., "Estimating uncertainty for massive data streams", Google technical report 2012 (Poisson
    bootstrap);
    Westfall & Young, "Resampling-based multiple testing", 1993 (permutations of rows).
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crossmodal.dissect.overlap import Overlap
from crossmodal.randomness import generator

#: Images whose activations and masks are paired in all ways.
BLOCK = 16
#: Numbers that the upsampled activations of a block may take at once.
_LARGEST = 24_000_000


class Tally:
    """Counts of one half of the images.

    Args:
        units: of the layer.
        concepts: of the masks.
        resamples: bootstrap weights an image gets.
        pairings: chance pairings a block gets.
        seed: of both.
        stream: a name that keeps the halves' draws apart.
    """

    def __init__(self, units: int, concepts: int, *, resamples: int, pairings: int, seed: int, stream: str) -> None:
        self.images = 0
        #: Images in which a concept has at least one pixel.
        self.images_with = np.zeros(concepts, dtype=np.int64)
        self._seed, self._stream = seed, stream
        self._blocks = 0
        self._observed = np.zeros((units + 1, concepts + 1))
        self._resampled = torch.zeros(resamples, units + 1, concepts + 1)
        self._paired = torch.zeros(pairings, units + 1, concepts + 1)

    def add(self, active: Tensor, labels: Tensor, concepts: Tensor) -> None:
        """Count a block.

        Args:
            active: bool (n, units, pixels).
            labels: int (n, pixels), class indices.
            concepts: int (concepts,), the class index of each concept; pixels of none of them do not count.
        """
        pairs = count_pairs(active, labels, concepts)
        n = len(pairs)
        own = pairs[torch.arange(n), torch.arange(n)].flatten(1)
        self._observed += own.double().sum(dim=0).view_as(pairs[0, 0]).numpy()
        self.images += n
        self.images_with += (pairs[0, :, -1, :-1] > 0).sum(dim=0).numpy()
        draws = generator(self._seed, f"dissect/tally/{self._stream}", self._blocks)
        self._blocks += 1
        weights = torch.from_numpy(draws.poisson(1.0, size=(len(self._resampled), n)).astype(np.float32))
        self._resampled += (weights @ own).view_as(self._resampled)
        if n > 1 and len(self._paired):
            chosen = torch.zeros(len(self._paired), n, n)
            partners = torch.from_numpy(draw_derangements(draws, len(self._paired), n))
            chosen.scatter_(2, partners[:, :, None], 1.0)
            self._paired += (chosen.flatten(1) @ pairs.flatten(0, 1).flatten(1)).view_as(self._paired)

    def observed(self) -> Overlap:
        """The counts: (units, concepts)."""
        return _as_overlap(self._observed)

    def resampled(self) -> Overlap:
        """The counts of every resample: (resamples, units, concepts)."""
        return _as_overlap(self._resampled.double().numpy())

    def paired(self) -> Overlap:
        """The counts of every chance pairing: (pairings, units, concepts)."""
        return _as_overlap(self._paired.double().numpy())


def count_pairs(active: Tensor, labels: Tensor, concepts: Tensor) -> Tensor:
    """Count the pixels shared by the activations of each image and the masks of each: float32, on the CPU.

    Returns:
        (n, n, units + 1, concepts + 1): first the image whose activations, then the one whose masks are taken. The
        last unit is active everywhere, the last concept is "has a label".
    """
    n, units, pixels = active.shape
    there = labels[:, :, None] == concepts
    there = torch.cat([there, there.any(dim=2, keepdim=True)], dim=2)
    columns = there.to(torch.float32).permute(1, 0, 2).reshape(pixels, -1)
    counts = active.new_empty((n, units + 1, columns.shape[1]), dtype=torch.float32)
    few = max(1, _LARGEST // (n * pixels))
    for first in range(0, units, few):
        part = active[:, first : first + few]
        counts[:, first : first + part.shape[1]] = (part.reshape(-1, pixels).float() @ columns).view(
            n, part.shape[1], -1
        )
    counts[:, units] = columns.sum(dim=0)
    return counts.view(n, units + 1, n, -1).transpose(1, 2).cpu()


def draw_derangements(draws: np.random.Generator, count: int, n: int) -> NDArray[np.int64]:
    """Draw permutations of n places that leave none where it is: (count, n), all equally likely.

    Raises:
        ValueError: there are fewer than two places.
    """
    if n < 2:
        raise ValueError(f"a derangement takes at least two places, got {n}")
    found = np.empty((0, n), dtype=np.int64)
    while len(found) < count:
        # About 1 in e permutations is one.
        some = draws.permuted(np.tile(np.arange(n), (3 * count + 8, 1)), axis=1)
        found = np.concatenate([found, some[(some != np.arange(n)).all(axis=1)]])
    return found[:count]


def _as_overlap(counts: NDArray[np.float64]) -> Overlap:
    return Overlap(counts[..., :-1, :-1], counts[..., :-1, -1], counts[..., -1, :-1], counts[..., -1, -1])
