"""Time, memory and error of a dissection: against what is promised, and against the obvious way for the counts.

python benchmarks/dissect.py [--json FILE]
python benchmarks/dissect.py --masks FOLDER... --markdown docs/dissect.md

One thread, CPU seconds. Memory is the peak over what the process holds before it begins, each in a process of its own.
With ``--masks`` instead, the small AlexNet is dissected over folders of images with masks: random starts of several
seeds, and every set of its weights that ships; ``--markdown`` puts the table between ``<!-- results: begin -->`` and
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
from crossmodal.dissect import Dissection, DrawnSource, MaskFolder, Shuffled, dissect, inputs_of
from crossmodal.dissect.tally import count_pairs
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
    "units above their cut with masks of others, %": ("<", 5.0),
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
    """Measure, print a table and, when asked, write it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="also write the numbers to this file")
    parser.add_argument("--masks", type=Path, nargs="+", help="dissect the small AlexNet over these folders instead")
    parser.add_argument("--markdown", type=Path, help="--masks: the page to put the table into")
    words = parser.parse_args()
    torch.set_num_threads(1)
    if words.masks:
        dissect_backbone(words.masks, words.markdown)
        return
    levels = {level: cpu_seconds(lambda level=level: dissect_samples(1000, level)) for level in LEVELS}
    memory_mb = {count: measure_memory_mb(count) for count in (500, 1500)}
    label_mb = measure_memory_mb(0, LABEL_SCRIPT)
    figures = {
        "labels at 512 px from 5,056 channels, MB": label_mb,
        "1,000 samples of 64 units, s": levels["sketch"],
        "memory, 1,000 more samples, MB": memory_mb[1500] - memory_mb[500],
        "plain loop over images, units and concepts / ours": measure_counts(),
        "units above their cut with masks of others, %": measure_false_detectors(),
    }
    print(describe_origin())
    for level, seconds in levels.items():
        print(f"1,000 samples of a 64-unit layer, level by {level}: {seconds:.1f} s")
    print("peak memory: " + ", ".join(f"{count} samples {mb:.0f} MB" for count, mb in memory_mb.items()))
    kept = True
    for name, (sign, bound) in PROMISES.items():
        held = figures[name] < bound if sign == "<" else figures[name] >= bound
        kept &= held
        print(f"{name}: {figures[name]:.2f}, promised {sign} {bound:g}: {'kept' if held else 'BROKEN'}")
    if words.json:
        content = {"where": describe_origin(), "seconds": levels, "memory_mb": memory_mb, "figures": figures}
        words.json.write_text(json.dumps(content, indent=2) + "\n")
    sys.exit(not kept)


LEVELS = ("sketch", "exact", "information")


def dissect_samples(count: int, level: Any = "sketch") -> None:
    """Dissect a random generator's 64-unit layer at 32 pixels, labelled by brightness in twelve steps."""
    torch.manual_seed(0)
    model = SmallGenerator(size=32).eval()
    concepts = {step: f"step {step}" for step in range(12)}
    source = DrawnSource(inputs_of(model), label_by_brightness, concepts, count=count)
    dissect(model, "layer2", source, level=level, least_share=0.0, least_images=1)


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
    """Train a head on 16 annotated images of 512 pixels for a few steps, and label an image."""
    model = WideGenerator()
    layers = [f"layers.{name}" for name in model.layers]
    masks = [torch.randint(0, 34, (512, 512), generator=torch.Generator().manual_seed(k)) for k in range(16)]
    names = [str(k) for k in range(34)]
    head = train_head(model, layers, lambda k: (torch.tensor(k),), masks, names, steps=steps)
    head.draw_labelled(model, (torch.tensor(99),))


def measure_memory_mb(count: int, script: str = MEMORY_SCRIPT) -> float:
    """The peak of a dissection of so many samples over what is held before."""
    script = script.format(root=ROOT, count=count)
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    return float(done.stdout)


def measure_counts() -> float:
    """Time the counting of all pairings of a block against a loop; both give the same."""
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
    """Units above their cut, in percent, over four random layers whose masks are those of other images."""
    sys.path.insert(0, str(ROOT))
    from tests.unit.dissect.test_dissection import RandomNetwork, layered_images

    found = [
        dissect(RandomNetwork(seed), "filters", Shuffled(layered_images(200, seed), seed), share=share, seed=seed)
        for seed in range(2)
        for share in (0.01, 0.05)
    ]
    return 100 * float(np.mean([len(one.detectors) / len(one.units) for one in found]))


def dissect_backbone(folders: list[Path], page: Path | None) -> None:
    """Dissect layers of the small AlexNet over folders of images with masks, and print the table."""
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
    told = f"{best.unit}: {best.concept} {best.iou:.3f} [{best.low:.3f}, {best.high:.3f}]" if best else "–"
    return (
        f"{summary['detectors']} of {summary['units']} | {counts or '–'} | {summary['detectors_by_published_cut']} "
        f"| {found.layer_cut:.3f} | {told}"
    )


def cpu_seconds(work: Any) -> float:
    """CPU seconds that some work takes."""
    began = time.process_time()
    work()
    return time.process_time() - began


if __name__ == "__main__":
    main()
