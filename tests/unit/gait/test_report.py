"""The report of a walk in a real browser: one file that is complete and fetches nothing."""

from pathlib import Path
from typing import Any

import pytest

from crossmodal.gait import analyse
from crossmodal.gait.report import write_report
from crossmodal.simulation.walks import EMED_LIKE, Mat, draw_walker, simulate_walk


@pytest.fixture(scope="module")
def page(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("report")
    walk = simulate_walk([draw_walker(0, 2)], Mat(600, 160, (5.0, 5.0)), 0, 0, 5.0, sensor=EMED_LIKE)
    write_report(analyse(walk.recording, "classical"), folder, title="A walk")
    # Moved away from the figures beside it, as people send it.
    alone = (folder / "report.html").rename(folder.with_name("alone.html"))
    opened = browser.new_page()
    opened.asked = []
    opened.on("request", lambda request: opened.asked.append(request.url))
    opened.complaints = []
    opened.on("console", lambda message: opened.complaints.append(message.text) if message.type == "error" else None)
    opened.goto(Path(alone).as_uri())
    yield opened
    opened.close()


def test_nothing_is_fetched_and_nothing_fails(page: Any) -> None:
    assert [url for url in page.asked if not url.startswith(("file:", "data:"))] == []
    assert sum(url.startswith("file:") for url in page.asked) == 1
    assert page.complaints == []


def test_every_figure_is_drawn(page: Any) -> None:
    widths = page.eval_on_selector_all("img", "all => all.map(one => one.naturalWidth)")
    assert len(widths) >= 3
    assert min(widths) > 300
    assert all(page.eval_on_selector_all("img", "all => all.map(one => one.alt.length > 0)"))


def test_the_parameters_are_in_a_table_with_their_norms(page: Any) -> None:
    text = page.inner_text("body")
    for word in ("cadence", "step length", "double support", "stance"):
        assert word in text.lower().replace("_", " ")
    assert page.locator("table tr").count() > 10


@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_a_telephone_and_a_screen(page: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width + 1
