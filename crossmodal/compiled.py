"""Numeric loops compiled to machine code, with a cache on disk where possible."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar, cast

import numba
from numba.core.caching import FunctionCache

_Function = TypeVar("_Function", bound=Callable[..., object])


def compiled(function: _Function) -> _Function:
    """Compile ``function`` with numba at its first call.

    The machine code is cached in ``NUMBA_CACHE_DIR`` if it is set, else beside the source file or in the user's cache
    folder. If none of these is writable (a package installed by another user), every process compiles again, which
    takes some seconds.
    """
    dispatcher: Any = numba.njit(nogil=True)(function)
    with suppress(RuntimeError):  # "cannot cache function: no locator available"
        dispatcher._cache = _MachineCode(function)  # type: ignore[no-untyped-call]
    return cast(_Function, dispatcher)


class _MachineCode(FunctionCache):
    """Machine code on disk; code that cannot be read, such as that of another version, is compiled again."""

    def load_overload(self, *args: Any) -> Any:
        try:
            return super().load_overload(*args)  # type: ignore[no-untyped-call]
        except Exception:  # the index unpickles types of its version before it is compared with the source
            self.flush()  # type: ignore[no-untyped-call]
            return None
