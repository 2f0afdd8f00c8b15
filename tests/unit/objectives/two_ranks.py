"""One step of every loss in one of two processes: `python two_ranks.py RANK FOLDER`, and the same step in one."""

import sys
from pathlib import Path

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from crossmodal.objectives import (
    CentreBuffer,
    MomentumQueue,
    alignment_uniformity_loss,
    dino_loss,
    gather,
    moco_loss,
    simclr_loss,
    supervised_contrastive_loss,
)

PAIRS, DIMENSION = 6, 5


def _moco(x, y):
    queue = MomentumQueue(DIMENSION, length=16).double()
    for _ in range(2):  # the second time the queue holds keys of both processes
        loss = moco_loss(x, y, queue.keys)
        queue.enqueue(y)
    return loss, queue.ordered()


def _dino(x, y):
    centre = CentreBuffer(DIMENSION).double()
    teacher = torch.stack([x, y]).detach()
    centre.update(teacher)
    return dino_loss(torch.stack([y, x, x * y]), teacher, centre.centre), centre.centre


def _supervised(x, y):
    own = (100 * y.detach()[:, 0]).round().long() % 2
    views, labels = gather(torch.stack([x, y], dim=1)), gather(own)
    return supervised_contrastive_loss(views.flatten(0, 1), labels.repeat_interleave(2)), labels


#: Each takes embeddings of two views, gives the loss and whatever it remembers.
STEPS = {
    "alignment_uniformity": lambda x, y: (alignment_uniformity_loss(gather(x), gather(y)), gather(x)),
    "simclr": lambda x, y: (simclr_loss(gather(x), gather(y)), gather(y)),
    "moco": _moco,
    "supervised": _supervised,
    "dino": _dino,
}


def take_step(name, part=slice(None), wrap=lambda network: network):
    """Run one loss on part of the joint batch; gives the loss, the gradients and what it remembers."""
    rng = torch.Generator().manual_seed(0)
    images = torch.randn(2, PAIRS, 4, generator=rng, dtype=torch.float64)
    torch.manual_seed(1)
    network = wrap(nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, DIMENSION)).double())
    x, y = network(images[:, part].flatten(0, 1)).unflatten(0, (2, -1))
    loss, memory = STEPS[name](x, y)
    loss.backward()
    return {"loss": loss.detach(), "gradients": [p.grad for p in network.parameters()], "memory": memory.detach()}


def main(rank, folder):
    dist.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2)
    half = PAIRS // 2
    part = slice(rank * half, (rank + 1) * half)
    steps = {name: take_step(name, part, DistributedDataParallel) for name in STEPS}
    torch.save(steps, folder / f"{rank}.pt")
    dist.destroy_process_group()


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(int(sys.argv[1]), Path(sys.argv[2]))
