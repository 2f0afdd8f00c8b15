"""Learning to draw: a generator against a discriminator."""

import copy
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from crossmodal.metrics.image_distance import sliced_wasserstein
from crossmodal.models import SmallDiscriminator, SmallGenerator
from crossmodal.objectives import discriminator_loss, generator_loss, gradient_penalty, update_average
from crossmodal.randomness import normals
from crossmodal.tasks.base import Task
from crossmodal.tasks.optimization import Optimization

#: The side that images are averaged to before their sliced distance is taken.
LAYOUT_SIDE = 8
# A fixed reach would keep the random start in the average for thousands of steps.
_REACH = 0.2


class GeneratorTask(Task):
    """Train a `SmallGenerator`; ``model`` is the moving average of the one that plays, and is what a run saves.

    Batches hold ``image`` uint8 (n, 3, size, size) and, for a conditional generator, ``label`` int64 (n,), as
    `crossmodal.data.ScenesDataModule` gives them. Both networks take a step at once, by one optimizer (Adam), so that a
    step of the game is a step of the run. The validation logs the sliced Wasserstein distance between true and drawn
    images, averaged to 8 x 8 pixels, which needs no other network. The trainer's ``gradient_clip_val`` holds for
    each network by itself; in calm steps the norms of the shipped sizes stay well below 30, so that this value cuts
    outbursts alone.

    Args:
        model: the generator.
        discriminator: its opponent, for images of the same size and classes.
        learning_rate: of both; over the second half of the run it falls evenly to nothing.
        penalty_weight: of the gradient penalty on true images (R1).
        penalty_every: steps from one penalty to the next; it then weighs as many times more.
        averaging: momentum of the moving average, at most; early in a run it forgets faster.
        seed: of the latent vectors.

    Raises:
        ValueError: the two players do not fit each other, or a number makes no sense.

    References:
        Mescheder et al., "Which training methods for GANs do actually converge?", ICML 2018 (penalty, average); Karras
        et al., "Analyzing and improving the image quality of StyleGAN", CVPR 2020, section 3 (penalty now and then).
    """

    model: SmallGenerator

    def __init__(
        self,
        model: SmallGenerator,
        discriminator: SmallDiscriminator,
        learning_rate: float = 2e-3,
        penalty_weight: float = 1.0,
        penalty_every: int = 4,
        averaging: float = 0.999,
        seed: int = 0,
    ) -> None:
        # Adam without momentum, as the game wants it.
        super().__init__(
            Optimization(
                kind="adam", learning_rate=learning_rate, weight_decay=0.0, schedule="late_line", betas=(0.0, 0.99)
            )
        )
        theirs = {name: discriminator.arguments[name] for name in ("size", "classes")}
        mine = {name: model.arguments[name] for name in theirs}
        if theirs != mine:
            raise ValueError(f"the discriminator is made for {theirs}, the generator for {mine}")
        if penalty_every < 1:
            raise ValueError(f"penalty_every must be at least 1, got {penalty_every}")
        self.model = model.requires_grad_(False)
        self.player = copy.deepcopy(model).requires_grad_(True)
        self.discriminator = discriminator
        self.penalty_weight = penalty_weight
        self.penalty_every = penalty_every
        self.averaging = averaging
        self.seed = seed
        self._true: list[Tensor] = []

    def setup(self, stage: str) -> None:
        """Begin from the weights of the average, which may be those of an earlier run.

        A run that is resumed reads both from its checkpoint, which Lightning does after this hook.
        """
        if stage == "fit":
            self.player.load_state_dict(self.model.state_dict())

    def training_step(self, batch: dict[str, Tensor], batch_index: int) -> Tensor:
        """Compute the losses of both players on a batch."""
        true, labels = batch["image"].to(self.dtype) / 255, batch.get("label")
        if labels is not None:
            self.model.label_counts += torch.bincount(labels, minlength=self.model.classes)
        drawn = self.player(self._latents(len(true)), labels)
        # The generator's loss must not reach the discriminator's parameters, nor the other way round.
        frozen = {name: value.detach() for name, value in self.discriminator.named_parameters()}
        losses = {"generator_loss": generator_loss(functional_call(self.discriminator, frozen, (drawn, labels)))}
        punished = self.global_step % self.penalty_every == 0
        scores = self.discriminator(true.requires_grad_(punished), labels)
        losses["discriminator_loss"] = discriminator_loss(scores, self.discriminator(drawn.detach(), labels))
        loss = losses["generator_loss"] + losses["discriminator_loss"]
        if punished:
            losses["gradient_penalty"] = gradient_penalty(scores, true)
            loss = loss + self.penalty_weight * self.penalty_every * losses["gradient_penalty"]
        self.log_values("train", losses, len(true))
        return loss

    def optimizer_step(self, *step: Any, **options: Any) -> None:
        """Move the players, then the average; it reaches over the last fifth of the run, and no farther than it may."""
        super().optimizer_step(*step, **options)
        # Here and not at the batch's end, where the checkpoint of the step is written before this would be done.
        update_average(self.model, self.player, min(self.averaging, 1 - 1 / (1 + _REACH * (self.global_step + 1))))

    def validation_step(self, batch: dict[str, Tensor], batch_index: int) -> None:
        """Keep true images, small."""
        self._true.append(F.adaptive_avg_pool2d(batch["image"].float() / 255, LAYOUT_SIDE).flatten(1))

    def on_validation_epoch_end(self) -> None:
        """Log the distance between the true images and as many drawn ones."""
        true = torch.cat(self._true)
        self._true.clear()
        drawn = F.adaptive_avg_pool2d(self.model.draw(range(len(true))).float() / 255, LAYOUT_SIDE).flatten(1)
        self.log_values("validation", {"sliced_wasserstein": sliced_wasserstein(true, drawn)})

    @property
    def learner(self) -> nn.Module:
        """Both players; the average follows them."""
        return nn.ModuleList([self.player, self.discriminator])

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip the gradients of each player by themselves, to the trainer's value and by its algorithm."""
        if gradient_clip_val is None:
            return
        for player in (self.player, self.discriminator):
            if gradient_clip_algorithm == "value":
                nn.utils.clip_grad_value_(player.parameters(), gradient_clip_val)
            else:
                nn.utils.clip_grad_norm_(player.parameters(), gradient_clip_val)

    def _latents(self, count: int) -> Tensor:
        # By step and rank, so that a resumed run and every process draw what they must.
        first = (self.global_step * self.trainer.world_size + self.global_rank) * count
        stream = "generator task: latents"
        return normals(self.seed, stream, range(first, first + count), self.model.latent).to(self.device)
