"""Compiled functions and the machine code that they keep on disk."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

SOURCE = """
from typing import NamedTuple
from crossmodal.compiled import compiled

class {name}(NamedTuple):
    height: int
    width: int

@compiled
def area(size):
    return size.height * size.width
"""


def load(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    path = folder / "kernel_of_a_test.py"
    path.write_text(SOURCE.format(name=name))
    spec = importlib.util.spec_from_file_location("kernel_of_a_test", path)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


def test_machine_code_is_kept_and_read_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("numba.core.config.CACHE_DIR", str(tmp_path / "cache"))
    module = load(tmp_path, "Size", monkeypatch)
    assert module.area(module.Size(3, 4)) == 12
    assert list((tmp_path / "cache").rglob("*.nbc"))
    again = load(tmp_path, "Size", monkeypatch)
    assert again.area(again.Size(3, 4)) == 12
    assert again.area.stats.cache_hits


def test_an_index_of_types_that_are_gone_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("numba.core.config.CACHE_DIR", str(tmp_path / "cache"))
    module = load(tmp_path, "Size", monkeypatch)
    module.area(module.Size(3, 4))
    renamed = load(tmp_path, "Extent", monkeypatch)
    assert renamed.area(renamed.Extent(5, 4)) == 20
    again = load(tmp_path, "Extent", monkeypatch)
    assert again.area(again.Extent(5, 4)) == 20
    assert again.area.stats.cache_hits


def test_a_damaged_index_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("numba.core.config.CACHE_DIR", str(tmp_path / "cache"))
    module = load(tmp_path, "Size", monkeypatch)
    module.area(module.Size(3, 4))
    for index in (tmp_path / "cache").rglob("*.nbi"):
        index.write_bytes(b"not an index")
    again = load(tmp_path, "Size", monkeypatch)
    assert again.area(again.Size(3, 4)) == 12
