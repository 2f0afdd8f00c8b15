"""A hub of their own for the runs of these tests."""

import sys

import pytest

import crossmodal
from tests.fakes import tiny


@pytest.fixture(autouse=True)
def tiny_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    """Save and load the tests' own model instead of the package's."""
    monkeypatch.setitem(sys.modules, "crossmodal.hub", tiny.TinyHub)
    monkeypatch.setattr(crossmodal, "hub", tiny.TinyHub, raising=False)
    for kept in (tiny.BATCHES, tiny.TRAINERS, tiny.NORMS):
        kept.clear()
