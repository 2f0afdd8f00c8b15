"""What the gait network is trained to say, against slow twins."""

import math

import pytest
import torch
from torch import Tensor

from crossmodal.models.gait_from_touch import GaitOutput
from crossmodal.objectives.gait import GaitTargets, event_loss, gait_losses


def test_event_loss_is_cross_entropy_shared_by_nearness() -> None:
    logits = torch.randn(3, 9, generator=torch.Generator().manual_seed(0))
    position = torch.tensor([2.0, 4.25, float("nan")])
    share = logits.softmax(dim=1)
    expected = [-math.log(share[0, 2]), -0.75 * math.log(share[1, 4]) - 0.25 * math.log(share[1, 5]), 0.0]
    assert event_loss(logits, position).tolist() == pytest.approx(expected, rel=1e-5)


def test_event_loss_is_least_where_the_mean_is_right() -> None:
    logits = torch.zeros(1, 6, requires_grad=True)
    optimizer = torch.optim.SGD([logits], lr=1.0)
    for _ in range(1000):
        optimizer.zero_grad()
        event_loss(logits, torch.tensor([3.3])).sum().backward()
        optimizer.step()
    mean = (logits.softmax(dim=1) * torch.arange(6)).sum()
    assert mean.item() == pytest.approx(3.3, abs=0.02)


def test_event_on_the_last_frame_meets_no_padding() -> None:
    logits = torch.tensor([[0.0, 1.0, -torch.inf]], requires_grad=True)
    event_loss(logits, torch.tensor([1.0])).sum().backward()
    assert logits.grad is not None
    assert torch.isfinite(logits.grad[0, :2]).all()


def output(batch: int = 3, frames: int = 5) -> GaitOutput:
    draw = torch.Generator().manual_seed(1)

    def values(*shape: int) -> Tensor:
        return torch.randn(batch, *shape, generator=draw)

    return GaitOutput(
        values(), values(), values(frames), values(frames), values(frames), values(4, 2), values(frames, 32, 24)
    )


def target(step: list[float], frames: int = 5) -> GaitTargets:
    batch = len(step)
    nan = torch.full((batch,), float("nan"))
    event = torch.where(torch.tensor(step) > 0, 1.5, nan)
    return GaitTargets(
        torch.tensor(step),
        torch.where(torch.tensor(step) > 0, 1.0, nan),
        event,
        event + 1,
        torch.ones(batch, frames),
        torch.zeros(batch, 4, 2),
        torch.zeros(batch, frames, 32, 24),
    )


def test_candidates_without_a_footstep_count_for_step_only() -> None:
    movie, valid = torch.ones(3, 5, 2, 32, 24), torch.ones(3, 5, dtype=torch.bool)
    told = output()
    some = gait_losses(told, target([1.0, 0.0, 1.0]), movie, valid)
    changed = told._replace(side=told.side + torch.tensor([0.0, 9.0, 0.0]), points=told.points.clone())
    changed.points[1] += 5.0
    again = gait_losses(changed, target([1.0, 0.0, 1.0]), movie, valid)
    assert {name: value.item() for name, value in some.items()} == {name: value.item() for name, value in again.items()}
    none = gait_losses(told, target([0.0, 0.0, 0.0]), movie, valid)
    assert all(none[name] == 0 for name in none if name != "step")


def test_empty_cells_belong_to_nobody() -> None:
    told, valid = output(), torch.ones(3, 5, dtype=torch.bool)
    movie = torch.zeros(3, 5, 2, 32, 24)
    movie[:, 2, 0, 4, 4] = 1.0
    expected = torch.nn.functional.softplus(told.own[:, 2, 4, 4]).mean()
    assert gait_losses(told, target([1.0] * 3), movie, valid)["own"].item() == pytest.approx(expected.item(), rel=1e-5)


def test_unknown_extent_gives_no_gradient() -> None:
    told = output()
    points = told.points.requires_grad_()
    wanted = target([1.0] * 3)
    wanted.points[:] = float("nan")
    losses = gait_losses(told, wanted, torch.ones(3, 5, 2, 32, 24), torch.ones(3, 5, dtype=torch.bool))
    losses["points"].backward()
    assert points.grad is not None
    assert (points.grad == 0).all()
