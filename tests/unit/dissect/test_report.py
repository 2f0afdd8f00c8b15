"""The report: one offline page, tables, and strips of the images that activate a unit."""

import csv
import json
from html.parser import HTMLParser

import numpy as np
import pytest
import torch

from crossmodal.dissect import dissect
from crossmodal.dissect.report import FILES, choose_units, write_report
from crossmodal.dissect.strip import ablation_strip, draw_strips, outline
from crossmodal.errors import DatasetError
from tests.unit.dissect.planted import PlantedGenerator, planted_source


@pytest.fixture(scope="module")
def found():
    return dissect(PlantedGenerator(), "paint", planted_source(), fraction=0.03, permutations=200, name="planted <1>")


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.addresses, self.tags = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href")]


def test_a_report_is_complete_offline(found, tmp_path):
    strips = draw_strips(PlantedGenerator(), planted_source(), found, choose_units(found, 5))
    written = write_report(found, tmp_path / "report", strips=strips, extra={"segmenter": "colours"})
    assert [path.name for path in written] == list(FILES)
    text = (tmp_path / "report" / "report.html").read_text()
    page = Page(text)
    assert all(address.startswith("data:image/") for address in page.addresses)
    assert page.tags.count("img") == 2 + 5
    assert not {"script", "link"} & set(page.tags)
    assert "planted &lt;1&gt;" in text
    content = json.loads((tmp_path / "report" / "dissection.json").read_text())
    assert content["segmenter"] == "colours"
    assert content["units"][0]["corrected"] is None
    with (tmp_path / "report" / "units.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["concept"] for row in rows[:4]] == ["sun", "tree", "wall", "door"]
    assert rows[0]["corrected"] == ""
    assert float(rows[0]["iou_low"]) <= float(rows[0]["iou"]) <= float(rows[0]["iou_high"])


def test_detectors_come_first(found):
    chosen = choose_units(found, 4)
    assert set(chosen) == {0, 1, 2, 3}
    assert [found.units[unit].iou.value for unit in chosen] == sorted(
        (found.units[unit].iou.value for unit in chosen), reverse=True
    )
    assert 5 not in choose_units(found, 7), "a silent unit has nothing to show"


def test_top_images_show_the_object(found):
    source = planted_source()
    for index in found.units[0].top:
        inputs = source.inputs(np.array([index]))
        assert (source.label_output(PlantedGenerator()(*inputs)).labels == 1).any()


def test_outlines():
    image = np.full((4, 4, 3), 200, np.uint8)
    mask = np.zeros((4, 4), bool)
    mask[:2] = True
    drawn = outline(image, mask, 32)
    assert drawn.shape == (32, 32, 3)
    assert drawn[4, 16].tolist() == [200, 200, 200]
    assert drawn[15, 16].tolist() == [255, 214, 10], "the border is the last row inside"
    assert drawn[24, 16].tolist() == [120, 120, 120]


def test_strips_before_and_after():
    strip = ablation_strip(PlantedGenerator(), "paint", planted_source(48), [0], "sun", images=4)
    assert strip.dtype == np.uint8
    width = strip.shape[1] // 4
    yellow = np.array([255, 255, 51])
    before, after = np.array_split((np.abs(strip.astype(int) - yellow).sum(axis=2) < 6)[:, : 4 * width], 2, axis=0)
    assert before.any()
    assert not after.any()
    source = planted_source(8)
    source.concepts = source.concepts | {9: "moon"}
    with pytest.raises(DatasetError, match="none of 8 images shows 'moon'"):
        ablation_strip(PlantedGenerator(), "paint", source, [0], "moon")
    assert torch.is_inference_mode_enabled() is False
