"""Speed of the scenes, and convergence of the small generator from several seeds.

python benchmarks/scenes.py [--seeds 0,1,2,3 --steps 1500 --out DIR] [--json FILE]

One thread, CPU seconds. With ``--seeds`` the recipe scenes/generator is trained once per seed, some minutes each, into
folders of ``--out``. A finished run is not trained again, an interrupted one is resumed. ``--markdown`` writes the
table of seeds between ``<!-- generators: begin -->`` and ``<!-- generators: end -->`` of a page.
"""

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from page import put
from runs import trained

from crossmodal import recipe as recipes
from crossmodal.provenance import describe_origin
from crossmodal.simulation import scenes

#: Images per minute that one core must draw with each process, at up to 64 pixels.
PROMISED = 5_000
SIZES = {32: 300, 64: 100, 128: 40, 256: 10}
FIGURES = {
    "frechet": "Fréchet distance",
    "sliced": "sliced distance",
    "presence_gap": "presence gap",
    "spread": "spread",
}


def main() -> None:
    """Measure, print the tables and, with ``--json`` or ``--markdown``, write them."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--seeds", default="", help="train the generator from these seeds, such as 0,1,2,3")
    parser.add_argument("--steps", type=int, help="training steps (default: those of the recipe)")
    parser.add_argument("--out", type=Path, default=Path("runs/scenes"), help="folder of the runs")
    parser.add_argument("--markdown", type=Path, help="write the table of seeds into this page")
    parser.add_argument("--json", type=Path, help="also write the numbers to this file")
    options = parser.parse_args()
    torch.set_num_threads(1)
    rates = {name: {size: images_per_minute(name, size) for size in SIZES} for name in scenes.names()}
    print("images per minute " + "".join(f"{size:>9} px" for size in SIZES))
    for name, by_size in rates.items():
        print(f"{name:<20}" + "".join(f"{rate:>12,.0f}" for rate in by_size.values()))
    slowest = min(rate for by_size in rates.values() for size, rate in by_size.items() if size <= 64)
    print(f"slowest at up to 64 px / promised {PROMISED:,} per minute: {slowest / PROMISED:.1f}")
    runs = {int(seed): converge(int(seed), options) for seed in options.seeds.split(",") if seed}
    if runs:
        text = describe_runs(list(runs.values()))
        print(f"\n{text}")
        if options.markdown:
            put(options.markdown, text, "generators")
    if options.json:
        options.json.write_text(json.dumps({"images_per_minute": rates, "generator": runs}, indent=2) + "\n")


def images_per_minute(name: str, size: int) -> float:
    """Return the images with masks that a process draws per minute."""
    process = scenes.create(name)
    process.label(range(2), size)
    begin = time.process_time()
    process.label(range(SIZES[size]), size)
    return 60 * SIZES[size] / (time.process_time() - begin)


def converge(seed: int, options: argparse.Namespace) -> dict[str, Any]:
    """Return the evaluation of the generator of a seed, and train it first if needed."""
    recipe = recipes.override(recipes.read("scenes/generator"), {"seed": seed})
    if options.steps:
        recipe = recipes.override(recipe, {"trainer.max_steps": options.steps})
    steps = recipe["trainer"]["max_steps"]
    run = options.out / f"generator_{steps}_{seed}"
    path = run / "figures.json"
    if not path.is_file():
        complete, begin = not run.exists(), time.process_time()
        trained(recipe, run, f"scenes/generator, seed {seed}")
        cost = time.process_time() - begin if complete else None
        figures = json.loads((run / "metrics.json").read_text())["evaluate_generator"]
        path.write_text(json.dumps({"seed": seed, "steps": steps, **figures, "cpu_s": cost}))
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def describe_runs(runs: Sequence[dict[str, Any]]) -> str:
    """Return the table of figures by seed, with those of true images."""
    lines = [
        f"| seed | steps | {' | '.join(FIGURES.values())} | CPU minutes |",
        f"|---|---|{'---|' * len(FIGURES)}---|",
    ]
    for run in runs:
        cells = [f"{run[key]:.3f}" for key in FIGURES]
        cells.append("unknown" if run["cpu_s"] is None else f"{run['cpu_s'] / 60:.0f}")  # of a resumed run
        lines.append(f"| {run['seed']} | {run['steps']:,} | {' | '.join(cells)} |")
    true = [f"{sum(run[f'{key}_real'] for run in runs) / len(runs):.3f}" for key in FIGURES]
    made = describe_origin()
    lines += [
        f"| true images | | {' | '.join(true)} | |",
        "",
        f"Of {runs[0]['images']:,} images each, one thread. {made['date']}, commit {made['commit']}.",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
