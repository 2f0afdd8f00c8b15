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
from crossmodal.run.stopping import Stopped, signals_put_back
from crossmodal.run.surroundings import quiet, switches_put_back


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

    With ``resume`` the run in ``out`` resumes from its last checkpoint: the same batches and random numbers as if it
    had never stopped, bit for bit on a CPU. With ``dry_run`` everything but the data is built and nothing is written.
    Training has the process keep the memory that it frees, see `crossmodal.run.processor`.

    Raises:
        RecipeError: the recipe has mistakes; lists all of them. Nothing was written, unless training had begun.
        OutputError: the directory is not empty, or cannot be written.
        TrainingError: there is nothing to resume, it is another run, or a loss is not a number (names the step).
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
    with quiet(), signals_put_back(), switches_put_back():
        # Everything is built before the directory is touched: a mistake that building finds leaves no run behind.
        run = prepare(resolved, name, directory, shown, initial_weights=not resume)
        # Only the first process may look: it makes the directory while the others of a distributed run are starting.
        if run.trainer.is_global_zero:
            checkpoint = _find_checkpoint(directory, resolved, resume=resume)
        else:
            checkpoint = directory.checkpoint if resume and directory.checkpoint.is_file() else None
        if checkpoint is None and resume and resolved.get("init_from"):
            load_initial_weights(run.task, resolved["init_from"])
        asked = resolved["trainer"].get("precision")
        if asked == "bf16-mixed" != run.trainer.precision:
            shown.say(f"{asked} would be slow on this processor: training in {run.trainer.precision}")
        if checkpoint is not None:
            shown.say(f"{directory.root}: going on from {checkpoint}")
        keep_freed_memory()
        opening = _Opening(directory, resolved, run.metrics, checkpoint, resume=resume)
        run.trainer.callbacks.insert(0, opening)  # type: ignore[attr-defined]
        _fit(run, checkpoint, directory, name)
        opening.open(run.trainer)
        return _finish(name, resolved, run, directory, shown)


def _find_checkpoint(directory: RunDirectory, recipe: dict[str, Any], *, resume: bool) -> Path | None:
    if resume:
        return directory.checkpoint_to_resume(recipe)
    directory.make_sure_it_is_free()
    return None


class _Opening(Callback):
    """Opens the run directory when the first step is due: data that cannot be read leave no run behind either."""

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
        """Begin the run, or take it up.

        Raises:
            OutputError: the directory cannot be written, or another run has begun in it.
        """
        self.open(trainer)

    def open(self, trainer: lightning.Trainer) -> None:
        """Do it, unless it is done: a run that is taken up after its last step has no step to come."""
        if self.done or not trainer.is_global_zero:
            return
        self.done = True
        if self._resume:
            self._directory.note_start()
        else:
            self._directory.begin(self._recipe)
        if self._checkpoint is not None:
            steps = AtomicCheckpoints().load_checkpoint(self._checkpoint)["global_step"]
            self._metrics.forget_after(int(steps))


def _fit(run: Prepared, checkpoint: Path | None, directory: RunDirectory, name: str) -> None:
    try:
        run.trainer.fit(run.task, datamodule=run.data, ckpt_path=checkpoint)
    except Stopped as stopped:
        where = f"{directory.root}: stopped after step {run.trainer.global_step}; `--resume` continues from there"
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
        # What only the data decide, such as more steps between validations than an epoch has.
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
