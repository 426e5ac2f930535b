"""FaceView in a browser: the script draws what toyfaces draws, and the sliders move it."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from widget_page import write_page

from facetoy.data.toyfaces import CONDITION, IDENTITY, draw, genes
from facetoy.views.face_view.face_view import FaceView
from facetoy.views.shared.face_words import describe

LARGE = ".ft-large"
PIXELS = """canvas => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return Array.from(data).filter((_, k) => k % 4 === 0);
}"""


@pytest.fixture
def show(tmp_path, visit):
    def show(*args, **options) -> Page:
        page = visit(write_page(tmp_path / "page.html", one=FaceView(*args)), **options)
        expect(page.locator(LARGE)).to_be_visible()
        return page

    return show


def pixels(page: Page, canvas: str = LARGE, nth: int = 0) -> np.ndarray:
    return np.array(page.locator(canvas).nth(nth).evaluate(PIXELS))


def assert_alike(drawn: np.ndarray, wanted: np.ndarray) -> None:
    """At most 2 of 255 apart at 99.9 % of the pixels, and nowhere more than 6."""
    apart = np.abs(np.asarray(drawn) - np.rint(wanted.reshape(np.shape(drawn)) * 255))
    assert apart.max() <= 6
    assert (apart <= 2).mean() >= 0.999


@pytest.mark.parametrize(("size", "count"), [(32, 60), (96, 6), (33, 4)])
def test_the_script_draws_what_python_draws(call, size, count):
    person, photo = genes(count, IDENTITY, (5, 1)), genes(count, CONDITION, (5, 2))
    photo[:, list(CONDITION).index("noise")] = 0
    photo[::3, list(CONDITION).index("glasses")] = 0.95
    photo[1::3, list(CONDITION).index("hat")] = 0.95
    kinds, script = FaceView()._meta["kinds"], "shared/face.js"
    people = call(script, "stretch", [[kinds["person"], row] for row in person.tolist()])
    photos = call(script, "stretch", [[kinds["photo"], row] for row in photo.tolist()])
    drawn = call(script, "drawFace", [[*pair, size] for pair in zip(people, photos, strict=True)])
    assert_alike(drawn, draw(person, photo, size))


def test_the_large_face_is_the_person_and_shrinks_to_the_data_set_s_size(show):
    page = show(4, 1)
    meta = FaceView(4, 1)._meta
    rows = [np.array([meta[kind]]) for kind in ("person", "photo")]
    assert_alike(pixels(page), draw(*rows, 96))
    assert page.locator(LARGE).get_attribute("aria-label") == describe(*(row[0] for row in rows))
    page.get_by_label("32 × 32").check()
    assert_alike(pixels(page), draw(*rows, 32))


def test_sliders_move_the_person_everywhere_and_the_photo_once(show):
    page = show()
    large, small = pixels(page), pixels(page, ".ft-strip canvas")
    label = page.locator(LARGE).get_attribute("aria-label")
    glasses = page.get_by_role("slider", name="glasses")
    glasses.fill("1")
    expect(glasses).to_have_attribute("aria-valuetext", "dark, 1.00")
    expect(page.locator(LARGE)).to_have_attribute("aria-label", f"{label}, dark glasses")
    assert not np.array_equal(pixels(page), large)
    assert np.array_equal(pixels(page, ".ft-strip canvas"), small)
    slider = page.get_by_role("slider", name="head width")
    slider.fill("0.5")
    slider.press("ArrowLeft")
    expect(slider).to_have_value("0.49")
    assert not np.array_equal(pixels(page, ".ft-strip canvas"), small)
    page.get_by_role("button", name="Back").click()
    assert np.array_equal(pixels(page), large)
    assert np.array_equal(pixels(page, ".ft-strip canvas"), small)
    expect(page.locator(LARGE)).to_have_attribute("aria-label", label)


def test_the_other_genes_wait_under_more(show):
    page = show()
    assert page.get_by_role("slider").count() == 20
    for summary in page.locator("summary").all():
        summary.press("Enter")
    assert page.get_by_role("slider").count() == len(IDENTITY) + len(CONDITION)
    for name in (*IDENTITY, *CONDITION):
        expect(page.get_by_label(name, exact=True)).to_have_attribute("type", "range")


def test_buttons_draw_anew_and_say_what_changed(show):
    page = show()
    words = page.locator(".ft-spoken")
    numbers = page.locator(".ft-digits")
    before = numbers.all_text_contents()
    page.get_by_role("button", name="Another person").click()
    expect(words).to_contain_text("Another person: ")
    assert len(words.text_content()) < 250
    after = numbers.all_text_contents()
    assert after[: len(IDENTITY)] != before[: len(IDENTITY)]
    assert after[len(IDENTITY) :] == before[len(IDENTITY) :]
    page.get_by_role("button", name="Another photo").click()
    expect(words).to_contain_text("Another photo: ")
    assert numbers.all_text_contents()[: len(IDENTITY)] == after[: len(IDENTITY)]
    page.get_by_role("button", name="Back").click()
    assert numbers.all_text_contents() == before


@pytest.mark.parametrize("width", [320, 390])
def test_it_fits_a_phone_and_the_faces_stay_in_sight(show, width):
    page = show(width=width, height=844, touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for name in ("glasses", "Another person", "Back"):
        role = "slider" if name == "glasses" else "button"
        assert page.get_by_role(role, name=name).bounding_box()["height"] >= 44
    page.get_by_role("slider", name="blur").scroll_into_view_if_needed()
    assert page.locator(LARGE).bounding_box()["y"] >= 0
    jaw = page.get_by_role("slider", name="jaw")
    jaw.focus()  # not under the faces
    faces = page.locator(LARGE).bounding_box()
    assert jaw.bounding_box()["y"] >= faces["y"] + faces["height"]


def test_it_follows_the_theme_and_leaves_nothing_behind(show):
    page = show()
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    expect(page.locator(".facetoy")).to_have_attribute("data-theme", "dark")
    page.evaluate("window.stops.one()")
    expect(page.locator(".facetoy")).to_have_count(0)
