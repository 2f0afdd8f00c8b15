import pytest
import torch

from crossmodal.models import IdentityFromTouch


def small(**options):
    torch.manual_seed(0)
    return IdentityFromTouch(**({"width": 0.1, "features": 16, "dimension": 8, "phases": 6} | options)).eval()


def footsteps(batch=3, phases=6):
    return 400 * torch.rand(batch, phases, 75, 40, generator=torch.Generator().manual_seed(1))


def test_embeddings_are_of_length_1():
    vectors = small()(footsteps())
    assert vectors.shape == (3, 8)
    torch.testing.assert_close(vectors.norm(dim=1), torch.ones(3))


def test_a_footstep_does_not_depend_on_its_neighbours_in_the_batch():
    model = small()
    with torch.no_grad():
        torch.testing.assert_close(model(footsteps())[1:2], model(footsteps()[1:2]), atol=1e-5, rtol=1e-4)


def test_pressure_beyond_full_scale_is_cut_off():
    model = small(full_scale_kpa=100.0)
    with torch.no_grad():
        torch.testing.assert_close(model(footsteps() + 100), model(footsteps() + 1000))


def test_all_phases_are_seen_and_all_parameters_learn():
    model = small().train()
    seen = footsteps().requires_grad_()
    (model(seen) @ torch.arange(8.0)).sum().backward()
    assert bool((seen.grad.abs().sum(dim=(0, 2, 3)) > 0).all())
    assert [
        name for name, p in model.named_parameters() if p.grad is None or not bool(torch.isfinite(p.grad).all())
    ] == []


def test_an_empty_footstep_gives_finite_numbers():
    assert bool(torch.isfinite(small()(torch.zeros(1, 6, 75, 40))).all())


def test_the_predictor_embeds_one_sample():
    model = small()
    with torch.no_grad():
        torch.testing.assert_close(model.predictor()({"phases_kpa": footsteps()[0]}), model(footsteps()[:1])[0])


@pytest.mark.parametrize("phases", [0, 2, 10])
def test_phases_that_fill_no_image_are_refused(phases):
    with pytest.raises(ValueError, match="multiple of 3"):
        small(phases=phases)


def test_footsteps_of_other_phases_are_refused():
    with pytest.raises(ValueError, match="6 phases, got 101"):
        small()(footsteps(1, 101))
