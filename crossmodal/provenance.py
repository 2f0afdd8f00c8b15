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

import crossmodal

if TYPE_CHECKING:
    import torch

_PACKAGES = ("torch", "torchvision", "torchaudio", "lightning", "numpy", "scipy", "av", "librosa", "safetensors")


def command_line() -> str:
    """Return the command of this process as it could be typed again."""
    return shlex.join(["crossmodal" if i == 0 else word for i, word in enumerate(sys.argv)])


def git_state() -> dict[str, Any] | None:
    """Return commit and cleanness of the source tree the package lies in, or None outside of one."""
    package = Path(crossmodal.__file__).resolve().parent
    if not (package.parent / ".git").exists():
        return None
    commit = _git(package, "rev-parse", "HEAD")
    if commit is None:
        return None
    changed = _git(package, "status", "--porcelain")
    return {"commit": commit, "changed_files": sorted(line[3:] for line in (changed or "").splitlines())}


def _git(folder: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words],
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
        "crossmodal": crossmodal.__version__,
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
