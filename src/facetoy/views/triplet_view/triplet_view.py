"""TripletView: one triplet to drag, with its loss and the pull on each of its points."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from facetoy.views.shared.palette import COLORS, INK, LINE
from facetoy.views.shared.widget import Picture

START = {True: np.radians([90, 150, 60]), False: np.array([[-0.2, -0.3], [-0.9, 0.5], [0.5, 0.4]])}


def triplet(
    points: np.ndarray, margin: float, squared: bool, normalize: bool
) -> tuple[float, np.ndarray]:
    """Loss of one triplet, rows (a, p, n) of ``points`` (3, d), and its gradient (3, d).

    With ``normalize`` the points must have length 1; their gradients are tangent to the sphere.
    """
    a, p, n = points
    size = {name: np.linalg.norm(v) for name, v in (("near", a - p), ("far", a - n))}
    near, far = (2 * (a - p), 2 * (a - n)) if squared else (
        (a - p) / (size["near"] or 1), (a - n) / (size["far"] or 1)
    )  # fmt: skip
    power = 2 if squared else 1
    loss = max(0.0, size["near"] ** power - size["far"] ** power + margin)
    gradient = np.stack([near - far, -near, far]) * (loss > 0)
    if normalize:
        gradient -= (gradient * points).sum(1, keepdims=True) * points
    return float(loss), gradient


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


class TripletView(Picture):
    """Anchor, positive and negative to drag; their distances, the triplet loss and its gradients.

    Args:
        margin: of the triplet loss, in [0.05, 1.5].
        squared: begin with squared distances, as in FaceNet, or with distances.
        normalize: begin with points on the unit circle, or free in the plane.

    Arrows point downhill: where gradient descent takes each point. Alive without a kernel.
    ValueError if the margin is out of range.
    """

    front_end = Path(__file__).with_suffix(".js")

    def __init__(self, margin: float = 0.2, squared: bool = True, normalize: bool = True) -> None:
        if not 0.05 <= margin <= 1.5:
            raise ValueError(f"margin must lie in [0.05, 1.5], got {margin}")
        points = START[normalize]
        if normalize:
            points = np.stack([np.cos(points), np.sin(points)], axis=1)
        settings = {"margin": margin, "squared": squared, "normalize": normalize}
        super().__init__(
            _meta={**settings, "points": points.tolist()},
            _still=draw_still(points, **settings),
            _alt="A triplet: anchor, positive and negative as three points "
            f"{'on the unit circle' if normalize else 'in the plane'}, with arrows that show which "
            "way the triplet loss pulls each of them. Drag them, or move them with the arrow keys.",
        )
