"""What many functions ask of their arguments. (Losses import only torch, and have their own.)"""

from numbers import Integral


def whole(name: str, value: int, low: int, high: int | None = None) -> int:
    """``value`` as an int; ValueError unless it is an integer from ``low`` to ``high``."""
    expected = f"of at least {low}" if high is None else f"from {low} to {high}"
    inside = isinstance(value, Integral) and not isinstance(value, bool) and value >= low
    if not inside or (high is not None and value > high):
        raise ValueError(f"{name} must be an integer {expected}, got {value!r}")
    return int(value)
