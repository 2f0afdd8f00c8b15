import json
import pickle

import pytest
import torch

from crossmodal import hub
from crossmodal.audio import ExemplarBank
from crossmodal.errors import FormatError, WeightsError
from crossmodal.models import SoundFromVideo


@pytest.fixture
def model():
    torch.manual_seed(0)
    return SoundFromVideo(width=0.05, features=4, hidden=4, components=3, grid=(1, 1)).eval()


@pytest.fixture
def folder(model, tmp_path):
    return hub.save_weights(model, tmp_path / "weights", card="# A card\n")


def test_a_model_survives_a_round_trip(model, folder):
    again = hub.load_model(folder)
    assert not again.training
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in model.state_dict().items())
    assert (folder / "README.md").read_text() == "# A card\n"


def test_loading_does_not_advance_the_random_numbers_of_the_caller(folder):
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    hub.load_model(folder)
    assert torch.equal(torch.rand(1), expected)


def test_half_precision_is_read_back_as_single(model, tmp_path):
    hub.save_weights(model, tmp_path / "half", card="", half=True)
    again = hub.load_model(tmp_path / "half")
    assert {value.dtype for value in again.parameters()} == {torch.float32}
    torch.testing.assert_close(again.basis, model.basis, atol=1e-3, rtol=1e-3)


def test_exemplars_are_saved_with_the_weights(model, tmp_path):
    bank = ExemplarBank(torch.rand(2, 42, 9), torch.rand(2, 2205) - 0.5, 22_050)
    hub.save_weights(model, tmp_path / "with", card="", exemplars=bank)
    assert len(hub.load_exemplars(tmp_path / "with")) == 2


def test_missing_exemplars_state_what_to_type(folder):
    with pytest.raises(WeightsError, match="--synthesis parametric"):
        hub.load_exemplars(folder)


def test_tensors_that_were_changed_are_refused(folder):
    path = folder / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(WeightsError, match=r"the sha256 is not the one in config\.json"):
        hub.load_model(folder)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 99}, "format"),
        ({"model": "Eval"}, "no model is called 'Eval'"),
        ({"model": "SoundOutput"}, "no model is called"),
        ({"arguments": {"wings": 2}}, "do not fit"),
        ({"arguments": {"temporal": "rnn"}}, "do not fit"),
        ({"arguments": {"width": 0.1, "features": 4, "hidden": 4, "components": 3}}, "another model"),
    ],
)
def test_a_config_that_does_not_match_is_reported_in_a_sentence(folder, change, said):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(WeightsError, match=said):
        hub.load_model(folder)


def test_broken_or_missing_configs_are_named(folder):
    (folder / "config.json").write_text("{")
    with pytest.raises(WeightsError, match=r"config\.json"):
        hub.load_model(folder)
    (folder / "config.json").unlink()
    with pytest.raises(WeightsError, match="is missing"):
        hub.load_model(folder)


def test_unknown_names_list_the_shipped_ones():
    with pytest.raises(WeightsError, match="no such weights"):
        hub.load_model("sound_from_video/nothing")


def test_a_pickle_is_never_opened(tmp_path, folder):
    class Bomb:
        def __reduce__(self):
            return (pytest.fail, ("the pickle was run",))

    (folder / "model.safetensors").write_bytes(pickle.dumps(Bomb()))
    (folder / "exemplars.safetensors").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(WeightsError):
        hub.load_model(folder)
    with pytest.raises((FormatError, WeightsError)):
        hub.load_exemplars(folder)


def test_only_models_of_the_package_are_saved(tmp_path):
    with pytest.raises(TypeError, match="Linear"):
        hub.save_weights(torch.nn.Linear(1, 1), tmp_path, card="")
