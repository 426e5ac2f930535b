"""A folded cell says in a word what it holds, open or not."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

SEEN = [new_output("stream", text="seen")]


def summaries(folder: Path, *cells: nbformat.NotebookNode) -> list[set[str]]:
    """What the folds of a page say, closed and open."""
    cells = [new_markdown_cell("# Page"), *cells]
    notebook = new_notebook(cells=cells, metadata={"language_info": {"name": "python"}})
    nbformat.write(notebook, folder / "page.ipynb")
    warnings = StringIO()
    settings = {
        "extensions": ["myst_nb", "facetoy_book.folds"],
        "nb_execution_mode": "off",
        "html_theme": "basic",
        "root_doc": "page",
    }
    with docutils_namespace():
        Sphinx(
            folder, None, folder / "out", folder / "trees", "html", settings,
            status=None, warning=warnings,
        ).build()  # fmt: skip
    assert warnings.getvalue() == ""
    page = BeautifulSoup((folder / "out/page.html").read_text("utf-8"), "html.parser")
    return [{p.get_text() for p in fold.find_all("p")} for fold in page.select("summary")]


@pytest.mark.parametrize(
    ("tag", "source", "outputs", "words"),
    [
        ("hide-input", "# @title In numbers\nlook()", SEEN, "Code"),
        ("hide-cell", "# @title Solution\nlook()", SEEN, "Solution"),
        ("hide-cell", "# @title Solution\nx = 1", [], "Solution"),
        ("hide-input", "# @title Installation\nimport sys", [], "Installation"),
        ("hide-cell", "look()", SEEN, "Code"),
    ],
)
def test_folds_say_what_they_hold(
    tmp_path: Path, tag: str, source: str, outputs: list, words: str
) -> None:
    cell = new_code_cell(source, outputs=outputs, metadata={"tags": [tag]})
    assert summaries(tmp_path, cell) == [{words}]
