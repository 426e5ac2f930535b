"""The still picture behind a TripletView."""

from __future__ import annotations

import io

import numpy as np

from facetoy.views.shared.palette import COLORS, INK, LINE
from facetoy.views.triplet_view.triplet import triplet


def draw_still(points: np.ndarray, margin: float, squared: bool, normalize: bool) -> bytes:
    """PNG bytes of the triplet, on white."""
    from matplotlib.figure import Figure

    loss, gradient = triplet(points, margin, squared, normalize)
    figure = Figure(figsize=(4.5, 4.5), dpi=110)
    axes = figure.add_axes((0, 0, 1, 0.93))
    axes.set(xlim=(-1.6, 1.6), ylim=(-1.6, 1.6), aspect="equal")
    axes.axis("off")
    axes.set_title(f"margin {margin:g}, loss {loss:.2f}", color=INK)
    if normalize:
        t = np.linspace(0, 2 * np.pi, 181)
        axes.plot(np.cos(t), np.sin(t), color=LINE, lw=1)
    same, other = COLORS[:2]
    axes.plot(*points[:2].T, color=same)
    axes.plot(*points[[0, 2]].T, color=other, ls="--")
    for name, (x, y), pull, color, shape in zip(
        "apn", points, -0.22 * gradient, (same, same, other), "oos", strict=True
    ):
        if pull.any():
            arrow = {"arrowstyle": "-|>", "color": INK}
            axes.annotate("", (x + pull[0], y + pull[1]), (x, y), arrowprops=arrow)
        axes.plot(x, y, shape, color=color, ms=15)
        axes.text(x, y, name, color="white", ha="center", va="center", weight="bold")
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()
