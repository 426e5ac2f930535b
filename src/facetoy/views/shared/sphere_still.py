"""The still picture behind a SphereView: for print, for e-mail, for readers without scripts."""

from __future__ import annotations

import io

import numpy as np

from facetoy import metrics
from facetoy.training.runs import Run
from facetoy.views.shared.palette import INK, LINE, color, marker, places
from facetoy.views.shared.sides import Side, lengths
from facetoy.views.shared.titles import title

SHAPES = {"circle": "o", "square": "s", "triangle": "^", "diamond": "D"}
CARD = 0.16  # width of an image, in radii
SIDE = 48  # its pixels


def camera(yaw: float, pitch: float) -> np.ndarray:
    """(3, 3) turn by angles in radians: rows of points times this are right, up, to the reader."""
    cy, sy, cp, sp = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch)
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    return (about_x @ about_y).T


def directions(view: Side, step: int) -> np.ndarray:
    """(C or K, shown): where the arrows (or, without weights, the ticks) of the last run point."""
    run = view.runs[-1]
    if run.weight is None:
        ways = np.nan_to_num(metrics.class_means(run.features[step], run.labels))
    else:
        ways = metrics.unit(run.weight[step])
    return ways @ view.basis


def best_turn(views: list[Side]) -> tuple[float, float]:
    """Yaw and pitch (radians) to begin with: names far from each other, few of them behind."""
    tips = [directions(view, -1) for view in views if view.shown == 3]

    def clutter(turn: tuple[float, float]) -> float:
        total = 0.0
        for ways in tips:
            x = ways @ camera(*turn)
            apart = ((x[:, None, :2] - x[None, :, :2]) ** 2).sum(-1)
            total += (
                np.exp(-apart / 0.08).sum() / len(x) - 0.35 * np.clip(x[:, 2], -0.7, 0.7).mean()
            )
        return total

    yaws = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    yaw, pitch = min(((y, p) for p in (0.25, 0.35, 0.45) for y in yaws), key=clutter)
    return round(float(yaw), 4), pitch


def graticule() -> list[np.ndarray]:
    """Circles of longitude and latitude on the unit sphere, each (73, 3), 30° apart."""
    t = np.linspace(0, 2 * np.pi, 73)
    zero = np.zeros_like(t)
    circles = []
    for k in range(6):
        a = k * np.pi / 6
        circles.append(np.stack([np.cos(t) * np.cos(a), np.sin(t), np.cos(t) * np.sin(a)], 1))
    for k in range(-2, 3):
        a = k * np.pi / 6
        circles.append(
            np.stack([np.cos(t) * np.cos(a), zero + np.sin(a), np.sin(t) * np.cos(a)], 1)
        )
    return circles


def draw_points(axes, run: Run, points: np.ndarray) -> None:
    """Draw a marker for each of ``points`` (N, 3), paler behind the sphere."""
    for k, look in enumerate(places(run.class_names)):
        mine = points[run.labels == k]
        style = {"s": 14, "marker": SHAPES[marker(look)], "linewidths": 0.6}
        stranger = k >= run.num_classes
        for front in (False, True):
            part = mine[(mine[:, 2] >= 0) == front]
            axes.scatter(
                part[:, 0], part[:, 1], alpha=1 if front else 0.3, zorder=2 + front,
                facecolors="none" if stranger else color(look),
                edgecolors=color(look) if stranger else "white", **style,
            )  # fmt: skip


def card(image: np.ndarray, ink: str) -> np.ndarray:
    """(SIDE, SIDE, 4) bytes: an image (H, W) in [0, 1], drawn in ``ink`` on a white card."""
    from PIL import Image, ImageDraw

    out = Image.new("RGBA", (SIDE, SIDE))
    ImageDraw.Draw(out).rounded_rectangle(
        (0, 0, SIDE - 1, SIDE - 1), SIDE // 5, fill="white", outline=ink, width=SIDE // 14
    )
    edge = SIDE // 9
    inside = (SIDE - 2 * edge, SIDE - 2 * edge)
    shape = Image.fromarray(np.uint8(255 * np.clip(image, 0, 1))).resize(inside, Image.BICUBIC)
    out.paste(Image.new("RGBA", inside, ink), (edge, edge), shape)
    return np.asarray(out)


def draw_images(axes, run: Run, points: np.ndarray) -> None:
    """Draw the image of each of ``points`` (N, 3), paler and smaller behind the sphere."""
    look = places(run.class_names)
    for i in np.argsort(points[:, 2]):
        x, y, z = points[i]
        half = CARD / 2 * (1 if z >= 0 else 0.8)
        axes.imshow(
            card(run.images[i, 0], color(look[run.labels[i]])), alpha=1 if z >= 0 else 0.3,
            extent=(x - half, x + half, y - half, y + half), zorder=2 + (z >= 0),
        )  # fmt: skip


def draw_side(
    axes, view: Side, step: int, unit_length: bool, turn: np.ndarray, images: bool
) -> None:
    """Draw the last run of ``view`` at snapshot ``step``, turned by ``turn``, into ``axes``."""
    run = view.runs[-1]
    step = step if step < 0 else min(step, len(run.steps) - 1)
    turn = turn if view.shown == 3 else np.eye(3)[:2]
    features = run.features[step]
    longest = lengths(run.features).max() or 1.0
    points = (metrics.unit(features) if unit_length else features / longest) @ view.basis @ turn
    if view.shown == 2 and unit_length:  # spread them a little, as the live picture does
        points *= 1 + 0.11 * ((np.arange(len(points))[:, None] * 0.618034) % 1 - 0.5)
    axes.set(xlim=(-1.3, 1.3), ylim=(-1.3, 1.3), aspect="equal")
    axes.axis("off")
    axes.set_title(title(run), fontsize=10, color=INK)
    circle = np.linspace(0, 2 * np.pi, 181)
    axes.plot(np.cos(circle), np.sin(circle), color=LINE, lw=1, zorder=0)
    if view.shown == 3:
        for line in graticule():
            x, y, z = (line @ turn).T
            for front, alpha in ((z >= 0, 0.4), (z < 0, 0.15)):
                axes.plot(
                    np.where(front, x, np.nan), np.where(front, y, np.nan),
                    color=LINE, lw=0.5, alpha=alpha, zorder=0,
                )  # fmt: skip
    look = places(run.class_names)
    (draw_images if images else draw_points)(axes, run, points)
    if run.centers is not None:
        centers = run.centers[step]
        c = (metrics.unit(centers) if unit_length else centers / longest) @ view.basis @ turn
        axes.scatter(
            c[:, 0], c[:, 1], s=55, marker="X", linewidths=1, edgecolors="white", zorder=4,
            facecolors=[color(k) for k in look[: len(c)]],
        )  # fmt: skip
    for k, (x, y, z) in enumerate(directions(view, step) @ turn):
        alpha, order = (1, 4) if z >= 0 else (0.35, 1)
        ink = color(look[k])
        if run.weight is not None:
            axes.annotate(
                "", (1.1 * x, 1.1 * y), (0, 0), zorder=order,
                arrowprops={"arrowstyle": "-|>", "color": ink, "alpha": alpha, "lw": 1.2},
            )  # fmt: skip
        axes.text(
            1.21 * x, 1.21 * y, run.class_names[k], color=INK, alpha=alpha, zorder=order,
            ha="center", va="center", fontsize=9, weight="bold",
        )  # fmt: skip


def draw_still(
    views: list[Side], step: int = -1, unit_length: bool = True, images: bool = False
) -> bytes:
    """PNG bytes of the last run of each view at snapshot ``step``, on white, in 128 colours."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from PIL import Image

    turn = camera(*best_turn(views))
    columns = min(3, len(views))
    rows = -(-len(views) // columns)
    figure = Figure(figsize=(4.2 * columns, 4.5 * rows), dpi=120 if rows == 1 else 80)
    canvas = FigureCanvasAgg(figure)
    for place, view in enumerate(views):
        row, column = divmod(place, columns)
        axes = figure.add_axes((column / columns, 1 - (row + 1) / rows, 1 / columns, 0.93 / rows))
        draw_side(axes, view, step, unit_length, turn, images)
    canvas.draw()
    image = Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy())
    out = io.BytesIO()
    image.quantize(128, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
        out, "png", optimize=True
    )
    return out.getvalue()
