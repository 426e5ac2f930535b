"""Run by torchrun: sharded losses and a training of many classes, on the device of each rank."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

from facetoy import load, open_split
from facetoy.large import ShardedMargin, connect, equal_error, train
from facetoy.large.sharded import spread
from facetoy.losses import LOSSES, _by_rows

D, C, N = 16, 101, 24


@contextmanager
def by_rows(wanted: bool) -> Iterator[None]:
    """Inside, a sharded loss is computed for a few samples at a time if ``wanted``, all at once if
    not: that it was is asserted."""
    passes, real, usual = [], _by_rows._pass, (_by_rows.LARGE, _by_rows.ROWS)

    def noted(*args: Any) -> Any:
        passes.append(args)
        return real(*args)

    _by_rows._pass = noted
    if wanted:
        _by_rows.LARGE, _by_rows.ROWS = 0, 7
    try:
        yield
    finally:
        _by_rows._pass, (_by_rows.LARGE, _by_rows.ROWS) = real, usual
    assert bool(passes) == wanted, f"{len(passes)} passes over the rows"


def compare(name: str, dtype: torch.dtype, most: float, device: torch.device, rows: bool) -> None:
    """The loss and the gradients of all classes in this process, and of this rank's share, which
    may be computed by ``rows``."""
    torch.manual_seed(3)
    x, y = torch.randn(N, D, dtype=torch.float64), torch.randint(C, (N,))
    alone = LOSSES[name](D, C).to(device, dtype)
    a = x.clone().to(device, dtype).requires_grad_()
    value = alone(a, y.to(device))
    value.backward()
    rank, ranks = dist.get_rank(), dist.get_world_size()
    mine = slice(rank * N // ranks, (rank + 1) * N // ranks)
    head = ShardedMargin(name, D, C).to(device, dtype)
    part = slice(head.classes.start, head.classes.stop)
    head.load_state_dict({"weight": spread(alone.weight.detach()[part].clone(), C)})
    b = x[mine].to(device, dtype).requires_grad_()
    with by_rows(rows):
        split = head(b, y[mine].to(device))
        split.backward()
    for got, want in (
        (split, value), (head.weight.grad, alone.weight.grad[part]), (b.grad, ranks * a.grad[mine])
    ):  # fmt: skip
        assert got.device.type == device.type
        error = (got - want).abs().max() / want.abs().max()
        assert error < most, f"{name} in {dtype}: {error:.2g}"


def sampled(device: torch.device, rows: bool) -> None:
    head = ShardedMargin("arcface", D, 4000, sample_rate=0.1).to(device)
    x = torch.randn(N, D, device=device, requires_grad=True)
    y = torch.arange(N, device=device) * 100
    with by_rows(rows):
        head(x, y).backward()
    used = head.weight.grad.abs().sum(1) > 0
    assert 0 < used.sum() <= 0.1 * len(used) + 1
    assert x.grad.device.type == device.type


def trains(folder: Path, device: torch.device) -> None:
    data = open_split(load("toyfaces", identities=40, images=8, size=16), 32)
    args = {"dim": 16, "batch_size": 64, "every": 4, "device": device, "progress": False}
    _, report = train(data, epochs=3, checkpoint=folder / "state", **args)
    net, again = train(data, epochs=3, checkpoint=folder / "state", **args)  # goes on from its end
    assert report.steps == again.steps
    assert report.loss < 30
    assert 0 <= equal_error(net, data, device) <= 1


with connect(60) as device:
    for rows in (False, True):
        for name in LOSSES:
            if name not in ("center", "triplet"):
                compare(name, torch.float64, 1e-10, device, rows)
                compare(name, torch.float32, 1e-4, device, rows)
        sampled(device, rows)
    trains(Path(sys.argv[1]), device)
    print(f"rank {dist.get_rank()} is done over {dist.get_backend()}")
