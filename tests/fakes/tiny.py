"""A task, a model and data that train in milliseconds, to test runs without images or sound."""

import builtins
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import lightning.pytorch as lightning
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import Callback
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from crossmodal.data.sampling import StepLoader, StepSampler
from crossmodal.errors import WeightsError
from crossmodal.randomness import generator
from crossmodal.recipe import trust

# As `--trust tests` does: recipes of the tests name the classes below.
trust("tests")

BATCHES: list[list[int]] = []
"""The items of every training batch that a task has seen in this process."""


class TinyCochleagrams(Dataset[dict[str, Tensor]]):
    """Noise in, smoothed noise out: (8, 6) images and (8, 6) targets, each made from its index."""

    def __init__(self, length: int, broken: Sequence[int] = ()) -> None:
        self.length = length
        self.broken = set(broken)

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, entry: int | tuple[int, int]) -> dict[str, Tensor]:
        draw, index = entry if isinstance(entry, tuple) else (0, entry)
        seen = torch.from_numpy(generator(0, "tiny", index).standard_normal((8, 6), dtype="float32"))
        jitter = torch.from_numpy(generator(0, "jitter", draw).standard_normal((8, 6), dtype="float32"))
        heard = seen.roll(1, dims=0).abs() + (float("nan") if index in self.broken else 0.0)
        return {"seen": seen + 0.01 * jitter, "heard": heard, "index": torch.tensor(index)}


class TinyData(lightning.LightningDataModule):
    """Training and validation items; the training batches are decided by (seed, step)."""

    def __init__(
        self,
        seed: int,
        length: int = 10,
        batch_size: int = 4,
        steps: int | None = None,
        num_workers: int = 0,
        broken: Sequence[int] = (),
        root: Path | None = None,
    ) -> None:
        super().__init__()
        self.sampler = StepSampler(length, batch_size, seed, steps, numbered=True)
        self.train = TinyCochleagrams(length, broken)
        self.num_workers = num_workers

    def train_dataloader(self) -> StepLoader:
        return StepLoader(self.train, self.sampler, num_workers=self.num_workers)

    def val_dataloader(self) -> DataLoader[Any]:
        return DataLoader(TinyCochleagrams(6), batch_size=3)

    def evaluation_train_dataset(self) -> TinyCochleagrams:
        return self.train

    def evaluation_dataset(self) -> TinyCochleagrams:
        return TinyCochleagrams(6)


class TinyModel(nn.Module):
    """One hidden layer with dropout, so that the random state matters."""

    def __init__(self, width: int = 5, dropout: float = 0.5) -> None:
        super().__init__()
        if width < 1:
            raise ValueError(f"width must be at least 1, got {width}")
        self.width = width
        self.layers = nn.Sequential(nn.Linear(6, width), nn.ReLU(), nn.Dropout(dropout), nn.Linear(width, 6))

    def forward(self, seen: Tensor) -> Tensor:
        return self.layers(seen)

    def predictor(self) -> Callable[[dict[str, Any]], Tensor]:
        return lambda sample: self(sample["seen"]).detach()


class TinyTask(lightning.LightningModule):
    """Regression of what is heard from what is seen."""

    def __init__(self, model: nn.Module, learning_rate: float = 0.01, pause_s: float = 0.0) -> None:
        super().__init__()
        self.model = model
        self.learning_rate = learning_rate
        self.pause_s = pause_s

    def training_step(self, batch: dict[str, Tensor], batch_idx: int) -> Tensor:
        import time

        time.sleep(self.pause_s)
        BATCHES.append(batch["index"].tolist())
        loss = nn.functional.mse_loss(self.model(batch["seen"]), batch["heard"])
        self.log("train_loss", loss)
        return loss

    def validation_step(self, batch: dict[str, Tensor], batch_idx: int) -> None:
        self.log("val_loss", nn.functional.mse_loss(self.model(batch["seen"]), batch["heard"]))

    def configure_optimizers(self) -> Any:
        optimizer = torch.optim.AdamW(self.parameters(), lr=self.learning_rate)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.97**step)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


class TinyManualTask(TinyTask):
    """Steps its optimizer by itself."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__(model)
        self.automatic_optimization = False


class TinyDataWithoutEvaluation(lightning.LightningDataModule):
    """Keeps no data for evaluation."""


class TinyRefusal(nn.Module):
    """A constructor that raises what it is asked to."""

    def __init__(self, error: str) -> None:
        super().__init__()
        kinds: dict[str, type[Exception]] = {"MisconfigurationException": MisconfigurationException}
        raise (kinds.get(error) or getattr(builtins, error))(f"no {error} today.\nSee the manual.")


TRAINERS: list[lightning.Trainer] = []
"""The Trainer of every run with a `TinyWatch`, as it is when the last step was done."""

NORMS: list[tuple[float, float]] = []
"""Norm and largest entry of the gradients after each step of a run with a `TinyWatch`."""


class TinyWatch(Callback):
    """Keeps the Trainer, and the gradients that the optimizer has used."""

    def on_train_batch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, *_: Any) -> None:
        gradients = [p.grad for p in pl_module.parameters() if p.grad is not None]
        NORMS.append((float(nn.utils.get_total_norm(gradients)), max(float(g.abs().max()) for g in gradients)))

    def on_train_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        TRAINERS.append(trainer)


class Sized(Protocol):
    """What an evaluation wants of its training data; not a type that a recipe could write down."""

    def __len__(self) -> int: ...


def tiny_error(
    predict: Callable[[Any], Tensor], dataset: TinyCochleagrams, scale: float = 1.0, train: Sized | None = None
) -> dict[str, float]:
    """An evaluation: the mean squared error over a data set."""
    errors = [(predict(dataset[i]) - dataset[i]["heard"]).square().mean().item() for i in range(len(dataset))]
    return {"error": scale * sum(errors) / len(errors), "items": len(errors), "trained_on": len(train or ())}


class TinyHub:
    """Stands in for the hub: saves and loads a `TinyModel`."""

    @staticmethod
    def save_weights(model: TinyModel, folder: Path, *, card: str, exemplars: object = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.json").write_text(json.dumps({"width": model.width}))
        (folder / "README.md").write_text(card)
        torch.save(model.state_dict(), folder / "model.safetensors")

    @staticmethod
    def load_model(folder: str | Path) -> TinyModel:
        folder = Path(folder)
        if not (folder / "config.json").is_file():
            raise WeightsError(f"{folder}: no weights")
        model = TinyModel(**json.loads((folder / "config.json").read_text()))
        model.load_state_dict(torch.load(folder / "model.safetensors", weights_only=True))
        return model


def tiny_recipe(**changes: Any) -> dict[str, Any]:
    """A recipe over these fakes, with changes by dotted key (`__` for the dots)."""
    from crossmodal.recipe import override

    recipe = {
        "about": {
            "trains": "A tiny regressor.",
            "paper": "none",
            "data": "made on the spot",
            "expected": {"metric": "error"},
            "cost": "a blink",
            "status": "unmeasured",
        },
        "seed": 3,
        "data": {"class_path": "tests.fakes.tiny.TinyData", "init_args": {"length": 10, "batch_size": 4, "steps": 5}},
        "task": {
            "class_path": "tests.fakes.tiny.TinyTask",
            "init_args": {"model": {"class_path": "tests.fakes.tiny.TinyModel", "init_args": {"width": 5}}},
        },
        "trainer": {"max_steps": 12, "accelerator": "cpu"},
        "checkpoint_every_n_steps": 1,
    }
    return override(recipe, {key.replace("__", "."): value for key, value in changes.items()})
