"""What every probe has in common: it is fitted on training features alone, and then predicts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from crossmodal.data.image_folder import Labels, split_by_class
from crossmodal.evaluation.probe.features import Values

_HELD_OUT = 0.2


@dataclass(frozen=True, eq=False)
class Fitted:
    """A classifier of features, and what was chosen when it was fitted.

    Attributes:
        choice: name and value of each thing chosen: a penalty, a number of neighbours.
        predict: labels (n,) of features (n, numbers).
    """

    choice: Mapping[str, float]
    predict: Callable[[Values], Labels]


#: Fits a classifier on features (n, numbers), labels (n,) and the number of classes. No test image comes its way.
Fit = Callable[[Values, Labels, int], Fitted]


def hold_out(labels: Labels, seed: int) -> tuple[Labels, Labels]:
    """Split training images, class by class, into those to fit on and the fifth on which choices are made.

    The second part is empty when no class has two images: then there is nothing to choose on.
    """
    return split_by_class(labels, _HELD_OUT, seed, "probe/held out")


def accuracy(predicted: Labels, labels: Labels) -> float:
    """The share of images whose class is predicted."""
    return float(np.mean(predicted == labels))
