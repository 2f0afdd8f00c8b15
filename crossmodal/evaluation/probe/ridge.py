"""A linear classifier of frozen features in closed form."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve

from crossmodal.data.image_folder import Labels
from crossmodal.evaluation.probe.features import Values
from crossmodal.evaluation.probe.fit import Fitted, accuracy, hold_out

#: Relative to the mean square of a standardised feature, so that they suit any network.
PENALTIES = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0)
#: What is taken when there is nothing to choose on.
DEFAULT_PENALTY = 1.0
_CHUNK = 4096

Weights = npt.NDArray[np.float64]


def fit_ridge(
    values: Values, labels: Labels, classes: int, *, seed: int = 0, penalties: Sequence[float] = PENALTIES
) -> Fitted:
    """Fit a ridge regression of the one-hot classes on standardised features.

    Means, deviations and the penalty come from the images given here: the penalty is the one (of equals the largest)
    under which four fifths of them classify the rest best; then all are fitted. Features that do not vary are ignored.

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

    Minimises mean |x W + b - y|^2 + penalty |W|^2 over W (features, outputs) and b (outputs,), by the smaller of
    the two systems of normal equations: that of the features, or that of the images.
    """
    count, features = inputs.shape
    mean_in, mean_out = inputs.mean(axis=0, dtype=np.float64), targets.mean(axis=0, dtype=np.float64)
    centred = (inputs - mean_in).astype(np.float32)
    wanted = targets - mean_out
    of_images = count < features
    gram = _gram(centred.T if of_images else centred)
    right = wanted if of_images else centred.T @ wanted
    for penalty in penalties:
        # In double precision: single precision's rounding would be as large as the smallest penalty.
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
    return rising[max(range(len(rising)), key=lambda place: (scores[place], rising[place]))]


def _classify(inputs: Values, weights: Weights, bias: Weights) -> Labels:
    scores = inputs @ weights.astype(np.float32) + bias.astype(np.float32)
    return np.asarray(scores.argmax(axis=1), dtype=np.int64)


def _gram(rows: Values) -> Weights:
    """Sum the outer products of rows in double precision, a few thousand at a time: (columns, columns)."""
    total = np.zeros((rows.shape[1], rows.shape[1]))
    for first in range(0, len(rows), _CHUNK):
        part = rows[first : first + _CHUNK].astype(np.float64)
        total += part.T @ part
    return total
