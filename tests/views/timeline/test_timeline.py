"""Timeline in Python: a list that reads well by itself, and clear words for wrong use."""

from __future__ import annotations

import re

import pytest
from bs4 import BeautifulSoup, Tag

from facetoy import Event, Timeline
from facetoy.views.timeline.markup import paragraphs

GOOD = [
    Event("Nets", 1998, None, None, "Before [the page](index.ipynb)."),
    Event(
        "Early & bold", 2014, 6, 97.35, "The *first*, **x & y**.\n\nSecond <paragraph>.", 490_000
    ),
    Event("Late", 2018, None, 99.8, "Last.", 2_000),
]


@pytest.fixture
def page() -> Tag:
    return BeautifulSoup(Timeline(GOOD)._html, "html.parser")


def test_events_are_items_of_an_ordered_list(page: Tag) -> None:
    items = page.select("ol > li")
    assert [item.p.get_text() for item in items] == [
        "Nets 1998",
        "Early & bold June 2014, LFW 97.35 %, 0.49 million images",
        "Late 2018, LFW 99.80 %, 2,000 images",
    ]
    assert items[0].select_one("a").get_text() == "the page"
    assert items[0].select_one("a")["href"] == "index.ipynb"
    assert items[1].select_one("em").get_text() == "first"
    assert items[1].find_all("strong")[1].get_text() == "x & y"
    assert [p.get_text() for p in items[1].find_all("p")][2:] == ["Second <paragraph>."]


def test_relative_links_lead_on_from_the_base() -> None:
    html = Timeline(GOOD, base="https://book.example/chapters/")._html
    link = BeautifulSoup(html, "html.parser").select_one("a")
    assert link["href"] == "https://book.example/chapters/index.ipynb"


def test_items_carry_what_the_chart_needs(page: Tag) -> None:
    found = [item.attrs for item in page.select("ol > li")]
    assert found == [
        {"data-name": "Nets", "data-facts": "1998", "data-year": "1998"},
        {
            "data-name": "Early & bold",
            "data-facts": "June 2014, LFW 97.35 %, 0.49 million images",
            "data-year": "2014",
            "data-month": "6",
            "data-lfw": "97.35",
            "data-images": "490000",
        },
        {
            "data-name": "Late",
            "data-facts": "2018, LFW 99.80 %, 2,000 images",
            "data-year": "2018",
            "data-lfw": "99.8",
            "data-images": "2000",
        },
    ]


def test_viewers_without_widgets_get_the_words() -> None:
    timeline = Timeline(GOOD)
    data, _ = timeline._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/html"] == timeline._html
    assert data["text/plain"].splitlines() == [
        "Nets 1998",
        "Before the page.",
        "Early & bold June 2014, LFW 97.35 %, 0.49 million images",
        "The first, x & y.",
        "Second <paragraph>.",
        "Late 2018, LFW 99.80 %, 2,000 images",
        "Last.",
    ]
    assert timeline._alt == (
        "Timeline from 1998 to 2018: Nets, Early & bold (0.49 million images), Late (2,000 images)"
    )


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("one\n \n two \n  lines\n", "<p>one</p><p>two lines</p>"),
        ("2 * 3 * 4, a*", "<p>2 * 3 * 4, a*</p>"),
        ("*a* ** b", "<p><em>a</em> ** b</p>"),
        ("**[a *b*](c.md)**", '<p><strong><a href="c.md">a <em>b</em></a></strong></p>'),
        ("[a](https://x.org/s(97)3)", '<p><a href="https://x.org/s(97)3">a</a></p>'),
        ("[a](#b)", '<p><a href="#b">a</a></p>'),
        ("[0, 1] (no link)", "<p>[0, 1] (no link)</p>"),
        ('[a"b](c"d)', '<p><a href="c&quot;d">a&quot;b</a></p>'),
    ],
)
def test_markup_is_that_of_markdown(text: str, html: str) -> None:
    assert paragraphs(text) == html


def event(**changes) -> Event:
    return Event("A", 2014, None, None, "Text.")._replace(**changes)


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ([], "a timeline needs at least one event"),
        ([event(year=None)], "year of event A must be an integer from 1000 to 9999, got None"),
        ([event(year="soon")], "got 'soon'"),
        ([event(year=20144)], "from 1000 to 9999, got 20144"),
        ([event(month=13)], "month of event A must be an integer from 1 to 12, got 13"),
        ([event(lfw="high")], "lfw of event A must lie in [0, 100], got 'high'"),
        ([event(lfw=101)], "got 101"),
        ([event(lfw=float("nan"))], "got nan"),
        ([event(images=0)], "images of event A must be an integer from 1 to"),
        ([event(images=2.5)], "got 2.5"),
        ([event(text=" ")], "text of event 'A' must not be empty"),
        ([event(name="")], "name of event '' must not be empty"),
        ([event(text="[a](javascript:b)")], "links must lead to pages or notebooks, got javascrip"),
        (
            [event(month=6), event(name="B", month=5)],
            "event B is earlier than the one before it",
        ),
        ([event(month=6), event(name="B", year=2013)], "event B is earlier"),
        ([event(), event(name="B"), event()], "different names, got A twice"),
    ],
)
def test_wrong_use_is_named(events: list[Event], words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        Timeline(events)


def test_a_year_without_month_may_stand_anywhere_in_it() -> None:
    Timeline([event(month=6), event(name="B"), event(name="C", month=2)])


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ([event(), "A loose paragraph."], "must be facetoy.Event, got 'A loose paragraph.'"),
        ([("A", 2014, None, None, "T")], "must be facetoy.Event"),
        ([event(text=None)], "text of event A must be text, got None"),
    ],
)
def test_other_types_are_named(events: list, words: str) -> None:
    with pytest.raises(TypeError, match=re.escape(words)):
        Timeline(events)
