"""Toy faces: drawn heads of people who do not exist, as many as one likes.

A person is a row of numbers in [0, 1], one for each entry of ``IDENTITY``; a photo adds a row for
each entry of ``CONDITION``: pose, light, expression, glasses, hat, blur and noise. ``draw`` turns
the two into grey images, all of them at once.

The same seed gives the same bytes on every machine: random numbers are raw bits, and pixels need
nothing but addition, multiplication, division and square roots, which every processor rounds alike.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from facetoy.checks import finite, whole

#: What belongs to a person, as name → lowest and highest value. Lengths are in half image widths.
IDENTITY = {
    "head width": (0.46, 0.66),
    "head height": (0.60, 0.76),
    "jaw": (0.05, 0.45),
    "ear size": (0.07, 0.15),
    "ear height": (-0.12, 0.14),
    "hair volume": (0.02, 0.20),
    "hair length": (-0.20, 0.85),
    "hairline": (0.26, 0.52),
    "parting": (-0.9, 0.9),
    "hair tone": (0.02, 0.55),
    "skin tone": (0.55, 0.88),
    "eye distance": (0.17, 0.31),
    "eye height": (0.00, 0.20),
    "eye width": (0.075, 0.135),
    "eye opening": (0.035, 0.085),
    "eye tilt": (-0.30, 0.30),
    "iris tone": (0.00, 0.35),
    "brow gap": (0.09, 0.19),
    "brow length": (0.09, 0.18),
    "brow thickness": (0.012, 0.050),
    "brow tilt": (-0.35, 0.35),
    "nose length": (0.16, 0.36),
    "nose width": (0.05, 0.15),
    "mouth height": (-0.46, -0.28),
    "mouth width": (0.11, 0.29),
    "lip thickness": (0.014, 0.055),
    "mouth curve": (-0.10, 0.10),
    "beard": (-0.7, 0.7),
    "mole x": (-0.40, 0.40),
    "mole y": (-0.55, 0.10),
}
#: What changes from photo to photo, as name → lowest and highest value.
CONDITION = {
    "shift x": (-0.07, 0.07),
    "shift y": (-0.07, 0.07),
    "size": (0.92, 1.08),
    "roll": (-0.06, 0.06),  # tan of half the angle
    "yaw": (-0.7, 0.7),
    "pitch": (-0.6, 0.6),
    "light x": (-0.20, 0.20),
    "light y": (-0.14, 0.14),
    "brightness": (-0.08, 0.08),
    "contrast": (0.80, 1.15),
    "background": (0.05, 0.95),
    "smile": (-0.08, 0.18),
    "mouth opening": (-0.05, 0.07),
    "lids": (0.45, 1.00),
    "gaze": (-1.0, 1.0),
    "brow raise": (-0.03, 0.05),
    "glasses": (-0.8, 0.2),  # worn above 0, the larger the darker
    "hat": (-0.9, 0.1),  # worn above 0
    "hat tone": (0.05, 0.90),
    "blur": (0.0, 0.6),
    "noise": (0.0, 0.06),
}
Values = dict[str, np.ndarray]  # of genes, by their names: (N, 1, 1) float32
CHUNK = 128  # images drawn at a time, so that they stay in the processor's cache


def _bits(seed: tuple[int, ...], count: int) -> np.ndarray:
    """``count`` random uint64, the same on every machine for the same seed."""
    return np.random.PCG64(np.random.SeedSequence(seed)).random_raw(count).astype("<u8")


def genes(count: int, kind: dict[str, tuple[float, float]], seed: tuple[int, ...]) -> np.ndarray:
    """(count, len(kind)) float32 in [0, 1): one random row for each person or photo."""
    bits = _bits(seed, count * len(kind)) >> np.uint64(40)
    return (bits.astype(np.float32) / np.float32(2**24)).reshape(count, len(kind))


def draw(
    identity: np.ndarray, condition: np.ndarray, size: int = 32, noise_seed: int = 0
) -> np.ndarray:
    """Grey images (N, 1, size, size) float32 in [0, 1], in steps of 1/255.

    Args:
        identity: (N, len(IDENTITY)) numbers in [0, 1].
        condition: (N, len(CONDITION)) numbers in [0, 1].
        size: height and width, at least 8.
        noise_seed: of the pixels' noise.
    """
    identity = finite("identity", identity, ("N", len(IDENTITY)))
    condition = finite("condition", condition, ("N", len(CONDITION)))
    if len(identity) != len(condition):
        raise ValueError(
            f"identity and condition must have the same length, got {len(identity)} "
            f"and {len(condition)}"
        )
    size = whole("size", size, 8)
    out = np.empty((len(identity), 1, size, size), np.float32)
    grain = _bits((noise_seed, 3), -(-out.size // 8)).view(np.uint8)[: out.size]
    grain = grain.reshape(out.shape)
    parts = [slice(start, start + CHUNK) for start in range(0, len(out), CHUNK)]

    def fill(part: slice) -> None:
        _draw(identity[part], condition[part], grain[part, 0], out[part, 0])

    with ThreadPoolExecutor(os.cpu_count()) as threads:
        list(threads.map(fill, parts))
    return out


def _values(rows: np.ndarray, kind: dict[str, tuple[float, float]]) -> Values:
    """The genes, stretched to their ranges."""
    rows = np.asarray(rows, np.float32)[:, :, None, None]
    return {
        name: np.float32(low) + np.float32(high - low) * rows[:, k]
        for k, (name, (low, high)) in enumerate(kind.items())
    }


class _Pixels:
    """The pixels of n photos: where they lie, (n, size, size) or what broadcasts to it, and what
    has been painted on them."""

    def __init__(self, out: np.ndarray, p: Values, c: Values) -> None:
        self.out = out
        self.half = np.float32(out.shape[-1] / 2)
        line = (np.arange(out.shape[-1], dtype=np.float32) + np.float32(0.5)) / self.half
        line -= np.float32(1)
        # the pose: from the pixels to the head, and from the head to what lies in front of it
        t = c["roll"]
        cos, sin = (1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)
        gx, gy = line[None, None, :] - c["shift x"], -line[None, :, None] - c["shift y"]
        self.X, self.Y = (cos * gx + sin * gy) / c["size"], (cos * gy - sin * gx) / c["size"]
        yaw, pitch = c["yaw"], c["pitch"]
        self.x = (self.X - np.float32(0.17) * yaw) / (1 - np.float32(0.18) * yaw * yaw)
        self.y = self.Y - np.float32(0.10) * pitch
        self.side = np.abs(self.x)
        self.eye_x, self.eye_y = self.side - p["eye distance"], self.y - p["eye height"]
        self.skin = p["skin tone"] + c["light x"] * self.X + c["light y"] * self.Y
        out[:] = c["background"]

    def cover(self, distance: np.ndarray) -> np.ndarray:
        """1 inside, 0 outside, with an edge of one pixel; from a distance to the border."""
        return np.clip(np.float32(0.5) - distance * self.half, 0, 1)

    def paint(self, alpha: np.ndarray, tone: np.ndarray | np.float32) -> None:
        np.add(self.out, alpha * (tone - self.out), out=self.out)


def _ellipse(x: np.ndarray, y: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Distance to an ellipse with half axes a and b, negative inside."""
    x, y = x / a, y / b
    return (np.sqrt(x * x + y * y) - 1) * np.minimum(a, b)


def _behind_the_head(at: _Pixels, p: Values, c: Values) -> None:
    """Hair, neck, ears."""
    X, Y, skin = at.X, at.Y, at.skin
    w, h, hair, volume = p["head width"], p["head height"], p["hair tone"], p["hair volume"]
    long = np.maximum(np.abs(X) - w - volume, np.maximum(Y - h, -p["hair length"] - Y))
    at.paint(at.cover(long * (p["hair length"] > 0) + (p["hair length"] <= 0)), hair)
    at.paint(at.cover(_ellipse(X, Y - np.float32(0.05), w + volume, h + volume)) * (Y > 0), hair)
    neck = np.maximum(np.abs(X) - np.float32(0.24), Y + np.float32(0.4))
    at.paint(at.cover(neck), skin * 0.85)
    ear = p["ear size"]
    at.paint(at.cover(_ellipse(np.abs(X) - w, Y - p["ear height"], ear, ear * 1.5)), skin * 0.9)


def _the_head(at: _Pixels, p: Values, c: Values) -> None:
    """The head, its jaw, the beard, the hair above the forehead."""
    X, Y, x, y = at.X, at.Y, at.x, at.y
    w, h, hair = p["head width"], p["head height"], p["hair tone"]
    narrow = 1 - p["jaw"] * np.clip(-Y / h, 0, 1)
    head = at.cover(_ellipse(X / narrow, Y, w, h))
    at.paint(head, at.skin)
    beard = np.clip(p["beard"], 0, 1)
    chin = at.cover(np.maximum(y - p["mouth height"] - 0.08, 0.5 * at.side - 0.22)) * head
    at.paint(chin * beard, hair)
    top = p["hairline"] + p["parting"] * np.float32(0.35) * x - np.float32(0.25) * x * x
    at.paint(at.cover(top - y) * at.cover(_ellipse(X, Y, w, h)), hair)


def _eyes_and_brows(at: _Pixels, p: Values, c: Values) -> None:
    eye_x, eye_y = at.eye_x, at.eye_y
    tilted = eye_y - p["eye tilt"] * eye_x
    opening = p["eye opening"] * c["lids"]
    eye = at.cover(_ellipse(eye_x, tilted, p["eye width"], opening))
    at.paint(eye, np.float32(0.97))
    signed = np.where(at.x > 0, eye_x, -eye_x) - c["gaze"] * p["eye width"] * np.float32(0.4)
    iris = p["eye opening"] * np.float32(1.05)
    at.paint(at.cover(_ellipse(signed, eye_y, iris, iris)) * eye, p["iris tone"])
    lash = np.maximum(np.abs(eye_x) - p["eye width"], np.abs(tilted - opening) - np.float32(0.014))
    at.paint(at.cover(lash), np.float32(0.12))
    brow_y = eye_y - p["brow gap"] - c["brow raise"] - p["brow tilt"] * eye_x
    brow = np.maximum(np.abs(eye_x) - p["brow length"], np.abs(brow_y) - p["brow thickness"])
    at.paint(at.cover(brow), p["hair tone"] * 0.8)


def _nose_mouth_and_mole(at: _Pixels, p: Values, c: Values) -> None:
    x, y, skin, dot = at.x, at.y, at.skin, np.zeros_like(p["mole x"])
    nose_y = p["eye height"] - p["nose length"]
    bridge = np.maximum(np.abs(x - np.float32(0.03)) - 0.018, np.abs(y - nose_y / 2) + nose_y / 2)
    at.paint(at.cover(bridge) * np.float32(0.25), skin * 0.5)
    tip = at.cover(_ellipse(x, y - nose_y, p["nose width"], np.float32(0.035) + dot))
    at.paint(tip * np.float32(0.6), skin * 0.55)
    mouth = p["mouth width"] * (1 + c["smile"])
    across = x / mouth
    curve = (p["mouth curve"] + c["smile"]) * np.float32(0.35) * (across * across - 1)
    mouth_y = y - p["mouth height"] - curve
    lips = p["lip thickness"] * np.clip(np.float32(1.15) - across * across, 0, 1)
    opened = np.clip(c["mouth opening"], 0, 1) * np.clip(1 - across * across, 0, 1)
    ends = at.side - mouth
    at.paint(at.cover(np.maximum(np.abs(mouth_y) - lips - opened, ends)), skin * 0.45)
    at.paint(at.cover(np.maximum(np.abs(mouth_y) - opened, ends)), np.float32(0.08))
    mole = _ellipse(x - p["mole x"], y - p["mole y"], 0.028 + dot, 0.028 + dot)
    at.paint(at.cover(mole), skin * 0.3)


def _glasses_and_hat(at: _Pixels, p: Values, c: Values) -> None:
    X, Y, eye_x, eye_y, dot = at.X, at.Y, at.eye_x, at.eye_y, np.zeros_like(c["glasses"])
    worn = (c["glasses"] > 0).astype(np.float32)
    rim = np.abs(_ellipse(eye_x, eye_y, np.float32(0.17) + dot, np.float32(0.13) + dot)) - 0.016
    bar = np.maximum(at.side - p["eye distance"] + 0.17, np.abs(eye_y) - 0.014)
    at.paint(at.cover(np.minimum(rim, bar)) * worn, np.float32(0.08))
    inside = at.cover(_ellipse(eye_x, eye_y, np.float32(0.16) + dot, np.float32(0.12) + dot))
    at.paint(inside * worn * np.clip(c["glasses"] * 4, 0, np.float32(0.7)), np.float32(0.15))
    hat = np.maximum(np.abs(X) - p["head width"] - 0.08, 0.38 - Y)
    brim = np.maximum(np.abs(X) - p["head width"] - 0.24, np.abs(Y - 0.38) - 0.04)
    at.paint(at.cover(np.minimum(hat, brim)) * (c["hat"] > 0), c["hat tone"])


def _take_photos(out: np.ndarray, c: Values, grain: np.ndarray) -> None:
    """What the camera makes of images: light, blur and noise."""
    out -= np.float32(0.5)
    out *= c["contrast"]
    out += c["brightness"] + np.float32(0.5)
    wide = np.pad(out, ((0, 0), (1, 1), (1, 1)), mode="edge")
    around = wide[:, :-2, 1:-1] + wide[:, 2:, 1:-1] + wide[:, 1:-1, :-2] + wide[:, 1:-1, 2:]
    out += c["blur"] * (around / 4 - out)
    out += c["noise"] * ((grain.astype(np.float32) - np.float32(127.5)) / np.float32(127.5))
    np.clip(out, 0, 1, out=out)
    np.rint(out * 255, out=out)
    out /= np.float32(255)


#: What is painted over what came before.
_LAYERS = (_behind_the_head, _the_head, _eyes_and_brows, _nose_mouth_and_mole, _glasses_and_hat)


def _draw(identity: np.ndarray, condition: np.ndarray, grain: np.ndarray, out: np.ndarray) -> None:
    """Draw one chunk into ``out`` (n, size, size)."""
    p, c = _values(identity, IDENTITY), _values(condition, CONDITION)
    at = _Pixels(out, p, c)
    for layer in _LAYERS:
        layer(at, p, c)
    _take_photos(out, c, grain)
