"""Timelines in a browser: by pointer, finger, keys and eye."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from widget_page import axe_violations, write_page

from facetoy import Event, Timeline

# As crowded as the book's own: some in one month, two a tenth of a percent apart.
EVENTS = [
    ("DeepFace", 2014, 6, 97.35, 4_400_000),
    ("DeepID2", 2014, 6, 99.15, 200_000),
    ("FaceNet", 2015, 3, 99.63, 200_000_000),
    ("L-Softmax", 2016, 6, 98.71, 490_000),
    ("Center loss", 2016, 10, 99.28, 700_000),
    ("SphereFace", 2017, 4, 99.42, 490_000),
    ("NormFace", 2017, 4, 99.21, 490_000),
    ("Unmeasured", 2017, 9, None, None),
    ("AM-Softmax", 2018, 1, 98.98, 490_000),
    ("ArcFace", 2018, 1, 99.83, 5_800_000),
    ("CosFace", 2018, 1, 99.73, 5_000_000),
    ("MagFace", 2021, 3, 99.83, 5_800_000),
    ("AdaFace", 2022, 4, 99.82, 5_800_000),
]
NAMES = [name for name, *_ in EVENTS]
PHONE = {"width": 390, "height": 844, "touch": True}


def timeline(events: list[tuple] = EVENTS) -> Timeline:
    texts = [f"All about {name}, with *emphasis* and [a link](#next)." for name, *_ in events]
    return Timeline([Event(*e[:4], text, e[4]) for e, text in zip(events, texts, strict=True)])


@pytest.fixture
def show(tmp_path: Path, visit: Callable[..., Page]) -> Callable[..., Page]:
    def show(*, dark: bool = False, static: bool = True, **options) -> Page:
        page = visit(write_page(tmp_path / "page.html", static=static, one=timeline()), **options)
        page.locator(".ft-dot.is-chosen").wait_for()
        if dark:
            page.evaluate("document.documentElement.dataset.theme = 'dark'")
        expect(page.locator(".facetoy")).to_have_attribute(
            "data-theme", "dark" if dark else "light"
        )
        return page

    return show


def assert_chosen(page: Page, name: str) -> None:
    """One name is chosen, its dot is filled, its text shown and no other."""
    expect(page.locator('[role="tab"][aria-selected="true"]')).to_have_text([name])
    panel = page.get_by_role("tabpanel")
    expect(panel).to_have_count(1)
    expect(panel).to_contain_text(f"All about {name}")
    tab = page.locator('[role="tab"][aria-selected="true"]')
    assert tab.get_attribute("aria-controls") == panel.get_attribute("id")
    assert panel.get_attribute("aria-labelledby") == tab.get_attribute("id")
    assert page.locator('[role="tab"][tabindex="0"]').all_inner_texts() == [name]
    expect(page.get_by_role("status")).to_have_text(
        f"{name}, {NAMES.index(name) + 1} of {len(NAMES)}"
    )
    filled = page.locator(".ft-dot").evaluate_all(
        "(dots) => dots.map((dot) => dot.classList.contains('is-chosen'))"
    )
    assert [name for name, full in zip(NAMES, filled, strict=True) if full] == [name]


def test_pointer_chooses_a_name_a_dot_and_the_neighbours(show: Callable[..., Page]) -> None:
    page = show()
    assert_chosen(page, "DeepFace")
    for name in ("CosFace", "L-Softmax"):
        page.get_by_role("tab", name=name).click()
        assert_chosen(page, name)
    page.get_by_role("button", name="Later").click()
    assert_chosen(page, "Center loss")
    page.get_by_role("button", name="Earlier").click()
    page.get_by_role("button", name="Earlier").click()
    assert_chosen(page, "FaceNet")
    dot = page.locator(".ft-dot").nth(NAMES.index("AdaFace")).bounding_box()
    page.mouse.click(dot["x"] + dot["width"] / 2 + 8, dot["y"] + dot["height"] / 2)
    assert_chosen(page, "AdaFace")
    later = page.get_by_role("button", name="Later")
    assert later.get_attribute("aria-disabled") == "true"
    later.dispatch_event("click")
    assert_chosen(page, "AdaFace")


def test_keys_choose(show: Callable[..., Page]) -> None:
    page = show()
    page.get_by_role("tab", name="DeepFace").focus()
    walk = [
        ("ArrowRight", "DeepID2"),
        ("ArrowDown", "FaceNet"),
        ("ArrowLeft", "DeepID2"),
        ("End", "AdaFace"),
        ("ArrowRight", "AdaFace"),
        ("ArrowUp", "MagFace"),
        ("Home", "DeepFace"),
        ("ArrowLeft", "DeepFace"),
    ]
    for key, name in walk:
        page.keyboard.press(key)
        assert_chosen(page, name)
        focused = page.locator(":focus")
        assert focused.inner_text() == name
        assert focused.evaluate("(tab) => getComputedStyle(tab).outlineStyle") == "solid"
    page.keyboard.press("Tab")  # past all other names
    assert page.locator(":focus").inner_text() == "← Earlier"


def test_names_tell_date_and_figure(show: Callable[..., Page]) -> None:
    page = show()
    assert (
        page.get_by_role(
            "tab", name="FaceNet, March 2015, LFW 99.63 %, 200 million images", exact=True
        ).count()
        == 1
    )
    assert page.get_by_role("tab", name="Unmeasured, September 2017", exact=True).count() == 1


def test_dots_stand_where_the_numbers_say(show: Callable[..., Page]) -> None:
    page = show()
    centres = page.locator(".ft-dot").evaluate_all(
        "(dots) => dots.map((dot) => [dot.cx.baseVal.value, dot.cy.baseVal.value])"
    )
    measured = [(e, c) for e, c in zip(EVENTS, centres, strict=True) if e[3] is not None]
    (_, (x0, y0)), (_, (x1, y1)) = measured[0], measured[-1]
    months = [12 * year + month for (_, year, month, *_), _ in measured]
    for ((_, _, _, lfw, _), (x, y)), when in zip(measured, months, strict=True):
        along = (when - months[0]) / (months[-1] - months[0])
        assert x == pytest.approx(x0 + along * (x1 - x0), abs=0.5)
        up = (lfw - measured[0][0][3]) / (measured[-1][0][3] - measured[0][0][3])
        assert y == pytest.approx(y0 + up * (y1 - y0), abs=0.5)
    base = page.locator(".ft-base").first.evaluate("(line) => line.y1.baseVal.value")
    assert centres[NAMES.index("Unmeasured")][1] == pytest.approx(base)


@pytest.mark.parametrize("size", [{}, PHONE], ids=["wide", "phone"])
def test_areas_are_in_proportion_to_the_images(show: Callable[..., Page], size: dict) -> None:
    page = show(**size)
    dots = page.locator(".ft-dot")
    outline = dots.first.evaluate("(dot) => parseFloat(getComputedStyle(dot).strokeWidth)")
    inner = dots.evaluate_all("(dots) => dots.map((dot) => dot.r.baseVal.value)")
    radii = [r + outline / 2 for r in inner]
    sized = [(r**2, e[4]) for r, e in zip(radii, EVENTS, strict=True) if e[4] is not None]
    most = max(sized)
    for area, images in sized:
        assert area / most[0] == pytest.approx(images / most[1], rel=1e-3)
    key = page.locator(".ft-key").evaluate_all("(dots) => dots.map((d) => d.r.baseVal.value + 0.5)")
    assert [r**2 / most[0] * most[1] for r in key] == pytest.approx([1e6, 1e7], rel=1e-3)
    words = page.locator(".ft-chart text").all_text_contents()
    assert words[-2:] == ["1 million", "10 million"]


def test_events_without_images_have_plain_dots(tmp_path: Path, visit: Callable[..., Page]) -> None:
    page = visit(write_page(tmp_path / "page.html", one=timeline([(*e[:4], None) for e in EVENTS])))
    page.locator(".ft-dot.is-chosen").wait_for()
    radii = page.locator(".ft-dot").evaluate_all("(dots) => dots.map((d) => d.r.baseVal.value)")
    assert len(radii) == len(EVENTS)
    assert len(set(radii)) == 1
    expect(page.locator(".ft-key")).to_have_count(0)


def test_a_click_anywhere_on_a_large_dot_means_it(show: Callable[..., Page]) -> None:
    page = show()
    dot = page.locator(".ft-dot").nth(NAMES.index("FaceNet")).bounding_box()
    page.mouse.click(dot["x"] + dot["width"] - 12, dot["y"] + dot["height"] / 2)
    assert_chosen(page, "FaceNet")


@pytest.mark.parametrize("width", [320, 390, 600, 680, 768, 1000, 1280, 1920])
def test_names_never_overlap_and_are_large_enough(show: Callable[..., Page], width: int) -> None:
    page = show(width=width)
    boxes = [tab.bounding_box() for tab in page.get_by_role("tab").all()]
    for box in boxes:
        assert min(box["width"], box["height"]) >= 24
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
    for a, b in combinations(boxes, 2):
        beside = a["x"] + a["width"] <= b["x"] or b["x"] + b["width"] <= a["x"]
        assert beside or a["y"] + a["height"] <= b["y"] or b["y"] + b["height"] <= a["y"]
    dots = [dot.bounding_box() for dot in page.locator(".ft-dot").all()]
    for dot in dots:
        x, y = dot["x"] + dot["width"] / 2, dot["y"] + dot["height"] / 2
        assert not any(
            b["x"] < x < b["x"] + b["width"] and b["y"] < y < b["y"] + b["height"] for b in boxes
        )
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_chart_follows_the_width(show: Callable[..., Page]) -> None:
    page = show()
    page.get_by_role("tab", name="CosFace").click()
    page.set_viewport_size({"width": 390, "height": 844})
    page.locator(".ft-chart.is-narrow").wait_for()
    assert_chosen(page, "CosFace")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.set_viewport_size({"width": 1280, "height": 900})
    page.locator(".ft-chart:not(.is-narrow)").wait_for()
    assert_chosen(page, "CosFace")


def test_phone_by_finger(show: Callable[..., Page]) -> None:
    page = show(**PHONE)
    assert page.evaluate("visualViewport.width") == pytest.approx(390, abs=1)
    tab = page.get_by_role("tab", name="ArcFace")
    assert tab.bounding_box()["height"] >= 44
    tab.tap()
    assert_chosen(page, "ArcFace")
    page.get_by_role("button", name="Later").tap()
    assert_chosen(page, "CosFace")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("size", [{}, PHONE], ids=["wide", "phone"])
def test_axe_finds_nothing(show: Callable[..., Page], dark: bool, size: dict) -> None:
    page = show(dark=dark, **size)
    page.get_by_role("tab", name="NormFace").click()
    assert axe_violations(page) == []


def test_dark_page_has_a_dark_chart(show: Callable[..., Page]) -> None:
    def colours(page: Page) -> list[str]:
        return page.evaluate(
            """() => [[".ft-names button", "backgroundColor"], [".ft-dot", "fill"],
                      [".ft-chart text", "fill"], [".ft-grid", "stroke"]]
                 .map(([what, which]) => getComputedStyle(document.querySelector(what))[which])"""
        )

    light, dark = colours(show()), colours(show(dark=True))
    assert all(a != b for a, b in zip(light, dark, strict=True))


def test_paper_has_every_event(show: Callable[..., Page]) -> None:
    page = show()
    page.emulate_media(media="print")
    assert not page.locator(".ft-chart").is_visible()
    panels = page.locator(".ft-event")
    assert panels.count() == len(EVENTS)
    for panel, name in zip(panels.all(), NAMES, strict=True):
        assert panel.evaluate("(panel) => panel.clientHeight") > 40
        assert panel.evaluate("(panel) => getComputedStyle(panel).contentVisibility") == "visible"
        assert f"All about {name}" in panel.text_content()


def test_a_search_in_the_page_opens_what_it_finds(show: Callable[..., Page]) -> None:
    page = show()
    found = page.locator(".ft-fold").nth(NAMES.index("SphereFace"))
    assert found.evaluate("(fold) => fold.hidden") == "until-found"
    assert found.evaluate("(fold) => getComputedStyle(fold).contentVisibility") == "hidden"
    assert found.evaluate("(fold) => getComputedStyle(fold).display") == "block"
    assert found.evaluate("(fold) => fold.clientHeight") == 0
    found.evaluate("(fold) => fold.dispatchEvent(new Event('beforematch', {bubbles: true}))")
    assert_chosen(page, "SphereFace")


def test_two_timelines_do_not_meet(tmp_path: Path, visit: Callable[..., Page]) -> None:
    one, two = timeline(EVENTS[:5]), timeline(EVENTS[3:])
    page = visit(write_page(tmp_path / "page.html", one=one, two=two))
    page.locator("#two .ft-dot.is-chosen").wait_for()
    page.locator("#two").get_by_role("tab", name="NormFace").click()
    page.locator("#one").get_by_role("button", name="Later").click()
    expect(page.locator("#one").get_by_role("status")).to_have_text("DeepID2, 2 of 5")
    expect(page.locator("#two").get_by_role("status")).to_have_text("NormFace, 4 of 10")
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((element) => element.id)")
    assert len(ids) == len(set(ids))


def test_one_event_is_a_timeline(tmp_path: Path, visit: Callable[..., Page]) -> None:
    page = visit(write_page(tmp_path / "page.html", one=timeline([EVENTS[7]])))
    page.locator(".ft-dot.is-chosen").wait_for()
    expect(page.get_by_role("status")).to_have_text("Unmeasured, 1 of 1")


def test_links_leave_a_running_notebook_open(show: Callable[..., Page]) -> None:
    assert show().locator(".ft-event a").first.get_attribute("target") is None
    link = show(static=False).locator(".ft-event a").first
    assert link.get_attribute("target") == "_blank"


def test_it_leaves_nothing_behind(show: Callable[..., Page]) -> None:
    page = show()
    page.evaluate("window.stops.one()")
    expect(page.locator(".facetoy")).to_have_count(0)
    page.set_viewport_size({"width": 390, "height": 844})


def test_a_box_too_narrow_for_it_does_no_harm(show: Callable[..., Page]) -> None:
    """As a page has while it is laid out, or a pane that is being closed."""
    page = show()
    years = page.locator(".ft-chart svg text").all_inner_texts()
    for width in (70, 40, 1):
        page.evaluate("(w) => (document.querySelector('.facetoy').style.width = `${w}px`)", width)
        expect(page.locator(".ft-chart svg")).to_have_attribute("viewBox", re.compile("^0 0 200 "))
    page.evaluate("document.querySelector('.facetoy').style.width = ''")
    expect(page.locator(".ft-chart svg")).not_to_have_attribute("viewBox", re.compile("^0 0 200 "))
    assert page.locator(".ft-chart svg text").all_inner_texts() == years
