"""The commands ``crossmodal synthesize-labels`` and ``crossmodal annotate``."""

import json
import shutil
import threading
from urllib.request import urlopen

import numpy as np
import pytest
import torch
from PIL import Image

from crossmodal.cli import main
from crossmodal.hub import load_model, save_weights
from crossmodal.labels import SynthesizedLabels
from crossmodal.labels.annotation_page import AnnotationServer
from crossmodal.labels.annotations import annotate_with, begin_annotations
from crossmodal.models import Segmenter, SmallGenerator


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Generators, one of them of two classes and one broken, and a segmenter that separates bright from dark."""
    root = tmp_path_factory.mktemp("labels")
    torch.manual_seed(0)
    for name, options in {"generator": {}, "another": {}, "dusk": {"classes": 2}, "broken": {}}.items():
        model = SmallGenerator(size=16, width=0.25, **options)
        if name == "broken":
            model.picture.bias.data.fill_(float("nan"))
        save_weights(model, root / name, card="random")
    segmenter = Segmenter(classes=("dark", "bright"), width=2, levels=1)
    with torch.no_grad():
        segmenter.read.weight.zero_()
        segmenter.read.bias.zero_()
        segmenter.read.weight[1, 0] = 1.0
    save_weights(segmenter, root / "segmenter", card="random")
    model = load_model(root / "generator")
    begin_annotations(model, root / "annotated", range(4), segmenter.classes)
    annotate_with(model, segmenter.eval().segment, root / "annotated", range(4))
    return root


@pytest.fixture
def here(place, tmp_path, monkeypatch):
    """A temporary folder with links to the networks."""
    for path in place.iterdir():
        (tmp_path / path.name).symlink_to(path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


MADE = "synthesize-labels generator --annotate-with segmenter --samples 4 --steps 10 --count 6 --out made"
AGAIN = "synthesize-labels generator --annotations painted --steps 10 --count 6 --out made"


@pytest.fixture
def painted(here):
    """Four annotated images, to be damaged by the tests."""
    return shutil.copytree(here / "annotated", here / "painted")


def test_a_segmenter_annotates_and_the_data_set_is_resumed(here, capsys):
    assert main([*MADE.split(), "--keep", "0.5"]) == 0
    out, _ = capsys.readouterr()
    assert "6 images from 4 annotated ones; the 3 most certain are kept" in out
    assert "bright" in out
    dataset = SynthesizedLabels("made")
    assert (len(dataset), dataset.classes) == (3, ("dark", "bright"))
    assert len(SynthesizedLabels("made", keep=1)) == 6
    assert dataset[0]["index"] >= 4, "annotated images are not drawn again"
    content = json.loads((here / "made" / "annotations.json").read_text())
    assert len(content["images"]) == 3
    first = (here / "made" / "masks" / "000005.png").stat().st_mtime_ns
    head = (here / "made" / "head" / "model.safetensors").stat().st_mtime_ns
    assert main([*MADE.replace("--count 6", "--count 9").split(), "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["images"] == 9
    assert (here / "made" / "masks" / "000005.png").stat().st_mtime_ns == first
    assert (here / "made" / "head" / "model.safetensors").stat().st_mtime_ns == head
    assert main([*AGAIN.replace("painted", "made/annotations").split(), "--seed", "1"]) == 1
    assert "was written with other annotations, or another --head, --steps or --seed" in capsys.readouterr().err


def test_painted_masks_are_kept_when_a_segmenter_annotates_the_others(painted, here):
    mask = painted / "masks" / "000002.png"
    with Image.open(mask) as before:
        inverted = before.point(lambda label: 1 - label)
    inverted.save(mask)
    kept = mask.read_bytes()
    (painted / "masks" / "000003.png").unlink()
    args = "synthesize-labels generator --annotate-with segmenter --annotations painted --samples 4 --steps 5 --count 1"
    assert main([*args.split(), "--out", "made"]) == 0
    assert mask.read_bytes() == kept
    assert (painted / "masks" / "000003.png").is_file()


def test_a_conditional_generator_with_its_grouped_head(here):
    args = "synthesize-labels dusk --annotate-with segmenter --samples 4 --head grouped --steps 4 --count 3 --out made"
    assert main(args.split()) == 0
    assert json.loads((here / "made" / "head" / "config.json").read_text())["model"] == "GroupedHead"
    assert len(SynthesizedLabels("made")) == 3


def damage_size(root):
    Image.new("L", (8, 16)).save(root / "masks" / "000001.png")


def damage_class(root):
    Image.new("L", (16, 16), 7).save(root / "masks" / "000001.png")


def damage_mode(root):
    Image.new("RGB", (16, 16)).save(root / "masks" / "000001.png")


def damage_name(root):
    (root / "masks" / "000001.png").rename(root / "masks" / "mine.png")


def damage_all(root):
    shutil.rmtree(root / "masks")


def damage_origin(root):
    (root / "provenance.json").unlink()


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (damage_size, "has 8 x 16 pixels, the generator's images 16 x 16"),
        (damage_class, "holds class 7, which classes.txt does not name"),
        (damage_mode, "found RGB"),
        (damage_name, "named by the index of its image"),
        (damage_all, "holds no mask (NUMBER.png); paint some"),
        (damage_origin, "does not name the generator"),
    ],
)
def test_invalid_masks_are_refused(painted, capsys, damage, reason):
    damage(painted)
    assert main(AGAIN.split()) == 1
    assert reason in capsys.readouterr().err


@pytest.mark.parametrize(
    ("args", "code", "reason"),
    [
        (AGAIN.replace(" generator", " another"), 1, "annotations of another generator"),
        (AGAIN.replace("made", "painted"), 1, "holds files but no head"),
        (AGAIN.replace("--annotations painted", ""), 2, "give --annotations DIR"),
        (f"{AGAIN} --keep 0", 2, "--keep: expected a fraction above 0"),
        (f"{AGAIN} --samples 3", 2, "--samples: belongs to --annotate-with"),
        (AGAIN.replace("6", "0"), 2, "--count: expected at least 1"),
        (AGAIN.replace("generator", "segmenter"), 2, "is no generator"),
        (f"{AGAIN} --annotate-with generator", 2, "is it a segmenter?"),
        (MADE.replace(" generator", " broken").replace("made", "b"), 1, "not numbers"),
    ],
)
def test_errors_are_sentences(painted, capsys, args, code, reason):
    assert main(args.split()) == code
    err = capsys.readouterr().err
    assert reason in err
    assert "Traceback" not in err


def test_a_head_of_another_generator_is_refused(painted, here, capsys):
    assert main(AGAIN.split()) == 0
    config = here / "made" / "head" / "config.json"
    config.write_text(config.read_text().replace('"generator": "', '"generator": "0'))
    assert main(AGAIN.split()) == 1
    assert "trained on another generator" in capsys.readouterr().err


def test_the_page_is_served_until_it_is_interrupted(here, capsys, monkeypatch):
    states = []
    serve = AnnotationServer.serve_forever

    def serve_once(server):
        thread = threading.Thread(target=serve, args=(server, 0.01))
        thread.start()
        with urlopen(f"{server.url}state") as answer:
            states.append(json.load(answer))
        server.shutdown()
        thread.join()
        raise KeyboardInterrupt

    monkeypatch.setattr(AnnotationServer, "serve_forever", serve_once)
    args = "annotate dusk --per-class 2 --classes sky,ground --out painted --no-browser"
    assert main(args.split()) == 0
    out = capsys.readouterr().out
    assert "paint at http://127.0.0.1:" in out
    assert "0 of 4 images have masks" in out
    assert states[0]["classes"] == ["sky", "ground"]
    assert len(states[0]["images"]) == 4
    with Image.open(here / "painted" / "images" / f"{states[0]['images'][0]['index']:06d}.png") as image:
        assert np.array(image).shape == (16, 16, 3)


@pytest.mark.parametrize(
    ("args", "code", "reason"),
    [
        ("annotate generator --samples 0 --out o", 2, "--samples: expected at least 1"),
        ("annotate generator --per-class 5 --out o", 2, "draws no classes"),
        ("annotate segmenter --out o", 2, "is no generator"),
        ("annotate broken --out o", 1, "not numbers"),
        ("annotate generator --classes sky --out o", 1, "expected 2 to 255 different classes, found sky"),
        ("annotate generator --out generator", 1, "holds files but no provenance.json"),
        ("annotate another --out painted", 1, "annotations of another generator"),
        ("annotate generator --classes a,a --out o", 1, "found a, a"),
        ("annotate generator --seed 3 --out painted", 1, "annotations of another seed"),
        ("annotate generator --port 99999 --out o", 1, "--port 99999: cannot listen on it"),
    ],
)
def test_errors_of_annotate_are_sentences(painted, capsys, args, code, reason):
    assert main(args.split()) == code
    assert reason in capsys.readouterr().err
