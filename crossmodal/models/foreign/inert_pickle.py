"""Pickles of published networks, read without unpickling: calls are recorded, not executed.

`pickletools.genops` only splits a file into its instructions. The allowed ones build lists, dicts, numbers and text on
a stack. Names in a pickle are never imported: a name must be in a short list, and a call of it, or an object of it, is
a `Record` of its arguments and state. So nothing in a file can run; the caller interprets the records.

References:
    pickletools.py of CPython (the instructions).
"""

import pickletools
import re
from dataclasses import dataclass, field
from typing import IO, Any, NamedTuple

from crossmodal.errors import FormatError
from crossmodal.pickle_machine import PickleMachine

#: Maximum number of instructions in a pickle: the largest published one has about 20,000.
_MOST_STEPS = 1_000_000
#: Names in the pickles of tensors, arrays and containers.
_NAMES = frozenset(
    {
        *("collections.OrderedDict", "builtins.set", "__builtin__.set", "_codecs.encode"),
        *("numpy.dtype", "numpy.ndarray", "numpy.core.multiarray._reconstruct", "numpy.core.multiarray.scalar"),
        *("numpy._core.multiarray._reconstruct", "numpy._core.multiarray.scalar"),
        *("torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_parameter", "torch.Size", "torch.device"),
        *("torch.storage._load_from_bytes", "torch.storage.UntypedStorage"),
    }
)
#: Modules whose classes are kept as records.
_PACKAGES = re.compile(r"(torch\.nn\.modules|torch_utils|dnnlib|training)(\.[A-Za-z_]\w*)*\.[A-Za-z_]\w*")
_TORCH_KINDS = re.compile(r"torch\.([A-Z][A-Za-z0-9]*Storage|b?float\d+|u?int\d+)")
#: The name of `Record`s of persistent ids.
PERSISTENT = "persistent id"


@dataclass(frozen=True, repr=False, eq=False)
class Name:
    """An allowed name: only text, never an object."""

    path: str


@dataclass(repr=False, eq=False)
class Record:
    """A call that is not executed: the name of the callable, its arguments, and the state and items of the result."""

    name: str
    arguments: tuple[Any, ...] = ()
    state: Any = None
    items: dict[Any, Any] = field(default_factory=dict)


class Pickle(NamedTuple):
    """Content of a pickle."""

    value: Any
    #: Records of objects stored outside the pickle (persistent ids), in order of occurrence.
    persistent: list[Record]


def read_pickle(stream: IO[bytes], where: str) -> Pickle:
    """Read one pickle; the stream is then positioned after it.

    The stream must be in memory (a file mapping or `io.BytesIO`), so a file that announces more bytes than it has
    cannot exhaust memory. The result can share parts and contain itself: a traversal must limit its steps.

    Raises:
        FormatError: the pickle is damaged, or has an instruction or a name that no published network needs; the message
            names it. Nothing is executed.
    """
    reader = _Reader(where)
    try:
        for step, (code, argument, position) in enumerate(pickletools.genops(stream)):
            if step > _MOST_STEPS:
                raise FormatError(f"{where}: more than {_MOST_STEPS} instructions; expected the pickle of a network")
            reader.position = position or 0
            reader.step(code.name, argument)
    except FormatError:
        raise
    except Exception as error:  # a damaged stream can raise any exception in genops and on the stack
        kind = type(error).__name__
        raise FormatError(f"{where}: not a pickle, damaged, or cut at byte {reader.position} ({kind})") from error
    return Pickle(reader.result, reader.persistent)


class _Reader(PickleMachine):
    """The pickle machine with dicts, sets, and the names and calls of networks."""

    def __init__(self, where: str) -> None:
        super().__init__(where, "published networks")
        self.persistent: list[Record] = []
        self.unspent = 0  # characters that may still be encoded: a valid pickle encodes each of its texts once

    def step(self, name: str, argument: Any) -> None:
        """Execute one instruction."""
        super().step(name, argument)
        if name in self.literals and isinstance(argument, str):
            self.unspent += len(argument)

    def _do_pop(self, _: Any) -> None:
        self.stack.pop()

    def _do_pop_mark(self, _: Any) -> None:
        self._take_to_mark()

    def _do_empty_dict(self, _: Any) -> None:
        self.stack.append({})

    def _do_dict(self, _: Any) -> None:
        values = self._take_to_mark()
        self.stack.append({})
        self._set(values)

    def _do_empty_set(self, _: Any) -> None:
        # A list stores the members without hashing them; the content of sets is not used.
        self.stack.append([])

    _do_additems = PickleMachine._do_appends

    def _do_setitem(self, _: Any) -> None:
        self._set(self._take(2))

    def _do_setitems(self, _: Any) -> None:
        self._set(self._take_to_mark())

    def _set(self, values: list[Any]) -> None:
        into = self.stack[-1].items if isinstance(self.stack[-1], Record) else self.stack[-1]
        if not isinstance(into, dict):
            raise TypeError("items for what has none")
        for key, value in zip(values[::2], values[1::2], strict=True):
            # Hashing nested tuples that share parts takes exponential time.
            if not isinstance(key, str | int | float | None):
                self._refuse("keys that are neither text nor numbers")
            into[key] = value

    def _do_global(self, name: str) -> None:
        self._push_name(name.replace(" ", "."))

    def _do_stack_global(self, _: Any) -> None:
        module, name = self._take(2)
        self._push_name(f"{module}.{name}" if isinstance(module, str) and isinstance(name, str) else "?")

    def _push_name(self, name: str) -> None:
        if name not in _NAMES and not _PACKAGES.fullmatch(name) and not _TORCH_KINDS.fullmatch(name):
            self._refuse(f"the name {name[:80]!r}")
        self.stack.append(Name(name))

    def _do_reduce(self, _: Any) -> None:
        made, arguments = self._take(2)
        if not isinstance(made, Name) or not isinstance(arguments, tuple):
            self._refuse("a call of a value")
        elif made.path == "collections.OrderedDict" and not arguments:
            self.stack.append({})
        elif made.path == "_codecs.encode":
            self._encode(*arguments)
        else:
            self.stack.append(Record(made.path, arguments))

    _do_newobj = _do_reduce

    def _encode(self, text: str, encoding: str) -> None:
        """Encode text as bytes, as pickles of old protocols do."""
        self.unspent -= len(text)
        if encoding != "latin1" or self.unspent < 0:
            self._refuse("the same text again and again")
        self.stack.append(text.encode("latin-1"))

    def _do_binpersid(self, _: Any) -> None:
        record = Record(PERSISTENT, tuple(self._take(1)))
        self.persistent.append(record)
        self.stack.append(record)

    def _do_build(self, _: Any) -> None:
        made, state = self._take(2)
        if isinstance(made, Record):
            made.state = state
        elif not isinstance(
            made, dict
        ):  # an ordered dict may have attributes (versions of layers), which are not needed
            self._refuse("a state for what has none")
        self.stack.append(made)
