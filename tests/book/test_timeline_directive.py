"""The directive `timeline`: a list that reads well by itself, and clear words for wrong use."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

CONFIGURATION = {
    "extensions": ["myst_parser", "facetoy_book.timeline"],
    "myst_enable_extensions": ["colon_fence"],
    "html_theme": "basic",
}
GOOD = """\
# Page

::::{timeline}

:::{event} Nets
:year: 1998

Before [the page](index.md).
:::
:::{event} Early & bold
:year: 2014
:month: 6
:lfw: 97.35

The *first* {math}`x^2`.

Second paragraph.
:::
:::{event} Late
:year: 2018
:lfw: 99.8

Last.
:::
::::
"""


def build(folder: Path, text: str, builder: str = "html") -> tuple[str, str]:
    """What one page with this text becomes, and the warnings of its build."""
    (folder / "index.md").write_text(text)
    warnings = StringIO()
    # Sphinx's own table of suffixes would keep what an earlier build added to it.
    configuration = CONFIGURATION | {"source_suffix": {".md": "markdown"}}
    with docutils_namespace():
        app = Sphinx(
            folder, None, folder / "out", folder / "trees", builder, configuration,
            status=None, warning=warnings,
        )  # fmt: skip
        app.build()
    page = folder / "out" / ("index.html" if builder == "html" else "index.txt")
    return page.read_text(), warnings.getvalue()


@pytest.fixture
def page(tmp_path: Path) -> Tag:
    html, warnings = build(tmp_path, GOOD)
    assert warnings == ""
    return BeautifulSoup(html, "html.parser")


def test_events_are_items_of_an_ordered_list(page: Tag) -> None:
    items = page.select("ol.facetoy-timeline > li")
    assert [item.p.get_text() for item in items] == [
        "Nets 1998",
        "Early & bold June 2014, LFW 97.35 %",
        "Late 2018, LFW 99.80 %",
    ]
    assert items[0].select_one("a").get_text() == "the page"
    assert items[1].select_one("em").get_text() == "first"
    assert items[1].select_one(".math")
    assert len(items[1].find_all("p")) == 3


def test_items_carry_what_the_chart_needs(page: Tag) -> None:
    found = [
        {key: value for key, value in item.attrs.items() if key.startswith("data-")}
        for item in page.select("ol.facetoy-timeline > li")
    ]
    assert found == [
        {"data-name": "Nets", "data-facts": "1998", "data-year": "1998"},
        {
            "data-name": "Early & bold",
            "data-facts": "June 2014, LFW 97.35 %",
            "data-year": "2014",
            "data-month": "6",
            "data-lfw": "97.35",
        },
        {
            "data-name": "Late",
            "data-facts": "2018, LFW 99.80 %",
            "data-year": "2018",
            "data-lfw": "99.8",
        },
    ]


def test_script_is_loaded_where_a_timeline_is(page: Tag, tmp_path: Path) -> None:
    assert page.select_one('script[src*="timeline.js"]')
    html, _ = build(tmp_path, "# No timeline\n")
    assert "timeline.js" not in html


def test_other_formats_have_the_list(tmp_path: Path) -> None:
    text, warnings = build(tmp_path, GOOD, "text")
    assert warnings == ""
    assert "Early & bold** June 2014, LFW 97.35 %" in text


@pytest.mark.parametrize(
    ("event", "line", "words"),
    [
        ("A\n\nText.", 5, "event A needs a :year:"),
        ("A\n:year: soon\n\nText.", 5, "'soon'"),
        ("A\n:year: 20144\n\nText.", 5, "20144 is not from 1000 to 9999"),
        ("A\n:year: 2014\n:month: 13\n\nText.", 5, "13 is not from 1 to 12"),
        ("A\n:year: 2014\n:lfw: high\n\nText.", 5, "'high'"),
        ("A\n:year: 2014\n:lfw: 101\n\nText.", 5, "101.0 is not from 0 to 100"),
        ("A\n:year: 2014\n:lfw: nan\n\nText.", 5, "nan is not from 0 to 100"),
        ("A\n:year: 2014", 5, 'Content block expected for the "event" directive'),
        ("\n:year: 2014\n\nText.", 5, "1 argument"),
        (
            "A\n:year: 2014\n:month: 6\n\nT.\n:::\n:::{event} B\n:year: 2014\n:month: 5\n\nT.",
            3,
            "event B is earlier than the one before it",
        ),
        ("A\n:year: 2014\n\nText.\n:::\n\nA loose paragraph.\n\n:::{note}\nNo.", 3, "nothing but"),
    ],
)
def test_wrong_use_is_named_with_its_line(
    tmp_path: Path, event: str, line: int, words: str
) -> None:
    text = f"# Page\n\n::::{{timeline}}\n\n:::{{event}} {event}\n:::\n::::\n"
    _, warnings = build(tmp_path, text)
    assert any(f"index.md:{line}:" in one and words in one for one in warnings.splitlines()), (
        warnings
    )


def test_empty_timelines_and_lone_events_are_wrong(tmp_path: Path) -> None:
    _, warnings = build(
        tmp_path, "# P\n\n:::{timeline}\n:::\n\n:::{event} A\n:year: 1\n\nT.\n:::\n"
    )
    assert "index.md:3: ERROR: timeline needs events" in warnings
    assert "index.md:6: ERROR: event A stands in no timeline" in warnings
