"""A stack machine for the opcodes of pickle files that builds plain values and runs no code of the file.

`pickletools.genops` splits a file into opcodes. The machine executes those for literals, lists, tuples, dicts and the
memo. A subclass defines what names and calls mean. An opcode that neither of them knows is refused.

References:
    pickletools.py of CPython (the opcodes).
"""

from typing import Any, NoReturn

from crossmodal.errors import FormatError

LITERALS = frozenset(
    {
        *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
        *("STRING", "BINSTRING", "SHORT_BINSTRING"),
        *("UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
        *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
    }
)
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_SHORT_TUPLES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_SILENT = frozenset({"PROTO", "FRAME"})
_MARK = object()


class PickleMachine:
    """Stack, memo and opcodes of plain values; a method ``_do_NAME`` executes the opcode NAME.

    Args:
        where: the file, for error messages.
        purpose: what is read, for error messages, such as "plain arrays".
    """

    #: The opcodes whose argument is a value.
    literals = LITERALS

    def __init__(self, where: str, purpose: str) -> None:
        self.where = where
        self.purpose = purpose
        self.position = 0
        self.stack: list[Any] = []
        self.memory: dict[int, Any] = {}
        self.result: Any = None

    def step(self, name: str, argument: Any) -> None:
        """Execute one opcode."""
        if name in self.literals:
            self.stack.append(argument)
        elif name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name])
        elif name in _SHORT_TUPLES:
            self.stack.append(tuple(self._take(_SHORT_TUPLES[name])))
        elif name not in _SILENT:
            method = getattr(self, f"_do_{name.lower()}", None)
            if method is None:
                self._refuse(f"the opcode {name}")
            else:
                method(argument)

    def _take(self, count: int) -> list[Any]:
        if count > len(self.stack):
            raise ValueError("the stack is empty")
        taken = self.stack[len(self.stack) - count :]
        del self.stack[len(self.stack) - count :]
        if any(value is _MARK for value in taken):
            raise ValueError("a mark where a value should be")
        return taken

    def _take_to_mark(self) -> list[Any]:
        taken = []
        while (value := self.stack.pop()) is not _MARK:
            taken.append(value)
        return taken[::-1]

    def _do_mark(self, _: Any) -> None:
        self.stack.append(_MARK)

    def _do_stop(self, _: Any) -> None:
        (self.result,) = self._take(1)

    def _do_empty_list(self, _: Any) -> None:
        self.stack.append([])

    def _do_list(self, _: Any) -> None:
        self.stack.append(self._take_to_mark())

    def _do_tuple(self, _: Any) -> None:
        self.stack.append(tuple(self._take_to_mark()))

    def _do_append(self, _: Any) -> None:
        self._extend(self._take(1))

    def _do_appends(self, _: Any) -> None:
        self._extend(self._take_to_mark())

    def _extend(self, values: list[Any]) -> None:
        if not isinstance(self.stack[-1], list):
            raise TypeError("appends to a value that is not a list")
        self.stack[-1].extend(values)

    def _do_memoize(self, _: Any) -> None:
        self.memory[len(self.memory)] = self.stack[-1]

    def _do_put(self, place: int) -> None:
        self.memory[place] = self.stack[-1]

    def _do_get(self, place: int) -> None:
        self.stack.append(self.memory[place])

    _do_binput = _do_long_binput = _do_put
    _do_binget = _do_long_binget = _do_get

    def _refuse(self, what: str) -> NoReturn:
        raise FormatError(
            f"{self.where}: byte {self.position}: contains {what}, which {self.purpose} do not need; refused, nothing"
            " was run"
        )
