"""Train from a recipe into a run directory."""

import logging
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning.pytorch as lightning
import torch
from lightning.fabric.utilities.warnings import PossibleUserWarning
from lightning.pytorch.callbacks import Callback, Timer
from lightning.pytorch.utilities import rank_zero_only

from crossmodal import provenance
from crossmodal import recipe as recipes
from crossmodal.errors import TrainingError, WeightsError
from crossmodal.json_text import write_json
from crossmodal.progress import Progress
from crossmodal.recipe.building import built_arguments
from crossmodal.run.checkpoints import AtomicCheckpoints, RunCheckpoints
from crossmodal.run.directory import RunDirectory
from crossmodal.run.display import ShowProgress
from crossmodal.run.evaluating import run_evaluations
from crossmodal.run.figures import draw_metrics
from crossmodal.run.guard import FiniteGuard
from crossmodal.run.metrics_file import MetricsFile
from crossmodal.run.model_card import model_card
from crossmodal.run.processor import keep_freed_memory, quick_precision
from crossmodal.run.stopping import Stop, Stopped, signals_put_back

CHECKPOINT_EVERY_N_STEPS = 200


@dataclass(frozen=True)
class RunResult:
    """What a run left behind: its directory, the steps done, the figures of its evaluations by name."""

    directory: Path
    steps: int
    parameters: int
    metrics: dict[str, dict[str, Any]]
    weights: Path | None


def train(
    recipe: Mapping[str, Any],
    out: str | os.PathLike[str],
    *,
    resume: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
    name: str = "recipe",
) -> RunResult:
    """Train what a recipe says into the directory ``out``.

    With ``resume`` the run in ``out`` goes on from its last checkpoint: the same batches and random numbers as if it
    had never stopped, bit for bit on a CPU. With ``dry_run`` everything but the data is built and nothing is written.
    Training has the process keep the memory that it frees, see `crossmodal.run.processor`.

    Raises:
        RecipeError: the recipe has mistakes; lists all of them.
        OutputError: the directory is not empty, or cannot be written.
        TrainingError: there is nothing to resume, it is another run, or a loss is not a number (names the step).
        WeightsError: ``init_from`` does not fit the model.
        KeyboardInterrupt: Ctrl-C; everything up to the last step is saved.
    """
    resolved = dict(recipe)
    recipes.check(resolved, name)
    shown = progress if progress is not None else Progress(label=name)
    directory = RunDirectory(Path(out))
    if dry_run:
        return _rehearse(resolved, directory)
    checkpoint = _open(directory, resolved, resume=resume)
    if resume and directory.finished:
        raise TrainingError(f"{directory.root}: this run is finished; its weights are in {directory.weights}")
    with _quiet(), signals_put_back():
        data, task = _data_and_task(resolved)
        if checkpoint is None and resolved.get("init_from"):
            load_initial_weights(task, resolved["init_from"])
        keep_freed_memory()
        stop = Stop(shown)
        trainer = _trainer(resolved, directory, shown, stop, checkpoint)
        if checkpoint is not None:
            shown.say(f"{directory.root}: going on from {checkpoint}")
        _fit(trainer, task, data, checkpoint, stop, directory)
        return _finish(name, resolved, trainer, task, data, directory, shown)


def _open(directory: RunDirectory, recipe: dict[str, Any], *, resume: bool) -> Path | None:
    # Only the first process may look: the others of a distributed run start when it has made the directory already.
    if getattr(rank_zero_only, "rank", 0):
        return directory.checkpoint if resume and directory.checkpoint.is_file() else None
    if resume:
        return directory.take_up(recipe)
    directory.begin(recipe)
    return None


def _data_and_task(recipe: dict[str, Any]) -> tuple[lightning.LightningDataModule, lightning.LightningModule]:
    lightning.seed_everything(recipe["seed"], workers=True, verbose=False)
    data = recipes.build(recipe["data"], "data", seed=recipe["seed"])
    # Again, so that the weights do not depend on what the data module drew.
    lightning.seed_everything(recipe["seed"], workers=True, verbose=False)
    task = recipes.build(recipe["task"], "task", seed=recipe["seed"])
    return data, task


def _trainer(
    recipe: dict[str, Any], directory: RunDirectory, progress: Progress, stop: Stop, checkpoint: Path | None
) -> lightning.Trainer:
    options = built_arguments(lightning.Trainer, recipe["trainer"], "trainer")
    metrics = MetricsFile(directory.metrics)
    if checkpoint is not None:
        metrics.forget_after(_steps_of(checkpoint))
    every = recipe.get("checkpoint_every_n_steps", CHECKPOINT_EVERY_N_STEPS)
    own: list[Callback] = [
        FiniteGuard(),
        stop,
        ShowProgress(progress),
        RunCheckpoints(directory.checkpoint, every, stop),
    ]
    theirs = options.pop("callbacks", None) or []
    theirs = theirs if isinstance(theirs, list) else [theirs]
    if not any(isinstance(one, Timer) for one in theirs):  # Lightning takes one alone
        own.append(Timer(verbose=False))  # goes on counting after a resume
    plugins = options.pop("plugins", None) or []
    asked = options.get("precision")
    options["precision"] = quick_precision(asked, options.get("accelerator", "auto"))
    if options["precision"] != asked:
        progress.say(f"{asked} would be slow on this processor: training in {options['precision']}")
    # The sampler shards the batches itself, and a validation that saw only a part of the data would be another number.
    defaults = {"use_distributed_sampler": False, "num_sanity_val_steps": 0, "log_every_n_steps": 1}
    return lightning.Trainer(
        **(defaults | options),
        default_root_dir=directory.root,
        logger=metrics,
        callbacks=[*theirs, *own],
        plugins=[*(plugins if isinstance(plugins, list) else [plugins]), AtomicCheckpoints()],
        enable_progress_bar=False,
        enable_model_summary=False,
    )


def _steps_of(checkpoint: Path) -> int:
    return int(AtomicCheckpoints().load_checkpoint(checkpoint)["global_step"])


def _fit(
    trainer: lightning.Trainer,
    task: lightning.LightningModule,
    data: lightning.LightningDataModule,
    checkpoint: Path | None,
    stop: Stop,
    directory: RunDirectory,
) -> None:
    try:
        trainer.fit(task, datamodule=data, ckpt_path=checkpoint)
    except Stopped as stopped:
        where = f"{directory.root}: stopped after step {trainer.global_step}; `--resume` goes on from there"
        if stopped.signal_number == 2:  # SIGINT
            raise KeyboardInterrupt(where) from None
        raise SystemExit(128 + stopped.signal_number) from None
    except SystemExit:
        if isinstance(stop.exception, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        raise


def load_initial_weights(task: lightning.LightningModule, weights: str) -> None:
    """Give a task's model the weights of a finished run, of a weights folder, or some that ship, by their name.

    Raises:
        WeightsError: they are another model's; lists what does not fit.
    """
    from crossmodal import hub

    inside = Path(weights) / "weights"
    folder = str(inside) if inside.is_dir() else weights
    model: torch.nn.Module = task.model  # type: ignore[assignment]
    theirs, mine = hub.load_model(folder).state_dict(), model.state_dict()
    wrong = [f"missing: {key}" for key in mine.keys() - theirs.keys()]
    wrong += [f"unexpected: {key}" for key in theirs.keys() - mine.keys()]
    wrong += [
        f"shape of {key}: {tuple(theirs[key].shape)}, the model has {tuple(mine[key].shape)}"
        for key in mine.keys() & theirs.keys()
        if theirs[key].shape != mine[key].shape
    ]
    if wrong:
        lines = "\n".join(f"  {line}" for line in sorted(wrong))
        raise WeightsError(f"init_from: {folder} does not fit the model of the recipe:\n{lines}")
    model.load_state_dict(theirs)


def _finish(
    name: str,
    recipe: dict[str, Any],
    trainer: lightning.Trainer,
    task: lightning.LightningModule,
    data: lightning.LightningDataModule,
    directory: RunDirectory,
    progress: Progress,
) -> RunResult:
    model: torch.nn.Module = task.model  # type: ignore[assignment]
    parameters = sum(p.numel() for p in model.parameters())
    results: dict[str, dict[str, Any]] = {}
    if trainer.is_global_zero:
        model.eval().cpu()
        results = run_evaluations(recipe, model, data, progress)
        write_json(directory.evaluation, results)
        draw_metrics(directory.metrics, directory.figures / "metrics.png")
        lasted_s = next(one.time_elapsed() for one in trainer.callbacks if isinstance(one, Timer))  # type: ignore[attr-defined]
        device = f"{provenance.device_name(trainer.strategy.root_device)}, precision {trainer.precision}"
        card = model_card(name, recipe, trainer.global_step, parameters, results, lasted_s=lasted_s, device=device)
        from crossmodal import hub

        bank = data.exemplar_bank() if hasattr(data, "exemplar_bank") else None
        hub.save_weights(model, directory.weights, card=card, exemplars=bank)
    trainer.strategy.barrier("weights written")
    return RunResult(directory.root, trainer.global_step, parameters, results, directory.weights)


def _rehearse(recipe: dict[str, Any], directory: RunDirectory) -> RunResult:
    with _quiet():
        _, task = _data_and_task(recipe)
        if recipe.get("init_from"):
            load_initial_weights(task, recipe["init_from"])
    parameters = sum(p.numel() for p in task.parameters())
    return RunResult(directory.root, 0, parameters, {}, None)


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence Lightning's advice and banners; its errors and true warnings stay."""
    loggers = [logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=PossibleUserWarning)
            warnings.filterwarnings("ignore", message=".*litlogger.*")
            # Lightning's own use of torch and torchmetrics' of pkg_resources; nothing that a user could change.
            warnings.filterwarnings("ignore", message=".*LeafSpec.*", category=FutureWarning)
            warnings.filterwarnings("ignore", message=".*does not have many workers.*")
            warnings.filterwarnings("ignore", message=".*(GPU|MPS|TPU|HPU) available but not used.*")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
