"""Weights files: find them by name or path, load them, report which parameters matched."""

import hashlib
import json
import logging
import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from crossmodal.errors import WeightsError
from crossmodal.spelling import suggestion

_logger = logging.getLogger(__name__)

#: Folder of the weights that ship with the package: one folder per model, grouped by what trained them.
SHIPPED = Path(__file__).resolve().parent / "_weights"
_FILE = "model.safetensors"


@dataclass(frozen=True)
class LoadReport:
    """Result of loading weights into a model; each field contains parameter names."""

    loaded: tuple[str, ...]
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    shape_differs: tuple[str, ...]

    @property
    def differences(self) -> dict[str, tuple[str, ...]]:
        """The differences by kind, each with its parameters; kinds without any are left out."""
        kinds = {"missing": self.missing, "unexpected": self.unexpected, "shape_differs": self.shape_differs}
        return {kind: names for kind, names in kinds.items() if names}

    def table(self) -> str:
        """Return the report as lines of text: kind, count and the first 4 names."""
        rows = {"loaded": self.loaded, **self.differences}
        return "\n".join(
            f"  {kind.replace('_', ' '):<13} {len(names):>4}  {', '.join(names[:4])}{' …' if len(names) > 4 else ''}"
            for kind, names in rows.items()
        )


def shipped_names() -> tuple[str, ...]:
    """Return the names of the weights that ship with the package, such as ``sound_from_video/stand_in_hits``."""
    return tuple(sorted(path.parent.relative_to(SHIPPED).as_posix() for path in SHIPPED.rglob(_FILE)))


def find_weights(named: str | os.PathLike[str]) -> Path:
    """Return the weights file of a path (a file, or a folder with ``model.safetensors``) or a shipped name.

    Raises:
        WeightsError: there is no such file; suggests or lists shipped names.
    """
    for candidate in (Path(named), SHIPPED / named):
        path = candidate / _FILE if candidate.is_dir() else candidate
        if path.is_file():
            return path
    raise WeightsError(
        f"{os.fspath(named)}: no such weights{suggestion(os.fspath(named), shipped_names())} "
        f"(or give a .safetensors file, or a folder that contains {_FILE})"
    )


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read a safetensors file.

    Raises:
        WeightsError: the file is truncated, or is not a safetensors file.
    """
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path}: not a readable safetensors file ({error})") from error


def verified_arguments(path: Path) -> dict[str, Any]:
    """Return the arguments in the ``config.json`` beside a weights file, after comparing its hash with the file's.

    Without a config the result is empty.

    Raises:
        WeightsError: the file has another hash, or the config is not readable.
    """
    config_path = path.with_name("config.json")
    if path.name != _FILE or not config_path.is_file():
        return {}
    try:
        config = json.loads(config_path.read_text(encoding="utf-8"))
        named, arguments = config.get("sha256"), dict(config.get("arguments", {}))
    except (ValueError, TypeError, AttributeError) as error:
        raise WeightsError(f"{config_path}: not a readable config ({error})") from error
    if named is not None and hashlib.sha256(path.read_bytes()).hexdigest() != named:
        raise WeightsError(
            f"{path}: the sha256 is not the one in config.json, so a file is damaged or replaced; copy the folder again"
        )
    return arguments


def load_weights(module: nn.Module, path: Path, *, allow: Collection[str] = ()) -> LoadReport:
    """Copy the tensors of a safetensors file into a module, log the report as a table and return it.

    ``allow`` lists the kinds of difference to accept: any of ``missing``, ``unexpected``, ``shape_differs``.

    Raises:
        WeightsError: there are differences that ``allow`` does not list; the module is unchanged.
    """
    tensors = read_tensors(path)
    target = module.state_dict()
    differs = {name for name in target.keys() & tensors.keys() if target[name].shape != tensors[name].shape}
    report = LoadReport(
        loaded=tuple(name for name in target if name in tensors and name not in differs),
        missing=tuple(name for name in target if name not in tensors),
        unexpected=tuple(name for name in tensors if name not in target),
        shape_differs=tuple(name for name in target if name in differs),
    )
    if report.differences.keys() - set(allow):
        raise WeightsError(
            f"{path}: these weights belong to another model ({type(module).__name__} has other parameters):\n"
            f"{report.table()}"
        )
    with torch.no_grad():
        for name in report.loaded:
            target[name].copy_(tensors[name])
    _logger.info("%s into %s:\n%s", path, type(module).__name__, report.table())
    return report
