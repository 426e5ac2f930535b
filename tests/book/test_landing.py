"""The landing page at first sight: what it is, three doors and the picture, and no code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import Page, expect

LANDING = "book/index.html"
WIDE = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844, "touch": True}
DOORS = ".facetoy-doors > li"
CANVAS = ".ft-stage canvas"


@pytest.mark.parametrize("screen", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_first_screen_has_title_sentence_doors_and_picture(
    visit: Callable[..., Page], screen: dict, dark: bool
) -> None:
    page = visit(LANDING, dark=dark, reduced_motion=True, **screen)
    expect(page.locator(CANVAS)).to_be_visible()
    assert page.locator(DOORS).count() == 3
    sentence = page.locator("article h1 + p")
    assert sentence.inner_text().count(".") == 1
    for part in [page.locator("article h1"), sentence, *page.locator(f"{DOORS}, {CANVAS}").all()]:
        box = part.bounding_box()
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= screen["height"], part
        assert box["x"] + box["width"] <= screen["width"]
    assert page.locator(CANVAS).bounding_box()["width"] >= 300
    assert not page.locator(".secondary-toggle").is_visible(), "there is nothing to toggle"


def test_each_door_opens(visit: Callable[..., Page], site: Path) -> None:
    page = visit(LANDING)
    for k, words in enumerate(("Read", "Play", "Run")):
        door = page.locator(DOORS).nth(k)
        link = door.get_by_role("link", name=words, exact=True)
        box = door.bounding_box()
        hit = page.evaluate(
            "([x, y]) => document.elementFromPoint(x, y).closest('a')?.textContent",
            [box["x"] + box["width"] - 4, box["y"] + box["height"] - 4],
        )
        assert hit == words, "the whole door is its link"
        address = link.get_attribute("href")
        assert address.startswith("https://colab.") or (site / "book" / address).is_file()
    door = page.locator(DOORS).nth(2).get_by_role("link", name="Binder")
    box = door.bounding_box()
    found = page.evaluate(
        "([x, y]) => document.elementFromPoint(x, y).closest('a').href",
        [box["x"] + 4, box["y"] + box["height"] / 2],
    )
    assert found.startswith("https://mybinder.org/")


def test_no_code_stands_before_the_picture(site: Path) -> None:
    article = BeautifulSoup((site / LANDING).read_text(), "html.parser").article
    figure = article.select_one(".facetoy-widget")
    before = figure.find_all_previous(["pre", "details", "summary"])
    assert [tag for tag in before if article in tag.parents] == []
    assert figure.find_parent("details") is None


def test_the_picture_plays_once(visit: Callable[..., Page]) -> None:
    page = visit(LANDING)
    figure = page.locator(".facetoy-widget").first
    expect(figure.get_by_role("checkbox", name="images")).to_be_checked()
    expect(figure.get_by_role("button", name="Pause")).to_be_visible()
    expect(figure.get_by_role("button", name="Play")).to_be_visible(timeout=60_000)
    still = page.locator(CANVAS).evaluate("(canvas) => canvas.toDataURL()")
    page.wait_for_timeout(500)
    assert page.locator(CANVAS).evaluate("(canvas) => canvas.toDataURL()") == still


def test_less_motion_means_a_picture_at_rest(visit: Callable[..., Page]) -> None:
    page = visit(LANDING, reduced_motion=True)
    expect(page.locator(CANVAS)).to_be_visible()
    page.wait_for_timeout(500)
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)
