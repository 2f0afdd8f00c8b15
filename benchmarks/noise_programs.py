"""Speed of `crossmodal.noise.programs`, and a census of its programs.

    OMP_NUM_THREADS=1 python benchmarks/noise_programs.py [--programs 21000]

The rate is for new programs, including their selection, on one thread, in images per CPU-second. The census renders
each program at 128 pixels and counts those that fail the criteria of `crossmodal.noise.programs.census`.
"""

import argparse
import time

import numpy as np
from numpy.typing import NDArray

from crossmodal import noise
from crossmodal.noise.programs import Programs
from crossmodal.noise.programs.census import Census, take_census


def measure_rate(size: int, count: int = 200) -> NDArray[np.float64]:
    """Return the CPU-seconds of ``count`` images, one by one."""
    process = noise.create("programs")
    process(range(10**6, 10**6 + 300), size=size)  # compiles, and records the operations
    seconds = []
    for index in range(count):
        start = time.process_time()
        process([index], size=size)
        seconds.append(time.process_time() - start)
    return np.array(seconds)


def print_census(census: Census, seconds: float) -> None:
    """Print the results of a census."""
    print(f"{len(census.deviation)} programs in {seconds:.0f} CPU-seconds")
    print(f"{len(census.failures)} fail a criterion: {census.failures[:20].tolist()}")
    print(f"{census.texts} different texts, {census.structures} different structures")
    print("figure       least  1 %   50 %   99 %  greatest")
    for name in ("deviation", "commonest", "correlation", "flatness", "slope", "nearest"):
        figures = np.quantile(getattr(census, name), [0.0, 0.01, 0.5, 0.99, 1.0])
        print(f"{name:12s}", *(f"{figure:6.3f}" for figure in figures))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=int, default=0, help="programs of the census (default: 0, no census)")
    arguments = parser.parse_args()
    for size in (128, 256):
        seconds = measure_rate(size)
        print(f"{size} px: median {1 / np.median(seconds):.0f}, mean {1 / seconds.mean():.0f} images per CPU-second")
    if arguments.programs:
        start = time.process_time()
        census = take_census(Programs(programs=arguments.programs), range(arguments.programs))
        print_census(census, time.process_time() - start)


if __name__ == "__main__":
    main()
