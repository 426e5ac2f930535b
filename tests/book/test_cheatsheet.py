"""The cheat sheet as one carries it: a sheet of paper, and a second page with the formulas."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

MARGIN = {side: "1cm" for side in ("top", "right", "bottom", "left")}


def sheets(page: Page) -> int:
    """How many sheets of A4 a page is when it is printed as a browser prints it."""
    page.wait_for_load_state("networkidle")
    page.wait_for_function("() => self.MathJax?.startup?.promise?.then(() => true)")
    printed = page.pdf(format="A4", margin=MARGIN, print_background=True)
    return len(re.findall(rb"/Type\s*/Page\b", printed))


@pytest.mark.parametrize("dark", [False, True])
def test_it_is_printed_on_one_sheet(visit: Callable[..., Page], dark: bool) -> None:
    page = visit("book/cheatsheet.html", dark=dark)
    page.add_script_tag(content="const theme = () => document.documentElement.dataset.theme")
    assert page.locator("article table").count() == 4
    page.evaluate("() => { addEventListener('beforeprint', () => { self.seen = theme(); }); }")
    assert sheets(page) == 1
    assert page.evaluate("[self.seen, theme()]") == ["light", "dark" if dark else "light"]


def test_the_formulas_need_more(visit: Callable[..., Page]) -> None:
    assert sheets(visit("book/formulas.html")) > 1


def test_what_is_printed_is_the_whole_page(visit: Callable[..., Page]) -> None:
    """Nothing is cut beside the paper, and the last line is there."""
    page = visit("book/cheatsheet.html", width=718)  # A4 less its margins
    page.emulate_media(media="print")
    wide = "(b) => b.scrollWidth > b.clientWidth + 1"
    boxes = page.locator("article .pst-scrollable-table-container, article p").all()
    assert not any(box.evaluate(wide) for box in boxes)
    assert page.get_by_role("link", name="When it does not work").last.is_visible()
