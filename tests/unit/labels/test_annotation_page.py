"""The annotation page in a real browser: tools, keys, undo and saved masks."""

import threading
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import numpy as np
import pytest
import torch
from PIL import Image

from crossmodal.errors import DatasetError
from crossmodal.labels.annotation_page import AnnotationServer
from crossmodal.labels.annotations import begin_annotations, mask_path, read_annotations
from crossmodal.models import SmallGenerator

ZOOM = 10


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return SmallGenerator(size=32, width=0.25).eval()


@pytest.fixture
def server(model, tmp_path):
    begin_annotations(model, tmp_path / "painted", [0, 1, 7], ("sky", "ground", "sun"))
    with AnnotationServer(tmp_path / "painted") as served:
        threading.Thread(target=served.serve_forever, args=(0.05,), daemon=True).start()
        yield served
        served.shutdown()


@pytest.fixture
def page(browser, server):
    # Playwright waits by evaluating strings, which the policy of the page forbids.
    opened = browser.new_page(viewport={"width": 1200, "height": 800}, bypass_csp=True)
    opened.errors, opened.requests = [], []
    opened.on("console", lambda message: opened.errors.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: opened.errors.append(str(error)))
    opened.on("request", lambda request: opened.requests.append(request.url))
    opened.goto(server.url)
    opened.wait_for_function("labels !== undefined")
    opened.evaluate(f"zoom({ZOOM})")
    yield opened
    assert opened.errors == []
    assert all(url.startswith((server.url, "data:")) for url in opened.requests)
    opened.close()


def click(page, column, row, **how):
    page.locator("#stage").click(position={"x": ZOOM * (column + 0.5), "y": ZOOM * (row + 0.5)}, **how)


def drag(page, *positions):
    box = page.locator("#stage").bounding_box()
    for number, (column, row) in enumerate(positions):
        page.mouse.move(box["x"] + ZOOM * (column + 0.5), box["y"] + ZOOM * (row + 0.5))
        if number == 0:
            page.mouse.down()
    page.mouse.up()


def labels(page):
    return np.array(page.evaluate("[...labels]"), dtype=np.uint8).reshape(32, 32)


def saved(page, server, index):
    page.wait_for_function("!dirty && at('status').textContent === 'saved'")
    with Image.open(mask_path(server.root, index)) as mask:
        assert mask.mode == "P"
        return np.array(mask)


def test_the_page_obeys_its_own_policy(browser, server):
    opened, errors = browser.new_page(), []
    opened.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    opened.goto(server.url)
    opened.get_by_text("nothing painted yet").wait_for()
    assert opened.locator(".sample img").count() == 3
    assert errors == []
    opened.close()


def test_a_stroke_is_saved_pixel_by_pixel(page, server):
    page.evaluate("at('size').value = 1")
    page.keyboard.press("3")
    drag(page, (4, 5), (12, 5))
    expected = np.full((32, 32), 255, np.uint8)
    expected[5, 4:13] = 2
    np.testing.assert_array_equal(saved(page, server, 0), expected)
    page.reload()
    page.wait_for_function("labels !== undefined")
    np.testing.assert_array_equal(labels(page), expected)


def test_a_brush_of_three_pixels_is_round_about_its_centre(page):
    click(page, 10, 10)
    rows, columns = np.nonzero(labels(page) == 0)
    assert {(row - 10, column - 10) for row, column in zip(rows.tolist(), columns.tolist(), strict=True)} == {
        (down, across) for down in (-1, 0, 1) for across in (-1, 0, 1)
    }
    page.keyboard.press("]")
    page.keyboard.press("]")
    click(page, 20, 20)
    assert (labels(page)[18:23, 18:23] == 0).sum() == 21, "five across, without the corners"


def test_eraser_undo_redo_fill_and_rest(page, server):
    page.evaluate("at('tolerance').value = 100")
    page.keyboard.press("2")
    drag(page, (16, 0), (16, 31))
    before = labels(page)
    page.keyboard.press("1")
    page.keyboard.press("f")
    click(page, 2, 2)
    filled = labels(page)
    assert (filled[:, :15] == 0).all()
    assert (filled[:, 18:] == 255).all(), "the line stops it"
    page.keyboard.press("z")
    np.testing.assert_array_equal(labels(page), before)
    page.keyboard.press("Shift+Z")
    np.testing.assert_array_equal(labels(page), filled)
    page.keyboard.press("3")
    page.keyboard.press("r")
    assert (labels(page)[:, 18:] == 2).all()
    page.keyboard.press("e")
    click(page, 2, 2)
    click(page, 9, 9, button="right")
    assert labels(page)[2, 2] == labels(page)[9, 9] == 255
    np.testing.assert_array_equal(saved(page, server, 0), labels(page))


def test_a_fill_stops_where_colours_differ(page):
    page.evaluate(
        "for (let k = 0; k < 1024; k++) for (let c = 0; c < 3; c++) colours[4 * k + c] = k % 32 < 10 ? 20 : 200"
    )
    page.keyboard.press("f")
    click(page, 3, 3)
    assert (labels(page)[:, :10] == 0).all()
    assert (labels(page)[:, 10:] == 255).all()


def test_images_classes_and_the_colour_under_the_cursor(page, server):
    click(page, 5, 5)
    page.keyboard.press("ArrowRight")
    page.wait_for_function("current === 1")
    assert (labels(page) == 255).all()
    page.locator(".sample").nth(2).click()
    page.wait_for_function("current === 2")
    page.once("dialog", lambda dialog: dialog.accept("house"))
    page.locator("#add").click()
    page.wait_for_function("state.classes.length === 4")
    click(page, 3, 3)
    assert (saved(page, server, 7)[2:5, 2:5] == 3).all()
    page.keyboard.press("1")
    click(page, 3, 3, modifiers=["Alt"])
    assert page.evaluate("selected") == 3
    page.once("dialog", lambda dialog: dialog.accept("cottage"))
    page.locator(".class").nth(3).dblclick()
    page.wait_for_function("state.classes[3] === 'cottage'")
    assert (server.root / "classes.txt").read_text().splitlines() == ["sky", "ground", "sun", "cottage"]
    assert page.locator(".sample.painted").count() == 2


def test_painted_masks_are_read_as_annotations(page, server, model):
    click(page, 5, 5)
    saved(page, server, 0)
    found = read_annotations(model, server.root)
    assert (found.indices, found.classes, found.seed) == ((0,), ("sky", "ground", "sun"), 0)
    assert (found.masks[0] == 0).sum() == 9


def put(url, body, **headers):
    try:
        with urlopen(Request(url, data=body, method="PUT", headers=headers)) as answer:
            return answer.status, ""
    except HTTPError as error:
        return error.code, error.read().decode()


def test_the_server_accepts_masks_of_its_own_images_only(server):
    assert put(f"{server.url}masks/7", bytes(1024))[0] == 200
    assert put(f"{server.url}masks/3", bytes(1024))[0] == 404
    assert put(f"{server.url}masks/../../7", bytes(1024))[0] == 404
    assert put(f"{server.url}masks/7", bytes(1023)) == (400, "expected a mask of 1024 pixels, found 1023")
    assert put(f"{server.url}masks/7", b"\x03" * 1024)[0] == 400
    assert put(f"{server.url}classes", b"sky\nsky\nsun")[0] == 400
    assert put(f"{server.url}classes", b"sky\nground")[0] == 400
    assert put(f"{server.url}masks/7", bytes(1024), Host="elsewhere.example")[0] == 403
    assert put(f"{server.url}masks/7", bytes(200_000))[0] == 413


def test_a_folder_without_images_is_refused(tmp_path):
    with pytest.raises(DatasetError, match="holds no images to annotate"):
        AnnotationServer(tmp_path)
