"""Timelines in a browser, on a page built for the purpose: by pointer, finger, keys and eye."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from itertools import combinations
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

# As crowded as the book's own: some in one month, two a tenth of a percent apart.
EVENTS = [
    ("DeepFace", 2014, 6, 97.35),
    ("DeepID2", 2014, 6, 99.15),
    ("FaceNet", 2015, 3, 99.63),
    ("L-Softmax", 2016, 6, 98.71),
    ("Center loss", 2016, 10, 99.28),
    ("SphereFace", 2017, 4, 99.42),
    ("NormFace", 2017, 4, 99.21),
    ("Unmeasured", 2017, 9, None),
    ("AM-Softmax", 2018, 1, 98.98),
    ("ArcFace", 2018, 1, 99.83),
    ("CosFace", 2018, 1, 99.73),
    ("MagFace", 2021, 3, 99.83),
    ("AdaFace", 2022, 4, 99.82),
]
NAMES = [name for name, *_ in EVENTS]
PHONE = {"width": 390, "height": 844, "touch": True}
CONFIGURATION = {
    "extensions": ["myst_nb", "sphinx-mathjax-offline", "facetoy_book"],
    "myst_enable_extensions": ["colon_fence", "dollarmath"],
    "html_theme": "sphinx_book_theme",
    "html_context": {"default_mode": "auto"},
    "nb_execution_mode": "off",
}


def event(name: str, year: int, month: int, lfw: float | None) -> str:
    figure = f":lfw: {lfw}\n" if lfw else ""
    text = f"All about {name}, with {{math}}`x^2` and [a link](#next)."
    return f":::{{event}} {name}\n:year: {year}\n:month: {month}\n{figure}\n{text}\n:::\n\n"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built page with a timeline and text before and after."""
    folder = tmp_path_factory.mktemp("timeline")
    events = "".join(event(*values) for values in EVENTS)
    text = (
        f"# Page\n\n## Before\n\n::::{{timeline}}\n\n{events}::::\n\n(next)=\n## After\n\nMore.\n"
    )
    (folder / "index.md").write_text(text)
    with docutils_namespace():
        Sphinx(
            folder, None, folder / "out", folder / "trees", "html", CONFIGURATION,
            status=None, warningiserror=True,
        ).build()  # fmt: skip
    return folder / "out" / "index.html"


@pytest.fixture
def show(built: Path, visit: Callable[..., Page]) -> Callable[..., Page]:
    def show(**options) -> Page:
        page = visit(built, **options)
        page.locator(".facetoy-dot.is-chosen").wait_for()
        page.wait_for_function("() => self.MathJax?.startup?.promise?.then(() => true)")
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
    filled = page.locator(".facetoy-dot").evaluate_all(
        "(dots) => dots.map((dot) => dot.classList.contains('is-chosen'))"
    )
    assert [name for name, full in zip(NAMES, filled, strict=True) if full] == [name]


def test_without_scripts_everything_is_a_list(built: Path, visit: Callable[..., Page]) -> None:
    page = visit(built, no_scripts=True)
    items = page.locator("ol.facetoy-timeline > li")
    assert items.count() == len(EVENTS)
    for item, (name, year, _, lfw) in zip(items.all(), EVENTS, strict=True):
        assert item.is_visible()
        text = item.inner_text()
        assert text.startswith(name)
        assert str(year) in text
        assert ("LFW" in text) == (lfw is not None)
        assert f"All about {name}" in text
    assert page.get_by_role("button", name="Later").count() == 0


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
    dot = page.locator(".facetoy-dot").nth(NAMES.index("AdaFace")).bounding_box()
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
    assert page.get_by_role("tab", name="FaceNet, March 2015, LFW 99.63 %").count() == 1
    assert page.get_by_role("tab", name="Unmeasured, September 2017", exact=True).count() == 1


def test_dots_stand_where_the_numbers_say(show: Callable[..., Page]) -> None:
    page = show()
    centres = page.locator(".facetoy-dot").evaluate_all(
        "(dots) => dots.map((dot) => [dot.cx.baseVal.value, dot.cy.baseVal.value])"
    )
    measured = [(e, c) for e, c in zip(EVENTS, centres, strict=True) if e[3] is not None]
    (_, (x0, y0)), (_, (x1, y1)) = measured[0], measured[-1]
    months = [12 * year + month for (_, year, month, _), _ in measured]
    for ((_, _, _, lfw), (x, y)), when in zip(measured, months, strict=True):
        along = (when - months[0]) / (months[-1] - months[0])
        assert x == pytest.approx(x0 + along * (x1 - x0), abs=0.5)
        up = (lfw - measured[0][0][3]) / (measured[-1][0][3] - measured[0][0][3])
        assert y == pytest.approx(y0 + up * (y1 - y0), abs=0.5)
    base = page.locator(".facetoy-base").first.evaluate("(line) => line.y1.baseVal.value")
    assert centres[NAMES.index("Unmeasured")][1] == pytest.approx(base)


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
    dots = [dot.bounding_box() for dot in page.locator(".facetoy-dot").all()]
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
    page.locator(".facetoy-chart.is-narrow").wait_for()
    assert_chosen(page, "CosFace")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.set_viewport_size({"width": 1280, "height": 900})
    page.locator(".facetoy-chart:not(.is-narrow)").wait_for()
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
    page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text())
    result = page.evaluate(
        """() => axe.run("div.facetoy-timeline", {preload: false, resultTypes: ["violations"]})"""
    )
    assert result["violations"] == []


def test_dark_page_has_a_dark_chart(show: Callable[..., Page]) -> None:
    def colours(page: Page) -> list[str]:
        return page.evaluate(
            """() => [[".facetoy-tabs button", "backgroundColor"], [".facetoy-dot", "fill"],
                      [".facetoy-chart text", "fill"], [".facetoy-grid", "stroke"]]
                 .map(([what, which]) => getComputedStyle(document.querySelector(what))[which])"""
        )

    light, dark = colours(show()), colours(show(dark=True))
    assert all(a != b for a, b in zip(light, dark, strict=True))


def test_paper_has_every_event(show: Callable[..., Page]) -> None:
    page = show()
    page.emulate_media(media="print")
    assert not page.locator(".facetoy-chart").is_visible()
    panels = page.locator(".facetoy-event")
    assert panels.count() == len(EVENTS)
    for panel, name in zip(panels.all(), NAMES, strict=True):
        assert panel.evaluate("(panel) => panel.clientHeight") > 40
        assert panel.evaluate("(panel) => getComputedStyle(panel).contentVisibility") == "visible"
        assert f"All about {name}" in panel.text_content()


def test_a_link_into_an_event_opens_it(built: Path, visit: Callable[..., Page]) -> None:
    page = visit(f"{built.as_uri()}#timeline-0-{NAMES.index('SphereFace')}")
    page.locator(".facetoy-dot.is-chosen").wait_for()
    assert_chosen(page, "SphereFace")
