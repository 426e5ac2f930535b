"""TripletView: one triplet to drag, with its loss and the pull on each of its points."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from facetoy.views.shared.widget import Picture
from facetoy.views.triplet_view.still import draw_still

START = {True: np.radians([90, 150, 60]), False: np.array([[-0.2, -0.3], [-0.9, 0.5], [0.5, 0.4]])}


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
