"""The classifiers behind probes, against slow twins and closed forms."""

import math

import numpy as np
import pytest
import torch
from PIL import Image

from crossmodal.data.image_folder import LabelledImages
from crossmodal.errors import DatasetError
from crossmodal.evaluation.probe.features import RawPixels, extract
from crossmodal.evaluation.probe.few_shot import draw_shots, fit_draws
from crossmodal.evaluation.probe.fit import accuracy, hold_out
from crossmodal.evaluation.probe.gradient import crop_at_random, fit_by_gradient
from crossmodal.evaluation.probe.neighbours import TEMPERATURE, fit_neighbours
from crossmodal.evaluation.probe.ridge import DEFAULT_PENALTY, fit_ridge, solve_ridge
from crossmodal.evaluation.probe.score import difference, ratio, score
from crossmodal.randomness import generator


def blobs(count, classes=3, numbers=6, spread=0.7, seed=0):
    draws = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(classes, numbers))
    labels = np.arange(count) % classes
    return (centres[labels] + spread * draws.normal(size=(count, numbers))).astype(np.float32), labels


@pytest.mark.parametrize("shape", [(40, 7), (9, 30)], ids=["of features", "of images"])
@pytest.mark.parametrize("penalty", [1e-3, 2.0])
def test_ridge_solves_the_least_squares_it_states(shape, penalty):
    draws = np.random.default_rng(0)
    inputs, targets = draws.normal(size=shape).astype(np.float32), draws.normal(size=(shape[0], 2)).astype(np.float32)
    ((weights, bias),) = solve_ridge(inputs + 3, targets, [penalty])
    # The penalty as further rows, the intercept as a column that these rows do not see.
    count, numbers = shape
    rows = np.vstack(
        [np.c_[inputs + 3, np.ones(count)], np.c_[math.sqrt(penalty * count) * np.eye(numbers), np.zeros(numbers)]]
    )
    twin = np.linalg.lstsq(rows.astype(np.float64), np.vstack([targets, np.zeros((numbers, 2))]), rcond=None)[0]
    np.testing.assert_allclose(weights, twin[:-1], atol=1e-5)
    np.testing.assert_allclose(bias, twin[-1], atol=1e-4)


def test_ridge_minds_neither_the_scale_of_a_number_nor_one_that_never_varies():
    values, labels = blobs(120)
    others, wanted = blobs(60, seed=1)
    plain = fit_ridge(values, labels, 3).predict(others)
    assert accuracy(plain, wanted) > 0.8
    scales = [1e-6, 1, 1e3, 1, 1, 1]
    found = fit_ridge(np.c_[values * scales, np.full(120, 5.1)].astype(np.float32), labels, 3)
    np.testing.assert_array_equal(found.predict(np.c_[others * scales, np.full(60, 9.0)].astype(np.float32)), plain)


def test_ridge_without_any_variation_still_answers():
    found = fit_ridge(np.ones((6, 2), np.float32), np.array([0, 0, 0, 0, 1, 1]), 2)
    assert found.predict(np.ones((3, 2), np.float32)).tolist() == [0, 0, 0]


def test_ridge_has_nothing_to_choose_on_with_one_image_a_class():
    values, labels = blobs(3)
    assert fit_ridge(values, labels, 3).choice == {"penalty": DEFAULT_PENALTY}


def test_of_penalties_as_good_as_each_other_the_largest_is_chosen():
    values, labels = blobs(60, spread=0.01)
    assert fit_ridge(values, labels, 3, penalties=(1e-3, 1e-1, 1e-2)).choice == {"penalty": 1e-1}


def test_neighbours_vote_like_an_obvious_twin():
    values, labels = blobs(30, spread=1.5)
    others, _ = blobs(20, seed=1, spread=1.5)
    predicted = fit_neighbours(values, labels, 3, neighbours=(7,)).predict(others)
    for one, guess in zip(others, predicted, strict=True):
        cosines = values @ one / np.linalg.norm(values, axis=1) / np.linalg.norm(one)
        nearest = np.argsort(-cosines)[:7]
        votes = [np.exp(cosines[nearest][labels[nearest] == label] / TEMPERATURE).sum() for label in range(3)]
        assert guess == int(np.argmax(votes))


def test_fewer_images_than_neighbours_are_a_sentence():
    values, labels = blobs(6)
    with pytest.raises(DatasetError, match="10 nearest neighbours need at least as many training images, found 6"):
        fit_neighbours(values, labels, 3)
    assert fit_neighbours(*blobs(12), 3).choice == {"neighbours": 10}


def test_neighbours_are_chosen_where_there_are_enough():
    # Every class in many tight groups of four: more neighbours than that bring in the other classes.
    draws = np.random.default_rng(0)
    centres = draws.normal(size=(40, 12))
    values = np.repeat(centres, 4, axis=0) + 0.02 * draws.normal(size=(160, 12))
    labels = np.repeat(np.arange(40) % 2, 4)
    assert fit_neighbours(values.astype(np.float32), labels, 2, neighbours=(1, 100)).choice == {"neighbours": 1}


def test_a_fifth_of_each_class_is_held_out():
    labels = np.repeat([0, 1, 2], [10, 20, 1])
    fitted, held = hold_out(labels, seed=0)
    assert np.bincount(labels[held], minlength=3).tolist() == [2, 4, 0]
    assert sorted([*fitted, *held]) == list(range(31))


def test_each_draw_takes_other_shots_of_every_class():
    labels = np.repeat([0, 1, 2], 8)
    drawn = [draw_shots(labels, 3, draw) for draw in range(4)]
    assert all(np.bincount(labels[places]).tolist() == [3, 3, 3] for places in drawn)
    assert len({tuple(places) for places in drawn}) == 4
    with pytest.raises(DatasetError, match="found a class with 8"):
        draw_shots(labels, 9, 0)


def test_few_shot_fits_see_no_other_image():
    values, labels = blobs(60)
    seen = []

    def fit(few_values, few_labels, classes):
        seen.append(few_values)
        return fit_ridge(few_values, few_labels, classes)

    assert len(fit_draws(fit, values, labels, 3, 2, draws=3)) == 3
    assert [len(few) for few in seen] == [6, 6, 6]


def test_score_is_the_share_of_right_images_with_the_binomial_interval():
    right = (np.arange(1000) < 600)[None]
    found = score(right, samples=4000)
    assert found.value == 0.6
    # Normal approximation of the binomial: +-1.96 sqrt(0.6 * 0.4 / 1000).
    assert found.high - found.low == pytest.approx(2 * 1.96 * math.sqrt(0.24 / 1000), rel=0.1)


def test_starts_that_differ_widen_the_interval():
    alike = np.tile(np.arange(400) < 200, (5, 1))
    differing = np.stack([np.arange(400) < part for part in (100, 150, 200, 250, 300)])
    assert score(alike).value == score(differing).value == 0.5
    width = [found.high - found.low for found in (score(alike), score(differing))]
    assert width[1] > 1.5 * width[0]


def test_ratio_is_paired():
    right = (np.arange(300) % 3 > 0)[None]
    same = ratio(right, right)
    assert same == (1.0, 1.0, 1.0)
    assert ratio(right, ~right).value == pytest.approx(2.0)
    assert math.isnan(ratio(right, np.zeros_like(right)).value)


def test_difference_is_paired():
    right = (np.arange(300) % 3 > 0)[None]
    assert difference(right, right) == (0.0, 0.0, 0.0)
    found = difference(right, ~right, samples=4000)
    assert found.value == pytest.approx(1 / 3)
    # Each image counts +1 or -1: twice the interval of the accuracy itself.
    own = score(right, samples=4000)
    assert found.high - found.low == pytest.approx(2 * (own.high - own.low), rel=0.1)


def test_gradient_descent_learns_what_can_be_seen(tmp_path):
    draws = np.random.default_rng(0)
    labels = np.arange(24) % 2
    for number, label in enumerate(labels):
        # More red than blue, or less: a line between the two exists.
        colour = draws.uniform(0, 100, size=3) + np.array([110 * label, 0, 110 * (1 - label)])
        Image.new("RGB", (40, 36), tuple(int(value) for value in colour)).save(tmp_path / f"{number:02d}.png")
    images = LabelledImages(tuple(sorted(tmp_path.iterdir())), labels)
    seen = extract(images, RawPixels(), 32).values
    untrained, trained = (fit_by_gradient(images, RawPixels(), 2, 32, epochs=epochs) for epochs in (1, 40))
    assert accuracy(untrained.predict(seen), labels) < accuracy(trained.predict(seen), labels) == 1
    again = fit_by_gradient(images, RawPixels(), 2, 32, epochs=40)
    np.testing.assert_array_equal(again.predict(seen), trained.predict(seen))


def test_random_crops_have_the_law_of_the_published_ones():
    """Left edge, area and flips of torchvision's RandomResizedCrop and ours agree, by means of 1500 draws each."""
    transforms = pytest.importorskip("torchvision.transforms")
    ramp = np.zeros((48, 64, 3), np.uint8)
    ramp[..., 0], ramp[..., 1] = np.arange(64) * 4, np.arange(48)[:, None] * 5
    image = Image.fromarray(ramp)
    theirs = transforms.Compose([transforms.RandomResizedCrop(16, scale=(0.08, 1)), transforms.RandomHorizontalFlip()])

    def figures(view):
        red, green = np.asarray(view)[8, :, 0].astype(float), np.asarray(view)[:, 8, 1].astype(float)
        return abs(red[-1] - red[0]), green[-1] - green[0], red.mean(), green.mean(), float(red[-1] < red[0])

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        wanted = np.array([figures(theirs(image)) for _ in range(1500)])
    ours = np.array([figures(crop_at_random(image, 16, generator(0, "test", index))) for index in range(1500)])
    error = np.sqrt((wanted.var(axis=0) + ours.var(axis=0)) / 1500)
    # Five means within 4.5 standard errors: false alarms of 3e-5 in all, and the seeds are fixed.
    assert (np.abs(ours.mean(axis=0) - wanted.mean(axis=0)) < 4.5 * error).all()


@pytest.mark.parametrize("shape", [(4, 60), (60, 4)])
def test_random_crops_of_long_images_keep_within_them(shape):
    image = Image.new("RGB", shape, (1, 2, 3))
    views = [crop_at_random(image, 8, generator(0, "test", index)) for index in range(20)]
    assert all(view.shape == (8, 8, 3) and (view == [1, 2, 3]).all() for view in views)
