"""Run by torchrun: sharded losses and gradients are those of one process."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from facetoy.large.sharded import ShardedMargin, connect, spread
from facetoy.losses import LOSSES, _by_rows

D, C = 6, 11  # 11 classes do not divide by 2 or 4
SETTINGS = {
    "softmax": {}, "normsoftmax": {"s": 16}, "lsoftmax": {"m": 3, "lam": 0.5},
    "asoftmax": {"m": 4, "lam": 0}, "cosface": {"m": 0.35}, "amsoftmax": {"m": 0.2},
    "arcface": {"m": 0.5}, "combined": {"m1": 1.2, "m2": 0.3, "m3": 0.1},
}  # fmt: skip


def close(a: torch.Tensor, b: torch.Tensor, most: float, what: str) -> None:
    error = ((a - b).abs().max() / b.abs().max().clamp_min(1e-3)).item()
    assert error < most, f"{what}: {error:.2g}"


def steeper(loss: torch.Tensor, x: torch.Tensor, ranks: int = 1) -> torch.Tensor:
    """The loss, and the squares of its gradient: a step on it takes second derivatives."""
    (slope,) = torch.autograd.grad(loss, x, create_graph=True)
    return loss + ranks * (slope / ranks).square().sum()


@contextmanager
def by_rows(wanted: bool) -> Iterator[None]:
    """Inside, a sharded loss is computed by rows if ``wanted``, and all at once if not: that it
    was is asserted."""
    passes, real, usual = 0, _by_rows._pass, _by_rows.LARGE

    def counted(*args: Any) -> Any:
        nonlocal passes
        passes += 1
        return real(*args)

    _by_rows._pass, _by_rows.LARGE = counted, 0 if wanted else usual
    try:
        yield
    finally:
        _by_rows._pass, _by_rows.LARGE = real, usual
    assert bool(passes) == wanted, f"{passes} passes over the rows"


def compare(
    name: str, args: dict, dtype: torch.dtype, most: float, sizes: list[int], C: int = C,
    steep: bool = False, rows: bool = False,
) -> None:  # fmt: skip
    """One step of a network and a loss, sharded and perhaps by ``rows``, against the same in this
    process alone."""
    rank = dist.get_rank()
    g = torch.Generator().manual_seed(len(name))
    images = torch.randn(sum(sizes), 8, generator=g, dtype=dtype)
    labels = torch.randint(0, C, (sum(sizes),), generator=g)
    kernel = torch.randn(D, 8, generator=g, dtype=dtype)
    W = torch.randn(C, D, generator=g, dtype=dtype)

    net = nn.Linear(8, D, bias=False).to(dtype)
    net.weight.data.copy_(kernel)
    alone = LOSSES[name](D, C, **args).to(dtype)
    alone.weight.data.copy_(W)
    x = net(images)
    value = alone(x, labels)
    (steeper(value, x) if steep else value).backward()

    mine = slice(sum(sizes[:rank]), sum(sizes[: rank + 1]))
    twin = nn.Linear(8, D, bias=False).to(dtype)
    twin.weight.data.copy_(kernel)
    twin = DistributedDataParallel(twin)
    sharded = ShardedMargin(name, D, C, **args).to(dtype)
    part = slice(sharded.classes.start, sharded.classes.stop)
    sharded.load_state_dict({"weight": spread(W[part], C)})
    assert torch.equal(sharded.state_dict()["weight"].full_tensor(), W)
    x = twin(images[mine])
    with by_rows(rows):
        split = sharded(x, labels[mine])
        (steeper(split, x, dist.get_world_size()) if steep else split).backward()
    close(split, value, most, f"{name} loss")
    assert torch.equal(sharded.weight, W[part])
    if sharded.classes:
        close(sharded.weight.grad, alone.weight.grad[part], most, f"{name} gradient of the weights")
    close(twin.module.weight.grad, net.weight.grad, most, f"{name} gradient of the network")


def sampling() -> None:
    """Partial FC: the classes of the batch are always there, others at the rate asked for."""
    rank, ranks = dist.get_rank(), dist.get_world_size()
    many = 1000 * ranks
    loss = ShardedMargin("arcface", D, many, sample_rate=0.1, sparse=True)
    target = torch.tensor([3, 3, 999, 500])
    seen = torch.zeros(1000)
    for _ in range(200):
        chosen = loss.sample(target)
        assert len(chosen) == 100
        assert chosen.equal(chosen.unique())
        assert torch.isin(target, chosen).all()
        seen[chosen] += 1
    assert (seen[target] == 200).all()
    others = seen[torch.ones(1000, dtype=bool).index_fill(0, target, False)]
    assert others.min() > 2
    assert 0.09 < others.mean() / 200 < 0.11
    full = loss.sample(torch.arange(400))
    assert full.equal(torch.arange(400))  # never fewer than the batch shows

    x = torch.randn(4, D, generator=torch.Generator().manual_seed(rank), requires_grad=True)
    y = torch.arange(4) * ranks + rank
    loss(x, y).backward()
    assert loss.weight.grad.is_sparse
    assert loss.weight.grad._nnz() <= 100 + 4 * ranks
    assert x.grad.isfinite().all()


def sampled_by_rows() -> None:
    """The same classes are drawn, and give the same."""
    rank, ranks = dist.get_rank(), dist.get_world_size()
    found = []
    for rows in (True, False):
        loss = ShardedMargin("arcface", D, 20 * ranks, sample_rate=0.3).double()
        g = torch.Generator().manual_seed(rank)
        x = torch.randn(5 + rank, D, generator=g, dtype=torch.float64, requires_grad=True)
        y = torch.arange(5 + rank) * ranks
        with by_rows(rows):
            value = loss(x, y)
            value.backward(retain_graph=True)
            value.backward()
        found.append((value, loss.weight.grad, x.grad))
    for got, want, what in zip(*found, ("loss", "weights", "features"), strict=True):
        close(got, want, 1e-12, f"sampled {what}")


def any_number_of_ranks() -> None:
    """The same seed gives the same weights, however many ranks share them."""
    W = ShardedMargin("softmax", 4, 9001, seed=3).state_dict()["weight"].full_tensor()
    again = (
        torch.cat(
            [
                torch.randn(4096, 4, generator=torch.Generator().manual_seed(3 * 1_000_003 + b))
                for b in range(3)
            ]
        )[:9001]
        / 2
    )
    assert torch.equal(W, again)
    assert 0.9 < W.norm(dim=1).mean() < 1


def errors() -> None:
    """Every rank hears of a mistake, and none waits."""
    rank, ranks = dist.get_rank(), dist.get_world_size()

    def raises(words: str, act) -> None:
        with pytest.raises(ValueError, match=re.escape(words)):
            act()

    raises(
        "num_classes must be the same on all ranks, got 11 on rank 0 and 12 on rank 1",
        lambda: ShardedMargin("arcface", D, C + (rank == 1)),
    )
    raises(f"an integer of at least {ranks}", lambda: ShardedMargin("arcface", D, ranks - 1))
    raises("must be softmax or a margin loss", lambda: ShardedMargin("triplet", D, C))
    raises("must be softmax or a margin loss", lambda: ShardedMargin("center", D, C))
    raises("sample_rate must lie in (0, 1]", lambda: ShardedMargin("arcface", D, C, sample_rate=0))
    raises("no bias", lambda: ShardedMargin("softmax", D, C, bias=True))
    loss = ShardedMargin("arcface", D, C)
    good = torch.randn(2, D), torch.tensor([0, 1])
    bad = {
        "features must have shape": (torch.randn(2, D + 1), good[1]),
        "labels must lie in": (good[0], torch.tensor([0, C])),
        "features must be finite": (good[0] * float("nan"), good[1]),
    }
    for words, batch in bad.items():
        raises(f"rank 1: {words}", lambda b=batch: loss(*(b if rank == 1 else good)))
    assert loss(*good).isfinite()  # and one can go on


if __name__ == "__main__":
    with connect(timeout=300):
        torch.set_num_threads(1)
        _by_rows.ROWS = 2
        sizes = [5, 3, 4, 7][: dist.get_world_size()]
        for name, args in SETTINGS.items():
            compare(name, args, torch.float64, 1e-12, sizes)
            compare(name, args, torch.float32, 1e-5, sizes)
            compare(name, args, torch.float64, 1e-12, sizes, rows=True)
        for name in ("arcface", "softmax"):  # of five classes the last of four ranks has none
            compare(name, {}, torch.float64, 1e-12, sizes, C=5)
            compare(name, {}, torch.float64, 1e-12, sizes, C=5, steep=True)
            compare(name, {}, torch.float64, 1e-12, sizes, C=5, rows=True)
            compare(name, {}, torch.float64, 1e-12, sizes, C=5, steep=True, rows=True)
        few = ShardedMargin("arcface", D, 5, sample_rate=0.5)
        few(torch.randn(4, D, requires_grad=True), torch.tensor([0, 4, 2, 2])).backward()
        sampling()
        sampled_by_rows()
        any_number_of_ranks()
        if dist.get_world_size() > 1:
            errors()
        print(f"rank {dist.get_rank()} is done")
    sys.exit(0)
