"""Augmentation of windows: what it changes and what it keeps."""

import numpy as np
import pytest
import torch

from crossmodal.data.greatest_hits.augmentation import Augmentation, augment
from crossmodal.randomness import generator


@pytest.fixture
def sample():
    rng = np.random.default_rng(0)
    image = torch.from_numpy(rng.integers(60, 200, (5, 3, 20, 40), dtype=np.uint8))
    return {
        "spacetime": image,
        "colour": image[0],
        "cochleagram": torch.from_numpy(rng.random((42, 15), dtype=np.float32)),
        "onset": torch.zeros(15),
    }


def _augmented(sample, draw=0, **options):
    return augment(sample, Augmentation(**options), generator(0, "test", draw))


def test_no_augmentation_changes_nothing(sample):
    assert all(torch.equal(_augmented(sample)[key], sample[key]) for key in sample)


def test_half_of_the_windows_are_mirrored_colour_and_motion_alike(sample):
    mirrored = 0
    for draw in range(200):
        augmented = _augmented(sample, draw, flip=True)
        is_mirrored = torch.equal(augmented["spacetime"], sample["spacetime"].flip(-1))
        assert is_mirrored or torch.equal(augmented["spacetime"], sample["spacetime"])
        assert torch.equal(augmented["colour"], augmented["spacetime"][0])
        mirrored += is_mirrored
    assert 70 <= mirrored <= 130  # outside once in 50,000 runs; the draws are fixed


def test_tone_stays_within_its_bounds_and_keeps_the_order_of_grey_values(sample):
    for draw in range(20):
        augmented = _augmented(sample, draw, brightness=0.1, contrast=0.2)["spacetime"].float()
        before = sample["spacetime"].float()
        assert (augmented - before).abs().max() <= 0.1 * 255 + 0.2 * 72 + 1
        order = before.flatten().argsort()
        assert (augmented.flatten()[order].diff() >= 0).all()


def test_a_shift_moves_the_whole_image_and_repeats_the_edge(sample):
    moved = [_augmented(sample, draw, shift=0.2) for draw in range(20)]
    for augmented in moved:
        image, before = augmented["spacetime"], sample["spacetime"]
        fits = [
            (down, right)
            for down in range(-4, 5)
            for right in range(-8, 9)
            if torch.equal(image[..., 4:-4, 8:-8], before[..., 4 - down : 16 - down, 8 - right : 32 - right])
        ]
        assert len(fits) == 1
        assert torch.equal(augmented["colour"], image[0])
    assert len({augmented["spacetime"].sum().item() for augmented in moved}) > 10


def test_loudness_scales_features_by_the_compressed_level(sample):
    ratios = []
    for draw in range(50):
        ratio = _augmented(sample, draw, loudness_db=6.0)["cochleagram"] / sample["cochleagram"]
        assert ratio.std() < 1e-5
        ratios.append(float(ratio.mean()))
    assert 10 ** (-0.09) <= min(ratios) < 0.9
    assert 1.1 < max(ratios) <= 10**0.09


def test_one_option_does_not_move_the_draws_of_another(sample):
    alone = _augmented(sample, 3, shift=0.2)
    both = _augmented(sample, 3, shift=0.2, loudness_db=3.0)
    assert torch.equal(alone["spacetime"], both["spacetime"])
