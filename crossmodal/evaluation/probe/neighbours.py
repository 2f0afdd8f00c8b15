"""Nearest-neighbour classification of frozen features."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from crossmodal.data.image_folder import Labels
from crossmodal.errors import DatasetError
from crossmodal.evaluation.probe.features import Values
from crossmodal.evaluation.probe.fit import Fitted, accuracy, hold_out

NEIGHBOURS = (10, 20, 100, 200)
TEMPERATURE = 0.07
_CHUNK = 1024


def fit_neighbours(
    values: Values, labels: Labels, classes: int, *, seed: int = 0, neighbours: Sequence[int] = NEIGHBOURS
) -> Fitted:
    """Fit a k-nearest-neighbour classifier; votes have the weight exp(cosine / 0.07).

    k is selected from ``neighbours``: it is the one with which 80 % of the images classify the other 20 % best (the
    smallest of equal ones). If these 80 % are fewer than the second smallest k, the smallest is used.

    Raises:
        DatasetError: there are fewer images than the smallest k.

    References:
        Wu et al., "Unsupervised feature learning via non-parametric instance discrimination", CVPR 2018, section 3.4;
        k and temperature as in Caron et al., "Emerging properties in self-supervised vision transformers", ICCV 2021.
    """
    rising = sorted(neighbours)
    if len(labels) < rising[0]:
        raise DatasetError(
            f"{rising[0]} nearest neighbours need at least as many training images, found {len(labels)}; use a "
            "smaller k or more images"
        )
    known = _directions(values)
    chosen = _choose(known, labels, classes, rising, seed)

    def predict(raw: Values) -> Labels:
        (predicted,) = vote(known, labels, _directions(raw), classes, [chosen])
        return predicted

    return Fitted({"neighbours": chosen}, predict)


def vote(known: Tensor, labels: Labels, queries: Tensor, classes: int, neighbours: Sequence[int]) -> Iterator[Labels]:
    """Yield the labels predicted for unit vectors (queries, features), for each number of neighbours in turn."""
    most = max(neighbours)
    label_of = torch.from_numpy(labels)
    nearest = [(part @ known.T).topk(most, dim=1) for part in torch.split(queries, _CHUNK)]
    for count in neighbours:
        parts = []
        for cosines, indices in nearest:
            # Relative to a cosine of 1, which changes no vote and keeps the exponential small.
            weights = torch.exp((cosines[:, :count] - 1) / TEMPERATURE)
            votes = torch.zeros(len(cosines), classes).scatter_add_(1, label_of[indices[:, :count]], weights)
            parts.append(votes.argmax(dim=1))
        yield np.asarray(torch.cat(parts).numpy(), dtype=np.int64)


def _choose(known: Tensor, labels: Labels, classes: int, rising: Sequence[int], seed: int) -> int:
    fitted, held = hold_out(labels, seed)
    possible = [count for count in rising if count <= len(fitted)]
    if len(possible) < 2 or not len(held):
        return rising[0]
    predicted = vote(known[fitted], labels[fitted], known[held], classes, possible)
    scores = [accuracy(found, labels[held]) for found in predicted]
    return possible[int(np.argmax(scores))]


def _directions(values: Values) -> Tensor:
    return F.normalize(torch.from_numpy(values), dim=1)
