"""Plain Markdown becomes a book: numbers, citations, boxes, words. What does not fit is told."""

from __future__ import annotations

from pathlib import Path

import pytest
import small_book
from bs4 import BeautifulSoup, Tag

CONFIGURATION = {
    "extensions": ["myst_nb", "sphinxcontrib.bibtex", "facetoy_book.plain"],
    "myst_enable_extensions": ["colon_fence", "dollarmath"],
    "bibtex_bibfiles": ["papers.bib"],
    "html_baseurl": "https://example.org/book/",
    "math_numfig": False,
    "html_theme": "basic",
    "root_doc": "chapters/08",
}
PAPERS = """
@article{deng, author = {Deng, J. and Guo, J. and Xue, N.}, title = {A}, journal = {J},
  year = {2019}, doi = {10.1000/1}}
@article{pair, author = {van Dyck, A. and {The Board}}, title = {B}, journal = {J}, year = {1998},
  yearsuffix = {b}, url = {https://example.com/b}}
"""
GOOD = r"""# Page (8.1)

> **In this chapter**
>
> What you learn about a margin.

> **Remember**
>
> A *margin*.

> An ordinary quote.

$$
a = b \\ c
\tag{8.1}
$$

By (8.1) and (7.1) the Margins of a margin are `(8.1)`, and 3 (0.5) of them
[Deng et al., 2019](https://doi.org/10.1000/1).
See also [van Dyck and The Board, 1998b](https://example.com/b),
the [word](https://example.org/book/words.html#term-margin),
the [set](https://example.org/book/chapters/08.html#a&b=1) and [ours](07.md).
"""
OTHER = "# Other\n\n$$\nx\n\\tag{7.1}\n$$\n"
WORDS = """# Words

:::{glossary}
margin
  An angle.
:::

# Papers

```{bibliography}
:all:
```
"""


def build(folder: Path, text: str, other: str = OTHER) -> tuple[Path, str]:
    """The folder of a small book with this page, and the warnings of its build."""
    (folder / "chapters").mkdir(exist_ok=True)
    for name, content in (
        ("chapters/08.md", text), ("chapters/07.md", other), ("words.md", WORDS),
        ("papers.bib", PAPERS),
    ):  # fmt: skip
        (folder / name).write_text(content)
    warnings = small_book.build(folder, CONFIGURATION)
    said = [line for line in warnings.splitlines() if "any toctree" not in line]
    return folder / "out", "\n".join(said)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found, warnings = build(tmp_path_factory.mktemp("book"), GOOD)
    assert warnings == ""
    return found


@pytest.fixture(scope="module")
def page(out: Path) -> Tag:
    return BeautifulSoup((out / "chapters/08.html").read_text(), "html.parser").body


def links(page: Tag) -> dict[str, str]:
    """Words → address of the links in paragraphs."""
    return {a.get_text(): a["href"] for a in page.select("p a")}


def test_a_tag_is_a_number_and_an_anchor(page: Tag) -> None:
    formula = page.select_one("#formula-8-1")
    assert formula.select_one(".eqno").get_text().startswith("(8.1)")
    assert "tag" not in formula.get_text()
    assert "c" in formula.get_text()


def test_numbers_in_prose_are_links(page: Tag) -> None:
    assert links(page)["(8.1)"] == "#formula-8-1"
    assert links(page)["(7.1)"] == "07.html#formula-7-1"
    assert page.select_one("code").get_text() == "(8.1)"
    assert not page.select("h1 a[href='#formula-8-1'], code a")


def test_quotes_with_a_title_are_boxes(page: Tag) -> None:
    titles = [box.select_one(".admonition-title").get_text() for box in page.select(".admonition")]
    assert titles == ["In this chapter", "Remember"]
    assert len(page.select(".admonition.chapter-box")) == 1
    assert page.select_one("blockquote").get_text().strip() == "An ordinary quote."


def test_the_first_mention_of_a_word_is_a_link(page: Tag) -> None:
    found = page.select("a.glossary-word")
    assert [(a.get_text(), a["href"]) for a in found] == [("Margins", "../words.html#term-margin")]


def test_links_to_the_site_stay_in_this_build(page: Tag) -> None:
    assert links(page)["word"] == "../words.html#term-margin"
    assert links(page)["ours"].startswith("07.html")
    assert links(page)["set"] == "#a&b=1"


def test_the_references_say_where_they_are_cited(out: Path) -> None:
    page = BeautifulSoup((out / "words.html").read_text(), "html.parser")
    cited = page.select(".cited-in")
    assert [p.get_text() for p in cited] == ["Cited in: Page (8.1)"] * 2
    assert {p.a["href"] for p in cited} == {"chapters/08.html"}


@pytest.mark.parametrize(
    ("more", "warning"),
    [
        ("See (8.2).", r"there is no formula (8.2)"),
        ("$$\ny\n\\tag{7.1}\n$$", "formula (7.1) stands twice, also in chapters/0"),
        ("[D., 2019](https://doi.org/10.1000/1)", "must say 'Deng et al., 2019', says 'D., 2019'"),
        ("[X, 2020](https://doi.org/10.1000/7)", "10.1000/7 is not in the bibliography"),
        ("[x](https://example.org/book/none.html)", "none.html is no page of the book"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told(tmp_path: Path, more: str, warning: str) -> None:
    assert warning in build(tmp_path, f"{GOOD}\n{more}\n")[1]


def test_a_paper_that_nobody_cites_is_told(tmp_path: Path) -> None:
    text = GOOD.replace("[van Dyck and The Board, 1998b](https://example.com/b)", "nothing")
    assert "nobody cites pair" in build(tmp_path, text)[1]
