"""The picture at the top of the README: two trainings of one network, drawn by SphereView's still.

`python -m facetoy_book picture FILE` draws it.
"""

from __future__ import annotations

from pathlib import Path

import facetoy
from facetoy.files import replaced
from facetoy.views.shared.sides import side
from facetoy.views.shared.sphere_still import draw_still


def draw(path: Path, epochs: int = 60) -> None:
    """Train on the digits under softmax and under ArcFace, and draw both beside each other."""
    digits = facetoy.load("digits")
    softmax = facetoy.fit("softmax", digits, epochs=epochs)
    arcface = facetoy.fit("arcface", digits, m=0.5, epochs=epochs)
    picture = draw_still([side(softmax), side(arcface)], images=True)
    with replaced(path) as file:
        file.write(picture)
