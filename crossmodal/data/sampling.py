"""Batches as a pure function of (seed, step), so that a run can be taken up again at any batch.

The items of a data set form an endless stream: one permutation after another, the k-th drawn from (seed, k)
alone. Step ``s`` of process ``r`` out of ``w`` takes the items at positions ``(s * w + r) * batch_size`` onwards.
Nothing is remembered between steps, so workers, ranks and a resumed run agree without talking to each other.
"""

import math
import signal
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from crossmodal.errors import DatasetError
from crossmodal.randomness import generator


class StepSampler(Sampler[list[Any]]):
    """Full batches of item indices, each decided by the seed and the step alone.

    Every item comes once per permutation; a batch may reach over the border of two permutations, so every batch
    is full and no item is ever dropped. One pass (an epoch) is ``steps`` batches, by default as many as show each
    item about once.

    With ``numbered`` each entry is ``(draw, index)`` instead of ``index``: the draw is the item's position in the
    endless stream, never the same twice, and is what a counter-based augmentation wants.

    ``shard`` is ``(rank, processes)``; None asks torch.distributed when the batches are made.

    Raises:
        ValueError: the length, the batch size or the number of steps is not positive.
    """

    def __init__(
        self,
        length: int,
        batch_size: int,
        seed: int,
        steps: int | None = None,
        *,
        numbered: bool = False,
        shard: tuple[int, int] | None = None,
    ) -> None:
        for name, value in (
            ("length", length),
            ("batch_size", batch_size),
            ("steps", 1 if steps is None else steps),
        ):
            if value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")
        self.length = length
        self.batch_size = batch_size
        self.seed = seed
        self.numbered = numbered
        self.step = 0
        """The step that the next batch belongs to, counted over all epochs."""
        self._steps = steps
        self._shard = shard
        self._order: tuple[int, np.ndarray[Any, np.dtype[np.int64]]] | None = None

    @property
    def shard(self) -> tuple[int, int]:
        """The rank of this process and the number of processes."""
        if self._shard is not None:
            return self._shard
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            return torch.distributed.get_rank(), torch.distributed.get_world_size()
        return 0, 1

    def __len__(self) -> int:
        """Return the batches of one epoch."""
        return self._steps or math.ceil(self.length / (self.batch_size * self.shard[1]))

    def batch(self, step: int) -> list[Any]:
        """Return the entries of one step: a pure function of it."""
        rank, processes = self.shard
        first = (step * processes + rank) * self.batch_size
        draws = range(first, first + self.batch_size)
        return [(draw, self._item(draw)) if self.numbered else self._item(draw) for draw in draws]

    def __iter__(self) -> Iterator[list[Any]]:
        """Yield one epoch's number of batches, from `step` on."""
        begin = self.step
        for step in range(begin, begin + len(self)):
            self.step = step + 1
            yield self.batch(step)

    def state_dict(self) -> dict[str, int]:
        """Return what a resumed run must know."""
        return {"step": self.step, "length": self.length, "batch_size": self.batch_size, "seed": self.seed}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Continue at the step of a saved state.

        Raises:
            DatasetError: the state belongs to other data, another batch size or another seed.
        """
        mine = self.state_dict()
        differing = [
            f"{key} was {state[key]}, is {mine[key]}" for key in mine if key != "step" and state[key] != mine[key]
        ]
        if differing:
            raise DatasetError(f"the batches of the run cannot be continued: {'; '.join(differing)}")
        self.step = state["step"]

    def _item(self, draw: int) -> int:
        turn, place = divmod(draw, self.length)
        if self._order is None or self._order[0] != turn:
            self._order = turn, generator(self.seed, "order of items", turn).permutation(self.length)
        return int(self._order[1][place])


def _leave_interrupts_to_the_parent(worker: int) -> None:
    # Ctrl-C reaches every process of the terminal. Workers that died of it would take the batch with them that the
    # parent wants to finish before it saves; they notice by themselves when the parent is gone.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class StepLoader(DataLoader[Any]):
    """A data loader over a `StepSampler` that knows how many batches were really handed out.

    Workers fetch ahead, so the sampler alone would be too far. The iterator starts its workers at the first batch,
    not before: whoever resumes a run can still set the step after the loader was made. Lightning keeps the state
    in its checkpoints by the two state methods.
    """

    def __init__(self, dataset: Dataset[Any], sampler: StepSampler, **options: Any) -> None:
        # Its own generator, or each epoch's seed for the workers would be drawn from the global stream, and a run
        # taken up in the middle of an epoch would find that stream one draw further.
        options.setdefault("generator", torch.Generator().manual_seed(sampler.seed))
        options.setdefault("worker_init_fn", _leave_interrupts_to_the_parent)
        super().__init__(dataset, batch_sampler=sampler, **options)
        self.steps = sampler

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]  # a generator is all that anyone needs of it
        """Yield one epoch's number of batches, from the sampler's step on."""
        done = self.steps.step
        for batch in super().__iter__():
            done += 1
            self.steps.step = done
            yield batch

    def state_dict(self) -> dict[str, int]:
        """Return the step reached, with what it belongs to."""
        return self.steps.state_dict()

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Continue at the step of a saved state; see `StepSampler.load_state_dict`."""
        self.steps.load_state_dict(state)
