from dataclasses import dataclass
from importlib import import_module

import pytest

from crossmodal import noise
from crossmodal.noise import catalogue
from tests.fakes.forgotten import forgotten


@dataclass(frozen=True, kw_only=True)
class Stripes(noise.Process[None]):
    name = "stripes_of_a_plugin"
    width: int = 2

    def _draw(self, indices, size, seed):
        raise NotImplementedError

    def _render(self, draws, device):
        raise NotImplementedError


@pytest.fixture
def registered(monkeypatch):
    monkeypatch.setattr(catalogue, "_REGISTERED", dict(catalogue._REGISTERED))
    loads = []

    def load():
        loads.append(Stripes.name)
        return Stripes

    catalogue.register(Stripes.name, load)
    return loads


def test_a_registered_process_is_listed_and_loaded_only_when_needed(registered):
    assert Stripes.name in noise.names()
    assert registered == []
    assert catalogue.process_class(Stripes.name) is Stripes
    assert registered == [Stripes.name]


def test_a_registered_process_is_created_by_name(registered):
    process = noise.create(Stripes.name, width=5)
    assert process == Stripes(width=5)
    assert catalogue.from_description(process.describe()) == process


def test_misspelt_names_suggest_registered_ones(registered):
    with pytest.raises(ValueError, match="did you mean stripes_of_a_plugin"):
        noise.create("stripes_of_a_plugn")


@pytest.mark.parametrize("name", ["dead_leaves", "shader"])
def test_names_of_this_package_cannot_be_registered(registered, name):
    with pytest.raises(ValueError, match=f"the name '{name}' is taken"):
        catalogue.register(name, lambda: Stripes)
    assert catalogue.process_class(name) is not Stripes


def test_feature_visualization_is_registered_by_its_package(monkeypatch):
    monkeypatch.setattr(catalogue, "_REGISTERED", {})
    with forgotten("crossmodal.visualization"):
        visualization = import_module("crossmodal.visualization")
        assert noise.process_class("feature_visualization") is visualization.FeatureVisualization
