"""How the threshold slider counts: at which thresholds it stops, how many pairs each accepts."""

from __future__ import annotations

import math

import numpy as np

STEPS, GROUP = 400, 5  # of the slider, about as many at most; that many to a bar


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
