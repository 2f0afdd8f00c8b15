"""Distances between two sets of images, given as sets of vectors: sliced Wasserstein and Fréchet."""

import torch
from torch import Tensor

from crossmodal.randomness import normals


def sliced_wasserstein(first: Tensor, second: Tensor, directions: int = 256, seed: int = 0) -> float:
    """Compute the sliced Wasserstein distance of order 2 between two sets of equal size, (n, dimension) each.

    It is the root mean square, over random directions on the sphere, of the distance between the projected sets; in one
    dimension that is the distance of the sorted numbers. The unit is that of the vectors. The seed gives the
    directions.

    Raises:
        ValueError: the shapes differ, or the sets are empty.

    References:
        Rabin et al., "Wasserstein barycenter and its application to texture mixing", SSVM 2011, equation 5.
    """
    if first.shape != second.shape or first.ndim != 2 or not len(first):
        raise ValueError(f"need as many vectors in both sets, got {tuple(first.shape)} and {tuple(second.shape)}")
    drawn = normals(seed, "sliced wasserstein", range(directions), first.shape[1]).to(first.device, torch.float64)
    axes = drawn / drawn.norm(dim=1, keepdim=True)
    a, b = ((vectors.double() @ axes.T).sort(dim=0).values for vectors in (first, second))
    return float((a - b).square().mean().sqrt())


def frechet_distance(first: Tensor, second: Tensor) -> float:
    """Compute the Fréchet distance between Gaussians fitted to two sets of vectors, (n, dimension) and (m, dimension).

    It is |difference of means|^2 + trace(A + B - 2 (A B)^(1/2)) with the covariances A and B.

    Raises:
        ValueError: a set has fewer than two vectors, or the dimensions differ.

    References:
        Dowson & Landau, "The Fréchet distance between multivariate normal distributions", 1982; Heusel et al., "GANs
        trained by a two time-scale update rule", NeurIPS 2017 (on features of a network).
    """
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1] or min(len(first), len(second)) < 2:
        raise ValueError(f"need two vectors of one length in each set, got {tuple(first.shape)}, {tuple(second.shape)}")
    a, b = first.double(), second.double()
    shift = (a.mean(dim=0) - b.mean(dim=0)).square().sum()
    spread_a, spread_b = (torch.cov(vectors.T).reshape(2 * vectors.shape[1:]) for vectors in (a, b))
    # The trace of the root of A B is that of the symmetric root(A) B root(A): sums of real, non-negative roots.
    values, columns = torch.linalg.eigh(spread_a)
    root = (columns * values.clamp_min(0).sqrt()) @ columns.T
    shared = torch.linalg.eigvalsh(root @ spread_b @ root).clamp_min(0).sqrt().sum()
    return float(shift + spread_a.trace() + spread_b.trace() - 2.0 * shared)
