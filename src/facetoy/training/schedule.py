"""What changes in the course of a training: the learning rate falls, the margin rises."""

import math
from collections.abc import Callable

from torch import nn


def cosine(part: float) -> float:
    """What the learning rate is multiplied with: from 1 down to 0 along half a wave."""
    return (1 + math.cos(math.pi * part)) / 2


def easing(head: nn.Module, warmup: float) -> Callable[[float], None]:
    """A function of the part of training that is over, which sets what eases the loss's start."""
    begins = getattr(head, "warmup", {})
    ends = {name: getattr(head, name) for name in begins}
    least = getattr(head, "lam", None)

    def ease(part: float) -> None:
        grown = min(1.0, part / warmup) if warmup else 1.0
        for name, begin in begins.items():
            setattr(head, name, begin + (ends[name] - begin) * grown)
        if hasattr(head, "annealing"):
            head.lam = max(least, head.annealing(part))

    return ease
