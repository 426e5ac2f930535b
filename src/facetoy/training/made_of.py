"""What makes a training, in words: whatever changes the rest of it if it is changed."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from enum import Enum
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from facetoy.training.arguments import called
from facetoy.training.recording import Training, as_array

PARTS = 200  # of a training, at which its decay is told


def made_of(training: Training, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Data, model, loss, optimiser and decay of a training that has not begun, as plain values.

    A function in a setting is its name, but for the decay, which is what it gives. Parameters are
    no part of it: they may be drawn anew for the same call.
    """
    found = {"data": training.images.data.checksum(), "optimizer": type(optimizer).__qualname__}
    found |= _modules("model", training.net) | _modules("the loss", training.head)
    found |= {f"the loss's {name}": _checksum(v) for name, v in training.head.named_buffers()}
    for i, group in enumerate(optimizer.param_groups):
        words = {k: _word(v) for k, v in group.items()}
        words["params"] = ", ".join(map(_shape, group["params"]))
        found |= {f"optimizer, group {i}: {k}": word for k, word in words.items()}
    parts = (k / PARTS for k in range(PARTS))
    return found | {f"decay({part:g})": round(training.plan.factor(part), 9) for part in parts}


def _modules(name: str, module: nn.Module) -> dict[str, str]:
    """Each module in ``module``: its class, its public attributes of plain kinds, its shapes."""
    found = {}
    for path, m in module.named_modules():
        words = {k: _word(v) for k, v in vars(m).items() if k[0] != "_" and k != "training"}
        words |= {k: _shape(p) for k, p in m.named_parameters(recurse=False)}
        shown = ", ".join(f"{k}={word}" for k, word in words.items() if word is not None)
        found[f"{name}.{path}".rstrip(".")] = f"{type(m).__qualname__}({shown})"
    return found


def _word(value: Any) -> str | None:
    """A setting as a word; None for what has no word that is the same each time."""
    if isinstance(value, Tensor | np.ndarray | np.generic):
        return _word(value.item()) if value.ndim == 0 else None
    if isinstance(value, list | tuple):
        return f"({', '.join(map(str, map(_word, value)))})"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{k}: {_word(v)}' for k, v in value.items())}}}"
    if isinstance(value, bool | int | float | str | Enum | torch.dtype | torch.device | None):
        return repr(value)
    return called(value) if isinstance(value, Callable) else None


def _shape(value: Tensor) -> str:
    return f"{value.dtype} {tuple(value.shape)}".removeprefix("torch.")


def _checksum(value: Tensor) -> int:
    return zlib.crc32(np.ascontiguousarray(as_array(value)))
