"""What losses need where several processes train: to err as one, and to know who wraps them."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.modules.module import register_module_module_registration_hook

# What one rank's error becomes on all of them: the first of these that it is.
KINDS = (
    ValueError, TypeError, FileNotFoundError, NotADirectoryError, PermissionError, OSError,
    RuntimeError,
)  # fmt: skip
WRAPPERS = ("DataParallel", "DistributedDataParallel", "FullyShardedDataParallel")


@contextmanager
def together(count: int = 0, group: dist.ProcessGroup | None = None) -> Iterator[list[Any]]:
    """What one rank raises inside is raised on all ranks, as one sentence. Every rank must come.

    A rank appends ``count`` numbers to the list that it is given. Afterwards each of them is the
    list of those of all ranks. Inside, nothing may wait for another rank.
    """
    numbers: list[Any] = []
    error = None
    try:
        yield numbers
    except Exception as found:
        error = found
    mine = [1, *[0] * count] if error else [0, *numbers]
    failed, *numbers[:] = of_all(mine, group)
    if any(failed):
        _raise(error, group)


def of_all(numbers: list[float], group: dist.ProcessGroup | None = None) -> list[list[float]]:
    """For each of the numbers those of all ranks. Every rank must come."""
    device = "cuda" if dist.get_backend(group) == "nccl" else "cpu"
    mine = torch.tensor(numbers, dtype=torch.float64, device=device)
    found = [torch.empty_like(mine) for _ in range(dist.get_world_size(group))]
    dist.all_gather(found, mine, group)
    return torch.stack(found, 1).tolist()


def _raise(error: Exception | None, group: dist.ProcessGroup | None) -> None:
    """Raise on every rank what the first of those says that have an error. One must have one."""
    said: list[Any] = [None] * dist.get_world_size(group)
    kind = next((cls for cls in KINDS if isinstance(error, cls)), None)
    name = "" if kind else f"{type(error).__name__}: "
    dist.all_gather_object(said, error and (kind or RuntimeError, f"{name}{error}"), group)
    rank, (kind, sentence) = next((rank, s) for rank, s in enumerate(said) if s)
    raise kind(sentence if len({*said}) == 1 else f"rank {rank}: {sentence}") from error


def check_alike(settings: dict[str, Any]) -> None:
    """ValueError on every rank, naming one that differs, unless all have the same settings."""
    found: list[Any] = [None] * dist.get_world_size()
    dist.all_gather_object(found, {name: repr(value) for name, value in settings.items()})
    for name in sorted({name for other in found for name in other}):
        check_one(name, [other.get(name, "nothing") for other in found])


def check_one(name: str, values: list[Any]) -> None:
    """ValueError unless the values, one of each rank, are the same."""
    for rank, value in enumerate(values):
        if value != values[0]:
            raise ValueError(
                f"{name} must be the same on all ranks, got {values[0]} on rank 0 and {value} on "
                f"rank {rank}"
            )


def _tell(wrapper: nn.Module, _: str, module: nn.Module | None) -> None:
    """Tell the losses inside ``module`` that a wrapper of many processes has taken it."""
    if module is not None and any(cls.__name__ in WRAPPERS for cls in type(wrapper).__mro__):
        for part in module.modules():
            if hasattr(part, "_on_wrapped"):
                part._on_wrapped(wrapper, module)


@functools.cache
def listen() -> None:
    """From now on losses are told which wrapper takes them; once for a process is enough."""
    register_module_module_registration_hook(_tell)
