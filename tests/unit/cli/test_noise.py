"""The command that draws procedural images."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from crossmodal.cli import main
from crossmodal.data.noise.shard_reader import NoiseShards
from crossmodal.noise import catalogue
from tests.fakes.forgotten import forgotten
from tests.fakes.stripes import Stripes, know_stripes

TREE = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def stripes_by_name(monkeypatch):
    know_stripes(monkeypatch)


def output_of(arguments, capsys):
    """What a command that must go well prints."""
    assert main(["noise", *arguments.split()]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ("stripes", "no output given; add --grid"),
        ("stripe --grid s.png", "unknown process 'stripe'; did you mean stripes?"),
        ("stripes --grid s.png --widht 3", "neither the command nor stripes has such an option; did you mean --width"),
        ("stripes --grid s.png --cuont 3", "did you mean --count?"),
        ("stripes --grid s.png --zzzz 3", "choose one of: --width, --colour"),
        ("stripes --grid s.png --width", "--width needs a value"),
        ("stripes --grid s.png --width 0", "width must be at least 1, got 0"),
        ("stripes --grid s.png --width many", "stripes does not accept --width many"),
        ("stripes --grid s.png --size 0", "at least 1 pixel was expected, found 0"),
        ("stripes --grid s.png --size 3x", "a side or HEIGHTxWIDTH"),
        ("stripes --grid s.png --size 3x0", "found 3x0"),
        ("stripes --grid s.png --first -1", "--first: a whole number of at least 0 was expected, found -1"),
        ("stripes --grid s.png --seed -1", "--seed: a whole number of at least 0"),
        ("stripes --grid s.png --count 0", "--count: a whole number of at least 1"),
        ("stripes --grid s.png --count many", "invalid int value: 'many'"),
        ("stripes --grid s.png --num-workers 2", "--num-workers: needs --shards"),
        ("stripes --grid s.png --report", "not allowed with argument"),
        ("stripes --out d", "need the number of images; add --count"),
        ("stripes --shards d --count 5 --format gif", "invalid choice: 'gif'"),
        ("stripes --report --size 31", "at least 32 pixels"),
        ("stripes --grid s.png --device tpu9000", "--device tpu9000: cannot be used here"),
        ("--grid s.png", "required: PROCESS"),
        ("stripes more --grid s.png", "unexpected argument: 'more'"),
    ],
)  # fmt: skip
def test_usage_errors(arguments, reason, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["noise", *arguments.split()]) == 2
    out, err = capsys.readouterr()
    assert reason in err
    assert out == ""
    assert not list(tmp_path.iterdir())


def test_processes_above_the_noise_package_are_listed(capsys, monkeypatch):
    """Also where nothing else has imported the package that registers them."""
    monkeypatch.setattr(catalogue, "_REGISTERED", {})
    with forgotten("crossmodal.visualization"):
        listed = json.loads(output_of("--list --json -", capsys))
    assert "feature_visualization" in [entry["process"] for entry in listed]


def test_images_become_files_that_tell_how_to_draw_them_again(tmp_path, capsys):
    assert output_of(f"stripes --count 3 --first 7 --size 8x12 --seed 2 --width 3 --out {tmp_path}", capsys) == (
        f"3 images in {tmp_path}\n"
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "000000007.png", "000000008.png", "000000009.png", "index.json",
    ]  # fmt: skip
    index = json.loads((tmp_path / "index.json").read_text())
    assert index["process"] == "stripes"
    assert index["options"] == {"width": 3, "colour": "random"}
    assert index["pictures"][1] == {"file": "000000008.png", "index": 8, "label": int(Stripes().labels([8], 2))}
    with Image.open(tmp_path / "000000008.png") as opened:
        image, carried = np.asarray(opened), json.loads(opened.text["crossmodal.noise"])
    again = Stripes(**carried["options"])([carried["index"]], tuple(carried["size"]), carried["seed"])[0]
    assert np.array_equal(image, again.permute(1, 2, 0))


def test_a_folder_takes_more_images_of_the_same_process_alone(tmp_path, capsys):
    folder = tmp_path / "pictures"
    output_of(f"stripes --count 2 --size 8 --out {folder}", capsys)
    output_of(f"stripes --count 2 --first 5 --size 8 --out {folder}", capsys)
    index = json.loads((folder / "index.json").read_text())
    assert [entry["index"] for entry in index["pictures"]] == [0, 1, 5, 6]
    for arguments, reason in (
        (f"stripes --count 2 --size 9 --out {folder}", "size: found [8, 8], requested [9, 9]"),
        (f"stripes --count 2 --size 8 --out {TREE}", "holds files but no index.json"),
    ):
        assert main(["noise", *arguments.split()]) == 1
        assert reason in capsys.readouterr().err


def test_a_folder_may_have_the_name_of_a_process(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for first in (0, 1):
        output_of(f"stripes --count 1 --first {first} --size 8 --out stripes", capsys)
    assert len(list((tmp_path / "stripes").glob("*.png"))) == 2


def test_a_contact_sheet_shows_every_pixel(tmp_path, capsys):
    sheet = tmp_path / "sheet.png"
    output_of(f"--grid {sheet} stripes --count 3 --size 40", capsys)  # options may come first
    drawn = np.asarray(Image.open(sheet))
    images = Stripes()(range(3), 40).permute(0, 2, 3, 1).numpy()
    for place, image in enumerate(images):
        left = 4 + place * 44
        assert np.array_equal(drawn[4:44, left : left + 40], image)
        below = drawn[44:, left : left + 40]
        assert below.min() < 128  # the index is written there
    assert (drawn[:, 44:48] == 255).all()
    assert not list(tmp_path.glob(".*"))


def test_shards_go_on_and_are_read_back(tmp_path, capsys):
    arguments = f"stripes --count 5 --size 8 --shards {tmp_path} --shard-size 2 --format webp"
    assert output_of(arguments, capsys) == f"5 images in {tmp_path}\n"
    (tmp_path / "shard-000001.tar").unlink()
    summary = json.loads(output_of(f"{arguments} --json -", capsys))
    assert summary["process"] == "stripes"
    assert (summary["count"], summary["size"]) == (5, [8, 8])
    shards = NoiseShards(tmp_path)
    assert shards.verify() == []
    assert torch.equal(shards[4]["image"], Stripes()([4], 8)[0])
    assert main(["noise", *arguments.split(), "--seed", "1"]) == 1
    assert "seed: found 0, requested 1" in capsys.readouterr().err


def test_a_report_is_a_table_and_json(tmp_path, capsys):
    out = output_of(f"stripes --report --count 10 --size 32 --json {tmp_path / 'r.json'}", capsys)
    assert out.splitlines()[0].split()[:2] == ["figure", "mean"]
    assert "spectral slope" in out
    found = json.loads((tmp_path / "r.json").read_text())
    assert found["lawful"] is True
    assert found["count"] == 10


def test_a_broken_law_is_exit_code_1(monkeypatch, capsys):
    monkeypatch.setattr(Stripes, "_draw", lambda self, indices, size, seed: _draw(self, 0 * indices, size, seed))
    assert main(["noise", "stripes", "--report", "--count", "4", "--size", "32"]) == 1
    assert "BROKEN" in capsys.readouterr().out


_draw = Stripes._draw


def test_the_list_tells_options_as_one_types_them(capsys, monkeypatch):
    monkeypatch.setattr("crossmodal.noise.names", lambda: ("stripes",))
    assert output_of("--list", capsys).splitlines() == [
        "stripes: Stripes ``width`` pixels wide; upright ones are label 0, level ones label 1.",
        "    --width 4",
        "    --colour random",
    ]
    listed = json.loads(output_of("--list --json -", capsys))
    assert listed[0]["options"] == {"width": 4, "colour": "random"}
    assert listed[0]["classes"] == 2


def test_a_shader_of_ones_own(tmp_path, capsys):
    pytest.importorskip("moderngl")
    shader, sheet = tmp_path / "mine.frag", tmp_path / "s.png"
    shader.write_text("void mainImage(out vec4 c, in vec2 p) { c = vec4(p / iResolution.xy, 0.0, 1.0); }")
    output_of(f"{shader} --count 2 --size 32 --grid {sheet}", capsys)
    assert np.asarray(Image.open(sheet)).shape[2] == 3
    assert main(["noise", str(shader), "--grid", str(sheet), "--tme-range", "[0, 1]"]) == 2
    assert "did you mean --time-range?" in capsys.readouterr().err
    shader.write_text("void mainImage(out vec4 c, in vec2 p) {\n  c = vec4(nothing);\n}")
    assert main(["noise", str(shader), "--grid", str(sheet)]) == 1
    assert "mine.frag, line 2: 'c = vec4(nothing);' does not compile" in capsys.readouterr().err
    assert main(["noise", str(tmp_path / "no.frag"), "--grid", str(sheet)]) == 2
    assert "no such shader" in capsys.readouterr().err


def test_the_list_becomes_a_sheet_with_a_row_for_each(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("crossmodal.noise.names", lambda: ("stripes", "stripes"))
    assert output_of(f"--list --grid {tmp_path / 's.png'} --size 40 --count 3", capsys).startswith("2 processes")
    drawn, images = np.asarray(Image.open(tmp_path / "s.png")), Stripes()(range(3), 40).permute(0, 2, 3, 1)
    assert drawn.shape == (4 + 2 * 58, 4 + 3 * 44, 3)
    assert np.array_equal(drawn[62:102, 92:132], images[2])
    assert main(["noise", "--list", "--report"]) == 2
    assert "--list: can be combined with --grid" in capsys.readouterr().err


@pytest.mark.parametrize("output", ["--grid {}/s.png", "--out {} --count 2", "--shards {} --count 2"])
def test_a_place_that_cannot_be_written(output, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    places = [tmp_path / "file" / "inside"]
    if os.geteuid() != 0:
        (tmp_path / "locked").mkdir(mode=0o500)
        places.append(tmp_path / "locked" / "inside")
    for place in places:
        assert main(["noise", "stripes", "--size", "8", *output.format(place).split()]) == 1
        assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", ["--help", "dead_leaves --size 0 --grid s.png", "dead_leaves"])
def test_help_and_usage_errors_import_no_torch(arguments):
    command = [sys.executable, "-X", "importtime", "-m", "crossmodal.cli", "noise", *arguments.split()]
    done = subprocess.run(command, check=False, cwd=TREE, capture_output=True, text=True, timeout=120)
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines() if "|" in line}
    assert "crossmodal" in imported
    assert not imported & {"torch", "numpy", "matplotlib"}
    assert "Traceback" not in done.stderr
