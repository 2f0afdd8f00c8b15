"""Procedural images as data sets and as a training stream."""

import lightning.pytorch as lightning
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from crossmodal import recipe as recipes
from crossmodal.data.noise.dataset import NoiseDataset, NoiseIndices, render
from crossmodal.data.noise.module import NoiseDataModule
from crossmodal.data.sampling import StepSampler
from tests.fakes.stripes import Stripes, know_stripes

SIZE = (8, 6)


@pytest.fixture(autouse=True)
def stripes_by_name(monkeypatch):
    know_stripes(monkeypatch)


def stream(**options):
    return NoiseDataModule(**({"process": "stripes", "length": 10, "batch_size": 4, "size": SIZE, "seed": 3} | options))


def rendered(data, loader):
    """Yield the batches of a loader as a trainer renders them."""
    for batch in loader:
        moved = data.transfer_batch_to_device(batch, torch.device("cpu"), 0)
        yield data.on_after_batch_transfer(moved, 0)


class TestDataset:
    def test_items_are_images_by_index(self):
        images = NoiseDataset("stripes", 5, size=SIZE, seed=1, first=7)
        assert len(images) == 5
        assert torch.equal(images[2]["image"], Stripes()([9], SIZE, 1)[0])
        assert images[2]["index"] == 9
        assert images[2]["label"] == Stripes().labels([9], 1)[0]
        with pytest.raises(IndexError, match="index 5 is out of range for 5 images"):
            images[5]

    @pytest.mark.parametrize("num_workers", [0, 1])
    def test_a_loader_draws_batches(self, num_workers):
        images = NoiseDataset(Stripes(width=2), 6, size=SIZE)
        batches = list(DataLoader(images, batch_size=4, num_workers=num_workers))
        assert torch.equal(torch.cat([b["image"] for b in batches]), Stripes(width=2)(range(6), SIZE))
        assert torch.cat([b["index"] for b in batches]).tolist() == list(range(6))

    def test_a_batch_is_one_call_of_the_process(self):
        calls = []

        class Counted(Stripes):
            def _draw(self, indices, size, seed):
                calls.append(len(indices))
                return super()._draw(indices, size, seed)

        images = NoiseDataset(Counted(), 6, size=SIZE)
        list(DataLoader(images, batch_size=3))
        assert calls == [0, 3, 3]  # the empty one checks size and seed

    def test_invalid_options_are_refused_in_the_constructor(self):
        with pytest.raises(ValueError, match="did you mean stripes"):
            NoiseDataset("stripe", 5)
        with pytest.raises(ValueError, match="at least 1 pixel"):
            NoiseDataset("stripes", 5, size=0)
        with pytest.raises(ValueError, match="length must be at least 1"):
            NoiseDataset("stripes", 0)
        with pytest.raises(ValueError, match="first must not be negative"):
            NoiseDataset("stripes", 5, first=-1)


class TestIndices:
    def test_of_a_given_length(self):
        indices = NoiseIndices(3, first=10)
        assert [indices[i] for i in range(len(indices))] == [10, 11, 12]
        assert indices[5, 1] == 11  # the sixth draw is item 1

    def test_without_an_end(self):
        indices = NoiseIndices(None, first=10)
        assert indices[2**40, 1] == 2**40 + 10
        with pytest.raises(TypeError, match="no length"):
            len(indices)


class TestStream:
    def test_loaders_give_indices_only(self):
        batch = next(iter(stream().train_dataloader()))
        assert batch.keys() == {"draw", "index"}
        assert batch["index"].dtype == batch["draw"].dtype == torch.int64

    def test_every_draw_has_its_own_number(self):
        data = stream(validation=3)
        loader = data.train_dataloader()
        draws = [draw for _ in range(4) for batch in loader for draw in batch["draw"].tolist()]
        assert draws == list(range(len(draws)))
        assert len(draws) > 10
        assert [batch["draw"].tolist() for batch in data.val_dataloader()] == [[0, 1, 2]]

    def test_kept_images_are_the_same_and_drawn_once(self, monkeypatch):
        drawn = []
        monkeypatch.setattr(Stripes, "_render", _counted(Stripes._render, drawn))
        fresh, kept = stream(validation=3, first=7), stream(validation=3, first=7, keep=True)
        for _ in range(2):
            for loaders in ("train_dataloader", "val_dataloader"):
                pairs = zip(*(rendered(data, getattr(data, loaders)()) for data in (fresh, kept)), strict=True)
                assert all(torch.equal(one[key], other[key]) for one, other in pairs for key in one)
        drawn.clear()
        for _ in range(3):
            list(rendered(kept, kept.train_dataloader()))
        assert drawn == []

    def test_an_endless_stream_cannot_be_kept(self):
        with pytest.raises(ValueError, match="keep needs a length"):
            stream(length=None, keep=True)

    def test_images_are_drawn_after_the_transfer(self):
        data = stream()
        for batch in rendered(data, data.train_dataloader()):
            expected = render(Stripes(), batch["index"], SIZE, 3)
            assert batch.keys() == {"image", "index", "label", "draw"}
            assert all(torch.equal(batch[key], expected[key]) for key in expected)

    def test_every_image_comes_once_before_any_comes_again(self):
        data = stream(batch_size=5, validation=3, first=100)
        indices = torch.cat([batch["index"] for batch in data.train_dataloader()]).tolist()
        assert sorted(indices) == list(range(103, 113))
        assert [b["index"].tolist() for b in rendered(data, data.val_dataloader())] == [[100, 101, 102]]
        assert [sample["index"].item() for sample in data.evaluation_dataset()] == [100, 101, 102]

    def test_an_endless_stream_never_repeats(self):
        data = stream(length=None, steps_per_epoch=6)
        loader = data.train_dataloader()
        indices = [index for _ in range(2) for batch in loader for index in batch["index"].tolist()]
        assert indices == list(range(48))
        with pytest.raises(ValueError, match="hold out images"):
            data.evaluation_dataset()

    @pytest.mark.parametrize("length", [None, 32])
    def test_ranks_draw_different_images(self, length):
        indices, drawn = NoiseIndices(length), []
        for rank in range(2):
            sampler = StepSampler(length or 4, 4, 0, 4, numbered=True, shard=(rank, 2))
            drawn += [indices[entry] for batch in sampler for entry in batch]
        assert sorted(drawn) == list(range(32))

    def test_a_run_resumes_at_its_step(self):
        whole = [batch["index"].tolist() for batch in stream(steps_per_epoch=5).train_dataloader()]
        loader = stream(steps_per_epoch=2).train_dataloader()
        loader.load_state_dict(loader.state_dict() | {"step": 3})
        assert [batch["index"].tolist() for batch in loader] == whole[3:]

    def test_recipes_can_name_it(self, monkeypatch):
        spec = {
            "class_path": "NoiseDataModule",
            "init_args": {"process": "stripes", "options": {"width": 2}, "size": [8, 6], "length": None},
        }
        data = recipes.build(spec, "data", seed=5)
        assert data.process == Stripes(width=2)
        assert (data.seed, data.size, data.classes) == (5, (8, 6), 2)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"process": "stripe"}, "did you mean stripes"),
            ({"options": {"widht": 2}}, "did you mean width"),
            ({"length": 0}, "length must be at least 1"),
            ({"batch_size": 0}, "batch_size=0"),
            ({"validation": -1}, "validation=-1"),
            ({"size": 0}, "at least 1 pixel"),
            ({"first": -2}, "first must not be negative"),
        ],
    )
    def test_invalid_options_are_refused(self, options, message):
        with pytest.raises(ValueError, match=message):
            stream(**options)


def _counted(render, drawn):
    def counted(self, draws, device):
        drawn.append(1)
        return render(self, draws, device)

    return counted


class Tiny(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 2)
        self.seen, self.validated = [], []

    def training_step(self, batch, _):
        self.seen.append(batch["index"].tolist())
        assert batch["image"].device == self.device
        return nn.functional.cross_entropy(self.layer(batch["image"].float().mean((2, 3)) / 255), batch["label"])

    def validation_step(self, batch, _):
        self.validated.append(batch["index"].tolist())

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.1)


@pytest.mark.filterwarnings("ignore:.*does not have many workers")  # they would have nothing to do
@pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning")  # Lightning's own
def test_lightning_trains_on_the_stream(tmp_path):
    data, task = stream(batch_size=2, steps_per_epoch=2, validation=3), Tiny()
    trainer = lightning.Trainer(
        max_steps=2, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, num_sanity_val_steps=0, default_root_dir=tmp_path,
    )  # fmt: skip
    trainer.fit(task, datamodule=data)
    assert task.seen == [batch["index"].tolist() for batch in data.train_dataloader()]
    assert task.validated == [[0, 1], [2]]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_images_are_drawn_on_the_training_device():
    data = stream()
    batch = next(iter(data.train_dataloader()))
    drawn = data.on_after_batch_transfer(data.transfer_batch_to_device(batch, torch.device("cuda"), 0), 0)
    assert {tensor.device.type for tensor in drawn.values()} == {"cuda"}
    assert torch.equal(drawn["image"].cpu(), Stripes()(batch["index"], SIZE, 3))
