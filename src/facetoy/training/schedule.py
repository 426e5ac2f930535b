"""What changes in the course of a training: the learning rate falls, the margin rises."""

import math
from collections.abc import Callable, Mapping

from torch import nn


def cosine(part: float) -> float:
    """What the learning rate is multiplied with: from 1 down to 0 along half a wave."""
    return (1 + math.cos(math.pi * part)) / 2


def eased(
    loss: nn.Module | type[nn.Module], ends: Mapping[str, float], warmup: float, part: float
) -> dict[str, float]:
    """What eases the start of ``loss``, a module or its class, when this part of training is over.

    ``ends`` says where these settings end.
    """
    grown = min(1.0, part / warmup) if warmup else 1.0
    begins = getattr(loss, "warmup", {})
    now = {name: begin + (ends[name] - begin) * grown for name, begin in begins.items()}
    annealing = getattr(loss, "annealing", None)
    return now if annealing is None else {**now, "lam": max(ends["lam"], annealing(part))}


def easing(head: nn.Module, warmup: float) -> Callable[[float], None]:
    """A function of the part of training that is over, which sets what eases the loss's start."""
    ends = {n: getattr(head, n) for n in (*getattr(head, "warmup", {}), "lam") if hasattr(head, n)}

    def ease(part: float) -> None:
        for name, value in eased(head, ends, warmup, part).items():
            setattr(head, name, value)

    return ease
