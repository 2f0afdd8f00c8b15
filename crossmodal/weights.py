"""Weights files: found by name or path, loaded with a report of what fitted."""

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
    """What became of each parameter when weights met a model; the fields hold parameter names."""

    loaded: tuple[str, ...]
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    shape_differs: tuple[str, ...]

    @property
    def differences(self) -> dict[str, tuple[str, ...]]:
        """The kinds of difference that occurred, each with its parameters."""
        kinds = {"missing": self.missing, "unexpected": self.unexpected, "shape_differs": self.shape_differs}
        return {kind: names for kind, names in kinds.items() if names}

    def table(self) -> str:
        """Lay the report out as lines of text: a kind, its count, the first names."""
        rows = {"loaded": self.loaded, **self.differences}
        return "\n".join(
            f"  {kind.replace('_', ' '):<13} {len(names):>4}  {', '.join(names[:4])}{' …' if len(names) > 4 else ''}"
            for kind, names in rows.items()
        )


def shipped_names() -> tuple[str, ...]:
    """List the names of the weights that ship with the package, such as ``sound_from_video/stand_in_hits``."""
    return tuple(sorted(path.parent.relative_to(SHIPPED).as_posix() for path in SHIPPED.rglob(_FILE)))


def find_weights(named: str | os.PathLike[str]) -> Path:
    """Find a weights file by path (a file, or a folder that holds ``model.safetensors``) or by shipped name.

    Raises:
        WeightsError: nothing is there; lists the shipped names.
    """
    for candidate in (Path(named), SHIPPED / named):
        path = candidate / _FILE if candidate.is_dir() else candidate
        if path.is_file():
            return path
    raise WeightsError(
        f"{os.fspath(named)}: no such weights{suggestion(os.fspath(named), shipped_names())} "
        f"(or give a .safetensors file, or a folder that holds {_FILE})"
    )


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read a safetensors file.

    Raises:
        WeightsError: the file is truncated, or is no safetensors file.
    """
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path}: not a readable safetensors file ({error})") from error


def verified_arguments(path: Path) -> dict[str, Any]:
    """Return the arguments that the ``config.json`` beside a weights file names, once its hash is that of the file.

    A file without a config beside it has none.

    Raises:
        WeightsError: the file has another hash, or the config is not readable.
    """
    place = path.with_name("config.json")
    if path.name != _FILE or not place.is_file():
        return {}
    try:
        config = json.loads(place.read_text(encoding="utf-8"))
        named, arguments = config.get("sha256"), dict(config.get("arguments", {}))
    except (ValueError, TypeError, AttributeError) as error:
        raise WeightsError(f"{place}: not a readable config ({error})") from error
    if named is not None and hashlib.sha256(path.read_bytes()).hexdigest() != named:
        raise WeightsError(
            f"{path}: the tensors are not those that config.json names (hash differs); copy the folder again"
        )
    return arguments


def load_weights(module: nn.Module, path: Path, *, allow: Collection[str] = ()) -> LoadReport:
    """Copy the tensors of a safetensors file into a module, and log a table of what fitted.

    ``allow`` declares the kinds of difference that are meant: any of ``missing``, ``unexpected``, ``shape_differs``.

    Raises:
        WeightsError: there are differences that were not declared; the module is left as it was.
    """
    tensors = read_tensors(path)
    wanted = module.state_dict()
    differs = {name for name in wanted.keys() & tensors.keys() if wanted[name].shape != tensors[name].shape}
    report = LoadReport(
        loaded=tuple(name for name in wanted if name in tensors and name not in differs),
        missing=tuple(name for name in wanted if name not in tensors),
        unexpected=tuple(name for name in tensors if name not in wanted),
        shape_differs=tuple(name for name in wanted if name in differs),
    )
    undeclared = report.differences.keys() - set(allow)
    if undeclared:
        raise WeightsError(
            f"{path}: these weights belong to another model ({type(module).__name__} wants other parameters):\n"
            f"{report.table()}"
        )
    with torch.no_grad():
        for name in report.loaded:
            wanted[name].copy_(tensors[name])
    _logger.info("%s into %s:\n%s", path, type(module).__name__, report.table())
    return report
