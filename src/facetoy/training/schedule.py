"""What changes in the course of a training: the learning rate falls, the margin rises."""

import math
from collections.abc import Callable, Mapping

from torch import nn

from facetoy.training.contract import annealing, begins, is_setting


def cosine(part: float) -> float:
    """What the learning rate is multiplied with: from 1 down to 0 along half a wave."""
    return (1 + math.cos(math.pi * part)) / 2


def eased(
    loss: nn.Module | type[nn.Module], ends: Mapping[str, float], warmup: float, part: float
) -> dict[str, float]:
    """What eases the start of ``loss``, a module or its class, when this part of training is over.

    ``ends`` says where these settings end; one that it does not name is let alone.
    """
    return _easing(loss, ends, warmup)(part)


def easing(head: nn.Module, warmup: float) -> Callable[[float], None]:
    """A function of the part of training that is over, which sets what eases the loss's start."""
    found = {name: getattr(head, name, None) for name in (*begins(head), "lam")}
    ends = {name: value for name, value in found.items() if is_setting(value)}
    now = _easing(head, ends, warmup)

    def ease(part: float) -> None:
        for name, value in now(part).items():
            setattr(head, name, value)

    return ease


def _easing(
    loss: nn.Module | type[nn.Module], ends: Mapping[str, float], warmup: float
) -> Callable[[float], dict[str, float]]:
    """What ``eased`` returns, as a function of the part of training that is over."""
    grow = {name: begin for name, begin in begins(loss).items() if name in ends}
    falls = annealing(loss) if "lam" in ends else None

    def now(part: float) -> dict[str, float]:
        grown = min(1.0, part / warmup) if warmup else 1.0
        found = {name: begin + (ends[name] - begin) * grown for name, begin in grow.items()}
        return found if falls is None else {**found, "lam": max(ends["lam"], falls(part))}

    return now
