"""Mixing images with procedural ones."""

import pickle

import numpy as np
import PIL.Image
import pytest
import torch
from scipy import stats
from torch.utils.data import DataLoader, Dataset
from torchvision import tv_tensors
from torchvision.transforms import v2

from crossmodal.data.noise.mixing import _OPERATIONS, NoiseMixing, _combine, _Round
from tests.fakes.stripes import Stripes, know_stripes

SIZE = (12, 16)


def mixing(**options):
    return NoiseMixing(**({"process": Stripes(), "bank": 8} | options))


def photograph(*batch, seed=0):
    ramp = torch.linspace(20, 230, SIZE[1]).expand(*batch, 3, *SIZE)
    grain = torch.randint(-15, 16, (*batch, 3, *SIZE), generator=torch.Generator().manual_seed(seed))
    return (ramp + grain).to(torch.uint8)


def drawn(mix, image, seed):
    torch.manual_seed(seed)
    return mix(image)


@pytest.mark.parametrize("batch", [(), (4,), (2, 3)])
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_shape_and_type_are_kept(batch, dtype):
    image = v2.functional.to_dtype(photograph(*batch), dtype, scale=True)
    mixed = drawn(mixing(), image, 1)
    assert (mixed.shape, mixed.dtype) == (image.shape, dtype)
    assert not torch.equal(mixed, image)
    assert 0 <= mixed.min() <= mixed.max() <= (255 if dtype == torch.uint8 else 1)


def test_all_types_of_images_are_mixed_alike():
    plain = photograph()
    expected = drawn(mixing(), plain, 3)
    image = drawn(mixing(), tv_tensors.Image(plain), 3)
    assert isinstance(image, tv_tensors.Image)
    assert torch.equal(image, expected)
    pillow = drawn(mixing(), v2.functional.to_pil_image(plain), 3)
    assert isinstance(pillow, PIL.Image.Image)
    assert np.array_equal(np.asarray(pillow), expected.permute(1, 2, 0))
    floats = drawn(mixing(), v2.functional.to_dtype(plain, torch.float32, scale=True), 3)
    assert (floats * 255 - expected.float()).abs().max() <= 0.5 + 1e-4


def test_draws_are_those_of_the_global_generator():
    image, mix = photograph(), mixing()
    assert torch.equal(drawn(mix, image, 5), drawn(mixing(), image, 5))
    assert not torch.equal(drawn(mix, image, 5), drawn(mix, image, 6))


def test_images_of_a_batch_have_their_own_draws():
    batch = photograph().repeat(8, 1, 1, 1)
    mixed = drawn(mixing(), batch, 0)
    assert len({image.numpy().tobytes() for image in mixed}) >= 7


def test_a_pipeline_passes_labels_and_masks_through():
    pipeline = v2.Compose([v2.RandomHorizontalFlip(), mixing(), v2.ToDtype(torch.float32, scale=True)])
    mask = tv_tensors.Mask(torch.ones(SIZE))
    image, same_mask, label = pipeline(tv_tensors.Image(photograph()), mask, 7)
    assert image.dtype == torch.float32
    assert torch.equal(same_mask, mask)
    assert label == 7


def test_without_rounds_an_image_is_the_original_or_an_augmented_copy():
    mix, image = mixing(rounds=0, severity=0), photograph()
    kept = sum(torch.equal(drawn(mix, image, seed), image) for seed in range(200))
    # Half of them, and of the others those with one of the six of nine operations that are the identity at strength 0:
    # 5/6, within 5 sd.
    assert abs(kept - 167) < 5 * (200 * 5 / 36) ** 0.5 + 1


def test_noise_is_mixed_in_as_often_as_published():
    """Noise takes part in an image with probability 1 - mean of 2^-rounds over 0 to 4 rounds; 5 sd of 400 draws."""
    torch.manual_seed(0)
    draws = [mixing()._draw() for _ in range(400)]
    fraction = np.mean([any(step.copy is None for step in draw.rounds) for draw in draws])
    expected = 1 - np.mean([2.0**-count for count in range(5)])
    assert abs(fraction - expected) < 5 * np.sqrt(expected * (1 - expected) / 400)
    assert {len(draw.rounds) for draw in draws} == {0, 1, 2, 3, 4}


def test_weights_have_the_beta_distributions():
    """Kolmogorov-Smirnov on 2,000 rounds of one seed, false alarm 1e-4 each."""
    torch.manual_seed(0)
    weights = np.array([mixing(beta=3)._draw_round().weights for _ in range(2000)])
    conic = weights[weights[:, 0] <= 1]
    other = weights[weights[:, 0] > 1]
    assert abs(len(conic) - 1000) < 5 * 500**0.5
    assert stats.kstest(conic[:, 0], stats.beta(3, 1).cdf).pvalue > 1e-4
    assert stats.kstest(conic[:, 1], stats.beta(1, 3).cdf).pvalue > 1e-4
    assert stats.kstest(other[:, 0] - 1, stats.beta(1, 3).cdf).pvalue > 1e-4
    assert stats.kstest(-other[:, 1], stats.beta(1, 3).cdf).pvalue > 1e-4


def test_adding_and_multiplying_are_the_formulas():
    x, y = torch.rand(3, 2, 2), torch.rand(3, 2, 2).clamp_min(0.01)
    for weights in ((0.8, 0.3), (1.2, -0.4)):
        a, b = weights
        added, multiplied = (_combine(x, y, _Round(None, add, weights)) for add in (True, False))
        assert torch.allclose(added, (a * (2 * x - 1) + b * (2 * y - 1) + 1) / 2)
        assert torch.allclose(multiplied, (2 * x) ** a * (2 * y) ** b / 2)
    black = _combine(x, torch.zeros(3, 2, 2), _Round(None, False, (1.2, -0.4)))
    assert black.isfinite().all()


@pytest.mark.parametrize("name", _OPERATIONS)
def test_operations_grow_with_their_strength(name):
    image = photograph(seed=1)
    weak, strong = (_OPERATIONS[name](image, strength, 1) for strength in (0.0, 1.0))
    assert weak.shape == strong.shape == image.shape
    assert weak.dtype == strong.dtype == torch.uint8
    if name in ("autocontrast", "equalize"):  # these have no strength
        assert torch.equal(weak, strong)
    else:
        distances = [(changed.float() - image.float()).abs().mean() for changed in (weak, strong)]
        assert distances[0] < distances[1]


def test_a_bank_is_drawn_once_and_fits_any_size():
    mix = mixing(bank=1)
    noise = mix._noise(0, photograph())
    assert torch.equal(noise, Stripes()([0], SIZE)[0])
    assert mix._noise(0, photograph()) is noise
    assert mix._noise(0, torch.zeros(3, 5, 7)).shape == (3, 5, 7)


def test_without_a_bank_every_image_gets_a_new_noise_image():
    mix = mixing(bank=None)
    torch.manual_seed(0)
    assert len({mix._draw().index for _ in range(50)}) == 50
    assert torch.equal(mix._noise(2**61, photograph()), Stripes()([2**61], SIZE)[0])


class Photographs(Dataset):
    def __init__(self, transform):
        self.transform = transform

    def __len__(self):
        return 4

    def __getitem__(self, place):
        return self.transform(photograph())


def test_works_in_workers_and_repeats_by_the_loader_seed():
    loader = DataLoader(Photographs(mixing()), batch_size=4, num_workers=1)
    batches = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        batches += list(loader)
    assert torch.equal(batches[0], batches[1])
    assert not torch.equal(batches[0], batches[2])
    assert torch.equal(drawn(pickle.loads(pickle.dumps(mixing())), photograph(), 2), drawn(mixing(), photograph(), 2))


def test_the_process_may_be_named(monkeypatch):
    know_stripes(monkeypatch)
    assert mixing(process={"process": "stripes", "options": {"width": 2}}).process == Stripes(width=2)
    with pytest.raises(ValueError, match="did you mean stripes"):
        mixing(process="stripe")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"severity": 11}, "severity=11"),
        ({"rounds": -1}, "rounds=-1"),
        ({"beta": 0}, "beta=0"),
        ({"bank": 0}, "bank=0"),
    ],
)
def test_invalid_numbers_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        mixing(**options)


def test_grey_images_are_refused():
    with pytest.raises(ValueError, match=r"shape \(\.\.\., 3, height, width\), got \(1, 4, 4\)"):
        mixing()(torch.zeros(1, 4, 4))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_works_on_the_device_of_the_images():
    mixed = drawn(mixing(), photograph(4).cuda(), 0)
    assert mixed.device.type == "cuda"
    assert (mixed.cpu().int() - drawn(mixing(), photograph(4), 0).int()).abs().float().mean() < 2
