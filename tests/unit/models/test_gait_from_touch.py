"""The network for footsteps: shapes, padding, sub-frame events."""

import pytest
import torch

from crossmodal.gait.crops import GRID
from crossmodal.models import GaitFromTouch
from crossmodal.models.gait_from_touch import event_position


@pytest.fixture(scope="module")
def model() -> GaitFromTouch:
    torch.manual_seed(0)
    return GaitFromTouch(width=0.1, channels=8, hidden=32).eval()


def crops(frames: int, batch: int = 2) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    loads = 6 * torch.rand(batch, frames, 2, *GRID, generator=torch.Generator().manual_seed(1)) ** 8
    return loads, torch.full((batch, frames), 0.01), torch.ones(batch, frames, dtype=torch.bool)


def test_every_frame_and_cell_has_a_prediction(model: GaitFromTouch) -> None:
    output = model(*crops(40))
    assert output.step.shape == output.side.shape == (2,)
    assert output.contact.shape == output.heel_strike.shape == output.toe_off.shape == (2, 40)
    assert output.points.shape == (2, 4, 2)
    assert output.own.shape == (2, 40, *GRID)


def test_padding_changes_nothing(model: GaitFromTouch) -> None:
    movie, step_s, valid = crops(30, batch=1)
    with torch.no_grad():
        alone = model(movie, step_s, valid)
        longer = model(*(torch.cat([part, torch.zeros_like(part)], dim=1) for part in (movie, step_s, valid)))
    torch.testing.assert_close(longer.step, alone.step)
    torch.testing.assert_close(longer.points, alone.points)
    torch.testing.assert_close(longer.own[:, :30], alone.own)
    torch.testing.assert_close(longer.toe_off.softmax(dim=1)[:, :30], alone.toe_off.softmax(dim=1))
    assert (longer.toe_off[:, 30:] == -torch.inf).all()


def test_a_crop_of_a_single_frame_is_accepted(model: GaitFromTouch) -> None:
    assert torch.isfinite(model(*crops(1)).step).all()


@pytest.mark.parametrize("position", [0.0, 3.5, 7.25, 19.0])
def test_an_event_between_frames_has_a_fractional_position(position: float) -> None:
    low = int(position)
    logits = torch.full((1, 20), -20.0)
    logits[0, low] = torch.log(torch.tensor(1.0 - (position - low)))
    if position > low:
        logits[0, low + 1] = torch.log(torch.tensor(position - low))
    assert event_position(logits).item() == pytest.approx(position, abs=1e-3)


def test_a_second_peak_far_away_has_no_effect() -> None:
    logits = torch.full((1, 50), -20.0)
    logits[0, 10], logits[0, 40] = 1.0, 0.9
    assert event_position(logits).item() == pytest.approx(10.0, abs=1e-2)


def test_arguments_rebuild_the_network(model: GaitFromTouch) -> None:
    again = GaitFromTouch(**model.arguments)
    again.load_state_dict(model.state_dict())
