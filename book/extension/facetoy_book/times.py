"""What a page takes: minutes to read, seconds and memory to run.

It stands in each chapter's box, in a table for all, and at the end of the build.
"""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path

from docutils import nodes
from jupyter_cache import get_cache
from myst_nb.sphinx_ import NbMetadataCollector
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from facetoy_book.cache import PEAK, SECONDS, cost, recorded
from facetoy_book.figures import LiveFigure

LOGGER = logging.getLogger(__name__)
WORDS_PER_MINUTE = 200
SECONDS_PER_FORMULA = 10
SECONDS_PER_FIGURE = 20
SECONDS_PER_CODE_LINE = 2
BESIDE = "This build's machine has {}, and ran as many pages at a time; one alone is faster."
# What MyST-NB keeps for us of each page, as it keeps its own.
TAKES, TABLE = "facetoy_takes", "facetoy_table"


def inside(node: nodes.Node, element: str) -> nodes.Element | None:
    """The element of MyST-NB's that a node is part of, if it is part of one with this name."""
    while node is not None:
        if isinstance(node, nodes.Element) and node.get("nb_element") == element:
            return node
        node = node.parent
    return None


def in_output(node: nodes.Node) -> bool:
    """Whether a node is part of what a cell printed or drew."""
    return inside(node, "cell_code_output") is not None


def stands_for_live(image: nodes.image) -> bool:
    """Whether an image is shown only where a live figure cannot be."""
    bundle = inside(image, "mime_bundle")
    return bundle is not None and any(bundle.findall(LiveFigure))


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
    still = [image for image in doctree.findall(nodes.image) if not stands_for_live(image)]
    figures = len(live) + len(still)
    extra = (
        SECONDS_PER_FORMULA * formulas
        + SECONDS_PER_FIGURE * figures
        + SECONDS_PER_CODE_LINE * lines
    )
    return words / WORDS_PER_MINUTE + extra / 60


def note(app: Sphinx, doctree: nodes.document) -> None:
    """Remember what a page takes, and say it in its first admonition of class `chapter-box`."""
    env, page = app.env, app.env.docname
    takes = {"minutes": max(1, round(reading_minutes(doctree)))}
    if NbMetadataCollector.get_exec_data(env, page):
        cache = get_cache(app.config.nb_execution_cache_path)
        takes |= recorded(cache, Path(env.doc2path(page))) or {}
    NbMetadataCollector.set_doc_data(env, page, TAKES, takes)
    boxes = (box for box in doctree.findall(nodes.Admonition) if "chapter-box" in box["classes"])
    for box in islice(boxes, 1):
        box += nodes.paragraph("", in_words(takes), classes=["chapter-time"])


def in_words(takes: dict[str, float]) -> str:
    """Minutes to read; seconds and memory to run, if it was run."""
    text = f"About {counted(takes['minutes'], 'minute')} to read"
    if SECONDS in takes:
        text += f"; the code took {cost(takes)} on this build's machine ({cores()})"
    return f"{text}."


def cores() -> str:
    """How many cores this machine has, in words."""
    return counted(os.cpu_count() or 1, "core")


def counted(number: int, word: str) -> str:
    """Such as "1 core" or "2 cores"."""
    return f"{number} {word}" + ("s" if number != 1 else "")


# ---- the page with a table of all


class TimesTable(nodes.General, nodes.Element):
    """The place of the table."""


class PutTable(SphinxDirective):
    """`{times-table}`: what each page takes to read and to run."""

    def run(self) -> list[nodes.Node]:
        NbMetadataCollector.set_doc_data(self.env, self.env.docname, TABLE, True)
        return [TimesTable()]


def pages_with_tables(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Pages that must be written again, as another was run again."""
    if not NbMetadataCollector.new_exec_data(env):
        return []
    return [page for page, data in NbMetadataCollector.get_doc_data(env).items() if TABLE in data]


def row(*cells: nodes.Node | str) -> nodes.row:
    """A row of a table."""
    words = (nodes.Text(cell) if isinstance(cell, str) else cell for cell in cells)
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", word)) for word in words))


def fill_table(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Put the table in its place: pages that were run, in the order of the book."""
    env, known = app.env, NbMetadataCollector.get_doc_data(app.env)
    for place in list(doctree.findall(TimesTable)):
        body = nodes.tbody()
        for name in (env.config.root_doc, *env.toctree_includes.get(env.config.root_doc, ())):
            takes = known[name].get(TAKES, {})
            if SECONDS in takes:
                where = app.builder.get_relative_uri(page, name)
                title = env.titles[name].astext()
                link = nodes.reference("", title, internal=True, refuri=where)
                memory = f"{takes[PEAK] / 1e9:.2f}" if PEAK in takes else ""
                body += row(link, str(takes["minutes"]), f"{takes[SECONDS]:.0f}", memory)
        head = nodes.thead("", row("Page", "To read (minutes)", "Run (s)", "Memory (GB)"))
        columns = [nodes.colspec(colwidth=25) for _ in head.children[0]]
        group = nodes.tgroup("", *columns, head, body, cols=len(columns))
        table = nodes.table("", group, classes=["colwidths-auto", "facetoy-times"])
        place.replace_self([table, nodes.paragraph("", BESIDE.format(cores()))])


def report(app: Sphinx, exception: Exception | None) -> None:
    """Print what each notebook's run took."""
    if exception is not None:
        return
    known = NbMetadataCollector.get_doc_data(app.env)
    ran = {name: data[TAKES] for name, data in known.items() if SECONDS in data.get(TAKES, {})}
    LOGGER.info("\nWhat each notebook's code took:")
    for name in sorted(ran):
        LOGGER.info(f"  {name:<28} {cost(ran[name])}")
    LOGGER.info(f"  {'all':<28} {sum(takes[SECONDS] for takes in ran.values()):.0f} s\n")


def setup(app: Sphinx) -> None:
    """Hook into reading, writing and the end of the build."""
    app.add_node(TimesTable)
    app.add_directive("times-table", PutTable)
    app.connect("doctree-read", note)
    app.connect("env-updated", pages_with_tables)
    app.connect("doctree-resolved", fill_table)
    app.connect("build-finished", report)
