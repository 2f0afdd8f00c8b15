"""Images that activate units: which units, how strongly, and without side effects."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from crossmodal import backbones, noise
from crossmodal.errors import WeightsError
from crossmodal.visualization.backbone_units import count_units, load_units

SMALL = {"backbone": "small_alexnet", "width": 0.0625}
UNITS = 12


def make(**options):
    return noise.create("feature_visualization", **{**SMALL, "steps": 2, **options})


def answers(process, images):
    network = load_units(
        process.backbone, process.width, process.layer, process.weights, process.network, torch.device("cpu")
    )
    with torch.no_grad():
        return network(images)


def test_every_unit_comes_first_then_every_pair_once():
    process = make()
    assert process.classes == UNITS
    pairs = UNITS * (UNITS - 1) // 2
    units = process.units(np.arange(UNITS + pairs))
    assert units[:UNITS].tolist() == [[unit, unit] for unit in range(UNITS)]
    assert {tuple(sorted(pair)) for pair in units[UNITS:].tolist()} == {
        (first, second) for first in range(UNITS) for second in range(first + 1, UNITS)
    }


def test_after_all_pairs_the_list_begins_again_from_other_starts():
    process = make()
    everything = UNITS * (UNITS + 1) // 2
    assert process.units(np.array([everything + 5, 2**62])).tolist()[0] == [5, 5]
    again = process([5, everything + 5], size=8)
    assert not torch.equal(again[0], again[1])


def test_odd_numbers_of_units_are_paired_too():
    process = make(width=7 / 192)
    assert process.classes == 7
    units = process.units(np.arange(7 * 8 // 2))
    assert len({frozenset(pair) for pair in units.tolist()}) == len(units)


def test_labels_are_the_first_units():
    process = make()
    indices = np.array([0, 3, UNITS + 1, UNITS * 2 + 4])
    assert process.labels(indices).tolist() == process.units(indices)[:, 0].tolist()
    assert torch.bincount(process.labels(range(UNITS * (UNITS + 1) // 2)), minlength=UNITS).min() >= UNITS // 2


def test_optimized_images_activate_their_units_far_more_than_noise():
    process = make(steps=48)
    indices = [*range(UNITS), UNITS, UNITS + 1]
    units = torch.from_numpy(process.units(np.array(indices)))
    driven = answers(process, process(indices, size=48)).gather(1, units).mean(dim=1)
    generator = noise.create("untrained_generator", channel_base=1024)
    others = answers(process, generator(range(40), size=48))
    strongest = torch.stack([others[:, pair].mean(dim=1).max() for pair in units])
    # Units of a random network may have no activation at the start, and so no gradient.
    awake = driven > 0
    assert awake.sum() >= len(indices) - 2
    assert (driven[awake] > strongest[awake]).float().mean() >= 0.9
    assert (driven[awake] / strongest[awake]).median() > 1.5


def test_images_have_the_full_range():
    images = make()([0, 1], size=(20, 31)).flatten(1)
    assert (images.amin(dim=1) == 0).all()
    assert (images.amax(dim=1) == 255).all()


def test_a_layer_can_be_chosen():
    """The first child of the small AlexNet's trunk is a convolution of six channels."""
    process = make(layer="0")
    assert process.classes == 6
    assert process([0, 7], size=8).shape == (2, 3, 8, 8)
    assert count_units("resnet50", 1.0, "layer1") == 256
    assert count_units("resnet50", 1.0, None) == 2048


def test_random_backbones_come_from_the_option_network_and_do_not_change_global_random_states():
    load_units.cache_clear()
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = make()([0], size=8)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    load_units.cache_clear()
    assert torch.equal(make()([0], size=8), first)
    assert not torch.equal(make(network=1)([0], size=8), first)


def test_given_weights_are_used(tmp_path):
    path = tmp_path / "model.safetensors"
    state = backbones.create("small_alexnet", width=0.0625).state_dict()
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, path)
    process = make(weights=path)
    assert process.describe()["options"]["weights"] == str(path)
    assert not torch.equal(process([0], size=8), make()([0], size=8))


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
def test_gradients_are_enabled_in_inference_mode(context):
    load_units.cache_clear()
    process = make()
    with context():
        there = process([3], size=8)
    assert torch.equal(process([3], size=8), there)


def test_batches_as_other_devices_make_them_show_the_same_images():
    """On the CPU an image is optimized alone; in a batch rounding differs, and grows from step to step."""
    from crossmodal.visualization import process as module

    process = make(steps=6)
    draws = process.sample(range(4), size=24)
    network = load_units("small_alexnet", 0.0625, None, None, 0, torch.device("cpu"))
    spectra = module._optimized(network, draws, torch.device("cpu"))
    batched = module._stretched(module.fourier_images(spectra, draws.size))
    assert (batched.int() - process.render(draws).int()).abs().float().mean() < 0.1


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_another_device_shows_the_same():
    process = make(steps=16)
    here, there = process(range(4), size=32), process(range(4), size=32, device="cuda").cpu()
    assert torch.corrcoef(torch.stack([here.float().flatten(), there.float().flatten()]))[0, 1] > 0.9


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"backbone": "resnet5"}, ValueError, "unknown backbone 'resnet5'; did you mean resnet50"),
        (
            {"backbone": "resnet50", "width": 1.0, "layer": "layer5"},
            ValueError,
            "unknown layer 'layer5'; did you mean layer",
        ),
        ({"layer": "conv"}, ValueError, "unknown layer 'conv'; choose one of: 0, 1, 2"),
        ({"backbone": "resnet18", "width": 0.5}, ValueError, "resnet18 has one width"),
        ({"steps": 0}, ValueError, "steps must be at least 1, got 0"),
        ({"network": -1}, ValueError, "network must not be negative, got -1"),
        ({"weights": "nowhere"}, WeightsError, "nowhere: no such weights"),
    ],
)
def test_invalid_options_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        make(**options)
