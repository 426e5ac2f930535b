"""Predictions: the reader commits to an answer before the result is shown.

    :::{predict} Where will the ten classes go?
    - Into ten round heaps
    - Into ten rays
    :::

`static/predict.js` turns the list into buttons and keeps back what follows in the section until
one of them, or "show the result", is pressed. Without scripts, and on paper, all is shown.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class Predict(SphinxDirective):
    """The directive: a question, and a list of at least two possible answers."""

    has_content = True
    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """A container with the question as a paragraph and the answers as a list."""
        box = nodes.container(classes=["facetoy-predict"])
        question, _ = self.state.inline_text(self.arguments[0], self.lineno)
        box += nodes.paragraph("", "", *question, classes=["facetoy-question"])
        self.state.nested_parse(self.content, self.content_offset, box)
        lists = list(box.findall(nodes.bullet_list))
        if len(lists) != 1 or len(lists[0]) < 2:
            raise self.error("predict needs one list of at least two answers")
        return [box]


def add_script(app: Sphinx, page: str, template: str, context: dict, doctree: Any) -> None:
    """Load `predict.js` on pages with predictions only."""
    if doctree is not None and any(
        "facetoy-predict" in node["classes"] for node in doctree.findall(nodes.container)
    ):
        app.add_js_file("predict.js", loading_method="defer")


def setup(app: Sphinx) -> None:
    """Register the directive and its script."""
    app.add_directive("predict", Predict)
    app.connect("html-page-context", add_script)
