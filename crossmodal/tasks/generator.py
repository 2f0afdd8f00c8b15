"""Training of a generator against a discriminator."""

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

#: Side in pixels to which images are averaged before the sliced Wasserstein distance.
LAYOUT_SIDE = 8
# The average spans this fraction of the run so far. A fixed span would keep the initial weights for thousands of steps.
_AVERAGED_FRACTION = 0.2


class GeneratorTask(Task):
    """Train a `SmallGenerator`; ``model`` is the moving average of the trained generator, and a run saves it.

    Batches contain ``image`` uint8 (n, 3, size, size) and, for a conditional generator, ``label`` int64 (n,), as
    `crossmodal.data.ScenesDataModule` returns them. One optimizer (Adam) updates both networks at every step. The
    validation logs the sliced Wasserstein distance between true and generated images, averaged to 8 x 8 pixels, which
    needs no other network. The trainer's ``gradient_clip_val`` applies to each network separately. For the shipped
    sizes, usual gradient norms are well below 30, so that a value of 30 clips outliers only.

    Args:
        model: the generator.
        discriminator: for images of the same size and number of classes.
        learning_rate: of both networks; it falls linearly to 0 over the second half of the run.
        penalty_weight: weight of the gradient penalty on true images (R1).
        penalty_every: number of steps from one penalty to the next; its weight is multiplied by this number.
        averaging: largest momentum of the moving average; it is lower early in a run.
        seed: seed of the latent vectors.

    Raises:
        ValueError: the networks differ in size or classes, or ``penalty_every`` is below 1.

    References:
        Mescheder et al., "Which training methods for GANs do actually converge?", ICML 2018 (penalty, average); Karras
        et al., "Analyzing and improving the image quality of StyleGAN", CVPR 2020, section 3 (lazy regularization).
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
        # Adam without momentum, as is usual for this training.
        super().__init__(
            Optimization(
                kind="adam", learning_rate=learning_rate, weight_decay=0.0, schedule="late_line", betas=(0.0, 0.99)
            )
        )
        judged = {name: discriminator.arguments[name] for name in ("size", "classes")}
        generated = {name: model.arguments[name] for name in judged}
        if judged != generated:
            raise ValueError(f"the discriminator is made for {judged}, the generator for {generated}")
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
        """Start from the weights of the average, which may be those of an earlier run.

        A resumed run loads both from its checkpoint, which Lightning does after this hook.
        """
        if stage == "fit":
            self.player.load_state_dict(self.model.state_dict())

    def training_step(self, batch: dict[str, Tensor], batch_index: int) -> Tensor:
        """Compute the losses of both networks on a batch."""
        true, labels = batch["image"].to(self.dtype) / 255, batch.get("label")
        if labels is not None:
            self.model.label_counts += torch.bincount(labels, minlength=self.model.classes)
        drawn = self.player(self._latents(len(true)), labels)
        # The generator's loss must not have gradients in the discriminator's parameters, nor vice versa.
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
        """Update both networks, then the average, which spans at most the last fifth of the steps done."""
        super().optimizer_step(*step, **options)
        # Not at the end of the batch: the checkpoint of the step would be written before the average is updated.
        update_average(
            self.model, self.player, min(self.averaging, 1 - 1 / (1 + _AVERAGED_FRACTION * (self.global_step + 1)))
        )

    def validation_step(self, batch: dict[str, Tensor], batch_index: int) -> None:
        """Collect true images at low resolution."""
        self._true.append(F.adaptive_avg_pool2d(batch["image"].float() / 255, LAYOUT_SIDE).flatten(1))

    def on_validation_epoch_end(self) -> None:
        """Log the distance between the true images and the same number of generated ones."""
        true = torch.cat(self._true)
        self._true.clear()
        drawn = F.adaptive_avg_pool2d(self.model.draw(range(len(true))).float() / 255, LAYOUT_SIDE).flatten(1)
        self.log_values("validation", {"sliced_wasserstein": sliced_wasserstein(true, drawn)})

    @property
    def learner(self) -> nn.Module:
        """Both trained networks; the average is not trained."""
        return nn.ModuleList([self.player, self.discriminator])

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip the gradients of each network separately, by the trainer's value and algorithm."""
        if gradient_clip_val is None:
            return
        for player in (self.player, self.discriminator):
            if gradient_clip_algorithm == "value":
                nn.utils.clip_grad_value_(player.parameters(), gradient_clip_val)
            else:
                nn.utils.clip_grad_norm_(player.parameters(), gradient_clip_val)

    def _latents(self, count: int) -> Tensor:
        # By step and rank, so that a resumed run repeats its draws and processes draw different vectors.
        first = (self.global_step * self.trainer.world_size + self.global_rank) * count
        stream = "generator task: latents"
        return normals(self.seed, stream, range(first, first + count), self.model.latent).to(self.device)
