"""FaceView: drawn faces with a slider for each gene of a person and of a photo."""

from __future__ import annotations

from pathlib import Path

from facetoy.checks import whole
from facetoy.data.toyfaces import CONDITION, IDENTITY, genes
from facetoy.views.face_view.still import draw_still
from facetoy.views.shared.face_words import describe
from facetoy.views.shared.genes import passport, rounded, wording
from facetoy.views.shared.widget import Picture

PEOPLE = 1_000_000  # of one seed: all before the one shown are drawn as well
PHOTOS = 6  # small ones, below the large one


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
        photo = passport()
        others = rounded(genes(PHOTOS, CONDITION, (seed, 4, identity)))
        super().__init__(
            _meta={
                **wording(),
                "person": person.tolist(),
                "photo": photo.tolist(),
                "others": others.tolist(),
                "seed": (seed * PEOPLE + identity) % 2**32,
            },
            _still=draw_still(person, photo, others),
            _alt=f"{describe(person, photo)}. Below it six other photos of the same person.",
        )
