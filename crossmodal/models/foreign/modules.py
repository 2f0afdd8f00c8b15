"""Tensors by name from pickled modules."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from torch import Tensor

from crossmodal.errors import FormatError
from crossmodal.models.foreign.inert_pickle import Record
from crossmodal.models.foreign.torch_file import TorchFile

_MOST_MODULES, _MOST_DEPTH = 10_000, 20


class PickledModule(NamedTuple):
    """A module pickled with its class."""

    class_name: str
    #: Arguments of its constructor.
    settings: dict[str, Any]
    tensors: dict[str, Tensor]
    #: Numeric attributes of its layers, by path.
    attributes: dict[str, float | None]


def read_module(file: TorchFile, record: Record) -> PickledModule:
    """Collect the tensors of a pickled module and of its submodules, by path.

    Raises:
        FormatError: the record is not a module, or has too many or too deeply nested submodules.
    """
    state = state_of(record)
    found: dict[str, Tensor] = {}
    attributes: dict[str, float | None] = {}
    for number, (path, part) in enumerate(_walk(file, record, "", 0)):
        if number > _MOST_MODULES:
            raise FormatError(f"{file.path}: more than {_MOST_MODULES} modules; expected a network")
        for kind in ("_parameters", "_buffers"):
            for name, held in _plain_dict(file, part.get(kind, {})).items():
                if held is not None:
                    found[f"{path}{name}"] = file.tensor(held)
        attributes |= {f"{path}{name}": held for name, held in part.items() if isinstance(held, int | float | None)}
    return PickledModule(class_name_of(record), _plain_dict(file, state.get("_init_kwargs", {})), found, attributes)


def state_of(record: object) -> dict[str, Any]:
    """Return the attributes of a pickled module; empty if the record is not a module."""
    state: Any = None
    if isinstance(record, Record):
        state = _meta(record).get("state", record.state)
    state = items_of(state)
    return state if "_parameters" in state else {}


def class_name_of(record: Record) -> str:
    """Return the class name of a pickled module, without its package."""
    return str(_meta(record).get("class_name", record.name.rpartition(".")[2]))


def items_of(value: object) -> dict[str, Any]:
    """Return the items of a dict, or of the record of a dict; empty for anything else."""
    items = value.items if isinstance(value, Record) else value
    return items if isinstance(items, dict) else {}


def _meta(record: Record) -> dict[str, Any]:
    """Return the class, state and source text that the published packages pickle instead of a module."""
    if not record.name.endswith("._reconstruct_persistent_obj") or len(record.arguments) != 1:
        return {}
    return items_of(record.arguments[0])


def _walk(file: TorchFile, record: object, path: str, depth: int) -> Iterator[tuple[str, dict[str, Any]]]:
    state = state_of(record)
    if not state or depth > _MOST_DEPTH:
        raise FormatError(f"{file.path}: {path or 'the generator'} is not a readable module")
    yield path, state
    for name, part in _plain_dict(file, state.get("_modules", {})).items():
        if part is not None:
            yield from _walk(file, part, f"{path}{name}.", depth + 1)


def _plain_dict(file: TorchFile, value: object) -> dict[str, Any]:
    items = value.items if isinstance(value, Record) else value
    if not isinstance(items, dict) or not all(isinstance(key, str) for key in items):
        raise FormatError(f"{file.path}: expected a dict with names as keys in a module")
    return items
