"""The command that opens networks up."""

import json

import pytest
import torch

from crossmodal.cli import main
from crossmodal.hub import save_weights
from crossmodal.models import Segmenter, SmallGenerator
from tests.unit.dissect.mask_folder import write_mask_folder

SEEN = "dissect small_alexnet --weights none --width 0.1 --layer conv3 --size 32"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Masks, a random generator and a segmenter that tells bright from dark."""
    root = tmp_path_factory.mktemp("dissect")
    write_mask_folder(root / "street")
    torch.manual_seed(0)
    save_weights(SmallGenerator(size=16, width=0.25), root / "generator", card="random")
    segmenter = Segmenter(classes=("dark", "bright", "never"), width=2, levels=1)
    with torch.no_grad():
        segmenter.read.weight.zero_()
        segmenter.read.bias.copy_(torch.tensor([0.0, 0.0, -9.0]))
        segmenter.read.weight[1, 0] = 1.0
    save_weights(segmenter, root / "segmenter", card="random")
    broken = SmallGenerator(size=16, width=0.25)
    broken.image.bias.data.fill_(float("nan"))
    save_weights(broken, root / "broken", card="broken")
    return root


@pytest.fixture
def here(place, monkeypatch):
    monkeypatch.chdir(place)
    return place


DRAWN = "dissect generator --layer layer2 --segmenter segmenter --count 48"


def test_a_backbone_over_masks(here, capsys, tmp_path):
    assert main([*SEEN.split(), "--masks", "street", "--out", str(tmp_path / "out"), "--strips", "4"]) == 0
    out, err = capsys.readouterr()
    assert "units are detectors of" in out
    assert "overlap" in err
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "concepts.csv", "dissection.json", "report.html", "units.csv",
    ]  # fmt: skip
    told = json.loads((tmp_path / "out" / "dissection.json").read_text())
    assert {concept["name"] for concept in told["concepts"]} == {"sky", "ground", "window"}
    assert told["settings"]["images"] == 40


def test_a_generator_with_its_segmenter(here, capsys, tmp_path):
    assert main([*DRAWN.split(), "--out", str(tmp_path / "out"), "--json", "-", "--strips", "2"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {concept["name"] for concept in told["concepts"]} <= {"dark", "bright"}
    assert "never" in told["left_out"]


@pytest.mark.parametrize("rank", ["iou", "effect"])
def test_ablation_draws_a_strip_and_tells_the_curve(here, capsys, tmp_path, rank):
    words = [*DRAWN.split(), "--ablate", "bright", "--top", "2", "--rank", rank, "--out", str(tmp_path / "strip.png")]
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "change of bright" in out
    assert (tmp_path / "strip.png").read_bytes().startswith(b"\x89PNG")
    assert main([*words, "--json", "-"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [row["units"] for row in told["curves"]["bright"]] == [1, 2, 4]
    assert len(told["units"]) == 2


def test_insertion_is_told_by_context(here, capsys):
    assert main([*DRAWN.split(), "--insert", "bright", "--top", "4", "--patch", "2"]) == 0
    assert "under the place" in capsys.readouterr().out
    assert main([*DRAWN.split(), "--insert", "bright", "--patch", "2", "--json", "-"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {one["context"] for one in told["contexts"]} <= {"dark"}


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        (f"{SEEN} --out o", 2, "give --masks DIR, or --segmenter W"),
        (f"{SEEN} --masks street", 2, "--out is missing"),
        (f"{SEEN.replace('conv3', 'convv3')} --masks street --out o", 2, "did you mean conv3?"),
        (f"{SEEN} --masks street --out o --ablate sky", 2, "a PNG file was expected"),
        (f"{SEEN} --masks street --out o.png --ablate sky", 2, "--ablate: belongs to a generator"),
        (f"{SEEN} --masks street --out o --share 2", 2, "share of active cells"),
        (f"{SEEN} --masks nowhere --out o", 1, "no such folder"),
        (f"{SEEN} --masks street --out o --size 4", 1, "cannot take these images"),
        (f"{SEEN} --masks street --out o --strips 0 --top 0", 2, "--top: at least 1"),
        ("dissect generator --layer layer1 --masks street --out o", 2, "--segmenter W"),
        ("dissect nowhere --layer layer1 --masks street --out o", 1, "or a backbone: small_alexnet"),
        ("dissect segmenter --layer read --masks street --weights none --out o", 2, "--weights: belongs to a backbone"),
        (f"{DRAWN} --out o --masks street", 2, "its classes are not those of the segmenter: dark, bright"),
        (f"{DRAWN} --out o.png --ablate moon", 2, "unknown concept 'moon'; choose one of: dark, bright"),
        (f"{DRAWN} --out o.png --ablate bright --insert dark", 2, "one at a time"),
        (f"{DRAWN} --out o.png --ablate bright --top 99", 2, "--top: layer2 has"),
        (f"{DRAWN.replace('segmenter segmenter', 'segmenter generator')} --out o", 2, "is it a segmenter?"),
        (f"{DRAWN.replace('generator', 'broken')} --out o", 1, "values that are not numbers"),
        (f"{DRAWN} --out /proc/nowhere", 1, "cannot be written"),
    ],
)
def test_what_goes_wrong_is_a_sentence(here, capsys, words, code, reason):
    assert main(words.split()) == code
    out, err = capsys.readouterr()
    assert reason in err
    assert "Traceback" not in err
    assert out == ""
