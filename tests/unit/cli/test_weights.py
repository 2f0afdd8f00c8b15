"""The command that converts published generators and packs weights folders."""

import json
import os
import pickle

import pytest
import torch

from crossmodal import backbones, hub
from crossmodal.backbones.layers import features
from crossmodal.cli import main
from crossmodal.models import BigGenerator
from tests.fakes.published_generators import big_state, normalise


class Evil:
    def __reduce__(self):
        return os.system, ("touch ran",)


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    torch.manual_seed(0)
    generator = BigGenerator(width=4, latent=4, embedding=3, classes=5, statistics=3)
    normalise(generator)
    path = tmp_path_factory.mktemp("published") / "pytorch_model.bin"
    torch.save(big_state(generator), path)
    return path


def test_a_file_becomes_a_weights_folder(published, tmp_path, capsys):
    out = tmp_path / "big"
    arguments = ["weights", "convert", str(published), "--out", str(out), "--licence", "Apache-2.0", "--json", "-"]
    assert main(arguments) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["family"] == "BigGAN-deep"
    assert summary["layers"][0] == "generator.layers.0"
    assert sorted(found.name for found in out.iterdir()) == ["README.md", "config.json", "model.safetensors"]
    card = (out / "README.md").read_text()
    assert "licence of the weights: Apache-2.0" in card
    assert summary["file_sha256"] in card
    assert hub.load_model(out).draw([0]).shape == (1, 3, 128, 128)


def test_an_unknown_licence_is_said_to_be_unknown(published, tmp_path, capsys):
    assert main(["weights", "convert", str(published), "--out", str(tmp_path / "big"), "--half"]) == 0
    assert "licence: unknown" in capsys.readouterr().out
    assert "licence of the weights: unknown" in (tmp_path / "big" / "README.md").read_text()


def test_mistakes_are_sentences(published, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").touch()
    hostile = tmp_path / "hostile.pkl"
    hostile.write_bytes(pickle.dumps({"G_ema": Evil()}))
    for arguments, code, message in (
        (["convrt", str(published), "--out", "new"], 2, "unknown action 'convrt'; did you mean convert?"),
        (["convert", str(published)], 2, "required: --out"),
        (
            ["convert", str(published), "--out", "new", "--probe", "n.md"],
            2,
            "--probe: not an option of `crossmodal weights convert`",
        ),
        (["pack", "nowhere", "--out", "new"], 1, "nowhere: no such weights"),
        (
            ["pack", "scenes/segmenter", "--out", "new", "--licence", "MIT"],
            2,
            "--licence: not an option of `crossmodal weights pack`",
        ),
        (["pack", "scenes/segmenter", "--out", "new", "--probe", "n.md"], 2, "--probe n.md: cannot be read"),
        (["pack", "scenes/segmenter", "--out", "new", "--backbone", "alexnet"], 2, "unknown backbone 'alexnet'"),
        (["convert", str(published), "--out", "new", "--licence", " "], 2, "--licence: empty; leave it out"),
        (["convert", str(published), "--out", "full"], 1, "full: the directory is not empty"),
        (["convert", "none.pkl", "--out", "new"], 1, "none.pkl: no such file"),
        (["convert", str(hostile), "--out", "new"], 1, "refused, nothing was run"),
    ):
        assert main(["weights", *arguments]) == code
        err = capsys.readouterr().err
        assert message in err
        assert err.count("\n") == 1
    assert not (tmp_path / "ran").exists()
    assert not list((tmp_path / "new").glob("*")) if (tmp_path / "new").exists() else True


def test_a_trunk_is_packed_out_of_the_whole_in_half_precision(tmp_path, capsys):
    torch.manual_seed(0)
    whole = backbones.create("small_alexnet_whole", width=0.125).eval()
    hub.save_weights(whole, tmp_path / "whole", card="# mine\n\n- data: none\n")
    (tmp_path / "probe.md").write_text("| a | b |\n")
    arguments = ["weights", "pack", str(tmp_path / "whole"), "--out", str(tmp_path / "trunk"), "--half"]
    assert main([*arguments, "--backbone", "small_alexnet", "--probe", str(tmp_path / "probe.md"), "--json", "-"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["bytes"] < (tmp_path / "whole" / "model.safetensors").stat().st_size / 4
    card = (tmp_path / "trunk" / "README.md").read_text()
    assert card.startswith(
        "# mine\n\n- data: none\n\n## Packed\n\nSmallAlexNet, 44,700 parameters, in half precision.\n"
    )
    assert card.endswith("\n\n## Frozen features\n\n| a | b |\n")
    trunk = backbones.create("small_alexnet", weights=tmp_path / "trunk").eval()
    images = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        for layer in ("conv1", "conv5"):
            exact = features(whole, images, layer)
            assert torch.allclose(features(trunk, images, layer), exact, atol=1e-2 * float(exact.abs().amax()))
