"""What the scripts know of drawn faces: the genes with their words, and a photo to begin with."""

from __future__ import annotations

from typing import Any

import numpy as np

from facetoy.data.toyfaces import CONDITION, IDENTITY
from facetoy.views.shared.face_words import PARTS, UNSAID, scale

#: Genes whose sliders are in sight at once; the others wait under "more".
FIRST = {
    *("head width", "jaw", "hair length", "hair tone", "skin tone"),
    *("eye distance", "eye opening", "brow thickness", "nose length", "beard"),
    *("yaw", "pitch", "size", "light x", "brightness"),
    *("smile", "mouth opening", "glasses", "hat", "blur"),
}
#: A photo as in a passport. All other genes are 0.5.
PASSPORT = {
    **{"background": 0.9, "lids": 1.0, "smile": 0.3},
    **dict.fromkeys(("mouth opening", "glasses", "hat", "blur", "noise"), 0.0),
}


def _about(kind: dict[str, tuple[float, float]]) -> list[dict[str, Any]]:
    """What the script knows of each gene: its name, range and words, and whether it comes first."""
    return [
        {"name": name, "low": low, "high": high, "words": scale(name, low, high)}
        | {"first": name in FIRST}
        for name, (low, high) in kind.items()
    ]


def wording() -> dict[str, Any]:
    """``Wording`` in ``face_words.js``: the genes of people and photos, and their words."""
    kinds = {"person": _about(IDENTITY), "photo": _about(CONDITION)}
    return {"kinds": kinds, "unsaid": UNSAID, "parts": PARTS}


def rounded(rows: np.ndarray) -> np.ndarray:
    """Three decimals: short to send, and Python and the script draw from the very same numbers."""
    return rows.astype(float).round(3)


def passport() -> np.ndarray:
    """(len(CONDITION),) genes of a photo as in a passport."""
    return rounded(np.array([PASSPORT.get(name, 0.5) for name in CONDITION]))
