"""Training, validation and evaluation videos, and batches that can be replayed."""

import pytest
import torch

from crossmodal.data import GreatestHitsDataModule
from crossmodal.errors import DatasetError
from tests.fakes.videos import write_hits_folder

SIZE = (18, 32)
AUGMENTATION = {"flip": True, "brightness": 0.2, "contrast": 0.2, "shift": 0.1, "jitter_steps": 6, "loudness_db": 6.0}


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
    return GreatestHitsDataModule(str(place / "d"), **{**defaults, **options})


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
    evaluated = []
    for fold in range(3):
        data = _make(place, folds=3, fold=fold, validation=0)
        left_out = data.evaluation_dataset().ids
        assert not set(left_out) & set(data.train_set.ids)
        assert data.val_dataloader() == []
        evaluated += left_out
    assert len(evaluated) == len(set(evaluated)) == 8


def test_a_fraction_of_the_training_videos_keeps_the_other_parts(place):
    whole, some = (_make(place, validation=0.34, share=share) for share in (1.0, 0.5))
    assert len(some.train_set.ids) == 2
    assert set(some.train_set.ids) < set(whole.train_set.ids)
    assert some.validation_set.ids == whole.validation_set.ids
    assert len(_make(place, share=0.01).train_set.ids) == 1
    with pytest.raises(ValueError, match="share must be"):
        _make(place, share=0.0)


def test_validation_videos_can_be_named(place):
    ids = _make(place, validation=0).train_set.ids
    data = _make(place, validation=ids[:1])
    assert data.validation_set.ids == ids[:1]
    assert data.train_set.ids == ids[1:]
    assert next(iter(data.val_dataloader()))["cochleagram"].shape[1:] == (42, 45)
    with pytest.raises(DatasetError, match="nobody"):
        _make(place, validation=["nobody"]).setup("fit")
    with pytest.raises(DatasetError, match="holds out all 6"):
        _make(place, validation=ids).setup("fit")


@pytest.mark.parametrize("num_workers", [0, 1])
def test_batches_depend_only_on_the_seed_and_the_step(place, num_workers):
    first = _batches(_make(place, **AUGMENTATION), 5)
    again = _make(place, num_workers=num_workers, **AUGMENTATION).train_dataloader()
    again.load_state_dict({**again.state_dict(), "step": 3})
    for batch, other in zip(first[3:], again, strict=False):
        assert _same(batch, other)
    assert not _same(first[0], _batches(_make(place, seed=1, **AUGMENTATION), 1)[0])


def test_the_same_window_is_augmented_differently_in_each_pass(place):
    data = _make(place, **AUGMENTATION)
    windows = len(data.train_set)
    data.batch_size = windows
    first, second = _batches(_make(place, validation=0, batch_size=windows, **AUGMENTATION), 2)
    assert sorted(first["video"].tolist()) == sorted(second["video"].tolist())
    assert not torch.equal(first["spacetime"].sum(), second["spacetime"].sum())


def test_without_augmentation_windows_are_unchanged(place):
    data = _make(place, validation=0)
    for batch in _batches(data, 1):
        assert (batch["onset"][:, 22] == 1).all()


def test_training_sound_is_that_of_the_training_videos_only(place):
    data = _make(place, validation=0.34)
    videos = data.train_set
    everything = torch.cat([videos.cochleagram(name) for name in videos.ids], dim=1)
    assert torch.equal(data.training_cochleagrams(10**6), everything)
    assert len(videos.ids) == 4  # neither the two of validation nor the two of the test


@pytest.mark.parametrize("max_steps", [1, 7, 50, 200])
def test_training_sound_is_subsampled_evenly(place, max_steps):
    data = _make(place)
    subsampled, everything = data.training_cochleagrams(max_steps), data.training_cochleagrams(10**6)
    videos = len(data.train_set.ids)
    assert subsampled.shape[0] == 42
    assert 0 < subsampled.shape[1] <= max_steps + videos  # at least one step per video
    assert subsampled.shape[1] >= min(max_steps, everything.shape[1]) / 2
    kept = {tuple(step) for step in everything.T.tolist()}
    assert all(tuple(step) in kept for step in subsampled.T.tolist())


def test_exemplars_are_labelled_impacts_of_training_videos(place):
    data = _make(place, validation=0.34)
    bank = data.exemplar_bank()
    videos, times_s = zip(*(name.split("@") for name in bank.names), strict=True)
    assert set(videos) == set(data.train_set.ids)
    # The hit at 0.8 s has no label; those at 0.4 s (wood) and 1.1 s (metal) do.
    assert sorted(set(times_s)) == ["0.400", "1.100"]
    assert len(bank) == 2 * len(data.train_set.ids)
    assert bank.features.shape == (len(bank), 42, 45)
    assert bank.waveforms.shape == (len(bank), bank.rate_hz // 2)


def test_an_exemplar_has_its_impact_at_the_bank_s_step(place):
    bank = _make(place).exemplar_bank()
    energy = bank.waveforms.square()
    onset = round(bank.onset_step / 90 * bank.rate_hz)
    around = energy[:, onset - 250 : onset + 250].sum(dim=1)  # 11 ms before and after
    wood = torch.tensor([name.endswith("0.400") for name in bank.names])
    assert (around[wood] > 0.9 * energy[wood, : onset + 2000].sum(dim=1)).all()
    level = bank.features[wood].mean(dim=1)
    assert ((level.argmax(dim=1) - bank.onset_step).abs() <= 2).all()


@pytest.mark.parametrize("count", [1, 2, 5, 100])
def test_exemplars_are_balanced_over_materials(place, count):
    data = _make(place, exemplars=count)
    bank = data.exemplar_bank()
    labelled = 2 * len(data.train_set.ids)
    assert len(bank) == min(count, labelled)
    wood = sum(name.endswith("0.400") for name in bank.names)
    assert abs(wood - (len(bank) - wood)) <= 1
    assert len(set(bank.names)) == len(bank)


def test_exemplars_depend_only_on_the_seed(place):
    def names(seed):
        return _make(place, exemplars=3, seed=seed).exemplar_bank().names

    assert names(0) == names(0)
    assert len({names(seed) for seed in range(6)}) > 1


def test_no_exemplars_are_no_bank(place, tmp_path):
    assert _make(place, exemplars=0).exemplar_bank() is None
    write_hits_folder(tmp_path / "d", count=2, labels="0.400000 None None None\n")
    unlabelled = GreatestHitsDataModule(str(tmp_path / "d"), size=SIZE, cache=str(tmp_path / "cache"), validation=0)
    assert unlabelled.exemplar_bank() is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"windows": "videos"}, "a batch needs windows of equal length"),
        ({"folds": 3, "fold": 3}, "fold must be 0 to 2"),
        ({"validation": 1.5}, "validation must be"),
    ],
)
def test_invalid_options_are_refused(place, options, message):
    with pytest.raises(ValueError, match=message):
        _make(place, **options)
