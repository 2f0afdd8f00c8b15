"""The process of programs: the programs of the grammar keep their numbers, and images draw them uniformly."""

import hashlib

import numpy as np
import pytest
import torch
from scipy import stats

from crossmodal import noise
from crossmodal.noise.programs import Programs
from crossmodal.noise.programs.glsl import print_shader
from crossmodal.noise.programs.process import ProgramDraws, screen
from crossmodal.noise.programs.selection import ATTEMPTS, select_program
from crossmodal.noise.programs.shader import ShaderDraws, ShaderFile


def structures(count, **options):
    process = Programs(**options)
    return ["/".join(step.operation for step in process.program(label).steps) for label in range(count)]


def test_a_program_keeps_its_number():
    """Another digest means that labels have changed: add it to the changelog."""
    digest = hashlib.sha256("\n".join(structures(20)).encode()).hexdigest()
    assert digest[:16] == "e08a2c56177aba23"


def test_the_list_of_programs_has_an_offset_and_a_seed():
    assert Programs(first_program=100).program(3) == Programs().program(103)
    assert Programs(programs=200).program(150) == Programs().program(150)
    assert Programs(grammar_seed=1).program(3) != Programs().program(3)
    assert Programs(first_program=2**50).program(0).steps


def test_programs_do_not_depend_on_earlier_calls():
    first = Programs().program(7)
    select_program.cache_clear()
    for label in (9, 8, 7):
        again = Programs().program(label)
    assert again == first


def test_programs_are_uniform():
    """Chi-square over 40 programs of 8,000 images; false alarm 1e-4."""
    labels = Programs(programs=40).labels(range(8000), seed=1)
    assert stats.chisquare(torch.bincount(labels, minlength=40).numpy()).pvalue > 1e-4


def test_times_and_views_are_uniform():
    """Kolmogorov-Smirnov; false alarm 1e-4 each."""
    draws = Programs(time_range=(2.0, 5.0)).sample(range(4000), seed=2)
    assert stats.kstest(draws.times_s, stats.uniform(2.0, 3.0).cdf).pvalue > 1e-4
    a, b, c, d, e, f = draws.views.T
    np.testing.assert_allclose(a, e)
    np.testing.assert_allclose(b, -d)
    zoom, turn = np.log(np.hypot(a, b)), np.arctan2(d, a) / (2 * np.pi)
    for law, found in ((0.3, zoom), (0.3, c), (0.3, f), (0.04, turn)):
        assert stats.kstest(found, stats.uniform(-law, 2 * law).cdf).pvalue > 1e-4


def test_a_label_is_the_program_of_its_image():
    process = Programs(programs=50, first_program=1000, time_range=(3, 3), view_jitter=0)
    label = int(process.labels([5], seed=8)[0])
    alone = Programs(programs=1, first_program=1000 + label, time_range=(3, 3), view_jitter=0)
    assert torch.equal(process([5], size=32, seed=8), alone([0], size=32))


def test_a_view_without_jitter_is_plain():
    views = Programs(view_jitter=0.0).sample([3]).views
    assert views.tolist() == [[1.0, 0.0, 0.0, 0.0, 1.0, 0.0]]


def test_the_shorter_side_spans_the_plane():
    x, y = screen(4, 8)
    assert x[0].tolist() == [-1.75, -1.25, -0.75, -0.25, 0.25, 0.75, 1.25, 1.75]
    assert y[:, 0].tolist() == [0.75, 0.25, -0.25, -0.75]


def test_images_of_two_sizes_show_the_same():
    process = Programs()
    small, large = process(range(20), size=48), process(range(20), size=144)
    pooled = torch.nn.functional.avg_pool2d(large.float(), 36)
    assert (pooled - torch.nn.functional.avg_pool2d(small.float(), 12)).abs().mean() < 8


def test_other_devices_agree_with_the_machine():
    """Less than 0.1 of 255 levels on average, fewer than 1 % of pixels off by more than 8 in any of 96 images."""
    process = Programs()
    draws = process.sample(range(96), size=(40, 56), seed=6)
    here = process.render(draws).int()
    there = process._paint_tensors(draws, torch.device("cpu")).int()
    apart = (here - there).abs().amax(1).float()
    assert apart.mean() < 0.1
    assert (apart > 8).float().mean((1, 2)).max() < 0.01


def test_programs_print_their_steps():
    text = str(Programs().program(4))
    program = Programs().program(4)
    assert len(text.splitlines()) == len(program.steps)
    assert text.startswith("s0 = place(p, left=")
    assert text.splitlines()[-1].startswith(f"s{len(program.steps) - 1} = develop(s")


def test_programs_print_as_shaders_that_show_the_same(tmp_path, gl):
    """32 programs through OpenGL: mean difference below 0.1 of 255 levels, below 1 % of pixels off by more than 8."""
    process = Programs(programs=32, first_program=500, time_range=(3.0, 3.0), view_jitter=0.0)
    for label in range(32):
        (tmp_path / f"{label:02}.glsl").write_text(print_shader(process.program(label)))
    shaders = ShaderFile(path=str(tmp_path), time_range=(3.0, 3.0))
    draws = ProgramDraws(
        numbers=500 + np.arange(32),
        times_s=np.full(32, 3.0, dtype=np.float32),
        views=np.tile(np.float32([1, 0, 0, 0, 1, 0]), (32, 1)),
        size=(48, 64),
    )
    here = process.render(draws).int()
    there = shaders.render(ShaderDraws(files=np.arange(32), times_s=draws.times_s, size=(48, 64))).int()
    apart = (here - there).abs().amax(1).float()
    assert apart.mean() < 0.1
    assert (apart > 8).float().mean((1, 2)).max() < 0.01


def test_selection_falls_back_to_a_plain_program(monkeypatch):
    from crossmodal.noise.programs import selection

    attempts = []
    monkeypatch.setattr(selection, "_is_varied", lambda image: bool(attempts.append(image)))
    select_program.cache_clear()
    program, assembled = selection.select_program(0, 3)
    select_program.cache_clear()
    assert len(attempts) == ATTEMPTS
    assert [step.operation for step in program.steps] == ["place", "clouds", "two_tone"]
    image = np.empty((3, 400), dtype=np.uint8)
    places = np.stack([plane.ravel() for plane in screen(20, 20)])
    assembled.paint(1.0, places, selection.PLAIN_VIEW, image)
    assert image.std() > 10


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"programs": 0}, "programs must be 1 to 2147483648, got 0"),
        ({"first_program": -1}, "first_program must be 0 to"),
        ({"first_program": 2**60}, "first_program must be 0 to"),
        ({"grammar_seed": -2}, "grammar_seed must not be negative, got -2"),
        ({"time_range": (3.0, 1.0)}, "two times in order"),
        ({"time_range": (0.0, float("nan"))}, "two times in order"),
        ({"view_jitter": -1.0}, "view_jitter must be 0 to 3"),
    ],
)
def test_invalid_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        noise.create("programs", **options)


def test_labels_beyond_the_programs_are_refused():
    with pytest.raises(ValueError, match="labels are 0 to 9, got 10"):
        Programs(programs=10).program(10)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_graphics_card_agrees_with_the_machine():
    process = Programs()
    draws = process.sample(range(64), size=64)
    apart = (process.render(draws).int() - process.render(draws, "cuda").cpu().int()).abs().amax(1).float()
    assert apart.mean() < 0.1
    assert (apart > 8).float().mean((1, 2)).max() < 0.01
