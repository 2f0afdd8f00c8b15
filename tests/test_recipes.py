"""Every recipe in the tree is sound, and runs for two steps on a tiny stand-in for its data."""

from pathlib import Path

import pytest

from crossmodal import recipe as recipes


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
def test_recipe_runs_for_two_steps(name: str, stand_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from crossmodal.run import train

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    shortened = {
        "data.root": str(stand_in),
        "trainer.max_steps": 2,
        "trainer.accelerator": "cpu",
        "trainer.devices": 1,
        "trainer.limit_val_batches": 1,
        "evaluations": [],
        "init_from": None,
    }
    result = train(recipes.override(recipes.read(name), shortened), tmp_path / "run", name=name)
    assert result.steps == 2
    assert (tmp_path / "run" / "weights" / "model.safetensors").is_file()
