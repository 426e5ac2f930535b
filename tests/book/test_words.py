"""Widgets made of words in a small book: what is written, what waits, what is found."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
import small_book
from bs4 import BeautifulSoup, Tag
from docutils import nodes
from docutils.utils import new_document
from facetoy_book.figures import LiveFigure
from facetoy_book.times import SECONDS_PER_FIGURE, WORDS_PER_MINUTE, reading_minutes
from ipywidgets import Widget
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from playwright.sync_api import Locator, Page, expect
from widget_page import axe_violations

from facetoy import Event, Prediction, Timeline

PHONE = {"width": 390, "height": 844, "touch": True}
CONFIGURATION = {
    "extensions": ["myst_nb", "sphinxcontrib.bibtex", "facetoy_book"],
    "html_theme": "sphinx_book_theme",
    "html_context": {"default_mode": "auto"},
    "nb_execution_mode": "off",
    "nb_render_plugin": "facetoy",
    "bibtex_bibfiles": [],
    "html_baseurl": "https://book.example/",
    "myst_heading_anchors": 3,
}
EVENTS = [
    Event("Nets & all", 1998, None, None, "Before [the other](other.html#part), *first*."),
    Event(
        "Deep",
        2014,
        6,
        97.35,
        "See [the notes](part/notes.html) and [a page](https://x.org/a.html).",
    ),
    Event("Last", 2018, 1, 99.83, "A **heron**.\n\nA bittern."),
]
WIDE_CODE = "wide = " + " + ".join(f"number_{k}" for k in range(60))


def cells() -> list:
    """A chapter: two predictions in one section, the second before the end of the section."""
    code, markdown = new_code_cell, new_markdown_cell
    return [
        markdown("# Chapter\n\nBegin at [the end](#the-end) or [within](#within)."),
        markdown("## Guess\n\nBefore."),
        shows(Prediction("Is a < b?", "Yes, & always", "No")),
        code(WIDE_CODE),
        prints("look(wide)", "The first result: a kestrel."),
        prints("look(again)", "A wren."),
        markdown("(within)=\nIt was within."),
        shows(Prediction("And then?", "This", "That", "Neither")),
        prints("...", "The second result: a magpie.", tags=["remove-input"]),
        markdown("More.\n\n### Exercise\n\nTry it."),
        markdown("## How it came\n\nIn three steps."),
        shows(Timeline(EVENTS, "https://book.example/")),
        markdown("## The end\n\nAfter all."),
    ]


def shows(widget: Widget) -> nbformat.NotebookNode:
    """A cell that shows a widget; its code stays out of the page."""
    data, metadata = widget._repr_mimebundle_()
    output = new_output("display_data", data=data, metadata=metadata)
    return new_code_cell("...", outputs=[output], metadata={"tags": ["remove-input"]})


def prints(source: str, words: str, **metadata: list[str]) -> nbformat.NotebookNode:
    """A cell that prints words."""
    return new_code_cell(source, outputs=[new_output("stream", text=words)], metadata=metadata)


def write(path: Path, *content: nbformat.NotebookNode) -> None:
    """A notebook, with the state of all widgets."""
    notebook = new_notebook(cells=content)
    notebook.metadata["language_info"] = {"name": "python", "pygments_lexer": "ipython3"}
    notebook.metadata["widgets"] = {
        "application/vnd.jupyter.widget-state+json": Widget.get_manager_state()
    }
    nbformat.write(notebook, path)


def build(folder: Path, chapter: list, builder: str = "html") -> str:
    """Build a book of one chapter and four other pages; returns the build's warnings."""
    (folder / "part").mkdir(exist_ok=True)
    (folder / "index.md").write_text(
        "# Book\n\n```{toctree}\nchapter\nother\npart/notes\npart/far\n```\n"
    )
    (folder / "part" / "notes.md").write_text("# Notes\n")
    part = "https://book.example/part/"
    back = Event("A", 2014, None, None, "[Back](../chapter.html#guess).")
    write(folder / "other.ipynb", new_markdown_cell("# Other"))
    write(folder / "part" / "far.ipynb", new_markdown_cell("# Far"), shows(Timeline([back], part)))
    write(folder / "chapter.ipynb", *chapter)
    return small_book.build(folder, CONFIGURATION, builder)


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the small book."""
    folder = tmp_path_factory.mktemp("words")
    assert build(folder, cells()) == ""
    return folder / "out"


@pytest.fixture(scope="module")
def chapter(book: Path) -> Path:
    return book / "chapter.html"


@pytest.fixture(scope="module")
def soup(chapter: Path) -> Tag:
    return BeautifulSoup(chapter.read_text(), "html.parser")


@pytest.fixture
def show(chapter: Path, visit: Callable[..., Page]) -> Callable[..., Page]:
    def show(fragment: str = "", **options) -> Page:
        page = visit(f"{chapter.as_uri()}{fragment}", **options)
        expect(page.locator(".facetoy-withheld")).to_have_count(2)
        return page

    return show


def live(page: Page, number: int) -> Locator:
    """A figure of the page, once it lives."""
    figure = page.locator(".facetoy-widget").nth(number)
    figure.evaluate("(figure) => figure.scrollIntoView({block: 'center', behavior: 'instant'})")
    expect(figure).to_have_class("facetoy-widget is-live")
    return figure


# ---- what is written


def test_words_stand_in_the_page(soup: Tag) -> None:
    words = soup.select("figure.facetoy-widget > .facetoy-words")
    assert words[0].decode_contents().strip() == (
        "<p>Is a &lt; b?</p><ul><li>Yes, &amp; always</li><li>No</li></ul>"
    )
    assert [strong.get_text() for strong in words[2].select("li > p:first-child strong")] == [
        "Nets & all", "Deep", "Last",
    ]  # fmt: skip
    assert not soup.select("figure img")


def test_links_to_the_published_book_lead_to_pages(soup: Tag, book: Path) -> None:
    links = [link["href"] for link in soup.select(".facetoy-words a")]
    assert links == ["other.html#part", "part/notes.html", "https://x.org/a.html"]
    far = BeautifulSoup((book / "part" / "far.html").read_text(), "html.parser")
    assert far.select_one(".facetoy-words a")["href"] == "../chapter.html#guess"


def test_a_link_to_no_page_is_a_warning(tmp_path: Path) -> None:
    events = [Event("A", 2014, None, None, "[Lost](https://book.example/lost.html).")]
    warnings = build(tmp_path, [new_markdown_cell("# C"), shows(Timeline(events))])
    assert "the book has no page https://book.example/lost.html" in warnings


def test_scripts_are_loaded_where_they_are_needed(soup: Tag, book: Path) -> None:
    assert soup.select_one('script[src*="live.js"]')
    assert soup.select_one('script[src*="predict.js"]')
    for name in ("notes", "far"):
        assert "predict.js" not in (book / "part" / f"{name}.html").read_text()


def test_words_are_in_the_search_but_once_in_the_page(book: Path, chapter: Path) -> None:
    assert '"bittern"' in (book / "searchindex.js").read_text()
    assert chapter.read_text().count("bittern") == 1
    assert not [path for path in book.glob("_live/*.js") if "bittern" in path.read_text()]


def test_other_formats_have_the_words(tmp_path: Path) -> None:
    chapter = [
        new_markdown_cell("# C"),
        shows(Timeline(EVENTS, "https://book.example/")),
        shows(Prediction("Q?", "A", "B")),
    ]
    assert build(tmp_path, chapter, "text") == ""
    text = (tmp_path / "out" / "chapter.txt").read_text()
    for words in ("Deep June 2014, LFW 97.35 %", "A bittern.", "Q?\n   A\n   B"):
        assert words in text


def test_words_take_time_to_read_as_all_prose() -> None:
    document = new_document("page")
    output = nodes.container(nb_element="cell_code_output")
    output += LiveFigure("<p>one <b>two</b></p><ul><li>three</li><li>four</li></ul>", kind="widget")
    output += nodes.paragraph("", "what a cell prints")
    document += [nodes.paragraph("", "five six"), output]
    assert reading_minutes(document) == pytest.approx(6 / WORDS_PER_MINUTE)
    output += nodes.paragraph("", "it holds", classes=["facetoy-claim"])
    output += nodes.container("", LiveFigure(kind="plot"), nodes.image(), nb_element="mime_bundle")
    assert reading_minutes(document) == pytest.approx(  # the image stands for the figure
        8 / WORDS_PER_MINUTE + SECONDS_PER_FIGURE / 60
    )


# ---- the result comes first


def parts(cell: Tag) -> list[str]:
    """What a cell of the page is made of: its output, its code, or its code folded."""
    names = {"cell_output": "output", "cell_input": "code", "facetoy-code": "folded"}
    return [names[name] for part in cell.find_all(recursive=False) for name in part["class"]
            if name in names]  # fmt: skip


def test_the_result_stands_below_its_prediction_and_its_code_below_that(soup: Tag) -> None:
    first, second = (
        figure.find_parent(class_="cell") for figure in soup.select("[data-withholds]")
    )
    result, after = first.find_next_siblings(limit=2)
    assert parts(result) == ["output", "folded"]
    assert "a kestrel" in result.select_one(".cell_output").get_text()
    codes = [code.get_text().strip() for code in result.select("details pre")]
    assert codes == [WIDE_CODE, "look(wide)"]
    assert {words.get_text() for words in result.summary.find_all("p")} == {
        "Code behind this result"
    }
    assert not result.details.has_attr("open")
    assert not result.summary.has_attr("aria-label")
    assert parts(after) == ["code", "output"]
    assert parts(second.find_next_sibling()) == ["output"]


@pytest.mark.parametrize(
    "between",
    [[new_markdown_cell("Prose.")], [new_code_cell("a = 1"), new_markdown_cell("Prose.")]],
)
def test_prose_or_the_end_before_a_result_leaves_cells_alone(tmp_path: Path, between: list) -> None:
    one, two = (shows(Prediction(f"{k}?", "A", "B")) for k in range(2))
    chapter = [one, *between, prints("look()", "A wren."), two, new_code_cell("b = 2")]
    assert build(tmp_path, [new_markdown_cell("# C"), *chapter]) == ""
    page = BeautifulSoup((tmp_path / "out" / "chapter.html").read_text(), "html.parser")
    assert not page.select("details")
    assert [parts(cell) for cell in page.select(".cell")][-3:] == [
        ["code", "output"], ["output"], ["code"],
    ]  # fmt: skip


# ---- without scripts, on paper


def test_without_scripts_all_is_shown(chapter: Path, visit: Callable[..., Page]) -> None:
    page = visit(chapter, no_scripts=True)
    for words in ("Is a < b?", "Yes, & always", "a kestrel", "That", "a magpie", "A bittern."):
        assert page.get_by_text(words).is_visible()
    items = page.locator(".facetoy-words ol > li")
    assert [item.inner_text().split("\n")[0] for item in items.all()] == [
        "Nets & all 1998",
        "Deep June 2014, LFW 97.35 %",
        "Last January 2018, LFW 99.83 %",
    ]
    assert page.get_by_role("button").filter(has_text=re.compile("result")).count() == 0
    page.locator("summary").click()
    assert page.get_by_text("look(wide)").is_visible()


def test_paper_has_all(show: Callable[..., Page]) -> None:
    page = show()
    live(page, 2)
    page.emulate_media(media="print")
    for words in ("Is a < b?", "Yes, & always", "a kestrel", "That", "a magpie", "A bittern."):
        assert page.locator("main").get_by_text(words).filter(visible=True).count() == 1
    assert page.get_by_text("look(wide)").is_visible()
    for element in page.locator(".facetoy-live, .facetoy-skip, .facetoy-all").all():
        assert not element.is_visible()


# ---- predictions


def assert_withheld(page: Page, *withheld: bool) -> None:
    """What follows each prediction is kept back, or not."""
    found = page.locator(".facetoy-withheld").evaluate_all(
        "(parts) => parts.map((part) => part.hidden === 'until-found')"
    )
    assert tuple(found) == withheld


def test_what_follows_waits_for_its_answer(show: Callable[..., Page]) -> None:
    page = show()
    assert_withheld(page, True, True)
    assert not page.get_by_text("a kestrel").is_visible()
    for words in ("Try it.", "In three steps."):
        assert page.get_by_text(words).is_visible()
    first = live(page, 0)
    assert not first.locator(".facetoy-words").is_visible()
    first.get_by_role("button", name="Yes, & always").click()
    assert_withheld(page, False, True)
    expect(first.get_by_role("status")).to_have_text("You said “Yes, & always”. Look:")
    expect(first.get_by_role("button", name="Show the result")).to_have_count(0)
    assert page.get_by_text("a kestrel").is_visible()
    assert not page.get_by_text("a magpie").is_visible()
    first.get_by_role("button", name="No", exact=True).press("Enter")
    expect(first.locator("[aria-pressed=true]")).to_have_text("No")

    second = live(page, 1)
    second.get_by_role("button", name="Show the result").press("Enter")
    assert_withheld(page, False, False)
    expect(second.get_by_role("status")).to_have_text("")
    expect(page.locator(".facetoy-skip")).to_have_count(0)
    assert page.get_by_text("a magpie").is_visible()


def test_the_result_is_right_below_the_choice_and_keys_unfold_its_code(
    show: Callable[..., Page],
) -> None:
    page = show()
    box = live(page, 0)
    box.get_by_role("button", name="Yes, & always").press("Enter")
    said, result = (
        part.bounding_box() for part in (box.get_by_role("status"), page.get_by_text("a kestrel"))
    )
    assert 0 < result["y"] - said["y"] - said["height"] < 80
    code = page.get_by_text("wide = number_0")
    assert not code.is_visible()
    fold = page.locator("summary", has_text="Code behind this result")
    for _ in range(10):
        page.keyboard.press("Tab")
        if fold.evaluate("(fold) => fold === document.activeElement"):
            break
    page.keyboard.press("Enter")
    assert code.is_visible()
    assert code.bounding_box()["y"] > result["y"]
    assert code.evaluate("(pre) => pre.scrollWidth <= pre.clientWidth")  # it wraps
    page.keyboard.press("Enter")
    assert not code.is_visible()


def test_one_button_shows_all(show: Callable[..., Page]) -> None:
    page = show()
    line = page.locator("h1 + .facetoy-all")
    expect(line).to_have_text("This page asks before it shows. Show all results")
    page.get_by_role("button", name="Show all results").press("Enter")
    assert_withheld(page, False, False)
    for words in ("a kestrel", "a magpie"):
        assert page.get_by_text(words).is_visible()
    expect(line).to_have_text("All results on this page are shown.")
    expect(page.locator(".facetoy-skip")).to_have_count(0)
    live(page, 0).get_by_role("button", name="No", exact=True).click()
    expect(page.locator("[data-withholds] [aria-pressed=true]")).to_have_text("No")


def test_an_answer_waits_for_no_one_else(show: Callable[..., Page]) -> None:
    """The button works before the prediction is alive, and if it never is."""
    page = show(width=1280, height=200)
    page.get_by_role("button", name="Show the result").first.dispatch_event("click")
    assert_withheld(page, False, True)


def test_links_show_what_is_kept_back(show: Callable[..., Page]) -> None:
    page = show()
    page.get_by_role("link", name="the end", exact=True).click()
    assert_withheld(page, True, True)
    page.locator("main").get_by_role("link", name="within", exact=True).click()
    page.wait_for_function("() => !document.querySelector('.facetoy-withheld').hidden")
    assert_withheld(page, False, True)
    expect(page.locator("#within")).to_be_in_viewport()
    assert_withheld(show("#within"), False, True)


@pytest.mark.parametrize(
    ("words", "withheld"), [("kestrel", (False, True)), ("magpie", (False,) * 2)]
)
def test_a_search_in_the_page_shows_what_it_finds(
    show: Callable[..., Page], words: str, withheld: tuple[bool, ...]
) -> None:
    """A text fragment in the address opens what it finds as the browser's own search does."""
    page = show(f"#:~:text={words}")
    expect(page.get_by_text(f"a {words}")).to_be_in_viewport()
    assert_withheld(page, *withheld)


# ---- both, alive


def test_a_search_opens_an_event(show: Callable[..., Page], chapter: Path) -> None:
    page = show()
    live(page, 2)
    page.goto(f"{chapter.as_uri()}#:~:text=bittern")
    expect(page.get_by_role("tab", name="Last")).to_have_attribute("aria-selected", "true")


def test_links_of_a_live_timeline_lead_to_pages(show: Callable[..., Page]) -> None:
    timeline = live(show(), 2)
    link = timeline.get_by_role("link", name="the other")
    assert link.get_attribute("href") == "other.html#part"
    assert link.get_attribute("target") is None
    link.click()
    timeline.page.wait_for_url("**/other.html#part")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("size", [{}, PHONE], ids=["wide", "phone"])
def test_axe_finds_nothing(show: Callable[..., Page], dark: bool, size: dict) -> None:
    page = show(dark=dark, **size)
    live(page, 0).get_by_role("button").first.click()
    page.locator("summary").click()
    live(page, 1)
    live(page, 2)
    assert page.evaluate("document.documentElement.scrollWidth") <= size.get("width", 1280)
    assert axe_violations(page, "figure, .facetoy-all, .facetoy-code") == []
