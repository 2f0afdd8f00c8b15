"""Losses of a generator and a discriminator, and the gradient penalty that stabilises training."""

import torch
import torch.nn.functional as F
from torch import Tensor


def generator_loss(drawn: Tensor) -> Tensor:
    """Compute the non-saturating loss of a generator from the scores (n,) of generated images.

    References:
        Goodfellow et al., "Generative adversarial nets", NeurIPS 2014, section 3.
    """
    return F.softplus(-drawn).mean()


def discriminator_loss(true: Tensor, drawn: Tensor) -> Tensor:
    """Compute the loss of a discriminator from the scores of true images (n,) and of generated images (m,).

    This is the cross-entropy of classifying them; it is 2 log 2 when the scores carry no information.
    """
    return F.softplus(-true).mean() + F.softplus(drawn).mean()


def gradient_penalty(scores: Tensor, images: Tensor) -> Tensor:
    """Compute half the mean squared gradient of the scores (n,) with respect to their images (n, ...).

    On true images this is R1, with which training converges. The images must require gradients.

    Raises:
        ValueError: the images do not require gradients.

    References:
        Mescheder et al., "Which training methods for GANs do actually converge?", ICML 2018, equation 9.
    """
    if not images.requires_grad:
        raise ValueError("the images must require gradients before they are scored")
    (gradients,) = torch.autograd.grad(scores.sum(), images, create_graph=True)
    return 0.5 * gradients.square().flatten(1).sum(dim=1).mean()
