"""Batches are a pure function of (seed, step)."""

from collections import Counter

import pytest
import torch
from torch.utils.data import TensorDataset

from crossmodal.data.sampling import StepLoader, StepSampler
from crossmodal.errors import DatasetError


def test_each_sample_occurs_once_per_permutation() -> None:
    sampler = StepSampler(length=10, batch_size=4, seed=1)
    drawn = [index for step in range(5) for index in sampler.batch(step)]  # 20 draws are two permutations
    assert sorted(drawn[:10]) == sorted(drawn[10:]) == list(range(10))
    assert drawn[:10] != drawn[10:]


def test_a_batch_depends_only_on_seed_and_step() -> None:
    first, second = StepSampler(10, 4, seed=1), StepSampler(10, 4, seed=1)
    backwards = [second.batch(step) for step in reversed(range(8))]
    assert [first.batch(step) for step in range(8)] == backwards[::-1]
    assert StepSampler(10, 4, seed=2).batch(0) != first.batch(0)


def test_ranks_share_the_stream_without_overlap() -> None:
    ranks = [StepSampler(12, 3, seed=0, shard=(rank, 2)) for rank in range(2)]
    alone = StepSampler(12, 6, seed=0)
    for step in range(4):
        assert ranks[0].batch(step) + ranks[1].batch(step) == alone.batch(step)
    assert len(ranks[0]) == 2


def test_draw_numbers_never_repeat() -> None:
    sampler = StepSampler(5, 2, seed=0, numbered=True)
    counted = Counter(draw for step in range(20) for draw, _ in sampler.batch(step))
    assert set(counted.values()) == {1}
    plain = StepSampler(5, 2, seed=0)
    assert [[index for _, index in sampler.batch(s)] for s in range(9)] == [plain.batch(s) for s in range(9)]


def test_batches_are_full_even_when_the_data_are_few() -> None:
    sampler = StepSampler(length=3, batch_size=8, seed=0)
    assert len(sampler) == 1
    assert set(Counter(sampler.batch(0)).values()) == {2, 3}


def test_epochs_continue_where_the_last_one_ended() -> None:
    sampler = StepSampler(10, 4, seed=0, steps=3)
    drawn = [batch for _ in range(2) for batch in sampler]
    assert drawn == [sampler.batch(step) for step in range(6)]


@pytest.mark.parametrize("num_workers", [0, 2])
def test_loader_counts_batches_returned_not_prefetched(num_workers: int) -> None:
    data = TensorDataset(torch.arange(20))
    sampler = StepSampler(20, 4, seed=0, steps=5)
    loader = StepLoader(data, sampler, num_workers=num_workers)
    batches = []
    for (batch,) in loader:
        batches.append(batch.tolist())
        if len(batches) == 2:
            break
    state = loader.state_dict()
    assert state["step"] == 2
    later = StepLoader(data, StepSampler(20, 4, seed=0, steps=5), num_workers=num_workers)
    later.load_state_dict(state)
    (following,) = next(iter(later))
    assert following.tolist() == sampler.batch(2)


def test_loader_does_not_change_the_global_random_state() -> None:
    before = torch.get_rng_state()
    for _ in StepLoader(TensorDataset(torch.arange(8)), StepSampler(8, 4, seed=0)):
        pass
    assert torch.equal(torch.get_rng_state(), before)


def test_state_of_other_data_is_refused() -> None:
    state = StepSampler(10, 4, seed=0).state_dict()
    with pytest.raises(DatasetError, match="length was 10, is 11"):
        StepSampler(11, 4, seed=0).load_state_dict(state)


@pytest.mark.parametrize("wrong", [{"length": 0}, {"batch_size": 0}, {"steps": 0}])
def test_invalid_sizes_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        StepSampler(**({"length": 4, "batch_size": 2, "seed": 0} | wrong))
