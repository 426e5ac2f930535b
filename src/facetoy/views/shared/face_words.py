"""What the values of genes are called, and a face in words; ``face_words.js`` says the same."""

from __future__ import annotations

import re

import numpy as np

from facetoy.data.toyfaces import CONDITION, IDENTITY

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
