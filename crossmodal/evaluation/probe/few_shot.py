"""Few-shot probes: several random draws of labelled images, each fitted separately."""

import numpy as np

from crossmodal.data.image_folder import Labels
from crossmodal.errors import DatasetError
from crossmodal.evaluation.probe.features import Values
from crossmodal.evaluation.probe.fit import Fit, Fitted
from crossmodal.randomness import generator

#: Number of draws for each number of shots.
DRAWS = 5


def draw_shots(labels: Labels, shots: int, draw: int, seed: int = 0) -> Labels:
    """Draw the indices of ``shots`` images of each class; they depend only on the labels, the draw and the seed.

    Raises:
        DatasetError: a class has fewer images.
    """
    order = generator(seed, f"probe/shots/{shots}", draw).permutation(len(labels))
    drawn = []
    for label in np.unique(labels):
        members = order[labels[order] == label]
        if len(members) < shots:
            raise DatasetError(
                f"few-shot probing needs {shots} images of each class, found a class with {len(members)}"
            )
        drawn.append(members[:shots])
    return np.sort(np.concatenate(drawn))


def fit_draws(
    fit: Fit, values: Values, labels: Labels, classes: int, shots: int, *, draws: int = DRAWS, seed: int = 0
) -> list[Fitted]:
    """Fit on each draw; ``fit`` selects its hyperparameters on the drawn images only.

    Raises:
        DatasetError: a class has fewer images than shots.
    """
    drawn = [draw_shots(labels, shots, draw, seed) for draw in range(draws)]
    return [fit(values[indices], labels[indices], classes) for indices in drawn]
