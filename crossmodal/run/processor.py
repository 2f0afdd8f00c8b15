"""Training on a processor: which precision it is quick in, and memory that is kept instead of asked for again."""

import ctypes
import platform
from typing import Any

import torch

# Options of glibc's mallopt.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4
_TOP_PAD_BYTES = 1 << 28


def keep_freed_memory() -> bool:
    """Make the C library keep memory that this process frees, and return whether it does.

    By default glibc gives every large block back to the system at once and is given it again, page by page and cleared,
    a moment later: a training step on a processor asks for the same large blocks each time, and loses time on that. The
    process's memory no longer shrinks before it ends. Nothing happens with other C libraries.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return all([mallopt(_MMAP_MAX, 0) == 1, mallopt(_TRIM_THRESHOLD, -1) == 1, mallopt(_TOP_PAD, _TOP_PAD_BYTES) == 1])


def quick_precision(precision: Any, accelerator: Any = "auto") -> Any:
    """Give the precision to train in: the one asked for, or single where this processor only imitates bfloat16.

    Processors without AVX-512 compute bfloat16 several times slower than single precision.

    Args:
        precision: as Lightning's trainer takes it.
        accelerator: likewise.
    """
    asked = str(precision)
    on_processor = accelerator == "cpu" or (accelerator == "auto" and not torch.accelerator.is_available())
    if asked != "bf16-mixed" or not on_processor or "AVX512" in torch.backends.cpu.get_cpu_capability():
        return precision
    return "32-true"
