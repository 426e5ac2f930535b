"""Claims that cells print (`facetoy.claims`): one that does not hold stops the build."""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

from facetoy.report import FAILED, HELD
from facetoy_book.times import in_output

LOGGER = logging.getLogger(__name__)


def check(app: Sphinx, tree: nodes.document) -> None:
    """Mark the claims that hold for their looks; warn of the others."""
    for paragraph in tree.findall(nodes.paragraph):
        words = paragraph.astext()
        if not in_output(paragraph):
            continue
        if words.startswith(HELD):
            paragraph["classes"].append("facetoy-claim")
        elif words.startswith(FAILED):
            LOGGER.warning("a claim does not hold: %s", words.removeprefix(FAILED), location=tree)


def setup(app: Sphinx) -> None:
    """Hook into reading."""
    app.connect("doctree-read", check)
