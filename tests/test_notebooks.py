"""Notebooks are plain: they read the same in the book, JupyterLab, Colab, VS Code and on GitHub."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import nbformat
import pytest
import yaml

ROOT = Path(__file__).parents[1]
PATHS = sorted([*ROOT.glob("book/*.ipynb"), *ROOT.glob("chapters/*.ipynb")])
SITE = yaml.safe_load((ROOT / "_config.yml").read_text())["html"]["baseurl"]
WIDEST = 76  # characters of a line of code: what a page, Colab and a laptop show
MARKUP = {
    "a role": r"\{[a-z][\w:+-]*\}`",
    "a directive": r"^\s*(?:`{3,}|:{3,}|~{3,})\{",
    "a fence with colons": r"^\s*:{3,}",
    "a target": r"^\([\w-]+\)=",
    "a label behind a formula": r"\$\$ *\([\w:-]+\)",
}
FORM = "# @title "


def cells(path: Path, kind: str) -> list[nbformat.NotebookNode]:
    return [cell for cell in nbformat.read(path, 4).cells if cell.cell_type == kind]


@pytest.fixture(params=PATHS, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_there_is_no_markup_that_only_sphinx_reads(path: Path) -> None:
    for cell in cells(path, "markdown"):
        for name, pattern in MARKUP.items():
            found = re.search(pattern, cell.source, re.MULTILINE)
            assert not found, f"{name}: {found[0]!r} in {cell.source[:60]!r}"


def test_formulas_have_numbers_of_their_chapter(path: Path) -> None:
    text = "\n".join(cell.source for cell in cells(path, "markdown"))
    assert text.count("$$") % 2 == 0
    tags = re.findall(r"\\tag\{([^}]*)\}", text)
    chapter = path.stem.split("_")[0].lstrip("0")
    assert tags == [f"{chapter}.{k + 1}" for k in range(len(tags))]


def test_code_is_narrow(path: Path) -> None:
    for cell in cells(path, "code"):
        wide = [line for line in cell.source.splitlines() if len(line) > WIDEST]
        assert not wide, wide


def test_folded_cells_are_folded_everywhere(path: Path) -> None:
    for cell in cells(path, "code"):
        meta = cell.metadata
        folded = bool(
            {"hide-input", "hide-cell", "remove-cell", "remove-input"} & {*meta.get("tags", ())}
        )
        assert meta.get("jupyter", {}).get("source_hidden", False) == folded, cell.source[:80]
        closed = "hide-cell" in meta.get("tags", ())  # the answer too, until it is opened
        assert meta.get("jupyter", {}).get("outputs_hidden", False) == closed, cell.source[:80]
        assert (meta.get("cellView") == "form") == folded, cell.source[:80]
        assert cell.source.startswith(FORM) == folded, cell.source[:80]


def test_the_result_follows_a_prediction(path: Path) -> None:
    """No words between: the book shows the next cells' result right below the choice."""
    every = nbformat.read(path, 4).cells
    for k, cell in enumerate(every):
        if cell.cell_type == "code" and "facetoy.Prediction(" in cell.source:
            assert every[k + 1].cell_type == "code", cell.source


def test_links_lead_somewhere(path: Path) -> None:
    for cell in cells(path, "markdown"):
        for address in re.findall(r"\]\(([^)\s]+)\)", cell.source):
            if address.startswith(SITE):
                page = ROOT / address.removeprefix(SITE).partition("#")[0]
                sources = [page.with_suffix(".md"), page.with_suffix(".ipynb")]
                assert any(source.exists() for source in sources), address
            elif not address.startswith(("https://", "#")):
                assert (path.parent / address.partition("#")[0]).exists(), address
                assert address.partition("#")[0].endswith(".ipynb"), f"{address} is no notebook"


def test_headings_differ(path: Path) -> None:
    """Two alike in a page's contents tell a reader nothing."""
    found = Counter(
        line
        for cell in cells(path, "markdown")
        for line in re.findall(r"^#+ .*", cell.source, re.M)
    )
    assert [heading for heading, n in found.items() if n > 1] == []


def test_cells_have_names_of_their_own(path: Path) -> None:
    ids = Counter(cell.id for cell in nbformat.read(path, 4).cells)
    assert [name for name, n in ids.items() if n > 1] == []


def test_words_of_solutions_are_no_comments(path: Path) -> None:
    """A solution of many words is prose, which wraps and can be read."""
    for cell in cells(path, "code"):
        for block in re.findall(r"(?:^#(?! @title).*\n?){4,}", cell.source, re.MULTILINE):
            pytest.fail(block)
