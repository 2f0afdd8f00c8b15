"""Batches as a pure function of (seed, step), so that a run can be resumed at any batch.

The samples of a data set form an endless stream of permutations; the k-th is drawn from (seed, k) only. Step ``s`` of
process ``r`` out of ``w`` takes the samples from position ``(s * w + r) * batch_size`` of the stream. There is no state
between steps, so workers, ranks and a resumed run agree without communication.
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
    """Full batches of sample indices, which depend only on the seed and the step.

    Each sample occurs once per permutation. A batch may extend over two permutations, so every batch is full and no
    sample is dropped. One epoch is ``steps`` batches, by default as many as use each sample about once.

    With ``numbered`` each entry is ``(draw, index)`` instead of ``index``. The draw is the position in the endless
    stream, which is unique, and is the counter of a counter-based augmentation.

    ``shard`` is ``(rank, processes)``; None takes both from torch.distributed when a batch is made.

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
        """The step of the next batch, counted over all epochs."""
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
        """Return the number of batches of one epoch."""
        return self._steps or math.ceil(self.length / (self.batch_size * self.shard[1]))

    def batch(self, step: int) -> list[Any]:
        """Return the entries of one step, a pure function of the step."""
        rank, processes = self.shard
        first = (step * processes + rank) * self.batch_size
        draws = range(first, first + self.batch_size)
        return [(draw, self._sample(draw)) if self.numbered else self._sample(draw) for draw in draws]

    def __iter__(self) -> Iterator[list[Any]]:
        """Yield the batches of one epoch, starting at `step`."""
        begin = self.step
        for step in range(begin, begin + len(self)):
            self.step = step + 1
            yield self.batch(step)

    def state_dict(self) -> dict[str, int]:
        """Return the step, and the settings that a resumed run must share."""
        return {"step": self.step, "length": self.length, "batch_size": self.batch_size, "seed": self.seed}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Resume at the step of a saved state.

        Raises:
            DatasetError: the state has another number of samples, batch size or seed.
        """
        current = self.state_dict()
        differences = [
            f"{key} was {state[key]}, is {current[key]}"
            for key in current
            if key != "step" and state[key] != current[key]
        ]
        if differences:
            raise DatasetError(f"the batches of the run cannot be resumed: {'; '.join(differences)}")
        self.step = state["step"]

    def _sample(self, draw: int) -> int:
        number, position = divmod(draw, self.length)
        if self._order is None or self._order[0] != number:
            self._order = number, generator(self.seed, "order of items", number).permutation(self.length)
        return int(self._order[1][position])


def _ignore_interrupts(worker: int) -> None:
    # Ctrl-C reaches every process of the terminal. A worker that died of it would lose the batch that the parent
    # finishes before it saves. Workers exit by themselves when the parent is gone.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class StepLoader(DataLoader[Any]):
    """A data loader over a `StepSampler` that counts the batches returned.

    Workers prefetch, so the step of the sampler alone would be too large. The iterator starts its workers at the first
    batch, so the step can be set after the loader is created. Lightning saves the state in its checkpoints with the two
    state methods.
    """

    def __init__(self, dataset: Dataset[Any], sampler: StepSampler, **options: Any) -> None:
        # A separate generator: without it the seed of the workers is drawn from the global stream in each epoch, and
        # in a run resumed in the middle of an epoch that stream would be one draw ahead.
        options.setdefault("generator", torch.Generator().manual_seed(sampler.seed))
        options.setdefault("worker_init_fn", _ignore_interrupts)
        super().__init__(dataset, batch_sampler=sampler, **options)
        self.steps = sampler

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]  # a generator is enough for all callers
        """Yield the batches of one epoch, starting at the step of the sampler."""
        done = self.steps.step
        for batch in super().__iter__():
            done += 1
            self.steps.step = done
            yield batch

    def state_dict(self) -> dict[str, int]:
        """Return the step reached, and the settings that a resumed run must share."""
        return self.steps.state_dict()

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Resume at the step of a saved state; see `StepSampler.load_state_dict`."""
        self.steps.load_state_dict(state)
