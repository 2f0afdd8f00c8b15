"""A replacement of the hub for the runs of these tests."""

import sys

import pytest

import crossmodal
from tests.fakes import tiny


@pytest.fixture(autouse=True)
def tiny_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    """Save and load the model of the tests instead of those of the package."""
    monkeypatch.setitem(sys.modules, "crossmodal.hub", tiny.TinyHub)
    monkeypatch.setattr(crossmodal, "hub", tiny.TinyHub, raising=False)
    for kept in (tiny.BATCHES, tiny.TRAINERS, tiny.NORMS):
        kept.clear()
