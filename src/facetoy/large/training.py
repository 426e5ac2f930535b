"""Train one network on many machines, its last layer spread over them::

    torchrun --nproc-per-node 2 -m facetoy.large --identities 1000 --checkpoint run

trains on drawn faces with two processes on this machine; on a cluster ``torchrun`` takes
``--nnodes`` and an address as well, and the rest of the line stays. ``--help`` lists all options.
The same line goes on from the checkpoint, on any number of ranks.
"""

from __future__ import annotations

import json
import math
import os
import statistics
from collections.abc import Callable
from functools import partial
from signal import SIGINT, SIGTERM
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.distributed as dist
from torch import nn

from facetoy.checks import between, plain, whole
from facetoy.data import Data
from facetoy.faces.verification import Pairs, draw_pairs, roc
from facetoy.faces.verification import cosine as similarity
from facetoy.large.process_memory import peak
from facetoy.large.sharded import SEEDS, ShardedMargin, loss_name
from facetoy.large.share import Share
from facetoy.losses._base import ClassLoss
from facetoy.losses._parallel import check_alike, of_all, together
from facetoy.progress import progress_bar
from facetoy.training import loop
from facetoy.training.networks import embedded, network_for
from facetoy.training.recording import layout
from facetoy.training.schedule import cosine
from facetoy.training.surroundings import interruptible

OPTIMIZERS = {
    "adam": torch.optim.Adam,
    "sgd": partial(torch.optim.SGD, momentum=0.9),
}


class Report(NamedTuple):
    """What a training says of itself, but for the time the same on every rank."""

    ranks: int  #: how many processes have trained
    classes: int  #: how many classes there were
    steps: int  #: how many steps they took
    loss: float  #: mean of the last epoch's steps
    step_ms: float  #: median milliseconds of a step on this rank, without the first
    peak_mb: list[float]  #: largest memory of each rank so far, of the GPU, else of the process


def train(
    data: Data,
    loss: str | type[ClassLoss] = "arcface",
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
        loss: a name of ``facetoy.losses.LOSSES`` or a class: softmax or any margin loss.
        model: a network from images (N, 1, H, W) to features (N, dim), copied, not changed; None
            is a small one.
        optimizer: "adam", or "sgd" with momentum 0.9, which holds one number less for each weight,
            and wants a rate of about 0.1.
        checkpoint: a folder, on a disk that all machines share. Every ``every`` steps each rank
            writes its part there, and from the last whole checkpoint the same call goes on, on any
            number of ranks. Ctrl-C ends the training at the next one, with a KeyboardInterrupt.
        on_step: called after each step with its number.

    Before the first step, and on every rank alike: ValueError for arguments out of range or not
    the same on all ranks, and for a checkpoint of another training; TypeError for arguments that
    cannot be written into it; OSError for a folder that some rank cannot write to.
    """
    settings = {
        "loss": loss_name(loss), "dim": dim, "epochs": epochs, "batch_size": batch_size, "lr": lr,
        "optimizer": optimizer, "warmup": warmup, "sample_rate": sample_rate, "seed": seed,
        "every": every, **loss_args,
    }  # fmt: skip
    settings = {name: plain(value) for name, value in settings.items()}
    device = device or torch.device("cpu")
    with together():
        for name, value, fits, what in (
            ("data", data, isinstance(data, Data), "a facetoy.Data"),
            ("model", model, isinstance(model, nn.Module | None), "a torch.nn.Module"),
            ("on_step", on_step, on_step is None or callable(on_step), "a function"),
        ):
            if not fits:
                raise TypeError(f"{name} must be {what}, got {value!r}")
        settings |= {"data": data.name, "classes": data.num_classes, "images": data.checksum()}
        _check(settings, len(data.train_labels), checkpoint)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings["seed"])
            net = network_for(data.train_images, settings["dim"], model)
            net = net.to(device, memory_format=layout(device))
    check_alike({**settings, "checkpoint": checkpoint and "a folder"})
    every = settings.pop("every")
    head = ShardedMargin(
        loss, dim, data.num_classes, sample_rate=sample_rate, seed=seed, **loss_args
    ).to(device)
    optimiser = OPTIMIZERS[optimizer]([*net.parameters(), *head.parameters()], settings["lr"])
    numbers = (settings[name] for name in ("batch_size", "warmup", "seed"))
    work = Share(net, head, optimiser, data, *numbers, on_step)
    _run(work, settings, checkpoint, every, progress)
    return net, _report(work)


def _check(settings: dict[str, Any], images: int, checkpoint: str | os.PathLike | None) -> None:
    """ValueError or TypeError for settings that cannot be, or that a checkpoint cannot hold."""
    for name in ("dim", "epochs", "every"):
        whole(name, settings[name], 1)
    between("warmup", settings["warmup"], 0, 1)
    between("lr", settings["lr"], 0, math.inf, "()")
    if settings["optimizer"] not in OPTIMIZERS:
        known = ", ".join(OPTIMIZERS)
        raise ValueError(f"optimizer must be one of {known}, got {settings['optimizer']!r}")
    whole("seed", settings["seed"], -SEEDS, SEEDS)
    whole("batch_size", settings["batch_size"], dist.get_world_size(), images)
    if checkpoint is None:
        return
    if not isinstance(checkpoint, str | os.PathLike):
        raise TypeError(f"checkpoint must be the path of a folder, got {checkpoint!r}")
    for name, value in settings.items():
        try:
            json.dumps(value)
        except (TypeError, ValueError):
            raise TypeError(
                f"{name} must be what a checkpoint can hold as JSON, got {value!r}"
            ) from None


def _run(
    work: Share, settings: dict[str, Any], checkpoint: str | os.PathLike | None, every: int,
    progress: bool,
) -> None:  # fmt: skip
    """Train to the end, or until a signal asks all ranks to stop at a checkpoint."""
    store, signals = loop.Store(), ()
    if checkpoint is not None:
        from facetoy.large.checkpoints import Folder  # takes a second

        store, signals = Folder(checkpoint, settings, work, every), (SIGINT, SIGTERM)
    total = settings["epochs"] * work.per_epoch
    shown = progress and dist.get_rank() == 0
    bar = progress_bar(shown=shown, total=total, desc=settings["loss"], unit="step")
    with bar, interruptible(signals) as asked:
        loop.train(
            work,
            total,
            decay=cosine,
            tell=lambda step: bar.update(step - bar.n),
            # a signal reaches the ranks at different steps; here all have just saved the same
            stop=lambda step: step % every == 0 and work.any_rank(asked.is_set()),
            store=store,
        )


def _report(work: Share) -> Report:
    cuda = work.device.type == "cuda"
    most = torch.cuda.max_memory_allocated(work.device) if cuda else peak()
    (peaks,) = of_all([most / 1e6])
    return Report(
        ranks=work.head.ranks,
        classes=work.head.num_classes,
        steps=work.step,
        loss=float(np.mean(work.losses[-work.per_epoch :])) if work.losses else float("nan"),
        step_ms=1000 * statistics.median(work.times[1:] or work.times or [float("nan")]),
        peak_mb=[round(v, 1) for v in peaks],
    )


def equal_error(net: nn.Module, data: Data, device: torch.device) -> float:
    """Equal error rate on 100,000 pairs of photos of people who were not in training."""
    strange, pairs = strangers(data)
    x = embedded(net.eval(), torch.as_tensor(data.test_images[strange]).to(device))
    return roc(similarity(x.cpu().numpy(), pairs), pairs.same).eer


def strangers(data: Data) -> tuple[np.ndarray, Pairs]:
    """Which test images show people who were not in training, and pairs of these. ValueError if
    there are too few."""
    strange = data.test_labels >= data.num_classes
    return strange, draw_pairs(data.test_labels[strange], 50_000)
