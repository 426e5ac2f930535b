"""Timelines: dated events, with a published accuracy where there is one.

    ::::{timeline}

    :::{event} ArcFace
    :year: 2018
    :month: 1
    :lfw: 99.83

    What it is, in any Markdown.
    :::
    ::::

`static/timeline.js` turns the list into a chart (time across, accuracy on LFW up) of which one
event is read at a time. Without scripts, and on paper, it is a list with everything in it.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.writers.html5 import HTML5Translator

# The book is in English, whatever the machine speaks.
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
INSIDE = "facetoy-timeline"  # stands in the build's memory while a timeline is read


class Timeline(nodes.enumerated_list):
    """A list of events in order of time."""


class Event(nodes.list_item):
    """One event: `name`, `year`, `month` or None, `lfw` in percent or None."""


def whole(text: str | None, low: int, high: int) -> int:
    """A whole number of a range; ValueError for anything else."""
    number = int(directives.unchanged_required(text))
    if not low <= number <= high:
        raise ValueError(f"{number} is not from {low} to {high}")
    return number


def year(text: str | None) -> int:
    """A year with four digits."""
    return whole(text, 1000, 9999)


def month(text: str | None) -> int:
    """A month as a number, January is 1."""
    return whole(text, 1, 12)


def percent(text: str | None) -> float:
    """A number from 0 to 100."""
    number = float(directives.unchanged_required(text))
    if not 0 <= number <= 100:
        raise ValueError(f"{number} is not from 0 to 100")
    return number


class EventDirective(SphinxDirective):
    """The directive of one event: its name, its options, its text."""

    has_content = True
    required_arguments = 1
    final_argument_whitespace = True
    option_spec = {"year": year, "month": month, "lfw": percent}  # noqa: RUF012

    def run(self) -> list[nodes.Node]:
        """A list item: name, date and accuracy as its first paragraph, then the text."""
        name = self.arguments[0]
        if not self.env.temp_data.get(INSIDE):
            raise self.error(f"event {name} stands in no timeline")
        if "year" not in self.options:
            raise self.error(f"event {name} needs a :year:")
        self.assert_has_content()
        when, month, lfw = self.options["year"], self.options.get("month"), self.options.get("lfw")
        facts = f"{MONTHS[month - 1]} {when}" if month else str(when)
        if lfw is not None:
            facts += f", LFW {lfw:.2f} %"
        item = Event(name=name, year=when, month=month, lfw=lfw, facts=facts)
        self.set_source_info(item)
        item += nodes.paragraph(
            "",
            "",
            nodes.strong("", name),
            nodes.Text(" "),
            nodes.inline("", facts, classes=["facetoy-facts"]),
        )
        self.state.nested_parse(self.content, self.content_offset, item)
        return [item]


class TimelineDirective(SphinxDirective):
    """The directive: nothing but events, in order of time."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """The list of events."""
        events = Timeline(enumtype="arabic", prefix="", suffix=".", classes=["facetoy-timeline"])
        self.env.temp_data[INSIDE] = True
        try:
            self.state.nested_parse(self.content, self.content_offset, events)
        finally:
            del self.env.temp_data[INSIDE]
        found = [child for child in events if isinstance(child, Event)]
        aside = (Event, nodes.system_message, nodes.comment)
        if not len(events) or not all(isinstance(child, aside) for child in events):
            raise self.error("timeline needs events, and nothing but events")
        for before, event in pairwise(found):
            known = ("year", "month") if before["month"] and event["month"] else ("year",)
            if [before[part] for part in known] > [event[part] for part in known]:
                raise self.error(f"event {event['name']} is earlier than the one before it")
        return [events]


def visit_event(self: HTML5Translator, node: Event) -> None:
    """A list item that carries what the chart needs."""
    data = {f"data-{key}": node[key] for key in ("name", "facts", "year", "month", "lfw")}
    data = {key: str(value) for key, value in data.items() if value is not None}
    self.body.append(self.starttag(node, "li", "", **data))


def depart_event(self: HTML5Translator, node: Event) -> None:
    """The item's end."""
    self.body.append("</li>\n")


def add_script(app: Sphinx, page: str, template: str, context: dict, doctree: Any) -> None:
    """Load `timeline.js` on pages with timelines only."""
    if doctree is not None and next(doctree.findall(Timeline), None) is not None:
        app.add_js_file("timeline.js", loading_method="defer")


def setup(app: Sphinx) -> None:
    """Register the directives, their nodes and the script."""

    def like(name: str) -> tuple[Any, Any]:
        """Other output formats, and lists everywhere, are written as docutils does."""
        return (
            lambda self, node: getattr(self, f"visit_{name}")(node),
            lambda self, node: getattr(self, f"depart_{name}")(node),
        )

    others = ("latex", "text", "man", "texinfo")
    app.add_node(Timeline, **dict.fromkeys(("html", *others), like("enumerated_list")))
    app.add_node(
        Event, html=(visit_event, depart_event), **dict.fromkeys(others, like("list_item"))
    )
    app.add_directive("timeline", TimelineDirective)
    app.add_directive("event", EventDirective)
    app.connect("html-page-context", add_script)
