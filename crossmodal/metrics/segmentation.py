"""Segmentation metrics: confusion matrix, intersection over union of data set totals, pixel accuracy."""

import torch
from torch import Tensor


def confusion_matrix(true: Tensor, predicted: Tensor, classes: int) -> Tensor:
    """Count pixels by true class (rows) and predicted class (columns): int64 (classes, classes).

    Both masks hold integers and have the same shape. Pixels with a true class outside 0 to ``classes`` - 1, such as 255
    for "no label", are left out.

    Raises:
        ValueError: the shapes differ, or a predicted class is out of range.
    """
    if true.shape != predicted.shape:
        raise ValueError(f"the masks must have one shape, got {tuple(true.shape)} and {tuple(predicted.shape)}")
    known = (true >= 0) & (true < classes)
    rows, columns = true[known].long(), predicted[known].long()
    if columns.numel() and not 0 <= int(columns.min()) <= int(columns.max()) < classes:
        raise ValueError(
            f"predicted classes must be within 0 to {classes - 1}, got {int(columns.min())}, {int(columns.max())}"
        )
    return torch.bincount(classes * rows + columns, minlength=classes**2).reshape(classes, classes)


def class_iou(confusion: Tensor) -> Tensor:
    """Return the intersection over union of each class, float64 (classes,); NaN for a class that does not occur."""
    counts = confusion.double()
    hits = counts.diagonal()
    return hits / (counts.sum(dim=0) + counts.sum(dim=1) - hits)


def mean_iou(confusion: Tensor) -> float:
    """Return the mean intersection over union of the classes that occur; NaN without any."""
    return float(class_iou(confusion).nanmean())


def pixel_accuracy(confusion: Tensor) -> float:
    """Return the fraction of correct pixels; NaN without any."""
    counts = confusion.double()
    return float(counts.diagonal().sum() / counts.sum())
