"""A notebook in a plain viewer: what nbconvert makes of it, close to Colab and nbviewer."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.metadata import files
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup, Tag
from nbconvert import HTMLExporter
from playwright.sync_api import Page
from test_notebooks import MARKUP, PATHS, ROOT

MATHJAX = next(f for f in files("sphinx-mathjax-offline") if f.name == "tex-svg.js").locate()
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Notebook</title>
<script>MathJax = { tex: { inlineMath: [["$", "$"]], processEscapes: true } };</script>
<script>%s</script><body>%s"""
BLOCKS = "p, li, h1, h2, h3, td, th, summary"


def words(text: str) -> str:
    """Letters and digits only: spaces, quotes and dashes may be set in another way."""
    return re.sub(r"[\W_]+", "", text)


def told(block: Tag) -> str:
    """What a block says itself, without what is in lists and paragraphs within it."""
    for inner in block.select("p, ul, ol, table, pre"):
        inner.extract()
    return words(block.get_text())


@pytest.fixture(params=PATHS, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    return request.param


@pytest.fixture
def plain(path: Path) -> BeautifulSoup:
    """The notebook's cells as nbconvert writes them, formulas as LaTeX."""
    body, _ = HTMLExporter(template_name="basic").from_filename(str(path))
    return BeautifulSoup(body, "html.parser")


def test_all_is_typeset_and_no_markup_is_left(
    path: Path, plain: BeautifulSoup, tmp_path: Path, visit: Callable[..., Page]
) -> None:
    cells = [cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == "markdown"]
    source = "\n".join(re.sub(r"```.*?```|`[^`]*`", "", cell, flags=re.DOTALL) for cell in cells)
    formulas = len(re.findall(r"\$\$.+?\$\$|(?<!\\)\$[^$]+\$", source, re.DOTALL))
    for code in plain.select(".input, .input_area, .output"):
        code.decompose()
    file = tmp_path / "page.html"
    script = Path(MATHJAX).read_text(encoding="utf-8").replace("</script", "<\\/script")
    file.write_text(PAGE % (script, plain), encoding="utf-8")
    page = visit(file)
    page.wait_for_function("window.MathJax?.startup?.promise !== undefined")
    page.evaluate("MathJax.startup.promise")
    assert page.locator("mjx-container").count() == formulas
    assert page.locator("mjx-merror").count() == 0
    page.evaluate("document.querySelectorAll('mjx-container, code').forEach((e) => e.remove())")
    shown = page.locator("body").inner_text()
    assert "$" not in shown
    for name, pattern in MARKUP.items():
        assert not re.search(pattern, shown, re.MULTILINE), name


def test_the_book_says_the_same(path: Path, plain: BeautifulSoup, site: Path) -> None:
    page = site / path.relative_to(ROOT).with_suffix(".html")
    book = BeautifulSoup(page.read_text(), "html.parser").article
    for formula in book.select(".math, .headerlink"):
        formula.decompose()
    said = words(book.get_text())
    for code in plain.select(".input, .input_area, .output, pre"):
        code.decompose()
    for text in plain.find_all(string=re.compile(r"\$")):
        text.replace_with(re.sub(r"\$\$.+?\$\$|\$[^$]+\$", " ", text, flags=re.DOTALL))
    blocks = [told(block) for block in reversed(plain.select(BLOCKS))]
    missing = [block for block in blocks if block not in said]
    assert not missing
