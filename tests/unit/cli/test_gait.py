"""The command ``crossmodal gait``."""

import csv
import json
import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from crossmodal.cli import main
from crossmodal.errors import FormatError
from crossmodal.gait.norms import find_norm, read_norms
from crossmodal.tactile.recording import InsoleRecording
from tests.fakes.walks import plan_walk, render_walk

TREE = Path(__file__).resolve().parents[3]
HEADER = "name,age_from,age_to,mean,sd,unit,source\n"


def insoles(steps=12):
    """Both feet, a force each."""
    times_s = np.arange(0, 8, 0.01)
    forces = np.zeros((len(times_s), 2), np.float32)
    for number in range(steps):
        inside = (times_s > 0.3 + 0.6 * number) & (times_s < 1.03 + 0.6 * number)
        forces[inside, number % 2] = 700.0
    unknown = np.full(2, np.nan)
    return InsoleRecording(
        values=forces, quantity="force_n", times_s=times_s, sides=("left", "right"), areas_mm2=unknown,
        positions_mm=np.full((2, 2), np.nan), valid=np.ones(2, bool),
    )  # fmt: skip


RECORDINGS = {
    "walk.npz": lambda: render_walk(plan_walk()),
    "insoles.npz": insoles,
    "empty.npz": lambda: render_walk([], seconds=0.5, rows=90, columns=90),
}


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with files that a fake reader knows by their names."""
    for name in RECORDINGS:
        (tmp_path / name).write_bytes(b"fake")

    def read(path):
        if path.name not in RECORDINGS:
            raise FormatError(f"{path}: not a pressure recording")
        return RECORDINGS[path.name]()

    monkeypatch.setattr("crossmodal.tactile.read", read)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


class Page(HTMLParser):
    """Addresses and tags of a page."""

    def __init__(self, text):
        super().__init__()
        self.addresses, self.tags = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href")]


@pytest.mark.parametrize("args", [[], ["--method", "classical"]], ids=["learned", "classical"])
def test_a_walk_becomes_tables_figures_and_a_page(args, place, capsys):
    assert main(["gait", "walk.npz", "--out", "report", *args]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"walkway, 5 stances, {args[-1] if args else 'learned'}")
    assert "written: report/report.html" in out
    written = sorted(path.name for path in (place / "report").iterdir())
    assert written == [
        "events.csv", "footprints.csv", "footprints.png", "forces.png", "parameters.csv", "phases.png", "report.html",
    ]  # fmt: skip
    events = rows(place / "report" / "events.csv")
    assert len(events) == 10
    assert (events[0]["event"], events[0]["side"]) == ("heel_strike", "left")
    assert float(rows(place / "report" / "footprints.csv")[1]["heel_y_mm"]) == pytest.approx(850, abs=3)
    by_name = {(row["name"], row["side"]): row for row in rows(place / "report" / "parameters.csv")}
    step = by_name["step_length", "both"]
    assert (step["unit"], step["steps"], step["norm"]) == ("mm", "4", "660.0")
    assert "line of progression" in step["definition"]
    page = Page((place / "report" / "report.html").read_text())
    assert page.tags.count("img") == 3
    assert all(address.startswith("data:image/png;base64,") for address in page.addresses)


def test_json_alone_on_the_output(place, capsys):
    assert main(["gait", "insoles.npz", "--out", "report", "--method", "threshold-20", "--json", "-"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["kind"], found["method"]) == ("insoles", "threshold-20")
    cadence = next(one for one in found["parameters"] if one["name"] == "cadence")
    assert cadence["value"] == pytest.approx(100, abs=0.5)
    assert cadence["steps"] == 11
    assert any("where a foot stands" in reason for reason in found["left_out"])


def test_a_recording_without_a_foot_is_reported(place, capsys):
    assert main(["gait", "empty.npz", "--out", "report"]) == 0
    assert "left out: everything: no foot was found on the floor" in capsys.readouterr().out
    assert "no foot was found" in (place / "report" / "report.html").read_text()


@pytest.mark.parametrize(
    ("args", "code", "reason"),
    [
        ("nothing.npz --out report", 1, "nothing.npz: no such file"),
        ("walk.npz", 2, "required: --out"),
        ("walk.npz --out report --method neural", 2, "invalid choice: 'neural'"),
        ("walk.npz --out report --weights none.safetensors", 1, "none.safetensors: no such weights"),
        (
            "walk.npz --out report --weights scenes/segmenter",
            1,
            "weights of a Segmenter; name weights of a GaitFromTouch",
        ),
        ("walk.npz --out report --method classical --weights mine", 2, "--weights: the method classical uses none"),
        ("walk.npz --out report --methd classical", 2, "did you mean --method?"),
        ("walk.npz --out report --age -3", 2, "--age: must be between 0 and 130 years, found -3"),
        ("walk.npz walk.npz --out report", 2, "only as a pair of insoles"),
        ("walk.npz --out walk.npz/report", 1, "cannot be written"),
        ("walk.npz --out report --norms none.csv", 1, "none.csv: cannot be read"),
        (". --out report", 1, "not a pressure recording"),
    ],
)
def test_errors_are_one_sentence(args, code, reason, place, capsys):
    assert main(["gait", *args.split()]) == code
    err = capsys.readouterr().err
    assert reason in err
    assert "Traceback" not in err


def test_norms_from_a_file(tmp_path):
    path = tmp_path / "children.csv"
    path.write_text(HEADER + "cadence,7,8,140,,steps/min,somebody\ncadence,9,11,130,4,steps/min,\n")
    norms = read_norms(path)
    assert find_norm("cadence", norms, 8).mean == 140
    assert find_norm("cadence", norms, 10).source == "children.csv"
    assert find_norm("cadence", norms) is None
    for text, reason in (
        ("name,mean\n", "missing: age_from"),
        (HEADER + "cadence,7,8,fast,,,\n", "line 2: mean: expected a number, found 'fast'"),
        (HEADER + "cadence\n", "line 2: mean"),
    ):
        path.write_text(text)
        with pytest.raises(FormatError, match=reason):
            read_norms(path)


def test_recordings_that_the_network_does_not_read_are_reported(place, capsys):
    assert main(["gait", "insoles.npz", "--out", "report"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("insoles, 12 stances, classical")
    assert (
        "left out: events by the network, which reads mats: insoles and single feet are read by the classical method"
        in out
    )


def test_help_imports_no_torch():
    command = [sys.executable, "-X", "importtime", "-m", "crossmodal.cli", "gait", "--help"]
    done = subprocess.run(
        command, check=False, cwd=TREE, capture_output=True, text=True, timeout=60, env=os.environ | {"PYTHONPATH": "."}
    )
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines() if "|" in line}
    assert "threshold-50" in done.stdout
    assert not imported & {"torch", "numpy", "scipy", "matplotlib"}


def test_the_rules_and_the_report_import_no_torch():
    program = """
import sys
import crossmodal.gait.report
from crossmodal.gait import analyse
from tests.fakes.walks import plan_walk, render_walk

walk = render_walk(plan_walk(steps=3), pitch_mm=10.0, rows=360, columns=120)
print(*(len(analyse(walk, method).stances) for method in ("classical", "threshold-20", "threshold-50")))
print("torch" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], check=True, cwd=TREE, capture_output=True, text=True)
    assert done.stdout.split() == ["3", "3", "3", "False"]
