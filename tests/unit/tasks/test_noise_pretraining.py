"""Pretraining on procedural images: every objective's task, step by step, against plain loops and closed forms."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from crossmodal.backbones import Backbone, DistillationHead, Embedder, PerceptronHead, create
from crossmodal.data import Views
from crossmodal.data.views.views import ViewAugmentation
from crossmodal.objectives import alignment_uniformity_loss, moco_loss, simclr_loss, supervised_contrastive_loss
from crossmodal.tasks import (
    AlignmentUniformityTask,
    DinoTask,
    MomentumContrastTask,
    Optimization,
    ProgramClassificationTask,
    SimCLRTask,
    SupervisedContrastiveTask,
)

VIEWS = Views((ViewAugmentation(size=16, jitter=(0.4, 0.4, 0.4, 0.1)),) * 2)


def thin(seed: int = 0) -> tuple[Backbone, PerceptronHead]:
    """A small AlexNet of a few channels with a head of 8 features; deterministic by seed."""
    torch.manual_seed(seed)
    backbone = create("small_alexnet", width=0.05)
    return backbone, PerceptronHead(backbone.channels, [12, 8])


def without_statistics(seed: int = 0) -> tuple[Backbone, PerceptronHead]:
    """A network whose embedding of an image does not depend on the batch."""
    torch.manual_seed(seed)
    backbone = create("small_vit", width=0.25)
    return backbone, PerceptronHead(backbone.channels, [8])


def batch(count: int = 8, labels: bool = True) -> dict[str, Tensor]:
    torch.manual_seed(3)
    made = {
        "image": torch.randint(256, (count, 3, 24, 24), dtype=torch.uint8),
        "draw": torch.arange(100, 100 + count),
    }
    return made | ({"label": torch.arange(count) % 3} if labels else {})


def shown(seed: int = 0) -> list[Tensor]:
    return VIEWS(batch()["image"], batch()["draw"], seed)


def test_steps_are_those_of_a_plain_loop() -> None:
    task = AlignmentUniformityTask(thin()[0], VIEWS, thin()[1], seed=7)
    plain = Embedder(*thin())
    plain.load_state_dict(task.embedder.state_dict())
    options = Optimization(learning_rate=0.1, weight_decay=1e-2, schedule="constant")
    ours = options.configure(task.embedder, steps=3)["optimizer"]
    theirs = torch.optim.SGD(plain.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-2)
    task.log = lambda *_, **__: None  # type: ignore[method-assign]
    for _ in range(3):
        ours.zero_grad()
        task.training_step(batch(), 0).backward()
        ours.step()
        theirs.zero_grad()
        x, y = plain(torch.cat(VIEWS(batch()["image"], batch()["draw"], 7))).chunk(2)
        alignment_uniformity_loss(x, y).backward()
        theirs.step()
    for name, value in plain.state_dict().items():
        torch.testing.assert_close(task.embedder.state_dict()[name], value, msg=name)


def test_simclr_and_supervised_contrastive_compare_all_views_of_the_batch() -> None:
    x, y = Embedder(*thin())(torch.cat(shown())).chunk(2)
    plain = SimCLRTask(thin()[0], VIEWS, thin()[1], temperature=0.3)
    plain.embedder.load_state_dict(Embedder(*thin()).state_dict())
    supervised = SupervisedContrastiveTask(thin()[0], VIEWS, thin()[1], temperature=0.3)
    supervised.embedder.load_state_dict(plain.embedder.state_dict())
    torch.testing.assert_close(plain.loss(shown(), batch()), simclr_loss(x, y, 0.3))
    expected = supervised_contrastive_loss(torch.cat([x, y]), batch()["label"].repeat(2), 0.3)
    torch.testing.assert_close(supervised.loss(shown(), batch()), expected)


def test_programs_are_classified_by_the_head() -> None:
    task = ProgramClassificationTask(*pair(VIEWS))
    with torch.no_grad():
        for parameter in task.embedder.head.parameters():  # type: ignore[union-attr]
            parameter.zero_()
    assert task.loss(shown(), batch()).item() == pytest.approx(math.log(8))


def pair(views: Views) -> tuple[Backbone, Views, PerceptronHead]:
    backbone, head = thin()
    return backbone, views, head


def test_programs_without_an_output_and_images_without_labels_are_refused() -> None:
    task = ProgramClassificationTask(*pair(VIEWS))
    with pytest.raises(ValueError, match="the head has 8 outputs, found an image of program 8"):
        task.loss(shown(), batch() | {"label": torch.full((8,), 8)})
    with pytest.raises(ValueError, match="the process of the data has none"):
        SupervisedContrastiveTask(*pair(VIEWS)).loss(shown(), batch(labels=False))


def momentum_contrast(groups: int, **options: Any) -> MomentumContrastTask:
    backbone, head = without_statistics()
    return MomentumContrastTask(backbone, VIEWS, head, queue=20, groups=groups, **options)


def test_groups_change_the_statistics_and_not_the_pairs() -> None:
    losses = [momentum_contrast(groups).loss(shown(), batch()) for groups in (1, 4)]
    torch.testing.assert_close(losses[0], losses[1])


def test_momentum_contrast_updates_its_teacher_and_queues_its_keys() -> None:
    task = momentum_contrast(groups=2, momentum=0.75)
    queue, before = task.queue.keys.clone(), task.teacher.head.layers[0].weight.clone()  # type: ignore[union-attr]
    with torch.no_grad():
        task.embedder.head.layers[0].weight += 1.0  # type: ignore[union-attr]
    loss = task.loss(shown(), batch())
    torch.testing.assert_close(task.teacher.head.layers[0].weight, before + 0.25)  # type: ignore[union-attr]
    keys = task.teacher(shown()[1])
    torch.testing.assert_close(loss, moco_loss(task.embedder(shown()[0]), keys, queue))
    torch.testing.assert_close(task.queue.ordered()[-8:], torch.nn.functional.normalize(keys))
    assert not any(parameter.requires_grad for parameter in task.teacher.parameters())


def test_dino_embeds_small_views_with_the_student_only() -> None:
    views = Views((ViewAugmentation(size=16), ViewAugmentation(size=16), *(ViewAugmentation(size=8),) * 3))
    torch.manual_seed(0)
    backbone = create("small_vit", width=0.25)
    task = DinoTask(
        backbone, views, DistillationHead(backbone.channels, out_features=6, hidden_features=8, bottleneck_features=4)
    )
    task._trainer = _Steps(0, 100)  # type: ignore[assignment]
    seen: list[tuple[str, torch.Size]] = []
    task.teacher.register_forward_hook(lambda module, given, _: seen.append(("teacher", given[0].shape)))
    task.embedder.register_forward_hook(lambda module, given, _: seen.append(("student", given[0].shape)))
    loss = task.loss(views(batch()["image"], batch()["draw"]), batch())
    assert [(who, shape[0], shape[2]) for who, shape in seen] == [
        ("teacher", 16, 16),
        ("student", 16, 16),
        ("student", 24, 8),
    ]
    assert task.centre.centre.abs().sum() > 0
    loss.backward()
    task.on_after_backward()
    assert task.embedder.head.directions.grad is None  # type: ignore[union-attr]
    assert task.embedder.head.layers[0].weight.grad.abs().sum() > 0  # type: ignore[union-attr]


class _Steps:
    """The attributes of a trainer that DINO uses."""

    def __init__(self, done: int, total: int) -> None:
        self.global_step = done
        self.estimated_stepping_batches = total


def test_a_backbone_needs_a_head_that_fits_or_a_built_in_embedding() -> None:
    with pytest.raises(ValueError, match="SmallAlexNet has no built-in embedding"):
        AlignmentUniformityTask(thin()[0], VIEWS)
    with pytest.raises(ValueError, match="takes 5 features, but SmallAlexNet returns 10"):
        AlignmentUniformityTask(thin()[0], VIEWS, PerceptronHead(5, [8]))
    with pytest.raises(ValueError, match="at least two views"):
        AlignmentUniformityTask(*pair(Views(VIEWS.augmentations[:1])))
    assert AlignmentUniformityTask(create("small_alexnet_whole", width=0.02), VIEWS).embedder.dimension == 128


@pytest.mark.parametrize(
    ("options", "rates"),
    [
        ({"schedule": "constant"}, {0.0: 1, 1.0: 1}),
        ({"schedule": "steps"}, {0.0: 1, 0.774: 1, 0.775: 0.1, 0.85: 0.01, 0.925: 0.001}),
        ({"schedule": "cosine"}, {0.0: 1, 0.5: 0.5, 1.0: 0}),
        ({"schedule": "late_line"}, {0.0: 1, 0.5: 1, 0.75: 0.5, 1.0: 0}),
        ({"schedule": "cosine", "warm_up": 0.2}, {0.0: 0, 0.1: 0.5, 0.2: 1, 0.6: 0.5, 1.0: 0}),
    ],
)
def test_learning_rate_over_a_run(options: dict[str, Any], rates: dict[float, float]) -> None:
    schedule = Optimization(**options)
    assert {done: schedule.relative_rate(done) for done in rates} == pytest.approx(rates, abs=1e-12)


def test_published_schedule_falls_after_epochs_155_170_and_185() -> None:
    made = Optimization().configure(torch.nn.Linear(2, 2), steps=200 * 137)
    relative_rate = made["lr_scheduler"]["scheduler"].lr_lambdas[0]
    falls = [step for step in range(1, 200 * 137) if relative_rate(step) != relative_rate(step - 1)]
    assert falls == [155 * 137, 170 * 137, 185 * 137]


def test_adamw_decays_matrices_only() -> None:
    network = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
    groups = Optimization(kind="adamw", weight_decay=0.3).configure(network, 5)["optimizer"].param_groups
    assert [(group["weight_decay"], [p.ndim for p in group["params"]]) for group in groups] == [
        (0.3, [2]),
        (0.0, [1] * 3),
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "rmsprop"}, "kind must be one of sgd, adam, adamw"),
        ({"schedule": "step"}, "schedule must be one of"),
        ({"learning_rate": 0.0}, "learning_rate must be positive"),
        ({"warm_up": 1.0}, "warm_up must be in 0 to below 1"),
        ({"learning_rate": math.nan}, "learning_rate must be positive"),
        ({"weight_decay": -1.0}, "weight_decay must be at least 0"),
        ({"backbone_rate": -1.0}, "backbone_rate must be at least 0"),
        ({"betas": (0.9, 1.0)}, "betas must be in 0 to below 1"),
        ({"schedule": "one_cycle", "warm_up": 0.1}, "warm_up must be 0 with one_cycle"),
    ],
)
def test_optimization_out_of_range(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Optimization(**options)
