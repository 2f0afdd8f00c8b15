"""Contrastive losses: views of one image are pulled together, views of different images are pushed apart.

Every loss scales its embeddings (n, dimension) to unit length, in float32 at least, so it accepts the raw output of a
network. In distributed training, pass batches through `crossmodal.objectives.gather` first.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from crossmodal.objectives.similarity import cosines, unit_vectors, without_self


def alignment_loss(x: Tensor, y: Tensor) -> Tensor:
    """Compute the mean squared distance between the unit vectors of two views: 0 (equal) to 4 (opposite).

    Raises:
        ValueError: ``x`` and ``y`` are not two batches (n, dimension) of one shape.

    References:
        Wang & Isola, "Understanding contrastive representation learning through alignment and uniformity on the
        hypersphere", ICML 2020, section 4.1, alpha = 2.
    """
    _check_views(x, y, least=1)
    return (unit_vectors(x) - unit_vectors(y)).square().sum(dim=1).mean()


def uniformity_loss(z: Tensor, t: float = 2.0) -> Tensor:
    """Compute the logarithm of the mean Gaussian potential exp(-t |z_i - z_j|^2) over pairs: -4 t to 0 (collapsed).

    The minimum for many vectors is that of the uniform distribution on the sphere, -3.9375 for 128 dimensions and
    t = 2.

    Raises:
        ValueError: ``z`` is not (n, dimension) with at least two vectors.

    References:
        Wang & Isola, ICML 2020, section 4.1.
    """
    _check_batch("z", z, least=2)
    unit = unit_vectors(z)
    potentials = without_self(t * (2 * cosines(unit, unit) - 2))
    return potentials.flatten().logsumexp(dim=0) - math.log(len(z) * (len(z) - 1))


def alignment_uniformity_loss(
    x: Tensor, y: Tensor, *, alignment_weight: float = 1.0, uniformity_weight: float = 1.0, t: float = 2.0
) -> Tensor:
    """Compute the weighted sum of the alignment of two views and the mean uniformity of each.

    Raises:
        ValueError: ``x`` and ``y`` are not two batches (n, dimension) of one shape, with at least two vectors.

    References:
        Baradad et al., "Learning to see by looking at noise", NeurIPS 2021, section 4; weights of 1 and t = 2.
    """
    uniformity = (uniformity_loss(x, t) + uniformity_loss(y, t)) / 2
    return alignment_weight * alignment_loss(x, y) + uniformity_weight * uniformity


def simclr_loss(x: Tensor, y: Tensor, temperature: float = 0.5) -> Tensor:
    """Compute the NT-Xent loss: the mean cross-entropy of finding the other view of an image among 2n - 1 views.

    Logits are cosines over the temperature.

    Raises:
        ValueError: ``x`` and ``y`` are not two batches (n, dimension) of one shape, or the temperature is not positive.

    References:
        Chen et al., "A simple framework for contrastive learning of visual representations", ICML 2020, equation 1.
    """
    _check_views(x, y, least=1)
    _check_temperature(temperature)
    views = unit_vectors(torch.cat([x, y]))
    logits = without_self(cosines(views, views) / temperature)
    partners = torch.arange(len(views), device=views.device).roll(len(x))
    return F.cross_entropy(logits, partners)


def moco_loss(queries: Tensor, keys: Tensor, queue: Tensor, temperature: float = 0.2) -> Tensor:
    """Compute the mean cross-entropy of finding the key of each query among that key and the queue (InfoNCE).

    Logits are cosines over the temperature. Only the queries receive gradients.

    Args:
        queries: (n, dimension), embeddings by the trained encoder.
        keys: (n, dimension), embeddings of the other view by the moving average of the encoder.
        queue: (length, dimension), unit vectors, as in `MomentumQueue.keys`.
        temperature: of the softmax.

    Raises:
        ValueError: the shapes do not match, or the temperature is not positive.

    References:
        He et al., "Momentum contrast for unsupervised visual representation learning", CVPR 2020, equation 1; the
        temperature of Chen et al., "Improved baselines with momentum contrastive learning", 2020.
    """
    _check_views(queries, keys, least=1)
    _check_temperature(temperature)
    if queue.ndim != 2 or queue.shape[1] != queries.shape[1]:
        raise ValueError(f"queue must be (length, {queries.shape[1]}) like the queries, got {tuple(queue.shape)}")
    query, key = unit_vectors(queries), unit_vectors(keys.detach())
    own = (query * key).sum(dim=1, keepdim=True)
    logits = torch.cat([own, cosines(query, queue.detach().to(query.dtype))], dim=1) / temperature
    return F.cross_entropy(logits, torch.zeros(len(logits), dtype=torch.int64, device=logits.device))


def supervised_contrastive_loss(z: Tensor, labels: Tensor, temperature: float = 0.07) -> Tensor:
    """Compute the supervised contrastive loss: the mean cross-entropy of vectors with the same label.

    The mean is taken over the other vectors with the label of a vector, then over vectors. Several views of an image
    count as several vectors of one label. Vectors whose label occurs once are ignored; if all are, the loss is 0. With
    two views and a separate label per image this is `simclr_loss`.

    Args:
        z: (n, dimension).
        labels: int64 (n,).
        temperature: of the softmax.

    Raises:
        ValueError: the shapes do not match, or the temperature is not positive.

    References:
        Khosla et al., "Supervised contrastive learning", NeurIPS 2020, equation 2 (the mean outside the logarithm).
    """
    _check_batch("z", z, least=2)
    _check_temperature(temperature)
    if labels.shape != z.shape[:1]:
        raise ValueError(f"labels must have shape ({len(z)},), one label per vector, got {tuple(labels.shape)}")
    unit = unit_vectors(z)
    logarithms = F.log_softmax(without_self(cosines(unit, unit) / temperature), dim=1)
    alike = (labels[:, None] == labels).fill_diagonal_(False)
    partners = alike.sum(dim=1)
    losses = -torch.where(alike, logarithms, 0.0).sum(dim=1) / partners.clamp(min=1)
    return losses.sum() / (partners > 0).sum().clamp(min=1)


def _check_views(x: Tensor, y: Tensor, least: int) -> None:
    _check_batch("x", x, least)
    if x.shape != y.shape:
        raise ValueError(f"the two views must have the same shape, got {tuple(x.shape)} and {tuple(y.shape)}")


def _check_batch(name: str, z: Tensor, least: int) -> None:
    if z.ndim != 2 or len(z) < least:
        raise ValueError(f"{name} must be (n, dimension) with n at least {least}, got {tuple(z.shape)}")


def _check_temperature(temperature: float) -> None:
    if not temperature > 0:
        raise ValueError(f"the temperature must be positive, got {temperature}")
