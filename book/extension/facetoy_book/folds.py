"""Folded cells say in a word what they hold.

A fold beside a result says "Code". One that hides all of its cell says the cell's title, such as
"Solution": the words of `# @title`, which notebooks show in its place.
"""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx

CODE = "Code"
TITLE = "# @title "


def entitle(app: Sphinx, tree: nodes.document) -> None:
    """Give the folds of a page their words, the same whether they are open or not."""
    for cell in tree.findall(nodes.container):
        if "hide_mode" in cell:
            cell["prompt_show"] = cell["prompt_hide"] = words(cell)


def words(cell: nodes.container) -> str:
    """What the fold of a cell says."""
    first = cell.astext().partition("\n")[0]
    shows = cell.children and cell.children[-1].get("nb_element") == "cell_code_output"
    beside = shows and cell["hide_mode"] == "input"
    return CODE if beside or not first.startswith(TITLE) else first.removeprefix(TITLE)


def setup(app: Sphinx) -> None:
    """Hook into reading."""
    app.connect("doctree-read", entitle)
