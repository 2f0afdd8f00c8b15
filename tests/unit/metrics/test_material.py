"""Material recognition from sounds."""

import numpy as np
import pytest

from crossmodal.metrics import MaterialClassifier, class_averaged_accuracy


def impacts(count, classes, seed=0, noise=0.5):
    """Windows in which each class lifts its own channel."""
    draws = np.random.default_rng(seed)
    materials = np.arange(count) % classes
    windows = noise * draws.normal(size=(count, 6, 5))
    windows[np.arange(count), materials] += 1.0
    return windows, materials


class TestClassifier:
    @pytest.mark.parametrize("classes", [2, 3, 5])
    def test_learns_separable_materials(self, classes):
        classifier = MaterialClassifier().fit(*impacts(120, classes))
        windows, materials = impacts(60, classes, seed=1)
        assert class_averaged_accuracy(classifier.predict(windows), materials) > 0.9

    def test_guesses_at_random_on_noise(self):
        windows, materials = impacts(300, 4)
        classifier = MaterialClassifier().fit(windows, materials)
        noise = np.random.default_rng(2).normal(size=(400, 6, 5))
        accuracy = class_averaged_accuracy(classifier.predict(noise), np.arange(400) % 4)
        assert accuracy == pytest.approx(0.25, abs=0.09)  # four standard errors

    def test_keeps_the_names_of_the_classes(self):
        windows, materials = impacts(60, 3)
        assert set(MaterialClassifier().fit(windows, materials * 5 + 2).predict(windows)) == {2, 7, 12}

    def test_a_single_class_is_always_named(self):
        classifier = MaterialClassifier().fit(np.ones((3, 6, 5)), [4, 4, 4])
        assert classifier.predict(np.zeros((2, 6, 5))).tolist() == [4, 4]

    def test_a_rare_class_has_the_weight_of_a_frequent_one(self):
        windows, materials = impacts(200, 2, noise=1.0)
        kept = np.flatnonzero((materials == 0) | (np.arange(200) % 20 == 1))
        classifier = MaterialClassifier().fit(windows[kept], materials[kept])
        guesses = classifier.predict(impacts(200, 2, seed=3, noise=1.0)[0])
        assert 0.25 < np.mean(guesses == 1) < 0.75

    def test_needs_impacts_and_a_fit(self):
        with pytest.raises(ValueError, match="at least one impact"):
            MaterialClassifier().fit(np.zeros((0, 6, 5)), [])
        with pytest.raises(RuntimeError, match="fit"):
            MaterialClassifier().predict(np.zeros((1, 6, 5)))


class TestAccuracy:
    def test_classes_have_equal_weight(self):
        assert class_averaged_accuracy([0, 0, 0, 0], [0, 0, 0, 1]) == 0.5

    def test_a_class_that_was_never_learnt_counts(self):
        assert class_averaged_accuracy([0, 0], [0, 9]) == 0.5

    def test_a_class_without_weight_does_not_count(self):
        assert class_averaged_accuracy([0, 0], [0, 9], [1.0, 0.0]) == 1.0

    def test_without_impacts_it_is_undefined(self):
        assert np.isnan(class_averaged_accuracy([], []))

    def test_lengths_that_differ_are_refused(self):
        with pytest.raises(ValueError, match="one length"):
            class_averaged_accuracy([1], [1, 2])
