"""What a training uses of a loss besides its value. An attribute that has one of these names, but
not the right kind and shape, is the loss's own affair and is let alone."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn


def taking(function: Any, *args: Any) -> Callable | None:
    """``function`` if it is one that can be called with ``args``, else None."""
    try:
        inspect.signature(function).bind(*args)
    except (TypeError, ValueError):
        return None
    return function


def size(loss: nn.Module, name: str, default: int) -> int:
    """``in_features`` or ``num_classes``; the default where the loss has no such number."""
    value = getattr(loss, name, None)
    fits = isinstance(value, Integral) and not isinstance(value, bool) and value > 0
    return int(value) if fits else default


def per_class(loss: nn.Module, num_classes: int, dim: int) -> dict[str, Tensor]:
    """``weight`` and ``centers``, those that are tensors (C, d) of floating point."""
    found = {name: getattr(loss, name, None) for name in ("weight", "centers")}
    return {
        name: value
        for name, value in found.items()
        if isinstance(value, Tensor)
        and value.is_floating_point()
        and value.shape == (num_classes, dim)
    }


def scores(loss: nn.Module, features: Tensor, num_classes: int) -> Tensor | None:
    """The scores (N, C) that ``logits`` gives to features (N, d) alone; None if it does not."""
    logits = taking(getattr(loss, "logits", None), features)
    found = None if logits is None else logits(features)
    fits = isinstance(found, Tensor) and found.shape == (len(features), num_classes)
    return found if fits else None


def update(loss: nn.Module) -> Callable[[Tensor, Tensor], Any] | None:
    """``update``, what wants the features (N, d) and labels (N,) of each step."""
    return taking(getattr(loss, "update", None), torch.empty(0), torch.empty(0))


def normalized(loss: nn.Module) -> bool:
    """Whether the loss compares directions: so unless its ``normalize`` is False."""
    value = getattr(loss, "normalize", True)
    return bool(value) if isinstance(value, bool | np.bool_) else True


def begins(loss: nn.Module | type[nn.Module]) -> Mapping[str, float]:
    """``warmup``, where settings begin that grow in early training."""
    found = getattr(loss, "warmup", None)
    return found if isinstance(found, Mapping) and all(map(is_setting, found.values())) else {}


def annealing(loss: nn.Module | type[nn.Module]) -> Callable[[float], float] | None:
    """``annealing``, what says how ``lam`` falls."""
    return taking(getattr(loss, "annealing", None), 0.0)


def is_setting(value: Any) -> bool:
    """Whether a training may set what has this value to another number."""
    return isinstance(value, Real) and not isinstance(value, bool)
