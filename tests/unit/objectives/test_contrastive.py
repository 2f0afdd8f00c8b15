"""Contrastive losses against slow twins, closed forms and each other."""

import math

import pytest
import torch
from scipy.special import gammaln
from torch.nn.functional import normalize

from crossmodal.objectives import (
    alignment_loss,
    alignment_uniformity_loss,
    moco_loss,
    simclr_loss,
    supervised_contrastive_loss,
    uniformity_loss,
)


def _queue(dimension):
    return normalize(torch.linspace(-1, 1, 6 * dimension, dtype=torch.float64).view(6, dimension))


LOSSES = {
    "alignment": alignment_loss,
    "uniformity": lambda x, y: uniformity_loss(x),
    "alignment_uniformity": alignment_uniformity_loss,
    "simclr": lambda x, y: simclr_loss(x, y, 0.3),
    "moco": lambda x, y: moco_loss(x, y, _queue(x.shape[1])),
    "supervised": lambda x, y: supervised_contrastive_loss(x, torch.arange(len(x)) % 2),
}


@pytest.fixture
def views():
    rng = torch.Generator().manual_seed(0)
    return tuple(torch.randn(5, 4, generator=rng, dtype=torch.float64) for _ in range(2))


def _dot(a, b):
    length = math.sqrt(sum(float(u) ** 2 for u in a)) * math.sqrt(sum(float(v) ** 2 for v in b))
    return sum(float(u) * float(v) for u, v in zip(a, b, strict=True)) / length


def _cross_entropy(chosen, others):
    return -math.log(math.exp(chosen) / (math.exp(chosen) + sum(math.exp(other) for other in others)))


def test_alignment_against_its_formula(views):
    x, y = views
    wanted = sum(2 - 2 * _dot(a, b) for a, b in zip(x, y, strict=True)) / 5
    assert alignment_loss(x, y).item() == pytest.approx(wanted)
    assert alignment_loss(x, 3 * x).item() == pytest.approx(0)
    assert alignment_loss(x, -x).item() == pytest.approx(4)


def test_uniformity_against_its_formula(views):
    z = views[0]
    pairs = [math.exp(-3 * (2 - 2 * _dot(z[i], z[j]))) for i in range(5) for j in range(i)]
    assert uniformity_loss(z, t=3).item() == pytest.approx(math.log(sum(pairs) / len(pairs)))


@pytest.mark.parametrize(("dimension", "published"), [(2, -1.5750), (8, -3.0825), (32, -3.7518), (128, -3.9375)])
def test_uniformity_of_the_uniform_law(dimension, published):
    """E exp(2 t <x, y>) over the sphere is the hypergeometric function 0F1(; d/2; t^2), here as its series."""
    half = dimension / 2
    series = sum(math.exp(k * math.log(4) + gammaln(half) - gammaln(half + k) - gammaln(k + 1)) for k in range(60))
    assert math.log(series) - 4 == pytest.approx(published, abs=1e-4)
    z = torch.randn(4000, dimension, generator=torch.Generator().manual_seed(1))
    assert uniformity_loss(z).item() == pytest.approx(published, abs=0.01)


def test_uniformity_of_a_point_and_of_its_antipodes():
    assert uniformity_loss(torch.ones(6, 3)).item() == pytest.approx(0, abs=1e-6)
    assert uniformity_loss(torch.tensor([[1.0, 0], [-1, 0]])).item() == pytest.approx(-8)


def test_alignment_and_uniformity_add_up(views):
    x, y = views
    wanted = 3 * alignment_loss(x, y) + 0.5 * (uniformity_loss(x, 1.0) + uniformity_loss(y, 1.0)) / 2
    made = alignment_uniformity_loss(x, y, alignment_weight=3, uniformity_weight=0.5, t=1.0)
    torch.testing.assert_close(made, wanted)


def test_simclr_against_its_formula(views):
    both = torch.cat(views)
    total = 0.0
    for i in range(10):
        partner = (i + 5) % 10
        others = [_dot(both[i], both[k]) / 0.3 for k in range(10) if k not in {i, partner}]
        total += _cross_entropy(_dot(both[i], both[partner]) / 0.3, others)
    assert simclr_loss(*views, temperature=0.3).item() == pytest.approx(total / 10)


def test_simclr_of_pairs_at_right_angles():
    """Partners at cosine 1, all 2n - 2 others at 0."""
    x = torch.eye(7)
    assert simclr_loss(x, x, temperature=0.5).item() == pytest.approx(math.log(1 + 12 * math.exp(-2)))


def test_moco_against_its_formula(views):
    x, y = views
    queue = normalize(torch.randn(9, 4, generator=torch.Generator().manual_seed(2), dtype=torch.float64))
    terms = [_cross_entropy(_dot(x[i], y[i]) / 0.2, [_dot(x[i], queue[k]) / 0.2 for k in range(9)]) for i in range(5)]
    assert moco_loss(x, y, queue).item() == pytest.approx(sum(terms) / 5)


def test_moco_teaches_the_queries_alone(views):
    x, y = (view.clone().requires_grad_() for view in views)
    queue = torch.eye(4, dtype=torch.float64).requires_grad_()
    moco_loss(x, y, queue).backward()
    assert x.grad.abs().sum() > 0
    assert y.grad is None
    assert queue.grad is None


def test_supervised_contrast_against_its_formula(views):
    z = torch.cat(views)
    labels = [0, 1, 2, 0, 1, 0, 1, 3, 0, 1]  # 2 and 3 are alone
    terms = []
    for i in range(10):
        partners = [j for j in range(10) if j != i and labels[j] == labels[i]]
        if partners:
            everyone = sum(math.exp(_dot(z[i], z[k]) / 0.4) for k in range(10) if k != i)
            logs = [_dot(z[i], z[j]) / 0.4 - math.log(everyone) for j in partners]
            terms.append(-sum(logs) / len(logs))
    made = supervised_contrastive_loss(z, torch.tensor(labels), temperature=0.4)
    assert made.item() == pytest.approx(sum(terms) / len(terms))


def test_supervised_contrast_with_a_label_a_image_is_simclr(views):
    labels = torch.arange(5).repeat(2)
    made = supervised_contrastive_loss(torch.cat(views), labels, temperature=0.3)
    torch.testing.assert_close(made, simclr_loss(*views, temperature=0.3))


def test_supervised_contrast_where_all_are_alone_is_zero_and_teaches_nothing(views):
    z = views[0].clone().requires_grad_()
    loss = supervised_contrastive_loss(z, torch.arange(5))
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(z.grad, torch.zeros_like(z))


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_against_differences(name, views):
    x, y = (view.clone().requires_grad_() for view in views)
    fixed = y.detach() if name in {"moco", "uniformity", "supervised"} else y
    assert torch.autograd.gradcheck(LOSSES[name], (x, fixed))


@pytest.mark.parametrize("name", LOSSES)
def test_lengths_of_embeddings_do_not_matter(name, views):
    x, y = views
    lengths = torch.tensor([[0.1], [1], [10], [100], [1000]], dtype=torch.float64)
    torch.testing.assert_close(LOSSES[name](lengths * x, y / lengths), LOSSES[name](x, y))


@pytest.mark.parametrize("name", LOSSES)
def test_half_precision_does_not_reach_the_loss(name):
    rng = torch.Generator().manual_seed(3)
    x, y = (torch.randn(16, 8, generator=rng).bfloat16() for _ in range(2))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        made = LOSSES[name](x, y)
    assert made.dtype == torch.float32
    torch.testing.assert_close(made, LOSSES[name](x.float(), y.float()))


@pytest.mark.parametrize("name", LOSSES)
def test_a_step_along_the_gradient_lowers_the_loss(name, views):
    x = views[0].clone().requires_grad_()
    before = LOSSES[name](x, views[1])
    before.backward()
    assert LOSSES[name]((x - 0.01 * x.grad).detach(), views[1]) < before


def test_refuses_shapes_and_temperatures_that_make_no_sense():
    x, y = torch.randn(4, 3), torch.randn(5, 3)
    with pytest.raises(ValueError, match=r"same shape, got \(4, 3\) and \(5, 3\)"):
        alignment_loss(x, y)
    with pytest.raises(ValueError, match="same shape"):
        simclr_loss(x, y)
    with pytest.raises(ValueError, match="n at least 2"):
        uniformity_loss(x[:1])
    with pytest.raises(ValueError, match=r"\(n, dimension\)"):
        alignment_loss(x[0], x[0])
    with pytest.raises(ValueError, match="temperature must be positive"):
        simclr_loss(x, x, temperature=0)
    with pytest.raises(ValueError, match=r"queue must be \(length, 3\)"):
        moco_loss(x, x, torch.randn(6, 2))
    with pytest.raises(ValueError, match="one label per vector"):
        supervised_contrastive_loss(x, torch.zeros(3, dtype=torch.int64))
