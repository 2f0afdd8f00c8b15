"""Masks against true masks: confusion of classes, and intersection over union from the totals of a data set."""

import torch
from torch import Tensor


def confusion_matrix(true: Tensor, named: Tensor, classes: int) -> Tensor:
    """Count pixels by true class (rows) and named class (columns): int64 (classes, classes).

    Both masks hold whole numbers, in one shape. Pixels whose true class lies outside of 0 to ``classes`` - 1 are left
    out, as 255 is by custom.

    Raises:
        ValueError: the shapes differ, or a class that is no class was named.
    """
    if true.shape != named.shape:
        raise ValueError(f"the masks must have one shape, got {tuple(true.shape)} and {tuple(named.shape)}")
    known = (true >= 0) & (true < classes)
    rows, columns = true[known].long(), named[known].long()
    if columns.numel() and not 0 <= int(columns.min()) <= int(columns.max()) < classes:
        raise ValueError(
            f"named classes must lie in 0 to {classes - 1}, got {int(columns.min())}, {int(columns.max())}"
        )
    return torch.bincount(classes * rows + columns, minlength=classes**2).reshape(classes, classes)


def class_iou(confusion: Tensor) -> Tensor:
    """Give each class's intersection over union: float64 (classes,); NaN for one neither true nor named anywhere."""
    counts = confusion.double()
    hits = counts.diagonal()
    return hits / (counts.sum(dim=0) + counts.sum(dim=1) - hits)


def mean_iou(confusion: Tensor) -> float:
    """Give the mean over the classes that occur of their intersection over union; NaN without any."""
    return float(class_iou(confusion).nanmean())


def pixel_accuracy(confusion: Tensor) -> float:
    """Give the share of pixels that were named rightly; NaN without any."""
    counts = confusion.double()
    return float(counts.diagonal().sum() / counts.sum())
