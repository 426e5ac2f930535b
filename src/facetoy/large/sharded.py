"""A margin loss over more classes than one machine holds, on PyTorch's own distributed engine.

Every rank (process) has its own batch and the weights of its own classes. Features are gathered
from all ranks, each rank computes the scores of its classes, and the softmax runs across ranks:
what travels are features and three numbers for each sample, never scores or weights.

Start a script of this kind with ``torchrun``; ``connect`` joins the processes.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from facetoy.checks import between, plain, whole
from facetoy.losses import LOSSES, CenterLoss, _by_rows
from facetoy.losses._base import (
    ClassLoss,
    check_labels,
    check_number,
    check_whole,
    checked,
    exact,
)
from facetoy.losses._parallel import check_alike, check_one, listen, together

if TYPE_CHECKING:
    from torch.distributed.tensor import DTensor


@contextmanager
def connect(timeout: float = 300.0) -> Iterator[torch.device]:
    """Join the processes that ``torchrun`` has started; gives this process's device.

    NCCL where each process of a machine has a GPU, else gloo on the CPU. RuntimeError if
    ``torchrun`` has not started this process. ValueError for a ``timeout`` that is no positive
    number. TimeoutError, naming the ranks that are missing, if
    they have not all come within ``timeout`` seconds; a collective operation waits as long.
    """
    timeout = plain(between("timeout", timeout, 0, math.inf, "()"))
    if "RANK" not in os.environ:
        raise RuntimeError("this process has no RANK; start it with torchrun")
    cuda = torch.cuda.device_count() >= int(os.environ.get("LOCAL_WORLD_SIZE", 1))
    device = torch.device("cuda", int(os.environ["LOCAL_RANK"])) if cuda else torch.device("cpu")
    if cuda:
        torch.cuda.set_device(device)
    limit = timedelta(seconds=timeout)
    store, rank, ranks = next(dist.rendezvous("env://", timeout=limit))
    store = dist.PrefixStore(f"facetoy/{os.environ.get('TORCHELASTIC_RESTART_COUNT', 0)}", store)
    store.set(f"here/{rank}", "1")
    missing = [r for r in range(ranks) if not _arrives(store, f"here/{r}", limit)]
    if missing:
        names = ", ".join(map(str, missing))
        raise TimeoutError(f"of {ranks} ranks these did not come within {timeout:g} s: {names}")
    dist.init_process_group(
        "nccl" if cuda else "gloo", store=store, rank=rank, world_size=ranks, timeout=limit,
        device_id=device if cuda else None,
    )  # fmt: skip
    try:
        yield device
    finally:
        dist.destroy_process_group()


def _arrives(store: dist.Store, key: str, limit: timedelta) -> bool:
    """Whether ``key`` is set within the limit."""
    try:
        store.wait([key], limit)
    except (RuntimeError, ValueError):
        return False
    return True


def shard(num_classes: int, rank: int, ranks: int) -> range:
    """The classes of one rank, as PyTorch deals out rows: in order, ⌈C/R⌉ for each, and for the
    last ranks what is left, perhaps none."""
    each = -(-num_classes // ranks)
    return range(num_classes)[rank * each : (rank + 1) * each]


def spread(rows: Tensor, count: int) -> DTensor:
    """(count, …) of all ranks, as one tensor of which each rank holds its ``rows``, those of
    ``shard``. Nothing is copied or sent."""
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.tensor import DTensor, Shard  # takes a second

    mesh = init_device_mesh(rows.device.type, (dist.get_world_size(),))
    shape = torch.Size((count, *rows.shape[1:]))
    return DTensor.from_local(
        rows, mesh, [Shard(0)], run_check=False, shape=shape, stride=rows.stride()
    )


class ShardedMargin(nn.Module):
    """A margin loss whose class weights are split over the ranks by class (model parallel).

    The softmax is exact across ranks. Very many scores are computed for a few samples at a time,
    as ``ClassLoss`` says. With ``sample_rate`` below 1 each rank uses only so many of
    its classes in a step, the classes of the batch and others drawn at random (Partial FC).

    Args:
        loss: a name of ``facetoy.losses.LOSSES`` or a class: softmax or any margin loss.
        in_features: d, the length of a feature.
        num_classes: C, of all ranks together; at least as many as there are ranks.
        sample_rate: share of the classes used in a step, in (0, 1].
        sparse: give ``weight`` a sparse gradient, of the sampled rows only, for SGD without
            momentum or ``torch.optim.SparseAdam``: then a step costs nothing for the other rows.
        seed: of the weights, which are the same for every number of ranks, and of the sampling.
        **loss_args: arguments of the loss, such as ``s`` and ``m``.

    Attributes:
        weight: parameter of shape (C of this rank, d).
        classes: the range of classes that this rank holds.

    Shapes: ``x`` (n, d), ``y`` (n,) integers in [0, C), of this rank; n may differ between ranks →
    scalar, the mean over the samples of all ranks, the same on each. Every rank must call it.
    The gradient of ``x`` is that of the mean times the number of ranks, since
    DistributedDataParallel divides by it; that of ``weight`` is exactly the mean's. Second and
    higher derivatives are right too, if every rank takes them.

    ``state_dict`` gives the weight of all ranks as one DTensor, of which each rank holds its rows;
    ``load_state_dict`` refuses what is another rank's part with a ValueError. The state of an
    optimizer says nothing of ranks: each rank must keep its own.

    Ranks hold different classes, so nothing may treat this module as one of many copies. Wrap the
    network alone, ``net = DistributedDataParallel(net)``, and call ``head(net(x), y)``.
    DataParallel, DistributedDataParallel and FullyShardedDataParallel refuse a model that contains
    this module; ``fully_shard`` must be given its parameters as ``ignored_params``, and
    ZeroRedundancyOptimizer is for the network's alone. Gradients are clipped by
    ``facetoy.large.clip_grad_norm_``; those of float16 are scaled by
    ``torch.distributed.fsdp.sharded_grad_scaler.ShardedGradScaler``, since all ranks must skip the
    same steps.

    Raises ValueError, on every rank, for a wrong batch, for weights that are not finite, or if
    ranks were made with different arguments; RuntimeError without a process group.
    Source: Deng et al., CVPR 2019 (ArcFace), parallel acceleration; An et al., CVPR 2022
    (Partial FC).
    """

    def __init__(
        self,
        loss: str | type[ClassLoss],
        in_features: int,
        num_classes: int,
        *,
        sample_rate: float = 1.0,
        sparse: bool = False,
        seed: int = 0,
        **loss_args: Any,
    ) -> None:
        super().__init__()
        if not dist.is_initialized():
            raise RuntimeError("there is no process group; see facetoy.large.connect")
        self.rank, self.ranks = dist.get_rank(), dist.get_world_size()
        made = {
            "in_features": in_features, "num_classes": num_classes, "sample_rate": sample_rate,
            "seed": seed, **loss_args,
        }  # fmt: skip
        made = {name: plain(value) for name, value in made.items()}
        check_alike({"loss": loss_name(loss), **made})
        with together():
            self._make(loss, **made)
        self.sparse = sparse
        self.register_state_dict_post_hook(_give_weight)
        self.register_load_state_dict_pre_hook(_take_weight)
        listen()

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        listen()

    def _make(
        self, loss: str | type[ClassLoss], in_features: int, num_classes: int, sample_rate: float,
        seed: int, **loss_args: Any,
    ) -> None:  # fmt: skip
        make = LOSSES.get(loss) if isinstance(loss, str) else loss
        kind = getattr(make, "func", make)
        if not (isinstance(kind, type) and issubclass(kind, ClassLoss)) or kind is CenterLoss:
            raise ValueError(f"loss must be softmax or a margin loss, got {loss_name(loss)!r}")
        if loss_args.get("bias"):
            raise ValueError("a sharded softmax has no bias, got bias=True")
        self.in_features = check_whole("in_features", in_features)
        self.num_classes = check_whole("num_classes", num_classes, self.ranks)
        self.sample_rate = check_number(
            "sample_rate", sample_rate, 0, 1, open_low=True, open_high=False
        )
        self.classes = shard(num_classes, self.rank, self.ranks)
        self._most_classes = len(shard(num_classes, 0, self.ranks))
        self._scores = _Scores(make(in_features, max(1, len(self.classes)), **loss_args))
        if not self.classes:
            self.loss.weight = nn.Parameter(self.weight.new_empty(0, in_features))
        self.reset_parameters(seed)
        self.generator = torch.Generator().manual_seed(seed + self.rank + 1)

    def _on_wrapped(self, wrapper: nn.Module, module: nn.Module) -> None:
        """Called when ``wrapper`` takes a ``module`` with this: ValueError unless it leaves out
        the weight."""
        names = {name for name, p in module.named_parameters() if p is self.weight}
        of_ddp = vars(wrapper).get("parameters_to_ignore", set())
        of_fsdp = vars(wrapper).get("_ignored_params", set())
        if not (names and names <= of_ddp) and self.weight not in of_fsdp:
            kind = type(wrapper).__name__
            raise ValueError(
                f"{kind} would mix the classes of a ShardedMargin, which are others on each rank: "
                f"wrap the network alone, net = {kind}(net), and call head(net(x), y)"
            )

    @property
    def loss(self) -> ClassLoss:
        """The loss that this rank computes scores with."""
        return self._scores.loss

    @property
    def weight(self) -> nn.Parameter:
        return self.loss.weight

    @torch.no_grad()
    def reset_parameters(self, seed: int = 0) -> None:
        """Draw new weights: normal entries, rows of length about 1, by ``seed`` and class."""
        seed = whole("seed", seed, -SEEDS, SEEDS)
        for block in range(self.classes.start // BLOCK, (self.classes.stop - 1) // BLOCK + 1):
            random = torch.Generator().manual_seed(seed * 1_000_003 + block)
            rows = torch.randn(BLOCK, self.in_features, generator=random)
            mine = range(
                max(self.classes.start, block * BLOCK), min(self.classes.stop, (block + 1) * BLOCK)
            )
            part = rows[mine.start - block * BLOCK : mine.stop - block * BLOCK]
            to = slice(mine.start - self.classes.start, mine.stop - self.classes.start)
            self.weight[to] = (part * self.in_features**-0.5).to(self.weight)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        sizes = self._sizes(x, y)
        with exact(x):
            X, Y = _Gather.apply(x, sizes), _gather(y.long(), sizes)
            column = Y - self.classes.start
            rows = ((column >= 0) & (column < len(self.classes))).nonzero().squeeze(1)
            target = column[rows]
            W = self.weight
            if self.sample_rate < 1:
                chosen = self.sample(target)
                target = torch.searchsorted(chosen, target)
                W = F.embedding(chosen, W, sparse=self.sparse)
            many = _by_rows.many(X, math.ceil(self.sample_rate * self._most_classes))
            loss = functional_call(self._scores, {"loss.weight": W}, (X, rows, target, many))
        if not loss.isfinite():  # on every rank alike
            with together():
                self.loss.check()
            raise ValueError(f"the loss must be finite, got {loss.item()}")
        return loss

    def sample(self, target: Tensor) -> Tensor:
        """The classes (of this rank, counted from 0, in order) to use in a step whose batch shows
        the classes ``target``: these, and others up to ``sample_rate`` of all."""
        count = len(self.classes)
        key = torch.rand(count, generator=self.generator).to(target.device)
        key[target] = 2.0  # above all random numbers
        most = max(math.ceil(self.sample_rate * count), int((key > 1).sum()))
        return key.topk(most).indices.sort().values

    def _sizes(self, x: Tensor, y: Tensor) -> list[int]:
        """How many samples each rank has. A rank with a bad batch makes all of them raise."""
        with together(3) as numbers:
            here = f"rank {dist.get_rank()} of {dist.get_world_size()}"
            if here != f"rank {self.rank} of {self.ranks}":
                raise ValueError(
                    f"this is the loss of rank {self.rank} of {self.ranks}, not {here}"
                )
            checked(x, self.in_features)
            check_labels(y, len(x), self.num_classes)
            for name, value in (("features", x), ("labels", y)):
                if value.device != self.weight.device:
                    raise ValueError(f"{name} must be on {self.weight.device}, got {value.device}")
            if x.dtype not in DTYPES:
                kinds = ", ".join(map(str, DTYPES))
                raise ValueError(f"features must be one of {kinds}, got {x.dtype}")
            learns = x.requires_grad and torch.is_grad_enabled()
            numbers += len(x), DTYPES.index(x.dtype), learns
        sizes, dtypes, learn = ([int(number) for number in found] for found in numbers)
        check_one("the features' dtype", [DTYPES[k] for k in dtypes])
        check_one("the features' requires_grad", [bool(k) for k in learn])
        return sizes

    def extra_repr(self) -> str:
        return (
            f"classes {self.classes.start} to {self.classes.stop - 1} of {self.num_classes} "
            f"on rank {self.rank} of {self.ranks}, sample_rate={self.sample_rate:g}"
        )


SEEDS = 2**43  # so many, times a million, are within what torch takes
DTYPES = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
BLOCK = 4096  # classes whose weights are drawn together, and written together
HELD = "_scores.loss.weight"  # where the module holds its rows


def _give_weight(head: ShardedMargin, state: dict[str, Any], prefix: str, *_: Any) -> None:
    """Into a state goes the weight of all ranks, which knows which part of it is here."""
    state[f"{prefix}weight"] = spread(state.pop(prefix + HELD), head.num_classes)


def _take_weight(head: ShardedMargin, state: dict[str, Any], prefix: str, *_: Any) -> None:
    """From a state comes the part of this rank, and no other."""
    given = state.pop(f"{prefix}weight", None)
    if given is None:
        return  # torch says what is missing
    want = _part(head.rank, head.ranks, (head.num_classes, head.in_features))
    shape = tuple(getattr(given, "shape", ()))
    got = f"a plain tensor of shape {shape}, which may be another rank's"
    if hasattr(given, "device_mesh"):
        mesh, place = given.device_mesh, given.placements
        got = f"a tensor of shape {shape}, placed as {place} on {mesh}"
        if mesh.ndim == 1 and place[0].is_shard(0) and mesh.get_coordinate() is not None:
            got = _part(mesh.get_coordinate()[0], mesh.size(), shape)
    if got != want:
        raise ValueError(f"weight must be {want}, as state_dict gives it, got {got}")
    state[prefix + HELD] = given.to_local()


def _part(rank: int, ranks: int, shape: tuple[int, ...]) -> str:
    return f"the part of rank {rank} of {ranks} of shape {shape}"


def loss_name(loss: str | type) -> str:
    """What a loss is called: the name that was given, or that of the class."""
    return loss if isinstance(loss, str) else getattr(loss, "__name__", repr(loss))


class _Scores(nn.Module):
    """The mean over the samples of all ranks, of a loss whose weights may be swapped for others."""

    def __init__(self, loss: ClassLoss) -> None:
        super().__init__()
        self.loss = loss

    def forward(self, x: Tensor, rows: Tensor, target: Tensor, many: bool) -> Tensor:
        """``target`` (M,) are the columns of the true classes of the samples ``rows`` (M,);
        ``many`` whether there are too many scores to compute all at once, the same everywhere."""
        x = checked(x)
        if many and self.loss._can_go_by_rows(x, rows):
            return self._mean_by_rows(x, rows, target)
        return _CrossEntropy.apply(self._harder(x, rows, target), rows, target)[0]

    def _harder(self, x: Tensor, rows: Tensor, target: Tensor) -> Tensor:
        """The scores (N, C) that training sees."""
        if not len(self.loss.weight):
            return x[:, :0]  # no class, no score, but a gradient for the others
        z = self.loss.scores(x)
        if not len(rows):
            return z
        return z.index_copy(0, rows, self.loss.harder(z[rows], x[rows], target))

    def _mean_by_rows(self, x: Tensor, rows: Tensor, target: Tensor) -> Tensor:
        p, own, t = self.loss._true_scores(x, target, rows)
        here = torch.zeros(len(x), dtype=torch.bool, device=x.device).index_fill(0, rows, True)
        y = torch.zeros_like(here, dtype=torch.long).index_copy(0, rows, target)
        t = t.new_zeros(len(x)).index_copy(0, rows, t)

        def softmax(z: Tensor) -> Tensor:
            return _CrossEntropy.apply(z, rows, target)[1]

        task = _by_rows.Task(
            y, p.lengths, exact, here, _join, _Total.apply, softmax, _Spread.apply
        )  # fmt: skip
        return _by_rows.mean(task, p.a, t, own, p.W, None)


def _join(lse: Tensor) -> Tensor:
    """(N,) the logsumexp over the classes of all ranks, of that over each rank's."""
    most = lse.clone()
    dist.all_reduce(most, dist.ReduceOp.MAX)
    total = (lse - most).exp()
    dist.all_reduce(total)
    return most + total.log()


def _gather(x: Tensor, sizes: list[int]) -> Tensor:
    """(N, ...) the rows of all ranks, which have ``sizes`` of them."""
    padded = F.pad(x, (0, 0) * (x.ndim - 1) + (0, max(sizes) - len(x))).contiguous()
    found = [torch.empty_like(padded) for _ in sizes]
    dist.all_gather(found, padded)
    return torch.cat([part[:size] for part, size in zip(found, sizes, strict=True)])


class _Gather(torch.autograd.Function):
    """``_gather``. Backwards a rank gets the gradient of its rows from all, times their number."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, sizes: list[int]) -> Tensor:
        ctx.sizes = sizes
        return _gather(x, sizes)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor, None]:
        return _Scatter.apply(g, ctx.sizes), None


class _Scatter(torch.autograd.Function):
    """What ``_Gather`` does backwards. Its own gradient is gathered: a rank's features, and the
    gradient of them, are of its part alone; what is computed of gathered ones is of all."""

    @staticmethod
    def forward(ctx: Any, g: Tensor, sizes: list[int]) -> Tensor:
        ctx.sizes = sizes
        g = g.contiguous()
        if ctx.needs_input_grad[0]:
            g = g.clone()  # others remember it
        dist.all_reduce(g)
        return g.split(sizes)[dist.get_rank()] * len(sizes)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor, None]:
        return _Gather.apply(g, ctx.sizes), None


class _Total(torch.autograd.Function):
    """The sum over all ranks, which all have then. Backwards each part gets its gradient."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        x = x.clone()
        dist.all_reduce(x)
        return x

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:
        return _Spread.apply(g)


class _Spread(torch.autograd.Function):
    """What all ranks have, for each to use in its part. Backwards the parts are added."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:
        return _Total.apply(g)


class _CrossEntropy(torch.autograd.Function):
    """Mean cross-entropy of scores (N, C) whose columns are spread over the ranks, and the
    probabilities, from which second derivatives are computed."""

    @staticmethod
    def forward(ctx: Any, z: Tensor, rows: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        ctx.set_materialize_grads(False)
        most = z.max(1).values if z.shape[1] else z.new_full((len(z),), -math.inf)
        dist.all_reduce(most, dist.ReduceOp.MAX)
        p = (z - most[:, None]).exp()
        sums = torch.zeros(2, len(z), dtype=z.dtype, device=z.device)
        sums[0] = p.sum(1)
        sums[1, rows] = z[rows, target]
        dist.all_reduce(sums)
        total, true = sums
        p.div_(total[:, None])
        ctx.save_for_backward(p, rows, target)
        return (total.log() + most - true).mean(), p

    @staticmethod
    def backward(
        ctx: Any, g: Tensor | None, of_p: Tensor | None
    ) -> tuple[Tensor | None, None, None]:
        p, rows, target = ctx.saved_tensors
        grad = None
        if g is not None:
            share = (_Spread.apply(g) if g.requires_grad else g) / len(p)
            grad = p * share
            grad[rows, target] -= share
        if of_p is not None:
            part = p * of_p
            part = part - p * _Spread.apply(_Total.apply(part.sum(1, keepdim=True)))
            grad = part if grad is None else grad + part
        return grad, None, None
