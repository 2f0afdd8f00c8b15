"""Known errors of a segmenter are corrected in the IoU; classes that it does not separate stay unknown."""

import numpy as np
import pytest
import torch

from crossmodal.dissect import ArraySource, Confusion, Overlap, measure_confusion
from crossmodal.errors import DatasetError, WeightsError

RATES = np.array([[0.9, 0.1, 0.0], [0.2, 0.7, 0.1], [0.1, 0.1, 0.8]])


def true_counts():
    both = np.array([[50.0, 900, 10], [3000, 100, 0], [10, 10, 400]])
    return Overlap(both, both.sum(axis=1), np.array([8000.0, 2000, 1000]), np.array(11000.0))


def test_expected_errors_are_corrected_exactly():
    true = true_counts()
    predicted = Overlap(true.both @ RATES, true.active, true.present @ RATES, true.pixels)
    assert np.abs(predicted.iou() - true.iou()).max() > 0.05
    found = Confusion(1000 * RATES[None], (0, 1, 2)).correct(predicted)
    np.testing.assert_allclose(found.iou(), true.iou(), atol=1e-9)


def test_a_perfect_segmenter_changes_nothing():
    true = true_counts()
    found = Confusion(np.eye(3)[None], (0, 1, 2)).correct(true)
    np.testing.assert_allclose(found.iou(), true.iou())


def test_a_class_that_is_never_predicted_stays_unknown_with_the_one_it_is_confused_with():
    rates = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 1.0, 0.0]])
    found = Confusion(1000 * rates[None], (0, 1, 2)).correct(true_counts()).iou()
    assert np.isfinite(found[:, 0]).all()
    assert np.isnan(found[:, 1:]).all()


def test_counts_of_other_classes_are_refused():
    with pytest.raises(ValueError, match="expected counts of 2 classes, found 3"):
        Confusion(np.eye(2)[None], (0, 1)).correct(true_counts())


def images_and_masks(count=60):
    draws = np.random.default_rng(1)
    labels = draws.choice([0, 3, 255], p=[0.5, 0.4, 0.1], size=(count, 8, 8))
    images = np.repeat(np.where(labels == 3, 200, 50)[:, None], 3, axis=1).astype(np.uint8)
    return torch.from_numpy(images), torch.from_numpy(labels)


def test_confusion_is_measured_on_true_masks_with_resamples():
    images, labels = images_and_masks()

    def segment(batch):
        predicted = torch.where(batch[:, 0] > 0.5, 3, 0)
        predicted[:, :, 0] = 0  # blind in the first column
        return predicted

    found = measure_confusion(segment, ArraySource(images, labels, {0: "ground", 3: "sun"}), resamples=50)
    assert found.concepts == (0, 3)
    suns = (labels == 3).sum().item()
    blind = (labels[:, :, 0] == 3).sum().item()
    assert found.counts[0].tolist() == [[(labels == 0).sum().item(), 0], [blind, suns - blind]]
    assert found.rates[0, 1, 1] == pytest.approx((suns - blind) / suns)
    spread = found.rates[1:, 1, 0].std()
    # Of 60 images with about 26 suns each, an eighth of them missed.
    assert 0.2 < spread / np.sqrt(0.125 * 0.875 / suns) < 2
    corrected = found.correct_resamples(Overlap(*(np.ones((50, *shape)) for shape in ((1, 2), (1,), (2,), ()))))
    assert corrected.both.shape == (50, 1, 2)


def test_masks_and_segmenters_that_cannot_be_measured_are_refused():
    images, labels = images_and_masks(4)
    source = ArraySource(images, torch.full_like(labels, 255), {0: "ground"})
    with pytest.raises(DatasetError, match="no labelled pixel"):
        measure_confusion(lambda batch: torch.zeros(len(batch), 8, 8), source)
    with pytest.raises(WeightsError, match="is this network a segmenter"):
        measure_confusion(lambda batch: torch.zeros(len(batch), 8), source)
    with pytest.raises(ValueError, match="differ in number or size"):
        ArraySource(images, labels[:3], {})
