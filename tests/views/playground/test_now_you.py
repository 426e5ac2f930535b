"""What the chapters say one sees in their playgrounds is what one sees there.

Below the playground of a chapter's "Now you" stands a folded "What we saw". A browser plays there
what the text tells a reader to do: `PLAYS`, which yields what the text speaks of, in its order.
Each number that follows "=" and each number with a unit is held to it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from playing import FRAME
from playwright.sync_api import Page
from widget_page import write_page

import facetoy
from facetoy.views.playground import playground

CHAPTERS = Path(__file__).parents[3] / "chapters"
SEEDS = (0, 1, 2)
#: So far may a range reach beyond what these seeds show. The least rounding, as between two
#: browsers, makes another training in the end, so a range must hold others, too.
LEEWAY = {"=": 0, " epochs": 0, "°": 5, " %": 4, " of 10": 2, " long": 1}
WILD = 4  # times as far, where trainings end in different ways
FOLDED = re.compile(
    r"<details>\n<summary>What we saw</summary>\n\n(.*?)\n\n</details>\n", re.DOTALL
)
NUMBER = re.compile(
    r"= ?(?P<set>\d+(?:\.\d+)?)"
    r"|(?P<word>below |above )?(?P<low>\d+(?:\.\d+)?)(?: to (?P<high>\d+(?:\.\d+)?))?"
    r"(?P<unit>°| %| epochs| of 10| long)"
)


class Seen(NamedTuple):
    """A number that the page shows."""

    unit: str
    value: float
    wild: bool = False


class Told(NamedTuple):
    """A range that the text tells."""

    unit: str
    low: float
    high: float


class Reader:
    """Does what a reader does in a playground. The page's own clock stands still while it trains,
    so a picture always brings as many steps, and how fast the machine is does not matter. Who asks
    for less motion gets fewer pictures."""

    def __init__(self, page: Page, widget: facetoy.Playground, seed: int) -> None:
        self.page, self.losses = page, widget._meta["losses"]
        self.told = 0  # epochs up to which the text has played
        page.set_default_timeout(60_000)
        page.locator(".ft-playground").wait_for()
        page.clock.install(time=0)
        page.clock.pause_at(1000)
        page.get_by_text("Data, network and training").click()
        field = page.get_by_label("seed", exact=True)
        field.fill(str(seed))
        field.blur()

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def choose(self, label: str, value: str) -> None:
        self.page.get_by_label(label).select_option(value)

    def side(self, k: int):
        return self.page.locator(".ft-side").nth(k)

    def slide(self, name: str, value: float, k: int = 0) -> Seen:
        """Set a slider of the loss on side k to a value."""
        loss = self.side(k).locator("select").first.input_value()
        slider = next(s for s in self.losses[loss]["sliders"] if s["name"] == name)
        where = self.side(k).get_by_label(slider["label"], exact=True)
        where.fill(str(slider["values"].index(value)))
        return Seen("=", value)

    @property
    def epochs(self) -> int:
        clock = self.page.locator(".ft-clock").inner_text()
        return max(map(int, re.findall(r"\d+", clock)))

    def play(self, epochs: int) -> Seen:
        """Press Play, and Pause after so many epochs or a few more."""
        self.told = epochs
        self.press("Play")
        self.page.clock.run_for(FRAME * -(-(epochs - self.epochs) // 2))
        self.press("Pause")
        assert epochs <= self.epochs <= 1.05 * epochs + 2
        return Seen(" epochs", epochs)

    def more(self, epochs: int) -> Seen:
        """Play so many epochs more."""
        self.play(self.told + epochs)
        return Seen(" epochs", epochs)

    def read(self, name: str, k: int = 0, *, wild: bool = False) -> Seen:
        """A figure of side k."""
        cell = self.side(k).locator(".ft-readouts > div", has_text=name).locator("dd")
        value, unit = re.fullmatch(r"([\d.]+)(°| %)", cell.inner_text()).groups()
        return Seen(unit, float(value), wild)

    def both(self, name: str) -> Iterator[Seen]:
        """A figure of either side."""
        yield self.read(name, 0)
        yield self.read(name, 1)

    def longest(self) -> Seen:
        """The longest feature."""
        return Seen(" long", float(self.note(r"has radius ([\d.]+)")))

    def lines(self) -> Seen:
        """How many arrows have a coloured line."""
        return Seen(" of 10", int(self.note(r"(\d+) of 10 arrows have")))

    def note(self, pattern: str) -> str:
        """What the note of the first side says."""
        return re.search(pattern, self.side(0).locator(".ft-aside .ft-note").inner_text())[1]

    def warned(self) -> bool:
        return self.side(0).locator(".ft-warning").inner_text() != ""


def softmax(reader: Reader) -> Iterator[Seen]:
    yield reader.play(60)
    yield from reader.both("intra")
    yield reader.slide("s", 4, 1)
    yield reader.more(20)
    yield reader.read("intra", 1)
    yield reader.read("inter", 1)


def center(reader: Reader) -> Iterator[Seen]:
    yield reader.play(60)
    yield reader.longest()
    yield reader.read("intra")
    yield reader.slide("lam", 2)
    yield reader.more(30)
    yield reader.longest()
    yield reader.slide("lam", 0)
    yield reader.more(60)
    yield reader.longest()
    yield reader.read("accuracy")
    yield reader.read("intra")


def triplet(reader: Reader) -> Iterator[Seen]:
    yield reader.play(6)
    yield reader.read("inter")
    yield reader.read("accuracy")
    reader.choose("triplets", "semihard")
    yield reader.more(100)
    yield reader.read("inter")
    yield reader.read("accuracy")


def lsoftmax(reader: Reader) -> Iterator[Seen]:
    steps = (1000, 100, 30, 10, 5, 3, 1, 0.3, 0.1, 0)
    for k, lam in enumerate(steps):
        reader.slide("lam", lam)
        reader.play(6 * (k + 1))
    yield Seen(" epochs", 60)
    yield reader.read("accuracy")
    yield reader.read("intra")
    reader.press("Reset")
    yield Seen("=", 0)
    yield reader.play(60)
    yield reader.read("accuracy")
    yield reader.play(200)
    yield reader.read("accuracy", wild=True)


def asoftmax(reader: Reader) -> Iterator[Seen]:
    reader.play(30)
    yield reader.slide("lam", 0, 0)
    reader.slide("lam", 0, 1)
    yield reader.play(60)
    yield from reader.both("accuracy")
    reader.press("Reset")
    yield reader.play(60)
    yield reader.read("accuracy", 0)
    yield reader.read("accuracy", 1, wild=True)


def cosface(reader: Reader) -> Iterator[Seen]:
    yield reader.play(30)
    yield reader.lines()
    reader.slide("m", 0.59)
    assert not reader.warned()
    yield reader.slide("m", 0.6)
    assert reader.warned()
    reader.play(40)
    yield reader.lines()
    yield reader.slide("m", 0.7)
    reader.play(50)
    yield reader.lines()
    yield reader.read("accuracy")
    yield reader.slide("m", 0.35)
    reader.choose("dimensions d", "2")
    yield reader.play(60)
    yield reader.lines()
    yield reader.read("accuracy")


def arcface(reader: Reader) -> Iterator[Seen]:
    yield reader.play(30)
    yield reader.slide("m", 1.4)
    yield reader.more(30)
    yield reader.lines()
    yield reader.read("accuracy")
    reader.press("Reset")
    yield reader.play(60)
    yield reader.read("accuracy", wild=True)
    yield reader.read("intra", wild=True)


def side_by_side(reader: Reader) -> Iterator[Seen]:
    yield reader.play(60)
    yield from reader.both("intra")
    yield reader.slide("m", 0.6, 1)
    yield reader.more(20)
    yield from reader.both("intra")
    yield from reader.both("accuracy")
    yield from reader.both("inter")


#: Chapter → what to do in its playground, and to read.
PLAYS: dict[str, Callable[[Reader], Iterator[Seen]]] = {
    "02_softmax": softmax,
    "03_center": center,
    "04_triplet": triplet,
    "05_lsoftmax": lsoftmax,
    "06_asoftmax": asoftmax,
    "07_cosface": cosface,
    "08_arcface": arcface,
    "09_side_by_side": side_by_side,
}


def cells(chapter: str) -> list[str]:
    notebook = json.loads((CHAPTERS / f"{chapter}.ipynb").read_text("utf-8"))
    return ["".join(cell["source"]) for cell in notebook["cells"]]


def told(text: str) -> list[Told]:
    """The ranges in a text, each with its unit."""
    found: list[Told] = []
    for match in NUMBER.finditer(text):
        if match["set"]:
            found.append(Told("=", float(match["set"]), float(match["set"])))
            continue
        low = float(match["low"])
        high = float(match["high"] or low)
        if match["word"]:
            low, high = (0, low) if match["word"] == "below " else (low, 100)
        found.append(Told(match["unit"], low, high))
    return found


def fault(claim: Told, seen: list[Seen]) -> str:
    """Why a range does not tell what was seen; nothing if it does."""
    unit, low, high = claim
    values = [value for _, value, _ in seen]
    if any(unit != one.unit for one in seen):
        return "another unit"
    if not low <= min(values) <= max(values) <= high:
        return "not so"
    below = min(values) - low if low > 0 else 0
    above = high - max(values) if high < 100 or unit != " %" else 0
    most = LEEWAY[unit] * (WILD if seen[0].wild else 1)
    return "too wide" if max(below, above) > most else ""


def test_each_chapter_with_a_playground_tells_what_we_saw():
    with_one = {
        path.stem
        for path in CHAPTERS.glob("[01]*.ipynb")
        if any(cell.startswith("facetoy.Playground(") for cell in cells(path.stem))
    }
    assert with_one == set(PLAYS)


@pytest.mark.parametrize("chapter", PLAYS)
def test_a_chapter_tells_what_one_sees(chapter, visit, tmp_path, monkeypatch):
    brief = playground.fit  # of the still picture, which nobody looks at here
    monkeypatch.setattr(playground, "fit", lambda *a, **k: brief(*a, **k, epochs=1))
    code = next(k for k, c in enumerate(cells(chapter)) if c.startswith("facetoy.Playground("))
    widget = eval(cells(chapter)[code], {"facetoy": facetoy})
    (text,) = FOLDED.findall(cells(chapter)[code + 1])
    page = write_page(tmp_path / "page.html", now=widget)
    plays = []
    for seed in SEEDS:
        reader = Reader(visit(page, reduced_motion=True), widget, seed)
        plays.append(list(PLAYS[chapter](reader)))
    claims = told(text)
    assert len(claims) == len(plays[0]), f"{claims} for {plays[0]}"
    pairs = zip(claims, map(list, zip(*plays, strict=True)), strict=True)
    faults = [f"{why}: {claim} for {seen}" for claim, seen in pairs if (why := fault(claim, seen))]
    assert not faults, "\n".join(faults)


def test_drift_is_found():
    """A range that misses what was seen, that is too wide, or that is of something else."""
    (claim,) = told("the intra angle is 18 to 24°")
    degrees = [[Seen("°", low), Seen("°", 23.6)] for low in (18.5, 17.9, 23.3)]
    assert [fault(claim, seen) for seen in degrees] == ["", "not so", "too wide"]
    assert fault(claim, [Seen("°", 23.3, wild=True)]) == ""
    assert fault(claim, [Seen(" %", 18.5), Seen(" %", 23.6)]) == "another unit"
    assert fault(Told("=", 4, 4), [Seen("=", 8)]) == "not so"
    assert told("below 3°, above 90 %, $s = 4$, 60 epochs, 3 to 5 of 10, 6.5 long") == [
        ("°", 0, 3), (" %", 90, 100), ("=", 4, 4), (" epochs", 60, 60), (" of 10", 3, 5),
        (" long", 6.5, 6.5),
    ]  # fmt: skip
