"""ScalingView: what a last layer of so many classes costs a rank, with sliders for its size."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from facetoy.checks import whole
from facetoy.large.costs import H100, PARTS, Cost, Layer, Machine, check, cost
from facetoy.large.measuring import Measured, off
from facetoy.views.shared.palette import COLORS, INK, LINE
from facetoy.views.shared.widget import Picture

#: Where the sliders stop: ten steps in each power of ten, and powers of two.
STEPS = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8)
CLASSES = [*(round(step * 10**k) for k in range(4, 8) for step in STEPS), 10**8]
DIMS = [2**k for k in range(6, 11)]
RANKS = [2**k for k in range(11)]
LEAST_RATE = 0.02
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

BYTES = ((1, "B"), (1e3, "kB"), (1e6, "MB"), (1e9, "GB"), (1e12, "TB"), (1e15, "PB"))
SECONDS = ((1e-6, "µs"), (1e-3, "ms"), (1, "s"), (60, "min"), (3600, "h"), (86400, "days"))


def human(value: float, units: Sequence[tuple[float, str]]) -> str:
    """The value to three digits, in the largest unit of which it holds at least one."""
    value = float(f"{value:.3g}")
    size, name = next((unit for unit in reversed(units) if value >= unit[0]), units[0])
    return f"{value / size:.3g}\xa0{name}"


def describe(layer: Layer, machine: Machine, now: Cost) -> str:
    """What a setting costs, in one sentence."""
    most = max(now.seconds, key=lambda part: now.seconds[part])
    ranks = "its one rank" if layer.ranks == 1 else f"each of its {layer.ranks:,} ranks"
    fits = "which fits" if now.total_memory <= machine.capacity else "which does not fit"
    return (
        f"A last layer for {layer.classes:,} people with {layer.dim} numbers each needs "
        f"{human(now.total_memory, BYTES)} on {ranks}, {fits} into "
        f"{human(machine.capacity, BYTES)} of {machine.name}; a step takes "
        f"{human(now.total_seconds, SECONDS)}, most of all for {WHERE[most]}."
    )


WHERE = {
    "arithmetic": "arithmetic",
    "memory": "reading and writing memory",
    "network": "the network",
    "fixed": "what any step takes",
}


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


def compare(points: Sequence[Measured], machine: Machine) -> list[dict[str, Any]]:
    """The two charts of measured against predicted: [predicted, measured, ranks] of each point."""
    if not points:
        return []
    found, wrong = [cost(p.layer, machine) for p in points], off(points, machine)
    time = [[c.total_seconds, p.seconds, p.layer.ranks] for c, p in zip(found, points, strict=True)]
    most = [[c.total_memory, p.memory, p.layer.ranks] for c, p in zip(found, points, strict=True)]
    return [
        {"title": "Time of a step", "unit": "s", "points": time,
         "off": [wrong.time_median, wrong.time_most]},
        {"title": "Memory of a rank", "unit": "B", "points": most,
         "off": [wrong.memory_median, wrong.memory_most]},
    ]  # fmt: skip


class ScalingView(Picture):
    """Sliders for the size of a last layer; what it costs a rank in memory, traffic and time.

    Args:
        machines: what a rank is, to choose from; begins with the first.
        points: measured settings, of ``facetoy.large.measure``, drawn against what is predicted
            for the first machine; None leaves the chart away.
        batch: images of all ranks together in a step.
        classes, dim, ranks, rate: where the sliders begin: 10⁴ to 10⁸ (the nearest step is taken),
            a power of two from 64 to 1024, a power of two up to 1024 and to ``batch``, and
            0.02 to 1 (to the nearest hundredth).

    The numbers are those of ``facetoy.large.cost``. Alive without a kernel. ValueError for
    settings out of range, or without a machine.
    """

    front_end = Path(__file__).with_suffix(".js")

    def __init__(
        self,
        machines: Sequence[Machine] = (H100,),
        points: Sequence[Measured] = (),
        *,
        batch: int = 1024,
        classes: int = 1_000_000,
        dim: int = 512,
        ranks: int = 8,
        rate: float = 1.0,
    ) -> None:
        if not machines:
            raise ValueError("machines must be at least one Machine, got none")
        whole("classes", classes, CLASSES[0], CLASSES[-1])
        whole("batch", batch, 1)
        ways = [value for value in RANKS if value <= batch]
        for name, value, steps in (("dim", dim, DIMS), ("ranks", ranks, ways)):
            if value not in steps:
                listed = ", ".join(map(str, steps))
                raise ValueError(f"{name} must be one of {listed}, got {value!r}")
        if not LEAST_RATE <= rate <= 1:
            raise ValueError(f"rate must lie in [{LEAST_RATE}, 1], got {rate!r}")
        near = min(CLASSES, key=lambda step: abs(math.log(step / classes)))
        layer = check(Layer(near, dim, ranks, round(100 * rate) / 100, batch))
        charts = compare(points, machines[0])
        meta = {
            "machines": [asdict(machine) for machine in machines],
            "layer": layer._asdict(),
            "classes": CLASSES,
            "dims": DIMS,
            "ranks": ways,
            "leastRate": LEAST_RATE,
            "colors": {"memory": MEMORY_COLORS, "seconds": TIME_COLORS, "sent": SENT_COLORS},
            "where": WHERE,
            "charts": charts,
            "markColors": list(COLORS[:3]),
        }
        says = describe(layer, machines[0], cost(layer, machines[0]))
        super().__init__(_meta=meta, _still=draw_still(layer, machines[0], charts), _alt=says)
