"""Tables that cells print: each column's heading sorts by it (`static/tables.js`)."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from facetoy_book.times import in_output


def add_script(app: Sphinx, page: str, template: str, context: dict, doctree: Any) -> None:
    """Load `tables.js` on pages where a cell prints a table."""
    if doctree is not None and any(in_output(table) for table in doctree.findall(nodes.table)):
        app.add_js_file("tables.js", loading_method="defer")


def setup(app: Sphinx) -> None:
    """Hook into page writing."""
    app.connect("html-page-context", add_script)
