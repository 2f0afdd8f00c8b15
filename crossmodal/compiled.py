"""Compile numeric loops to machine code, and keep the result on disk where that is possible."""

from collections.abc import Callable
from typing import TypeVar, cast

import numba

_Function = TypeVar("_Function", bound=Callable[..., object])


def compiled(function: _Function) -> _Function:
    """Compile ``function`` with numba at its first call.

    The machine code is kept beside the source file or in the user's cache folder; where neither may be written (an
    installed package of another user), every process compiles anew, which takes some seconds.
    """
    try:
        return cast(_Function, numba.njit(cache=True, nogil=True)(function))
    except RuntimeError:  # "cannot cache function: no locator available"
        return cast(_Function, numba.njit(nogil=True)(function))
