"""The dense generator against one whose kernels are modulated and demodulated for every image."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from crossmodal.noise.untrained_generator import dense as generator_dense
from crossmodal.noise.untrained_generator.dense import dense_network, evaluate_dense
from crossmodal.noise.untrained_generator.source import Source
from crossmodal.noise.untrained_generator.stages import LATENT, stages_for
from crossmodal.randomness import normals

CPU = torch.device("cpu")


def modulated_twin(stages, latents):
    """Make images one at a time, with their own kernels, in doubles, from the draws that the network makes."""
    source = Source(0, "test", np.array([3]), CPU)
    images = []
    for latent in F.leaky_relu(latents.double(), 0.2):
        own = iter(latent)
        maps = source.normals("constant", stages[0].channels * math.prod(stages[0].size))[0].double()
        maps, image = maps.view(1, -1, *stages[0].size), None
        for level, stage in enumerate(stages):
            for number in range(1 if level == 0 else 2):
                inputs = maps.shape[1]
                drawn, matrix = source.normals(f"layer/{level}/{number}", inputs * stage.channels * 9, inputs * LATENT)
                styles = 1 + matrix.double().view(inputs, LATENT) @ next(own) / math.sqrt(LATENT)
                kernels = drawn.double().view(inputs, stage.channels, 3, 3) * styles[:, None, None, None]
                kernels = kernels / kernels.square().sum(dim=(0, 2, 3), keepdim=True).sqrt()
                if level and number == 0:
                    weights = torch.tensor([1, 3, 3, 1]).double() / 4
                    low_pass = torch.outer(weights, weights).expand(stage.channels, 1, 4, 4)
                    spread = F.conv_transpose2d(maps, kernels, stride=2)
                    maps = F.conv2d(spread, low_pass, padding=1, groups=stage.channels)
                else:
                    maps = F.conv_transpose2d(maps, kernels, padding=1)
                maps = math.sqrt(2) * maps.relu()
            colours, matrix = source.normals(f"colours/{level}", 3 * stage.channels, stage.channels * LATENT)
            styles = 1 + matrix.double().view(-1, LATENT) @ next(own) / math.sqrt(LATENT)
            weights = colours.double().view(3, -1) * styles / math.sqrt(stage.channels)
            part = torch.einsum("nchw,kc->nkhw", maps, weights)
            image = part if image is None else F.interpolate(image, scale_factor=2, mode="bilinear") + part
        images.append(image)
    return torch.cat(images)


@pytest.mark.parametrize("tiles_from", [8, 64])
@pytest.mark.parametrize("size", [(4, 4), (32, 32), (16, 23)])
def test_scaled_maps_give_what_modulated_kernels_give(monkeypatch, tiles_from, size):
    monkeypatch.setattr(generator_dense, "WORTHWHILE_SIDE", tiles_from)
    dense_network.cache_clear()
    stages = stages_for(size, 256, 24)
    network = dense_network(0, "test", 3, stages, CPU)
    latents = normals(0, "latents", range(2), network.latents * LATENT).reshape(2, network.latents, LATENT)
    twin = modulated_twin(stages, latents)
    images = evaluate_dense(network, latents)
    assert images.shape == twin.shape == (2, 3, *stages[-1].size)
    assert (images - twin).abs().max() < 1e-4 * twin.abs().max()
    dense_network.cache_clear()


def test_maps_keep_their_strength_from_layer_to_layer():
    """Demodulation, and the gain after ReLU, keep the mean square within a factor of a few."""
    stages = stages_for((32, 32), 4096, 64)
    network = dense_network(0, "test", 3, stages, CPU)
    latents = normals(0, "latents", [0], network.latents * LATENT).reshape(1, network.latents, LATENT)
    assert 0.05 < evaluate_dense(network, latents).std() < 20


def test_few_networks_are_cached():
    dense_network.cache_clear()
    stages = stages_for((4, 4), 64, 16)
    first = dense_network(0, "test", 0, stages, CPU)
    assert dense_network(0, "test", 0, stages, CPU) is first
    for number in range(10):
        dense_network(0, "test", number, stages, CPU)
    assert dense_network.cache_info().currsize <= 2
    again = dense_network(0, "test", 0, stages, CPU)
    assert again is not first
    assert torch.equal(again.constant, first.constant)
