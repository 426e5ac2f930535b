"""Costs in words: figures with units, and what a setting costs; ``words.js`` says the same."""

from __future__ import annotations

from collections.abc import Sequence

from facetoy.large.costs import Cost, Layer, Machine

BYTES = ((1, "B"), (1e3, "kB"), (1e6, "MB"), (1e9, "GB"), (1e12, "TB"), (1e15, "PB"))
SECONDS = ((1e-6, "µs"), (1e-3, "ms"), (1, "s"), (60, "min"), (3600, "h"), (86400, "days"))
WHERE = {
    "arithmetic": "arithmetic",
    "memory": "reading and writing memory",
    "network": "the network",
    "fixed": "what any step takes",
}


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
