"""Predictions: the reader commits to an answer before the result is shown.

`static/predict.js` keeps back what follows one in its section until the widget tells that it was
answered, or "Show the result" is pressed. Without scripts, and on paper, all is shown.
"""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx

from facetoy_book.figures import LiveFigure


def add_script(app: Sphinx, page: str, template: str, context: dict, doctree: Any) -> None:
    """Load `predict.js` on pages with predictions only."""
    if doctree is not None and any(node.get("withholds") for node in doctree.findall(LiveFigure)):
        app.add_js_file("predict.js", loading_method="defer")


def setup(app: Sphinx) -> None:
    """Hook into page writing."""
    app.connect("html-page-context", add_script)
