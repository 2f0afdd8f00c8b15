"""The ``trainer`` section of a recipe: allowed arguments of Lightning's Trainer and their ranges."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

#: Refused arguments with the reason: a run sets them itself, or they would have no effect.
REFUSED = {
    "barebones": "a run needs its callbacks",
    "default_root_dir": "a run has its own directory (--out)",
    "enable_autolog_hparams": "a run writes recipe.yaml",
    "enable_checkpointing": "a run always writes checkpoints",
    "enable_model_summary": "a run prints no summary",
    "enable_progress_bar": "a run has its own progress",
    "fast_dev_run": "use --dry-run",
    "inference_mode": "Lightning fixes it for the validation within a run",
    "limit_predict_batches": "a run does not predict",
    "limit_test_batches": "a run does not test; evaluations have separate arguments",
    "logger": "a run writes metrics.csv",
    "model_registry": "a run uploads nothing",
    "num_sanity_val_steps": "a validation before the first step would change the metrics of a resumed run",
    "overfit_batches": "batches are drawn by step and do not repeat; use less data",
    "reload_dataloaders_every_n_epochs": "batches are drawn by step, and a new loader would restart at the first batch",
    "use_distributed_sampler": "batches are already divided among processes, by step",
}
# The largest count that torch and the progress line can represent.
_MOST = 2**63 - 1
_DURATION = re.compile(r"\d+:\d\d:\d\d:\d\d")


def is_whole(value: Any, least: int, most: int = _MOST) -> bool:
    """Return whether a value is an int, but not a bool, from ``least`` to ``most``."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def is_number(value: Any) -> bool:
    """Return whether a value is an int or a float, but not a bool."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count_or_fraction(value: Any, least: int) -> bool:
    if isinstance(value, float):
        return (value > 0 or least == 0) and 0 <= value <= 1
    return is_whole(value, least)


def _is_limit(value: Any) -> bool:
    return is_whole(value, -1) and value != 0


def _is_duration(value: Any) -> bool:
    try:
        if isinstance(value, Mapping):
            return timedelta(**value) > timedelta(0)
        return isinstance(value, str) and bool(_DURATION.fullmatch(value)) and set(value) - set("0:") != set()
    except (TypeError, OverflowError):
        return False


#: Condition on each argument beyond its type, and its description.
_RANGES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "accumulate_grad_batches": (lambda value: is_whole(value, 1), "a whole number of at least 1"),
    "check_val_every_n_epoch": (lambda value: is_whole(value, 1), "a whole number of at least 1, or null,"),
    "gradient_clip_algorithm": (lambda value: value in ("norm", "value"), "norm or value"),
    "gradient_clip_val": (lambda value: is_number(value) and value > 0, "a positive number, or null,"),
    "limit_train_batches": (
        lambda value: _is_count_or_fraction(value, 1),
        "a whole number of at least 1, or a fraction of the batches above 0 and up to 1.0,",
    ),
    "limit_val_batches": (
        lambda value: _is_count_or_fraction(value, 0),
        "a whole number of at least 0, or a fraction of the batches from 0.0 to 1.0,",
    ),
    "log_every_n_steps": (lambda value: is_whole(value, 1), "a whole number of at least 1"),
    "max_epochs": (_is_limit, "a whole number of at least 1, or -1 where max_steps ends the run,"),
    "max_steps": (_is_limit, "a whole number of at least 1, or -1 where max_epochs ends the run,"),
    "max_time": (_is_duration, "a duration 'DD:HH:MM:SS', in quotes, or a mapping of days, hours, minutes, seconds"),
    "min_epochs": (lambda value: is_whole(value, 1), "a whole number of at least 1, or null,"),
    "min_steps": (lambda value: is_whole(value, 1), "a whole number of at least 1, or null,"),
    "num_nodes": (lambda value: is_whole(value, 1), "a whole number of at least 1"),
    "profiler": (
        lambda value: not isinstance(value, str) or value in ("simple", "advanced", "pytorch"),
        "simple, advanced, pytorch or a class_path",
    ),
    "val_check_interval": (
        # A duration is refused: a resumed run would validate at other steps.
        lambda value: _is_count_or_fraction(value, 1),
        "a whole number of batches, or a fraction of an epoch above 0 and up to 1.0,",
    ),
}
_NOT_NULL = ("accumulate_grad_batches", "max_steps", "num_nodes")


def refusals(trainer: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each argument that a recipe may not set."""
    for key, reason in REFUSED.items():
        if key in trainer:
            yield f"trainer.{key}: a recipe cannot set it: {reason}"


def range_mistakes(trainer: Mapping[str, Any]) -> dict[str, str]:
    """Return a line for each argument out of its range, by the name of the argument."""
    return {
        key: f"trainer.{key}: {expected} was expected, found {trainer[key]!r}"
        for key, (is_right, expected) in _RANGES.items()
        if key in trainer and not (is_right(trainer[key]) or (trainer[key] is None and key not in _NOT_NULL))
    }


def contradictions(trainer: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each argument that conflicts with others, or has no effect without them."""
    if all(trainer.get(key) in (None, -1) for key in ("max_steps", "max_epochs")):
        yield (
            "trainer: the run has no end: set max_steps or max_epochs, over which the learning rate schedule extends; "
            "max_time may end the run earlier"
        )
    if trainer.get("gradient_clip_algorithm") is not None and trainer.get("gradient_clip_val") is None:
        yield "trainer.gradient_clip_algorithm: has no effect without gradient_clip_val"
    if "check_val_every_n_epoch" in trainer and trainer["check_val_every_n_epoch"] is None:
        interval = trainer.get("val_check_interval")
        if isinstance(interval, float):
            yield (
                f"trainer.val_check_interval: a whole number was expected, found {interval}: with "
                "check_val_every_n_epoch: null it counts batches across epochs"
            )
    for unit in ("steps", "epochs"):
        least, most = trainer.get(f"min_{unit}"), trainer.get(f"max_{unit}")
        if isinstance(least, int) and isinstance(most, int) and 0 < most < least:
            yield f"trainer.min_{unit}: at most max_{unit} ({most}) was expected, found {least}"
