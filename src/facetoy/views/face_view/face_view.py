"""FaceView: drawn faces with a slider for each gene of a person and of a photo."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import numpy as np

from facetoy.checks import whole
from facetoy.data.toyfaces import CONDITION, IDENTITY, draw, genes
from facetoy.views.shared.widget import Picture

PEOPLE = 1_000_000  # of one seed: all before the one shown are drawn as well
PHOTOS = 6  # small ones, below the large one
#: Gene → what to call its values, from the lowest to the highest. Between two words come "very"
#: and "medium"; "none" stands for the values up to 0, where nothing is drawn.
WORDS = {
    "head width": ("narrow", "wide"),
    "head height": ("short", "long"),
    "jaw": ("broad", "pointed"),
    "ear size": ("small", "large"),
    "ear height": ("low", "high"),
    "hair volume": ("flat", "full"),
    "hair length": ("short", "half-long", "long"),
    "hairline": ("low", "high"),
    "parting": ("left", "middle", "right"),
    "hair tone": ("dark", "fair"),
    "skin tone": ("dark", "light"),
    "eye distance": ("close-set", "wide-set"),
    "eye height": ("low", "high"),
    "eye width": ("small", "large"),
    "eye opening": ("narrow", "round"),
    "eye tilt": ("drooping", "level", "rising"),
    "iris tone": ("dark", "light"),
    "brow gap": ("low", "high"),
    "brow length": ("short", "long"),
    "brow thickness": ("thin", "thick"),
    "brow tilt": ("drooping", "level", "rising"),
    "nose length": ("short", "long"),
    "nose width": ("narrow", "wide"),
    "mouth height": ("low", "high"),
    "mouth width": ("narrow", "wide"),
    "lip thickness": ("thin", "full"),
    "mouth curve": ("downward", "level", "upward"),
    "beard": ("none", "faint", "full"),
    "mole x": ("left", "middle", "right"),
    "mole y": ("low", "high"),
    "shift x": ("left", "middle", "right"),
    "shift y": ("low", "middle", "high"),
    "size": ("small", "large"),
    "roll": ("right", "upright", "left"),
    "yaw": ("far left", "left", "straight", "right", "far right"),
    "pitch": ("far down", "down", "straight", "up", "far up"),
    "light x": ("left", "front", "right"),
    "light y": ("below", "front", "above"),
    "brightness": ("dark", "bright"),
    "contrast": ("weak", "strong"),
    "background": ("dark", "light"),
    "smile": ("none", "faint", "broad"),
    "mouth opening": ("none", "small", "wide"),
    "lids": ("half shut", "relaxed", "open"),
    "gaze": ("left", "straight", "right"),
    "brow raise": ("lowered", "level", "raised"),
    "glasses": ("none", "clear", "tinted", "dark"),
    "hat": ("none", "on"),
    "hat tone": ("dark", "light"),
    "blur": ("sharp", "soft", "blurred"),
    "noise": ("clean", "grainy", "noisy"),
}
#: Words that go without saying in a description.
UNSAID = ("medium", "none", "straight", "front")
#: What a description consists of; a part whose genes all go without saying is left out.
PARTS = (
    "{head width} head",
    "{jaw} chin",
    "{hair tone} {hair length} hair",
    "{skin tone} skin",
    "{eye distance} {eye opening} eyes",
    "{brow thickness} brows",
    "{nose length} nose",
    "{beard} beard",
    "turned {yaw}",
    "looking {pitch}",
    "light from {light x}",
    "{smile} smile",
    "{glasses} glasses",
    "hat {hat}",
)
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


def scale(name: str, low: float, high: float) -> list[tuple[float, str]]:
    """(gene up to which it holds, word) for the words of one gene, the last of them up to 1."""
    words = WORDS[name]
    zero = -low / (high - low)
    if words[0] == "none":
        steps = [zero, *np.linspace(zero, 1, len(words))[1:]]
    else:
        if len(words) == 2:
            words = (f"very {words[0]}", words[0], "medium", words[1], f"very {words[1]}")
        steps = np.linspace(0, 1, len(words) + 1)[1:]
    return [(round(float(step), 3), word) for step, word in zip(steps, words, strict=True)]


def about(kind: dict[str, tuple[float, float]]) -> list[dict[str, Any]]:
    """What the script knows of each gene: its name, range and words, and whether it comes first."""
    return [
        {"name": name, "low": low, "high": high, "words": scale(name, low, high)}
        | {"first": name in FIRST}
        for name, (low, high) in kind.items()
    ]


def describe(person: np.ndarray, photo: np.ndarray) -> str:
    """The face in words, for readers who cannot see it; as the script says it."""
    said = {}
    for kind, row in ((IDENTITY, person), (CONDITION, photo)):
        for (name, (low, high)), value in zip(kind.items(), row, strict=True):
            word = next(word for up_to, word in scale(name, low, high) if value <= up_to)
            said[name] = "" if word in UNSAID else word
    parts = []
    for part in PARTS:
        if any(said[name] for name in re.findall(r"\{(.+?)\}", part)):
            parts.append(" ".join(part.format_map(said).split()))
    return "Drawn face: " + ", ".join(parts)


def rounded(rows: np.ndarray) -> np.ndarray:
    """Three decimals: short to send, and Python and the script draw from the very same numbers."""
    return rows.astype(float).round(3)


def draw_still(person: np.ndarray, photo: np.ndarray, others: np.ndarray) -> bytes:
    """PNG bytes of a large photo of a person and small ``others`` below it, on white."""
    from PIL import Image

    gap, edge = 6, 92
    large = draw(person[None], photo[None], 96)[0, 0].repeat(3, 0).repeat(3, 1)
    small = draw(person[None].repeat(PHOTOS, 0), others, edge)[:, 0]
    page = np.ones((len(large) + PHOTOS // 3 * (edge + gap), len(large)), np.float32)
    page[: len(large)] = large
    for k, image in enumerate(small):
        top, left = len(large) + gap + k // 3 * (edge + gap), k % 3 * (edge + gap)
        page[top : top + edge, left : left + edge] = image
    out = io.BytesIO()
    Image.fromarray(np.rint(page * 255).astype(np.uint8)).save(out, "png", optimize=True)
    return out.getvalue()


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
