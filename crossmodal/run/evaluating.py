"""Evaluate a finished run, or weights, with the evaluations of a recipe."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import lightning.pytorch as lightning
import torch

from crossmodal import recipe as recipes
from crossmodal.errors import DatasetError, RecipeError, UsageError, WeightsError
from crossmodal.evaluation import EvaluationTable, evaluate_all, fit_baselines
from crossmodal.evaluation.gait.from_touch import predictor as gait_predictor
from crossmodal.models import GaitFromTouch
from crossmodal.progress import Progress
from crossmodal.recipe.building import built_arguments
from crossmodal.recipe.naming import evaluation_misfit, named_object

#: Data module and evaluation of weights without a recipe, by model.
_EVALUATED = {
    "GaitFromTouch": ("WalkStepsDataModule", "evaluate_gait"),
    "IdentityFromTouch": ("StepUpDataModule", "evaluate_identity"),
    "PoseFromTouch": ("IntelligentCarpetDataModule", "evaluate_pose"),
    "Segmenter": ("ScenesDataModule", "evaluate_segmenter"),
    "SmallGenerator": ("ScenesDataModule", "evaluate_generator"),
    "SoundFromVideo": ("GreatestHitsDataModule", "evaluate"),
}
#: This data module generates its data and needs no folder.
_DRAWN = "ScenesDataModule"


def run_evaluations(
    recipe: Mapping[str, Any],
    model: torch.nn.Module,
    data: lightning.LightningDataModule,
    progress: Progress | None = None,
) -> dict[str, dict[str, Any]]:
    """Run the evaluations that a recipe lists on the data module's evaluation set.

    An evaluation is a function of ``(predict, dataset)`` and of its ``init_args``. Its arguments ``seed`` and ``train``
    (data to fit on), if any, default to the recipe's seed and the training data as whole videos. The results are the
    figures of each evaluation, by the name of its ``class_path``; a repeated name gets a number.
    """
    entries = recipe.get("evaluations") or []
    results: dict[str, dict[str, Any]] = {}
    for entry in entries:
        if progress is not None:
            progress.say(f"evaluating: {entry['class_path']}")
        evaluate = named_object(entry["class_path"], "evaluations")
        wrong = evaluation_misfit(evaluate, entry["class_path"])
        if wrong:
            raise RecipeError(f"evaluations: {wrong}")
        defaults: dict[str, Any] = {"seed": recipe.get("seed", 0)}
        if hasattr(data, "evaluation_train_dataset"):
            defaults["train"] = data.evaluation_train_dataset()
        options = built_arguments(evaluate, entry.get("init_args") or {}, "evaluations", **defaults)
        name = entry["class_path"].rpartition(".")[2]
        count = sum(1 for known in results if known.split(" ")[0] == name)
        results[f"{name} {count + 1}" if count else name] = evaluate(predictor(model), evaluation_set(data), **options)
    return results


def predictor(model: torch.nn.Module) -> Callable[[Any], Any]:
    """Return the prediction function of a model, whose argument is a sample, for evaluations."""
    if isinstance(model, GaitFromTouch):
        return gait_predictor(model)
    own: Callable[[], Callable[[dict[str, Any]], Any]] | None = getattr(model, "predictor", None)
    if own is None:
        from crossmodal.predict import predictor as of_sound

        return of_sound(model)
    return own()


def evaluation_set(data: lightning.LightningDataModule) -> Any:
    """Return the evaluation data set of a data module.

    Raises:
        DatasetError: the data module has none.
    """
    made = getattr(data, "evaluation_dataset", None)
    if made is None:
        raise DatasetError(f"{type(data).__name__} has no data for evaluation; leave out the evaluations")
    return made()


def evaluate_run(
    source: str | os.PathLike[str], changes: Mapping[str, Any], progress: Progress | None = None
) -> dict[str, dict[str, Any]]:
    """Evaluate a finished run, a weights folder or shipped weights, and return the figures by evaluation.

    ``changes`` override the recipe of the run by dotted key (``data.root``). Weights without a run have no recipe; they
    are evaluated on the data set of their task, whose folder must be given as ``data.root``.

    Raises:
        WeightsError: there are no weights.
        UsageError: weights without a run, and no ``data.root``.
        RecipeError: the changed recipe has mistakes; lists all of them.
    """
    return run_evaluations(*_open(source, changes), progress)


def compare_run(
    source: str | os.PathLike[str], changes: Mapping[str, Any], progress: Progress | None = None
) -> EvaluationTable:
    """Evaluate a model of sound from video and all baselines, which are fitted on the training videos of the run.

    ``source`` and ``changes`` are those of `evaluate_run`; the model's row is called ``source``.

    Raises:
        WeightsError, UsageError, RecipeError: as `evaluate_run`; or the model does not predict sound from video.
        DatasetError: the data module has no training videos.
    """
    recipe, model, data = _open(source, changes)
    if not hasattr(data, "evaluation_train_dataset"):
        raise DatasetError(
            f"{type(data).__name__} has no training videos, so no baseline can be fitted; leave out --baselines"
        )
    from crossmodal.predict import predictor as of_sound

    predict, seed, train = of_sound(model), recipe.get("seed", 0), data.evaluation_train_dataset()
    if progress is not None:
        progress.say(f"fitting baselines on {len(train)} videos")
    baselines = fit_baselines(train, seed=seed)
    evaluated = evaluation_set(data)
    if progress is not None:
        progress.say(f"evaluating {len(baselines) + 1} methods on {len(evaluated)} videos")
    return evaluate_all({os.fspath(source): predict, **baselines}, evaluated, train=train, seed=seed)


def _open(
    source: str | os.PathLike[str], changes: Mapping[str, Any]
) -> tuple[dict[str, Any], torch.nn.Module, lightning.LightningDataModule]:
    """Return the recipe, the trained model and the data module of an evaluation."""
    from crossmodal import hub

    root = Path(source)
    recipe_file = root / "recipe.yaml"
    if recipe_file.is_file() and not (root / "weights").is_dir():
        raise WeightsError(f"{root}: this run is not finished; `crossmodal train ... --out {root} --resume` resumes it")
    model = hub.load_model(root / "weights" if recipe_file.is_file() else source).eval()
    if recipe_file.is_file():
        recipe = recipes.override(recipes.read(recipe_file), changes)
    else:
        recipe = _recipe_for(model, source, changes)
    if not recipe.get("evaluations"):
        raise WeightsError(f"{root}: the recipe has no evaluations")
    recipes.check(recipe, f"{root}", required=("data", "evaluations"))
    data = recipes.build(recipe["data"], "data", seed=recipe.get("seed", 0))
    return recipe, model, data


def _recipe_for(model: torch.nn.Module, source: str | os.PathLike[str], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a recipe for the evaluation of weights without a run."""
    name = type(model).__name__
    if name not in _EVALUATED:
        raise WeightsError(f"{source}: there is no evaluation of {name}; evaluate backbones with `crossmodal probe`")
    data, evaluation = _EVALUATED[name]
    if data != _DRAWN and "data.root" not in changes:
        raise UsageError(f"{source}: weights without a run need a data set; add --data.root DIR")
    made: dict[str, Any] = {"seed": 0, "data": {"class_path": f"crossmodal.data.{data}", "init_args": {}}}
    return recipes.override(made, changes) | {"evaluations": [{"class_path": f"crossmodal.evaluation.{evaluation}"}]}
