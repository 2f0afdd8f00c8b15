"""Build the data module, task and Trainer of a recipe, before any data is read or anything is written."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning.pytorch as lightning
import torch
from lightning.pytorch.accelerators import CPUAccelerator
from lightning.pytorch.callbacks import Callback, Timer
from lightning.pytorch.profilers import AdvancedProfiler, Profiler, PyTorchProfiler, SimpleProfiler

from crossmodal import recipe as recipes
from crossmodal.errors import CrossmodalError, RecipeError, WeightsError
from crossmodal.progress import Progress
from crossmodal.recipe.building import built_arguments, refusals_of
from crossmodal.recipe.checking import listed
from crossmodal.recipe.naming import named_object
from crossmodal.run.checkpoints import AtomicCheckpoints, RunCheckpoints
from crossmodal.run.directory import RunDirectory
from crossmodal.run.display import ShowProgress
from crossmodal.run.guard import FiniteGuard
from crossmodal.run.metrics_file import MetricsFile
from crossmodal.run.processor import quick_precision
from crossmodal.run.stopping import Stop
from crossmodal.run.surroundings import quiet, restored_flags

CHECKPOINT_EVERY_N_STEPS = 200

#: Lightning's profilers by name. Built by Lightning itself, they would print their tables; a run writes them to files.
_PROFILERS: dict[str, type[Profiler]] = {
    "simple": SimpleProfiler,
    "advanced": AdvancedProfiler,
    "pytorch": PyTorchProfiler,
}


@dataclass(frozen=True)
class Prepared:
    """The parts of a run before its first step."""

    data: lightning.LightningDataModule
    task: lightning.LightningModule
    trainer: lightning.Trainer
    metrics: MetricsFile
    stop: Stop

    @property
    def model(self) -> torch.nn.Module:
        """The model, which the run saves."""
        model: torch.nn.Module = self.task.model  # type: ignore[assignment]
        return model

    @property
    def elapsed_s(self) -> float:
        """The time spent on training in seconds, including that before a resume."""
        return next(float(one.time_elapsed()) for one in self.trainer.callbacks if isinstance(one, Timer))  # type: ignore[attr-defined]


def rehearse(recipe: Mapping[str, Any], name: str = "recipe") -> int:
    """Check a recipe, build everything in it, and return the number of parameters; read no data and write nothing.

    Raises:
        RecipeError: the recipe has mistakes; lists all that can be found without data.
    """
    recipes.check(recipe, name)
    with quiet(), restored_flags():
        try:
            prepared = prepare(recipe, name, RunDirectory(Path("run")), Progress())
        except WeightsError as error:
            raise listed([str(error)], name) from error
        return sum(parameter.numel() for parameter in prepared.task.parameters())


def prepare(
    recipe: Mapping[str, Any],
    name: str,
    directory: RunDirectory,
    progress: Progress,
    *,
    initial_weights: bool = True,
) -> Prepared:
    """Build the data module, task and Trainer of a checked recipe, and load its initial weights.

    Raises:
        RecipeError: constructors refuse their arguments, or the parts do not match; lists all mistakes.
        WeightsError: ``init_from`` cannot be loaded or does not match the model.
    """
    made: dict[str, Any] = {}
    found: dict[str, CrossmodalError] = {}
    makers: dict[str, Callable[[], Any]] = {
        "evaluations": lambda: _build_evaluation_arguments(recipe),
        "data": lambda: _seeded(recipe, "data"),
        # Seeded again, so that the weights do not depend on the draws of the data module.
        "task": lambda: _seeded(recipe, "task"),
        "init_from": lambda: _start(made.get("task"), recipe.get("init_from") if initial_weights else None),
        "trainer": lambda: make_trainer(recipe, directory, progress),
    }
    for section, make in makers.items():
        try:
            made[section] = make()
        except CrossmodalError as error:
            found[section] = error
    lines = [_with_place(section, error) for section, error in found.items()]
    lines += _misfits(recipe, made)
    if len(lines) == 1 and any(isinstance(error, WeightsError) for error in found.values()):
        raise WeightsError(lines[0])
    if lines:
        raise listed(lines, name)
    return Prepared(made["data"], made["task"], *made["trainer"])


def _seeded(recipe: Mapping[str, Any], section: str) -> Any:
    lightning.seed_everything(recipe["seed"], workers=True, verbose=False)
    return recipes.build(recipe[section], section, seed=recipe["seed"])


def _start(task: lightning.LightningModule | None, weights: str | None) -> None:
    if task is not None and weights:
        load_initial_weights(task, weights)


def _with_place(section: str, error: CrossmodalError) -> str:
    text = str(error)
    return text if text.startswith((f"{section}.", f"{section}:")) else f"{section}: {text}"


def _build_evaluation_arguments(recipe: Mapping[str, Any]) -> None:
    for i, entry in enumerate(recipe.get("evaluations") or []):
        evaluate = named_object(entry["class_path"], "evaluations")
        path = f"evaluations.{i}.init_args"
        built_arguments(evaluate, entry.get("init_args") or {}, "evaluations", path=path)


def _misfits(recipe: Mapping[str, Any], made: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each mistake in the combination of valid parts."""
    if recipe.get("evaluations") and "data" in made and not hasattr(made["data"], "evaluation_dataset"):
        yield f"evaluations: {type(made['data']).__name__} has no data for evaluation; leave out the evaluations"
    task = made.get("task")
    if task is None:
        return
    kind = type(task).__name__
    if not isinstance(getattr(task, "model", None), torch.nn.Module):
        yield f"task: {kind} has no module called `model`, which a run saves"
    if not task.automatic_optimization:
        for key, without in (("gradient_clip_val", None), ("accumulate_grad_batches", 1)):
            if recipe["trainer"].get(key, without) != without:
                yield f"trainer.{key}: has no effect, because {kind} steps its optimizers itself; leave it out"


def make_trainer(
    recipe: Mapping[str, Any], directory: RunDirectory, progress: Progress
) -> tuple[lightning.Trainer, MetricsFile, Stop]:
    """Return the Trainer of a recipe, its metrics file and its handler of signals.

    Raises:
        RecipeError: the Trainer refuses an argument, or an argument would have no effect.
    """
    options = built_arguments(lightning.Trainer, recipe["trainer"], "trainer")
    metrics, stop = MetricsFile(directory.metrics), Stop(progress)
    every = recipe.get("checkpoint_every_n_steps", CHECKPOINT_EVERY_N_STEPS)
    callbacks = _listed(options.pop("callbacks", None))
    callbacks += _timer(callbacks, options.pop("max_time", None))
    callbacks += [FiniteGuard(), stop, ShowProgress(progress), RunCheckpoints(directory.checkpoint, every, stop)]
    plugins = [*_listed(options.pop("plugins", None)), AtomicCheckpoints()]
    if "precision" in options:
        options["precision"] = quick_precision(options["precision"], options.get("accelerator", "auto"))
    if isinstance(options.get("profiler"), str):
        options["profiler"] = _PROFILERS[options["profiler"]](dirpath=directory.root, filename="profile")
    defaults = {"log_every_n_steps": 1}  # every step has a row in metrics.csv
    with refusals_of("trainer"):
        trainer = lightning.Trainer(
            **(defaults | options),
            default_root_dir=directory.root,
            logger=metrics,
            callbacks=callbacks,
            plugins=plugins,
            num_sanity_val_steps=0,
            # The sampler divides the batches among processes; validation uses all data in every process.
            use_distributed_sampler=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
    if options.get("sync_batchnorm") and trainer.world_size > 1 and isinstance(trainer.accelerator, CPUAccelerator):
        raise RecipeError(
            "trainer.sync_batchnorm: torch synchronizes batch statistics only on GPUs, found cpu; leave it out"
        )
    return trainer, metrics, stop


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def _timer(callbacks: list[Callback], max_time: Any) -> list[Callback]:
    # A Timer continues after a resume. Lightning allows only one, and silently ignores max_time if there is one.
    if not any(isinstance(one, Timer) for one in callbacks):
        return [Timer(max_time, verbose=False)]
    if max_time is not None:
        raise RecipeError("trainer.max_time: the callbacks already contain a Timer; remove one of the two")
    return []


def load_initial_weights(task: lightning.LightningModule, weights: str) -> None:
    """Load the weights of a finished run, a weights folder or a shipped name into the model of a task.

    Raises:
        WeightsError: the weights belong to another model; lists the differences.
    """
    from crossmodal import hub

    inside = Path(weights) / "weights"
    folder = str(inside) if inside.is_dir() else weights
    model = getattr(task, "model", None)
    if not isinstance(model, torch.nn.Module):
        return
    found, expected = hub.load_model(folder).state_dict(), model.state_dict()
    wrong = [f"missing: {key}" for key in expected.keys() - found.keys()]
    wrong += [f"unexpected: {key}" for key in found.keys() - expected.keys()]
    wrong += [
        f"shape of {key}: {tuple(found[key].shape)}, the model has {tuple(expected[key].shape)}"
        for key in expected.keys() & found.keys()
        if found[key].shape != expected[key].shape
    ]
    if wrong:
        lines = "\n".join(f"  {line}" for line in sorted(wrong))
        raise WeightsError(f"init_from: {folder} does not fit the model of the recipe:\n{lines}")
    model.load_state_dict(found)
