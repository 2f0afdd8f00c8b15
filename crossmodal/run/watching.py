"""Monitoring of a backbone during training: speed, probe accuracy, filters and embedding."""

import time
from pathlib import Path
from typing import Any

import lightning.pytorch as lightning
import numpy as np
from lightning.pytorch.callbacks import Callback
from torch import Tensor

from crossmodal.backbones import Backbone
from crossmodal.data.image_folder import LabelledImages, read_image_folder
from crossmodal.evaluation.probe.features import BackboneFeatures, extract
from crossmodal.evaluation.probe.fit import accuracy, hold_out
from crossmodal.evaluation.probe.neighbours import fit_neighbours
from crossmodal.evaluation.probe.ridge import fit_ridge
from crossmodal.run.backbone_figures import draw_embedding, draw_filters

_MAX_DRAWN = 256


class WatchBackbone(Callback):
    """Logs images per second and the accuracy of probes, and draws filters and an embedding, every ``every_n_steps``.

    Only the training photographs of a folder are used (`crossmodal.data.image_folder.read_image_folder`): probes are
    fitted on four fifths and tested on the rest, so that the test images stay unseen. Training is not affected.

    Args:
        images: folder of labelled photographs; None for no probes.
        images_per_class: number of photographs per class.
        every_n_steps: number of steps between two probes.
        size: side of the photographs in pixels.
        layer: see `crossmodal.evaluation.probe.features.BackboneFeatures`.
        neighbours: number of neighbours of the k-nearest-neighbours probe.

    Raises:
        ValueError: a number below 1.
    """

    def __init__(
        self,
        images: str | None = None,
        images_per_class: int = 20,
        every_n_steps: int = 500,
        size: int = 64,
        layer: str | None = None,
        neighbours: int = 10,
    ) -> None:
        numbers = {"images_per_class": images_per_class, "every_n_steps": every_n_steps, "neighbours": neighbours}
        for name, value in numbers.items():
            if value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")
        self.images = images
        self.images_per_class = images_per_class
        self.every_n_steps = every_n_steps
        self.size = size
        self.layer = layer
        self.neighbours = neighbours
        self._classes = 0
        self._photographs: LabelledImages | None = None
        self._clock: tuple[float, int] | None = None

    def setup(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, stage: str) -> None:
        """List the photographs, so that a wrong folder is found before the first step.

        Raises:
            DatasetError: the folder does not exist, or has no classes.
        """
        if self.images is not None and self._photographs is None:
            folder = read_image_folder(self.images)
            self._classes = len(folder.classes)
            self._photographs = _first_of_each(folder.train, self.images_per_class)

    def on_train_batch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Count images, and examine the backbone if it is due."""
        step, now = trainer.global_step, time.monotonic()
        if step % self.every_n_steps and step != trainer.max_steps:
            self._clock = self._clock or (now, step)
            return
        if self._clock is not None and step > self._clock[1]:
            images = (step - self._clock[1]) * len(batch["image"]) * trainer.accumulate_grad_batches
            _log(trainer, {"train/images_per_s": trainer.world_size * images / (now - self._clock[0])})
        if trainer.is_global_zero:
            self._examine(trainer, pl_module, batch["image"][:_MAX_DRAWN])
        self._clock = (time.monotonic(), step)

    def _examine(self, trainer: lightning.Trainer, task: lightning.LightningModule, images: Tensor) -> None:
        backbone: Backbone = task.model  # type: ignore[assignment]
        figures = Path(trainer.default_root_dir) / "figures"
        source = BackboneFeatures(backbone, self.layer, task.device)
        draw_filters(backbone, figures / "filters.png")
        pooled = BackboneFeatures(backbone, "pooled", task.device)(images)
        draw_embedding(images, pooled, figures / "embedding.png")
        if self._photographs is None:
            return
        features = extract(self._photographs, source, self.size)
        labels = self._photographs.labels[features.indices]
        fitted, tested = hold_out(labels, seed=0)
        values = features.values
        fits = {
            "ridge": fit_ridge(values[fitted], labels[fitted], self._classes),
            "knn": fit_neighbours(values[fitted], labels[fitted], self._classes, neighbours=(self.neighbours,)),
        }
        top1 = {name: accuracy(fit.predict(values[tested]), labels[tested]) for name, fit in fits.items()}
        _log(trainer, {f"watch/{name}_top1": value for name, value in top1.items()})


def _log(trainer: lightning.Trainer, figures: dict[str, float]) -> None:
    # Not with the task's `log`, which would repeat them in every row until the next probe.
    if trainer.logger is not None:
        trainer.logger.log_metrics(figures, step=trainer.global_step - 1)


def _first_of_each(images: LabelledImages, count: int) -> LabelledImages:
    indices = np.concatenate([np.flatnonzero(images.labels == label)[:count] for label in np.unique(images.labels)])
    return LabelledImages(tuple(images.paths[index] for index in indices), images.labels[indices])
