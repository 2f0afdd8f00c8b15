"""Colour models: palettes as drawn, sheets as described, principal axes, and images back in colour."""

import numpy as np
import pytest
import torch
from scipy import ndimage, stats

from crossmodal.noise.statistical import colour_model, histogram_matching
from crossmodal.noise.statistical.colour_model import (
    ColourModels,
    Palettes,
    colour_models,
    coloured,
    draw_palettes,
    sheet_grains,
)

CPU = torch.device("cpu")


def palettes(count: int) -> Palettes:
    return draw_palettes(3, "tests", np.arange(count), (3, 22), (1, 10))


def models(count: int) -> ColourModels:
    return colour_models(palettes(count), sheet_grains(3, "tests", np.arange(count), (128, 128), CPU), 10.0)


def plain_sheet(drawn: Palettes, i: int, grains: np.ndarray, noise: float) -> np.ndarray:
    """Stripes of colours, a box blur with black outside, noise."""
    _, height, width = grains.shape
    ends = np.round(np.cumsum(drawn.fractions[i].numpy()) * height * width)
    number = np.searchsorted(ends, np.arange(height * width), side="right").reshape(height, width)
    side = int(drawn.blur[i])
    box = np.ones((side, side)) / side**2
    stripes = drawn.colours[i].double().numpy()[number].transpose(2, 0, 1)
    blurred = [ndimage.correlate(stripe, box, mode="constant", origin=side % 2 - 1) for stripe in stripes]
    return np.stack(blurred) + grains * (noise / 256.0)


def test_numbers_of_colours_are_uniform_from_3_to_22() -> None:
    """A uniform distribution fails once in 10,000 seeds."""
    drawn = palettes(4000)
    assert stats.chisquare(np.bincount(drawn.sizes.numpy(), minlength=23)[3:]).pvalue > 1e-4
    assert stats.chisquare(np.bincount(drawn.blur.numpy(), minlength=11)[1:]).pvalue > 1e-4
    used = drawn.fractions > 0
    assert torch.equal(used.sum(1), drawn.sizes)
    torch.testing.assert_close(drawn.fractions.sum(1), torch.ones(4000, dtype=torch.float64))
    assert stats.kstest(drawn.colours[used].flatten().numpy() / 255.0, "uniform").pvalue > 1e-4
    # Fractions are uniform numbers before they are made to sum to 1.
    relative = drawn.fractions / drawn.fractions.amax(1, keepdim=True)
    assert stats.kstest(relative[used & (relative < 1.0)].numpy(), "uniform").statistic < 0.05


def test_sheets_are_stripes_blurred_with_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = palettes(12)
    grains = sheet_grains(3, "tests", np.arange(12), (128, 150), CPU)
    expected = np.stack([plain_sheet(drawn, i, grains[i].numpy(), 10.0) for i in range(12)])
    np.testing.assert_allclose(colour_model._painted(drawn, grains, 10.0).numpy(), expected, atol=1e-3)
    np.testing.assert_allclose(colour_model._filled(drawn, grains, 10.0).numpy(), expected, atol=1e-3)
    assert stats.kstest(grains.flatten()[:50000].numpy() / 256.0 + 1 / 512, "uniform").pvalue > 1e-4


def test_axes_decorrelate_the_sheet() -> None:
    made = models(20)
    identity = torch.eye(3).expand(20, 3, 3)
    torch.testing.assert_close(made.basis.mT @ made.basis, identity, atol=1e-5, rtol=0)
    covariance = made.channels @ made.channels.mT / made.channels.shape[2]
    variances = covariance.diagonal(dim1=1, dim2=2)
    assert (covariance - torch.diag_embed(variances)).abs().max() < 1e-3 * variances.max()
    assert (variances.diff(dim=1) <= 0).all()
    assert (made.basis.amax(1) >= made.basis.abs().amax(1)).all()  # signs are determined
    rgb = made.basis @ made.channels + made.mean[:, :, None]
    assert rgb.min() == pytest.approx(0.0, abs=1e-3)
    assert rgb.max() == pytest.approx(255.0, abs=1e-3)


def test_distributions_count_the_sheet() -> None:
    made = models(2)
    target = made.distributions()
    row = made.channels[1, 2].numpy()
    expected = np.cumsum(np.histogram(row, 256)[0]) / row.size
    np.testing.assert_allclose(target.cumulative[5, 1:].numpy(), expected, atol=1e-3)
    assert target.low[5] == row.min()
    assert target.step[5] == pytest.approx((row.max() - row.min()) / 256)


def test_images_are_coloured_and_stretched() -> None:
    made = models(2)
    channels = made.channels.reshape(2, 3, 128, 128)
    images = coloured(channels, made)
    assert images.dtype == torch.uint8
    rgb = (made.basis @ made.channels + made.mean[:, :, None]).reshape(2, 3, 128, 128)
    assert (images - rgb).abs().max() < 0.51
    assert [int(image.max()) for image in coloured(0.1 * channels, made)] == [255, 255]
    alone = ColourModels(*(value[1:] for value in made))
    assert torch.equal(coloured(channels[1:], alone)[0], images[1])


def test_sheets_are_never_smaller_than_the_blur_is_made_for() -> None:
    assert sheet_grains(0, "tests", np.array([0]), (1, 300), CPU).shape == (1, 3, 128, 300)


@pytest.mark.parametrize("loops", [True, False])
def test_a_sheet_of_one_colour_has_a_model(loops: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (colour_model, histogram_matching):
        monkeypatch.setattr(module, "has_compiled_loops", lambda _: loops)
    drawn = draw_palettes(0, "tests", np.arange(2), (1, 1), (1, 1))
    made = colour_models(drawn, sheet_grains(0, "tests", np.arange(2), (8, 8), CPU), 0.0)
    assert torch.isfinite(made.basis).all()
    assert torch.isfinite(made.distributions().cumulative).all()
