"""Runs: train a recipe into a directory with metrics, checkpoints and weights, resume it, evaluate it."""

from crossmodal.run.evaluating import compare_run, evaluate_run
from crossmodal.run.preparing import rehearse
from crossmodal.run.training import RunResult, train

__all__ = ["RunResult", "compare_run", "evaluate_run", "rehearse", "train"]
