"""Material recognition from impact sounds, by a linear classifier trained on true sounds."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Labels = NDArray[Any]


class MaterialClassifier:
    """A linear support vector machine on impact windows of cochleagrams, with balanced class weights.

    It is trained on *true* sounds. Its accuracy on predicted sounds measures how much material information they hold.

    References:
        Owens et al., "Visually indicated sounds", CVPR 2016, section 6.1 (material from predicted sound).
    """

    def __init__(self, regularisation: float = 0.001) -> None:
        """Set C, the weight of classification errors relative to the norm of the coefficients."""
        self.regularisation = regularisation
        self._centre: Floats | None = None
        self._spread = 1.0
        self._weights: Floats | None = None
        self._offsets: Floats | None = None
        self.classes: Labels = np.zeros(0, dtype=np.int64)

    def fit(self, windows: ArrayLike, materials: ArrayLike) -> Self:
        """Fit to windows (impacts, channels, steps) and class names or indices (impacts,).

        Raises:
            ValueError: there is no impact, or the numbers of windows and labels differ.
        """
        from sklearn.svm import LinearSVC

        flat, labels = _flatten(windows), np.asarray(materials)
        if len(flat) == 0 or len(flat) != len(labels):
            raise ValueError(f"need one material for each of at least one impact, got {len(labels)} for {len(flat)}")
        self.classes = np.unique(labels)
        self._centre = flat.mean(axis=0)
        # One scale for all features, so that quiet channels stay quiet.
        self._spread = float(flat.std()) or 1.0
        if len(self.classes) == 1:
            self._weights, self._offsets = np.zeros((1, flat.shape[1])), np.zeros(1)
            return self
        machine = LinearSVC(C=self.regularisation, class_weight="balanced", dual=True, max_iter=20_000, random_state=0)
        machine.fit((flat - self._centre) / self._spread, labels)
        weights, offsets = np.atleast_2d(machine.coef_), np.atleast_1d(machine.intercept_)
        if len(self.classes) == 2:  # scikit-learn keeps one plane for two classes
            weights, offsets = np.concatenate([-weights, weights]), np.concatenate([-offsets, offsets])
        self._weights, self._offsets = weights, offsets
        return self

    def predict(self, windows: ArrayLike) -> Labels:
        """Predict the class of each window (impacts, channels, steps): (impacts,).

        Raises:
            RuntimeError: `fit` has not been called.
        """
        if self._centre is None or self._weights is None or self._offsets is None:
            raise RuntimeError("call fit before predict")
        scaled = (_flatten(windows) - self._centre) / self._spread
        return np.asarray(self.classes[np.argmax(scaled @ self._weights.T + self._offsets, axis=1)])


def class_averaged_accuracy(predicted: ArrayLike, true: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Return the mean recall over the classes that occur in ``true``; NaN without any.

    Each class that occurs has the same weight, whatever its frequency and even if the classifier was not trained on
    it; random guessing gives one over the number of classes. Entries are counted ``weights`` times.

    Raises:
        ValueError: the shapes differ.
    """
    guesses, labels = np.asarray(predicted), np.asarray(true)
    if guesses.shape != labels.shape or labels.ndim != 1:
        raise ValueError(
            f"predicted and true must have one axis and one length, got {guesses.shape} and {labels.shape}"
        )
    w = np.ones(len(labels)) if weights is None else np.asarray(weights, dtype=np.float64)
    _, index = np.unique(labels, return_inverse=True)
    whole = np.bincount(index, weights=w)
    right = np.bincount(index, weights=w * (guesses == labels))
    present = whole > 0
    return float(np.mean(right[present] / whole[present])) if present.any() else float("nan")


def _flatten(windows: ArrayLike) -> Floats:
    array = np.asarray(windows, dtype=np.float64)
    return array.reshape(len(array), int(np.prod(array.shape[1:])))
