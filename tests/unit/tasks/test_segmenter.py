"""Training of a segmenter: frequent classes are learned in a few steps, and the confusion matrix is measured."""

import warnings
from typing import Any

import lightning.pytorch as lightning
import pytest
import torch

from crossmodal.data import ScenesDataModule
from crossmodal.evaluation import evaluate_segmenter
from crossmodal.metrics import confusion_matrix
from crossmodal.models import Segmenter
from crossmodal.tasks import SegmenterTask


def fit(task: SegmenterTask, data: ScenesDataModule, steps: int) -> lightning.Trainer:
    quiet: dict[str, Any] = dict.fromkeys(
        ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Lightning's advice on workers and loggers
        trainer = lightning.Trainer(
            max_steps=steps,
            accelerator="cpu",
            num_sanity_val_steps=0,
            val_check_interval=steps,
            check_val_every_n_epoch=None,
            **quiet,
        )
        trainer.fit(task, datamodule=data)
    return trainer


def test_frequent_classes_are_learned_and_the_confusion_is_that_of_held_out_images():
    torch.manual_seed(0)
    task, data = SegmenterTask(Segmenter(width=8)), ScenesDataModule(batch_size=8, validation=24, evaluation=20)
    trainer = fit(task, data, 80)
    model = task.model.eval()
    held_out = data.process.label(range(24), 32)
    counted = confusion_matrix(held_out.masks, model.segment(held_out.images), 10)
    assert torch.equal(model.confusion, counted)
    assert float(trainer.callback_metrics["validation/mean_iou"]) > 0.2
    scores = evaluate_segmenter(model.predictor(), data.evaluation_dataset(), samples=50)
    assert scores["iou_sky"] > 0.7
    assert scores["iou_ground"] > 0.5
    assert scores["mean_iou_low"] < scores["mean_iou"] < scores["mean_iou_high"]


def test_true_masks_score_one():
    data = ScenesDataModule(evaluation=30)
    dataset = data.evaluation_dataset()
    truth = iter([dataset.batch(range(30))["mask"]])
    scores = evaluate_segmenter(lambda images: next(truth), dataset, samples=20)
    assert scores["mean_iou"] == scores["accuracy"] == scores["iou_door"] == 1


def test_numbers_out_of_range_are_refused():
    with pytest.raises(ValueError, match="rarity"):
        SegmenterTask(Segmenter(), rarity=-1)
