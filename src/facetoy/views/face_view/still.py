"""The still picture behind a FaceView."""

from __future__ import annotations

import io

import numpy as np

from facetoy.data.toyfaces import draw


def draw_still(person: np.ndarray, photo: np.ndarray, others: np.ndarray) -> bytes:
    """PNG bytes of a large photo of a person and small ``others`` below it, on white."""
    from PIL import Image

    gap, edge = 6, 92
    large = draw(person[None], photo[None], 96)[0, 0].repeat(3, 0).repeat(3, 1)
    small = draw(person[None].repeat(len(others), 0), others, edge)[:, 0]
    page = np.ones((len(large) + len(others) // 3 * (edge + gap), len(large)), np.float32)
    page[: len(large)] = large
    for k, image in enumerate(small):
        top, left = len(large) + gap + k // 3 * (edge + gap), k % 3 * (edge + gap)
        page[top : top + edge, left : left + edge] = image
    out = io.BytesIO()
    Image.fromarray(np.rint(page * 255).astype(np.uint8)).save(out, "png", optimize=True)
    return out.getvalue()
