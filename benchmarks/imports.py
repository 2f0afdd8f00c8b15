"""Measure the cost of starting: CPU-seconds and heavy packages of every command and of the main subpackages.

python benchmarks/imports.py --repeats 3

Each line is a new Python process; the ratio is relative to a process that runs `import torch` only. Commands that can
process a small input do so (a video and a walk of one or two seconds, made in a temporary folder); the others only load
the classes of a backbone or of a recipe, or print their help. The result is the minimum over repeats, after one that
warms the caches.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

HEAVY = (
    "torch", "torchvision", "torchaudio", "lightning", "numba", "scipy", "scipy.signal", "scipy.stats", "sklearn",
    "matplotlib", "h5py", "librosa", "pandas", "av", "PIL",
)  # fmt: skip
_SUBPACKAGES = (
    "audio", "backbones", "cards", "data", "dissect", "evaluation", "gait", "hub", "metrics", "models", "noise",
    "objectives", "plot", "predict", "randomness", "recipe", "run", "simulation", "tactile", "tasks", "video",
)  # fmt: skip
_REPORT = f"""
import json, os, sys
loaded = [name for name in {HEAVY!r} if name in sys.modules]
with open(os.environ["CROSSMODAL_REPORT"], "w") as file:
    json.dump(loaded, file)
"""


class Cost(NamedTuple):
    """Cost of a process: CPU-seconds and the heavy packages that it imported."""

    cpu_s: float
    heavy: list[str]


def measure(code: str, args: list[str], folder: Path, repeats: int) -> Cost:
    """Run Python code in new processes and return the minimum cost; ``args`` become ``sys.argv[1:]``."""
    report = folder / "report.json"
    environment = {**os.environ, "CROSSMODAL_REPORT": str(report), "OMP_NUM_THREADS": "1"}
    spent = []
    for _ in range(repeats + 1):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-c", code + _REPORT, *args]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode:
            raise SystemExit(f"{' '.join(args) or code}: failed\n{done.stderr}")
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return Cost(min(spent[1:]), json.loads(report.read_text()))


def make_inputs(folder: Path) -> None:
    """Write a video of one second and a walk of two seconds, in separate processes, so that this one stays small."""
    video = "import numpy as np; from crossmodal.video import write_video\n"
    video += "write_video('clip.mp4', np.random.default_rng(0).integers(0, 255, (30, 144, 256, 3), np.uint8), 30)"
    subprocess.run([sys.executable, "-c", video], cwd=folder, check=True)
    walk = ["data", "make", "walks", "--out", "walks", "--walks", "1", "--seconds", "2"]
    subprocess.run([sys.executable, "-m", "crossmodal.cli", *walk], cwd=folder, check=True, capture_output=True)


#: Every command with its arguments; the next repeat overwrites the output.
COMMANDS: dict[str, list[str]] = {
    "recipes": [],
    "show": ["stand_in_hits/demo"],
    "check": ["stand_in_hits/demo"],
    "train": ["stand_in_hits/demo", "--dry-run", "--out", "run"],
    "evaluate": ["--help"],
    "predict-sound": ["clip.mp4", "--out", "heard.mp4"],
    "strip-sound": ["clip.mp4", "--out", "silent.mp4"],
    "gait": ["walks/walk-000000.npz", "--out", "gait"],
    "data": ["list"],
    "probe": ["--help"],
    "dissect": ["--help"],
    "weights": ["--help"],
    "annotate": ["--help"],
    "synthesize-labels": ["--help"],
    "noise": ["spectrum", "--count", "1", "--size", "32", "--grid", "noise.png"],
}
_COMMAND = "import sys\nfrom crossmodal.cli import main\nassert main(sys.argv[1:]) == 0"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--repeats", type=int, default=3, metavar="N", help="repeats, after one that warms the caches (default: 3)"
    )
    parser.add_argument("--only", metavar="TEXT", default="", help="only lines that contain this text")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        make_inputs(folder)
        torch_s = measure("import torch", [], folder, options.repeats).cpu_s
        print(f"import torch: {torch_s:.2f} CPU-s\n\nCPU-s  / torch  - torch  what")
        lines = {"import crossmodal": ("import crossmodal", [])}
        lines |= {f"import crossmodal.{part}": (f"import crossmodal.{part}", []) for part in _SUBPACKAGES}
        lines |= {f"crossmodal {' '.join([name, *args])}": (_COMMAND, [name, *args]) for name, args in COMMANDS.items()}
        for label, (code, args) in lines.items():
            if options.only in label:
                cpu_s, heavy = measure(code, args, folder, options.repeats)
                beside = f"{cpu_s:5.2f}  {cpu_s / torch_s:7.2f}  {cpu_s - torch_s:+7.2f}"
                print(f"{beside}  {label}: {', '.join(heavy) or 'nothing heavy'}", flush=True)


if __name__ == "__main__":
    main()
