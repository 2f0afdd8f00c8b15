"""Each command, called in this process."""

import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

import crossmodal
from crossmodal import recipe as recipes
from crossmodal.cli import main
from crossmodal.cli.arguments import figures_table
from crossmodal.cli.entry import COMMANDS
from crossmodal.evaluation import EvaluationTable, MeanSound, TrueSound, evaluate_all
from crossmodal.run import evaluating
from tests.fakes import tiny
from tests.fakes.sounding_videos import make_videos
from tests.fakes.videos import write_clip, write_hits_folder


@pytest.fixture(autouse=True)
def tiny_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "crossmodal.hub", tiny.TinyHub)
    monkeypatch.setattr(crossmodal, "hub", tiny.TinyHub, raising=False)


@pytest.fixture
def mine(tmp_path: Path) -> str:
    path = tmp_path / "mine.yaml"
    recipes.write(
        tiny.tiny_recipe(trainer__max_steps=2, evaluations=[{"class_path": "tests.fakes.tiny.tiny_error"}]), path
    )
    return str(path)


Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_examples(name: str, capsys: Capture) -> None:
    assert main([name, "--help"]) == 0
    output = capsys.readouterr().out
    assert f"examples:\n  crossmodal {name}" in output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["trian"], "did you mean train?"),
        (["train"], "the following arguments are required: RECIPE"),
        (["train", "x", "--resum"], "unknown option --resum; did you mean --resume?"),
        (["train", "x", "--trainer.max_steps"], "--trainer.max_steps needs a value"),
        (["recipes", "much"], "unexpected argument: 'much'"),
        (["recipes", "--task.lr", "1"], "unknown option --task.lr"),
        (["data", "mak", "stand_in_hits"], "unknown action 'mak'; did you mean make?"),
        (["data", "make"], "which data set?"),
        (["data", "make", "stand_in_hit"], "did you mean stand_in_hits?"),
        (["data", "make", "greatest_hits", "--out", "x"], "cannot be made, only fetched"),
        (["data", "make", "stand_in_hits"], "where to?"),
        (["data", "make", "stand_in_hits", "--out", "x", "--videos", "0"], "--videos: a number above 0"),
        (["data", "make", "stand_in_hits", "--out", "x", "--videos", "many"], "invalid int value"),
        (["data", "verify", "greatest_hits"], "which folder?"),
        (
            ["data", "fetch", "greatest_hits", "--out", "x", "--archive", "vis-data-25.zip"],
            "did you mean vis-data-256.zip?",
        ),
        (["predict-sound", "v.mp4"], "required: --out"),
        (["predict-sound", "v.mp4", "--out", "o.mp4", "--passes", "2"], "invalid choice: 2"),
        (["strip-sound", "v.mp4"], "required: --out"),
        (["evaluate", "runs/first", "--table", "table.md"], "--table: needs --baselines"),
    ],
)
def test_usage_errors(arguments: list[str], message: str, capsys: Capture) -> None:
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert message in err
    assert out == ""


def test_recipes_are_listed(capsys: Capture) -> None:
    assert main(["recipes", "--json", "-"]) == 0
    output = json.loads(capsys.readouterr().out)
    assert output == [{"name": name, **recipes.read(name)["about"]} for name in recipes.names()]


def test_the_list_of_recipes_fits_a_terminal_and_cuts_none_of_the_shipped_texts(capsys: Capture) -> None:
    assert main(["recipes"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(len(line) for line in lines) <= 100
    assert lines[0].split() == ["recipe", "data", "cost", "expected"]
    assert [line.split()[0] for line in lines[2::2]] == recipes.names()
    assert not [line for line in lines if "…" in line]
    at = 2 + 2 * recipes.names().index("greatest_hits/convolution")
    assert lines[at].split("  ")[-1].strip() == "0.48 onset_f1_100ms"


def test_long_texts_of_a_recipe_are_cut_in_the_list(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    about = {
        "trains": "A network. " * 2,
        "data": "x" * 40,
        "cost": "a while; more of it",
        "expected": [{"metric": "m" * 30, "value": 0.5}],
    }
    monkeypatch.setattr(recipes, "names", lambda: ["mine/first", "mine/second"])
    monkeypatch.setattr(recipes, "read", lambda name: {"about": about} if name == "mine/first" else {})
    assert main(["recipes"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].split() == ["mine/first", "x" * 17 + "…", "a", "while", "0.5", "m" * 15 + "…"]
    assert lines[3] == "  A network."
    assert lines[4].split() == ["mine/second", "-"]
    monkeypatch.setattr(recipes, "read", lambda name: {"about": {"trains": "word " * 40}})
    assert main(["recipes"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(len(line) for line in lines) <= 100
    assert lines[3].endswith("…")


def test_show_resolves_overrides_and_differences(mine: str, capsys: Capture) -> None:
    assert main(["show", mine, "--task.learning_rate", "1e-4"]) == 0
    assert "learning_rate: 0.0001" in capsys.readouterr().out
    assert main(["show", mine, "--against", mine, "--seed=8"]) == 0
    assert capsys.readouterr().out == "seed: 3 -> 8\n"


def test_check_says_ok_or_lists_everything(mine: str, capsys: Capture) -> None:
    assert main(["check", mine]) == 0
    assert capsys.readouterr().out == f"{mine}: ok\n"
    assert main(["check", mine, "--trainer.max_step", "3", "--task.lerning_rate", "1"]) == 2
    output = capsys.readouterr().err
    assert "2 mistakes" in output
    assert "did you mean max_steps?" in output
    assert "did you mean learning_rate?" in output


def test_train_and_evaluate(mine: str, tmp_path: Path, capsys: Capture) -> None:
    run = str(tmp_path / "run")
    assert main(["train", mine, "--out", run, "--dry-run"]) == 0
    assert "71 parameters" in capsys.readouterr().out
    assert main(["train", mine, "--out", run, "--json", "-"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["steps"] == 2
    assert main(["train", mine, "--out", run]) == 1
    assert "not empty; choose another with --out; to resume the run in it, add --resume" in capsys.readouterr().err
    assert main(["evaluate", run, "--json", str(tmp_path / "found.json")]) == 0
    assert json.loads((tmp_path / "found.json").read_text()) == summary["metrics"]
    assert "tiny_error" in capsys.readouterr().out


def test_evaluate_needs_a_folder_and_data(tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["evaluate", str(tmp_path / "nowhere")]) == 1
    assert "no weights" in capsys.readouterr().err
    run = tmp_path / "weights"
    tiny.TinyHub.save_weights(tiny.TinyModel(), run, card="")
    assert main(["evaluate", str(run)]) == 1
    assert "there is no evaluation of TinyModel" in capsys.readouterr().err
    monkeypatch.setitem(evaluating._EVALUATED, "TinyModel", ("GreatestHitsDataModule", "evaluate"))
    assert main(["evaluate", str(run)]) == 2
    assert "add --data.root DIR" in capsys.readouterr().err


def test_output_that_cannot_be_written(mine: str, tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "file").write_text("")
    assert main(["train", mine, "--out", str(tmp_path / "file" / "run")]) == 1
    assert "a part of the path is a file" in capsys.readouterr().err


def test_interrupted_command(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    def interrupted() -> list[str]:
        raise KeyboardInterrupt

    monkeypatch.setattr(recipes, "names", interrupted)
    assert main(["recipes"]) == 130
    assert capsys.readouterr().err == "crossmodal: interrupted\n"


def test_data_sets_are_listed(capsys: Capture) -> None:
    assert main(["data", "list"]) == 0
    assert "greatest_hits" in capsys.readouterr().out


def test_verify_lists_faults_and_fails(tmp_path: Path, capsys: Capture) -> None:
    assert main(["data", "verify", "greatest_hits", str(tmp_path / "nowhere")]) == 1
    out = capsys.readouterr().out
    assert "nowhere" in out
    assert "1 fault" in out


def test_make_passes_its_words_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    from crossmodal.simulation import hits as stand_in_hits

    called: dict[str, Any] = {}

    def make(out: Path, **options: Any) -> Path:
        called.update(options)
        return out

    monkeypatch.setattr(stand_in_hits, "make_stand_in_hits", make)
    arguments = [
        "data",
        "make",
        "stand_in_hits",
        "--out",
        str(tmp_path),
        "--videos",
        "3",
        "--seconds",
        "2.5",
        "--seed",
        "7",
    ]
    assert main(arguments) == 0
    called.pop("progress")
    assert called == {"videos": 3, "seconds": 2.5, "seed": 7, "num_workers": 1}
    assert capsys.readouterr().out == f"3 videos in {tmp_path}\n"


class Predicted(SimpleNamespace):
    def write_video(self, path: Path) -> str:
        path.write_text("video")
        return "copied"

    def write_waveform(self, path: Path) -> None:
        path.write_text("sound")

    def write_figure(self, path: Path, truth: object = None) -> None:
        path.write_text(f"figure with {truth}")

    def compare(self, truth: object) -> dict[str, Any]:
        return {"compared_with": str(truth)}

    def summary(self) -> dict[str, Any]:
        return {"seconds": 2.0}


@pytest.fixture
def predicted(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    called: dict[str, Any] = {}

    def predict_sound(video: Path, **options: Any) -> Predicted:
        called.update(options, video=video)
        return Predicted()

    fake = ModuleType("crossmodal.predict")
    fake.predict_sound = predict_sound
    fake.read_truth = lambda path: f"the sound of {path.name}"
    monkeypatch.setitem(sys.modules, "crossmodal.predict", fake)
    return called


def test_predict_sound_writes_what_was_asked_for(tmp_path: Path, predicted: dict[str, Any], capsys: Capture) -> None:
    video, out, wav = tmp_path / "v.mp4", tmp_path / "o.mp4", tmp_path / "o.wav"
    video.write_text("a video")
    assert (
        main(["predict-sound", str(video), "--out", str(out), "--wav", str(wav), "--passes", "3", "--json", "-"]) == 0
    )
    assert json.loads(capsys.readouterr().out) == {
        "seconds": 2.0,
        "video_stream": "copied",
        "written": [str(out), str(wav)],
    }
    assert (out.read_text(), wav.read_text()) == ("video", "sound")
    assert predicted == {"video": video, "weights": None, "synthesis": "parametric", "passes": 3, "seed": 0}


def test_predict_sound_looks_before_it_works(tmp_path: Path, predicted: dict[str, Any], capsys: Capture) -> None:
    video = tmp_path / "v.mp4"
    assert main(["predict-sound", str(video), "--out", "o.mp4"]) == 1
    assert "no such file" in capsys.readouterr().err
    video.write_text("a video")
    assert main(["predict-sound", str(video), "--out", str(video)]) == 2
    assert "is an input of the command" in capsys.readouterr().err
    assert main(["predict-sound", str(video), "--out", str(video / "o.mp4")]) == 1
    assert "cannot be written" in capsys.readouterr().err
    assert predicted == {}
    assert [path.name for path in tmp_path.iterdir()] == ["v.mp4"]


def test_predict_sound_compares_with_the_truth(tmp_path: Path, predicted: dict[str, Any], capsys: Capture) -> None:
    video, truth, out, figure = (tmp_path / name for name in ("v.mp4", "t.mp4", "o.mp4", "o.png"))
    video.write_text("a video")
    arguments = ["predict-sound", str(video), "--out", str(out), "--figure", str(figure), "--truth", str(truth)]
    assert main(arguments) == 1
    assert f"{truth}: no such file" in capsys.readouterr().err
    truth.write_text("the same video with its sound")
    assert main([*arguments[:-2], "--truth", str(out)]) == 1
    assert main(arguments) == 0
    assert "compared_with: the sound of t.mp4" in capsys.readouterr().out
    assert figure.read_text() == "figure with the sound of t.mp4"
    assert main([*arguments[:3], str(truth), *arguments[4:]]) == 2
    assert "is an input of the command" in capsys.readouterr().err


def test_strip_sound_writes_a_silent_copy(tmp_path: Path, capsys: Capture) -> None:
    clip = write_clip(tmp_path / "a.mp4")
    assert main(["strip-sound", str(clip), "--out", str(tmp_path / "b.mp4"), "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out) == {"out": str(tmp_path / "b.mp4"), "video_stream": "copied"}
    assert main(["strip-sound", str(tmp_path / "nowhere.mp4"), "--out", str(tmp_path / "c.mp4")]) == 1
    assert "no such file" in capsys.readouterr().err


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> EvaluationTable:
    """A table of two methods on tiny videos, in place of a run's."""
    videos = make_videos(["a", "b", "c"])
    predictors = {"runs/first": MeanSound().fit(videos), "true sound": TrueSound()}
    table = evaluate_all(predictors, videos, bootstrap=20)
    monkeypatch.setattr("crossmodal.run.compare_run", lambda source, changes, progress: table)
    return table


def test_evaluate_beside_the_baselines(compared: EvaluationTable, tmp_path: Path, capsys: Capture) -> None:
    table, numbers = tmp_path / "new" / "table.md", tmp_path / "numbers.json"
    arguments = ["evaluate", "runs/first", "--baselines", "--table", str(table), "--json", str(numbers)]
    assert main(arguments) == 0
    assert table.read_text() == compared.markdown()
    assert list(json.loads(numbers.read_text())["methods"]) == ["runs/first", "true sound"]
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split("  ")[0] == "method"
    assert [row.split("  ")[0] for row in rows] == ["runs/first", "true sound"]


def test_evaluate_looks_before_it_works(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "file").write_text("")
    arguments = ["evaluate", "runs/first", "--baselines", "--table", str(tmp_path / "file" / "table.md")]
    assert main(arguments) == 1
    assert "cannot be written" in capsys.readouterr().err


def test_figures_are_shown_with_their_intervals() -> None:
    shown = figures_table({"evaluate": {"f1": 0.5, "f1_low": 0.25, "f1_high": 0.75, "videos": 3}})
    assert [line.split() for line in shown.splitlines()[1:]] == [
        ["evaluate", "f1", "0.5", "0.25", "to", "0.75"],
        ["evaluate", "videos", "3"],
    ]


def test_make_draws_some_of_the_hits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    from crossmodal.simulation import hits as stand_in_hits

    folder, grid = tmp_path / "hits", tmp_path / "hits.png"
    write_hits_folder(folder)
    monkeypatch.setattr(stand_in_hits, "make_stand_in_hits", lambda out, **_: folder)
    arguments = ["data", "make", "stand_in_hits", "--out", str(folder), "--grid", str(grid)]
    assert main(arguments) == 1
    assert "labelled hits to draw" in capsys.readouterr().err
    monkeypatch.setattr("crossmodal.cli.data._GRID_COLUMNS", 2)
    assert main(arguments) == 0
    assert grid.read_bytes().startswith(b"\x89PNG")
