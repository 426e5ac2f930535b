"""What a ThresholdView sends to its script: counts, bars, ticks, errors and their images."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from facetoy.faces.verification import FEWEST, Pairs
from facetoy.views.threshold_view.counting import GROUP, accepted, round_step, thresholds

WIDE, CLOSE, SHOWN = 10, 10, 4  # errors of each kind to choose from, see `candidates`; in sight
EDGE, COLUMNS = 64, 16  # pixels of the longer side of an image, at most; images in a row
SPRITE_BYTES = 100_000  # more, and all images are packed with fewer pixels
FARS = {"FAR at most 1 %": 0.01, "FAR at most 0.1 %": 0.001}


def candidates(
    scores: np.ndarray, low: float, high: float, at: Sequence[float], above: bool
) -> np.ndarray:
    """Indices into scores (P,), rising: a few from end to end, more of them between low and high,
    and the nearest above (or below) each threshold in ``at``.

    The ends are errors at every threshold that has any. No score comes twice: most likely it would
    be the same pair again.
    """
    values, index = np.unique(scores, return_index=True)
    aims = [*np.linspace(values[0], values[-1], WIDE), *np.linspace(low, high, CLOSE)]
    ends = [*range(SHOWN), *range(len(values) - SHOWN, len(values))]
    first = np.searchsorted(values, at) - (0 if above else SHOWN)
    chosen = [*np.searchsorted(values, aims), *ends, *np.add.outer(first, range(SHOWN)).flat]
    return index[np.unique(np.clip(chosen, 0, len(values) - 1))]


def sprite(images: np.ndarray) -> tuple[bytes, list[int]]:
    """PNG of images (n, H, W) in [0, 1], in rows; and [height, width] of each in it."""
    from PIL import Image

    pixels = np.rint(np.clip(images, 0, 1) * 255).astype(np.uint8)
    longest = max(pixels.shape[1:])
    edge = min(EDGE, longest)
    while True:
        height, width = (max(1, round(n * edge / longest)) for n in pixels.shape[1:])
        page = Image.new("L", (COLUMNS * width, -(-len(pixels) // COLUMNS) * height))
        for k, image in enumerate(pixels):
            small = Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR)
            page.paste(small, (k % COLUMNS * width, k // COLUMNS * height))
        out = io.BytesIO()
        page.save(out, "png", optimize=True)
        if out.tell() <= SPRITE_BYTES or edge <= 16:
            return out.getvalue(), [height, width]
        edge = edge * 7 // 8


def label(value: float, digits: int) -> str:
    """The number with its decimals, and a minus rather than a hyphen."""
    return f"{value + 0.0:.{digits}f}".replace("-", "−")


def ticks(low: float, high: float, most: int) -> list[tuple[float, str]]:
    """(place in [0, 1], label) of the round numbers between two ends of an axis."""
    step, digits = round_step(high - low, most)
    k = np.arange(math.ceil(low / step - 1e-4), math.floor(high / step + 1e-4) + 1)
    return [(round(float((v - low) / (high - low)), 4), label(v, digits)) for v in k * step]


def pack(
    scores: np.ndarray, pairs: Pairs, images: np.ndarray, names: Sequence[str] | None
) -> tuple[dict[str, Any], bytes]:
    """What the script needs: thresholds, counts, bars and errors as JSON, and the images as PNG."""
    t, digits = thresholds(scores)
    kinds = {"same": np.flatnonzero(pairs.same), "other": np.flatnonzero(~pairs.same)}
    totals = {kind: len(at) for kind, at in kinds.items()}
    counts = {kind: accepted(scores[at], t) for kind, at in kinds.items()}
    tar, far = (counts[kind] / totals[kind] for kind in kinds)
    start = int(np.argmin(np.abs(far - (1 - tar))))
    rates = {name: far for name, far in FARS.items() if far * totals["other"] >= FEWEST}
    buttons = {name: int(np.argmax(far <= rate)) for name, rate in rates.items()}
    shares = {kind: -np.diff(n[::GROUP]) / totals[kind] for kind, n in counts.items()}
    top = 1.15 * max(bars.max() for bars in shares.values())  # leaves room for words

    # readers will look closely at thresholds with errors of both kinds
    low, high = scores[kinds["same"]].min(), scores[kinds["other"]].max()
    stops = t[[start, *buttons.values()]]
    errors = {
        kind: at[candidates(scores[at], low, high, stops, kind == "other")]
        for kind, at in kinds.items()
    }
    ends = np.stack([pairs.first, pairs.second], axis=1)
    shown = np.unique(ends[np.concatenate(list(errors.values()))])
    data, (height, width) = sprite(images[shown, 0])

    def about(k: int) -> dict[str, Any]:
        """One pair: the last step that accepts it, its score, its images, who they are."""
        who = [] if names is None else [str(names[i]) for i in ends[k]]
        step = int(np.searchsorted(t, scores[k], "right")) - 1
        # rounded down, so that 0.19999 does not look like a 0.2 that 0.2 refuses
        down = math.floor(float(scores[k]) * 10 ** (digits + 1)) / 10 ** (digits + 1)
        return {
            "step": step,
            "score": label(max(down, float(t[step])), digits + 1),
            "images": np.searchsorted(shown, ends[k]).tolist(),
            "names": list(dict.fromkeys(who)),
        }

    return {
        "labels": [label(float(v), digits) for v in t],
        "group": GROUP,
        "bars": {kind: np.round(bars / top, 5).tolist() for kind, bars in shares.items()},
        "ticks": {
            "x": ticks(float(t[0]), float(t[-1]), 8),
            "y": [(y, f"{n}\xa0%") for y, n in ticks(0, 100 * top, 5) if 0 < y < 0.9],
        },
        "counts": {kind: n.tolist() for kind, n in counts.items()},
        "totals": totals,
        "start": start,
        "buttons": {"Equal error rate": start, **buttons},
        "errors": {kind: [about(k) for k in at] for kind, at in errors.items()},
        "sprite": {"columns": COLUMNS, "height": height, "width": width},
        "shown": SHOWN,
    }, data
