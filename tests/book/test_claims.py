"""What a cell claims is marked on the page where it holds, and stops the build where not."""

from __future__ import annotations

from pathlib import Path

from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_output
from small_book import build_page

import facetoy


def build(folder: Path, *stated: tuple) -> tuple[BeautifulSoup, str]:
    """The page of a notebook whose cell printed these claims, and the warnings of its build."""
    output = new_output("display_data", {"text/markdown": facetoy.claims(*stated)})
    cell = new_code_cell("x", outputs=[output])
    return build_page(folder, "claims", "✗ Not in this run: prose.", cell)


def test_what_holds_is_marked(tmp_path: Path) -> None:
    page, warnings = build(tmp_path, ("One *is* one.", True), ("So is two.", True))
    assert warnings == ""
    assert [p.get_text() for p in page.select("p.facetoy-claim")] == [
        "✓ One is one.",
        "✓ So is two.",
    ]


def test_what_does_not_hold_stops_the_build(tmp_path: Path) -> None:
    page, warnings = build(tmp_path, ("One is one.", True), ("Two is one.", False, 2))
    assert len(page.select("p.facetoy-claim")) == 1
    assert "a claim does not hold: Two is one. (2)" in warnings
    assert warnings.count("WARNING") == 1
