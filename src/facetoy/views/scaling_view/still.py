"""The still picture behind a ScalingView, and the colours of what a cost consists of."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from facetoy.large.costs import PARTS, Layer, Machine, cost
from facetoy.views.scaling_view.words import BYTES, SECONDS, human
from facetoy.views.shared.palette import COLORS, INK, LINE

MEMORY_COLORS = dict(zip(PARTS, [*COLORS[:6], COLORS[8]], strict=True))
SENT_COLORS = dict(
    zip(
        ("features", "gradient of the features", "softmax"),
        (COLORS[8], COLORS[1], COLORS[0]),
        strict=True,
    )
)
TIME_COLORS = dict(
    zip(
        ("arithmetic", "memory", "network", "fixed"), (COLORS[k] for k in (4, 5, 1, 8)), strict=True
    )
)


def draw_still(layer: Layer, machine: Machine, points: Sequence[dict[str, Any]]) -> bytes:
    """PNG bytes of the two bars, and of measured against predicted where there are points."""
    from matplotlib.figure import Figure

    now = cost(layer, machine)
    figure = Figure(figsize=(6.4, 6.2 if points else 3.4), dpi=100, layout="constrained")
    rows = figure.subfigures(2, 1, height_ratios=(1.2, 1)) if points else [figure]
    bars = rows[0].subplots(2, 1)
    for axes, parts, colors, units, name in (
        (bars[0], now.memory, MEMORY_COLORS, BYTES, f"{machine.name}, memory of a rank"),
        (bars[1], now.seconds, TIME_COLORS, SECONDS, "time of a step"),
    ):
        left, total = 0.0, sum(parts.values())
        for part, value in parts.items():
            if value:
                label = f"{part} {human(value, units)}"
                axes.barh(0, value, left=left, color=colors[part], label=label)
            left += value
        axes.set_title(f"{name}: {human(total, units)}", loc="left", fontsize=10, color=INK)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
        axes.legend(loc="upper left", bbox_to_anchor=(0, 0), ncols=3, fontsize=7.5, frameon=False)
    bars[0].axvline(machine.capacity, color=INK, ls="--", lw=1)
    for axes, chart in zip(rows[-1].subplots(1, 2) if points else (), points, strict=False):
        ends = [f(v for p in chart["points"] for v in p[:2]) for f in (min, max)]
        axes.plot(ends, ends, color=LINE)
        axes.scatter(*zip(*(p[:2] for p in chart["points"]), strict=True), color=COLORS[0], s=12)
        axes.set(xscale="log", yscale="log", title=chart["title"])
        axes.set(xlabel=f"predicted ({chart['unit']})", ylabel=f"measured ({chart['unit']})")
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()
