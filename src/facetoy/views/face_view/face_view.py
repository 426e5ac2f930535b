"""FaceView: drawn faces with a slider for each gene of a person and of a photo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from facetoy.checks import whole
from facetoy.data.toyfaces import CONDITION, IDENTITY, genes
from facetoy.views.face_view.still import draw_still
from facetoy.views.face_view.words import PARTS, UNSAID, describe, scale
from facetoy.views.shared.widget import Picture

PEOPLE = 1_000_000  # of one seed: all before the one shown are drawn as well
PHOTOS = 6  # small ones, below the large one
#: Genes whose sliders are in sight at once; the others wait under "more".
FIRST = {
    *("head width", "jaw", "hair length", "hair tone", "skin tone"),
    *("eye distance", "eye opening", "brow thickness", "nose length", "beard"),
    *("yaw", "pitch", "size", "light x", "brightness"),
    *("smile", "mouth opening", "glasses", "hat", "blur"),
}
#: The large photo to begin with: as in a passport. All other genes are 0.5.
PASSPORT = {
    **{"background": 0.9, "lids": 1.0, "smile": 0.3},
    **dict.fromkeys(("mouth opening", "glasses", "hat", "blur", "noise"), 0.0),
}


def about(kind: dict[str, tuple[float, float]]) -> list[dict[str, Any]]:
    """What the script knows of each gene: its name, range and words, and whether it comes first."""
    return [
        {"name": name, "low": low, "high": high, "words": scale(name, low, high)}
        | {"first": name in FIRST}
        for name, (low, high) in kind.items()
    ]


def rounded(rows: np.ndarray) -> np.ndarray:
    """Three decimals: short to send, and Python and the script draw from the very same numbers."""
    return rows.astype(float).round(3)


class FaceView(Picture):
    """A drawn face with a slider for each gene, and six other photos of the same person below it.

    Args:
        identity: which person to begin with; in ``facetoy.load("toyfaces", seed=seed)`` the class.
        seed: of the people, and of all that the buttons draw.

    Genes are those of ``facetoy.data.toyfaces``, in [0, 1]. Alive without a kernel. ValueError if
    ``identity`` is not an integer from 0 to 999,999 or ``seed`` not one of at least 0.
    """

    front_end = Path(__file__).with_suffix(".js")

    def __init__(self, identity: int = 0, seed: int = 0) -> None:
        identity, seed = whole("identity", identity, 0, PEOPLE - 1), whole("seed", seed, 0)
        person = rounded(genes(identity + 1, IDENTITY, (seed, 1))[-1])
        photo = rounded(np.array([PASSPORT.get(name, 0.5) for name in CONDITION]))
        others = rounded(genes(PHOTOS, CONDITION, (seed, 4, identity)))
        super().__init__(
            _meta={
                "kinds": {"person": about(IDENTITY), "photo": about(CONDITION)},
                "unsaid": UNSAID,
                "parts": PARTS,
                "person": person.tolist(),
                "photo": photo.tolist(),
                "others": others.tolist(),
                "seed": (seed * PEOPLE + identity) % 2**32,
            },
            _still=draw_still(person, photo, others),
            _alt=f"{describe(person, photo)}. Below it six other photos of the same person.",
        )
