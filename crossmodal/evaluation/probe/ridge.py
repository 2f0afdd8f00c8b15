"""Linear classification of frozen features in closed form."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve

from crossmodal.data.image_folder import Labels
from crossmodal.evaluation.probe.features import Values
from crossmodal.evaluation.probe.fit import Fitted, accuracy, hold_out

#: Penalties relative to the mean square of a standardised feature, so they fit any network.
PENALTIES = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0)
#: Used if there are no images to select a penalty on.
DEFAULT_PENALTY = 1.0
_CHUNK = 4096

Weights = npt.NDArray[np.float64]


def fit_ridge(
    values: Values, labels: Labels, classes: int, *, seed: int = 0, penalties: Sequence[float] = PENALTIES
) -> Fitted:
    """Fit a ridge regression of one-hot classes on standardised features.

    Means, standard deviations and the penalty come from these images: the penalty is the one with which 80 % of them
    classify the other 20 % best (the largest of equal ones); then all are fitted. Constant features are ignored.

    References:
        Hoerl & Kennard, "Ridge regression", Technometrics 1970; as a probe: Zhai et al., "A large-scale study of
        representation learning with the visual task adaptation benchmark", 2019, and the big_vision code base.
    """
    mean = values.mean(axis=0, dtype=np.float64)
    deviation = values.std(axis=0, dtype=np.float64)
    varies = deviation > 1e-6 * np.hypot(mean, deviation)
    scale = np.where(varies, 1 / np.where(varies, deviation, 1), 0)

    def standardised(raw: Values) -> Values:
        return np.asarray((raw - mean) * scale, dtype=np.float32)

    inputs = standardised(values)
    targets = np.eye(classes, dtype=np.float32)[labels]
    penalty = _choose_penalty(inputs, targets, labels, penalties, seed)
    ((weights, bias),) = solve_ridge(inputs, targets, [penalty])

    def predict(raw: Values) -> Labels:
        return _classify(standardised(raw), weights, bias)

    return Fitted({"penalty": penalty}, predict)


def solve_ridge(inputs: Values, targets: Values, penalties: Sequence[float]) -> Iterator[tuple[Weights, Weights]]:
    """Solve a ridge regression with an unpenalised intercept, for each penalty in turn.

    Minimises mean |x W + b - y|^2 + penalty |W|^2 over W (features, outputs) and b (outputs,), with the
    smaller of the two systems of normal equations, (features, features) or (images, images).
    """
    count, features = inputs.shape
    mean_in, mean_out = inputs.mean(axis=0, dtype=np.float64), targets.mean(axis=0, dtype=np.float64)
    centred = (inputs - mean_in).astype(np.float32)
    centred_targets = targets - mean_out
    of_images = count < features
    gram = _gram(centred.T if of_images else centred)
    right = centred_targets if of_images else centred.T @ centred_targets
    for penalty in penalties:
        # In double precision: rounding in single precision would be as large as the smallest penalty.
        factor = cho_factor(gram + penalty * count * np.eye(len(gram)), lower=True, overwrite_a=True)
        solved = cho_solve(factor, right)
        weights = centred.T @ solved if of_images else solved
        yield weights, mean_out - mean_in @ weights


def _choose_penalty(inputs: Values, targets: Values, labels: Labels, penalties: Sequence[float], seed: int) -> float:
    fitted, held = hold_out(labels, seed)
    if not len(held):
        return DEFAULT_PENALTY
    rising = sorted(penalties)
    scores = [
        accuracy(_classify(inputs[held], weights, bias), labels[held])
        for weights, bias in solve_ridge(inputs[fitted], targets[fitted], rising)
    ]
    return rising[max(range(len(rising)), key=lambda index: (scores[index], rising[index]))]


def _classify(inputs: Values, weights: Weights, bias: Weights) -> Labels:
    scores = inputs @ weights.astype(np.float32) + bias.astype(np.float32)
    return np.asarray(scores.argmax(axis=1), dtype=np.int64)


def _gram(rows: Values) -> Weights:
    """Compute the sum of outer products of rows (columns, columns) in double precision, in chunks."""
    total = np.zeros((rows.shape[1], rows.shape[1]))
    for first in range(0, len(rows), _CHUNK):
        part = rows[first : first + _CHUNK].astype(np.float64)
        total += part.T @ part
    return total
