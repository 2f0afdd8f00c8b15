"""What a probed network has to beat: its own random start, the image itself, and its mean colour."""

import os
from collections.abc import Callable, Mapping

import torch

from crossmodal.backbones import Backbone, create
from crossmodal.backbones.catalogue import check_name
from crossmodal.errors import WeightsError
from crossmodal.evaluation.probe.features import MeanColour, RawPixels, Source
from crossmodal.randomness import stream_key
from crossmodal.weights import shipped_names

#: Random starts behind the row ``random``.
RANDOM_STARTS = 5
#: The word for the weights that ship with the package and come from noise alone.
NOISE = "noise"
#: The folder of shipped weights that this word stands for; others pretrained on noise are given by their full name.
DEFAULT_NOISE = "noise/programs"

#: Rows that need no network, by the name they have in the table.
IMAGE_SOURCES: Mapping[str, Callable[[], Source]] = {"raw pixels": RawPixels, "mean colour": MeanColour}


def make_backbone(name: str, width: float, seed: int, weights: str | os.PathLike[str] | None = None) -> Backbone:
    """Make a backbone with the random start of a seed, or with weights; the caller's random numbers stay as they are.

    Raises:
        ValueError: an unknown name, or a width that the backbone does not have.
        WeightsError: no such weights, or those of another architecture.
    """
    first, second = (int(word) for word in stream_key(seed, f"probe/{name}"))
    with torch.random.fork_rng(devices=[]):
        # Not torch.manual_seed, which would reach for the generators of all devices.
        torch.default_generator.manual_seed(first << 31 ^ second)
        return create(name, width=width, weights=weights)


def noise_weights(name: str) -> str:
    """Return the name of the weights that ``noise`` stands for with a backbone, ``noise/programs/<backbone>``.

    Raises:
        ValueError: an unknown backbone.
        WeightsError: this version brings none along for it.
    """
    check_name(name)
    weights = f"{DEFAULT_NOISE}/{name}"
    if weights not in shipped_names():
        raise WeightsError(
            f"no weights for {name} pretrained on noise ship with this version; give --weights FILE for weights of "
            "your own, or --weights none for a random start"
        )
    return weights
