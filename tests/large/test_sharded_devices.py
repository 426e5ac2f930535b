"""A sharded loss makes no tensor on another device than its features': on the meta device, which
holds no numbers, an operation with a tensor of the CPU is an error, as it is on a GPU."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
import torch.distributed as dist
from torch.overrides import TorchFunctionMode
from torch.testing._internal.distributed.fake_pg import FakeStore

from facetoy.large import ShardedMargin
from facetoy.losses import LOSSES, CenterLoss, Softmax, _by_rows
from facetoy.losses._base import ClassLoss

META = torch.device("meta")
NAMES = [
    name
    for name, make in LOSSES.items()
    if issubclass(getattr(make, "func", make), ClassLoss) and make is not CenterLoss
]


class Guess(TorchFunctionMode):
    """Answers what depends on numbers, which the meta device does not have: every number is as
    it should be, and every sample is of a class of this rank."""

    def __torch_function__(
        self, func: Callable, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        if func is torch.Tensor.nonzero and args[0].is_meta:
            x = args[0]
            return torch.empty(x.numel(), x.ndim, dtype=torch.long, device=META)
        if func in (torch.Tensor.__bool__, torch.Tensor.__int__) and args[0].is_meta:
            return func(torch.ones(()))
        return func(*args, **(kwargs or {}))


@pytest.fixture(autouse=True)
def two_ranks() -> Iterator[None]:
    """This process is the first of two, of which the other one only seems to be there."""
    dist.init_process_group("fake", store=FakeStore(), rank=0, world_size=2)
    yield
    dist.destroy_process_group()


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> list[torch.device]:
    """Where each pass over the rows was."""
    seen, real = [], _by_rows._pass

    def spy(task: _by_rows.Task, a: torch.Tensor, *args: Any) -> Any:
        seen.append(a.device)
        return real(task, a, *args)

    monkeypatch.setattr(_by_rows, "_pass", spy)
    return seen


def step(make: str | type[ClassLoss], **args: Any) -> tuple[torch.Tensor, ...]:
    """The loss, and the gradients of the features and of the weights."""
    head = ShardedMargin(make, 8, 10, **args).to(META)
    x = torch.randn(20, 8, device=META, requires_grad=True)
    with Guess():
        value = head(x, torch.zeros(20, dtype=torch.long, device=META))
        value.backward()
    assert head.weight.grad.shape == (5, 8)
    return value, x.grad, head.weight.grad


@pytest.mark.parametrize("large", [_by_rows.LARGE, 0], ids=["at once", "by rows"])
@pytest.mark.parametrize(
    "args",
    [{}, {"sample_rate": 0.5}, {"sample_rate": 0.5, "sparse": True}],
    ids=["all", "sampled", "sparse"],
)
@pytest.mark.parametrize("name", NAMES)
def test_a_sharded_loss_is_computed_where_its_features_are(
    name: str, args: dict, large: int, passes: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_by_rows, "LARGE", large)
    assert [found.device for found in step(name, **args)] == [META] * 3
    assert passes == ([] if large else [META])


def test_a_tensor_of_the_cpu_is_noticed() -> None:
    """The test above can fail."""

    class Own(Softmax):
        def harder(self, z: torch.Tensor, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            return z + torch.eye(len(z), z.shape[1])

    with pytest.raises(RuntimeError, match="meta"):
        step(Own)
