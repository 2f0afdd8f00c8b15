"""The wheel: it holds recipes, cards and licence, and works where the source tree is not."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

TREE = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree, built without network by the build backend itself."""
    # From a copy: a build leaves no trace in the tree, and files that git ignores are not part of it.
    tree = tmp_path_factory.mktemp("tree")
    for name in ("crossmodal", "datasets", "recipes"):
        shutil.copytree(TREE / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md"):
        shutil.copy(TREE / name, tree / name)
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    subprocess.run(command, cwd=tree, check=True, capture_output=True, timeout=120)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def bare_python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that has the wheel and sees this environment's libraries, but not the source tree."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(install, check=True, capture_output=True, timeout=120, env=clean_environment())
    (packages,) = folder.glob("lib/python*/site-packages")
    # A plain directory line, so that no .pth file in there is read: the editable install is one of them.
    (packages / "libraries.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return python


def clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}


def run(python: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(python.parent / "crossmodal"), *words],
        check=False,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        env=clean_environment(),
    )


def test_wheel_holds_recipes_cards_types_and_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        names = set(opened.namelist())
    cards = {f"crossmodal/_cards/{path.relative_to(TREE / 'datasets')}" for path in TREE.glob("datasets/*/card.yaml")}
    recipes = {f"crossmodal/_recipes/{path.relative_to(TREE / 'recipes')}" for path in TREE.glob("recipes/**/*.yaml")}
    assert cards
    assert cards | recipes | {"crossmodal/py.typed"} <= names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not any(name.startswith(("tests/", "datasets/", "recipes/", "benchmarks/")) for name in names)


def test_wheel_is_small_enough_to_ship(wheel: Path) -> None:
    assert wheel.stat().st_size < 45e6


def test_installed_command_works_in_an_empty_folder(bare_python: Path, tmp_path: Path) -> None:
    where = [str(bare_python), "-c", "import crossmodal; print(crossmodal.__file__)"]
    found = subprocess.run(where, cwd=tmp_path, capture_output=True, text=True, check=True, env=clean_environment())
    assert str(TREE) not in found.stdout
    listed = run(bare_python, tmp_path, "recipes")
    assert listed.returncode == 0, listed.stderr
    for path in TREE.glob("recipes/**/*.yaml"):
        assert path.relative_to(TREE / "recipes").with_suffix("").as_posix() in listed.stdout
    data = run(bare_python, tmp_path, "data", "list")
    assert data.returncode == 0, data.stderr
    assert "greatest_hits" in data.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow_install
def test_plain_pip_install_brings_everything(tmp_path: Path) -> None:
    venv.create(tmp_path / "bare", with_pip=True)
    python = tmp_path / "bare" / "bin" / "python"
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", str(TREE)], check=True, env=clean_environment())
    folder = tmp_path / "empty"
    folder.mkdir()
    done = run(python, folder, "check")
    assert done.returncode == 0, done.stderr
