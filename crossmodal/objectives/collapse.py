"""Diagnostics of embeddings that collapse to a point or to few directions."""

import torch
from torch import Tensor

from crossmodal.objectives.similarity import unit_vectors


@torch.no_grad()
def effective_rank(z: Tensor) -> float:
    """Compute the effective rank of embeddings (n, dimension): exp of the entropy of their singular values.

    It ranges from 1 (all on a line through 0) to min(n, dimension) (all directions equal); 0 if all embeddings are 0.
    It does not depend on the scale.

    Raises:
        ValueError: ``z`` is not (n, dimension).

    References:
        Roy & Vetterli, "The effective rank", EUSIPCO 2007, definition 1; Garrido et al., "RankMe", ICML 2023,
        section 3.
    """
    _check_batch(z)
    values = torch.linalg.svdvals(z.double())
    total = values.sum()
    if total == 0:
        return 0.0
    fractions = values / total
    return float(torch.exp(-torch.xlogy(fractions, fractions).sum()))


@torch.no_grad()
def is_collapsed(z: Tensor, least_spread: float = 0.1, least_rank: float = 2.0) -> bool:
    """Return whether embeddings (n, dimension) are nearly a point, nearly on a line, or not finite.

    Args:
        z: embeddings of different images.
        least_spread: threshold of the root mean squared distance of the unit vectors from their mean, 0 to 1. The
            default corresponds to a mean cosine of 0.99.
        least_rank: threshold of the effective rank.

    Raises:
        ValueError: ``z`` is not (n, dimension).
    """
    _check_batch(z)
    if not bool(torch.isfinite(z).all()):
        return True
    unit = unit_vectors(z.double())
    spread = float((unit - unit.mean(dim=0)).square().sum(dim=1).mean().sqrt())
    return spread < least_spread or effective_rank(z) < least_rank


def _check_batch(z: Tensor) -> None:
    if z.ndim != 2 or not len(z):
        raise ValueError(f"z must be (n, dimension) with n at least 1, got {tuple(z.shape)}")
