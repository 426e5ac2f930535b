"""What a notebook shows besides pictures: a loss's own source, tables, and claims that are held."""

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from facetoy.metrics import measure
from facetoy.training.runs import Run


class Text(str):
    """Markdown that a notebook shows as such."""

    __slots__ = ()

    def _repr_markdown_(self) -> str:
        return str(self)


def source(thing: Any) -> Text:
    """The whole file in which ``thing`` (a loss, a function) is written, as it runs."""
    return Text(f"```python\n{inspect.getsource(inspect.getmodule(thing)).strip()}\n```")


def spread(values: Iterable[float], unit: str = "", digits: int = 1) -> str:
    """``mean ± sd`` of the values, ``digits`` decimals, e.g. ``7.9 ± 0.8°``; sd of a sample."""
    v = np.array(list(values), float)
    sd = f" ± {v.std(ddof=1):.{digits}f}" if len(v) > 1 else ""
    # no line break inside
    return f"{v.mean():.{digits}f}{sd}{unit}".replace(" ", "\N{NO-BREAK SPACE}")


def listing(headings: Iterable[str], rows: Iterable[Iterable[Any]], align: str = "") -> Text:
    """A table from its headings and rows of cells, which are shown as ``str`` shows them.

    ``align`` has one letter for each column, "l" or "r"; without it the first is on the left and
    the others on the right. ValueError for a row that has more or fewer cells than headings.
    """
    headings = list(headings)
    marks = {"l": ":--", "r": "--:"}
    align = align or "l" + "r" * (len(headings) - 1)
    if len(align) != len(headings) or not marks.keys() >= set(align):
        raise ValueError(f"align must be {len(headings)} letters l or r, got {align!r}")
    lines = [headings, *map(list, rows)]
    for row in lines:
        if len(row) != len(headings):
            raise ValueError(f"a row must have {len(headings)} cells, got {len(row)}: {row}")
    shown = [parted(f"| {' | '.join(map(str, line))} |") for line in lines]
    shown.insert(1, f"|{'|'.join(marks[a] for a in align)}|")
    return Text("\n".join(shown))


#: How a sentence begins that this run bears out, and one that it does not.
HELD, FAILED = "✓ ", "✗ Not in this run: "


def parted(words: str) -> str:
    """``words`` with a space between a number and its percent sign."""
    return re.sub(r"(?<=\d)%", " %", words)


def claims(*stated: tuple[Any, ...]) -> Text:
    """Sentences about the run above them, each with the condition under which it is true.

    A claim is ``(sentence, holds, *values)``: Markdown, a bool, and the numbers that decided. A
    tick stands before a sentence that holds. One that does not says so and shows its values; the
    build of the book stops there. TypeError unless ``holds`` is a bool: ``a > b`` of two arrays
    is not, ``(a > b).all()`` is.
    """
    shown = []
    for sentence, holds, *values in stated:
        if not isinstance(holds, bool | np.bool_):
            raise TypeError(f"a claim must hold or not, got {holds!r} for {sentence!r}")
        seen = ", ".join(
            np.array2string(np.asarray(v), precision=4, separator=", ") for v in values
        )
        sentence = parted(sentence)
        shown.append(HELD + sentence if holds else f"{FAILED}{sentence} ({seen})")
    return Text("\n\n".join(shown))


class Column(NamedTuple):
    """A column of ``table``."""

    title: str  #: the heading
    value: Callable[[Run], float]  #: the number that it shows of a run
    unit: str = ""  #: what follows the number, such as " %"
    digits: int = 1  #: after the point


def _angle(title: str, field: str) -> Column:
    """A column of one of the angles of ``facetoy.metrics.Measures``."""
    return Column(title, lambda run: np.degrees(getattr(measure(run), field)), "°")


def _step_time(run: Run) -> float:
    """Milliseconds of a training step; NaN for a training that did not come to its end."""
    if run.config.get("interrupted") or run.config.get("diverged"):
        return np.nan
    return 1e3 * run.history["seconds"][-1] / run.steps[-1]


#: The columns that ``table`` knows by name.
COLUMNS = {
    "accuracy": Column("test accuracy", lambda run: 100 * measure(run).accuracy, " %"),
    "intra": _angle("feature to its own W", "intra"),
    "intra_mean": _angle("feature to its class mean", "intra_mean"),
    "inter": _angle("class mean to nearest other", "inter"),
    "inter_weight": _angle("W to nearest W", "inter_weight"),
    "weight_mean": _angle("W to class mean", "weight_mean"),
    "step_time": Column("time of a step", _step_time, " ms", 2),
}


def _column(column: str | Column) -> Column:
    """The column of that name, or itself."""
    if isinstance(column, Column):
        return column
    if column not in COLUMNS:
        raise ValueError(f"unknown column {column!r}; there are {', '.join(COLUMNS)}")
    return COLUMNS[column]


def measured(runs: Iterable[Run], column: str | Column) -> np.ndarray:
    """One number for each run, as ``table`` takes them: accuracy in percent, angles in degrees.

    ``column`` is one that ``table`` takes. ValueError for a name that it does not know.
    """
    value = _column(column).value
    return np.array([value(run) for run in runs])


def table(
    rows: Mapping[str, Iterable[Run]],
    columns: Iterable[str | Column] = ("accuracy", "intra", "intra_mean", "inter", "inter_weight"),
    strangers: Mapping[str, Iterable[float]] | None = None,
) -> Text:
    """A table with one line for each name: mean ± sd over its runs, usually over seeds.

    ``columns`` are names ("accuracy", "intra", "intra_mean", "inter", "inter_weight",
    "weight_mean": see ``facetoy.metrics.Measures``; "step_time"), or
    ``Column(title, value, unit, digits)`` with a function of a run. Accuracy in percent, angles in
    degrees; a dash for what no run of a line has, such as the angle to a weight. ``strangers``
    gives names the percentages of ``facetoy.stranger_test`` for a column more. Runs that diverged
    are measured at their last finite snapshot, and the line below the table counts them. ValueError
    for a column of another name, and for strangers that have no row.
    """
    if other := [name for name in strangers or {} if name not in rows]:
        raise ValueError(f"no row for the strangers of {other[0]!r}; there are {list(rows)}")
    chosen = [_column(c) for c in columns]
    lines, counts, diverged = [], set(), 0
    for name, runs in rows.items():
        runs = list(runs)
        counts.add(len(runs))
        diverged += sum(bool(run.config.get("diverged")) for run in runs)
        cells = [name.replace(" = ", "\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}")]
        for column in chosen:
            values = measured(runs, column)
            values = values[~np.isnan(values)]
            cells.append(spread(values, column.unit, column.digits) if len(values) else "–")
        if strangers is not None:
            cells.append(spread(strangers[name], " %") if name in strangers else "–")
        lines.append(cells)
    seeds = " or ".join(map(str, sorted(counts)))
    titles = [c.title for c in chosen] + ["strangers: EER"] * (strangers is not None)
    shown = listing(["", *titles], lines)
    note = f" {diverged} of the trainings diverged." if diverged else ""
    return Text(f"{shown}\n\nMean ± standard deviation over {seeds} seeds.{note}")
