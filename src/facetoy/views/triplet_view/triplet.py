"""One triplet as arithmetic: its loss, and its gradient; ``triplet.js`` in the page."""

from __future__ import annotations

import numpy as np


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
