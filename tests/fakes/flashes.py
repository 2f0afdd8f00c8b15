"""Windows of video in which a flash sounds: what a model of sound from video can learn in a few steps."""

from typing import Any

import lightning.pytorch as lightning
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from crossmodal.models import SoundFromVideo
from crossmodal.randomness import generator

TICKS, STEPS, SIZE = 15, 45, (18, 32)


class Flashes(Dataset[dict[str, Tensor]]):
    """Noisy dark images; where one lights up, a sound of one colour begins and dies away. Made from their index."""

    def __init__(self, length: int, loudness: float = 1.0) -> None:
        self.length = length
        self.loudness = loudness

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        draws = generator(0, "flashes", index)
        frames = torch.from_numpy(draws.integers(40, 60, (TICKS + 2, *SIZE), dtype="uint8"))
        colour = torch.from_numpy(draws.integers(0, 255, (3, *SIZE), dtype="uint8"))
        cochleagram, onset = torch.full((42, STEPS), 0.01), torch.zeros(STEPS)
        decay = self.loudness * torch.exp(-torch.arange(STEPS) / 8)
        for tick in draws.permutation(TICKS)[:2].tolist():
            frames[tick + 1, 4:14, 8:24] = 230
            cochleagram[10:20, 3 * tick :] += decay[: STEPS - 3 * tick]
            onset[3 * tick] = 1
        spacetime = torch.stack([frames[:-2], frames[1:-1], frames[2:]], dim=1)
        return {"spacetime": spacetime, "colour": colour, "cochleagram": cochleagram, "onset": onset}


class FlashData(lightning.LightningDataModule):
    """Training and validation windows of flashes; counts how often its sound was asked for."""

    def __init__(self, length: int = 16, batch_size: int = 8, loudness: float = 1.0) -> None:
        super().__init__()
        self.windows = Flashes(length, loudness)
        self.batch_size = batch_size
        self.asked = 0

    def training_cochleagrams(self, max_steps: int) -> Tensor:
        self.asked += 1
        return torch.cat([window["cochleagram"] for window in self.all()], dim=1)[:, :max_steps]

    def all(self) -> list[dict[str, Tensor]]:
        return [self.windows[index] for index in range(len(self.windows))]

    def train_dataloader(self) -> DataLoader[Any]:
        return DataLoader(self.windows, batch_size=self.batch_size)

    def val_dataloader(self) -> DataLoader[Any]:
        return DataLoader(self.windows, batch_size=self.batch_size)


def tiny_sound_model(**options: Any) -> SoundFromVideo:
    """Make the smallest useful model of sound from video, the same one every time."""
    torch.manual_seed(0)
    defaults = {"width": 0.05, "features": 8, "hidden": 8, "components": 4, "grid": (1, 2), "size": SIZE}
    return SoundFromVideo(**(defaults | options))
