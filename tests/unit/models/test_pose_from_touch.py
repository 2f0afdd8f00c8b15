import numpy as np
import pytest
import torch

from crossmodal.models import PoseFromTouch
from crossmodal.models.pose_from_touch import mean_positions
from crossmodal.models.skeleton import to_mm

PUBLISHED_PARAMETERS = 68_859_219


def small(**options):
    torch.manual_seed(0)
    return PoseFromTouch(**({"width": 0.1, "features": 16, "window": 9} | options)).eval()


def touch(batch=2, window=9):
    return torch.rand(batch, window, 96, 96, generator=torch.Generator().manual_seed(1))


def test_heat_maps_are_probabilities_over_the_cube_and_joints_their_means():
    found = small()(touch())
    assert found.heat_maps.shape == (2, 21, 20, 20, 18)
    torch.testing.assert_close(found.heat_maps.sum(dim=(2, 3, 4)), torch.full((2, 21), 4.0))
    torch.testing.assert_close(found.keypoints, mean_positions(0.25 * found.heat_maps))
    assert 0 < float(found.keypoints.detach().min()) < float(found.keypoints.detach().max()) < 1


def test_the_mean_place_of_one_voxel_is_that_voxel():
    cube = torch.zeros(20, 20, 18)
    cube[3, 11, 17] = 1
    torch.testing.assert_close(mean_positions(cube), torch.tensor([3 / 19, 11 / 19, 1.0]))


def test_columns_of_the_touch_run_along_x_and_rows_along_y():
    model = small()
    with torch.no_grad():
        model.whole[1].weight.zero_()  # what sees the whole carpet
    seen = touch(1).requires_grad_()
    model(seen).heat_maps[0, 5, 3, 16, 9].log().backward()
    strength = seen.grad[0].abs().sum(dim=0)
    row, column = (strength.sum(dim=axis) @ torch.arange(96.0) / strength.sum() for axis in (1, 0))
    # Local, so the centre of what matters lies on the voxel's side of the carpet in both directions.
    near = strength[60:, :36].sum() / strength.sum()
    assert float(column) < 40 < 56 < float(row)
    assert float(near) > 0.5


def test_all_frames_of_the_window_are_seen_and_all_parameters_learn():
    model = small().train()
    seen = touch().requires_grad_()
    found = model(seen)
    (found.keypoints.square().sum() + found.heat_maps.square().sum()).backward()
    assert bool((seen.grad.abs().sum(dim=(0, 2, 3)) > 0).all())
    assert [
        name for name, p in model.named_parameters() if p.grad is None or not bool(torch.isfinite(p.grad).all())
    ] == []


def test_the_predictor_gives_millimetres():
    model = small()
    sample = {"touch": touch(1)[0]}
    with torch.no_grad():
        wanted = to_mm(model(sample["touch"][None]).keypoints[0].numpy())
    np.testing.assert_allclose(model.predictor()(sample), wanted, rtol=1e-5)


@pytest.mark.parametrize("window", [0, 6, 10, 12, 20])
def test_windows_without_a_middle_are_refused(window):
    with pytest.raises(ValueError, match="odd multiple of 3"):
        small(window=window)


def test_windows_of_another_length_are_refused():
    with pytest.raises(ValueError, match="windows of 9 frames, got 21"):
        small()(touch(window=21))


def test_arguments_make_the_same_model_again():
    model = small()
    again = PoseFromTouch(**model.arguments)
    assert [p.shape for p in again.parameters()] == [p.shape for p in model.parameters()]


def test_is_much_smaller_than_the_published_network():
    assert sum(p.numel() for p in PoseFromTouch().parameters()) < PUBLISHED_PARAMETERS / 30
