"""Gathering of batches from all processes, with gradients."""

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor


def gather(z: Tensor) -> Tensor:
    """Concatenate the batches of all processes in the order of ranks: (processes * n, ...).

    Return ``z`` unchanged if training is not distributed. The gradient of a row is summed over all processes and
    returned to the process of the row. If every process computes the same loss of the joint batch, the mean over
    processes in `DistributedDataParallel` is the gradient of one process with the joint batch. Every process must pass
    the same shape and call this function equally often.
    """
    if not (dist.is_available() and dist.is_initialized()) or dist.get_world_size() == 1:
        return z
    if not z.requires_grad:
        return _join(z)
    joined: Tensor = _Gathering.apply(z)  # type: ignore[no-untyped-call]  # missing in the stubs
    return joined


class _Gathering(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, z: Tensor) -> Tensor:
        return _join(z)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        # A sum over processes and a slice: every backend supports it, unlike reduce-scatter.
        summed = gradients[0].clone(memory_format=torch.contiguous_format)
        dist.all_reduce(summed)
        return summed.chunk(dist.get_world_size())[dist.get_rank()]


def _join(z: Tensor) -> Tensor:
    parts = [torch.empty_like(z, memory_format=torch.contiguous_format) for _ in range(dist.get_world_size())]
    dist.all_gather(parts, z.detach().contiguous())
    return torch.cat(parts)
