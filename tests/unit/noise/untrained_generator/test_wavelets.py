"""The collapsed generator against one that convolves all channels, and the distributions of its draws."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy import stats

from crossmodal.noise.untrained_generator.source import Source
from crossmodal.noise.untrained_generator.stages import stages_for
from crossmodal.noise.untrained_generator.wavelet_draws import (
    WAVELET_VARIANTS,
    choose_filters,
    draw_styles,
    draw_wavelets,
)
from crossmodal.noise.untrained_generator.wavelets import evaluate_wavelets

CPU = torch.device("cpu")


def draw(variant, size, images, channel_base=256, channel_most=24, seed=0):
    source = Source(seed, f"test/{variant}", np.arange(images), CPU)
    return draw_wavelets(WAVELET_VARIANTS[variant], stages_for(size, channel_base, channel_most), source)


def dense_twin(network, gain_sizes):
    """Make every kernel of every pair of channels, modulate, demodulate, convolve: an image at a time, in doubles."""
    images = []
    for n in range(len(network.constant)):
        maps, image = network.constant[n : n + 1].double(), None
        for level in network.levels:
            for number, layer in enumerate(level.layers):
                filters = layer.filters[n].double().view(-1, 1, 3, 3)
                gains = layer.signs[n].double() * torch.rand(layer.signs.shape[1], generator=gain_sizes).double() * 3
                kernels = filters * gains[:, None, None]
                kernels = kernels / kernels.square().sum(dim=(0, 2, 3), keepdim=True).sqrt()
                if number == 0 and image is not None:
                    spread = F.conv_transpose2d(maps, kernels, stride=2)
                    weights = torch.tensor([1, 3, 3, 1]).double() / 4
                    low_pass = torch.outer(weights, weights).expand(kernels.shape[1], 1, 4, 4)
                    drive = F.conv2d(spread, low_pass, padding=1, groups=kernels.shape[1])
                else:
                    drive = F.conv_transpose2d(maps, kernels, padding=1)
                drive = drive + layer.noise[n].double() + layer.biases[n].double()[:, None, None]
                maps = math.sqrt(2) * drive.relu()
            colours = torch.einsum("nchw,ck->nkhw", maps, level.colours[n].double())
            image = colours if image is None else F.interpolate(image, scale_factor=2, mode="bilinear") + colours
        images.append(image)
    return torch.cat(images)


@pytest.mark.parametrize("variant", WAVELET_VARIANTS)
@pytest.mark.parametrize("size", [(4, 4), (32, 32), (16, 23)])
def test_one_map_a_layer_gives_what_all_channels_give(variant, size):
    network = draw(variant, size, images=2)
    twin = dense_twin(network, torch.Generator().manual_seed(0))
    images = evaluate_wavelets(network)
    assert images.shape == twin.shape
    # The largest errors measured are 2e-6.
    assert (images - twin).abs().max() < 1e-4 * twin.abs().max()


def test_images_do_not_depend_on_each_other():
    """Batches, as other devices make them, show what single images show."""
    network = evaluate_wavelets(draw("oriented", (16, 16), images=3))
    source = Source(0, "test/oriented", np.array([2]), CPU)
    alone = evaluate_wavelets(draw_wavelets(WAVELET_VARIANTS["oriented"], stages_for((16, 16), 256, 24), source))
    assert torch.allclose(network[2:], alone, rtol=1e-4, atol=1e-4)


def test_numbers_of_filters_of_layers_are_uniform_from_5_to_40():
    """Chi-squared tests at 1e-4 of how many of 40 filters 2,000 layers use, and of how often each is used."""
    numbers = torch.Generator().manual_seed(0)
    subset, order, chosen = (torch.rand(2000, count, generator=numbers) for count in (1, 40, 1000))
    filters = choose_filters(subset, order, chosen)
    used = np.array([len(row.unique()) for row in filters])
    # A layer of 1,000 channels leaves one of 40 filters out once in 2e9 times.
    assert used.min() == 5
    assert used.max() == 40
    assert stats.chisquare(np.bincount(used - 5, minlength=36)).pvalue > 1e-4
    assert stats.chisquare(np.bincount(filters[:, 0], minlength=40)).pvalue > 1e-4


def test_high_frequency_layers_choose_among_all_filters():
    """1,024 channels leave one of 40 filters out once in 2e9 layers."""
    bank = F.normalize(WAVELET_VARIANTS["high_frequency"].bank().flatten(1), dim=1)
    network = draw("high_frequency", (8, 8), images=5, channel_base=8192, channel_most=1024)
    for level in network.levels:
        for layer in level.layers:
            same = F.normalize(layer.filters, dim=2) @ bank.T > 1 - 1e-5
            assert same.any(dim=1).all()


def test_styles_are_as_if_a_latent_vector_had_been_multiplied_with_a_matrix():
    """Kolmogorov-Smirnov test at 1e-4 against styles made with the matrix."""
    numbers = torch.Generator().manual_seed(1)
    latents, matrices = (torch.randn(2000, *shape, generator=numbers) for shape in ((512,), (512, 2)))
    products = 1 + (F.leaky_relu(latents, 0.2)[:, None] @ matrices)[:, 0] / math.sqrt(512)
    styles = draw_styles(torch.randn(2000, 512, generator=numbers), torch.randn(2000, 2, generator=numbers))
    assert stats.ks_2samp(styles.flatten(), products.flatten()).pvalue > 1e-4


def test_signs_and_biases_have_their_distributions():
    """Kolmogorov-Smirnov and binomial tests at 1e-4."""
    network = draw("oriented", (4, 4), images=40, channel_base=2048, channel_most=512)
    (layer,) = network.levels[0].layers
    assert stats.kstest(layer.biases.flatten().numpy(), stats.uniform(-0.2, 0.4).cdf).pvalue > 1e-4
    assert set(layer.signs.unique().tolist()) == {-1, 1}
    assert stats.binomtest(int((layer.signs > 0).sum()), layer.signs.numel()).pvalue > 1e-4


def test_noise_is_one_map_averaged_down_or_a_map_a_layer():
    one, many = draw("oriented", (16, 16), images=1), draw("sparse", (16, 16), images=1)

    def likeness(network):
        finest, coarser = (level.layers[-1].noise[0] for level in network.levels[:-3:-1])
        pair = torch.stack([F.avg_pool2d(finest[None], 2)[0].flatten(), coarser.flatten()])
        return torch.corrcoef(pair)[0, 1]

    assert likeness(one) > 1 - 1e-5
    assert abs(likeness(many)) < 0.8
    strengths = [layer.noise.std() for level in many.levels for layer in level.layers]
    assert max(strengths) < 0.3 * 1.1


def test_high_frequency_has_no_biases():
    network = draw("high_frequency", (8, 8), images=2)
    assert all(not layer.biases.any() for level in network.levels for layer in level.layers)
