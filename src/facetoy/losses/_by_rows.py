"""The mean cross-entropy over very many classes, exact, without their N × C scores.

The scores of a few samples are computed at a time, and the gradients in the same pass: then these
scores are needed no more. What is kept is the gradients, as large as the weights and the features.
``ClassLoss`` says who else does so, and what differs.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import forward_ad

LARGE = 2**23  # scores; fewer are faster all at once
ROWS = 64  # samples at a time at least, with fewer a matrix product is slow
BLOCK = 512  # classes whose lengths are looked at together


def many(x: Tensor, classes: int) -> bool:
    """Whether features ``x`` (N, d) have so many scores that these are not computed all at once;
    never where ``torch.compile``, ``torch.export`` or a tracer records what is computed."""
    recorded = torch.compiler.is_compiling() or torch.jit.is_tracing()
    return not recorded and len(x) * classes >= LARGE


def at_a_time(d: int) -> int:
    """How many samples: their scores take a quarter of the weights' memory, if d is large."""
    return max(ROWS, d // 4)


def usual(*inputs: Tensor) -> bool:
    """Whether these are tensors as usual: nothing of ``torch.func``, no derivatives forwards, no
    subclass with a mind of its own."""
    return not torch._C._are_functorch_transforms_active() and all(
        type(v) in (Tensor, torch.nn.Parameter) and forward_ad.unpack_dual(v).tangent is None
        for v in inputs
    )


def same(x: Tensor) -> Tensor:
    """What a process that is alone has in common with all."""
    return x


def softmax(z: Tensor) -> Tensor:
    return z.softmax(1)


class Task(NamedTuple):
    """What is to be computed: scores z_j = a · W_j / n_j + b_j, but for the true classes."""

    y: Tensor  #: (N,) the true classes
    lengths: Callable[[Tensor], Tensor] | None  #: n (C, 1) of W (C, d); None: 1
    exact: Callable[[Tensor], AbstractContextManager]  #: keeps the precision of what is inside
    here: Tensor | None = None  #: (N,) whether W has the true class; None: it has all
    # over all ranks, if W has not all classes:
    join: Callable[[Tensor], Tensor] = same  #: logsumexp of those of each
    total: Callable[[Tensor], Tensor] = same  #: sum
    softmax: Callable[[Tensor], Tensor] = softmax  #: the probabilities of this one's scores
    spread: Callable[[Tensor], Tensor] = same  #: what all have, for each to use in its part


class Found(NamedTuple):
    """The gradients of the mean, None where not asked for. That of W lacks the factor 1 / n_j,
    and the part through n_j."""

    a: Tensor | None
    t: Tensor | None
    W: Tensor | None
    b: Tensor | None


def mean(task: Task, a: Tensor, t: Tensor, own: Own, W: Tensor, b: Tensor | None) -> Tensor:
    """Mean cross-entropy (a scalar) of scores a · W_j / n_j + b_j, and ``t`` for the true class.

    ``t`` (N,) is computed from a (N, d) and ``own``, the rows of W (C, d) of the true classes.
    """
    return _ByRows.apply(task, own.found, torch.is_grad_enabled(), a, t, own.rows, W, b)


class Own(NamedTuple):
    """Rows of W, one for each of y; and where the gradient of W waits for theirs, by backward
    pass. So it is added in place, and no second tensor of the size of W is made."""

    rows: Tensor
    found: dict[int, Tensor]


def own(W: Tensor, y: Tensor) -> Own:
    found: dict[int, Tensor] = {}
    return Own(_Own.apply(W, y, found), found)


class _Own(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, W: Tensor, y: Tensor, found: dict[int, Tensor]) -> Tensor:
        ctx.save_for_backward(y)
        ctx.shape, ctx.found = W.shape, found
        return W.index_select(0, y)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor, None, None]:
        (y,) = ctx.saved_tensors
        dW = ctx.found.pop(torch._C._current_graph_task_id(), None)
        if dW is None:
            dW = g.new_zeros(ctx.shape)
        add = dW.index_add if torch.is_grad_enabled() else dW.index_add_
        return add(0, y, g), None, None


class _ByRows(torch.autograd.Function):
    """``mean``. Its gradient of W is left for ``_Own``, which comes after it in each pass."""

    @staticmethod
    def forward(
        ctx: Any, task: Task, found: dict[int, Tensor], learn: bool, a: Tensor, t: Tensor,
        own: Tensor, W: Tensor, b: Tensor | None,
    ) -> Tensor:  # fmt: skip
        ctx.task, ctx.found = task, found
        ctx.asked = [learn and ctx.needs_input_grad[k] for k in (3, 4, 6, 7)]
        ctx.save_for_backward(a, t, W, b)
        lse, ctx.grads = _pass(task, a, t, W, b, ctx.asked)
        return (lse - task.total(t)).mean()

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
        inputs = ctx.saved_tensors
        if torch.is_grad_enabled():  # second derivatives will follow
            a, t, W, b = _at_once(ctx.task, *inputs, ctx.asked, g)
            return None, None, None, a, t, None, W, b
        # the first backward pass takes the gradients away; another one computes them anew
        grads, ctx.grads = ctx.grads or _pass(ctx.task, *inputs, ctx.asked)[1], None
        after = ctx.next_functions[2][0]  # the node of _Own
        if grads.W is not None and torch._C._will_engine_execute_node(after):
            pass_id = torch._C._current_graph_task_id()
            ctx.found[pass_id] = _through_lengths(grads.W, inputs[2], ctx.task.lengths, g)
        a, t, b = (v if v is None else v * g for v in (grads.a, grads.t, grads.b))
        return None, None, None, a, t, None, None, b


def _at_once(
    task: Task, a: Tensor, t: Tensor, W: Tensor, b: Tensor | None, asked: list[bool], g: Tensor
) -> list[Tensor | None]:
    """The same gradients with all scores at once, so that they can be differentiated again.

    Written out, since what they are gradients of may depend on each other: t does on a and W.
    """
    with task.exact(a):
        n = 1 if task.lengths is None else task.lengths(W)
        v = W / n
        true = task.y[:, None] == torch.arange(len(W), device=W.device)
        if task.here is not None:
            true &= task.here[:, None]
        share = task.spread(g) / len(a)
        of_z = share * task.softmax(torch.where(true, t[:, None], F.linear(a, v, b)))
        of_t = of_z.where(true, 0).sum(1) - share
        of_z = of_z.masked_fill(true, 0)
        of_v = of_z.T @ a
        if task.lengths is not None:
            of_v = of_v - (of_v * v).sum(1, keepdim=True) * v
        grads = (of_z @ v, of_t, of_v / n, of_z.sum(0))
    return [grad if wanted else None for grad, wanted in zip(grads, asked, strict=True)]


def _pass(
    task: Task, a: Tensor, t: Tensor, W: Tensor, b: Tensor | None, asked: list[bool]
) -> tuple[Tensor, Found]:
    """(N,) logsumexp of all scores, and the gradients that are asked for."""
    (N, d), C = a.shape, len(W)
    step = min(N, at_a_time(d))
    inputs = zip((a, t, W, b), asked, strict=True)
    found = Found(*(torch.zeros_like(v) if wanted else None for v, wanted in inputs))
    inverse = None if task.lengths is None else 1 / task.lengths(W).squeeze(1)
    lse, space = a.new_empty(N), a.new_empty(step, C)
    for first in range(0, N, step):
        rows = slice(first, first + step)
        z = space[: len(a[rows])]
        lse[rows] = _chunk(task, rows, z, a, t, W, b, inverse, found)
    return lse, found


def _chunk(
    task: Task, rows: slice, z: Tensor, a: Tensor, t: Tensor, W: Tensor, b: Tensor | None,
    inverse: Tensor | None, found: Found,
) -> Tensor:  # fmt: skip
    """The logsumexp of some samples. Their gradients are put down, or added, in ``found``."""
    y, a_i = task.y[rows, None], a[rows]
    here = None if task.here is None else task.here[rows, None]

    def put(value: Tensor) -> None:
        """Into the true classes' column of z."""
        z.scatter_(1, y, value if here is None else torch.where(here, value, z.gather(1, y)))

    if not len(W):
        return task.join(a.new_full((len(z),), -torch.inf))
    torch.mm(a_i, W.T, out=z)
    if inverse is not None:
        z *= inverse
    if b is not None:
        z += b
    put(t[rows, None])
    most = z.amax(1)
    z.sub_(most[:, None]).exp_()
    lse = task.join(most + z.sum(1).log())
    share = ((most - lse).exp() / len(a))[:, None]  # × z: the probabilities / N
    if found.t is not None:
        found.t[rows] = (share * z.gather(1, y)).squeeze(1) - 1 / len(a)
    put(torch.zeros_like(share))
    if found.W is not None:
        found.W.addmm_(z.T, share * a_i)
    if found.b is not None:
        found.b.addmv_(z.T, share.squeeze(1))
    if found.a is not None:
        if inverse is not None:
            z *= inverse
        torch.mm(z, W, out=found.a[rows])
        found.a[rows] *= share
    return lse


def _through_lengths(
    dW: Tensor, W: Tensor, lengths: Callable[[Tensor], Tensor] | None, g: Tensor
) -> Tensor:
    """``dW`` in place: of the gradient of W_j / n_j that of W_j is made, and multiplied by g.

    With v_j = W_j / n_j it is (dW_j - (dW_j · v_j) v_j) / n_j.
    """
    if lengths is None:
        return dW if dW.device.type == "cpu" and g == 1 else dW.mul_(g)
    for block, W_j in zip(dW.split(BLOCK), W.split(BLOCK), strict=True):
        n = lengths(W_j)
        v = W_j / n
        block.addcmul_(v, (block * v).sum(1, keepdim=True), value=-1).mul_(g / n)
    return dW
