"""Baselines of probes: random starts, raw pixels, and mean colour."""

import os
from collections.abc import Callable, Mapping

import torch

from crossmodal.backbones import Backbone, create
from crossmodal.backbones.catalogue import check_name
from crossmodal.errors import WeightsError
from crossmodal.evaluation.probe.features import MeanColour, RawPixels, Source
from crossmodal.randomness import stream_key
from crossmodal.weights import shipped_names

#: Number of random starts in the row ``random start``.
RANDOM_STARTS = 5
#: Name for the shipped weights pretrained on noise.
NOISE = "noise"
#: Folder of the shipped weights that `NOISE` selects; other ones are selected by their full name.
DEFAULT_NOISE = "noise/programs"

#: Baselines without a network by the name of their row.
IMAGE_SOURCES: Mapping[str, Callable[[], Source]] = {"raw pixels": RawPixels, "mean colour": MeanColour}


def make_backbone(name: str, width: float, seed: int, weights: str | os.PathLike[str] | None = None) -> Backbone:
    """Create a backbone with a seeded random start, or with weights; the random state of the caller does not change.

    Raises:
        ValueError: the name is unknown, or the backbone does not have this width.
        WeightsError: the weights do not exist, or are of another architecture.
    """
    first, second = (int(word) for word in stream_key(seed, f"probe/{name}"))
    with torch.random.fork_rng(devices=[]):
        # Not torch.manual_seed, which would seed the generators of all devices.
        torch.default_generator.manual_seed(first << 31 ^ second)
        return create(name, width=width, weights=weights)


def noise_weights(name: str) -> str:
    """Return the name of the weights that ``noise`` selects for a backbone, ``noise/programs/<backbone>``.

    Raises:
        ValueError: the backbone is unknown.
        WeightsError: this version ships no such weights.
    """
    check_name(name)
    weights = f"{DEFAULT_NOISE}/{name}"
    if weights not in shipped_names():
        raise WeightsError(
            f"this version ships no weights of {name} pretrained on noise; use --weights FILE for your own weights, or "
            "--weights none for a random start"
        )
    return weights
