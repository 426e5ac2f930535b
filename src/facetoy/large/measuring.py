"""Time and memory of a last layer, measured on this machine, beside what ``costs`` computes."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from facetoy.checks import whole
from facetoy.large.costs import Layer, Machine, check, cost, counts, positive
from facetoy.large.launching import torchrun
from facetoy.large.process_memory import own_memory
from facetoy.progress import progress_bar


class Measured(NamedTuple):
    """A layer that was run."""

    layer: Layer  #: which one
    seconds: float  #: median of a step
    memory: float  #: by how many bytes a rank grew


class Off(NamedTuple):
    """How far predictions lie from measurements: ``abs(predicted / measured - 1)``."""

    time_median: float  #: of all times, the median
    time_most: float  #: of all times, the largest
    memory_median: float  #: of all memories, the median
    memory_most: float  #: of all memories, the largest


def calibrate(
    points: Sequence[Measured], name: str = "this machine", capacity: float | None = None
) -> Machine:
    """The machine that predicts the measured times best: least squares of the relative errors.

    Seconds are linear in 1/flops, 1/memory, 1/network and fixed, none of which may be negative.
    A constant that the points cannot tell, or that fits best at 0 seconds, is set so high that
    it makes up a thousandth of a point's time at most; a network that no point has used is as
    fast as memory. Points of one batch and one dim cannot tell apart a slow network and one that
    is slow to start, nor arithmetic and memory well: to predict others, measure several.
    ``capacity`` is in bytes; None is this computer's memory, shared by as many ranks as there
    were. ValueError without points, or for times that are not positive.
    """
    from scipy.optimize import nnls

    if not points:
        raise ValueError("calibrate needs at least one point, got none")
    for point in points:
        positive("the measured time", point.seconds)
    done = [counts(point.layer) for point in points]
    seconds = np.array([point.seconds for point in points])
    columns = np.array([[c.flop, c.touched, sum(c.sent.values()), 1.0] for c in done])
    shares = columns / seconds[:, None]
    size = shares.max(0)
    size[size == 0] = 1
    found = nnls(shares / size, np.ones(len(points)))[0] / size
    # 1/rate of what is found at 0: its part of the point that it would show in most
    least = 1e-3 / size
    flops, memory, network = 1 / np.where(found[:3] > 0, found[:3], least[:3])
    if not columns[:, 2].any():
        network = memory
    if capacity is None:
        capacity = own_memory() / max(point.layer.ranks for point in points)
    return Machine(name, float(flops), float(memory), float(network), float(found[3]), capacity)


def off(points: Sequence[Measured], machine: Machine) -> Off:
    """Median and largest relative error of the predictions, of time and of memory, as shares."""
    if not points:
        raise ValueError("off needs at least one point, got none")
    found = [cost(point.layer, machine) for point in points]
    time = [abs(c.total_seconds / p.seconds - 1) for c, p in zip(found, points, strict=True)]
    most = [abs(c.total_memory / p.memory - 1) for c, p in zip(found, points, strict=True)]
    return Off(statistics.median(time), max(time), statistics.median(most), max(most))


def measure(
    ranks: int,
    classes: Sequence[int],
    rates: Sequence[float],
    dim: int = 128,
    batch: int = 128,
    steps: int = 8,
    *,
    progress: bool = True,
) -> list[Measured]:
    """Run steps of every number of classes with every rate, on so many processes of this machine.

    Each process computes with one thread, and gives back what it frees at once, so that its memory
    is what it uses; in time small layers pay for that. ``batch`` images of all ranks together.
    ValueError for settings that cannot be; RuntimeError, with the last of what was said, if a
    process fails.
    """
    whole("steps", steps, 2)
    layers = [check(Layer(c, dim, ranks, rate, batch)) for c in classes for rate in rates]
    if not layers:
        raise ValueError(f"measure needs classes and rates, got {classes!r} and {rates!r}")
    options = {"--classes": classes, "--rates": rates, "--dim": [dim], "--batch": [batch],
               "--steps": [steps]}  # fmt: skip
    words = [str(word) for name, values in options.items() for word in (name, *values)]
    points = []
    with progress_bar(shown=progress, total=len(layers), desc=f"{ranks} ranks") as bar:
        for row in torchrun(ranks, "-m", "facetoy.large.layer_steps", *words):
            layer = Layer(*(row[name] for name in Layer._fields))
            points.append(Measured(layer, row["step_ms"] / 1e3, row["memory_mb"] * 1e6))
            bar.update()
    return points
