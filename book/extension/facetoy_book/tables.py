"""Tables fade where they scroll; headings of those that cells print sort (`static/tables.js`)."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx


def add_script(app: Sphinx, page: str, template: str, context: dict, doctree: Any) -> None:
    """Load `tables.js` on pages that have a table."""
    if doctree is not None and next(doctree.findall(nodes.table), None) is not None:
        app.add_js_file("tables.js", loading_method="defer")


def setup(app: Sphinx) -> None:
    """Hook into page writing."""
    app.connect("html-page-context", add_script)
