"""Timeline: dated events, with a published accuracy and a training set where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import pairwise
from numbers import Real
from pathlib import Path
from typing import NamedTuple

from facetoy.checks import whole
from facetoy.views.shared.widget import Words
from facetoy.views.timeline.markup import paragraphs

# The book is in English, whatever the machine speaks.
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


class Event(NamedTuple):
    """One event of a timeline.

    Its text is plain, with ``**bold**``, ``*italic*``, ``[text](address)`` and blank lines between
    paragraphs.
    """

    name: str  #: what it is called
    year: int  #: of four digits
    month: int | None  #: 1 for January
    lfw: float | None  #: accuracy on LFW, in percent
    text: str  #: what was new
    images: int | None = None  #: how many were trained on

    @property
    def size(self) -> str | None:
        """Images trained on in words; from a hundred thousand on in millions."""
        if self.images is None:
            return None
        large = self.images >= 1e5
        return f"{f'{self.images / 1e6:g} million' if large else f'{self.images:,}'} images"

    @property
    def facts(self) -> str:
        """Date, accuracy and training set in words."""
        date = f"{MONTHS[self.month - 1]} {self.year}" if self.month else str(self.year)
        lfw = None if self.lfw is None else f"LFW {self.lfw:.2f} %"
        return ", ".join(filter(None, (date, lfw, self.size)))


def _check(event: Event) -> None:
    """TypeError or ValueError that names what is wrong with one event."""
    if not isinstance(event, Event):
        raise TypeError(f"a timeline's events must be facetoy.Event, got {event!r}")
    for part in ("name", "text"):
        value = getattr(event, part)
        if not isinstance(value, str):
            raise TypeError(f"{part} of event {event.name} must be text, got {value!r}")
        if not value.strip():
            raise ValueError(f"{part} of event {event.name!r} must not be empty")
    whole(f"year of event {event.name}", event.year, 1000, 9999)
    if event.month is not None:
        whole(f"month of event {event.name}", event.month, 1, 12)
    if event.lfw is not None and not (isinstance(event.lfw, Real) and 0 <= event.lfw <= 100):
        raise ValueError(f"lfw of event {event.name} must lie in [0, 100], got {event.lfw!r}")
    if event.images is not None:
        whole(f"images of event {event.name}", event.images, 1, 10**12)


def _check_order(events: Sequence[Event]) -> None:
    """ValueError unless there are events, with different names, in order of time."""
    if not events:
        raise ValueError("a timeline needs at least one event")
    names = [event.name for event in events]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"a timeline's events must have different names, got {name} twice")
    for before, event in pairwise(events):
        known = 2 if before.month and event.month else 1
        if (before.year, before.month)[:known] > (event.year, event.month)[:known]:
            raise ValueError(f"event {event.name} is earlier than the one before it")


def _item(event: Event, base: str) -> str:
    """A list item: name and facts as its first paragraph, then the text."""
    data = {**event._asdict(), "facts": event.facts}
    shown = {name: data[name] for name in ("name", "facts", "year", "month", "lfw", "images")}
    attributes = "".join(
        f' data-{name}="{escape(str(value))}"' for name, value in shown.items() if value is not None
    )
    head = f'<strong>{escape(event.name)}</strong> <span class="ft-facts">{event.facts}</span>'
    return f"<li{attributes}><p>{head}</p>{paragraphs(event.text, base)}</li>"


class Timeline(Words):
    """A chart of events, time across and accuracy on LFW up, the area of a dot as the images that
    were trained on; one event at a time is read below it.

    Args:
        events: at least one `Event`, in order of time, with different names.
        base: address from which relative links in the texts lead on. A widget may be shown in a
            frame of its own (Colab), which lies elsewhere than the notebook.

    TypeError or ValueError, with the event's name, for anything else.
    """

    front_end = Path(__file__).with_suffix(".js")

    def __init__(self, events: Sequence[Event], base: str = "") -> None:
        events = list(events)
        for event in events:
            _check(event)
        _check_order(events)
        names = ", ".join(e.name + (f" ({e.size})" if e.size else "") for e in events)
        super().__init__(
            _html=f'<ol class="ft-events">{"".join(_item(event, base) for event in events)}</ol>',
            _alt=f"Timeline from {events[0].year} to {events[-1].year}: {names}",
        )
