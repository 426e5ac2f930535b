"""ScalingView: what a last layer of so many classes costs a rank, with sliders for its size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from facetoy.checks import whole
from facetoy.large.costs import H100, Layer, Machine, check, cost
from facetoy.large.measuring import Measured, off
from facetoy.views.scaling_view.still import MEMORY_COLORS, SENT_COLORS, TIME_COLORS, draw_still
from facetoy.views.scaling_view.words import WHERE, describe
from facetoy.views.shared.palette import COLORS
from facetoy.views.shared.widget import Picture

#: Where the sliders stop: ten steps in each power of ten, and powers of two.
STEPS = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8)
CLASSES = [*(round(step * 10**k) for k in range(4, 8) for step in STEPS), 10**8]
DIMS = [2**k for k in range(6, 11)]
RANKS = [2**k for k in range(11)]
LEAST_RATE = 0.02


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
            for the first machine; without any there is no chart.
        batch: images of all ranks together in a step.
        classes: where its slider begins, 10⁴ to 10⁸ (the nearest step is taken).
        dim: the same, a power of two from 64 to 1024.
        ranks: the same, a power of two up to 1024 and to ``batch``.
        rate: the same, 0.02 to 1 (to the nearest hundredth).

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
