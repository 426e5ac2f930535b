"""Predictions in a browser: by pointer, finger, keys and eye."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from widget_page import axe_violations, write_page

from facetoy import Prediction

PHONE = {"width": 390, "height": 844, "touch": True}
ANSWERS = ("Into ten round heaps", "Into ten rays & arrows", "Nowhere: they stay where they are")
COUNT = "addEventListener('facetoy-predicted', ({target}) => (window.told ??= []).push(target))"


@pytest.fixture
def show(tmp_path: Path, visit: Callable[..., Page]) -> Callable[..., Page]:
    def show(*, dark: bool = False, **options) -> Page:
        one = Prediction("Where will the ten classes go, in a < b?", *ANSWERS)
        two = Prediction("Which?", "This", "That")
        page = visit(write_page(tmp_path / "page.html", one=one, two=two), **options)
        expect(page.locator("#two button")).to_have_count(2)
        if dark:
            page.evaluate("document.documentElement.dataset.theme = 'dark'")
        page.evaluate(COUNT)
        return page

    return show


def answer(page: Page, text: str) -> Locator:
    return page.get_by_role("button", name=text, exact=True)


def assert_said(page: Page, text: str) -> None:
    """One answer of the first question is pressed, and repeated below."""
    expect(page.locator("#one [aria-pressed=true]")).to_have_text([text])
    expect(page.locator("#one").get_by_role("status")).to_have_text(f"You said “{text}”. Look:")


def test_it_asks(show: Callable[..., Page]) -> None:
    page = show()
    group = page.get_by_role("group", name="Where will the ten classes go, in a < b?")
    expect(group.locator("p").first).to_have_text("Where will the ten classes go, in a < b?")
    assert group.get_by_role("button").all_inner_texts() == list(ANSWERS)
    assert group.locator("ul > li > button").count() == len(ANSWERS)
    expect(group.locator("[aria-pressed=false]")).to_have_count(len(ANSWERS))
    expect(group.get_by_role("status")).to_have_text("")


def test_pointer_presses_one_and_then_another(show: Callable[..., Page]) -> None:
    page = show()
    for text in (ANSWERS[1], ANSWERS[0], ANSWERS[0]):
        answer(page, text).click()
        assert_said(page, text)
    assert page.evaluate("window.told.map((target) => target.parentElement.id)") == ["one"] * 3


def test_keys_press(show: Callable[..., Page]) -> None:
    page = show()
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == ANSWERS[0]
    assert page.locator(":focus").evaluate("(e) => getComputedStyle(e).outlineStyle") == "solid"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert_said(page, ANSWERS[1])
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert_said(page, ANSWERS[2])
    assert page.locator(":focus").inner_text() == ANSWERS[2]


def test_two_do_not_meet(show: Callable[..., Page]) -> None:
    page = show()
    answer(page, "That").click()
    expect(page.locator("#one [aria-pressed=true]")).to_have_count(0)
    answer(page, ANSWERS[2]).click()
    assert_said(page, ANSWERS[2])
    expect(page.locator("#two").get_by_role("status")).to_have_text("You said “That”. Look:")


def test_it_fits_a_phone_and_a_finger_presses(show: Callable[..., Page]) -> None:
    page = show(**PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for button in page.get_by_role("button").all():
        assert button.bounding_box()["height"] >= 44
    answer(page, ANSWERS[2]).tap()
    assert_said(page, ANSWERS[2])


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("size", [{}, PHONE], ids=["wide", "phone"])
def test_axe_finds_nothing(show: Callable[..., Page], dark: bool, size: dict) -> None:
    page = show(dark=dark, **size)
    answer(page, ANSWERS[0]).click()
    assert axe_violations(page) == []


def test_dark_page_has_dark_buttons(show: Callable[..., Page]) -> None:
    def colours(page: Page) -> list[str]:
        return page.evaluate(
            """() => [[".ft-prediction p", "color"], [".ft-prediction button", "color"],
                      [".ft-prediction", "borderLeftColor"]]
                 .map(([what, which]) => getComputedStyle(document.querySelector(what))[which])"""
        )

    light, dark = colours(show()), colours(show(dark=True))
    assert all(a != b for a, b in zip(light, dark, strict=True))


def test_it_leaves_nothing_behind(show: Callable[..., Page]) -> None:
    page = show()
    page.evaluate("window.stops.one()")
    expect(page.locator(".facetoy")).to_have_count(1)
