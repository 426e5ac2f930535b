"""What many functions ask of their arguments. (Losses import only torch, and have their own.)"""

from math import inf
from numbers import Integral, Real
from typing import Any

import numpy as np


def whole(name: str, value: int, low: int, high: int | None = None) -> int:
    """``value`` as an int; ValueError unless it is an integer from ``low`` to ``high``."""
    expected = f"of at least {low}" if high is None else f"from {low} to {high}"
    inside = isinstance(value, Integral) and not isinstance(value, bool) and value >= low
    if not inside or (high is not None and value > high):
        raise ValueError(f"{name} must be an integer {expected}, got {value!r}")
    return int(value)


def plain(value: Any) -> Any:
    """One number of NumPy or torch as Python's own, which can be written down; others as is."""
    return value.item() if getattr(value, "ndim", None) == 0 else value


def is_number(value: Any) -> bool:
    """Whether ``value`` is one finite real number, of Python, NumPy or torch; True is none."""
    value = plain(value)
    return isinstance(value, Real) and not isinstance(value, bool) and abs(value) < inf


def between(name: str, value: float, low: float, high: float, ends: str = "[]") -> float:
    """``value``; ValueError unless it is a number from ``low`` to ``high``.

    A round bracket in ``ends``, as in "(]", leaves out that end.
    """
    inside = is_number(value) and low <= value <= high
    if not inside or (ends[0] == "(" and value == low) or (ends[1] == ")" and value == high):
        raise ValueError(f"{name} must lie in {ends[0]}{low}, {high}{ends[1]}, got {value!r}")
    return value


def array(
    name: str, values: Any, shape: tuple[int | str, ...], dtype: str | None = None
) -> np.ndarray:
    """``values`` as an array; ValueError unless it has that shape, a letter for any length, and
    that ``dtype``, if one is given."""
    if np.ma.is_masked(values):
        raise ValueError(f"{name} must have no masked values, got {np.ma.count_masked(values)}")
    kind = f"be {dtype} of" if dtype else "have"
    expected = f"{name} must {kind} shape ({', '.join(map(str, shape))}{',' * (len(shape) == 1)})"
    try:
        found = np.asarray(values)
    except ValueError:  # rows of different lengths
        raise ValueError(f"{expected}, got rows that differ") from None
    fits = found.ndim == len(shape) and all(
        isinstance(s, str) or s == n for s, n in zip(shape, found.shape, strict=True)
    )
    if not fits or dtype not in (None, found.dtype):
        kind = f"{found.dtype} of shape " if dtype else ""
        raise ValueError(f"{expected}, got {kind}{found.shape}")
    return found


def finite(name: str, values: Any, shape: tuple[int | str, ...]) -> np.ndarray:
    """``array``, of real numbers that are all finite; ValueError for others."""
    found = array(name, values, shape)
    if found.size == 0 and found.dtype.kind not in "biuf":
        found = found.astype(np.float64)
    if found.dtype.kind not in "biuf":
        raise ValueError(f"{name} must be real numbers, got {found.dtype}")
    if not np.isfinite(found).all():
        raise ValueError(f"{name} must be finite, got {found[~np.isfinite(found)][0]}")
    return found
