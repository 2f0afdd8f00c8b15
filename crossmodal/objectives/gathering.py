"""Batches that are spread over processes, made whole with their gradients."""

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor


def gather(z: Tensor) -> Tensor:
    """Join the batches of all processes in the order of their ranks: (processes * n, ...); ``z`` itself without any.

    Gradients flow back to the process that a row came from, summed over all processes. When every process computes the
    same loss of the joint batch, the mean over processes that `DistributedDataParallel` takes is then the gradient of
    one process with the joint batch. Every process must give the same shape, and call this as often.
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
        # A sum over processes and a slice: every backend has it, which is not true of reduce-scatter.
        summed = gradients[0].clone(memory_format=torch.contiguous_format)
        dist.all_reduce(summed)
        return summed.chunk(dist.get_world_size())[dist.get_rank()]


def _join(z: Tensor) -> Tensor:
    parts = [torch.empty_like(z, memory_format=torch.contiguous_format) for _ in range(dist.get_world_size())]
    dist.all_gather(parts, z.detach().contiguous())
    return torch.cat(parts)
