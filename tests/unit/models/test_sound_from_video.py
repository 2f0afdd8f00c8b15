import pytest
import torch

from crossmodal.models import SoundFromVideo
from crossmodal.models.sound_from_video import _fade


def small(**options):
    torch.manual_seed(0)
    defaults = {"width": 0.05, "features": 8, "hidden": 8, "components": 4, "grid": (1, 2)}
    return SoundFromVideo(**(defaults | options)).eval()


def images(ticks=12, batch=2):
    generator = torch.Generator().manual_seed(1)
    spacetime = torch.randint(0, 256, (batch, ticks, 3, 24, 40), dtype=torch.uint8, generator=generator)
    return spacetime, torch.randint(0, 256, (batch, 3, 24, 40), dtype=torch.uint8, generator=generator)


@pytest.mark.parametrize("spacetime", ["grey", "difference", "motion"])
@pytest.mark.parametrize("temporal", ["lstm", "convolution"])
@pytest.mark.parametrize("scene", [True, False])
def test_shapes_and_range(spacetime, temporal, scene):
    predicted = small(spacetime=spacetime, temporal=temporal, scene=scene)(*images())
    assert predicted.components.shape == (2, 4, 36)
    assert predicted.cochleagram.shape == (2, 42, 36)
    assert predicted.onset_logits.shape == (2, 36)
    assert float(predicted.cochleagram.detach().min()) >= 0


def test_without_an_onset_head_there_are_no_logits():
    assert small(onset_head=False)(*images()).onset_logits is None


def test_motion_does_not_see_what_stands_still():
    model = small(spacetime="motion", scene=False)
    spacetime, colour = images(batch=1)
    still = spacetime[:, :1, :1].expand(-1, 12, 3, -1, -1)
    with torch.no_grad():
        torch.testing.assert_close(model(still, colour).components, model(255 - still, colour).components)


def test_the_basis_keeps_what_it_spans_and_has_unit_variance():
    generator = torch.Generator().manual_seed(2)
    hidden = torch.rand(4, 500, generator=generator)
    cochleagrams = (torch.rand(42, 4, generator=generator) @ hidden).square()
    model = small()
    model.fit_basis(cochleagrams)
    coordinates = model.project(cochleagrams[None])
    torch.testing.assert_close(model.unproject(coordinates)[0], cochleagrams, rtol=1e-3, atol=1e-4)
    assert float(coordinates[0].var(dim=1, correction=0).sum()) == pytest.approx(1, rel=1e-3)
    torch.testing.assert_close(coordinates[0].mean(dim=1), torch.zeros(4), atol=1e-4, rtol=0)


def test_a_basis_of_silence_gives_finite_numbers():
    model = small()
    model.fit_basis(torch.zeros(42, 50))
    assert torch.isfinite(model.project(torch.zeros(1, 42, 5))).all()


def test_a_long_video_is_heard_as_its_windows():
    model = small(temporal="lstm")
    spacetime, colour = images(ticks=70, batch=1)
    whole = model.predict_video(lambda first, count: spacetime[0, first : first + count], 70, lambda _: colour[0])
    direct = model(spacetime, colour)
    torch.testing.assert_close(whole.components, direct.components.detach(), rtol=1e-4, atol=1e-5)


def test_windows_fade_into_each_other_without_gaps():
    model = small(temporal="convolution")
    spacetime, colour = images(ticks=50, batch=1)
    asked = []

    def colour_at(tick):
        asked.append(tick)
        return colour[0]

    def spacetime_of(first, count):
        return spacetime[0, first : first + count]

    predicted = model.predict_video(spacetime_of, 50, colour_at, window_ticks=20, overlap_ticks=8)
    assert asked == [0, 12, 24, 30]
    assert predicted.components.shape == (1, 4, 150)
    assert torch.isfinite(predicted.components).all()
    # Inside a window's middle nothing else was blended in.
    alone = model.predict(model.encode_ticks(spacetime[0, :20])[None], model.encode_scenes(colour))
    torch.testing.assert_close(
        predicted.components[..., :36], alone.components[..., :36].detach(), rtol=1e-4, atol=1e-5
    )


def test_a_video_shorter_than_a_window_is_heard():
    spacetime, colour = images(ticks=1, batch=1)
    predicted = small().predict_video(lambda first, count: spacetime[0, first : first + count], 1, lambda _: colour[0])
    assert predicted.cochleagram.shape == (1, 42, 3)


def test_fade_never_reaches_zero():
    fade = _fade(10, 4)
    assert float(fade.min()) > 0
    assert float(fade[4]) == 1
    assert torch.equal(fade, fade.flip(0))


def test_arguments_rebuild_the_model():
    model = small(temporal="lstm", spacetime="grey")
    again = SoundFromVideo(**model.arguments)
    assert {name: value.shape for name, value in again.state_dict().items()} == {
        name: value.shape for name, value in model.state_dict().items()
    }


def test_unknown_choices_are_refused():
    with pytest.raises(ValueError, match="'grey', 'difference'"):
        small(spacetime="flow")
