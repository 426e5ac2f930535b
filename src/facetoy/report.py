"""What a notebook shows besides pictures: a loss's own source, and a table over seeds."""

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from facetoy.metrics import measure
from facetoy.run import Run


class Text(str):
    """Markdown that a notebook shows as such."""

    __slots__ = ()

    def _repr_markdown_(self) -> str:
        return str(self)


def source(thing: Any) -> Text:
    """The whole file in which ``thing`` (a loss, a function) is written, as it runs."""
    return Text(f"```python\n{inspect.getsource(inspect.getmodule(thing)).strip()}\n```")


def spread(values: Iterable[float], unit: str = "") -> str:
    """``mean ± sd`` of the values, one decimal, e.g. ``7.9 ± 0.8°``; sd of a sample (n - 1)."""
    v = np.array(list(values), float)
    sd = f" ± {v.std(ddof=1):.1f}" if len(v) > 1 else ""
    # no line break inside
    return f"{v.mean():.1f}{sd}{unit}".replace(" ", "\N{NO-BREAK SPACE}")


#: Fields of Measures and what a table calls them.
COLUMNS = {
    "accuracy": "test accuracy",
    "intra": "feature to its own W",
    "intra_mean": "feature to its class mean",
    "inter": "class mean to nearest other",
    "inter_weight": "W to nearest W",
}


def table(rows: Mapping[str, Iterable[Run]]) -> Text:
    """A table with one line for each name: mean ± sd over its runs, usually over seeds.

    Accuracy in percent, angles in degrees; a dash where a loss has no weights.
    """
    lines = [f"| | {' | '.join(COLUMNS.values())} |", "|:--|" + "--:|" * len(COLUMNS)]
    counts = set()
    for name, runs in rows.items():
        measures = [measure(run) for run in runs]
        counts.add(len(measures))
        cells = []
        for field in COLUMNS:
            values = np.array([getattr(one, field) for one in measures])
            if np.isnan(values).all():
                cells.append("–")
            elif field == "accuracy":
                cells.append(spread(100 * values, " %"))
            else:
                cells.append(spread(np.degrees(values), "°"))
        lines.append(f"| {name} | {' | '.join(cells)} |")
    seeds = "/".join(map(str, sorted(counts)))
    return Text("\n".join(lines) + f"\n\nMean ± standard deviation over {seeds} seeds.")
