"""Segmentation metrics by hand and against a slow count."""

import math

import pytest
import torch

from crossmodal.metrics import class_iou, confusion_matrix, mean_iou, pixel_accuracy

TRUE = torch.tensor([[0, 0, 1], [1, 1, 255]], dtype=torch.uint8)
PREDICTED = torch.tensor([[0, 1, 1], [1, 0, 2]], dtype=torch.uint8)


def test_a_small_case_by_hand():
    confusion = confusion_matrix(TRUE, PREDICTED, 3)
    assert confusion.tolist() == [[1, 1, 0], [1, 2, 0], [0, 0, 0]]
    assert class_iou(confusion)[:2].tolist() == pytest.approx([1 / 3, 2 / 4])
    assert math.isnan(class_iou(confusion)[2])
    assert mean_iou(confusion) == pytest.approx((1 / 3 + 1 / 2) / 2)
    assert pixel_accuracy(confusion) == pytest.approx(3 / 5)


def test_overlap_is_that_of_the_sets():
    draw = torch.Generator().manual_seed(0)
    true, predicted = (torch.randint(0, 4, (5, 9, 7), generator=draw) for _ in range(2))
    overlap = class_iou(confusion_matrix(true, predicted, 4))
    for index in range(4):
        a, b = true == index, predicted == index
        assert float(overlap[index]) == pytest.approx(float((a & b).sum() / (a | b).sum()))


def test_perfect_masks_score_one_and_totals_add_up():
    confusion = confusion_matrix(TRUE, TRUE, 2)
    assert mean_iou(confusion) == pixel_accuracy(confusion) == 1
    halves = [confusion_matrix(TRUE[row], PREDICTED[row], 3) for row in range(2)]
    assert torch.equal(halves[0] + halves[1], confusion_matrix(TRUE, PREDICTED, 3))


def test_nothing_gives_no_number():
    assert math.isnan(mean_iou(torch.zeros(3, 3, dtype=torch.int64)))
    assert math.isnan(pixel_accuracy(torch.zeros(3, 3, dtype=torch.int64)))


def test_masks_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="one shape"):
        confusion_matrix(TRUE, PREDICTED[:1], 3)
    with pytest.raises(ValueError, match="0 to 1"):
        confusion_matrix(TRUE, torch.full_like(TRUE, 2), 2)
