"""Where a result comes from: the command, the versions, the state of the source tree, the machine."""

import os
import platform
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossmodal._version import __version__

if TYPE_CHECKING:
    import torch

_TREE = Path(__file__).resolve().parents[1]
_PACKAGES = ("torch", "torchvision", "torchaudio", "lightning", "numpy", "scipy", "av", "librosa", "safetensors")


def command_line() -> str:
    """Return the command of this process as it could be typed again."""
    return shlex.join(["crossmodal" if i == 0 else word for i, word in enumerate(sys.argv)])


def git_state() -> dict[str, Any] | None:
    """Return commit and changed files of the source tree that contains the package, or None outside of one."""
    commit = _git("rev-parse", "HEAD")
    if commit is None:
        return None
    changed = _git("status", "--porcelain")
    return {"commit": commit, "changed_files": sorted(line[3:] for line in (changed or "").splitlines())}


def describe_origin() -> dict[str, str]:
    """Return date (UTC), version of the package, and commit of the source tree (``none`` when installed)."""
    commit = _git("describe", "--always", "--dirty", "--abbrev=10", "--exclude=*")
    return {"date": datetime.now(UTC).date().isoformat(), "version": __version__, "commit": commit or "none"}


def _git(*args: str) -> str | None:
    """Ask git about the source tree; None without git, or where the package is installed."""
    # An installed package may lie inside somebody else's repository; only a tree that is itself one counts.
    if not (_TREE / ".git").exists():
        return None
    try:
        done = subprocess.run(
            ["git", "-C", str(_TREE), *args],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def describe() -> dict[str, Any]:
    """Return everything that a result depends on besides the recipe and the data, ready for JSON."""
    versions: dict[str, str | None] = {}
    for name in _PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = None
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "crossmodal": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processors": os.cpu_count(),
        "packages": versions,
        "git": git_state(),
    }


def device_name(device: "torch.device") -> str:
    """Name what computes: a GPU, or so many threads of a processor."""
    import torch

    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        named = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    except OSError:
        named = platform.processor()
    threads = torch.get_num_threads()
    return f"{threads} thread{'s' * (threads > 1)} of {named or platform.machine()}"
