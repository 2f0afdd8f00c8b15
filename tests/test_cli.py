"""The command as a process: quick, quiet about its insides, honest exit codes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from crossmodal.cli import main

TREE = Path(__file__).resolve().parents[1]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(TREE)}
LIGHT = ["--help", "--version", "recipes", "train --help", "predict-sound --help", "data list", "trian", "train nope"]


def crossmodal(*arguments: str) -> subprocess.CompletedProcess[str]:
    return finished([sys.executable, "-m", "crossmodal.cli", *arguments])


def finished(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, check=False, env=ENVIRONMENT, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("arguments", LIGHT)
def test_help_and_usage_errors_import_no_torch(arguments: str) -> None:
    done = finished([sys.executable, "-X", "importtime", "-m", "crossmodal.cli", *arguments.split()])
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines() if "|" in line}
    assert "crossmodal" in imported
    assert not imported & {"torch", "lightning", "numpy", "scipy", "matplotlib", "av", "jsonargparse"}


def test_no_words_print_the_overview() -> None:
    done = crossmodal()
    assert done.returncode == 2
    assert "usage: crossmodal COMMAND" in done.stdout


def test_closed_pipe_is_no_traceback() -> None:
    program = f"{sys.executable} -m crossmodal.cli --help | true; exit ${{PIPESTATUS[0]}}"
    done = finished(["bash", "-c", program])
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 141)  # 0 when the pipe closed only after the last word


def test_full_disk_behind_the_output_is_no_traceback() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "crossmodal.cli", "--help"]
        done = subprocess.run(
            command, check=False, env=ENVIRONMENT, stdout=full, stderr=subprocess.PIPE, text=True, timeout=120
        )
    assert done.returncode == 1
    assert "the disk is full" in done.stderr
    assert "Traceback" not in done.stderr


def test_three_mistakes_in_a_recipe_come_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = tmp_path / "mine.yaml"
    recipe.write_text("sed: 1\nseed: -1\ntrainer: {max_step: 5}\n")
    # In this process, where Trainer is imported already.
    assert main(["check", str(recipe)]) == 2
    said = capsys.readouterr().err
    assert "sed: unknown key; did you mean seed?" in said
    assert "seed: a whole number" in said
    assert "trainer.max_step: Trainer has no such argument; did you mean max_steps?" in said
    assert "Traceback" not in said
