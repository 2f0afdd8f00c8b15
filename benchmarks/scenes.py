"""Speed of scenes, and how the small generator converges from several seeds.

Run from anywhere: ``python benchmarks/scenes.py [--seeds 0,1,2,3 --out DIR] [--json FILE]``. One thread, CPU seconds.
With ``--seeds`` the recipe scenes/generator is trained once a seed, some minutes each, into folders of ``--out``.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import torch

from crossmodal import recipe as recipes
from crossmodal import scenes
from crossmodal.run import train

#: Pictures a minute that one core must draw, whatever the process, at up to 64 pixels.
PROMISED = 5_000
SIZES = {32: 300, 64: 100, 128: 40, 256: 10}
FIGURES = ("frechet", "frechet_real", "sliced", "sliced_real", "presence_gap", "presence_gap_real", "spread")


def main() -> None:
    """Measure, print tables and, when asked, write them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--seeds", default="", help="train the generator from these, such as 0,1,2,3")
    parser.add_argument("--out", type=Path, default=Path("runs/scenes"), help="folder of the runs")
    parser.add_argument("--json", type=Path, help="also write the numbers to this file")
    options = parser.parse_args()
    torch.set_num_threads(1)
    rates = {name: {size: pictures_a_minute(name, size) for size in SIZES} for name in scenes.names()}
    print("pictures a minute   " + "".join(f"{size:>9} px" for size in SIZES))
    for name, by_size in rates.items():
        print(f"{name:<20}" + "".join(f"{rate:>12,.0f}" for rate in by_size.values()))
    slowest = min(rate for by_size in rates.values() for size, rate in by_size.items() if size <= 64)
    print(f"slowest at up to 64 px / promised {PROMISED:,} a minute: {slowest / PROMISED:.1f}")
    runs = {seed: converge(int(seed), options.out) for seed in options.seeds.split(",") if seed}
    if runs:
        print("\nseed  " + "".join(f"{name:>19}" for name in (*FIGURES, "cpu_s")))
        for seed, figures in runs.items():
            print(f"{seed:<6}" + "".join(f"{figures[name]:>19.4f}" for name in (*FIGURES, "cpu_s")))
    if options.json:
        options.json.write_text(json.dumps({"pictures_a_minute": rates, "generator": runs}, indent=2) + "\n")


def pictures_a_minute(name: str, size: int) -> float:
    """Draw pictures with their masks."""
    process = scenes.create(name)
    process.label(range(2), size)
    begin = time.process_time()
    process.label(range(SIZES[size]), size)
    return 60 * SIZES[size] / (time.process_time() - begin)


def converge(seed: int, out: Path) -> dict[str, Any]:
    """Train the generator from a seed and give the figures of its evaluation."""
    recipe = recipes.override(recipes.read("scenes/generator"), {"seed": seed})
    begin = time.process_time()
    result = train(recipe, out / f"generator_{seed}", name=f"scenes/generator, seed {seed}")
    return result.metrics["evaluate_generator"] | {"cpu_s": time.process_time() - begin}


if __name__ == "__main__":
    main()
