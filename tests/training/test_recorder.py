"""What is recorded once gives the numbers of the function, for others of the same shapes."""

import threading

import torch
from torch import nn
from torch.func import vmap

from facetoy.training.recorder import recorded

SHIFT = torch.tensor([0.5, -0.5])


def slope(w: torch.Tensor, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """A value of each row of ``w``, and the gradient: through views, lists, a constant."""
    value = vmap(lambda w: ((x @ w).sort().values.split(2)[0] - SHIFT).exp().sum())(w)
    return value.detach(), torch.autograd.grad(value.sum(), w)[0]


def test_the_record_gives_the_same_numbers_for_others():
    w, x = torch.randn(3, 4, dtype=torch.float64, requires_grad=True), torch.randn(5, 4).double()
    again = recorded(slope, w, x)
    for _ in range(2):
        w = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
        x = torch.randn(5, 4, dtype=torch.float64)
        with torch.no_grad():
            found = again(w, x)
        for ours, theirs in zip(found, slope(w, x), strict=True):
            assert torch.equal(ours, theirs)
            assert not ours.requires_grad


def test_what_changes_in_place_changes_again():
    def count(total: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        total += x
        return total.clone()

    again = recorded(count, torch.zeros(2), torch.ones(2))
    total = torch.zeros(2)
    for k in range(1, 4):
        assert torch.equal(again(total, torch.ones(2)), torch.full((2,), float(k)))
    assert torch.equal(total, torch.full((2,), 3.0))


def test_other_threads_notice_nothing():
    net, seen = nn.Linear(2, 2), []

    def use() -> None:
        seen.append(net(torch.ones(1, 2)).shape)

    def meanwhile(x: torch.Tensor) -> torch.Tensor:
        other = threading.Thread(target=use)
        other.start()
        other.join()
        return x + 1

    again = recorded(meanwhile, torch.zeros(1))
    assert seen == [(1, 2)]
    assert [n.op for n in again.graph.nodes] == ["placeholder", "call_function", "output"]
