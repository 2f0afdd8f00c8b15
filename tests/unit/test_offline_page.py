"""Pages that work offline, and tables for spreadsheets."""

import csv

import pytest
from matplotlib.figure import Figure

from crossmodal import offline_page
from crossmodal.errors import OutputError


def test_a_page_embeds_its_images_and_loads_nothing():
    figure = Figure((2, 1))
    figure.add_subplot().plot([0, 1])
    image = offline_page.as_png(figure)
    assert image.startswith(b"\x89PNG")
    body = [offline_page.as_figure(image, "a < b", alt="line"), offline_page.as_table(("x", "y"), [("1", "2")])]
    page = offline_page.as_page("A & B", body, "p { color: red; }")
    assert "<title>A &amp; B</title>" in page
    assert "a &lt; b" in page
    assert 'src="data:image/png;base64,' in page
    assert "<thead><tr><th>x</th><th>y</th></tr></thead><tbody><tr><td>1</td><td>2</td></tr></tbody>" in page
    assert "p { color: red; }" in page
    assert "http" not in page


def test_missing_values_are_empty_cells_of_the_csv(tmp_path):
    path = tmp_path / "rows.csv"
    offline_page.write_rows(path, [{"a": 1, "b": None}, {"a": 2, "c": "x"}], ("a", "b"))
    with path.open(newline="") as file:
        assert list(csv.reader(file)) == [["a", "b", "c"], ["1", "", ""], ["2", "", "x"]]
    with pytest.raises(OutputError):
        offline_page.write_rows(path / "under a file", [], ("a",))
