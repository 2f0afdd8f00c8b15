"""Recipes: found, read, overridden, checked, compared, written."""

from pathlib import Path
from typing import Any

import pytest

from crossmodal import recipe as recipes
from crossmodal.errors import RecipeError
from tests.fakes.tiny import TinyModel, TinyTask, tiny_recipe


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of recipes for the test."""
    from crossmodal.recipe import reading

    monkeypatch.setattr(reading, "folder", lambda: tmp_path)
    return tmp_path


def put(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_sound_recipe_has_no_mistakes() -> None:
    assert recipes.mistakes(tiny_recipe()) == []


def test_three_mistakes_are_reported_at_once_with_path_and_nearest_name() -> None:
    recipe = tiny_recipe(trainer__max_step=5, task__learning_rat=0.1, data__length="many")
    with pytest.raises(RecipeError) as raised:
        recipes.check(recipe, "mine.yaml")
    lines = str(raised.value).splitlines()
    assert lines[0] == "mine.yaml: 3 mistakes"
    message = "\n".join(lines[1:])
    assert "trainer.max_step: Trainer has no such argument; did you mean max_steps?" in message
    assert "task.init_args.learning_rat: TinyTask has no such argument; did you mean learning_rate?" in message
    assert "data.init_args.length: int was expected, found 'many'" in message


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tusk": 1}, "tusk: unknown key; did you mean task?"),
        ({"seed": -1}, "seed: a whole number from 0 to 4294967295 was expected, found -1"),
        ({"seed": 2**32}, "seed: a whole number from 0 to 4294967295 was expected, found 4294967296"),
        ({"seed": True}, "seed: a whole number from 0 to 4294967295 was expected, found True"),
        ({"task__class_path": "tests.fakes.tiny.TinyTusk"}, "did you mean tests.fakes.tiny.TinyTask?"),
        ({"task__class_path": "tests.fakes.tinny.TinyTask"}, "there is no module 'tests.fakes.tinny'"),
        (
            {"task__class_path": "nowhere.at.All"},
            "nowhere.at is not a package that recipes may name; choose one of: crossmodal, lightning.pytorch",
        ),
        ({"task__class_path": "crossmodal.tasck.Task"}, "did you mean crossmodal.tasks?"),
        ({"task__model__width": 2.5}, "task.init_args.model.init_args.width: int was expected, found 2.5"),
        ({"task__model__widht": 2}, "task.init_args.model.init_args.widht: TinyModel has no such argument"),
        (
            {"task__model__class_path": "tests.fakes.tiny.TinyData"},
            "a Module was expected, found tests.fakes.tiny.TinyData",
        ),
        ({"data": 3}, "data: a mapping with class_path and init_args was expected, found 3"),
        ({"trainer__logger": True}, "trainer.logger: a recipe cannot set it: a run writes metrics.csv"),
        ({"trainer": {"accelerator": "cpu"}}, "trainer: the run has no end"),
        ({"trainer__precision": 12}, "trainer.precision:"),
        ({"trainer__callbacks": []}, None),
        ({"evaluations": None}, None),
        ({"evaluations": "all"}, "evaluations: a list was expected"),
        (
            {"evaluations": [{"class_path": "tests.fakes.tiny.tiny_error", "init_args": {"scal": 2}}]},
            "did you mean scale?",
        ),
        ({"init_from": 3}, "init_from: the path of a weights folder was expected"),
        ({"about__status": "done"}, "about.status: measured or unmeasured was expected"),
        ({"about__status": "measured"}, "about.commit: missing"),
        ({"about__status": "measured", "about__date": "May", "about__commit": "x"}, "about.date: a date like"),
        ({"about__trains": ""}, "about.trains: a sentence was expected"),
        ({"about__expected": {"metric": "f1", "value": "good"}}, "about.expected.value: a number was expected"),
    ],
)
def test_mistakes(changes: dict[str, Any], message: str | None) -> None:
    found = recipes.mistakes(tiny_recipe(**changes))
    if message is None:
        assert found == []
    else:
        assert any(message in line for line in found), found


def test_missing_sections_and_arguments() -> None:
    recipe = tiny_recipe()
    del recipe["about"], recipe["task"]["init_args"]["model"]
    assert recipes.mistakes(recipe) == ["about: missing", "task.init_args.model: missing; TinyTask requires it"]


def test_short_names_resolve() -> None:
    from crossmodal.models import SoundFromVideo

    assert recipes.named_object("SoundFromVideo", "task") is SoundFromVideo
    with pytest.raises(RecipeError, match=r"did you mean crossmodal\.models\.SoundFromVideo"):
        recipes.named_object("SoundFromVidoe", "task")


def test_build_makes_nested_objects_first_and_converts_values() -> None:
    recipe = tiny_recipe(task__model__width=7, data__root="some/where")
    task = recipes.build(recipe["task"], "task", seed=1)
    assert isinstance(task, TinyTask)
    assert isinstance(task.model, TinyModel)
    assert task.model.width == 7
    converted = recipes.building.built_arguments(
        recipes.named_object("tests.fakes.tiny.TinyData", "data"), recipe["data"]["init_args"], "data", seed=3
    )
    assert converted["root"] == Path("some/where")
    assert converted["seed"] == 3


def test_values_are_parsed() -> None:
    assert recipes.parse_value("1e-3") == 0.001
    assert recipes.parse_value("[1, 2]") == [1, 2]
    assert recipes.parse_value("true") is True
    assert recipes.parse_value("null") is None
    assert recipes.parse_value("vis-data: 256: x") == "vis-data: 256: x"


def test_values_beyond_what_python_reads_stay_text() -> None:
    assert recipes.parse_value("9" * 5000) == "9" * 5000
    assert recipes.parse_value("[" * 5000 + "]" * 5000) == "[" * 5000 + "]" * 5000


def test_overrides_pass_through_init_args_and_lists() -> None:
    recipe = tiny_recipe(evaluations=[{"class_path": "tests.fakes.tiny.tiny_error"}])
    changed = recipes.override(
        recipe, {"task.model.width": 9, "evaluations.0.scale": 2.0, "trainer.callbacks": None, "init_from": "w"}
    )
    assert changed["task"]["init_args"]["model"]["init_args"]["width"] == 9
    assert changed["evaluations"][0]["init_args"] == {"scale": 2.0}
    assert "callbacks" not in recipe["trainer"]


def test_another_class_drops_the_arguments_of_the_first() -> None:
    changed = recipes.override(tiny_recipe(), {"task.model.class_path": "torch.nn.Identity"})
    assert changed["task"]["init_args"]["model"] == {"class_path": "torch.nn.Identity"}


def test_another_process_drops_the_options_of_the_first() -> None:
    data = {
        "class_path": "NoiseDataModule",
        "init_args": {"process": "programs", "options": {"programs": 16}, "size": 48},
    }
    changed = recipes.override({"data": data}, {"data.process": "orbits"})
    assert changed["data"]["init_args"] == {"process": "orbits", "size": 48}
    assert recipes.override({"data": data}, {"data.process": "programs"})["data"] == data
    assert recipes.merge(data, {"init_args": {"process": "orbits"}})["init_args"] == {"process": "orbits", "size": 48}
    over = {"init_args": {"process": "orbits", "options": {"classes": 5}}}
    assert recipes.merge(data, over)["init_args"]["options"] == {"classes": 5}


@pytest.mark.parametrize("place", ["data", "data.init_args"])
def test_a_choice_and_its_arguments_may_come_in_any_order(place: str) -> None:
    data = {"class_path": "NoiseDataModule", "init_args": {"process": "programs", "options": {"programs": 16}}}
    changes = {f"{place}.options.shape": "oriented", "data.size": 64, f"{place}.process": "dead_leaves"}
    expected = {"process": "dead_leaves", "options": {"shape": "oriented"}, "size": 64}
    for given in (changes, dict(reversed(changes.items()))):
        assert recipes.override({"data": data}, given)["data"]["init_args"] == expected
    classes = {"task.model.width": 3, "task.model.class_path": "torch.nn.Identity"}
    assert recipes.override(tiny_recipe(), classes)["task"]["init_args"]["model"]["init_args"] == {"width": 3}


@pytest.mark.parametrize("key", ["seed.deep", "evaluations.3.scale"])
def test_override_that_leads_nowhere(key: str) -> None:
    with pytest.raises(RecipeError, match=key):
        recipes.override(tiny_recipe(evaluations=[]), {key: 1})


def test_recipes_are_found_by_name_and_by_path(shelf: Path, tmp_path: Path) -> None:
    path = put(shelf, "bells/paper", "seed: 1")
    assert recipes.reading.names() == ["bells/paper"]
    assert recipes.read("bells/paper") == recipes.read(path) == {"seed": 1}
    with pytest.raises(RecipeError, match=r"did you mean bells/paper\?"):
        recipes.read("bells/papr")
    with pytest.raises(RecipeError, match="no such file"):
        recipes.read(tmp_path / "gone.yaml")


def test_a_base_is_merged_without_its_about(shelf: Path) -> None:
    put(shelf, "bells/paper", "about: {cost: much}\nseed: 1\ntrainer: {max_steps: 10, devices: 1}")
    put(shelf, "bells/small", "base: bells/paper\ntrainer: {max_steps: 5}")
    assert recipes.read("bells/small") == {"seed": 1, "trainer": {"max_steps": 5, "devices": 1}}


def test_bases_in_a_cycle(shelf: Path) -> None:
    put(shelf, "a", "base: b")
    put(shelf, "b", "base: a")
    with pytest.raises(RecipeError, match="the recipes form a cycle"):
        recipes.read("a")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seed: 1\nseed: 2", r"line 2, column 1: .*duplicate key"),
        ("seed: [1", r"line 1"),
        ("- 1", "a recipe is a mapping"),
        ("base: nowhere", r"base: nowhere: no recipe of this name"),
        ("a: !!python/object/apply:os.system [ls]", "not valid YAML"),
        (f"seed: {'9' * 5000}", "a number has more than 4,300 digits"),
        (f"seed: {'[' * 5000}{']' * 5000}", "values are nested too deeply"),
    ],
)
def test_files_that_are_not_recipes(shelf: Path, text: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        recipes.read(put(shelf, "wrong", text))


def test_aliases_that_expand_to_billions_of_values(shelf: Path) -> None:
    doubled = "".join(f"\n- &a{i + 1} [*a{i}, *a{i}]" for i in range(40))
    path = put(shelf, "bomb", f"data:\n- &a0 [1, 1]{doubled}")
    with pytest.raises(RecipeError, match=r"bomb\.yaml: more than 100,000 values"):
        recipes.read(path)
    path = put(shelf, "deep", f"data: {'[' * 60}{']' * 60}")
    with pytest.raises(RecipeError, match=r"deep\.yaml: more than .* 50 levels"):
        recipes.read(path)
    assert recipes.read(put(shelf, "twice", "data: [&a [1, 2], *a]")) == {"data": [[1, 2], [1, 2]]}


def test_differences_name_key_and_both_values() -> None:
    changed = tiny_recipe(trainer__max_steps=3, init_from="w")
    assert recipes.difference(tiny_recipe(), changed) == [
        "trainer.max_steps: 12 -> 3",
        "init_from: (nothing) -> 'w'",
    ]


def test_written_recipe_reads_back(tmp_path: Path) -> None:
    recipes.write(tiny_recipe(), tmp_path / "recipe.yaml")
    assert recipes.read(tmp_path / "recipe.yaml") == tiny_recipe()


def test_a_date_stays_text(tmp_path):
    path = tmp_path / "dated.yaml"
    path.write_text("about: {date: 2026-01-31}\n", encoding="utf-8")
    assert recipes.read(path)["about"]["date"] == "2026-01-31"
