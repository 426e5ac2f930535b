"""Minutes to read and seconds to run: in each chapter's box and at the end of the build."""

from __future__ import annotations

import os

from docutils import nodes
from myst_nb.sphinx_ import NbMetadataCollector
from sphinx.application import Sphinx
from sphinx.util import logging

from facetoy_book.figures import LiveFigure

LOGGER = logging.getLogger(__name__)
WORDS_PER_MINUTE = 200
SECONDS_PER_FORMULA = 10
SECONDS_PER_FIGURE = 20
SECONDS_PER_CODE_LINE = 2


def run_seconds(app: Sphinx, docname: str) -> float | None:
    """Seconds that a notebook's code ran, or None for a page without code."""
    return (NbMetadataCollector.get_exec_data(app.env, docname) or {}).get("runtime")


def in_output(node: nodes.Node) -> bool:
    """Whether a node is part of what a cell printed or drew."""
    while node is not None:
        if isinstance(node, nodes.Element) and node.get("nb_element") == "cell_code_output":
            return True
        node = node.parent
    return False


def reading_minutes(doctree: nodes.document) -> float:
    """Estimated minutes to read a page: words, plus some time per formula, figure and code line."""
    code = [node for node in doctree.findall(nodes.literal_block) if not in_output(node)]
    lines = sum(len(node.astext().splitlines()) for node in code)
    blocks = (nodes.literal_block, nodes.math_block)
    words = sum(
        len(paragraph.astext().split())
        for paragraph in doctree.findall(nodes.TextElement)
        if not isinstance(paragraph, (*blocks, nodes.Inline))
        and (
            isinstance(paragraph.parent, LiveFigure)
            or "facetoy-claim" in paragraph["classes"]
            or not in_output(paragraph)
        )
    )
    formulas = len(list(doctree.findall(nodes.math_block)))
    live = [figure for figure in doctree.findall(LiveFigure) if not figure["words"]]
    figures = len(live) + len(list(doctree.findall(nodes.image)))
    extra = (
        SECONDS_PER_FORMULA * formulas
        + SECONDS_PER_FIGURE * figures
        + SECONDS_PER_CODE_LINE * lines
    )
    return words / WORDS_PER_MINUTE + extra / 60


def fill_box(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Add reading and running time to the page's first admonition of class `chapter-box`."""
    boxes = (box for box in doctree.findall(nodes.Admonition) if "chapter-box" in box["classes"])
    box = next(boxes, None)
    if box is None:
        return
    text = f"About {max(1, round(reading_minutes(doctree)))} minutes to read"
    seconds = run_seconds(app, docname)
    if seconds is not None:
        cores = os.cpu_count()
        text += (
            f"; the code ran in {seconds:.0f} s on this build's machine"
            f" ({cores} core{'s' if cores != 1 else ''})"
        )
    box += nodes.paragraph("", text + ".", classes=["chapter-time"])


def report(app: Sphinx, exception: Exception | None) -> None:
    """Print how long each notebook's code ran."""
    if exception is not None:
        return
    times = {name: run_seconds(app, name) for name in sorted(app.env.found_docs)}
    ran = {name: seconds for name, seconds in times.items() if seconds is not None}
    LOGGER.info("\nSeconds that each notebook's code ran:")
    for name, seconds in ran.items():
        LOGGER.info(f"  {name:<32}{seconds:8.1f}")
    LOGGER.info(f"  {'all':<32}{sum(ran.values()):8.1f}\n")


def setup(app: Sphinx) -> None:
    """Hook into page writing and the end of the build."""
    app.connect("doctree-resolved", fill_box)
    app.connect("build-finished", report)
