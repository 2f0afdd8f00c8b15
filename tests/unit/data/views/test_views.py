"""Views against torchvision: equal pixels for equal draws, and draws of the same distribution."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torchvision.transforms as transforms
import torchvision.transforms.functional as tv
from PIL import Image
from scipy import stats

from crossmodal.data.views.augmentation import ViewAugmentation
from crossmodal.data.views.colour import JITTER_OPERATIONS, jitter, luma, shift_hue
from crossmodal.data.views.resampling import blur_weights, crop_weights, resample
from crossmodal.data.views.views import VIEW_NAMES, Views, create_views
from crossmodal.noise import create

LEVEL = 1 / 255
FALSE_ALARM = 1e-4
CPU = torch.device("cpu")
_FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
_ADJUST = (tv.adjust_brightness, tv.adjust_contrast, tv.adjust_saturation, tv.adjust_hue)


@pytest.fixture(scope="module")
def images():
    return create("dead_leaves")(range(12), size=(72, 96))


def _draws(augmentation, counters, shape=(72, 96), stream="view 0"):
    return augmentation.sample(np.asarray(counters), shape, 0, stream)


def _pillow_crop(image, crop, augmentation):
    """Crop and resize by Pillow, columns before rows (as it does itself unless rows first are less work)."""
    top, left, height, width = (int(number) for number in crop)
    image = tv.crop(tv.to_pil_image(image), top, left, height, width)
    for size in ((augmentation.size, height), (augmentation.size, augmentation.size)):
        image = image.resize(size, _FILTERS[augmentation.interpolation])
    return tv.pil_to_tensor(image)


def _twin(image, augmentation, drawn, i):
    """One view by Pillow and torchvision, image by image."""
    view = _pillow_crop(image, drawn.crop[i], augmentation)
    view = view.float() / 255
    for change in drawn.order[i]:
        if drawn.factors[i, change] != (0 if JITTER_OPERATIONS[change] == "hue" else 1):
            view = _ADJUST[change](view, float(drawn.factors[i, change]))
    if drawn.grey[i]:
        view = tv.rgb_to_grayscale(view, num_output_channels=3)
    if drawn.sigma_px[i]:
        view = tv.gaussian_blur(view, [23, 23], [float(drawn.sigma_px[i])] * 2)
    if drawn.solarized[i]:
        view = tv.solarize(view, 0.5)
    return tv.hflip(view) if drawn.mirrored[i] else view


@pytest.mark.parametrize("name", VIEW_NAMES)
def test_views_are_those_of_torchvision_for_the_same_draws(name, images):
    views = create_views(name, size=64)
    for augmentation, drawn, made in zip(
        views.augmentations, views.sample(images, range(12)), views(images, range(12)), strict=True
    ):
        for i, image in enumerate(images):
            difference = (made[i] - _twin(image, augmentation, drawn, i)).abs()
            if drawn.solarized[i]:  # solarization is discontinuous in the middle of the range
                difference = difference.flatten().sort().values[: int(0.99 * difference.numel())]
            # Blurs are rounded twice; a level that crops differ by grows with contrast and saturation.
            assert difference.mean() < 0.6 * LEVEL
            assert difference.quantile(0.999) < 4 * LEVEL


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize("size", [17, 64, 128])
def test_crops_agree_with_pillow(interpolation, size, images):
    augmentation = ViewAugmentation(size=size, interpolation=interpolation, mirror=0.0)
    drawn = _draws(augmentation, range(12))
    made = (augmentation.render(images, drawn) * 255).round()
    expected = torch.stack([_pillow_crop(p, crop, augmentation) for p, crop in zip(images, drawn.crop, strict=True)])
    difference = (made - expected.float()).abs()
    assert difference.max() <= (1 if interpolation == "bilinear" else 2)
    assert difference.mean() < 0.01


@pytest.mark.parametrize("size", [17, 64, 128])
def test_bilinear_crops_agree_with_torchvision_within_one_level(size, images):
    augmentation = ViewAugmentation(size=size, mirror=0.0)
    drawn = _draws(augmentation, range(12))
    made = (augmentation.render(images, drawn) * 255).round()
    for image, crop, view in zip(images, drawn.crop.tolist(), made, strict=True):
        expected = tv.resized_crop(image, *crop, [size, size], antialias=True)
        assert (view - expected.float()).abs().max() <= 1


def test_a_crop_of_the_views_own_size_copies_pixels(images):
    first, length = torch.full((12,), 5.0), torch.full((12,), 40.0)
    rows, columns = (crop_weights(first, length, side, 40, "bicubic") for side in (72, 96))
    assert torch.equal(resample(images.float(), rows, columns), images[..., 5:45, 5:45].float())


def test_mirrored_views_are_mirror_images(images):
    plain, mirrored = (ViewAugmentation(size=32, mirror=probability, blur=1.0) for probability in (0.0, 1.0))
    drawn = _draws(plain, range(12))
    other = plain.render(images, drawn).flip(-1)
    assert torch.equal(mirrored.render(images, _draws(mirrored, range(12))), other)


@pytest.mark.parametrize("change", range(4))
def test_each_colour_operation_against_torchvision(change, images):
    before = images.float() / 255
    rng = np.random.default_rng(change)
    factors = np.tile([1.0, 1.0, 1.0, 0.0], (12, 1))
    factors[:, change] = rng.uniform(-0.5, 0.5, 12) if JITTER_OPERATIONS[change] == "hue" else rng.uniform(0, 2, 12)
    order = np.stack([rng.permutation(4) for _ in range(12)])
    made = jitter(before.clone(), factors, order)
    expected = torch.stack([_ADJUST[change](p, float(f)) for p, f in zip(before, factors[:, change], strict=True)])
    # torchvision's weights of grey sum to 0.9999; its mean grey is not of whole levels.
    torch.testing.assert_close(made, expected, atol=1e-6 if JITTER_OPERATIONS[change] == "hue" else 1e-3, rtol=0)


def test_hues_of_pure_colours_shift_around_the_circle():
    colours = torch.tensor([[1.0, 0, 0], [1, 1, 0], [0, 1, 0], [0, 1, 1], [0, 0, 1], [1, 0, 1]])
    for sixths in range(-3, 4):
        shifted = shift_hue(colours[:, :, None, None], torch.full((6,), sixths / 6))[:, :, 0, 0]
        torch.testing.assert_close(shifted, colours.roll(-sixths, 0), atol=1e-6, rtol=0)
    grey = torch.full((1, 3, 2, 2), 0.3)
    assert torch.equal(shift_hue(grey, torch.tensor([0.37])), grey)


def test_the_weights_of_grey_sum_to_one():
    assert luma(torch.ones(1, 3, 1, 1)).item() == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("sigma", [0.1, 0.5, 1.3, 2.0])
def test_blur_against_torchvision(sigma, images):
    levels = images[..., :64, :64].float()
    weights = blur_weights(np.full(12, sigma), 64, CPU)
    expected = tv.gaussian_blur(levels, [23, 23], [sigma, sigma])
    assert (resample(levels, weights, weights) - expected).abs().max() < 1.1


def test_matrix_products_are_exact():
    """The same in float32, in float64 and in another order: no sum rounds."""
    rng = torch.Generator().manual_seed(0)
    levels = torch.randint(0, 256, (4, 3, 96, 128), generator=rng).float()
    first, length = torch.tensor([0.0, 3, 10, 20]), torch.tensor([96.0, 80, 31, 7])
    rows, columns = (crop_weights(first, length, side, 48, "bicubic") for side in (96, 128))
    once = resample(levels, rows, columns)
    assert torch.equal(once, resample(levels.double(), rows.double(), columns.double()).float())
    assert torch.equal(once, resample(levels.flip(-1, -2), rows.flip(-1), columns.flip(-1)))


def test_an_image_of_one_colour_keeps_it_through_crop_and_blur():
    plain = torch.tensor([[0, 1, 2], [127, 128, 129], [253, 254, 255]], dtype=torch.uint8)
    images = plain[:, :, None, None].expand(3, 3, 200, 300).contiguous()
    augmentation = ViewAugmentation(size=50, blur=1.0, interpolation="bicubic")
    made = augmentation.render(images, _draws(augmentation, range(3), (200, 300)))
    assert torch.equal((made * 255).round(), plain[:, :, None, None].expand(3, 3, 50, 50).float())


@pytest.mark.parametrize("name", VIEW_NAMES)
def test_views_are_the_same_bit_for_bit_in_any_batch(name, images):
    views = create_views(name, size=47)  # odd, so that rows start at odd addresses
    many = images.repeat(4, 1, 1, 1)
    together = views(many, range(48), seed=3)
    shuffled = torch.randperm(48, generator=torch.Generator().manual_seed(0))
    again = views(many[shuffled], shuffled, seed=3)
    alone = views(many[41:42], [41], seed=3)
    for whole, permuted, one in zip(together, again, alone, strict=True):
        assert torch.equal(whole[shuffled], permuted)
        assert torch.equal(whole[41:42], one)


def test_the_number_of_threads_changes_nothing(images):
    views = create_views("moco_v2", size=200)
    once = views(images, range(12))
    torch.set_num_threads(2)
    try:
        again = views(images, range(12))
    finally:
        torch.set_num_threads(1)
    assert all(torch.equal(a, b) for a, b in zip(once, again, strict=True))


def test_a_view_depends_on_its_counter_its_number_and_the_seed(images):
    views = create_views("alignment_uniformity", size=32)
    same = images[:1].repeat(3, 1, 1, 1)
    first, second = views(same, [7, 7, 8])
    assert torch.equal(first[0], first[1])
    assert not torch.equal(first[0], first[2])
    assert not torch.equal(first[0], second[0])
    assert not torch.equal(first[0], views(same, [7, 7, 8], seed=1)[0][0])


def test_draws_can_be_replayed(images):
    views = create_views("dino", size=32)
    replayed = views.render(images, views.sample(images, range(12)))
    assert all(torch.equal(a, b) for a, b in zip(views(images, range(12)), replayed, strict=True))


def test_one_option_does_not_move_the_draws_of_another():
    augmentation = ViewAugmentation(size=32, jitter=(0.4, 0.4, 0.4, 0.1))
    other = replace(augmentation, grey=0.5, blur=0.5, mirror=0.1, solarize=1.0, jitter_probability=0.99)
    one, two = _draws(augmentation, range(50)), _draws(other, range(50))
    assert np.array_equal(one.crop, two.crop)
    assert np.array_equal(one.order, two.order)


def test_views_are_floats_in_0_to_1_of_the_published_sizes(images):
    sides = {name: [augmentation.size for augmentation in create_views(name).augmentations] for name in VIEW_NAMES}
    assert sides == {
        "alignment_uniformity": [64, 64],
        "simclr": [128, 128],
        "moco_v2": [224, 224],
        "dino": [224] * 2 + [96] * 8,
    }
    for view in create_views("dino", size=56)(images, range(12)):
        assert view.dtype == torch.float32
        assert not view.requires_grad
        assert 0 <= view.min() < view.max() <= 1
    assert [augmentation.size for augmentation in create_views("dino", size=56).augmentations] == [56] * 2 + [24] * 8
    assert create_views("moco_v2", size=112).augmentations[0].sigma_px == (0.05, 1.0)


def test_half_precision_around_the_call_changes_nothing(images):
    views = create_views("moco_v2", size=32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        around = views(images, range(12))
    assert all(torch.equal(a, b) for a, b in zip(views(images, range(12)), around, strict=True))


def test_an_empty_batch_has_empty_views():
    empty = torch.empty(0, 3, 20, 20, dtype=torch.uint8)
    assert [view.shape for view in create_views("simclr", 16)(empty, [])] == [(0, 3, 16, 16)] * 2


# Distributions of the draws

COUNT = 3000


@pytest.mark.parametrize(
    ("shape", "scale", "ratio"),
    [
        ((128, 128), (0.08, 1.0), (3 / 4, 4 / 3)),
        ((72, 96), (0.02, 1.0), (3 / 4, 4 / 3)),
        ((40, 200), (0.6, 1.0), (3 / 4, 4 / 3)),  # often none of the ten tries fits
        ((50, 30), (0.9, 1.0), (1.0, 2.0)),
    ],
)
def test_crops_have_the_distribution_of_torchvision(shape, scale, ratio):
    torch.manual_seed(0)
    blank = torch.empty(1, *shape)
    get_params = transforms.RandomResizedCrop.get_params
    expected = np.array([get_params(blank, list(scale), list(ratio)) for _ in range(COUNT)])
    augmentation = ViewAugmentation(size=32, scale=scale, ratio=ratio)
    crop = _draws(augmentation, range(COUNT), shape).crop
    for side in range(4):
        assert stats.ks_2samp(crop[:, side], expected[:, side]).pvalue > FALSE_ALARM
    # Joint distributions of sides, and of sides and positions.
    for one, two in ((2, 3), (0, 2), (1, 3)):
        together = stats.ks_2samp(crop[:, one] + 0.5 * crop[:, two], expected[:, one] + 0.5 * expected[:, two])
        assert together.pvalue > FALSE_ALARM
    assert (crop[:, :2] >= 0).all()
    assert (crop[:, 2:] >= 1).all()
    assert (crop[:, :2] + crop[:, 2:] <= shape).all()


def test_if_no_crop_fits_it_is_the_central_one_of_torchvision():
    shape = (20, 400)
    augmentation = ViewAugmentation(size=32, scale=(0.9, 1.0))
    expected = transforms.RandomResizedCrop.get_params(torch.empty(1, *shape), [0.9, 1.0], [3 / 4, 4 / 3])
    assert (_draws(augmentation, range(20), shape).crop == expected).all()


def test_factors_have_the_distribution_of_torchvision():
    torch.manual_seed(0)
    theirs = transforms.ColorJitter(0.4, 0.8, 1.5, 0.1)
    ranges = (theirs.brightness, theirs.contrast, theirs.saturation, theirs.hue)
    drawn = [theirs.get_params(*ranges) for _ in range(COUNT)]
    ours = _draws(ViewAugmentation(size=32, jitter=(0.4, 0.8, 1.5, 0.1)), range(COUNT))
    for change in range(4):
        expected = [entry[1 + change] for entry in drawn]
        assert stats.ks_2samp(ours.factors[:, change], expected).pvalue > FALSE_ALARM


def test_all_orders_of_changes_are_equally_frequent():
    orders = _draws(ViewAugmentation(size=32), range(COUNT)).order
    counts = np.unique(orders, axis=0, return_counts=True)[1]
    assert len(counts) == 24
    assert stats.chisquare(counts).pvalue > FALSE_ALARM


def test_blurs_have_the_distribution_of_torchvision():
    drawn = _draws(ViewAugmentation(size=32, blur=1.0), range(COUNT)).sigma_px
    assert stats.kstest(drawn, stats.uniform(0.1, 1.9).cdf).pvalue > FALSE_ALARM


def test_probabilities_are_kept_and_independent():
    augmentation = ViewAugmentation(
        size=32, jitter=(0.4, 0.4, 0.4, 0.1), jitter_probability=0.8, grey=0.2, blur=0.3, solarize=0.6, mirror=0.5
    )
    drawn = _draws(augmentation, range(COUNT))
    happened = {
        "jitter": (drawn.factors[:, 0] != 1, 0.8),
        "grey": (drawn.grey, 0.2),
        "blur": (drawn.sigma_px > 0, 0.3),
        "solarize": (drawn.solarized, 0.6),
        "mirror": (drawn.mirrored, 0.5),
    }
    for chosen, probability in happened.values():
        assert stats.binomtest(int(chosen.sum()), COUNT, probability).pvalue > FALSE_ALARM
    tables = np.corrcoef([chosen for chosen, _ in happened.values()])
    assert np.abs(tables - np.eye(5)).max() < 4.5 / COUNT**0.5


def test_the_two_views_of_an_image_are_independent():
    augmentation = create_views("alignment_uniformity").augmentations[0]
    one, two = (_draws(augmentation, range(COUNT), stream=f"view {number}") for number in range(2))
    assert abs(np.corrcoef(one.crop[:, 2], two.crop[:, 2])[0, 1]) < 4.5 / COUNT**0.5


# Invalid arguments


@pytest.mark.parametrize(
    ("images", "counters", "message"),
    [
        (torch.zeros(2, 3, 8, 8), [0, 1], "uint8"),
        (torch.zeros(2, 1, 8, 8, dtype=torch.uint8), [0, 1], "uint8"),
        (torch.zeros(3, 8, 8, dtype=torch.uint8), [0, 1], "uint8"),
        (torch.zeros(2, 3, 8, 8, dtype=torch.uint8), [0], "counters must have shape .2,., one for each image"),
        (torch.zeros(2, 3, 8, 8, dtype=torch.uint8), [0, -1], "negative"),
    ],
)
def test_refuses_other_images_and_counters(images, counters, message):
    with pytest.raises(ValueError, match=message):
        create_views("simclr", 8)(images, counters)


@pytest.mark.parametrize(
    "options",
    [
        {"size": 0},
        {"scale": (0.5, 0.2)},
        {"scale": (0.0, 1.0)},
        {"ratio": (-1.0, 1.0)},
        {"interpolation": "nearest"},
        {"grey": 1.2},
        {"jitter": (0.4, 0.4, 0.4, 0.6)},
        {"jitter": (-0.1, 0.0, 0.0, 0.0)},
        {"sigma_px": (2.0, 1.0)},
    ],
)
def test_numbers_out_of_range_are_refused(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        ViewAugmentation(**{"size": 32, **options})


def test_unknown_names_suggest_known_ones():
    with pytest.raises(ValueError, match=r"unknown views 'moco'; did you mean moco_v2"):
        create_views("moco")
    with pytest.raises(ValueError, match="at least 1 pixel"):
        create_views("simclr", size=0)
    with pytest.raises(ValueError, match="at least one augmentation"):
        Views(())
