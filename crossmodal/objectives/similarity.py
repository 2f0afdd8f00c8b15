"""Unit vectors and their cosines, in full precision whatever surrounds them."""

import torch
import torch.nn.functional as F
from torch import Tensor


def unit_vectors(z: Tensor) -> Tensor:
    """Scale vectors (..., dimension) to length 1, in float32 at least; vectors of length 1 stay as they are."""
    # Half precision keeps three digits, and a temperature of 0.07 leaves less than two of them.
    return F.normalize(z.to(torch.promote_types(z.dtype, torch.float32)), dim=-1)


def cosines(x: Tensor, y: Tensor) -> Tensor:
    """Multiply unit vectors x (n, dimension) with y (m, dimension): (n, m)."""
    with torch.autocast(x.device.type, enabled=False):
        return x @ y.T


def without_self(pairs: Tensor) -> Tensor:
    """Take every vector's pair with itself (the diagonal) out of a sum of exponentials."""
    return pairs.masked_fill(torch.eye(len(pairs), dtype=torch.bool, device=pairs.device), -torch.inf)
