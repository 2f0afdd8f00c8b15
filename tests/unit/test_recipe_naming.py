"""A recipe can name only classes of known packages, and no other code is called."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
from lightning.pytorch.callbacks import Callback, Timer
from torch import nn

from crossmodal import recipe as recipes
from crossmodal.cli import main
from crossmodal.errors import RecipeError
from crossmodal.recipe.building import converted
from crossmodal.recipe.naming import classes_of, without_classes
from tests.fakes.tiny import tiny_recipe

# A harmless replacement of a command: it creates a folder if it is called.
MADE = "made-by-a-recipe"
OUTSIDE = {"class_path": "os.mkdir", "init_args": {"path": MADE}}
# The same function, reached through a known package that imports it.
THROUGH = {"class_path": "crossmodal.files.os.mkdir", "init_args": {"path": MADE}}
# Known packages, but of another kind than the place demands.
OTHER_KIND = {"class_path": "crossmodal.recipe.write", "init_args": {"recipe": {}, "path": MADE}}
TINY = "tests.fakes.tiny"


def places() -> Iterator[tuple[str, Any]]:
    """Every place of a recipe where a class can be named, with the value that holds the given one."""
    yield "data", lambda spec: spec
    yield "task", lambda spec: spec
    yield "task.model", lambda spec: spec
    yield "task.learning_rate", lambda spec: spec
    yield "data.root", lambda spec: [spec]
    yield "evaluations", lambda spec: [spec]
    yield "trainer.callbacks", lambda spec: spec
    yield "trainer.callbacks", lambda spec: [spec]
    yield "trainer.callbacks", lambda spec: [{"class_path": "Timer", "init_args": {"duration": spec}}]
    for key in ("strategy", "accelerator", "plugins", "profiler", "max_steps", "precision", "devices"):
        yield f"trainer.{key}", lambda spec: spec


@pytest.mark.parametrize("spec", [OUTSIDE, THROUGH, OTHER_KIND], ids=["outside", "through", "other kind"])
@pytest.mark.parametrize(("place", "held"), list(places()))
def test_no_key_of_a_recipe_calls_a_class_that_it_may_not_name(
    place: str, held: Any, spec: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    recipe = recipes.override(tiny_recipe(), {place: held(spec)})
    assert any(place.partition(".")[0] in line for line in recipes.mistakes(recipe))
    recipes.write(recipe, "mine.yaml")
    for arguments in (
        ["check", "mine.yaml"],
        ["train", "mine.yaml", "--out", "run", "--dry-run"],
        ["train", "mine.yaml"],
    ):
        assert main(arguments) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["mine.yaml"]


@pytest.mark.parametrize("section", ["data", "task"])
def test_building_refuses_unchecked_classes(section: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for spec in (OUTSIDE, THROUGH, OTHER_KIND):
        with pytest.raises(RecipeError):
            recipes.build(spec, section)
    assert not list(tmp_path.iterdir())


def test_a_string_is_never_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "module_of_a_stranger.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    recipe = tiny_recipe(trainer__callbacks="module_of_a_stranger.Callback")
    assert any(line.startswith("trainer.callbacks: ") for line in recipes.mistakes(recipe))
    assert "module_of_a_stranger" not in sys.modules


def test_a_package_can_be_named_after_it_is_trusted_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "my_package.py").write_text("from tests.fakes.tiny import TinyModel\nclass Mine(TinyModel):\n    ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("crossmodal.recipe.naming._trusted", {"tests"})
    path = tmp_path / "mine.yaml"
    recipes.write(tiny_recipe(task__model__class_path="my_package.Mine"), path)
    assert main(["check", str(path)]) == 2
    assert "--trust my_package" in capsys.readouterr().err
    assert "my_package" not in sys.modules
    assert main(["check", str(path), "--trust", "my_package"]) == 0
    sys.modules.pop("my_package")


def test_a_trusted_class_still_needs_the_base_class_of_its_section() -> None:
    assert recipes.mistakes(tiny_recipe(task__class_path=f"{TINY}.TinyModel"))[0] == (
        f"task.class_path: a LightningModule was expected, found {TINY}.TinyModel"
    )
    assert recipes.mistakes(tiny_recipe(evaluations=[{"class_path": f"{TINY}.tiny_recipe"}]))[0].startswith(
        "evaluations.0.class_path: a function of crossmodal.evaluation with the arguments (predict, dataset)"
    )


def test_only_a_name_can_be_trusted() -> None:
    with pytest.raises(RecipeError, match="is not the name of a package"):
        recipes.trust("../mine.py")


@pytest.mark.parametrize(
    ("annotation", "classes", "plain"),
    [
        (int, [], int),
        (int | None, [], int | None),
        (Literal["a", 3], [], Literal["a", 3]),
        (Any, [], Any),
        (nn.Module, [nn.Module], None),
        (nn.Module | None, [nn.Module], type(None)),
        (str | Timer, [Timer], str),
        (list[Callback] | Callback | None, [Callback, Callback], type(None)),
        (tuple[int, ...], [], tuple[int, ...]),
        (Mapping[str, float], [], Mapping[str, float]),
        (Sequence[nn.Module], [nn.Module], None),
        (str | timedelta, [], str | timedelta),
        (Path, [], Path),
    ],
)
def test_a_type_is_split_into_classes_and_plain_values(annotation: Any, classes: list[type], plain: Any) -> None:
    assert [one for one in classes_of(annotation) if one.__module__ != "collections.abc"] == classes
    assert without_classes(annotation) == plain


def test_a_list_of_no_classes_is_a_list() -> None:
    assert recipes.mistakes(tiny_recipe(trainer__callbacks=[])) == []


def test_plain_values_are_still_converted() -> None:
    assert converted(tuple[int, int], [3, 4]) == (3, 4)
    assert converted(Path, "some/where") == Path("some/where")
    with pytest.raises(ValueError, match="class_path"):
        converted(nn.Module, "torch.nn.Identity")
