"""Unit vectors and their cosines, in full precision also under autocast."""

import torch
import torch.nn.functional as F
from torch import Tensor


def unit_vectors(z: Tensor) -> Tensor:
    """Scale vectors (..., dimension) to length 1, in float32 at least."""
    # Half precision keeps three digits, and a temperature of 0.07 leaves less than two of them.
    return F.normalize(z.to(torch.promote_types(z.dtype, torch.float32)), dim=-1)


def cosines(x: Tensor, y: Tensor) -> Tensor:
    """Compute the cosines (n, m) of unit vectors x (n, dimension) and y (m, dimension)."""
    with torch.autocast(x.device.type, enabled=False):
        return x @ y.T


def without_self(pairs: Tensor) -> Tensor:
    """Set the diagonal, the pair of every vector with itself, to minus infinity."""
    return pairs.masked_fill(torch.eye(len(pairs), dtype=torch.bool, device=pairs.device), -torch.inf)
