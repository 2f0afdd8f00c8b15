"""The queue of keys and the moving average."""

import pytest
import torch
from torch import nn
from torch.nn.functional import normalize

from crossmodal.objectives import MomentumQueue, moco_loss, update_average


def _keys(count, start=0):
    angles = torch.arange(start, start + count) / 100
    return torch.stack([angles.cos(), angles.sin()], dim=1)


@pytest.mark.parametrize("batches", [[7, 7, 7], [1] * 12, [3, 9, 2, 10], [10, 10], [25], [4, 23, 0, 6]])
def test_holds_the_last_keys_for_any_batches(batches):
    queue = MomentumQueue(2, length=10)
    twin = list(queue.ordered())
    start = 0
    for count in batches:
        queue.enqueue(_keys(count, start))
        twin = (twin + list(_keys(count, start)))[-10:]
        start += count
        torch.testing.assert_close(queue.ordered(), torch.stack(twin))
        assert sorted(queue.keys[:, 0].tolist()) == sorted(queue.ordered()[:, 0].tolist())


def test_begins_with_random_unit_vectors_of_its_seed():
    queue = MomentumQueue(16, length=500)
    torch.testing.assert_close(queue.keys.norm(dim=1), torch.ones(500))
    assert queue.keys.mean(dim=0).norm() < 0.15
    assert torch.equal(queue.keys, MomentumQueue(16, length=500).keys)
    assert not torch.equal(queue.keys, MomentumQueue(16, length=500, seed=1).keys)


def test_keys_become_unit_vectors_without_gradients():
    queue = MomentumQueue(3, length=4)
    keys = torch.tensor([[3.0, 0, 4]], requires_grad=True)
    queue.enqueue(keys)
    torch.testing.assert_close(queue.ordered()[-1], torch.tensor([0.6, 0, 0.8]))
    assert not queue.keys.requires_grad


def test_new_keys_may_arrive_between_a_loss_and_its_backward_pass():
    def gradient(enqueue_first):
        queue, queries = MomentumQueue(2, length=4), _keys(3).requires_grad_()
        loss = moco_loss(queries, _keys(3, 50), queue.keys)
        if enqueue_first:
            queue.enqueue(_keys(3, 50))
        loss.backward()
        return queries.grad

    assert torch.equal(gradient(True), gradient(False))


def test_the_queue_is_part_of_a_checkpoint():
    queue = MomentumQueue(2, length=5)
    queue.enqueue(_keys(7))
    other = MomentumQueue(2, length=5, seed=3)
    other.load_state_dict(queue.state_dict())
    for each in (queue, other):
        each.enqueue(_keys(2, 40))
    assert torch.equal(queue.ordered(), other.ordered())


def test_the_queue_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match=r"keys must be \(n, 2\), got \(3, 4\)"):
        MomentumQueue(2, length=5).enqueue(torch.randn(3, 4))
    with pytest.raises(ValueError, match="at least 1"):
        MomentumQueue(2, length=0)


def _network(seed):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))


def test_average_follows_its_formula_and_leaves_buffers():
    target, online = _network(0), _network(1)
    online(torch.randn(8, 3))  # moves the statistics of its batch norm
    before = {name: values.clone() for name, values in target.state_dict().items()}
    update_average(target, online, 0.9)
    parameters = dict(target.named_parameters())
    for name, values in target.state_dict().items():
        wanted = 0.9 * before[name] + 0.1 * online.state_dict()[name] if name in parameters else before[name]
        torch.testing.assert_close(values, wanted)


def test_average_of_momentum_one_stays_and_of_zero_copies():
    target, online = _network(0), _network(1)
    before = [values.clone() for values in target.parameters()]
    update_average(target, online, 1.0)
    assert all(torch.equal(a, b) for a, b in zip(target.parameters(), before, strict=True))
    update_average(target, online, 0.0)
    assert all(torch.equal(a, b) for a, b in zip(target.parameters(), online.parameters(), strict=True))


def test_average_of_many_steps_is_geometric():
    target, online = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)
    nn.init.zeros_(target.weight)
    nn.init.ones_(online.weight)
    for _ in range(20):
        update_average(target, online, 0.95)
    assert target.weight.item() == pytest.approx(1 - 0.95**20, rel=1e-5)


def test_average_refuses_other_architectures():
    with pytest.raises(ValueError, match=r"differ in 2\.bias, 2\.weight"):
        update_average(_network(0), nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 3)), 0.9)
    with pytest.raises(ValueError, match="0 to 1"):
        update_average(_network(0), _network(1), 1.1)


def test_normalised_queue_fits_the_loss():
    queue = MomentumQueue(2, length=4)
    torch.testing.assert_close(queue.keys, normalize(queue.keys))
