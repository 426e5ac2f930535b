"""Predictions: the reader commits to an answer, and the result follows at once.

In the page a prediction's result stands directly below it, and the code that made the result is
folded below that. The notebook keeps its order. `static/predict.js` keeps back what follows a
prediction, up to the next heading, until the widget tells that it was answered, or until a button
is pressed: "Show the result", or "Show all results" at the top of the page. Without scripts, and on
paper, all is shown.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

from facetoy_book.figures import LiveFigure


class ResultFirst(SphinxPostTransform):
    """The result of each prediction comes before the code that made it."""

    default_priority = 198  # before MyST-NB folds the code of cells that are tagged so
    formats = ("html",)

    def run(self, **_: Any) -> None:
        """Turn the cells after each prediction round."""
        for figure in list(self.document.findall(LiveFigure)):
            if figure.get("withholds"):
                put_result_first(cell_of(figure))


def cell_of(node: nodes.Node) -> nodes.Element:
    """The notebook's cell that a node is part of."""
    while node.get("nb_element") != "cell_code":
        node = node.parent
    return node


def put_result_first(prediction: nodes.Element) -> None:
    """Fold the code up to the first output after a prediction, and put it below that output.

    Cells of definitions, which print nothing, are folded with it. Prose ends the search.
    """
    section = prediction.parent
    made_by: list[nodes.Element] = []
    for cell in section.children[section.index(prediction) + 1 :]:
        if not isinstance(cell, nodes.Element) or cell.get("nb_element") != "cell_code":
            return
        made_by.append(cell)
        if cell.children[-1].get("nb_element") == "cell_code_output":
            break
    else:
        return
    *definitions, result = made_by
    words = "Code behind this result"  # another fold may follow, whose output is below it
    fold = HideCodeCellNode(prompt_show=words, prompt_hide=words)
    fold["classes"] += ["above-input", "facetoy-code"]
    for part in [part for cell in made_by for part in cell.children]:
        if part.get("nb_element") == "cell_code_source":
            part.parent.remove(part)
            fold += part
    for cell in definitions:
        section.remove(cell)
    if fold.children:
        result += fold


def add_script(app: Sphinx, page: str, template: str, context: dict, doctree: Any) -> None:
    """Load `predict.js` on pages with predictions only."""
    if doctree is not None and any(node.get("withholds") for node in doctree.findall(LiveFigure)):
        app.add_js_file("predict.js", loading_method="defer")


def setup(app: Sphinx) -> None:
    """Hook into page making and writing."""
    app.add_post_transform(ResultFirst)
    app.connect("html-page-context", add_script)
