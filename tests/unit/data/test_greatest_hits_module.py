"""Training, validation and evaluation videos, and batches that can be replayed."""

import pytest
import torch
from fakes.videos import write_hits_folder

from crossmodal.data import GreatestHitsData
from crossmodal.errors import DatasetError

SIZE = (18, 32)
VARIATIONS = {"flip": True, "brightness": 0.2, "contrast": 0.2, "shift": 0.1, "jitter_steps": 6, "loudness_db": 6.0}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    root = tmp_path_factory.mktemp("hits")
    write_hits_folder(root / "d", count=8, test=2)
    return root


def _make(place, **options):
    defaults = {
        "validation": 0,
        "steps_per_epoch": 5,
        "size": SIZE,
        "cache": str(place / "cache"),
        "batch_size": 4,
        "windows": "hits",
    }
    return GreatestHitsData(str(place / "d"), **{**defaults, **options})


def _batches(data, count):
    loader = iter(data.train_dataloader())
    return [next(loader) for _ in range(count)]


def _same(one, other):
    return all(torch.equal(one[key], other[key]) for key in one)


def test_no_video_is_in_two_parts(place):
    data = _make(place, validation=0.34)
    data.setup("fit")
    parts = [data.train_set.ids, data.validation_set.ids, data.evaluation_dataset().ids]
    assert [len(part) for part in parts] == [4, 2, 2]
    assert len({name for part in parts for name in part}) == 8
    assert data.evaluation_train_dataset().ids == parts[0]
    assert len(data.evaluation_dataset()) == 2


def test_folds_leave_each_video_out_once(place):
    seen = []
    for fold in range(3):
        data = _make(place, folds=3, fold=fold, validation=0)
        left_out = data.evaluation_dataset().ids
        assert not set(left_out) & set(data.train_set.ids)
        assert data.val_dataloader() == []
        seen += left_out
    assert len(seen) == len(set(seen)) == 8


def test_validation_videos_can_be_named(place):
    ids = _make(place, validation=0).train_set.ids
    data = _make(place, validation=ids[:1])
    assert data.validation_set.ids == ids[:1]
    assert data.train_set.ids == ids[1:]
    assert next(iter(data.val_dataloader()))["cochleagram"].shape[1:] == (42, 45)
    with pytest.raises(DatasetError, match="nobody"):
        _make(place, validation=["nobody"]).setup("fit")
    with pytest.raises(DatasetError, match="takes all 6"):
        _make(place, validation=ids).setup("fit")


@pytest.mark.parametrize("workers", [0, 1])
def test_batches_depend_on_the_seed_and_the_step_alone(place, workers):
    first = _batches(_make(place, **VARIATIONS), 5)
    again = _make(place, workers=workers, **VARIATIONS).train_dataloader()
    again.load_state_dict({**again.state_dict(), "step": 3})
    for batch, other in zip(first[3:], again, strict=False):
        assert _same(batch, other)
    assert not _same(first[0], _batches(_make(place, seed=1, **VARIATIONS), 1)[0])


def test_the_same_window_varies_from_one_pass_to_the_next(place):
    data = _make(place, **VARIATIONS)
    windows = len(data.train_set)
    data.batch_size = windows
    first, second = _batches(_make(place, validation=0, batch_size=windows, **VARIATIONS), 2)
    assert sorted(first["video"].tolist()) == sorted(second["video"].tolist())
    assert not torch.equal(first["spacetime"].sum(), second["spacetime"].sum())


def test_without_variations_windows_come_as_they_are(place):
    data = _make(place, validation=0)
    for batch in _batches(data, 1):
        assert (batch["onset"][:, 22] == 1).all()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"windows": "videos"}, "no batch can hold"),
        ({"folds": 3, "fold": 3}, "fold must be 0 to 2"),
        ({"validation": 1.5}, "validation must be"),
    ],
)
def test_options_that_do_not_fit_are_refused(place, options, words):
    with pytest.raises(ValueError, match=words):
        _make(place, **options)
