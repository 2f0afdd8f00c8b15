"""What commands do not import: each is run on something small, and the packages of its process are listed.

`benchmarks/imports.py` prints what this is worth in CPU-seconds.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import crossmodal
from crossmodal.cli.entry import COMMANDS
from crossmodal.video import write_video

# Packages that take from a tenth of a second to four seconds to import.
HEAVY = {
    "torch", "torchvision", "torchaudio", "lightning", "numba", "scipy", "scipy.signal", "scipy.stats", "sklearn",
    "matplotlib", "h5py", "librosa", "pandas", "av", "PIL",
}  # fmt: skip
#: Commands and what of `HEAVY` they may import; those before `import torch` do without it.
WITHOUT_TORCH = {
    "--help": set(),
    "recipes": set(),
    "show stand_in_hits/demo": set(),
    "data list": set(),
    "train --help": set(),
    "evaluate --help": set(),
    "annotate --help": set(),
    "synthesize-labels --help": set(),
    "strip-sound clip.mp4 --out silent.mp4": {"av"},
    "data make walks --out walks --walks 1 --seconds 2": {"scipy"},
    "data make stand_in_hits --out hits --videos 1 --seconds 0.2": {"scipy", "numba", "av"},
}
WITH_TORCH = {
    "predict-sound clip.mp4 --out heard.mp4": {"av"},
    "gait walks/walk-000000.npz --out gait": {"scipy", "matplotlib", "PIL"},
    "noise spectrum --count 1 --size 16 --out noise": {"numba", "scipy", "PIL"},
    "probe small_alexnet --data photographs --few-shot 1": {"scipy", "av", "PIL"},
    "dissect scenes/generator --layer layer3 --segmenter scenes/segmenter --count 8 --out dissection": {
        "numba", "scipy", "matplotlib", "PIL",
    },
    "weights pack shipped --half --out packed": set(),
}  # fmt: skip

# One process takes turns: a fork for each command has nothing but what was imported before, and torch just once.
PROGRAM = """
import json, os, sys
from crossmodal.cli import main

without_torch, with_torch, heavy = json.loads(sys.argv[1])

def run(arguments, place):
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        output = os.open("output.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(output, 1)
        os.dup2(output, 2)
        code = main(arguments.split())
        os.write(write, json.dumps([code, sorted(set(heavy) & set(sys.modules))]).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        found[arguments] = json.loads(pipe.read() or "[null, []]")
    os.waitpid(child, 0)
    if found[arguments][0] != 0:
        sys.stderr.write(arguments + "\\n" + open("output.txt").read())

found = {}
for arguments in without_torch:
    run(arguments, found)
import torch
for arguments in with_torch:
    run(arguments, found)
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int | None, list[str]]]:
    """The exit code of each command, and what of `HEAVY` its process had imported in the end."""
    folder = tmp_path_factory.mktemp("imports")
    rng = np.random.default_rng(0)
    write_video(folder / "clip.mp4", rng.integers(0, 255, (30, 48, 64, 3), dtype=np.uint8), 30)
    for label in ("left", "right"):
        (folder / "photographs" / label).mkdir(parents=True)
        for number in range(6):
            image = Image.fromarray(rng.integers(0, 255, (48, 48, 3), dtype=np.uint8))
            image.save(folder / "photographs" / label / f"{number}.png")
    shipped = Path(crossmodal.__file__).parent / "_weights" / "noise" / "programs_quarter" / "small_alexnet"
    shutil.copytree(shipped, folder / "shipped")
    arguments = json.dumps([list(WITHOUT_TORCH), list(WITH_TORCH), sorted(HEAVY)])
    command = [sys.executable, "-c", PROGRAM, arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr
    found: dict[str, tuple[int | None, list[str]]] = json.loads(done.stdout)
    assert all(code == 0 for code, _ in found.values()), done.stderr
    return found


@pytest.mark.parametrize("arguments", [*WITHOUT_TORCH, *WITH_TORCH])
def test_a_command_imports_only_what_it_uses(imported: dict[str, tuple[int | None, list[str]]], arguments: str) -> None:
    allowed = WITHOUT_TORCH[arguments] if arguments in WITHOUT_TORCH else WITH_TORCH[arguments] | {"torch"}
    assert set(imported[arguments][1]) <= allowed


def test_every_command_is_looked_at() -> None:
    # `check` builds what the recipe names, of which Lightning is a part.
    assert {arguments.split()[0] for arguments in {*WITHOUT_TORCH, *WITH_TORCH}} >= set(COMMANDS) - {"check"}


def test_the_public_names_of_every_lazy_package_can_be_imported() -> None:
    lazy = (
        "data", "dissect", "evaluation", "labels", "metrics", "models", "objectives", "randomness", "tasks", "video",
    )  # fmt: skip
    for package in lazy:
        module = getattr(crossmodal, package)
        assert set(module.__all__) <= {*dir(module), *vars(module)}
        assert all(getattr(module, name) is not None for name in module.__all__)
        assert not hasattr(module, "no_such_name")
