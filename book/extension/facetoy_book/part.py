"""A book of which only a part has been run: the other pages have no outputs, and say so.

It takes about a minute, and the next `make book` reads and writes all pages anew. Where there are
no pages, `make book` builds one as soon as what is read first has been run; `make chapter` builds
one with the chapter.
"""

from __future__ import annotations

import shutil
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

from facetoy_book.cache import name_of, unknown

PAGES = Path("_build", "html")
#: What the build of the whole book has read, and what this one has.
WHOLE = Path("_build", ".doctrees")
PART = Path("_build", ".doctrees-part")


def build_part(book: Path) -> str:
    """Build all pages, without outputs where the cache knows none; returns the warnings.

    The whole book's build has to read and write all pages anew then.
    """
    from jupyter_book.sphinx import build_sphinx

    shutil.rmtree(book / WHOLE, ignore_errors=True)
    without = [f"{name_of(path)}.ipynb" for path in unknown(book)]
    warnings = StringIO()
    with redirect_stderr(warnings):
        build_sphinx(
            book,
            book / PAGES,
            doctreedir=book / PART,
            noconfig=True,
            path_config=book / "_config.yml",
            confoverrides={
                "nb_execution_excludepatterns": without,
                "latex_individualpages": False,  # Jupyter Book wants to be told
            },
            quiet=True,
        )
    return warnings.getvalue()


def say_not_run(app: Sphinx, tree: nodes.document) -> None:
    """A box at the head of a page whose notebook has not been run."""
    if f"{app.env.docname}.ipynb" not in app.config.nb_execution_excludepatterns:
        return
    words = "The numbers and pictures of this page are missing: its code has not been run. "
    box = nodes.admonition("", nodes.title("", "Not run yet"), classes=["warning"])
    box += nodes.paragraph(
        "", words, nodes.literal("", "make book"), nodes.Text(" runs it; then load the page again.")
    )
    title = next(tree.findall(nodes.title))
    title.parent.insert(title.parent.index(title) + 1, box)


def setup(app: Sphinx) -> None:
    """Hook into reading."""
    app.connect("doctree-read", say_not_run)
