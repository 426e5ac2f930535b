"""What a cell claims is marked on the page where it holds, and stops the build where not."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import nbformat
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

import facetoy


def build(folder: Path, *stated: tuple) -> tuple[BeautifulSoup, str]:
    """The page of a notebook whose cell printed these claims, and the warnings of its build."""
    output = new_output("display_data", {"text/markdown": facetoy.claims(*stated)})
    cells = [
        new_markdown_cell("# Page\n\n✗ Not in this run: prose."),
        new_code_cell("x", outputs=[output]),
    ]
    notebook = new_notebook(cells=cells, metadata={"language_info": {"name": "python"}})
    nbformat.write(notebook, folder / "page.ipynb")
    warnings = StringIO()
    settings = {
        "extensions": ["myst_nb", "facetoy_book.claims"],
        "nb_execution_mode": "off",
        "html_theme": "basic",
        "root_doc": "page",
    }
    with docutils_namespace():
        Sphinx(
            folder, None, folder / "out", folder / "trees", "html", settings,
            status=None, warning=warnings,
        ).build()  # fmt: skip
    page = BeautifulSoup((folder / "out/page.html").read_text("utf-8"), "html.parser")
    return page, warnings.getvalue()


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
