"""Speed, memory and error of the cochleagram, as ratios against the obvious full-rate route.

Run from anywhere: ``python benchmarks/cochleagram.py [--repeats N] [--json FILE]``. One thread, CPU seconds, medians.
"""

import argparse
import json
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from crossmodal.audio import cochleagram
from crossmodal.audio.subband import TimeGrid

ROOT = Path(__file__).resolve().parent.parent

# CPU seconds that pycochleagram takes for 10 s of sound at 96 kHz (40 filters, 100 Hz to 10 kHz, 90 Hz), the best of
# several runs on two cores of this kind of machine, 2026-11-22.
PYCOCHLEAGRAM_96_KHZ_S = 1.55

PROMISES = {
    "full-rate twin / ours, 10 s at 20 kHz": (">=", 5.0),
    "pycochleagram / ours, 10 s at 96 kHz": (">=", 10.0),
    "relative L2 error, %": ("<=", 0.3),
    "memory over the input, 120 s at 96 kHz, MB": ("<", 300.0),
}

MEMORY_SCRIPT = """
import re, torch
from pathlib import Path
from crossmodal.audio import cochleagram

def megabytes(name):
    return int(re.search(name + r":\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024

torch.set_num_threads(1)
cochleagram(torch.zeros(1000), 96_000)
sound = torch.rand({samples}).sub_(0.5)
# Forget the peak so far; the peak that getrusage gives is inherited from the process that started this one.
Path("/proc/self/clear_refs").write_text("5")
before = megabytes("VmRSS")
cochleagram(sound, {rate_hz})
print(megabytes("VmHWM") - before)
"""


def main() -> None:
    """Measure, print a table and, when asked, write it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--repeats", type=int, default=7, help="runs of which the median counts")
    parser.add_argument("--json", type=Path, help="also write the numbers to this file")
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = [measure(rate_hz, order, options.repeats) for rate_hz in (20_000, 96_000) for order in ORDERS]
    memory_mb = {seconds: measure_memory_mb(seconds, 96_000) for seconds in (10, 120)}
    figures = {
        "full-rate twin / ours, 10 s at 20 kHz": min(row["ratio"] for row in rows if row["rate_hz"] == 20_000),
        "pycochleagram / ours, 10 s at 96 kHz": PYCOCHLEAGRAM_96_KHZ_S
        / max(row["ours_s"] for row in rows if row["rate_hz"] == 96_000),
        "relative L2 error, %": max(row["error_percent"] for row in rows),
        "memory over the input, 120 s at 96 kHz, MB": memory_mb[120],
    }
    where = describe_machine()
    print_tables(rows, memory_mb, figures, where)
    if options.json:
        options.json.write_text(json.dumps({"where": where, "rows": rows, "figures": figures}, indent=2) + "\n")


ORDERS = ("compress_first", "downsample_first")


def measure(rate_hz: int, order: Any, repeats: int) -> dict[str, Any]:
    """Time both routes on ten seconds of rings in noise, and compare what they give."""
    sys.path.insert(0, str(ROOT))
    from tests.unit.audio.full_rate_twin import full_rate_cochleagram
    from tests.unit.audio.impacts import make_impacts

    sound = make_impacts(rate_hz, 10.0, list(np.arange(0.4, 9.6, 0.7)))
    padded_s = TimeGrid.covering(Fraction(10), rate_hz, 90).seconds
    ours_s, ours = cpu_seconds(lambda: cochleagram(sound, rate_hz, order=order).numpy(), repeats)
    twin_s, twin = cpu_seconds(
        lambda: full_rate_cochleagram(sound.numpy(), rate_hz, order, padded_s), max(1, repeats // 2)
    )
    error = float(np.linalg.norm(ours - twin) / np.linalg.norm(twin))
    return {
        "rate_hz": rate_hz,
        "order": order,
        "ours_s": ours_s,
        "twin_s": twin_s,
        "ratio": twin_s / ours_s,
        "error_percent": 100 * error,
    }


def cpu_seconds(work: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    """Median CPU seconds of some work, after one run that does not count, and its result."""
    result = work()
    taken = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return median(taken), result


def measure_memory_mb(seconds: int, rate_hz: int) -> float:
    """Peak memory in MB over what stood before, in a process of its own."""
    script = MEMORY_SCRIPT.format(samples=seconds * rate_hz, rate_hz=rate_hz)
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    return float(run.stdout)


def describe_machine() -> str:
    """Date, commit, processor and versions on one line."""
    git = subprocess.run(
        ["git", "-C", str(ROOT), "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    )
    models = [line for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    processor = models[0].split(":", 1)[1].strip() if models else platform.processor()
    commit = git.stdout.strip() or "unknown"
    return f"{datetime.now(UTC):%Y-%m-%d}, commit {commit}, {processor}, torch {torch.__version__}, one thread"


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def print_tables(
    rows: list[dict[str, Any]], memory_mb: dict[int, float], figures: dict[str, float], where: str
) -> None:
    """Print what was measured, then each promise beside what became of it."""
    print(where)
    print("\n10 s of sound | order            | ours, CPU s | full-rate twin, CPU s | twin / ours | relative L2 error")
    for row in rows:
        print(
            f"{row['rate_hz'] / 1000:9.0f} kHz | {row['order']:16} | {row['ours_s']:11.3f} | {row['twin_s']:21.3f} "
            f"| {row['ratio']:11.1f} | {row['error_percent']:15.3f} %"
        )
    print("\nMemory over the input at 96 kHz: " + ", ".join(f"{s} s {mb:.0f} MB" for s, mb in memory_mb.items()))
    print()
    for name, (sign, bound) in PROMISES.items():
        kept = figures[name] >= bound if sign == ">=" else figures[name] <= bound
        print(f"{name:46} {figures[name]:7.2f}   promised {sign} {bound:g}   {'kept' if kept else 'BROKEN'}")


if __name__ == "__main__":
    main()
