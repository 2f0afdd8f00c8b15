"""Time, memory and error rate of a dissection against promised bounds; the counts against a plain loop.

python benchmarks/dissect.py [--json FILE]
python benchmarks/dissect.py --masks FOLDER... --markdown docs/dissect.md

One thread, CPU seconds. Memory is the peak above the memory in use before the dissection; each measurement runs in a
new process. With ``--masks`` the small AlexNet is dissected over folders of images with masks instead: random starts of
several seeds, and its shipped weights. ``--markdown`` writes the table between ``<!-- results: begin -->`` and
``<!-- results: end -->`` of a page.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from page import put

from crossmodal.backbones.catalogue import width_of
from crossmodal.dissect import Dissection, DrawnSource, MaskFolder, PermutedMasks, dissect, inputs_of
from crossmodal.dissect.counter import count_pairs
from crossmodal.dissect.threshold import THRESHOLD_METHODS, ThresholdMethod
from crossmodal.evaluation.probe.baselines import make_backbone, noise_weights
from crossmodal.labels import train_head
from crossmodal.models import SmallGenerator
from crossmodal.provenance import describe_origin

ROOT = Path(__file__).resolve().parent.parent

PROMISES = {
    "labels at 512 px from 5,056 channels, MB": ("<", 2000.0),
    "1,000 samples of 64 units, s": ("<", 30.0),
    "memory, 1,000 more samples, MB": ("<", 40.0),
    "plain loop over images, units and concepts / ours": (">=", 10.0),
    "units above their threshold with permuted masks, %": ("<", 5.0),
}

MEMORY_SCRIPT = """
import re, sys, torch
from pathlib import Path
sys.path.insert(0, "{root}/benchmarks")
from dissect import dissect_samples

def megabytes(name):
    return int(re.search(name + r":\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024

torch.set_num_threads(1)
dissect_samples(64)
Path("/proc/self/clear_refs").write_text("5")
before = megabytes("VmRSS")
dissect_samples({count})
print(megabytes("VmHWM") - before)
"""


LABEL_SCRIPT = MEMORY_SCRIPT.replace("dissect_samples(64)", "pass").replace("dissect_samples({count})", "label_wide()")
LABEL_SCRIPT = LABEL_SCRIPT.replace("import dissect_samples", "import label_wide")


def main() -> None:
    """Measure, print the figures and, with ``--json``, write them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="also write the numbers to this file")
    parser.add_argument("--masks", type=Path, nargs="+", help="dissect the small AlexNet over these folders instead")
    parser.add_argument("--markdown", type=Path, help="--masks: the page to put the table into")
    args = parser.parse_args()
    torch.set_num_threads(1)
    if args.masks:
        dissect_backbone(args.masks, args.markdown)
        return
    seconds = {method: cpu_seconds(lambda method=method: dissect_samples(1000, method)) for method in THRESHOLD_METHODS}
    memory_mb = {count: measure_memory_mb(count) for count in (500, 1500)}
    label_mb = measure_memory_mb(0, LABEL_SCRIPT)
    figures = {
        "labels at 512 px from 5,056 channels, MB": label_mb,
        "1,000 samples of 64 units, s": seconds["sketch"],
        "memory, 1,000 more samples, MB": memory_mb[1500] - memory_mb[500],
        "plain loop over images, units and concepts / ours": measure_counts(),
        "units above their threshold with permuted masks, %": measure_false_detectors(),
    }
    print(describe_origin())
    for method, cpu_s in seconds.items():
        print(f"1,000 samples of a 64-unit layer, threshold by {method}: {cpu_s:.1f} s")
    print("peak memory: " + ", ".join(f"{count} samples {mb:.0f} MB" for count, mb in memory_mb.items()))
    kept = True
    for name, (sign, bound) in PROMISES.items():
        held = figures[name] < bound if sign == "<" else figures[name] >= bound
        kept &= held
        print(f"{name}: {figures[name]:.2f}, promised {sign} {bound:g}: {'kept' if held else 'BROKEN'}")
    if args.json:
        content = {"where": describe_origin(), "seconds": seconds, "memory_mb": memory_mb, "figures": figures}
        args.json.write_text(json.dumps(content, indent=2) + "\n")
    sys.exit(not kept)


def dissect_samples(count: int, threshold: ThresholdMethod = "sketch") -> None:
    """Dissect a random generator's 64-unit layer at 32 pixels, labelled by brightness in twelve steps."""
    torch.manual_seed(0)
    model = SmallGenerator(size=32).eval()
    concepts = {step: f"step {step}" for step in range(12)}
    source = DrawnSource(inputs_of(model), label_by_brightness, concepts, count=count)
    dissect(model, "layer2", source, threshold=threshold, min_fraction=0.0, min_images=1)


def label_by_brightness(images: torch.Tensor) -> torch.Tensor:
    """Twelve classes, from dark to bright."""
    return (images.mean(dim=1) * 12).long().clamp(0, 11)


_CHANNELS = {4: 512, 8: 512, 16: 512, 32: 512, 64: 256, 128: 128, 256: 64, 512: 32}


class WideGenerator(torch.nn.Module):
    """Noise with the map sizes of a published generator of 512 pixels: two layers a resolution, from 4 pixels on."""

    def __init__(self) -> None:
        super().__init__()
        names = [f"{side}_{half}" for side in _CHANNELS for half in "ab"]
        self.layers = torch.nn.ModuleDict({name: torch.nn.Identity() for name in names})

    def forward(self, seed: torch.Tensor) -> torch.Tensor:
        """Draw noise."""
        torch.manual_seed(int(seed))
        for name, layer in self.layers.items():
            side = int(name.partition("_")[0])
            maps = layer(torch.randn(1, _CHANNELS[side], side, side))
        return maps[:, :3].sigmoid()


def label_wide(steps: int = 3) -> None:
    """Train a head on 16 annotated images of 512 pixels for a few steps, and label one image."""
    model = WideGenerator()
    layers = [f"layers.{name}" for name in model.layers]
    masks = [torch.randint(0, 34, (512, 512), generator=torch.Generator().manual_seed(k)) for k in range(16)]
    names = [str(k) for k in range(34)]
    head = train_head(model, layers, lambda k: (torch.tensor(k),), masks, names, steps=steps)
    head.draw_labelled(model, (torch.tensor(99),))


def measure_memory_mb(count: int, script: str = MEMORY_SCRIPT) -> float:
    """Return the peak memory of a script above the memory in use before, in MB; ``count`` is the number of samples."""
    script = script.format(root=ROOT, count=count)
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    return float(done.stdout)


def measure_counts() -> float:
    """Return the time of a plain loop over that of `count_pairs`, for a block; both must give the same counts."""
    draws = np.random.default_rng(0)
    active = torch.from_numpy(draws.random((16, 64, 1024)) < 0.01)
    labels = torch.from_numpy(draws.integers(0, 12, size=(16, 1024)))
    concepts = torch.arange(12)
    found = count_pairs(active, labels, concepts)

    def loop() -> torch.Tensor:
        counts = torch.zeros(16, 16, 64, 12)
        for one in range(16):
            for other in range(16):
                for unit in range(64):
                    for concept in range(12):
                        counts[one, other, unit, concept] = (active[one, unit] & (labels[other] == concept)).sum()
        return counts

    plain_s = cpu_seconds(lambda: np.testing.assert_array_equal(loop(), found[:, :, :64, :12]))
    ours_s = min(cpu_seconds(lambda: count_pairs(active, labels, concepts)) for _ in range(5))
    return plain_s / ours_s


def measure_false_detectors() -> float:
    """Return the percentage of units above their threshold, over four random layers with permuted masks."""
    sys.path.insert(0, str(ROOT))
    from tests.unit.dissect.test_dissection import RandomNetwork, layered_images

    found = [
        dissect(
            RandomNetwork(seed), "filters", PermutedMasks(layered_images(200, seed), seed), fraction=fraction, seed=seed
        )
        for seed in range(2)
        for fraction in (0.01, 0.05)
    ]
    return 100 * float(np.mean([len(one.detectors) / len(one.units) for one in found]))


def dissect_backbone(folders: list[Path], page: Path | None) -> None:
    """Dissect layers of the small AlexNet over folders of images with masks, and print a table."""
    shipped = noise_weights("small_alexnet")
    width = width_of(shipped)
    kinds = [(shipped, 0, shipped), *((f"random start {seed}", seed, None) for seed in (0, 1))]
    lines = [
        "| masks | weights | layer | detectors | concepts | by 0.04 | layer's threshold | best unit |",
        "|---|" + "---|" * 7,
    ]
    for folder in folders:
        source = MaskFolder(folder, size=_SIDE)
        for name, seed, weights in kinds:
            backbone = make_backbone("small_alexnet", width, seed, weights)
            for layer in _LAYERS:
                lines.append(f"| {folder.name} | {name} | {layer} | {_cells(dissect(backbone, layer, source))} |")
                print(lines[-1], flush=True)
    made = describe_origin()
    lines += [
        "",
        f"Width {width:g}, images of {_SIDE} pixels, threshold exceeded in 1 % of cells. {made['date']}, commit "
        f"{made['commit']}.",
    ]
    if page:
        put(page, "\n".join(lines))


_LAYERS, _SIDE = ("conv1", "conv3", "conv5"), 64


def _cells(found: Dissection) -> str:
    summary = found.summary()
    counts = ", ".join(f"{concept.name} {concept.detectors}" for concept in found.concepts if concept.detectors)
    best = next(iter(found.detectors), None)
    strongest = f"{best.unit}: {best.concept} {best.iou:.3f}" if best else "–"
    published = summary["detectors_by_published_threshold"]
    return (
        f"{summary['detectors']} of {summary['units']} | {counts or '–'} | {published} "
        f"| {found.layer_threshold:.3f} | {strongest}"
    )


def cpu_seconds(work: Any) -> float:
    """Return the CPU seconds of a call."""
    began = time.process_time()
    work()
    return time.process_time() - began


if __name__ == "__main__":
    main()
