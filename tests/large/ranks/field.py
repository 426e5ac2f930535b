"""Run by torchrun: `field.py FOLDER` does what people did with several processes, and prints for
each check what went wrong. A pattern after the folder chooses some."""

from __future__ import annotations

import copy
import io
import json
import math
import re
import sys
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.checkpoint import filesystem
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FullyShardedDataParallel as FSDP
from torch.distributed.fsdp import fully_shard
from torch.distributed.fsdp.sharded_grad_scaler import ShardedGradScaler
from torch.distributed.tensor import Replicate, Shard, distribute_tensor
from torch.nn.parallel import DataParallel, DistributedDataParallel

import facetoy
from facetoy.large import ShardedMargin, clip_grad_norm_, connect, train
from facetoy.large import checkpoints as written
from facetoy.losses import ArcFace, CenterLoss, CosFace

D, C = 6, 11
CPU = torch.device("cpu")
CHECKS: dict[str, Callable[[Path], None]] = {}


def check(act: Callable[[Path], None]) -> Callable[[Path], None]:
    CHECKS[act.__name__] = act
    return act


def table(cases: dict[str, object]) -> Callable:
    """One check for each row."""

    def rows(act: Callable[[Path, object], None]) -> Callable:
        for name, row in cases.items():
            CHECKS[f"{act.__name__}: {name}"] = lambda folder, row=row: act(folder, row)
        return act

    return rows


def ours(both: object) -> object:
    """Of what differs between ranks, a list, that of this rank; everything else as it is."""
    return both[dist.get_rank()] if isinstance(both, list) else both


def refused(words: str, act: Callable[[], object]) -> None:
    """Every rank raises this, with the same sentence, which begins with the name of the error."""
    try:
        act()
        said = "nothing"
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
    everywhere = [None] * dist.get_world_size()
    dist.all_gather_object(everywhere, said)
    assert everywhere == [said] * len(everywhere), everywhere
    assert re.match(words, said), said


def close(got: Tensor, want: Tensor, most: float = 1e-12) -> None:
    torch.testing.assert_close(got, want, rtol=most, atol=most)


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# --- what will be written is checked before training begins, on all ranks alike


class Odd(ArcFace):
    """A loss of one's own with an argument that can be anything."""

    def __init__(self, d: int, count: int, odd: object = None) -> None:
        super().__init__(d, count, s=16, m=0.3)


SMALL = {
    "loss": "arcface", "m": 0.2, "dim": 8, "epochs": 1, "batch_size": 400, "lr": 0.01, "every": 3,
    "warmup": 0.5, "seed": 3, "sample_rate": 1.0, "progress": False,
}  # fmt: skip


@table({
    "m": {"m": np.float32(0.25)},
    "all numpy": {
        "m": np.float64(0.2), "dim": np.int16(8), "epochs": np.int64(1), "seed": np.uint8(3),
        "batch_size": np.int32(400), "lr": np.float64(0.01), "every": np.int64(1),
        "warmup": np.float16(0.5), "sample_rate": np.float32(1), "s": np.int64(16),
    },
    "arrays": {"m": np.array(0.25), "lr": np.array(0.01), "dim": np.array(8)},
    "tensors": {"m": torch.tensor(0.25), "s": torch.tensor(16), "lr": torch.tensor(0.01)},
    "a class": {"loss": CosFace},
    "a pair": {"loss": Odd, "m": None, "odd": (1, 2)},
})  # fmt: skip
def trains_and_goes_on(folder: Path, change: dict) -> None:
    settings = {k: v for k, v in (SMALL | change).items() if v is not None}
    settings["checkpoint"] = folder / "run"
    data = facetoy.load("digits")
    net, report = train(data, **settings)
    assert report.steps == 3
    again, report = train(data, **settings)  # as it was written
    assert math.isnan(report.loss)
    assert all(torch.equal(a, b) for a, b in zip(net.parameters(), again.parameters(), strict=True))
    plain = {k: v.item() if getattr(v, "ndim", 1) == 0 else v for k, v in settings.items()}
    train(data, **plain)  # the same training


class Extra(nn.Flatten):
    """A network that keeps more than tensors."""

    def get_extra_state(self) -> dict[str, int]:
        return {"seen": 3}

    def set_extra_state(self, state: dict[str, int]) -> None: ...


SAME = "must be the same on all ranks, got"


@table({
    "numpy": ({"loss": Odd, "odd": np.zeros(2)}, "TypeError: odd must be what a checkpoint can"),
    "a set": ({"loss": Odd, "odd": {1}}, "TypeError: odd must be .* as JSON, got {1}"),
    "a complex": ({"m": 0.2j}, "TypeError: m must be .* as JSON, got 0.2j"),
    "a number": ({"checkpoint": 5}, "TypeError: checkpoint must be the path of a folder, got 5"),
    "bytes": ({"checkpoint": b"run"}, "TypeError: checkpoint must be the path .* got b'run'"),
    "no parent": ({"checkpoint": "no/run"}, "OSError: .*write to, got .*run: No such file"),
    "a file": ({"checkpoint": "file"}, "OSError: .*all ranks can write to, got .*file"),
    "below a file": ({"checkpoint": "file/run"}, "OSError: .*file/run: Not a directory"),
    "the system's": ({"checkpoint": "/proc/run"}, "OSError: .* can write to, got /proc/run"),
    "folders": ({"checkpoint": ["run", "other"]}, "ValueError: rank 1: .*must see one folder"),
    "none": ({"checkpoint": ["run", None]}, f"ValueError: checkpoint {SAME} 'a folder' .* None"),
    "epochs": ({"epochs": [1, 2]}, f"ValueError: epochs {SAME} 1 on rank 0 and 2 on rank 1"),
    "every": ({"every": [1, 2]}, f"ValueError: every {SAME} 1 on rank 0 and 2 on rank 1"),
    "m": ({"m": [0.2, 0.3]}, f"ValueError: m {SAME} 0.2 on rank 0 and 0.3 on rank 1"),
    "loss": ({"loss": ["arcface", "cosface"]}, f"ValueError: loss {SAME} 'arcface' on rank 0"),
    "an argument": ({"s": [16.0, 0.0]}, f"ValueError: s {SAME} 16.0 on rank 0 and 0.0 on rank 1"),
    "one zero": ({"epochs": [1, 0]}, "ValueError: rank 1: epochs must be an integer .* got 0"),
    "zero": ({"epochs": 0}, "ValueError: epochs must be an integer of at least 1, got 0"),
    "half": ({"every": np.float32(1.5)}, "ValueError: every must be an integer .* got 1.5"),
    "nan": ({"lr": math.nan}, r"ValueError: lr must lie in \(0, inf\), got nan"),
    "one rate": ({"lr": [-1, 0.1]}, r"ValueError: rank 0: lr must lie in \(0, inf\), got -1"),
    "a word": ({"lr": "fast"}, r"ValueError: lr must lie in \(0, inf\), got 'fast'"),
    "seed": ({"seed": "a"}, "ValueError: seed must be an integer .* got 'a'"),
    "warmup": ({"warmup": [0.1, 2]}, r"ValueError: rank 1: warmup must lie in \[0, 1\], got 2"),
    "unknown": ({"optimizer": ["adam", "lamb"]}, "ValueError: rank 1: optimizer must be one of"),
    "batch": ({"batch_size": 1}, "ValueError: batch_size must be an integer from 2 to 1437, got 1"),
    "no function": ({"on_step": [None, 5]}, "TypeError: rank 1: on_step must be a function, got 5"),
    "no model": ({"model": [None, len]}, "TypeError: rank 1: model must be a torch.nn.Module"),
    "more": (
        {"model": nn.Sequential(Extra(), nn.Linear(64, 8))},
        "TypeError: 0._extra_state in the network's state must be a tensor, got dict",
    ),
    "no data": ({"data": 5}, "TypeError: data must be a facetoy.Data, got 5"),
    "no loss": ({"loss": "arcfase"}, "ValueError: loss must be softmax or .* got 'arcfase'"),
    "no argument": ({"q": 1}, "TypeError: .*unexpected keyword argument 'q'"),
    "out of range": ({"m": -1}, "ValueError: m must lie in"),
})  # fmt: skip
def nothing_begins(folder: Path, row: tuple) -> None:
    change, words = row
    settings = {"data": facetoy.load("digits"), "checkpoint": "run", **SMALL, **change}
    settings = {k: ours(v) for k, v in settings.items()}
    if isinstance(settings["checkpoint"], str):
        settings["checkpoint"] = str(folder / settings["checkpoint"])
    if dist.get_rank() == 0:
        (folder / "file").write_text("mine")
        (folder / "other").mkdir()
    dist.barrier()
    refused(words, lambda: train(**settings))
    assert (folder / "file").read_text() == "mine"
    assert not list(folder.glob("**/step-*"))


@table({
    "written": (filesystem, "_write_item", "OSError: rank 1 could not write .*: no such luck"),
    "read": (written.Reader, "read_metadata", "ValueError: rank 1: no such luck"),
})  # fmt: skip
def a_disk_of_one_rank(folder: Path, row: tuple) -> None:
    """What cannot be written or read on rank 1 ends the training on both, and the checkpoint
    before it is whole: the training goes on from there."""
    where, name, words = row
    act, reached = getattr(where, name), []

    def breaks(*args: object, **kwargs: object) -> object:
        if dist.get_rank() == 1 and len(reached) == 1:
            raise ValueError("no such luck")
        return act(*args, **kwargs)

    data = facetoy.load("digits")
    settings = {**SMALL, "every": 1, "checkpoint": str(folder / "run")}
    if name == "read_metadata":
        train(data, **settings)
        reached.append(1)
    setattr(where, name, breaks)
    refused(words, lambda: train(data, **settings, on_step=reached.append))
    setattr(where, name, act)
    assert train(data, **settings)[1].steps == 3
    assert [f.name for f in (folder / "run").glob("step-*")] == ["step-3"]


# --- DistributedDataParallel and its like around a sharded loss


class Both(nn.Module):
    """A network and its loss, as one model."""

    def __init__(self, head: nn.Module) -> None:
        super().__init__()
        self.net, self.head = nn.Linear(8, D, bias=False).double(), head.double()
        self.net.weight.data.copy_(random(D, 8, seed=5))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.head(self.net(x), y)


class Own(DistributedDataParallel):
    """A wrapper of one's own."""


@table({
    "a model": (DistributedDataParallel, lambda head: Both(head)),
    "equal shares": (DistributedDataParallel, lambda head: Both(ShardedMargin("cosface", D, 10))),
    "the loss": (DistributedDataParallel, lambda head: head),
    "a list": (DistributedDataParallel, lambda head: nn.ModuleList([nn.Linear(2, 2), head])),
    "deep": (DistributedDataParallel, lambda head: nn.Sequential(nn.Sequential(Both(head)))),
    "frozen": (DistributedDataParallel, lambda head: Both(head.requires_grad_(False))),
    "a copy": (DistributedDataParallel, lambda head: Both(copy.deepcopy(head))),
    "static": (partial(DistributedDataParallel, static_graph=True), Both),
    "unused": (partial(DistributedDataParallel, find_unused_parameters=True), Both),
    "a subclass": (Own, Both),
    "threads": (DataParallel, Both),
    "FSDP": (partial(FSDP, device_id=CPU), Both),
    "FSDP, as it was": (partial(FSDP, device_id=CPU, use_orig_params=True), Both),
})  # fmt: skip
def wrapped(folder: Path, row: tuple) -> None:
    wrap, model = row
    head = ShardedMargin("arcface", D, C)
    before = head.state_dict()["weight"].full_tensor()
    refused("ValueError: .* wrap the network alone", lambda: wrap(model(head)))
    if not isinstance(wrap, partial) or wrap.func is not FSDP:  # which takes weights apart first
        assert torch.equal(head.state_dict()["weight"].full_tensor(), before)


X, Y = random(8, 8, seed=1), torch.arange(8) % C


def mine(*whole: Tensor) -> list[Tensor]:
    """This rank's part of a batch of 8: five rows or three."""
    return [rows.split((5, 3))[dist.get_rank()] for rows in whole]


def alone() -> tuple[Both, ShardedMargin]:
    """One process's model, and a sharded loss with the same weights."""
    head = ShardedMargin("arcface", D, C).double()
    both = Both(ArcFace(D, C, s=16))
    both.head.weight.data.copy_(head.state_dict()["weight"].full_tensor())
    return both, head


def through(net: nn.Module, head: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    return head(net(x), y)


@table({name: name for name in ("net", "inside", "left out", "FSDP", "fully_shard")})
def wrapped_rightly(folder: Path, how: str) -> None:
    one, head = alone()
    loss = one(X, Y)
    loss.backward()
    both = Both(head)
    model: Callable = both
    if how == "net":
        net = DistributedDataParallel(both.net)
        model = partial(through, net, head)
    if how == "inside":
        both.net = DistributedDataParallel(both.net)
    if how == "left out":
        both._ddp_params_and_buffers_to_ignore = ["head._scores.loss.weight"]
        model = DistributedDataParallel(both)
    if how == "FSDP":
        model = FSDP(both, device_id=CPU, ignored_states=[head.weight], use_orig_params=True)
    if how == "fully_shard":
        mesh = init_device_mesh("cpu", (dist.get_world_size(),))
        fully_shard(both, mesh=mesh, ignored_params=set(head.parameters()))
    got = model(*mine(X, Y))
    got.backward()
    close(got, loss)
    part = slice(head.classes.start, head.classes.stop)
    close(head.weight.grad, one.head.weight.grad[part])
    if how == "FSDP":
        with FSDP.summon_full_params(model, with_grads=True):
            close(both.net.weight.grad, one.net.weight.grad)
        return
    norm = clip_grad_norm_(both.net.parameters(), head, 0.5)
    close(norm, nn.utils.clip_grad_norm_(one.parameters(), 0.5))
    grad = next(both.net.parameters()).grad
    close(grad.full_tensor() if how == "fully_shard" else grad, one.net.weight.grad)


@check
def numbers_of_numpy(folder: Path) -> None:
    made = {"num_classes": C, "sample_rate": 0.5, "seed": 3, "s": 16, "m": 0.25}
    kinds = np.int32, np.float32, np.uint8, np.float16, np.float32
    of_numpy = {name: kind(made[name]) for name, kind in zip(made, kinds, strict=True)}
    heads = [ShardedMargin("arcface", D, **given) for given in (made, of_numpy)]
    values = [head(*mine(random(8, D).float(), Y)) for head in heads]
    assert values[0] == values[1]
    assert heads[1].state_dict()["weight"].shape == (C, D)


# --- batches, states and weights that fit one rank only


@table({
    "width": (lambda x, y: (x[:, 1:], y), "rank 1: features must have shape (N, 6), got (3, 5)"),
    "labels": (lambda x, y: (x, y + C), "rank 1: labels must lie in [0, 11)"),
    "nan": (lambda x, y: (x * math.nan, y), "rank 1: features must be finite, got nan"),
    "empty": (lambda x, y: (x[:0], y[:0]), "rank 1: features must have at least one row"),
    "dtype": (lambda x, y: (x.float(), y), "the features' dtype must be the same on all ranks, got "
              "torch.float64 on rank 0 and torch.float32 on rank 1"),
    "frozen": (lambda x, y: (x.detach(), y), "the features' requires_grad must be the same on all "
               "ranks, got True on rank 0 and False on rank 1"),
    "elsewhere": (lambda x, y: (x.to("meta"), y), "rank 1: features must be on cpu, got meta"),
})  # fmt: skip
def batches(folder: Path, row: tuple) -> None:
    change, words = row
    head = ShardedMargin("arcface", D, C).double()
    good = mine(random(8, D).requires_grad_(), Y)
    bad = change(*good) if dist.get_rank() == 1 else good
    refused("ValueError: " + re.escape(words), lambda: head(*bad))
    assert head(*good).isfinite()


@check
def weights_of_one_rank(folder: Path) -> None:
    for name in ("arcface", "softmax", "lsoftmax"):
        head = ShardedMargin(name, D, C).double()
        if dist.get_rank() == 1:
            head.weight.data[0, 0] = math.nan
        words = "ValueError: rank 1: weights must be finite, got nan"
        refused(words, lambda head=head: head(*mine(random(8, D), Y)))


@check
def a_loss_of_another_rank(folder: Path) -> None:
    torch.save(ShardedMargin("arcface", D, C), folder / f"{dist.get_rank()}.pt")
    dist.barrier()
    own, other = (
        torch.load(folder / f"{rank}.pt", weights_only=False)
        for rank in (dist.get_rank(), 1 - dist.get_rank())
    )
    x, y = mine(random(8, D).float(), Y)
    assert own(x, y).isfinite()
    assert copy.deepcopy(own)(x, y) == own(x, y)
    words = "ValueError: rank 0: this is the loss of rank 1 of 2, not rank 0 of 2"
    refused(words, lambda: other(x, y))


@table({
    "plain": lambda w, rows: rows,
    "whole": lambda w, rows: w.full_tensor(),
    "an array": lambda w, rows: rows.numpy(),
    "columns": lambda w, rows: w.redistribute(placements=[Shard(1)]),
    "copies": lambda w, rows: w.redistribute(placements=[Replicate()]),
    "another number": lambda w, rows: ShardedMargin("arcface", D, C + 2).state_dict()["weight"],
    "a square of ranks": lambda w, rows: distribute_tensor(
        w.full_tensor(), init_device_mesh("cpu", (2, 1)), [Shard(0), Replicate()]),
})  # fmt: skip
def states(folder: Path, make: Callable) -> None:
    head = ShardedMargin("arcface", D, C)
    weight = head.state_dict()["weight"]
    before = weight.full_tensor()
    given = make(weight, head.weight.data.clone())
    try:
        head.load_state_dict({"weight": given})
        said = ""
    except ValueError as error:
        said = str(error)
    here = f"weight must be the part of rank {dist.get_rank()} of 2 of shape (11, 6), as state_dict"
    assert here in said, said
    assert torch.equal(weight.full_tensor(), before)


# --- second derivatives


@table({name: {"loss": name} for name in ("softmax", "arcface", "lsoftmax", "asoftmax")} | {
    "sampled": {"loss": "arcface", "sample_rate": 0.9},
    "few": {"loss": "arcface", "count": 3},
})  # fmt: skip
def higher_derivatives(folder: Path, made: dict) -> None:
    """Of features, of weights, and of the two, up to the third."""
    ranks, (count, name) = dist.get_world_size(), (made.pop("count", C), made["loss"])
    head = ShardedMargin(in_features=D, num_classes=count, **made).double()
    one = facetoy.losses.LOSSES[name](D, count).double()
    one.weight.data.copy_(head.state_dict()["weight"].full_tensor())
    x, y = random(8, D, seed=2).requires_grad_(), torch.arange(8) % 3
    own, own_y = mine(x.detach(), y)
    own.requires_grad_()
    part = slice(head.classes.start, head.classes.stop)
    value, got = one(x, y).sin(), head(own, own_y).sin()
    for _ in range(3):  # each time of the sum of the squares of the last derivatives
        of_x, of_w = torch.autograd.grad(value, (x, one.weight), create_graph=True)
        own_x, own_w = torch.autograd.grad(got, (own, head.weight), create_graph=True)
        own_x = own_x / ranks  # as DistributedDataParallel does
        close(own_x, mine(of_x)[0], 1e-9)
        close(own_w, of_w[part], 1e-9)
        value = of_x.square().sum()
        got = own_x.square().sum() * ranks  # a mean over the ranks


@check
def curvature_of_weights(folder: Path) -> None:
    one, head = alone()
    x, direction = random(8, D, seed=3), random(C, D, seed=4)
    (of_w,) = torch.autograd.grad(one.head(x, Y), one.head.weight, create_graph=True)
    (want,) = torch.autograd.grad((of_w * direction).sum(), one.head.weight)
    part = slice(head.classes.start, head.classes.stop)
    (of_w,) = torch.autograd.grad(head(*mine(x, Y)), head.weight, create_graph=True)
    (got,) = torch.autograd.grad((of_w * direction[part]).sum(), head.weight)
    close(got, want[part])


@check
def a_penalty_on_gradients_through_a_network(folder: Path) -> None:
    one, head = alone()
    both = Both(head)
    net = DistributedDataParallel(both.net)
    features = one.net(X)
    loss = one.head(features, Y)
    (of_x,) = torch.autograd.grad(loss, features, create_graph=True)
    (loss + 8 * of_x.square().sum()).backward()
    features = net(mine(X)[0])
    got = head(features, *mine(Y))
    (own,) = torch.autograd.grad(got, features, create_graph=True)
    (got + 8 * (own / 2).square().sum() * 2).backward()
    close(head.weight.grad, one.head.weight.grad[head.classes.start : head.classes.stop])
    close(both.net.weight.grad, one.net.weight.grad)


# --- center loss over several processes


class Model(nn.Module):
    """Features and their center loss, as one model: ``forward`` gives both."""

    def __init__(self, loss: CenterLoss) -> None:
        super().__init__()
        self.net, self.loss = nn.Linear(8, D, bias=False), loss
        self.net.weight.data.copy_(random(D, 8, seed=5))

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor | tuple[Tensor, Tensor]:
        features = self.net(x)
        return features if y is None else (features.detach(), self.loss(features, y))


def inside(loss: CenterLoss) -> Callable:
    return DistributedDataParallel(Model(loss).to(loss.weight.dtype))


def outside(loss: CenterLoss) -> Callable:
    """The model is wrapped, but its loss is called from outside."""
    model = inside(loss)

    def called(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        features = model(x)
        return features.detach(), loss(features, y)

    return called


def by_itself(loss: CenterLoss) -> Callable:
    model, wrapped = Model(loss).to(loss.weight.dtype), DistributedDataParallel(loss)
    return lambda x, y: (model.net(x).detach(), wrapped(model.net(x), y))


def by_hand(loss: CenterLoss) -> Callable:
    loss.group = dist.group.WORLD
    return Model(loss).to(loss.weight.dtype)


LABELS = {
    "mixed": Y % 5,
    "one class": Y * 0,
    "apart": (Y > 4).long(),
    "short": (Y % 5).to(torch.int16),
}


@table({f"{how.__name__}, {name}": (how, name, dtype)
        for how in (inside, outside, by_itself, by_hand) for name, dtype in
        [("mixed", torch.float64), ("one class", torch.float64), ("apart", torch.float64),
         ("short", torch.float32)]})  # fmt: skip
def centers(folder: Path, row: tuple) -> None:
    """They move as those of one process with the whole batch, on all ranks, step after step."""
    how, name, dtype = row
    one, y = CenterLoss(D, 5, alpha=0.4).to(dtype), LABELS[name]
    loss = copy.deepcopy(one)
    model, of_one = how(loss), Model(one).to(dtype)
    for k in range(3):
        x = random(8, 8, seed=k).to(dtype)
        one.update(of_one(x, y)[0], y)
        features, value = model(*mine(x, y))
        value.backward()
        loss.update(features, *mine(y))
        close(loss.centers, one.centers, 1e-12 if dtype == torch.float64 else 1e-5)


@table({
    "labels": (lambda x, y: (x, y + 5), "rank 1: labels must lie in [0, 5)"),
    "width": (lambda x, y: (x[:, 1:], y), "rank 1: features must have shape (N, 6)"),
    "empty": (lambda x, y: (x[:0], y[:0]), "rank 1: features must have at least one row"),
    "nan": (lambda x, y: (x * math.nan, y), "rank 1: features must be finite"),
})  # fmt: skip
def centers_and_a_bad_batch(folder: Path, row: tuple) -> None:
    change, words = row
    loss = CenterLoss(D, 5).double()
    inside(loss)
    good = mine(random(8, D), Y % 5)
    bad = change(*good) if dist.get_rank() == 1 else good
    refused("ValueError: " + re.escape(words), lambda: loss.update(*bad))
    assert (loss.centers == 0).all()


@check
def centers_of_one_rank_wait_for_nobody(folder: Path) -> None:
    wrapped = CenterLoss(D, 5)
    inside(wrapped)
    file = io.BytesIO()
    torch.save(wrapped, file)
    file.seek(0)
    for loss in (CenterLoss(D, 5), copy.deepcopy(wrapped), torch.load(file, weights_only=False)):
        assert loss.group is None
        if dist.get_rank() == 1:
            loss.update(torch.ones(2, D), torch.tensor([1, 1]))
            close(loss.centers[1], torch.full((D,), 1 / 3), 1e-6)


# --- clipping


def clipped(limit: float, head: ShardedMargin, both: Both, given: Callable) -> Tensor:
    net = DistributedDataParallel(both.net)
    head(net(mine(X)[0]), *mine(Y)).backward()
    return clip_grad_norm_(given(net, head), head, limit)


@table({
    "half": 0.5, "none": 1e3, "inf": math.inf, "0": 0, "numpy": np.float32(0.5),
    "a tensor": torch.tensor(0.5), "an array": np.array(0.5), "an integer": 1, "tiny": 1e-30,
})  # fmt: skip
def clipping(folder: Path, limit: float) -> None:
    """Norm and gradients are those of one process."""
    for given in (
        lambda net, head: net.parameters(),
        lambda net, head: [*net.parameters(), *head.parameters()],
        lambda net, head: net.module.weight,
    ):
        one, head = alone()
        one(X, Y).backward()
        want = nn.utils.clip_grad_norm_(one.parameters(), float(limit))
        both = Both(head)
        close(clipped(limit, head, both, given), want)
        close(both.net.weight.grad, one.net.weight.grad)
        part = slice(head.classes.start, head.classes.stop)
        close(head.weight.grad, one.head.weight.grad[part])


@check
def clipping_a_training(folder: Path) -> None:
    one, head = alone()
    both = Both(head)
    net = DistributedDataParallel(both.net)
    first, second = (torch.optim.SGD(m.parameters(), 1.0, momentum=0.9) for m in (one, both))
    for k in range(5):
        x = random(8, 8, seed=k)
        first.zero_grad()
        one(x, Y).backward()
        nn.utils.clip_grad_norm_(one.parameters(), 0.3)
        first.step()
        second.zero_grad()
        head(net(mine(x)[0]), *mine(Y)).backward()
        clip_grad_norm_(net.parameters(), head, 0.3)
        second.step()
    close(both.net.weight, one.net.weight)
    close(head.weight, one.head.weight[head.classes.start : head.classes.stop])


@check
def clipping_sparse_gradients(folder: Path) -> None:
    norms = []
    for sparse in (False, True):
        head = ShardedMargin("arcface", D, 400, sample_rate=0.1, sparse=sparse).double()
        both = Both(head)
        norms.append(clipped(0.3, head, both, lambda net, head: net.parameters()))
        assert head.weight.grad.is_sparse == sparse
        norms.append(head.weight.grad.to_dense().norm())
    close(norms[2], norms[0])
    close(norms[3], norms[1])


@table({
    "negative": (-1, "max_norm must lie in [0, inf], got -1"),
    "nan": (math.nan, "max_norm must lie in [0, inf], got nan"),
    "one": ([1, -1], "rank 1: max_norm must lie in [0, inf], got -1"),
    "other": ([1.0, 2.0], f"max_norm {SAME} 1.0 on rank 0 and 2.0 on rank 1"),
    "a word": ("1", "max_norm must lie in [0, inf], got '1'"),
    "none": (None, "max_norm must lie in [0, inf], got None"),
})  # fmt: skip
def no_limit(folder: Path, row: tuple) -> None:
    limit, words = row
    _, head = alone()
    net = Both(head).net
    act = partial(clip_grad_norm_, net.parameters(), head, ours(limit))
    refused("ValueError: " + re.escape(words), act)


@check
def nothing_to_clip_as_one(folder: Path) -> None:
    _, head = alone()
    net = Both(head).net
    assert clip_grad_norm_(net.parameters(), head, 1.0) == 0  # no gradients yet
    head(net(mine(X)[0]), *mine(Y)).backward()
    words = "ValueError: the network's gradients must be the same on all ranks, got norm"
    refused(words, lambda: clip_grad_norm_(net.parameters(), head, 1.0))
    words = "TypeError: head must be a ShardedMargin, got Linear"
    refused(words, lambda: clip_grad_norm_([], net, 1.0))


@check
def a_gradient_that_is_not_finite_is_so_on_all_ranks(folder: Path) -> None:
    _, head = alone()
    both = Both(head)
    net = DistributedDataParallel(both.net)
    head(net(mine(X)[0]), *mine(Y)).backward()
    if dist.get_rank() == 1:
        head.weight.grad[0, 0] = math.inf
    before = copy.deepcopy(both.state_dict())
    optimizer = torch.optim.SGD(both.parameters(), 0.1)
    scaler = ShardedGradScaler(device="cpu", init_scale=1.0)
    scaler.scale(torch.ones(()))
    scaler.unscale_(optimizer)
    assert clip_grad_norm_(net.parameters(), head, 1.0) == math.inf
    scaler.step(optimizer)  # skips
    scaler.update()
    assert scaler.get_scale() == 0.5
    assert torch.equal(both.net.weight, before["net.weight"])


if __name__ == "__main__":
    with connect(timeout=np.float32(60)):
        torch.set_num_threads(1)
        found = {}
        for name, act in CHECKS.items():
            if not re.match(sys.argv[2] if sys.argv[2:] else "", name):
                continue
            folder = Path(sys.argv[1], str(len(found)))
            if dist.get_rank() == 0:
                folder.mkdir()
            dist.barrier()
            try:
                act(folder)
                wrong = ""
            except Exception:
                wrong = traceback.format_exc()
            everywhere = [None] * dist.get_world_size()
            dist.all_gather_object(everywhere, wrong)
            found[name] = "\n".join(filter(None, everywhere))
        if dist.get_rank() == 0:
            print(json.dumps(found))
