"""Training of a generator: updates of a step, saved weights, and learning of uniform colours in seconds."""

import copy
import warnings
from typing import Any

import lightning.pytorch as lightning
import pytest
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from crossmodal.models import SmallDiscriminator, SmallGenerator
from crossmodal.randomness import generator
from crossmodal.tasks import GeneratorTask


class FlatImages(Dataset[dict[str, Tensor]]):
    """Images of one colour, red (label 0) or blue (label 1), lighter or darker."""

    def __len__(self) -> int:
        return 4096

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        draws = generator(0, "flat pictures", index)
        label, colour = int(draws.integers(2)), torch.full((3,), 40)
        colour[2 * label] = int(draws.integers(150, 230))
        image = colour.to(torch.uint8)[:, None, None].expand(3, 8, 8)
        return {"image": image, "label": torch.tensor(label)}


class FlatData(lightning.LightningDataModule):
    def __init__(self, *, labelled: bool = True) -> None:
        super().__init__()
        self.labelled = labelled

    def train_dataloader(self) -> Any:
        return DataLoader(FlatImages(), batch_size=16)

    def val_dataloader(self) -> Any:
        return DataLoader(FlatImages(), batch_size=64)

    def on_after_batch_transfer(self, batch: dict[str, Tensor], dataloader_idx: int) -> dict[str, Tensor]:
        return batch if self.labelled else {"image": batch["image"]}


def make_task(classes: int = 2, **options: Any) -> GeneratorTask:
    torch.manual_seed(0)
    model, opponent = SmallGenerator(8, 8, 0.5, classes), SmallDiscriminator(8, 0.5, classes)
    return GeneratorTask(model, opponent, **options)


def fit(task: GeneratorTask, steps: int, **options: Any) -> lightning.Trainer:
    quiet = dict.fromkeys(("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False)
    defaults = {"limit_val_batches": 0, "accelerator": "cpu", "num_sanity_val_steps": 0, "gradient_clip_val": 30.0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Lightning's advice on workers and loggers
        trainer = lightning.Trainer(max_steps=steps, **(quiet | defaults | options))
        trainer.fit(task, datamodule=FlatData(labelled=task.model.classes > 0))
    return trainer


def test_colours_and_their_labels_are_learned():
    task = make_task(learning_rate=5e-3)
    trainer = fit(task, 160, limit_val_batches=2, val_check_interval=160, check_val_every_n_epoch=None)
    drawn, labels = task.model.draw(range(200)).float(), task.model.labels(range(200))
    red, green, blue = drawn.mean(dim=(2, 3)).T
    assert ((red > blue) == (labels == 0)).float().mean() > 0.95
    assert float(green.mean()) == pytest.approx(40, abs=25)
    assert float(trainer.callback_metrics["validation/sliced_wasserstein"]) < 0.1


def test_a_step_updates_both_networks_and_the_average():
    task = make_task()
    before = copy.deepcopy(task.state_dict())
    assert fit(task, 2).global_step == 2
    after = task.state_dict()
    still = [name for name, value in after.items() if torch.equal(value, before[name])]
    assert still == ["player.label_counts"]  # the average counts
    # The average stays behind the player.
    name = "picture.weight"
    ahead = (after[f"player.{name}"] - before[f"player.{name}"]).norm()
    assert 0 < (after[f"model.{name}"] - before[f"model.{name}"]).norm() < ahead


def test_each_network_gets_only_the_gradients_of_its_loss():
    task = make_task(classes=0, penalty_weight=0.0)
    task.trainer = type("Trainer", (), {"world_size": 1, "global_rank": 0, "global_step": 1})()
    task.log_dict = lambda *_, **__: None
    batch = {"image": torch.randint(0, 256, (8, 3, 8, 8), dtype=torch.uint8)}
    task.training_step(batch, 0).backward()
    found = {name: parameter.grad.clone() for name, parameter in task.named_parameters() if parameter.grad is not None}
    task.zero_grad()
    drawn = task.player(task._latents(8))
    torch.nn.functional.softplus(-task.discriminator(drawn)).mean().backward()
    for name, parameter in task.player.named_parameters():
        torch.testing.assert_close(found[f"player.{name}"], parameter.grad)
    task.zero_grad()
    scores = task.discriminator(batch["image"] / 255), task.discriminator(drawn.detach())
    (torch.nn.functional.softplus(-scores[0]) + torch.nn.functional.softplus(scores[1])).mean().backward()
    for name, parameter in task.discriminator.named_parameters():
        torch.testing.assert_close(found[f"discriminator.{name}"], parameter.grad)


def test_an_interrupted_run_equals_an_uninterrupted_one():
    first, second = (make_task(seed=4) for _ in range(2))
    for task in (first, second):
        fit(task, 3)
    assert all(
        torch.equal(a, b) for a, b in zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    )
    other = make_task(seed=5)
    fit(other, 3)
    assert not torch.equal(first.model.picture.weight, other.model.picture.weight)


def test_labels_are_counted():
    task = make_task()
    fit(task, 5)
    assert int(task.model.label_counts.sum()) == 2 + 5 * 16


def test_networks_that_do_not_match_are_refused():
    with pytest.raises(ValueError, match="made for"):
        GeneratorTask(SmallGenerator(16), SmallDiscriminator(32))
    with pytest.raises(ValueError, match="made for"):
        GeneratorTask(SmallGenerator(16, classes=2), SmallDiscriminator(16))
    with pytest.raises(ValueError, match="penalty_every"):
        make_task(penalty_every=0)
