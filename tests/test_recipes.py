"""Every recipe in the tree is sound, and runs for two steps on a tiny stand-in for its data."""

from pathlib import Path

import pytest

from crossmodal import recipe as recipes

# The same networks on smaller pictures, thinner and in smaller batches.
TINY = {
    "data.size": [36, 64],
    "data.batch_size": 2,
    "data.exemplars": 4,
    "task.model.size": [36, 64],
    "task.model.width": 0.1,
}


@pytest.fixture(scope="session")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four short simulated videos in the layout of Greatest Hits."""
    from crossmodal.data.stand_in_hits import make_stand_in_hits

    folder = tmp_path_factory.mktemp("stand_in")
    return make_stand_in_hits(folder, videos=4, seconds=3.0, seed=0, size=(72, 128), test_fraction=0.25)


@pytest.mark.parametrize("name", recipes.names())
def test_recipe_has_no_mistakes(name: str) -> None:
    recipes.check(recipes.read(name), name)


@pytest.mark.parametrize("name", recipes.names())
def test_measured_recipe_states_a_number(name: str) -> None:
    about = recipes.read(name)["about"]
    expected = about["expected"] if isinstance(about["expected"], list) else [about["expected"]]
    if about["status"] == "measured":
        assert all(entry["tolerance"] > 0 for entry in expected)


@pytest.mark.slow
@pytest.mark.parametrize("name", recipes.names())
def test_recipe_runs_for_two_steps(name: str, stand_in: Path, tmp_path: Path) -> None:
    from crossmodal.hub import save_weights
    from crossmodal.run import train

    recipe = recipes.read(name)
    shortened = TINY | {
        "data.root": str(stand_in),
        "data.cache": str(stand_in.with_name("cache")),
        "trainer.max_steps": 2,
        "trainer.accelerator": "cpu",
        "trainer.devices": 1,
        "trainer.limit_val_batches": 1,
    }
    recipe = recipes.override(recipe, shortened)
    if recipe.get("init_from"):
        # The shape of the weights that the recipe starts from is its own model's; what they have learned is not needed.
        model = recipes.build(recipe["task"], "task", seed=0).model
        recipe["init_from"] = str(save_weights(model, tmp_path / "initial", card=""))
    result = train(recipe, tmp_path / "run", name=name)
    assert result.steps == 2
    assert len(result.metrics) == len(recipe["evaluations"])
    assert (tmp_path / "run" / "weights" / "model.safetensors").is_file()
