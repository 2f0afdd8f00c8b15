"""Speed of every process: images per CPU-second, beside the published generators, a simple OpenCV twin, and memory.

Run from anywhere: ``python benchmarks/noise.py [--only NAME ...] [--repeats N] [--json FILE] [--markdown PAGE]``.
One thread, CPU seconds (a busy machine counts less against them), medians; the two processes at the end are measured in
seconds on the wall, so leave the machine alone for them. With a CUDA device its rates are measured too.
"""

import argparse
import json
import multiprocessing
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from cochleagram import describe_machine
from page import put

from crossmodal import noise

# A repeat takes about so long, and at least one image.
_REPEAT_S = 0.3
# A network of the random generator makes images 2000 to 2399, so that its making is not in the rate.
_FIRST = 2004
_PROGRAMS = 200
_TWIN_IMAGES = 40
_GPU_BATCH, _GPU_REPEATS, _LEAVES_PER_GPU_SECOND, _SHARE_OF_STEP = 256, 10, 50_000, 0.1


@dataclass(frozen=True)
class Promise:
    """A row of the table.

    Attributes:
        title: what is measured.
        process: its name, with
        options: those that differ from the usual.
        size: side of the images in pixels.
        target: images per CPU-second; None where nothing was promised.
        reference: what the published generator made on two cores of this kind, 2026-11-22; None without one.
        twin: the shape of leaf that the OpenCV twin paints.
        ready: images that are drawn first and do not count.
    """

    title: str
    process: str
    options: dict[str, Any] = field(default_factory=dict)
    size: int = 128
    target: float | None = None
    reference: float | None = None
    twin: str | None = None
    ready: int = 1


PROMISES = (
    Promise("dead leaves, square", "dead_leaves", {"shape": "square"}, 128, 5000, 2.44, "square"),
    Promise("dead leaves, oriented", "dead_leaves", {"shape": "oriented"}, 128, 2500, 2.31, "oriented"),
    Promise("dead leaves, six shapes", "dead_leaves", {"shape": "mixed"}, 128, 2000, 2.16, "mixed"),
    Promise("dead leaves, textured", "dead_leaves", {"texture": "spectrum_colour_wmm"}, 128, 1000, 1.75),
    Promise("spectrum", "spectrum", {}, 128, 800, 24.0),
    Promise("spectrum + colour", "spectrum_colour", {}, 128, 120, 15.4),
    Promise("wavelet marginals (WMM)", "wmm", {}, 128, 15, 2.25),
    Promise("spectrum + colour + WMM", "spectrum_colour_wmm", {}, 128, 12, 1.82),
    Promise("untrained generator, oriented", "untrained_generator", {"variant": "oriented"}, 256, 3, 0.90),
    Promise("untrained generator, sparse", "untrained_generator", {"variant": "sparse"}, 256, 3),
    Promise("untrained generator, high frequency", "untrained_generator", {"variant": "high_frequency"}, 256, 3),
    Promise("untrained generator, random", "untrained_generator", {"variant": "random"}, 256, 3, 1.0),
    Promise("programs, median over 200", "programs", {}, 128, 300),
    Promise("fractals", "fractals", {}, 128, 200),
    # The search for the system of a class takes 10 ms, once: 100 classes, all of them found before.
    Promise("fractals, uniform law", "fractals", {"law": "uniform", "classes": 100}, 128, 200, ready=1000),
    Promise("orbits", "orbits", {}, 128, 200),
    Promise("MixUp of 6 programs", "mixup"),
    Promise("CutMix of programs", "cutmix"),
    Promise("KML of programs", "kml"),
    Promise("KML MixUp of programs", "kml_mixup"),
    Promise("mixture", "mixture"),
    Promise("feature visualisation, ResNet-50", "feature_visualization"),
)


def main() -> None:
    """Measure what was asked for, print it, and write it where asked."""
    words = _words()
    torch.set_num_threads(1)
    chosen = [promise for promise in PROMISES if words.only is None or promise.process in words.only]
    where = describe_machine() + f", load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    print(where, flush=True)
    rows = []
    for promise in chosen:
        rows.append(measure(promise, words.repeats))
        print(_line(rows[-1]), flush=True)
    text = "\n".join([_table(rows), "", *measure_limits(rows, chosen), "", where + "."])
    print(f"\n{text}")
    if words.json:
        words.json.write_text(json.dumps({"where": where, "rows": rows}, indent=2) + "\n")
    if words.markdown:
        put(words.markdown, text)


def _words() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=noise.names(), help="processes to measure (default: all)")
    parser.add_argument("--repeats", type=int, default=5, help="runs of which the median counts")
    parser.add_argument("--json", type=Path, help="also write the numbers to this file")
    parser.add_argument("--markdown", type=Path, help="a page: the tables go between its markers")
    return parser.parse_args()


def measure(promise: Promise, repeats: int) -> dict[str, Any]:
    """Measure one row: images per CPU-second, the twin's, and what making ready took."""
    process = noise.create(promise.process, **promise.options)
    started = time.process_time()
    process(range(promise.ready), promise.size)
    ready_s = time.process_time() - started
    if promise.process == "programs":
        ours, first = _rates_of_programs(process, promise.size)
    elif promise.process == "feature_visualization":
        ours, first = 1 / max(ready_s, 1e-9), 0.0
    else:
        ours, first = _rate(lambda indices: process(indices, promise.size), repeats), 0.0
    twin = _twin_rate(promise.twin, promise.size, repeats) if promise.twin else None
    return {
        "title": promise.title, "process": promise.process, "options": promise.options, "size": promise.size,
        "ours": ours, "target": promise.target, "reference": promise.reference, "twin": twin,
        "ready_s": ready_s, "first_image_s": first,
    }  # fmt: skip


def _rate(make: Callable[[range], Any], repeats: int) -> float:
    """Images per CPU-second: the median over repeats, each of other images, after a run that does not count."""
    make(range(_FIRST - 4, _FIRST))
    started = time.process_time()
    make(range(_FIRST, _FIRST + 4))
    count = max(1, round(4 * _REPEAT_S / max(time.process_time() - started, 1e-6)))
    rates = []
    for start in range(_FIRST + 4, _FIRST + 4 + repeats * count, count):
        started = time.process_time()
        make(range(start, start + count))
        rates.append(count / (time.process_time() - started))
    return median(rates)


def _rates_of_programs(process: noise.Process[Any], size: int) -> tuple[float, float]:
    """The median rate over programs that are known already, and the median seconds of a program's first image."""
    rates, firsts = [], []
    for index in range(1, _PROGRAMS + 1):
        taken = []
        for _ in range(4):
            started = time.process_time()
            process([index], size)
            taken.append(time.process_time() - started)
        firsts.append(taken[0])
        rates.append(1 / median(taken[1:]))
    return median(rates), median(firsts)


def _twin_rate(shape: str, size: int, repeats: int) -> float:
    import cv2
    from noise_twins import paint_dead_leaves

    cv2.setNumThreads(1)
    generator = np.random.default_rng(0)
    rates = []
    for _ in range(repeats + 1):
        started = time.process_time()
        for _ in range(_TWIN_IMAGES):
            paint_dead_leaves(generator, size, shape)
        rates.append(_TWIN_IMAGES / (time.process_time() - started))
    return median(rates[1:])


def _line(row: dict[str, Any]) -> str:
    kept = "" if row["target"] is None else ("  kept" if row["ours"] >= row["target"] else "  BROKEN")
    promised = "" if row["target"] is None else f"  promised {row['target']:g}{kept}"
    return f"{row['title']:36} {row['size']:4} px  {_figure(row['ours']):>8}{promised}"


def _figure(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _table(rows: list[dict[str, Any]]) -> str:
    """Write the rows as Markdown."""
    heads = ("process", "px", "ours", "promised", "", "published", "ours / published", "OpenCV twin", "ours / twin")
    lines = ["| " + " | ".join(heads) + " |", "|---|---|---|---|---|---|---|---|---|"]
    for row in rows:
        kept = "" if row["target"] is None else ("kept" if row["ours"] >= row["target"] else "**not kept**")
        ratios = [row["ours"] / row[other] if row[other] else None for other in ("reference", "twin")]
        cells = (
            row["title"], str(row["size"]), _figure(row["ours"]), _figure(row["target"]), kept,
            _figure(row["reference"]), _figure(ratios[0]), _figure(row["twin"]), _figure(ratios[1]),
        )  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def measure_limits(rows: list[dict[str, Any]], promises: list[Promise]) -> list[str]:
    """Measure what stands beside the table, a sentence each: memory, making ready, two processes, the GPU."""
    sentences = [f"Memory: an image of 128 px can be copied {_figure(copies_per_second(128))} times a second."]
    bank = [row for row in rows if "texture" in row["options"]]
    if bank:
        sentences.append(f"Textures: the 512 images that leaves are cut from take {bank[0]['ready_s']:.0f} s, once.")
    dense = [row for row in rows if row["options"].get("variant") == "random"]
    if dense:
        sentences.append(
            f"The random generator: a network of {dense[0]['size']} px and its first image take "
            f"{dense[0]['ready_s']:.1f} s, once in 400 images; the table leaves the network out."
        )
    programs = [row for row in rows if row["process"] == "programs"]
    if programs:
        first_ms = 1000 * programs[0]["first_image_s"]
        sentences.append(
            f"Programs: the first image of one takes {first_ms:.0f} ms, since it is written and assembled."
        )
    by_cpu, by_wall = measure_two_processes()
    sentences.append(
        f"Two processes at once draw {by_cpu:.2f} times the dead leaves of one by their CPU seconds, {by_wall:.2f} "
        f"times on the wall (promised 1.8; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores)."
    )
    sentences += measure_gpu(promises) if torch.cuda.is_available() else [_NO_GPU]
    return [f"- {sentence}" for sentence in sentences]


_NO_GPU = (
    "Not taken, for want of a GPU: dead leaves at 50,000 a second; every process in a tenth of a training step of the "
    "small AlexNet."
)


def copies_per_second(side: int) -> float:
    """How often an image can be copied from memory to memory, of several hundred MB that no cache holds."""
    count = 2**28 // (3 * side * side)
    source, target = np.ones((count, 3, side, side), np.uint8), np.ones((count, 3, side, side), np.uint8)
    rates = []
    for _ in range(5):
        started = time.process_time()
        np.copyto(target, source)
        rates.append(count / (time.process_time() - started))
    return median(rates)


def measure_two_processes() -> tuple[float, float]:
    """How much two processes draw beside one, by CPU seconds and on the wall, the best of three tries of each.

    The best, since whatever else the machine does can only make less of it.
    """
    one, two = ([processes_rates(count) for _ in range(3)] for count in (1, 2))
    by_cpu, by_wall = (
        max(pair) / max(single) for single, pair in zip(zip(*one, strict=True), zip(*two, strict=True), strict=True)
    )
    return 2 * by_cpu, by_wall


def processes_rates(count: int) -> tuple[float, float]:
    """Dead leaves that so many processes draw at once: per CPU-second, and all together per second on the wall."""
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(count), context.Queue()
    num_workers = [context.Process(target=_draw_leaves, args=(number, barrier, results)) for number in range(count)]
    for worker in num_workers:
        worker.start()
    drawn, starts, ends, cpu_s = zip(*(results.get() for _ in num_workers), strict=True)
    for worker in num_workers:
        worker.join()
    return sum(drawn) / sum(cpu_s), sum(drawn) / (max(ends) - min(starts))


def _draw_leaves(number: int, barrier: Any, results: Any) -> None:
    process = noise.create("dead_leaves", shape="square")
    process(range(100))
    barrier.wait()
    start, start_cpu, drawn = time.monotonic(), time.process_time(), 0
    while time.monotonic() - start < 3.0:
        process(range(number * 10**6 + drawn, number * 10**6 + drawn + 200))
        drawn += 200
    results.put((drawn, start, time.monotonic(), time.process_time() - start_cpu))


def measure_gpu(promises: list[Promise]) -> list[str]:
    """Measure every process on the GPU, beside a training step of the small AlexNet on as many images."""
    step_s = _training_step_s()
    sentences = [
        f"On {torch.cuda.get_device_name()}, batches of {_GPU_BATCH}: a training step of the small AlexNet (64 px, "
        f"forward, backward, update) takes {1000 * step_s:.1f} ms."
    ]
    for promise in promises:
        process = noise.create(promise.process, **promise.options)
        batch = 8 if promise.process == "feature_visualization" else _GPU_BATCH
        batch_s = _gpu_s(lambda repeat, process=process, promise=promise, batch=batch: process(
            range(repeat * batch, (repeat + 1) * batch), promise.size, 0, "cuda"
        )) * _GPU_BATCH / batch  # fmt: skip
        rate, share = _GPU_BATCH / batch_s, batch_s / step_s
        kept = share <= _SHARE_OF_STEP and (promise.process != "dead_leaves" or rate >= _LEAVES_PER_GPU_SECOND)
        sentences.append(
            f"{promise.title}, {promise.size} px: {_figure(rate)} a second, {100 * share:.3g} % of a step"
            f"{'' if kept else ' (**not kept**)'}."
        )
    return sentences


def _gpu_s(work: Callable[[int], Any]) -> float:
    taken = []
    for repeat in range(_GPU_REPEATS + 2):
        torch.cuda.synchronize()
        started = time.perf_counter()
        work(repeat)
        torch.cuda.synchronize()
        taken.append(time.perf_counter() - started)
    return median(taken[2:])


def _training_step_s() -> float:
    from crossmodal import backbones

    network = torch.nn.Sequential(backbones.create("small_alexnet"), torch.nn.Linear(192, 128)).cuda()
    optimizer = torch.optim.SGD(network.parameters(), 0.1, momentum=0.9)
    images = torch.rand(_GPU_BATCH, 3, 64, 64, device="cuda")

    def step(repeat: int) -> None:
        optimizer.zero_grad()
        network(images).square().mean().backward()
        optimizer.step()

    return _gpu_s(step)


if __name__ == "__main__":
    main()
