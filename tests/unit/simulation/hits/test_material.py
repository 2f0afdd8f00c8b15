"""Materials can be classified by their sound, as in the real set: well above chance, but not perfectly."""

import numpy as np
import pytest
import torch
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from crossmodal.audio import cochleagram
from crossmodal.simulation.hits import MATERIALS, draw_voice
from crossmodal.simulation.hits.script import Surface, Touch
from crossmodal.simulation.hits.soundtrack import RATE_HZ, record_sound

NAMES = sorted(MATERIALS)


def record_one(material: str, rng: np.random.Generator) -> np.ndarray:
    """Cochleagram (42, 45) of one hit on a new thing of a material, at a level that tells nothing."""
    reactions = MATERIALS[material].reactions
    reaction = str(rng.choice(list(reactions), p=list(reactions.values())))
    speed = float(np.clip(2.2 * np.exp(0.5 * rng.standard_normal()), 0.6, 7.0))
    touch = Touch(0.1, "hit", 0, (0.0, 0.0, 0.0), speed, reaction)
    voice = draw_voice(MATERIALS[material].acoustics, rng)
    waveform, _ = record_sound([touch], [Surface(material, np.zeros((1, 3)), True)], [voice], 0.6, rng)
    waveform *= np.exp(0.4 * rng.standard_normal())
    features: np.ndarray = cochleagram(torch.from_numpy(waveform.astype(np.float32)), RATE_HZ)[:, 3:48].numpy()
    return features


@pytest.mark.parametrize(("objects", "trained"), [(10, 6), pytest.param(24, 16, marks=pytest.mark.slow)])
def test_a_linear_classifier_tells_materials_better_than_chance_and_not_perfectly(objects: int, trained: int) -> None:
    rng = np.random.default_rng(0)
    sounds = [(index, name, record_one(name, rng)) for index in range(objects) for name in NAMES]
    features = np.array([f.reshape(42, 9, 5).mean(2).ravel() for _, _, f in sounds])
    labels = np.array([name for _, name, _ in sounds])
    train = np.array([index < trained for index, _, _ in sounds])
    classifier = make_pipeline(StandardScaler(), LinearSVC(C=1e-3, max_iter=5000)).fit(features[train], labels[train])
    accuracy = float((classifier.predict(features[~train]) == labels[~train]).mean())
    # 68 or 136 unseen things of 17 materials: chance is 5.9 %, the standard error at one half 6.1 or 4.3 %. For
    # the real set's own sounds, a linear SVM on the same features is reported at 45.8 % (Owens et al. 2016).
    assert 0.35 < accuracy < 0.90
