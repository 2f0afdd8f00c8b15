"""Interface of probes: they are fitted on training features only, and then predict."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from crossmodal.data.image_folder import Labels, split_by_class
from crossmodal.evaluation.probe.features import Values

_HELD_OUT = 0.2


@dataclass(frozen=True, eq=False)
class Fitted:
    """A fitted classifier of features, with its selected hyperparameters.

    Attributes:
        choice: names and values of the hyperparameters, such as a penalty or a number of neighbours.
        predict: returns labels (n,) for vectors (n, features).
    """

    choice: Mapping[str, float]
    predict: Callable[[Values], Labels]


#: Fits a classifier to vectors (n, features), labels (n,) and the number of classes; it gets no test images.
Fit = Callable[[Values, Labels, int], Fitted]


def hold_out(labels: Labels, seed: int) -> tuple[Labels, Labels]:
    """Split training images, stratified by class, into 80 % to fit on and 20 % to select hyperparameters on.

    The second part is empty if no class has two images.
    """
    return split_by_class(labels, _HELD_OUT, seed, "probe/held out")


def accuracy(predicted: Labels, labels: Labels) -> float:
    """Return the fraction of correct predictions, 0 to 1."""
    return float(np.mean(predicted == labels))
