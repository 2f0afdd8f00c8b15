"""From annotated images of a generator to a data set, and the page that they are painted on, by their commands."""

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
    """Generators, one of them of two classes and one broken, and a segmenter that tells bright from dark."""
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
    """A folder of its own with the networks."""
    for path in place.iterdir():
        (tmp_path / path.name).symlink_to(path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


MADE = "synthesize-labels generator --annotate-with segmenter --samples 4 --steps 10 --count 6 --out made"
AGAIN = "synthesize-labels generator --annotations painted --steps 10 --count 6 --out made"


@pytest.fixture
def painted(here):
    """Four images annotated, to be spoilt."""
    return shutil.copytree(here / "annotated", here / "painted")


def test_a_segmenter_annotates_and_the_data_set_is_gone_on_with(here, capsys):
    assert main([*MADE.split(), "--keep", "0.5"]) == 0
    out, _ = capsys.readouterr()
    assert "6 images, the 3 surest of them kept, from 4 annotated" in out
    assert "bright" in out
    dataset = SynthesizedLabels("made")
    assert (len(dataset), dataset.classes) == (3, ("dark", "bright"))
    assert len(SynthesizedLabels("made", keep=1)) == 6
    assert dataset[0]["index"] >= 4, "annotated images are not made again"
    told = json.loads((here / "made" / "annotations.json").read_text())
    assert len(told["images"]) == 3
    first = (here / "made" / "masks" / "000005.png").stat().st_mtime_ns
    head = (here / "made" / "head" / "model.safetensors").stat().st_mtime_ns
    assert main([*MADE.replace("--count 6", "--count 9").split(), "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["images"] == 9
    assert (here / "made" / "masks" / "000005.png").stat().st_mtime_ns == first
    assert (here / "made" / "head" / "model.safetensors").stat().st_mtime_ns == head
    assert main([*AGAIN.replace("painted", "made/annotations").split(), "--seed", "1"]) == 1
    assert "was begun with other annotations, or another --head, --steps or --seed" in capsys.readouterr().err


def test_masks_that_are_painted_stay_when_a_segmenter_fills_in_the_rest(painted, here):
    mask = painted / "masks" / "000002.png"
    with Image.open(mask) as before:
        inverted = before.point(lambda label: 1 - label)
    inverted.save(mask)
    kept = mask.read_bytes()
    (painted / "masks" / "000003.png").unlink()
    words = (
        "synthesize-labels generator --annotate-with segmenter --annotations painted --samples 4 --steps 5 --count 1"
    )
    assert main([*words.split(), "--out", "made"]) == 0
    assert mask.read_bytes() == kept
    assert (painted / "masks" / "000003.png").is_file()


def test_a_conditional_generator_with_its_grouped_head(here):
    words = "synthesize-labels dusk --annotate-with segmenter --samples 4 --head grouped --steps 4 --count 3 --out made"
    assert main(words.split()) == 0
    assert json.loads((here / "made" / "head" / "config.json").read_text())["model"] == "GroupedHead"
    assert len(SynthesizedLabels("made")) == 3


def spoil_size(root):
    Image.new("L", (8, 16)).save(root / "masks" / "000001.png")


def spoil_class(root):
    Image.new("L", (16, 16), 7).save(root / "masks" / "000001.png")


def spoil_mode(root):
    Image.new("RGB", (16, 16)).save(root / "masks" / "000001.png")


def spoil_name(root):
    (root / "masks" / "000001.png").rename(root / "masks" / "mine.png")


def spoil_all(root):
    shutil.rmtree(root / "masks")


def spoil_origin(root):
    (root / "provenance.json").unlink()


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (spoil_size, "has 8 x 16 pixels, the generator's images 16 x 16"),
        (spoil_class, "holds class 7, which classes.txt does not name"),
        (spoil_mode, "found RGB"),
        (spoil_name, "named by the index of its image"),
        (spoil_all, "holds no mask (NUMBER.png); paint some"),
        (spoil_origin, "tells not which generator"),
    ],
)
def test_masks_that_cannot_be_used_are_said(painted, capsys, spoil, reason):
    spoil(painted)
    assert main(AGAIN.split()) == 1
    assert reason in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        (AGAIN.replace(" generator", " another"), 1, "annotations of another generator"),
        (AGAIN.replace("made", "painted"), 1, "holds files but no head"),
        (AGAIN.replace("--annotations painted", ""), 2, "give --annotations DIR"),
        (f"{AGAIN} --keep 0", 2, "--keep: a share above 0"),
        (f"{AGAIN} --samples 3", 2, "--samples: belongs to --annotate-with"),
        (AGAIN.replace("6", "0"), 2, "--count: at least 1"),
        (AGAIN.replace("generator", "segmenter"), 2, "is no generator"),
        (f"{AGAIN} --annotate-with generator", 2, "is it a segmenter?"),
        (MADE.replace(" generator", " broken").replace("made", "b"), 1, "not numbers"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(painted, capsys, words, code, reason):
    assert main(words.split()) == code
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
    words = "annotate dusk --per-class 2 --classes sky,ground --out painted --no-browser"
    assert main(words.split()) == 0
    out = capsys.readouterr().out
    assert "paint at http://127.0.0.1:" in out
    assert "0 of 4 images have masks" in out
    assert states[0]["classes"] == ["sky", "ground"]
    assert len(states[0]["images"]) == 4
    with Image.open(here / "painted" / "images" / f"{states[0]['images'][0]['index']:06d}.png") as image:
        assert np.array(image).shape == (16, 16, 3)


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        ("annotate generator --samples 0 --out o", 2, "--samples: at least 1"),
        ("annotate generator --per-class 5 --out o", 2, "draws no classes"),
        ("annotate segmenter --out o", 2, "is no generator"),
        ("annotate broken --out o", 1, "not numbers"),
        ("annotate generator --classes sky --out o", 1, "2 to 255 different classes were expected, found sky"),
        ("annotate generator --out generator", 1, "holds files but no provenance.json"),
        ("annotate another --out painted", 1, "annotations of another generator"),
        ("annotate generator --classes a,a --out o", 1, "found a, a"),
        ("annotate generator --seed 3 --out painted", 1, "annotations of another seed"),
        ("annotate generator --port 99999 --out o", 1, "--port 99999: cannot be served on"),
    ],
)
def test_what_cannot_be_annotated_is_said(painted, capsys, words, code, reason):
    assert main(words.split()) == code
    assert reason in capsys.readouterr().err
