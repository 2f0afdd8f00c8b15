"""Training on flashes with clicks: trained and frozen parts, basis, contrast and threshold."""

import warnings
from itertools import pairwise
from typing import Any

import lightning.pytorch as lightning
import numpy as np
import pytest
import torch
from lightning.pytorch.callbacks import Callback
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from crossmodal.audio import pick_onsets
from crossmodal.models import SoundFromVideo
from crossmodal.tasks import SoundFromVideoTask
from crossmodal.tasks.sound_from_video import best_contrast, best_onset_threshold
from tests.fakes.flashes import FlashData, tiny_sound_model


class Watch(Callback):
    """Keeps the losses, and the names of the parameters whose gradient is missing or not finite."""

    def __init__(self) -> None:
        self.losses: list[float] = []
        self.bad_gradients: set[str] = set()
        self.without_gradient: set[str] = set()

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        self.losses.append(float(outputs["loss"]))

    def on_before_optimizer_step(self, trainer: Any, pl_module: Any, optimizer: Any) -> None:
        for name, parameter in pl_module.model.named_parameters():
            if parameter.grad is None:
                self.without_gradient.add(name)
            elif not torch.isfinite(parameter.grad).all():
                self.bad_gradients.add(name)


def fit(task: SoundFromVideoTask, data: FlashData | None = None, steps: int = 2, **options: Any) -> Watch:
    watch = Watch()
    quiet = dict.fromkeys(("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Lightning's advice on workers, loggers and accelerators
        trainer = lightning.Trainer(
            max_steps=steps, accelerator="cpu", num_sanity_val_steps=0, callbacks=[watch], **(quiet | options)
        )
        trainer.fit(task, datamodule=data or FlashData())
    return watch


def copy_of(model: SoundFromVideo) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


@pytest.mark.parametrize("options", [{}, {"temporal": "lstm", "onset_head": False, "spacetime": "grey"}])
def test_loss_falls_in_a_few_steps(options):
    watch = fit(SoundFromVideoTask(tiny_sound_model(**options), learning_rate=0.02), steps=40)
    assert np.mean(watch.losses[-4:]) < 0.6 * np.mean(watch.losses[:4])
    # Not by a lucky step: every fifth of the run is better than the one before.
    assert all(later < earlier for earlier, later in pairwise(np.mean(np.split(np.array(watch.losses), 5), axis=1)))


@pytest.mark.parametrize("spacetime", ["grey", "difference", "motion"])
@pytest.mark.parametrize("temporal", ["lstm", "convolution"])
def test_every_parameter_gets_a_finite_gradient(spacetime, temporal):
    task = SoundFromVideoTask(tiny_sound_model(spacetime=spacetime, temporal=temporal))
    watch = fit(task, FlashData(8), steps=2, limit_val_batches=0)
    assert watch.bad_gradients == set()
    assert watch.without_gradient == set()


def test_gradients_stay_finite_on_silence():
    watch = fit(SoundFromVideoTask(tiny_sound_model()), FlashData(8, loudness=0.0), steps=2, limit_val_batches=0)
    assert watch.bad_gradients == set()
    assert np.isfinite(watch.losses).all()


def test_the_basis_is_fitted_once_on_the_training_sound():
    data, model = FlashData(), tiny_sound_model()
    expected = tiny_sound_model()
    expected.fit_basis(data.training_cochleagrams(10**6))
    fit(SoundFromVideoTask(model), data, steps=6)
    assert data.asked == 2  # once by this test, once by the run of three epochs
    assert bool(model.basis_fitted)
    torch.testing.assert_close(model.basis, expected.basis)
    torch.testing.assert_close(model.basis_mean, expected.basis_mean)


def test_a_model_that_comes_with_a_basis_keeps_it():
    model = tiny_sound_model()
    fit(SoundFromVideoTask(model), steps=1)
    before, louder = copy_of(model), FlashData(loudness=2.0)
    fit(SoundFromVideoTask(model), louder, steps=1)
    assert louder.asked == 0
    assert torch.equal(model.basis, before["basis"])
    assert torch.equal(model.basis_mean, before["basis_mean"])


def test_a_frozen_backbone_keeps_its_weights_and_its_statistics():
    model = tiny_sound_model()
    before = copy_of(model)
    # Validation between the epochs switches all modules to evaluation and back.
    fit(SoundFromVideoTask(model, frozen=["backbone"]), steps=5)
    after = model.state_dict()
    backbone = [name for name in before if name.startswith("backbone.")]
    assert any("running_mean" in name for name in backbone)
    assert [name for name in backbone if not torch.equal(before[name], after[name])] == []
    assert not torch.equal(before["sound.weight"], after["sound.weight"])


def test_everything_but_one_part_can_be_frozen():
    model = tiny_sound_model()
    before = copy_of(model)
    fit(
        SoundFromVideoTask(model, frozen=["backbone", "tick", "scene", "temporal", "sound"]),
        steps=2,
        limit_val_batches=0,
    )
    changed = [name for name, value in model.named_parameters() if not torch.equal(before[name], value)]
    assert changed == ["onset.weight", "onset.bias"]


def test_a_part_that_the_model_has_not_is_named_with_those_that_it_has():
    with pytest.raises(ValueError, match=r"no submodule 'backbones'; did you mean backbone\?"):
        SoundFromVideoTask(tiny_sound_model(), frozen=["backbones"])


def test_a_slow_backbone_moves_less_than_the_rest():
    def moved(backbone_rate: float) -> float:
        model = tiny_sound_model()
        before = copy_of(model)
        fit(SoundFromVideoTask(model, backbone_rate=backbone_rate, weight_decay=0), steps=2, limit_val_batches=0)
        return sum(
            float((value.detach() - before[name]).abs().sum())
            for name, value in model.named_parameters()
            if name.startswith("backbone.")
        )

    assert 0 < moved(0.1) < 0.3 * moved(1.0)


def test_weight_decay_spares_biases_and_norms():
    task = SoundFromVideoTask(tiny_sound_model(), learning_rate=0.01, backbone_rate=0.5)
    task.trainer = type("Trainer", (), {"estimated_stepping_batches": 10})()
    groups = task.configure_optimizers()["optimizer"].param_groups
    assert all((group["weight_decay"] > 0) == all(p.ndim > 1 for p in group["params"]) for group in groups)
    assert sum(len(group["params"]) for group in groups) == len(list(task.model.parameters()))
    assert sorted({group["max_lr"] for group in groups}) == [0.005, 0.01]


@pytest.mark.parametrize("steps", [1, 2, 3, 9, 10, 11, 20, 100])
def test_the_rate_rises_and_falls_whatever_the_number_of_steps(steps):
    task = SoundFromVideoTask(tiny_sound_model(), learning_rate=0.01)
    task.trainer = type("Trainer", (), {"estimated_stepping_batches": steps})()
    made = task.configure_optimizers()
    rates = []
    for _ in range(steps):
        rates.append(made["optimizer"].param_groups[-1]["lr"])
        made["optimizer"].step()
        made["lr_scheduler"]["scheduler"].step()
    assert all(0 <= rate <= 0.01 for rate in rates)
    if steps >= 9:
        assert max(rates) > 0.009
        assert rates.index(max(rates)) <= 0.1 * steps + 1
        assert rates[-1] < 0.001


def test_gradients_are_clipped_to_the_norm_asked_for():
    task = SoundFromVideoTask(tiny_sound_model())
    norms: list[float] = []

    class Norm(Callback):
        def on_before_zero_grad(self, trainer: Any, pl_module: Any, optimizer: Any) -> None:
            gradients = [p.grad for p in pl_module.parameters() if p.grad is not None]
            if gradients:
                norms.append(float(torch.nn.utils.get_total_norm(gradients)))

    watch = Norm()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer = lightning.Trainer(
            max_steps=3, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
            enable_model_summary=False, limit_val_batches=0, callbacks=[watch], gradient_clip_val=1e-3,
        )  # fmt: skip
        trainer.fit(task, datamodule=FlashData(8, batch_size=4))
    assert norms
    assert max(norms) <= 1.01e-3


def test_training_sets_the_onset_threshold_that_validation_likes_best():
    model = tiny_sound_model()
    task = SoundFromVideoTask(model, learning_rate=0.02)
    fit(task, steps=40, check_val_every_n_epoch=20)
    windows = FlashData().all()
    batch = {key: torch.stack([window[key] for window in windows]) for key in windows[0]}
    model.eval()
    with torch.no_grad():
        curves = model(batch["spacetime"], batch["colour"]).onset_logits.sigmoid()
    threshold, f1 = best_onset_threshold(curves, batch["onset"])
    assert float(model.onset_threshold) == pytest.approx(threshold)
    assert f1 > 0.6
    assert task._onsets == []  # predictions are not kept from one validation to the next


def brute_force(curves: Tensor, marks: Tensor) -> dict[float, float]:
    """F1 of every threshold, onsets picked again at each and matched by the Hungarian algorithm."""
    found = {}
    for threshold in np.arange(1, 20) / 20:
        matched = predicted = true = 0
        for curve, mark in zip(curves.numpy(), marks.numpy(), strict=True):
            times_s, _ = pick_onsets(curve, 90.0, threshold=threshold)
            true_s = np.flatnonzero(mark) / 90.0
            near = np.abs(times_s[:, None] - true_s[None]) <= 0.1 + 1e-9
            matched += int(near[linear_sum_assignment(near, maximize=True)].sum())
            predicted, true = predicted + len(times_s), true + len(true_s)
        found[float(threshold)] = 2 * matched / (predicted + true) if predicted + true else 0.0
    return found


@pytest.mark.parametrize("seed", range(5))
def test_best_onset_threshold_agrees_with_brute_force(seed):
    generator = torch.Generator().manual_seed(seed)
    marks = (torch.rand(4, 270, generator=generator) < 0.02).float()
    blurred = torch.nn.functional.max_pool1d(marks[:, None], 9, stride=1, padding=4)[:, 0]
    curves = (0.5 * blurred + 0.7 * torch.rand(4, 270, generator=generator)).clamp(0, 1)
    threshold, f1 = best_onset_threshold(curves, marks)
    expected = brute_force(curves, marks)
    assert f1 == pytest.approx(max(expected.values()))
    # The lowest of those that are equally good.
    first = next(key for key, value in expected.items() if value == pytest.approx(f1))
    assert threshold == pytest.approx(first)


@pytest.mark.parametrize(
    ("curves", "marks"),
    [
        (torch.zeros(2, 90), torch.ones(2, 90)),
        (torch.zeros(2, 90), torch.zeros(2, 90)),
        (torch.rand(2, 90, generator=torch.Generator().manual_seed(0)), torch.zeros(2, 90)),
    ],
    ids=["no predictions", "silence", "no true onsets"],
)
def test_without_a_match_the_threshold_is_the_usual_one(curves, marks):
    assert best_onset_threshold(curves, marks) == (0.3, 0.0)


def test_contrast_undoes_a_flattened_prediction():
    torch.manual_seed(0)
    model = SoundFromVideo(width=0.05, features=4, hidden=4, components=4, grid=(1, 1))
    expected = (torch.rand(42, 4) @ torch.rand(4, 300)).square()
    model.fit_basis(expected)
    onset = torch.zeros(1, 300)
    onset[0, [60, 150, 240]] = 1
    flattened = model.project(expected[None]) / 1.8
    assert best_contrast(model, flattened, expected[None], onset) == pytest.approx(1.8)
    assert best_contrast(model, flattened, expected[None], torch.zeros(1, 300)) == 1.0
