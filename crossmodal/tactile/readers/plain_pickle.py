"""Read pickles of lists, numbers, text and NumPy arrays of plain numbers without unpickling.

`pickletools.genops` splits a file into its instructions. The instructions allowed here build plain values on a separate
stack. Names in the file are never imported; only those of three objects are allowed, which are built here: an array
(``_reconstruct`` or ``_frombuffer``), its type (``dtype``), and the bytes of old pickles (``_codecs.encode``). All
other names and instructions are refused, so that a file cannot run code.

References:
    pickletools.py of CPython (the instructions); numpy.ndarray.__reduce__ and __reduce_ex__ (pickled arrays).
"""

import io
import math
import pickletools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crossmodal.errors import FormatError
from crossmodal.pickle_machine import LITERALS, PickleMachine
from crossmodal.tactile.readers.text_file import read_bytes

#: Largest number of instructions: a list of a million numbers is not a frame.
_MAX_STEPS = 1_000_000
_MAX_DIMENSIONS = 8
_MAX_PARTS = 1000
_NUMPY = ("numpy.core.", "numpy._core.")
_NAMES = {
    **{f"{numpy}multiarray _reconstruct": "empty array" for numpy in _NUMPY},
    **{f"{numpy}numeric _frombuffer": "array" for numpy in _NUMPY},
    "numpy ndarray": "ndarray",
    "numpy dtype": "dtype",
    "_codecs encode": "bytes",
}
_DTYPE = re.compile(r"[<>|=]?[biuf][1248]")


@dataclass(frozen=True)
class _Name:
    """One of the allowed names; a string, never an imported object."""

    meaning: str


@dataclass
class _Dtype:
    """A dtype under construction: its code such as ``f8``, and its byte order."""

    code: str
    order: str = "="

    def made(self) -> np.dtype[Any]:
        return np.dtype(self.order + self.code)


@dataclass
class _Array:
    """An array under construction: empty until its state is set."""

    numbers: NDArray[Any] | None = None


def read_plain_pickle(path: Path) -> Any:
    """Read a pickle of lists, tuples, numbers, text, bytes and NumPy arrays.

    Raises:
        FormatError: the file is damaged, or contains another object, which is named; no code of the file is run.
    """
    data = read_bytes(path)
    reader = _Reader(path, len(data))
    try:
        for step, (code, argument, position) in enumerate(pickletools.genops(io.BytesIO(data))):
            if step > _MAX_STEPS:
                raise FormatError(f"{path}: more than {_MAX_STEPS} instructions; expected a few arrays")
            reader.position = position or 0
            reader.step(code.name, argument)
    except FormatError:
        raise
    except Exception as error:  # genops and the stack raise many kinds of errors on a damaged stream
        raise FormatError(f"{path}: damaged or cut at byte {reader.position} ({error})") from error
    return _finished(path, reader.result)


class _Reader(PickleMachine):
    """The pickle machine with the names and calls of arrays."""

    literals = LITERALS | {"BYTEARRAY8"}

    def __init__(self, path: Path, size: int) -> None:
        super().__init__(str(path), "plain arrays")
        self.unspent = size  # bytes that may still be copied: a valid file uses each of its texts once

    def _do_global(self, name: str) -> None:
        self._push_name(name)

    def _do_stack_global(self, _: Any) -> None:
        module, name = self._take(2)
        # Other objects are not printed: deeply shared lists would take forever to format.
        self._push_name(f"{module} {name}" if isinstance(module, str) and isinstance(name, str) else "?")

    def _push_name(self, name: str) -> None:
        if name not in _NAMES:
            self._refuse(f"the name {name.replace(' ', '.')[:80]!r}")
        self.stack.append(_Name(_NAMES[name]))

    def _do_reduce(self, _: Any) -> None:
        made, arguments = self._take(2)
        meaning = made.meaning if isinstance(made, _Name) else "call of a value"
        if meaning == "empty array":
            self.stack.append(_Array())
        elif meaning == "dtype":
            if not isinstance(arguments[0], str) or not _DTYPE.fullmatch(arguments[0]):
                self._refuse("arrays of something else than plain numbers")
            code = arguments[0]
            self.stack.append(_Dtype(code[-2:], code[0] if len(code) == 3 else "="))
        elif meaning == "array":
            data, kind, shape, order = arguments
            self.stack.append(_Array(_filled(kind, shape, order == "F", data)))
        elif meaning == "bytes" and arguments[1:] == ("latin1",):
            self.unspent -= len(arguments[0])
            if self.unspent < 0:
                self._refuse("a text that is used repeatedly")
            self.stack.append(arguments[0].encode("latin-1"))
        else:
            self._refuse(f"the call {meaning!r}")

    def _do_build(self, _: Any) -> None:
        made, state = self._take(2)
        if isinstance(made, _Dtype):
            # (version, byte order, subtype, names, fields, ...): plain numbers have no subtype, names and fields.
            if state[1] not in ("<", ">", "|", "=") or any(part is not None for part in state[2:5]):
                self._refuse("arrays of records or objects")
            made.order = state[1]
        elif isinstance(made, _Array) and made.numbers is None:
            _, shape, kind, by_columns, data = state
            made.numbers = _filled(kind, shape, by_columns, data)
        else:
            self._refuse("a state of an object without state")
        self.stack.append(made)


def _filled(kind: Any, shape: Any, by_columns: Any, data: Any) -> NDArray[Any]:
    """Return an array of the bytes in the file, if their number matches the shape."""
    if isinstance(data, str):
        data = data.encode("latin-1")  # the string of a pickle by Python 2
    if not isinstance(kind, _Dtype) or not isinstance(data, bytes | bytearray):
        raise TypeError("an array of something else than plain numbers")
    if not isinstance(shape, tuple) or len(shape) > _MAX_DIMENSIONS:
        raise TypeError("an array with an invalid shape")
    if not all(type(size) is int and 0 <= size <= len(data) for size in shape):
        raise ValueError(f"an array of {len(data)} bytes and another shape")
    dtype = kind.made()
    if math.prod(shape) * dtype.itemsize != len(data):
        raise ValueError(f"an array {shape} {dtype} of {len(data)} bytes")
    return np.frombuffer(data, dtype).reshape(shape, order="F" if by_columns else "C")


def _finished(path: Path, value: Any, depth: int = 0) -> Any:
    """Replace the arrays under construction by the finished arrays."""
    if isinstance(value, list | tuple):
        if depth > 1 or len(value) > _MAX_PARTS:
            raise FormatError(f"{path}: long or nested lists; expected a list of a few arrays")
        return type(value)(_finished(path, part, depth + 1) for part in value)
    if isinstance(value, _Array) and value.numbers is not None:
        return value.numbers
    if isinstance(value, int | float | str | bytes):
        return value
    raise FormatError(f"{path}: expected arrays, numbers and lists of them, found {type(value).__name__.strip('_')}")
