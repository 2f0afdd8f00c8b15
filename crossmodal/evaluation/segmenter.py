"""Accuracy of a segmenter."""

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import Tensor

from crossmodal.data.scenes.dataset import SceneDataset
from crossmodal.interval import bootstrap_weights, percentile_interval
from crossmodal.metrics import class_iou, confusion_matrix, mean_iou, pixel_accuracy

_BATCH = 64


def evaluate_segmenter(
    predict: Callable[[Tensor], Tensor], dataset: SceneDataset, samples: int = 500, seed: int = 0
) -> dict[str, float]:
    """Compare predicted with true masks, by the totals of the data set.

    Args:
        predict: returns masks uint8 (n, height, width) for images uint8 (n, 3, height, width).
        dataset: images with masks.
        samples: number of resamples of images for the 95 % intervals (``_low``, ``_high``).
        seed: seed of the resamples.

    Returns:
        ``mean_iou`` (over the classes that occur), ``accuracy`` (fraction of pixels) and ``iou_<class>`` of each
        class, all with intervals; NaN for a class that does not occur.
    """
    classes = dataset.process.class_list
    counts = []
    for first in range(0, len(dataset), _BATCH):
        batch = dataset.batch(range(first, min(first + _BATCH, len(dataset))))
        masks = predict(batch["image"])
        counts += [confusion_matrix(*pair, len(classes)) for pair in zip(batch["mask"], masks, strict=True)]
    each = torch.stack(counts)
    total = each.sum(dim=0)
    weights = torch.from_numpy(bootstrap_weights(len(each), samples, seed=seed))
    resampled = torch.einsum("sn,nab->sab", weights, each.double())
    measures: dict[str, Callable[[Tensor], float]] = {"mean_iou": mean_iou, "accuracy": pixel_accuracy}
    measures |= {f"iou_{name}": partial(_one_iou, index) for index, name in enumerate(classes.names)}
    figures: dict[str, float] = {"images": len(each)}
    for name, measure in measures.items():
        figures |= percentile_interval(measure(total), np.array([measure(one) for one in resampled])).named(name)
    return figures


def _one_iou(index: int, confusion: Tensor) -> float:
    return float(class_iou(confusion)[index])
