"""The two buffers of momentum contrast: a queue of keys, and a moving average of an encoder."""

import torch
from torch import Tensor, nn

from crossmodal.objectives.gathering import gather
from crossmodal.objectives.similarity import unit_vectors
from crossmodal.randomness import normals


class MomentumQueue(nn.Module):
    """First-in, first-out queue of ``length`` unit vectors, initialised with random ones.

    Args:
        dimension: dimension of a key.
        length: number of keys; the publication uses 65,536.
        seed: seed of the initial keys, the same in every process.

    Raises:
        ValueError: the dimension or the length is below 1, or the seed is negative.

    References:
        He et al., "Momentum contrast for unsupervised visual representation learning", CVPR 2020, section 3.2.
    """

    #: (length, dimension), in unspecified order.
    keys: Tensor
    #: (), row of the oldest key.
    oldest: Tensor

    def __init__(self, dimension: int, length: int = 65_536, seed: int = 0) -> None:
        super().__init__()
        if dimension < 1 or length < 1:
            raise ValueError(f"dimension and length must be at least 1, got {dimension=}, {length=}")
        self.register_buffer("keys", unit_vectors(normals(seed, "momentum queue", range(length), dimension)))
        self.register_buffer("oldest", torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def enqueue(self, keys: Tensor) -> None:
        """Add the keys (n, dimension) of all processes and drop as many of the oldest; n may be any number.

        It is safe to call this between a loss and its backward pass.

        Raises:
            ValueError: the keys have another dimension.
        """
        if keys.ndim != 2 or keys.shape[1] != self.keys.shape[1]:
            raise ValueError(f"keys must be (n, {self.keys.shape[1]}), got {tuple(keys.shape)}")
        arrived = unit_vectors(gather(keys)).to(self.keys.dtype)
        kept = arrived[-len(self.keys) :]
        rows = (self.oldest + torch.arange(len(kept), device=kept.device)) % len(self.keys)
        # Not in place: the backward pass of this step still needs the old keys.
        self.keys = self.keys.index_copy(0, rows, kept)
        self.oldest = (self.oldest + len(kept)) % len(self.keys)

    def ordered(self) -> Tensor:
        """Return the keys (length, dimension) from the oldest to the newest."""
        rows = (self.oldest + torch.arange(len(self.keys), device=self.keys.device)) % len(self.keys)
        return self.keys[rows]


@torch.no_grad()
def update_average(target: nn.Module, online: nn.Module, momentum: float) -> None:
    """Update the parameters of ``target`` to momentum * target + (1 - momentum) * online, in place.

    Buffers are not changed: the batch norm of the target keeps its own statistics.

    Raises:
        ValueError: the parameters of the two differ, or the momentum is outside 0 to 1.

    References:
        He et al., CVPR 2020, equation 2.
    """
    if not 0 <= momentum <= 1:
        raise ValueError(f"the momentum must be in 0 to 1, got {momentum}")
    averages, newest = dict(target.named_parameters()), dict(online.named_parameters())
    shapes = [{(name, tuple(values.shape)) for name, values in found.items()} for found in (averages, newest)]
    if differing := sorted({name for name, _ in shapes[0] ^ shapes[1]}):
        raise ValueError(f"target and online must have the same architecture; they differ in {', '.join(differing)}")
    for name, average in averages.items():
        average.lerp_(newest[name].to(average.dtype), 1 - momentum)
