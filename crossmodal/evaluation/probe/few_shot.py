"""How well few labelled images a class do: several random draws, each fitted from scratch."""

import numpy as np

from crossmodal.data.image_folder import Labels
from crossmodal.errors import DatasetError
from crossmodal.evaluation.probe.features import Values
from crossmodal.evaluation.probe.fit import Fit, Fitted
from crossmodal.randomness import generator

#: Draws of images for each number of shots.
DRAWS = 5


def draw_shots(labels: Labels, shots: int, draw: int, seed: int = 0) -> Labels:
    """Draw ``shots`` images of each class: their places. The same for everything probed under one seed.

    Raises:
        DatasetError: a class has fewer images.
    """
    order = generator(seed, f"probe/shots/{shots}", draw).permutation(len(labels))
    drawn = []
    for label in np.unique(labels):
        members = order[labels[order] == label]
        if len(members) < shots:
            raise DatasetError(f"{shots} images of each class were asked for, found a class with {len(members)}")
        drawn.append(members[:shots])
    return np.sort(np.concatenate(drawn))


def fit_draws(
    fit: Fit, values: Values, labels: Labels, classes: int, shots: int, *, draws: int = DRAWS, seed: int = 0
) -> list[Fitted]:
    """Fit on each draw; all choices of ``fit`` are made on the images drawn, no others.

    Raises:
        DatasetError: a class has fewer images than shots.
    """
    drawn = [draw_shots(labels, shots, draw, seed) for draw in range(draws)]
    return [fit(values[places], labels[places], classes) for places in drawn]
