"""ThresholdView: the scores of pairs, a threshold to drag, and the errors it makes as pictures."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from facetoy.faces.verification import FEWEST, Pairs
from facetoy.views.shared.palette import COLORS, INK
from facetoy.views.shared.widget import Picture

STEPS, GROUP = 400, 5  # of the slider, about as many at most; that many to a bar
WIDE, CLOSE, SHOWN = 10, 20, 4  # errors of each kind to choose from, see `candidates`; in sight
EDGE, COLUMNS = 64, 16  # pixels of the longer side of an image, at most; images in a row
SPRITE_BYTES = 100_000  # more, and all images are packed with fewer pixels
FARS = {"FAR 1 %": 0.01, "FAR 0.1 %": 0.001}


def round_step(span: float, most: int) -> tuple[float, int]:
    """The smallest 1, 2 or 5 times a power of ten that fits into ``span`` at most ``most`` times.

    Returned with its number of decimals.
    """
    power = math.floor(math.log10(span / most))
    steps = (factor * 10.0**power for factor in (1, 2, 5))
    return next((s for s in steps if span / s <= most), 10.0 ** (power + 1)), max(0, -power)


def thresholds(scores: np.ndarray) -> tuple[np.ndarray, int]:
    """(T,) round numbers, from one that accepts all scores (P,) to one that refuses all.

    Returned with their number of decimals. They have the type of the scores, as NumPy compares an
    array with a number: 0.7 accepts a float32 score of 0.7, which is 0.69999999.
    """
    if not np.issubdtype(scores.dtype, np.floating):
        scores = scores.astype(float)
    low, high = float(scores.min()), float(scores.max())
    step, digits = round_step(high - low or 1.0, STEPS)
    bar, slack = step * GROUP, 1e-4  # slack: a score on an edge may be rounded to either side
    first, last = math.floor(low / bar - slack), math.floor(high / bar + slack) + 1
    t = np.arange(first * GROUP, last * GROUP + 1) * step
    return np.round(t, digits).astype(scores.dtype), digits


def accepted(scores: np.ndarray, t: np.ndarray) -> np.ndarray:
    """(T,) how many of the scores (P,) lie at each threshold (T,) or above."""
    return len(scores) - np.searchsorted(np.sort(scores), t)


def candidates(scores: np.ndarray, low: float, high: float) -> np.ndarray:
    """Indices into scores (P,), rising: a few from end to end, more of them between low and high.

    The ends are errors at every threshold that has any. No score comes twice: most likely it would
    be the same pair again.
    """
    values, index = np.unique(scores, return_index=True)
    aims = [*np.linspace(values[0], values[-1], WIDE), *np.linspace(low, high, CLOSE)]
    ends = [*range(SHOWN), *range(len(values) - SHOWN, len(values))]
    chosen = [*np.searchsorted(values, aims), *ends]
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


def check(scores: np.ndarray, pairs: Pairs, images: np.ndarray, names: Sequence | None) -> None:
    """ValueError that names what does not fit together."""
    if scores.ndim != 1 or any(np.shape(part) != scores.shape for part in pairs):
        shapes = ", ".join(str(np.shape(part)) for part in pairs)
        raise ValueError(f"scores and pairs must be (P,), got {scores.shape} and {shapes}")
    if not np.isfinite(scores).all():
        k = int(np.argmin(np.isfinite(scores)))
        raise ValueError(f"scores must be finite, got {scores[k]} at {k}")
    if not 0 < np.sum(pairs.same) < len(scores):
        raise ValueError(f"both kinds of pairs are needed, got {pairs!r}")
    if images.ndim != 4 or images.shape[1] != 1 or 0 in images.shape:
        raise ValueError(f"images must be (N, 1, H, W), got {images.shape}")
    index = np.concatenate([pairs.first, pairs.second])
    if index.min() < 0 or index.max() >= len(images):
        wrong = index.min() if index.min() < 0 else index.max()
        raise ValueError(f"pairs must point into {len(images)} images, got {wrong}")
    if names is not None and len(names) != len(images):
        raise ValueError(f"names must be one for each of {len(images)} images, got {len(names)}")


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
    errors = {kind: at[candidates(scores[at], low, high)] for kind, at in kinds.items()}
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


def describe(meta: dict[str, Any]) -> str:
    """What the threshold to begin with does, in words."""
    start, all_same, all_other = meta["start"], *meta["totals"].values()
    false, refused = meta["counts"]["other"][start], all_same - meta["counts"]["same"][start]
    return (
        f"At threshold {meta['labels'][start]}: "
        f"accepts {false:,} of {all_other:,} pairs of two people ({false / all_other:.2%}), "
        f"refuses {refused:,} of {all_same:,} pairs of one person ({refused / all_same:.2%})."
    )


def draw_still(meta: dict[str, Any], title: str) -> bytes:
    """PNG bytes of the two histograms and the threshold to begin with, on white."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 3.6), dpi=100, layout="constrained")
    axes = figure.add_subplot()
    edges = np.arange(len(meta["bars"]["same"]) + 1)
    one, two = COLORS[:2]
    axes.stairs(meta["bars"]["same"], edges, fill=True, color=one, alpha=0.6, label="one person")
    axes.stairs(meta["bars"]["other"], edges, color=two, lw=2, label="two people")
    axes.axvline(meta["start"] / GROUP, color=INK)
    axes.set_title(title.replace(", refuses", ",\nrefuses"), fontsize=9, color=INK)
    axes.set(
        xlabel="score of a pair", ylabel="share of its pairs", xlim=(0, edges[-1]), ylim=(0, 1)
    )
    for axis, name in ((axes.xaxis, "x"), (axes.yaxis, "y")):
        places, labels = zip(*meta["ticks"][name], strict=True)
        axis.set_ticks(np.array(places) * (edges[-1] if name == "x" else 1), labels)
    axes.legend()
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()


class ThresholdView(Picture):
    """Histograms of the scores of pairs, a threshold to drag, and pairs that it gets wrong.

    Args:
        scores: (P,) of each pair, such as ``verification.cosine``; accepted from the threshold on.
        pairs: which images, and whether they show one person.
        images: (N, 1, H, W) in [0, 1], that ``pairs`` points into.
        names: (N,) who is in each image, to be shown with the errors.

    The threshold moves in round steps, whose counts are exact. Alive without a kernel. ValueError
    if scores, pairs, images and names do not fit together, or one kind of pairs is missing.
    """

    front_end = Path(__file__).with_suffix(".js")

    def __init__(
        self,
        scores: np.ndarray,
        pairs: Pairs,
        images: np.ndarray,
        *,
        names: Sequence[str] | None = None,
    ) -> None:
        scores, images = np.asarray(scores), np.asarray(images)
        first, second, same = map(np.asarray, pairs)
        pairs = Pairs(first, second, same.astype(bool))
        check(scores, pairs, images, names)
        meta, data = pack(scores, pairs, images, names)
        says = describe(meta)
        super().__init__(
            _meta=meta,
            _data=data,
            _still=draw_still(meta, says),
            _alt=f"Histograms of the scores of pairs of one person and of two people. {says}",
        )
