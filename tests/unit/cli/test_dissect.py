"""The command ``crossmodal dissect``."""

import json

import pytest
import torch

from crossmodal.cli import main
from crossmodal.hub import save_weights
from crossmodal.models import Segmenter, SmallGenerator
from tests.unit.dissect.mask_folder import write_mask_folder

BACKBONE = "dissect small_alexnet --weights none --width 0.1 --layer conv3 --size 32"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Masks, a random generator and a segmenter that separates bright from dark."""
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
    broken.picture.bias.data.fill_(float("nan"))
    save_weights(broken, root / "broken", card="broken")
    return root


@pytest.fixture
def here(place, monkeypatch):
    monkeypatch.chdir(place)
    return place


GENERATOR = "dissect generator --layer layer2 --segmenter segmenter --count 48"


def test_a_backbone_over_masks(here, capsys, tmp_path):
    assert main([*BACKBONE.split(), "--masks", "street", "--out", str(tmp_path / "out"), "--strips", "4"]) == 0
    out, err = capsys.readouterr()
    assert "units are detectors of" in out
    assert "overlap" in err
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "concepts.csv", "dissection.json", "report.html", "units.csv",
    ]  # fmt: skip
    content = json.loads((tmp_path / "out" / "dissection.json").read_text())
    assert {concept["name"] for concept in content["concepts"]} == {"sky", "ground", "window"}
    assert content["settings"]["images"] == 40


def test_a_generator_with_its_segmenter(here, capsys, tmp_path):
    assert main([*GENERATOR.split(), "--out", str(tmp_path / "out"), "--json", "-", "--strips", "2"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert {concept["name"] for concept in content["concepts"]} <= {"dark", "bright"}
    assert "never" in content["left_out"]


@pytest.mark.parametrize("rank", ["iou", "effect"])
def test_ablation_draws_a_strip_and_prints_the_curve(here, capsys, tmp_path, rank):
    args = [
        *GENERATOR.split(),
        "--ablate",
        "bright",
        "--top",
        "2",
        "--rank",
        rank,
        "--out",
        str(tmp_path / "strip.png"),
    ]
    assert main(args) == 0
    out = capsys.readouterr().out
    assert "change of bright" in out
    assert (tmp_path / "strip.png").read_bytes().startswith(b"\x89PNG")
    assert main([*args, "--json", "-"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert [row["units"] for row in content["curves"]["bright"]] == [1, 2, 4]
    assert len(content["units"]) == 2


def test_insertion_is_reported_by_context(here, capsys):
    assert main([*GENERATOR.split(), "--insert", "bright", "--top", "4", "--patch", "2"]) == 0
    assert "context" in capsys.readouterr().out
    assert main([*GENERATOR.split(), "--insert", "bright", "--patch", "2", "--json", "-"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert {one["context"] for one in content["contexts"]} <= {"dark"}


@pytest.mark.parametrize(
    ("args", "code", "reason"),
    [
        (f"{BACKBONE} --out o", 2, "give --masks DIR, or --segmenter W"),
        (f"{BACKBONE} --masks street", 2, "--out is missing"),
        (f"{BACKBONE.replace('conv3', 'convv3')} --masks street --out o", 2, "did you mean conv3?"),
        (f"{BACKBONE} --masks street --out o --ablate sky", 2, "expected a PNG file"),
        (f"{BACKBONE} --masks street --out o.png --ablate sky", 2, "--ablate: belongs to a generator"),
        (f"{BACKBONE} --masks street --out o --fraction 2", 2, "fraction of active cells"),
        (f"{BACKBONE} --masks nowhere --out o", 1, "no such folder"),
        (f"{BACKBONE} --masks street --out o --size 4", 1, "cannot process these images"),
        (f"{BACKBONE} --masks street --out o --strips 0 --top 0", 2, "--top: expected at least 1"),
        ("dissect generator --layer layer1 --masks street --out o", 2, "--segmenter W"),
        ("dissect nowhere --layer layer1 --masks street --out o", 1, "or a backbone: small_alexnet"),
        ("dissect segmenter --layer read --masks street --weights none --out o", 2, "--weights: belongs to a backbone"),
        (f"{GENERATOR} --out o --masks street", 2, "the classes differ from those of the segmenter (dark, bright"),
        (f"{GENERATOR} --out o.png --ablate moon", 2, "unknown concept 'moon'; choose one of: dark, bright"),
        (f"{GENERATOR} --out o.png --ablate bright --insert dark", 2, "give one at a time"),
        (f"{GENERATOR} --out o.png --ablate bright --top 99", 2, "--top: layer2 has"),
        (f"{GENERATOR.replace('segmenter segmenter', 'segmenter generator')} --out o", 2, "is it a segmenter?"),
        (f"{GENERATOR.replace('generator', 'broken')} --out o", 1, "values that are not numbers"),
        (f"{GENERATOR} --out /proc/nowhere", 1, "cannot be written"),
    ],
)
def test_errors_are_sentences(here, capsys, args, code, reason):
    assert main(args.split()) == code
    out, err = capsys.readouterr()
    assert reason in err
    assert "Traceback" not in err
    assert out == ""
