"""The command that probes backbones."""

import json

import pytest

from crossmodal.cli import main
from tests.fakes.image_folder import write_image_folder, write_tree


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    return write_image_folder(tmp_path_factory.mktemp("photographs"))


def words_of(photographs, more=""):
    return [
        "probe", "small_alexnet", "--data", str(photographs), "--weights", "none", "--width", "0.1", "--size", "32",
        "--random-starts", "1", "--cache", "none", *more.split(),
    ]  # fmt: skip


def test_json_on_the_standard_output_holds_top1(photographs, capsys):
    assert main(words_of(photographs, "--json - --few-shot 1,2 --draws 2")) == 0
    summary = json.loads(capsys.readouterr().out)
    assert 0 < summary["top1"] <= 1
    assert list(summary["few_shot"]) == ["1", "2"]
    assert summary["baselines"]["random start"]["fits"] == [summary["top1"]]


def test_table_is_printed_and_written(photographs, capsys, tmp_path):
    assert main(words_of(photographs, f"--method knn --k 5 --table {tmp_path / 'table.md'}")) == 0
    out, err = capsys.readouterr()
    assert "mean colour" in out
    assert "training images" in err
    assert (tmp_path / "table.md").read_text().startswith("| features | top-1 % |")


def test_features_are_kept_where_one_says(photographs, capsys, tmp_path):
    assert main([*words_of(photographs), "--cache", str(tmp_path / "kept")]) == 0
    assert len(list((tmp_path / "kept").iterdir())) == 2 * 3


@pytest.mark.parametrize(
    ("more", "code", "reason"),
    [
        ("--layer fc6", 2, "no layer 'fc6'; choose one of: conv1"),
        ("--size 8", 2, "size must be at least 32"),
        ("--method svm", 2, "invalid choice: 'svm'"),
        ("--few-shot 0", 2, "whole numbers of at least 1"),
        ("--few-shot many", 2, "found many"),
        ("--few-shot 1 --method adam", 2, "ridge or knn, got adam"),
        ("--k 5", 2, "--k: needs --method knn"),
        ("--epochs 5", 2, "--epochs: needs --method adam"),
        ("--epochs 0 --method adam", 2, "epochs must be at least 1"),
        ("--random-starts -1", 2, "random_starts must not be negative"),
        ("--device tpu9000", 2, "--device tpu9000: cannot be used here"),
        ("--layr conv1", 2, "did you mean --layer"),
        ("--width 0.0001", 2, "width"),
        ("--weights noise", 1, "these weights belong to another model"),
        ("--weights nowhere", 1, "nowhere: no such weights"),
        ("--few-shot 40", 1, "40 training images of each class, found 12 of across"),
        ("--method knn --k 500", 1, "500 nearest neighbours need at least as many training images, found 36"),
        ("--table /proc/nowhere/table.md", 1, "cannot be written"),
    ],
)
def test_what_goes_wrong_is_a_sentence(photographs, capsys, more, code, reason):
    assert main(words_of(photographs, more)) == code
    out, err = capsys.readouterr()
    assert reason in err
    assert "Traceback" not in err
    assert out == ""


def test_folders_that_cannot_be_used(tmp_path, capsys):
    assert main(words_of(tmp_path / "nowhere")) == 1
    assert "no such folder" in capsys.readouterr().err
    assert main(words_of(tmp_path)) == 1
    assert "has no classes" in capsys.readouterr().err
    write_tree(tmp_path, 3, classes=("across",))
    assert main(words_of(tmp_path)) == 1
    assert "one class only" in capsys.readouterr().err


@pytest.mark.parametrize("weights", ["none", "noise"])
def test_unknown_backbones(photographs, capsys, weights):
    assert main(["probe", "alexnet", "--data", str(photographs), "--weights", weights]) == 2
    assert "unknown backbone 'alexnet'; did you mean small_alexnet?" in capsys.readouterr().err


def test_missing_data(capsys):
    assert main(["probe", "small_alexnet"]) == 2
    assert "--data" in capsys.readouterr().err
