"""Provenance of results: the command, the versions, the state of the source tree, the machine."""

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
    """Return the command of this process, quoted for a shell."""
    return shlex.join(["crossmodal" if i == 0 else argument for i, argument in enumerate(sys.argv)])


def git_state() -> dict[str, Any] | None:
    """Return the commit and the changed files of the source tree, or None if the package is installed."""
    commit = _git("rev-parse", "HEAD")
    if commit is None:
        return None
    changed = _git("status", "--porcelain")
    return {"commit": commit, "changed_files": sorted(line[3:] for line in (changed or "").splitlines())}


def describe_origin() -> dict[str, str]:
    """Return the date (UTC), the version of the package and the commit of the source tree (``none`` if installed)."""
    commit = _git("describe", "--always", "--dirty", "--abbrev=10", "--exclude=*")
    return {"date": datetime.now(UTC).date().isoformat(), "version": __version__, "commit": commit or "none"}


def _git(*args: str) -> str | None:
    """Return the output of git in the source tree, or None without git or if the package is installed."""
    # An installed package may be inside another repository; only a source tree with its own .git counts.
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
    """Return the date, versions and machine of a result, besides recipe and data, as plain values for JSON."""
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
    """Return the name of a GPU, or the number of threads and the name of the processor."""
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
