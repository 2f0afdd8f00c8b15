"""The game of a generator against a discriminator: what each of them wants, and what keeps the game stable."""

import torch
import torch.nn.functional as F
from torch import Tensor


def generator_loss(drawn: Tensor) -> Tensor:
    """What the generator wants of the scores (n,) of drawn images: to be high (non-saturating).

    References:
        Goodfellow et al., "Generative adversarial nets", NeurIPS 2014, section 3.
    """
    return F.softplus(-drawn).mean()


def discriminator_loss(true: Tensor, drawn: Tensor) -> Tensor:
    """What the discriminator wants: high scores of true images (n,), low ones of drawn images (m,).

    The cross-entropy of telling them apart; 2 log 2 where it cannot.
    """
    return F.softplus(-true).mean() + F.softplus(drawn).mean()


def gradient_penalty(scores: Tensor, images: Tensor) -> Tensor:
    """Half the mean squared gradient of the scores (n,) by the images (n, ...) that they were computed from.

    On true images this is R1, which makes the game converge. The images must require gradients.

    Raises:
        ValueError: the images do not require gradients.

    References:
        Mescheder et al., "Which training methods for GANs do actually converge?", ICML 2018, equation 9.
    """
    if not images.requires_grad:
        raise ValueError("the images must require gradients before they are scored")
    (gradients,) = torch.autograd.grad(scores.sum(), images, create_graph=True)
    return 0.5 * gradients.square().flatten(1).sum(dim=1).mean()
