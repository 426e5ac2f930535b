"""Gradients of a network and of a last layer that is spread over the ranks, clipped as one."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor

from facetoy.checks import plain
from facetoy.large.sharded import ShardedMargin
from facetoy.losses._base import check_number, full
from facetoy.losses._parallel import check_one, together


@torch.no_grad()
def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor], head: ShardedMargin, max_norm: float
) -> Tensor:
    """Scale the gradients of a network and of its sharded loss so that their norm is at most
    ``max_norm``, exactly as ``torch.nn.utils.clip_grad_norm_`` does in one process that holds all.

    That function itself sees only the classes of its own rank: each rank would scale by another
    factor, and the copies of the network would drift apart. Every rank must call this one, after
    ``loss.backward()``::

        net, head = DistributedDataParallel(net), ShardedMargin("arcface", 128, 1_000_000)
        head(net(x), y).backward()
        facetoy.large.clip_grad_norm_(net.parameters(), head, max_norm=5.0)
        optimizer.step()

    Args:
        parameters: of the network, whose gradients are the same on all ranks, as
            DistributedDataParallel leaves them, or spread by ``fully_shard``. The head's own may
            be among them.
        head: the sharded loss.
        max_norm: at least 0; ``math.inf`` changes nothing.

    Returns:
        The norm (scalar) of all gradients before, the same on every rank.

    ValueError, on every rank, for a ``max_norm`` out of range, and for gradients of the network
    that differ between ranks. Where a gradient is not finite, the norm is not either, on any rank.
    """
    with together(1) as limits:
        max_norm = check_number("max_norm", plain(max_norm), 0, math.inf, open_high=False)
        if not isinstance(head, ShardedMargin):
            raise TypeError(f"head must be a ShardedMargin, got {type(head).__name__}")
        given = [parameters] if isinstance(parameters, Tensor) else list(parameters)
        of_head = _gradients(head.parameters())
        of_net = _gradients(p for p in given if all(p is not own for own in head.parameters()))
        limits.append(max_norm)
    check_one("max_norm", limits[0])
    squares = _square(of_net), _square(of_head)
    with together(2) as numbers:
        numbers += squares
    nets, heads = numbers
    for rank, square in enumerate(nets):
        if abs(square - nets[0]) > 1e-3 * max(square, nets[0]):
            raise ValueError(
                f"the network's gradients must be the same on all ranks, got norm "
                f"{nets[0] ** 0.5:.4g} on rank 0 and {square**0.5:.4g} on rank {rank}: wrap it in "
                f"DistributedDataParallel"
            )
    total = math.sqrt(nets[0] + sum(heads))
    factor = max_norm / (total + 1e-6)
    if not factor >= 1:  # or it is nan
        for g in (*of_net, *of_head):
            g.mul_(factor)
    return torch.tensor(total, dtype=torch.float64, device=head.weight.device)


def _gradients(parameters: Iterable[Tensor]) -> list[Tensor]:
    return [p.grad for p in parameters if p.grad is not None]


def _square(gradients: list[Tensor]) -> float:
    """The square of the norm of them all."""
    dense = [g.coalesce().values() if g.is_sparse else g for g in gradients]
    norms = [torch.linalg.vector_norm(full(g)).double() for g in dense]
    # of a network that fully_shard has spread, each rank has a part of the norm
    whole = [norm.full_tensor() if hasattr(norm, "full_tensor") else norm for norm in norms]
    return sum(norm.square().item() for norm in whole)
