"""The contract of all processes."""

import json
import pickle

import pytest
import torch

from crossmodal import noise

# Options that make slow processes quick; everything else runs as it is created by its name alone.
QUICK = {
    "feature_visualization": {"backbone": "small_alexnet", "width": 0.125, "steps": 2},
    "untrained_generator": {"channel_base": 1024},
}
SIZE = 24


@pytest.fixture(scope="module", params=noise.names())
def process(request):
    return noise.create(request.param, **QUICK.get(request.param, {}))


def test_every_name_is_created_without_options(process):
    assert noise.create(process.name).name == process.name


def test_images_are_uint8_on_the_given_device(process):
    images = process([0, 5, 2], size=SIZE)
    assert images.dtype == torch.uint8
    assert images.shape == (3, 3, SIZE, SIZE)
    assert images.device.type == "cpu"
    assert len({image.numpy().tobytes() for image in images}) == 3


def test_an_image_depends_on_its_index_alone(process):
    """Bit for bit the same alone, in a batch, in another order, and with more threads."""
    batch = process([7, 3, 2**40 + 1, 3], size=SIZE)
    assert torch.equal(batch[1], batch[3])
    for place, index in enumerate([7, 3, 2**40 + 1]):
        assert torch.equal(process([index], size=SIZE)[0], batch[place])
    torch.set_num_threads(2)
    try:
        assert torch.equal(process(torch.tensor([3, 7]), size=SIZE), batch[[1, 0]])
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)


def test_autocast_changes_nothing(process):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = process([3], size=SIZE)
    assert torch.equal(inside, process([3], size=SIZE))


def test_seeds_change_the_images(process):
    assert not torch.equal(process([1], size=SIZE, seed=1), process([1], size=SIZE, seed=2))


def test_drawing_and_rendering_are_two_steps(process):
    draws = process.sample([4, 9], size=SIZE, seed=3)
    assert torch.equal(process.render(draws), process([4, 9], size=SIZE, seed=3))


@pytest.mark.parametrize("size", [(17, 23), (40, 9), 1])
def test_any_size_is_valid(process, size):
    height, width = (size, size) if isinstance(size, int) else size
    images = process([0, 1], size=size)
    assert images.shape == (2, 3, height, width)
    assert torch.equal(process([1], size=size)[0], images[1])


def test_no_indices_give_no_images(process):
    assert process([], size=SIZE).shape == (0, 3, SIZE, SIZE)


def test_a_process_is_recreated_from_its_description(process):
    again = noise.from_description(json.loads(json.dumps(process.describe())))
    assert again == process
    assert torch.equal(again([3], size=SIZE), process([3], size=SIZE))


def test_processes_can_be_pickled(process):
    assert torch.equal(pickle.loads(pickle.dumps(process))([3], size=SIZE), process([3], size=SIZE))


def test_labels_are_those_of_the_index(process):
    if process.classes is None:
        with pytest.raises(TypeError, match="no labels"):
            process.labels([0])
        return
    labels = process.labels(range(64), seed=5)
    assert labels.dtype == torch.int64
    assert 0 <= labels.min() <= labels.max() < process.classes
    assert torch.equal(process.labels([9, 4], seed=5), labels[[9, 4]])


def test_global_random_states_do_not_change(process):
    torch.manual_seed(0)
    before = torch.get_rng_state()
    process([0], size=SIZE)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"indices": [-1]}, "indices must not be negative, got -1"),
        ({"indices": [0.5]}, "whole numbers"),
        ({"indices": [0], "size": 0}, "size must be at least 1 pixel, got 0 x 0"),
        ({"indices": [0], "size": (4, -1)}, "got 4 x -1"),
        ({"indices": [0], "seed": -3}, "seed must not be negative, got -3"),
    ],
)
def test_invalid_arguments_are_refused(process, arguments, message):
    with pytest.raises(ValueError, match=message):
        process(**arguments)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_another_device_agrees(process):
    here, there = process(range(8), size=64), process(range(8), size=64, device="cuda").cpu()
    assert (here.int() - there.int()).abs().float().mean() < 4


def test_unknown_names_suggest_the_nearest():
    with pytest.raises(ValueError, match="unknown process 'dead_leafs'; did you mean dead_leaves"):
        noise.create("dead_leafs")
    with pytest.raises(ValueError, match="dead_leaves has no option 'shap'; did you mean shape"):
        noise.create("dead_leaves", shap="square")
    with pytest.raises(ValueError, match="described by 'process' and 'options'"):
        noise.from_description({"name": "dead_leaves"})


def test_a_shader_is_created_by_its_path(tmp_path):
    with pytest.raises(ValueError, match="shader needs the option 'path'"):
        noise.create("shader")
    (tmp_path / "red.frag").write_text("void mainImage(out vec4 c, in vec2 p) { c = vec4(1.0, 0.0, 0.0, 1.0); }")
    process = noise.create("shader", path=str(tmp_path / "red.frag"))
    assert noise.from_description(json.loads(json.dumps(process.describe()))) == process
    assert "shader" not in noise.names()
