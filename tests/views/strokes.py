"""Digits as people draw them: strokes of points (x, y) in units of the pad, y down."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

from playwright.sync_api import Locator, Page

Point = tuple[float, float]
Strokes = list[list[Point]]
BETWEEN = 6  # steps from one point that is named to the next


def arc(x: float, y: float, rx: float, ry: float, start: float, end: float) -> list[Point]:
    """Part of an ellipse around (x, y); angles in degrees, clockwise from the right."""
    angles = [math.radians(start + (end - start) * k / 24) for k in range(25)]
    return [(x + rx * math.cos(a), y + ry * math.sin(a)) for a in angles]


def eight(x: float, y: float, rx: float, ry: float) -> list[Point]:
    """An eight around (x, y), one closed stroke that crosses itself, from the top on the right."""
    angles = [math.radians(20 + 360 * k / 48) for k in range(49)]
    return [(x + rx * math.sin(2 * a), y - ry * math.cos(a)) for a in angles]


DIGITS: dict[str, Strokes] = {
    "0": [arc(0.5, 0.5, 0.24, 0.34, -80, 285)],
    "1": [[(0.54, 0.14), (0.5, 0.5), (0.47, 0.86)]],
    "2": [[*arc(0.5, 0.34, 0.2, 0.19, -170, 40), (0.3, 0.85), (0.72, 0.84)]],
    "3": [[*arc(0.47, 0.33, 0.18, 0.17, -150, 90), *arc(0.47, 0.66, 0.21, 0.18, -90, 150)]],
    "4": [[(0.55, 0.15), (0.28, 0.6), (0.75, 0.6)], [(0.61, 0.4), (0.6, 0.88)]],
    "5": [[(0.38, 0.16), (0.35, 0.45), *arc(0.48, 0.62, 0.2, 0.2, -120, 140)],
          [(0.38, 0.16), (0.7, 0.15)]],
    "6": [[(0.6, 0.15), (0.42, 0.35), *arc(0.5, 0.65, 0.17, 0.19, -200, 170)]],
    "7": [[(0.27, 0.2), (0.5, 0.19), (0.73, 0.2), (0.6, 0.5), (0.48, 0.86)]],
    "8": [eight(0.5, 0.5, 0.19, 0.36)],
    "9": [[*arc(0.5, 0.34, 0.18, 0.18, 0, -360), (0.68, 0.86)]],
}  # fmt: skip


def path(stroke: Sequence[Point]) -> list[Point]:
    """The points of a stroke and some between them, as a pen passes them."""
    points = [stroke[0]]
    for (x, y), (u, v) in pairwise(stroke):
        steps = range(1, BETWEEN + 1)
        points += [(x + (u - x) * k / BETWEEN, y + (v - y) * k / BETWEEN) for k in steps]
    return points


def on(pad: Locator) -> Callable[[Point], Point]:
    """From a place of the pad to one of the page's view."""
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    return lambda p: (box["x"] + p[0] * box["width"], box["y"] + p[1] * box["height"])


def by_mouse(page: Page, strokes: Strokes) -> None:
    """Draw on the page's pad with the mouse."""
    place = on(page.locator(".ft-pad"))
    for stroke in strokes:
        page.mouse.move(*place(stroke[0]))
        page.mouse.down()
        for point in path(stroke)[1:]:
            page.mouse.move(*place(point))
        page.mouse.up()


def by_finger(page: Page, strokes: Strokes) -> None:
    """Draw on the page's pad with a finger."""
    place = on(page.locator(".ft-pad"))
    session = page.context.new_cdp_session(page)

    def touch(kind: str, *points: Point) -> None:
        where = [dict(zip("xy", place(point), strict=True)) for point in points]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": where})

    for stroke in strokes:
        touch("touchStart", stroke[0])
        for point in path(stroke)[1:]:
            touch("touchMove", point)
        touch("touchEnd")
