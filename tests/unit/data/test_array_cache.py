"""Disk cache of arrays: computed once, and again when a dependency changes."""

from pathlib import Path

import numpy as np

from crossmodal.data.array_cache import cached_arrays


def test_arrays_are_computed_once_and_read_as_memory_maps(tmp_path: Path) -> None:
    made = []

    def make() -> dict[str, np.ndarray]:
        made.append(1)
        return {"a": np.arange(6).reshape(2, 3), "b": np.float16([0.5])}

    for version in (1, 1, 2):
        arrays = cached_arrays(tmp_path, "things", "some/odd name", {"version": version}, ("a", "b"), make)
        np.testing.assert_array_equal(arrays["a"], [[0, 1, 2], [3, 4, 5]])
        assert isinstance(arrays["b"], np.memmap)
        assert not arrays["b"].flags.writeable
    assert len(made) == 2
    assert len(list((tmp_path / "things").glob("some-odd-name-*"))) == 2


def test_an_entry_with_a_missing_file_is_computed_again(tmp_path: Path) -> None:
    def make() -> dict[str, np.ndarray]:
        return {"a": np.ones(2), "b": np.ones(3)}

    cached_arrays(tmp_path, "things", "x", {}, ("a", "b"), make)
    next((tmp_path / "things").rglob("a.npy")).unlink()
    assert cached_arrays(tmp_path, "things", "x", {}, ("a", "b"), make)["a"].shape == (2,)
