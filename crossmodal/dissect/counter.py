"""Overlap counted block by block, with bootstrap resamples and permutations; memory does not depend on the images.

Images come in blocks of up to 16 in random order. Within a block the activations of each image are compared with the
masks of each image, which gives at once

- the *observed* counts: each image with its own masks;
- *resampled* counts: each image weighted by an independent Poisson(1) number, the streaming form of the bootstrap;
- *permuted* counts: each image with the masks of another image of its block, never its own. Blocks are random samples
  of the images, so the null distribution keeps the layout that images have in common (sky above, ground below) and
  nothing else.

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

#: Number of images whose activations and masks are compared in all combinations.
BLOCK = 16
#: Largest number of upsampled activations of a block that are converted at once.
_MAX_ACTIVATIONS = 24_000_000


class OverlapCounter:
    """Counts of one half of the images.

    Args:
        units: number of units of the layer.
        concepts: number of concepts of the masks.
        resamples: number of bootstrap resamples.
        permutations: number of permutations.
        seed: of both.
        stream: name of the random stream; the two halves have different ones.
    """

    def __init__(self, units: int, concepts: int, *, resamples: int, permutations: int, seed: int, stream: str) -> None:
        self.images = 0
        #: Images in which a concept has at least one pixel.
        self.images_with = np.zeros(concepts, dtype=np.int64)
        self._seed, self._stream = seed, stream
        self._blocks = 0
        self._observed = np.zeros((units + 1, concepts + 1))
        self._resampled = torch.zeros(resamples, units + 1, concepts + 1)
        self._permuted = torch.zeros(permutations, units + 1, concepts + 1)

    def add(self, active: Tensor, labels: Tensor, concepts: Tensor) -> None:
        """Count a block.

        Args:
            active: bool (n, units, pixels).
            labels: int (n, pixels), class indices.
            concepts: int (concepts,), the class index of each concept; pixels of other classes do not count.
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
        if n > 1 and len(self._permuted):
            chosen = torch.zeros(len(self._permuted), n, n)
            partners = torch.from_numpy(draw_derangements(draws, len(self._permuted), n))
            chosen.scatter_(2, partners[:, :, None], 1.0)
            self._permuted += (chosen.flatten(1) @ pairs.flatten(0, 1).flatten(1)).view_as(self._permuted)

    def observed(self) -> Overlap:
        """Return the counts: (units, concepts)."""
        return _as_overlap(self._observed)

    def resampled(self) -> Overlap:
        """Return the counts of each resample: (resamples, units, concepts)."""
        return _as_overlap(self._resampled.double().numpy())

    def permuted(self) -> Overlap:
        """Return the counts of each permutation: (permutations, units, concepts)."""
        return _as_overlap(self._permuted.double().numpy())


def count_pairs(active: Tensor, labels: Tensor, concepts: Tensor) -> Tensor:
    """Count the pixels shared by the activations of each image and the masks of each image: float32, on the CPU.

    Returns:
        (n, n, units + 1, concepts + 1): axis 0 is the image of the activations, axis 1 the image of the masks. The last
        unit is active everywhere, the last concept is "has a label".
    """
    n, units, pixels = active.shape
    present = labels[:, :, None] == concepts
    present = torch.cat([present, present.any(dim=2, keepdim=True)], dim=2)
    columns = present.to(torch.float32).permute(1, 0, 2).reshape(pixels, -1)
    counts = active.new_empty((n, units + 1, columns.shape[1]), dtype=torch.float32)
    step = max(1, _MAX_ACTIVATIONS // (n * pixels))
    for first in range(0, units, step):
        part = active[:, first : first + step]
        counts[:, first : first + part.shape[1]] = (part.reshape(-1, pixels).float() @ columns).view(
            n, part.shape[1], -1
        )
    counts[:, units] = columns.sum(dim=0)
    return counts.view(n, units + 1, n, -1).transpose(1, 2).cpu()


def draw_derangements(draws: np.random.Generator, count: int, n: int) -> NDArray[np.int64]:
    """Draw permutations of n items without a fixed point, all equally likely: (count, n).

    Raises:
        ValueError: ``n`` is less than 2.
    """
    if n < 2:
        raise ValueError(f"a derangement needs at least two items, got {n}")
    found = np.empty((0, n), dtype=np.int64)
    while len(found) < count:
        # About 1 in e permutations has no fixed point.
        candidates = draws.permuted(np.tile(np.arange(n), (3 * count + 8, 1)), axis=1)
        found = np.concatenate([found, candidates[(candidates != np.arange(n)).all(axis=1)]])
    return found[:count]


def _as_overlap(counts: NDArray[np.float64]) -> Overlap:
    return Overlap(counts[..., :-1, :-1], counts[..., :-1, -1], counts[..., -1, :-1], counts[..., -1, -1])
