"""Weights folders: a model or a backbone with its arguments, its model card and, optionally, its exemplars.

``model.safetensors`` contains the tensors, ``config.json`` the model's name, its arguments and the hash of the tensors,
``README.md`` the model card, ``exemplars.safetensors`` recorded impacts for synthesis by example. Loading a folder runs
no code from it.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn

from crossmodal import backbones, models
from crossmodal.audio import ExemplarBank
from crossmodal.errors import WeightsError
from crossmodal.files import replace_atomically
from crossmodal.weights import find_weights, load_weights

_FORMAT = 1
_CONFIG, _CARD, _EXEMPLARS = "config.json", "README.md", "exemplars.safetensors"
#: The default weights; they ship with the package.
DEFAULT_SOUND_WEIGHTS = "sound_from_video/stand_in_hits"
DEFAULT_GAIT_WEIGHTS = "gait_from_touch/walks"


def save_weights(
    model: nn.Module,
    folder: str | os.PathLike[str],
    *,
    card: str,
    exemplars: ExemplarBank | None = None,
    half: bool = False,
) -> Path:
    """Write a model or a backbone as a weights folder and return its path.

    ``half`` stores floating-point tensors in half precision; they are loaded as single precision. ``config.json`` is
    written last, so a folder that has one is complete.

    Raises:
        TypeError: the model has no ``arguments``, or is not a class of `crossmodal.models` or `crossmodal.backbones`.
        OutputError: the folder cannot be written.
    """
    name = type(model).__name__
    arguments = getattr(model, "arguments", None)
    if _maker(name) is not type(model) or not isinstance(arguments, dict):
        raise TypeError(
            f"{name} is not a class of crossmodal.models or crossmodal.backbones with the attribute `arguments`"
        )
    root = Path(folder)
    tensors = {
        key: (value.half() if half and value.is_floating_point() else value).detach().cpu().contiguous()
        for key, value in model.state_dict().items()
    }
    with replace_atomically(root / "model.safetensors") as temporary:
        save_file(tensors, temporary)
        digest = hashlib.sha256(temporary.read_bytes()).hexdigest()
    if exemplars is not None:
        exemplars.save(root / _EXEMPLARS)
    with replace_atomically(root / _CARD) as temporary:
        temporary.write_text(card, encoding="utf-8")
    config = {"format": _FORMAT, "model": name, "arguments": arguments, "sha256": digest}
    with replace_atomically(root / _CONFIG) as temporary:
        temporary.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    return root


def load_model(named: str | os.PathLike[str]) -> nn.Module:
    """Load a model, in evaluation mode, from a weights folder, given as a path or a shipped name.

    Raises:
        WeightsError: the folder does not exist, a file is missing or damaged, the hash of the tensors is not that in
            ``config.json``, or they belong to another model.
    """
    path = find_weights(named)
    config = _read_config(path.parent)
    if hashlib.sha256(path.read_bytes()).hexdigest() != config.get("sha256"):
        raise WeightsError(
            f"{path}: the sha256 is not the one in {_CONFIG}, so a file is damaged or replaced; copy the folder again"
        )
    maker = _maker(config.get("model"))
    if maker is None:
        raise WeightsError(
            f"{path.parent / _CONFIG}: no model is called {config.get('model')!r} in crossmodal.models or "
            "crossmodal.backbones"
        )
    try:
        # The random initial weights are overwritten; they must not advance the caller's random numbers.
        with torch.random.fork_rng(devices=[]):
            model = maker(**config.get("arguments", {}))
    except (TypeError, ValueError) as error:
        raise WeightsError(f"{path.parent / _CONFIG}: the arguments do not fit {maker.__name__}: {error}") from error
    load_weights(model, path)
    return model.eval()


def load_exemplars(named: str | os.PathLike[str]) -> ExemplarBank:
    """Read the bank of exemplars of a weights folder.

    Raises:
        WeightsError: the folder has none.
        FormatError: the file is damaged.
    """
    path = find_weights(named).parent / _EXEMPLARS
    if not path.is_file():
        raise WeightsError(f"{path.parent}: holds no exemplars ({_EXEMPLARS}); use --synthesis parametric")
    return ExemplarBank.load(path)


def _maker(name: object) -> type[nn.Module] | None:
    """Return the class of a model or a backbone by its name, or None."""
    found = [getattr(home, str(name), None) for home in (models, backbones)]
    return next((kind for kind in found if isinstance(kind, type) and issubclass(kind, nn.Module)), None)


def _read_config(folder: Path) -> dict[str, Any]:
    path = folder / _CONFIG
    if not path.is_file():
        raise WeightsError(f"{folder}: not a weights folder: {_CONFIG} is missing")
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise WeightsError(f"{path}: not readable JSON ({error})") from error
    if not isinstance(config, dict) or config.get("format") != _FORMAT:
        raise WeightsError(f"{path}: not of format {_FORMAT}, the only one that this version reads")
    return config
