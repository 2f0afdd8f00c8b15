"""Training on a CPU: a fast precision, and reuse of freed memory."""

import ctypes
import platform
from typing import Any

import torch

# Options of glibc's mallopt.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4
_TOP_PAD_BYTES = 1 << 28


def keep_freed_memory() -> bool:
    """Make glibc keep the memory that this process frees, and return whether it does.

    By default glibc returns every large block to the system, which clears it page by page when it is allocated again. A
    training step allocates the same large blocks every time and loses time on that. With this setting the memory of the
    process does not shrink until it exits. Other C libraries are not changed.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return all([mallopt(_MMAP_MAX, 0) == 1, mallopt(_TRIM_THRESHOLD, -1) == 1, mallopt(_TOP_PAD, _TOP_PAD_BYTES) == 1])


def quick_precision(precision: Any, accelerator: Any = "auto") -> Any:
    """Return the precision for training: the given one, or single precision if bfloat16 would be slow.

    CPUs without AVX-512 compute bfloat16 several times slower than single precision.

    Args:
        precision: the argument of Lightning's Trainer.
        accelerator: the argument of Lightning's Trainer.
    """
    on_processor = accelerator == "cpu" or (accelerator == "auto" and not torch.accelerator.is_available())
    if str(precision) != "bf16-mixed" or not on_processor or "AVX512" in torch.backends.cpu.get_cpu_capability():
        return precision
    return "32-true"
