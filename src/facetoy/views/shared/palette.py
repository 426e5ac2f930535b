"""Ten colours and four marker shapes, the same in every picture of the book.

The colours keep a contrast of 3:1 on a white and on a dark page. Some come close to each other
for readers with a colour deficiency, but never two that share a shape.
"""

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


def color(index: int) -> str:
    """Hex colour of class ``index``; after the tenth class they start again."""
    return COLORS[index % len(COLORS)]


def marker(index: int) -> str:
    """Shape of class ``index``: circle, square, triangle or diamond."""
    return MARKERS[index % len(MARKERS)]
