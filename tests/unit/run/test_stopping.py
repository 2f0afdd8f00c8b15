"""Ctrl-C, SIGTERM and SIGKILL in real processes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

import crossmodal
from crossmodal import recipe as recipes
from crossmodal.run import train
from tests.fakes import tiny

TREE = Path(__file__).resolve().parents[3]
COMMAND = [sys.executable, "-m", "tests.fakes.tiny_run"]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(TREE)}


def begin(recipe: Path, run: Path, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, "train", str(recipe), "--out", str(run), *more],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for_steps(run: Path, steps: int) -> None:
    metrics = run / "metrics.csv"
    for _ in range(600):
        if metrics.is_file() and len(metrics.read_text().splitlines()) > steps:
            return
        time.sleep(0.1)
    raise AssertionError("the run did not begin")


RECIPE = tiny.tiny_recipe(
    checkpoint_every_n_steps=1000, trainer__max_steps=40, task__pause_s=0.05, data__num_workers=1, data__steps=15
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The uninterrupted run."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(sys.modules, "crossmodal.hub", tiny.TinyHub)
        patched.setattr(crossmodal, "hub", tiny.TinyHub, raising=False)
        return train(
            recipes.override(RECIPE, {"task.pause_s": 0.0}), tmp_path_factory.mktemp("whole") / "run"
        ).directory


def assert_same_end(run: Path, whole: Path) -> None:
    ours, theirs = (torch.load(n / "weights" / "model.safetensors", weights_only=True) for n in (run, whole))
    assert [name for name in theirs if not torch.equal(ours[name], theirs[name])] == []
    assert (run / "metrics.csv").read_text() == (whole / "metrics.csv").read_text()


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), pytest.param(signal.SIGTERM, 143, marks=pytest.mark.slow)]
)
def test_a_stopped_run_resumes_exactly(number: signal.Signals, code: int, whole: Path, tmp_path: Path) -> None:
    recipes.write(RECIPE, tmp_path / "recipe.yaml")
    process = begin(tmp_path / "recipe.yaml", tmp_path / "run")
    wait_for_steps(tmp_path / "run", 3)
    process.send_signal(number)
    _, output = process.communicate(timeout=60)
    assert process.returncode == code, output
    assert "Traceback" not in output
    assert "stopping after this step" in output
    assert not (tmp_path / "run" / "weights").exists()
    stopped_at = torch.load(tmp_path / "run" / "checkpoints" / "last.ckpt", weights_only=True)["global_step"]
    assert 3 <= stopped_at < 40
    train(RECIPE, tmp_path / "run", resume=True)
    assert_same_end(tmp_path / "run", whole)


def test_a_killed_run_resumes(whole: Path, tmp_path: Path) -> None:
    recipe = recipes.override(RECIPE, {"checkpoint_every_n_steps": 2})
    recipes.write(recipe, tmp_path / "recipe.yaml")
    process = begin(tmp_path / "recipe.yaml", tmp_path / "run")
    wait_for_steps(tmp_path / "run", 5)
    process.kill()
    process.communicate(timeout=60)
    train(recipe, tmp_path / "run", resume=True)
    assert_same_end(tmp_path / "run", whole)


def test_batches_are_divided_between_two_processes(tmp_path: Path) -> None:
    made = tiny.tiny_recipe(trainer__devices=2, trainer__strategy="ddp", trainer__max_steps=4)
    recipes.write(made, tmp_path / "recipe.yaml")
    process = begin(tmp_path / "recipe.yaml", tmp_path / "run")
    _, output = process.communicate(timeout=240)
    assert process.returncode == 0, output
    assert (tmp_path / "run" / "weights" / "model.safetensors").is_file()
    assert len((tmp_path / "run" / "metrics.csv").read_text().splitlines()) == 5
