"""Ten colours and four marker shapes, the same in every picture of the book.

The colours keep a contrast of 3:1 on a white and on a dark page. Some come close to each other
for readers with a colour deficiency, but never two that share a shape.
"""

from collections.abc import Sequence

COLORS = (
    "#2776d1",  # blue
    "#e0781c",  # orange
    "#0a7e39",  # green
    "#c33729",  # red
    "#9849af",  # purple
    "#2da2a2",  # teal
    "#c96b80",  # rose
    "#e46aa8",  # pink
    "#666f82",  # slate
    "#7f9e47",  # moss
)
MARKERS = (
    "circle",
    "square",
    "triangle",
    "circle",
    "triangle",
    "diamond",
    "circle",
    "triangle",
    "square",
    "diamond",
)
INK, LINE = "#27303f", "#8a94a6"  # of still pictures


def places(names: Sequence[str]) -> list[int]:
    """Which colour and shape each class has, by the names of all of a picture's classes.

    The digits "0" to "9" keep theirs in every order and selection; other names take them in turn.
    """
    digits = set(map(str, range(len(COLORS))))
    return [int(name) for name in names] if digits.issuperset(names) else list(range(len(names)))


def color(index: int) -> str:
    """Hex colour number ``index``; after the tenth they start again."""
    return COLORS[index % len(COLORS)]


def marker(index: int) -> str:
    """Shape number ``index``: circle, square, triangle or diamond."""
    return MARKERS[index % len(MARKERS)]
