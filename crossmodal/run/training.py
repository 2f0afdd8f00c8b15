"""Train from a recipe into a run directory."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning.pytorch as lightning
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import Callback

from crossmodal import provenance
from crossmodal import recipe as recipes
from crossmodal.json_text import write_json
from crossmodal.progress import Progress
from crossmodal.recipe.building import reason
from crossmodal.recipe.checking import listed
from crossmodal.run.checkpoints import AtomicCheckpoints
from crossmodal.run.directory import RunDirectory
from crossmodal.run.evaluating import run_evaluations
from crossmodal.run.figures import draw_metrics
from crossmodal.run.metrics_file import MetricsFile
from crossmodal.run.model_card import model_card
from crossmodal.run.preparing import Prepared, load_initial_weights, prepare, rehearse
from crossmodal.run.processor import keep_freed_memory
from crossmodal.run.stopping import Stopped, restored_signals
from crossmodal.run.surroundings import quiet, restored_flags


@dataclass(frozen=True)
class RunResult:
    """Result of a run: its directory, the steps done, the number of parameters, the figures of its evaluations."""

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
    """Train a model from a recipe into the directory ``out``.

    With ``resume`` the run in ``out`` resumes from its last checkpoint, with the same batches and random numbers as an
    uninterrupted run, bit for bit on a CPU. With ``dry_run`` everything is built, no data is read and nothing is
    written. Training makes the process keep the memory that it frees, see `crossmodal.run.processor`.

    Raises:
        RecipeError: the recipe has mistakes; lists all of them. Nothing is written, unless training had started.
        OutputError: the directory is not empty, or cannot be written.
        TrainingError: there is no run to resume, it has another recipe, or a loss is not finite (states the step).
        WeightsError: ``init_from`` does not fit the model.
        KeyboardInterrupt: Ctrl-C; everything up to the last step is saved.
    """
    resolved = dict(recipe)
    directory = RunDirectory(Path(out))
    if dry_run:
        parameters = rehearse(resolved, name)
        _find_checkpoint(directory, resolved, resume=resume)
        return RunResult(directory.root, 0, parameters, {}, None)
    recipes.check(resolved, name)
    shown = progress if progress is not None else Progress(label=name)
    with quiet(), restored_signals(), restored_flags():
        # Everything is built before the directory is created, so that a mistake found by building leaves no run.
        run = prepare(resolved, name, directory, shown, initial_weights=not resume)
        # Only the first process checks: it creates the directory while the other processes are starting.
        if run.trainer.is_global_zero:
            checkpoint = _find_checkpoint(directory, resolved, resume=resume)
        else:
            checkpoint = directory.checkpoint if resume and directory.checkpoint.is_file() else None
        if checkpoint is None and resume and resolved.get("init_from"):
            load_initial_weights(run.task, resolved["init_from"])
        precision = resolved["trainer"].get("precision")
        if precision == "bf16-mixed" != run.trainer.precision:
            shown.say(f"{precision} would be slow on this processor: training in {run.trainer.precision}")
        if checkpoint is not None:
            shown.say(f"{directory.root}: resuming from {checkpoint}")
        keep_freed_memory()
        opening = _Opening(directory, resolved, run.metrics, checkpoint, resume=resume)
        run.trainer.callbacks.insert(0, opening)  # type: ignore[attr-defined]
        _fit(run, checkpoint, directory, name)
        opening.open(run.trainer)
        return _finish(name, resolved, run, directory, shown)


def _find_checkpoint(directory: RunDirectory, recipe: dict[str, Any], *, resume: bool) -> Path | None:
    if resume:
        return directory.checkpoint_to_resume(recipe)
    directory.check_free()
    return None


class _Opening(Callback):
    """Creates the run directory at the first step, so that unreadable data leave no run."""

    def __init__(
        self,
        directory: RunDirectory,
        recipe: dict[str, Any],
        metrics: MetricsFile,
        checkpoint: Path | None,
        *,
        resume: bool,
    ) -> None:
        self._directory = directory
        self._recipe = recipe
        self._metrics = metrics
        self._checkpoint = checkpoint
        self._resume = resume
        self.done = False

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Start or resume the run.

        Raises:
            OutputError: the directory cannot be written, or another run has started in it.
        """
        self.open(trainer)

    def open(self, trainer: lightning.Trainer) -> None:
        """Create the directory, or append to it, once; a run resumed after its last step has no first step."""
        if self.done or not trainer.is_global_zero:
            return
        self.done = True
        if self._resume:
            self._directory.record_start()
        else:
            self._directory.begin(self._recipe)
        if self._checkpoint is not None:
            steps = AtomicCheckpoints().load_checkpoint(self._checkpoint)["global_step"]
            self._metrics.truncate_after(int(steps))


def _fit(run: Prepared, checkpoint: Path | None, directory: RunDirectory, name: str) -> None:
    try:
        run.trainer.fit(run.task, datamodule=run.data, ckpt_path=checkpoint)
    except Stopped as stopped:
        where = f"{directory.root}: stopped after step {run.trainer.global_step}; `--resume` resumes from there"
        if stopped.signal_number == 2:  # SIGINT
            raise KeyboardInterrupt(where) from None
        raise SystemExit(128 + stopped.signal_number) from None
    except SystemExit:
        if isinstance(run.stop.exception, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        raise
    except (MisconfigurationException, ValueError, RuntimeError) as error:
        if not _is_raised_by_lightning(error):
            raise
        # Mistakes that depend on the data, such as more steps between validations than an epoch has.
        raise listed([f"trainer: {reason(error)}"], name) from error


def _is_raised_by_lightning(error: BaseException) -> bool:
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    return last is not None and str(last.tb_frame.f_globals.get("__name__")).startswith("lightning.")


def _finish(name: str, recipe: dict[str, Any], run: Prepared, directory: RunDirectory, progress: Progress) -> RunResult:
    model, trainer = run.model, run.trainer
    parameters = sum(p.numel() for p in model.parameters())
    results: dict[str, dict[str, Any]] = {}
    if trainer.is_global_zero:
        model.eval().cpu()
        results = run_evaluations(recipe, model, run.data, progress)
        write_json(directory.evaluation, results)
        draw_metrics(directory.metrics, directory.figures / "metrics.png")
        device = f"{provenance.device_name(trainer.strategy.root_device)}, precision {trainer.precision}"
        card = model_card(name, recipe, trainer.global_step, parameters, results, lasted_s=run.elapsed_s, device=device)
        from crossmodal import hub

        bank = run.data.exemplar_bank() if hasattr(run.data, "exemplar_bank") else None
        hub.save_weights(model, directory.weights, card=card, exemplars=bank)
    trainer.strategy.barrier("weights written")
    return RunResult(directory.root, trainer.global_step, parameters, results, directory.weights)
