"""Throughput of pretraining relative to a bare PyTorch loop of the same model on fixed tensors, and the cost of views.

python benchmarks/noise_pretraining.py --recipe noise_pretraining/reduced --steps 12

Ours is `crossmodal.run.train`, with everything that a run does between steps. The bare loop has the same network,
optimizer, precision and loss, and repeats one batch of views. Times are CPU seconds of this process (on a GPU, wall
seconds), the median over steps. The two alternate, so that other load affects both.
"""

import argparse
import itertools
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning.pytorch as lightning
import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor

from crossmodal import recipe as recipes
from crossmodal.data.noise.module import NoiseDataModule
from crossmodal.objectives import alignment_uniformity_loss
from crossmodal.progress import Progress
from crossmodal.provenance import describe_origin
from crossmodal.run import train
from crossmodal.tasks import AlignmentUniformityTask

_PROMISED_RATIO, _PROMISED_FRACTION = 0.9, 0.15
_FIRST = 2  # steps in which memory is allocated and kernels are chosen
_times_s: list[float] = []


class StepClock(Callback):
    """Records the time at the end of each training step."""

    def on_train_batch_end(self, trainer: lightning.Trainer, *_: Any) -> None:
        """Record the time."""
        _times_s.append(_now_s())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", default="noise_pretraining/reduced", help="a recipe with alignment and uniformity")
    parser.add_argument("--steps", type=int, default=12, help="steps of each loop in each turn (default 12)")
    parser.add_argument("--turns", type=int, default=3, help="number of turns (default 3)")
    parser.add_argument("--set", nargs=2, action="append", default=[], metavar=("KEY", "VALUE"), help="change a key")
    args = parser.parse_args()
    changes = {key: recipes.parse_value(value) for key, value in args.set}
    recipe = recipes.override(recipes.read(args.recipe), changes)
    # New images in every step.
    recipe = recipes.override(recipe, {"data.length": None, "data.keep": False, "trainer.limit_val_batches": 0})
    bare, ours, drawn = [], [], []
    loop = _bare_loop(recipe)
    for _ in range(args.turns):
        bare += _timed(loop, args.steps)
        ours += _steps_of_a_run(recipe, args.steps)
        drawn += _timed(_batches(recipe), args.steps)
    views = 2 * recipe["data"]["init_args"]["batch_size"]
    step, reference, views_s = (statistics.median(times) for times in (ours, bare, drawn))
    ratio, fraction = reference / step, views_s / step
    print(f"{'':<28}{'ours':>10}{'bare':>10}{'ratio':>8}")
    kept = {
        name: f"promise {'kept' if fine else 'NOT kept'}"
        for name, fine in (("ratio", ratio >= _PROMISED_RATIO), ("fraction", fraction <= _PROMISED_FRACTION))
    }
    print(f"{'views per second':<28}{views / step:>10.1f}{views / reference:>10.1f}{ratio:>8.3f}  {kept['ratio']}")
    print(f"{'fraction of images and views':<28}{fraction:>10.3f}{'':>18}  {kept['fraction']}")
    made, threads = describe_origin(), torch.get_num_threads()
    print(f"{args.recipe}, {threads} threads, torch {torch.__version__}; {made['date']}, {made['commit']}")


def _now_s() -> float:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
        return time.perf_counter()
    return time.process_time()


def _timed(step: Callable[[], object], steps: int) -> list[float]:
    times_s = []
    for _ in range(_FIRST + steps):
        began = _now_s()
        step()
        times_s.append(_now_s() - began)
    return times_s[_FIRST:]


def _device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _parts(recipe: dict[str, Any]) -> tuple[NoiseDataModule, AlignmentUniformityTask]:
    torch.manual_seed(recipe["seed"])
    task = recipes.build(recipe["task"], "task", seed=recipe["seed"])
    if not isinstance(task, AlignmentUniformityTask):
        raise SystemExit(f"the bare loop needs a recipe with alignment and uniformity, found {type(task).__name__}")
    return recipes.build(recipe["data"], "data", seed=recipe["seed"]), task.to(_device())


def _batches(recipe: dict[str, Any]) -> Callable[[], tuple[AlignmentUniformityTask, list[Tensor]]]:
    data, task = _parts(recipe)
    numbers = iter(data.train_dataloader())

    def draw() -> tuple[AlignmentUniformityTask, list[Tensor]]:
        batch = data.on_after_batch_transfer(data.transfer_batch_to_device(next(numbers), _device(), 0), 0)
        return task, task.views(batch["image"], batch["draw"], task.seed)

    return draw


def _bare_loop(recipe: dict[str, Any]) -> Callable[[], object]:
    task, views = _batches(recipe)()
    images, network = torch.cat(views), task.embedder
    optimizer = task.optimization.configure(network, steps=1_000_000)["optimizer"]
    half = "bf16" in str(recipe["trainer"].get("precision"))

    def step() -> None:
        with torch.autocast(images.device.type, torch.bfloat16, enabled=half):
            first, second = network(images).chunk(2)
            loss = alignment_uniformity_loss(first, second)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def _steps_of_a_run(recipe: dict[str, Any], steps: int) -> list[float]:
    _times_s.clear()
    callbacks = [{"class_path": "__main__.StepClock", "init_args": {}}]
    changes = {
        "trainer.max_steps": _FIRST + steps + 1,
        "trainer.callbacks": callbacks,
        "trainer.val_check_interval": None,
    }
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("w") as log:
        train(recipes.override(recipe, changes), Path(folder) / "run", progress=Progress(log))
    return [after - before for before, after in itertools.pairwise(_times_s)][_FIRST:]


if __name__ == "__main__":
    main()
