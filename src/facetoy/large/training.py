"""Train one network on many machines, its last layer spread over them.

    torchrun --nproc-per-node 2 -m facetoy.large --identities 1000 --checkpoint run.npz

trains on drawn faces with two processes on this machine; on a cluster ``torchrun`` takes
``--nnodes`` and an address as well, and the rest of the line stays. ``--help`` lists all options.
The same line goes on from the checkpoint, on any number of ranks.
"""

from __future__ import annotations

import copy
import json
import os
import statistics
import time
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from facetoy.checks import whole
from facetoy.data import Data
from facetoy.faces.verification import cosine, draw_pairs, roc
from facetoy.files import check_same, read_npz, write_npz
from facetoy.large.process_memory import peak
from facetoy.large.sharded import ShardedMargin, every_rank
from facetoy.progress import progress_bar
from facetoy.training.engine import easing, embedded
from facetoy.training.networks import make_embedder

OPTIMIZERS = {
    "adam": torch.optim.Adam,
    "sgd": partial(torch.optim.SGD, momentum=0.9),
}


class Report(NamedTuple):
    """What a training says of itself, the same on every rank."""

    ranks: int
    classes: int
    steps: int
    loss: float  #: mean of the last epoch's steps
    step_ms: float  #: median milliseconds of a step on rank 0, without the first
    peak_mb: list[float]  #: largest memory of each rank so far: of the GPU, else of the process


def train(
    data: Data,
    loss: str = "arcface",
    *,
    model: nn.Module | None = None,
    dim: int = 128,
    epochs: int = 10,
    batch_size: int = 256,
    lr: float = 0.005,
    optimizer: str = "adam",
    warmup: float = 0.3,
    sample_rate: float = 1.0,
    seed: int = 0,
    checkpoint: str | os.PathLike | None = None,
    every: int = 50,
    device: torch.device | None = None,
    on_step: Callable[[int], None] | None = None,
    progress: bool = True,
    **loss_args: Any,
) -> tuple[nn.Module, Report]:
    """The trained network, its weights the same on every rank, and a report. All ranks call it.

    The learning rate falls along a cosine; margins and λ are eased in as by ``fit``. The
    network is replicated (DistributedDataParallel), the loss is a ``ShardedMargin``. A batch of
    ``batch_size`` images is shared out among the ranks; with ``sample_rate`` 1, and a network
    without batch normalisation, the result is that of a single process.

    Args:
        model: a network from images (N, 1, H, W) to features (N, dim), copied, not changed; None
            is a small one.
        optimizer: "adam", or "sgd" with momentum 0.9, which holds one number less for each weight,
            and wants a rate of about 0.1.
        checkpoint: a file, on a disk that all machines share. It is written every ``every`` steps,
            whole or not at all, and from it the same call goes on, on any number of ranks.
        on_step: called after each step with its number.

    ValueError for arguments out of range, and for a checkpoint of another training.
    """
    for name, value in (("dim", dim), ("epochs", epochs), ("every", every)):
        whole(name, value, 1)
    if not 0 <= warmup <= 1:
        raise ValueError(f"warmup must lie in [0, 1], got {warmup}")
    if optimizer not in OPTIMIZERS:
        raise ValueError(f"optimizer must be one of {', '.join(OPTIMIZERS)}, got {optimizer!r}")
    whole("batch_size", batch_size, dist.get_world_size(), len(data.train_labels))
    device = device or torch.device("cpu")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        shape = data.train_images.shape[2:]
        net = make_embedder(*shape, dim) if model is None else copy.deepcopy(model)
    net = net.to(device)
    head = ShardedMargin(
        loss, dim, data.num_classes, sample_rate=sample_rate, seed=seed, **loss_args
    ).to(device)
    optimiser = OPTIMIZERS[optimizer]([*net.parameters(), *head.parameters()], lr)
    images = torch.as_tensor(data.train_images)
    labels = torch.as_tensor(data.train_labels)
    per_epoch = len(labels) // batch_size
    total = epochs * per_epoch
    config = {
        "loss": loss, "data": data.name, "classes": data.num_classes, "images": data.checksum(),
        "dim": dim, "epochs": epochs, "batch_size": batch_size, "lr": lr,
        "optimizer": optimizer, "warmup": warmup,
        "sample_rate": sample_rate, "seed": seed, **loss_args,
    }  # fmt: skip
    done = _resume(checkpoint, config, net, head, optimiser) if checkpoint is not None else 0
    all_done = every_rank(torch.tensor([done], device=device))
    if len(set(all_done)) > 1:
        raise ValueError(f"all ranks must see one checkpoint; they have done {all_done} steps")
    spread = DistributedDataParallel(net)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: (1 + np.cos(np.pi * (done + step) / total)) / 2
    )
    ease = easing(head.loss, warmup)
    shown = progress and dist.get_rank() == 0
    losses, times = [], []
    with progress_bar(shown=shown, total=total, initial=done, desc=loss, unit="step") as bar:
        for step in range(done, total):
            rows = _rows(step, per_epoch, len(labels), batch_size, seed)
            began = time.perf_counter()
            ease(step / total)
            value = head(spread(images[rows].to(device)), labels[rows].to(device))
            optimiser.zero_grad()
            value.backward()
            optimiser.step()
            schedule.step()
            losses.append(value.item())
            times.append(time.perf_counter() - began)
            if checkpoint is not None and ((step + 1) % every == 0 or step + 1 == total):
                _save(checkpoint, step + 1, config, net, head, optimiser)
            if on_step is not None:
                on_step(step + 1)
            bar.update()
    return net, Report(
        ranks=dist.get_world_size(),
        classes=data.num_classes,
        steps=total,
        loss=float(np.mean(losses[-per_epoch:])) if losses else float("nan"),
        step_ms=1000 * statistics.median(times[1:] or times or [float("nan")]),
        peak_mb=_peaks(device),
    )


@lru_cache(maxsize=1)
def _order(count: int, seed: int) -> Tensor:
    """All images in the order of an epoch, the same on every rank."""
    return torch.randperm(count, generator=torch.Generator().manual_seed(seed))


def _rows(step: int, per_epoch: int, count: int, size: int, seed: int) -> Tensor:
    """Which images this rank trains on in a step: its part of the step's batch."""
    epoch, k = divmod(step, per_epoch)
    batch = _order(count, seed + epoch)[k * size : (k + 1) * size]
    return batch.tensor_split(dist.get_world_size())[dist.get_rank()]


def _save(
    path: str | os.PathLike, step: int, config: dict[str, Any], net: nn.Module,
    head: ShardedMargin, optimiser: torch.optim.Optimizer,
) -> None:  # fmt: skip
    """Write the state of all ranks into one file, from rank 0."""
    arrays = {f"net/{k}": v for k, v in net.state_dict().items()}
    for name, p in net.named_parameters():
        arrays |= {f"moments/{k}/{name}": v for k, v in _moments(optimiser, p).items()}
    arrays["head"] = head.full_weight()
    for k, v in _moments(optimiser, head.weight).items():
        arrays[f"head_moments/{k}"] = head.gather(v)
    if dist.get_rank() == 0:
        words = {"config": np.array(json.dumps(config, sort_keys=True)), "step": np.array(step)}
        write_npz(path, {k: v.cpu().numpy() for k, v in arrays.items()} | words)
    dist.barrier()  # nobody goes on, or dies, before the file is there


def _moments(optimiser: torch.optim.Optimizer, parameter: Tensor) -> dict[str, Tensor]:
    """What the optimiser remembers of each number of a parameter."""
    state = optimiser.state[parameter]
    return {k: v for k, v in state.items() if k != "step" and v is not None}


def _resume(
    path: str | os.PathLike, config: dict[str, Any], net: nn.Module, head: ShardedMargin,
    optimiser: torch.optim.Optimizer,
) -> int:  # fmt: skip
    """Take over the state in ``path``, if it exists; the number of steps that it has behind it."""
    if not Path(path).exists():
        return 0
    arrays = read_npz(path, dict, "checkpoint of facetoy.large")
    try:
        before = json.loads(str(arrays["config"]))
        check_same(path, before, config)
        step = int(arrays["step"])
        net.load_state_dict({
            k.removeprefix("net/"): torch.as_tensor(v)
            for k, v in arrays.items() if k.startswith("net/")
        })  # fmt: skip
        head.load_full_weight(torch.as_tensor(arrays["head"]))
        named = dict(net.named_parameters())
        mine = slice(head.classes.start, head.classes.stop)
        for key, value in arrays.items():
            group, _, rest = key.partition("/")
            moment, _, name = rest.partition("/")
            if group == "moments":
                optimiser.state[named[name]][moment] = torch.as_tensor(value).to(named[name])
            elif group == "head_moments":
                part = torch.as_tensor(value[mine]).to(head.weight)
                optimiser.state[head.weight][moment] = part
        for p in (*named.values(), head.weight):
            optimiser.state[p]["step"] = torch.tensor(float(step))
        return step
    except (KeyError, RuntimeError) as error:
        raise ValueError(f"{os.fspath(path)} is not a checkpoint of this network") from error


def _peaks(device: torch.device) -> list[float]:
    """Megabytes that each rank has used at most."""
    most = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else peak()
    return [round(v, 1) for v in every_rank(torch.tensor([most / 1e6], device=device))]


def equal_error(net: nn.Module, data: Data, device: torch.device) -> float:
    """Equal error rate on 100,000 pairs of photos of people who were not in training."""
    strange = data.test_labels >= data.num_classes
    pairs = draw_pairs(data.test_labels[strange], 50_000)
    x = embedded(net.eval(), torch.as_tensor(data.test_images[strange]).to(device))
    return roc(cosine(x.cpu().numpy(), pairs), pairs.same).eer
