"""Small books that Sphinx builds for a test."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import nbformat
from bs4 import BeautifulSoup
from nbformat.v4 import new_markdown_cell, new_notebook
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace


def build(folder: Path, configuration: dict[str, Any], builder: str = "html") -> str:
    """Build the book in a folder into its folder `out`; returns the build's warnings."""
    warnings = StringIO()
    # Sphinx's own table of suffixes would keep what an earlier build added to it.
    suffixes = {"source_suffix": {".md": "myst-nb", ".ipynb": "myst-nb"}}
    with docutils_namespace():
        Sphinx(
            folder, None, folder / "out", folder / "trees", builder, configuration | suffixes,
            status=None, warning=warnings,
        ).build()  # fmt: skip
    return warnings.getvalue()


def build_page(
    folder: Path, extension: str, words: str, cell: nbformat.NotebookNode
) -> tuple[BeautifulSoup, str]:
    """The page of a notebook with these words and this cell, and the warnings of its build."""
    cells = [new_markdown_cell(f"# Page\n\n{words}"), cell]
    notebook = new_notebook(cells=cells, metadata={"language_info": {"name": "python"}})
    nbformat.write(notebook, folder / "page.ipynb")
    warnings = build(
        folder,
        {
            "extensions": ["myst_nb", f"facetoy_book.{extension}"],
            "nb_execution_mode": "off",
            "html_theme": "basic",
            "root_doc": "page",
        },
    )
    return BeautifulSoup((folder / "out/page.html").read_text("utf-8"), "html.parser"), warnings
