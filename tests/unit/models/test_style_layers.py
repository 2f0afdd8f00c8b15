"""The layers that StyleGANs share, against slow obvious twins."""

import numpy as np
import pytest
import scipy.signal
import torch
import torch.nn.functional as F

from crossmodal.models.style_layers import EqualisedLinear, StyleMapping, modulated_convolution, resample


@pytest.mark.parametrize("demodulate", [True, False])
def test_modulation_scales_the_weights_of_each_image(demodulate):
    torch.manual_seed(0)
    maps, weight, styles = torch.randn(3, 4, 6, 5), torch.randn(2, 4, 3, 3), torch.randn(3, 4)
    out = modulated_convolution(maps, weight, styles, demodulate=demodulate, padding=1)
    for one, style, found in zip(maps, styles, out, strict=True):
        own = weight * style[None, :, None, None]
        if demodulate:
            own = own / own.square().sum(dim=(1, 2, 3), keepdim=True).sqrt()
        torch.testing.assert_close(found, F.conv2d(one[None], own, padding=1)[0], atol=1e-5, rtol=1e-5)


def test_doubling_convolves_maps_with_zeros_between_their_cells():
    torch.manual_seed(0)
    maps, weight = torch.randn(1, 1, 3, 4), torch.randn(1, 1, 3, 3)
    spread = np.zeros((5, 7))
    spread[::2, ::2] = maps[0, 0]
    expected = scipy.signal.convolve2d(spread, weight[0, 0].numpy())
    out = modulated_convolution(maps, weight, torch.ones(1, 1), demodulate=False, double=True)
    np.testing.assert_allclose(out[0, 0].numpy(), expected, atol=1e-5)


@pytest.mark.parametrize(("up", "down", "padding"), [(1, 1, (1, 2)), (2, 1, (3, 0)), (1, 2, (0, 1)), (4, 2, (-1, 2))])
def test_resampling_is_zeros_padding_filter_and_every_nth(up, down, padding):
    torch.manual_seed(0)
    maps, taps = torch.randn(2, 3, 5, 6), torch.tensor([1.0, 3.0, 3.0, 1.0])
    out = resample(maps, taps, up=up, down=down, padding=padding)
    spread = np.zeros((2, 3, 5 * up, 6 * up))
    spread[:, :, ::up, ::up] = maps
    before, after = padding
    padded = np.pad(spread, [(0, 0), (0, 0), (max(before, 0), after), (max(before, 0), after)])
    padded = padded[:, :, max(-before, 0) :, max(-before, 0) :]
    filtered = scipy.signal.convolve(padded, np.outer(taps, taps)[None, None], mode="valid")
    np.testing.assert_allclose(out.numpy(), filtered[:, :, ::down, ::down], atol=1e-4)
    both = resample(maps, taps[:, None] * taps, up=up, down=down, padding=padding)
    torch.testing.assert_close(out, both, atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_equalised_layers_keep_the_variance():
    torch.manual_seed(0)
    vectors = torch.randn(2000, 256)
    for layer in (EqualisedLinear(256, 256), EqualisedLinear(256, 256, active=True, rate=0.01)):
        assert float(layer(vectors).square().mean()) == pytest.approx(1, abs=0.1)


def test_truncation_draws_styles_towards_their_mean():
    torch.manual_seed(0)
    mapping = StyleMapping(4, classes=2, style=6, layers=2)
    mapping.w_avg.normal_()
    latents, labels = torch.randn(3, 4), torch.tensor([0, 1, 1])
    whole, half, none = (mapping(latents, labels, truncation) for truncation in (1.0, 0.5, 0.0))
    torch.testing.assert_close(none, mapping.w_avg.expand(3, -1))
    torch.testing.assert_close(half, (whole + none) / 2)
    torch.testing.assert_close(mapping(5 * latents, labels), whole)
    assert not torch.allclose(mapping(latents, 1 - labels), whole)
