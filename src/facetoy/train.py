"""fit: train a small network under one loss. sweep: do that for every value of a parameter."""

import copy
import inspect
import itertools
import os
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from facetoy.data import Data
from facetoy.losses import LOSSES
from facetoy.model import Embedder
from facetoy.run import Run, Sweep


def fit(
    loss: str | type[nn.Module] | nn.Module,
    data: Data,
    *,
    dim: int = 3,
    epochs: int = 60,
    seed: int = 0,
    device: str = "auto",
    snapshots: int = 20,
    lr: float = 0.01,
    batch_size: int = 128,
    warmup: float = 0.3,
    progress: bool = True,
    on_snapshot: Callable[[Run], None] | None = None,
    **loss_args: Any,
) -> Run:
    """Train a small network under ``loss`` and return the run.

    Adam with a cosine schedule. The margin ``m`` of a loss that has one rises from 0 over the
    first ``warmup`` of the steps. Images stay on the device throughout. The same call gives the
    same run on the same machine, and leaves torch's random state as it was.

    Args:
        loss: a name of ``facetoy.losses.LOSSES``, a class, or a module (copied, not changed).
        data: what to train on; features are recorded for its test images.
        dim: d, the length of a feature.
        snapshots: T; closer together in early training, where most happens.
        device: "auto" takes CUDA, then MPS, then CPU; else a torch device.
        lr: learning rate at the start.
        progress: show a progress bar.
        on_snapshot: called at each snapshot with the run so far; may raise KeyboardInterrupt.
        **loss_args: arguments of the loss, such as ``s`` and ``m``.

    An interruption (Ctrl-C, the notebook's stop button) returns what was trained so far, with
    ``run.config["interrupted"]`` True. ValueError or TypeError for arguments out of range.
    """
    for name, value, least in (
        ("dim", dim, 1), ("epochs", epochs, 1), ("snapshots", snapshots, 2),
        ("batch_size", batch_size, 1),
    ):  # fmt: skip
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ValueError(f"{name} must be an integer of at least {least}, got {value!r}")
    if not 0 <= warmup <= 1:
        raise ValueError(f"warmup must lie in [0, 1], got {warmup}")
    if not lr > 0:
        raise ValueError(f"lr must be positive, got {lr}")
    where = _device(device)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        head, name = _loss(loss, dim, data.num_classes, loss_args)
        model = Embedder(int(np.prod(data.train_images.shape[1:])), dim)
        order = torch.Generator().manual_seed(seed)
    head, model = head.to(where), model.to(where)
    config = {
        "loss": name, **_arguments(head), "data": data.name, "num_classes": data.num_classes,
        "dim": dim, "epochs": epochs, "seed": seed, "lr": lr, "batch_size": batch_size,
        "warmup": warmup, "interrupted": False,
    }  # fmt: skip

    x, y = (
        torch.as_tensor(data.train_images).to(where),
        torch.as_tensor(data.train_labels).to(where),
    )
    test_x = torch.as_tensor(data.test_images).to(where)
    test_y = torch.as_tensor(data.test_labels).to(where)
    known = test_y < data.num_classes
    parameters = [*model.parameters(), *head.parameters()]
    optimiser = torch.optim.Adam(parameters, lr)
    per_epoch = -(-len(x) // batch_size)
    total = epochs * per_epoch
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, total)
    margin = getattr(head, "m", None)
    # squared: early snapshots are closer together
    due = set(np.unique(np.rint(np.linspace(0, 1, snapshots) ** 2 * total).astype(int)).tolist())
    taken: list[tuple[int, Tensor, Tensor | None, Tensor]] = []
    history: dict[str, list[float]] = {
        "loss": [], "train_accuracy": [], "test_accuracy": [], "gradient_norm": []
    }  # fmt: skip

    def so_far() -> Run:
        steps, features, weight, predicted = zip(*taken, strict=True)
        return Run(
            features=torch.stack(features).cpu().numpy(),
            weight=None if weight[0] is None else torch.stack(weight).cpu().numpy(),
            predicted=torch.stack(predicted).cpu().numpy(),
            labels=data.test_labels,
            images=data.test_images,
            class_names=data.class_names,
            steps=np.array(steps),
            history={k: np.array(v) for k, v in history.items()},
            config=dict(config),
            device=_name(where),
        )

    @torch.no_grad()
    def snapshot(step: int) -> None:
        features = model(test_x)
        weight = getattr(head, "weight", None)
        weight = None if weight is None else weight.detach().clone()
        taken.append((step, features, weight, head.logits(features).argmax(1)))
        if on_snapshot is not None:
            on_snapshot(so_far())

    @torch.no_grad()
    def accuracy(images: Tensor, labels: Tensor) -> float:
        return (head.logits(model(images)).argmax(1) == labels).float().mean().item()

    step = 0
    bar = _bar(progress, total=epochs, desc=f"{name} on {where.type}", unit="epoch")
    threads = torch.get_num_threads()
    try:
        # a second thread only gets in the way of a network this small, most on a busy machine
        torch.set_num_threads(1)
        snapshot(0)
        for _ in range(epochs):
            losses, norms = [], []
            for batch in torch.randperm(len(x), generator=order).to(where).split(batch_size):
                if margin is not None:
                    head.m = margin * min(1.0, step / (warmup * total)) if warmup else margin
                value = head(model(x[batch]), y[batch])
                optimiser.zero_grad()
                value.backward()
                optimiser.step()
                schedule.step()
                step += 1
                losses.append(value.detach())
                norms.append(torch.stack([p.grad.norm() for p in parameters]).norm())
                if step in due:
                    snapshot(step)
            history["loss"].append(torch.stack(losses).mean().item())
            history["gradient_norm"].append(torch.stack(norms).mean().item())
            history["train_accuracy"].append(accuracy(x, y))
            history["test_accuracy"].append(accuracy(test_x[known], test_y[known]))
            bar.update()
    except KeyboardInterrupt:
        config["interrupted"] = True
        on_snapshot = None
        if not taken or taken[-1][0] != step:
            snapshot(step)
    finally:
        bar.close()
        torch.set_num_threads(threads)
    return so_far()


def sweep(loss: str | type[nn.Module], data: Data, *, progress: bool = True, **args: Any) -> Sweep:
    """One ``fit`` for each combination of the arguments that are lists (or tuples, ranges, arrays).

    ``sweep("arcface", data, m=[0, 0.1, 0.2])`` varies the margin; ``seed=range(5)`` the seed.
    Other arguments go to every ``fit``. An interruption returns the runs so far. ValueError if
    no argument is a list, or one is empty.
    """
    lists = {
        k: list(v) for k, v in args.items() if isinstance(v, list | tuple | range | np.ndarray)
    }
    if not lists or not all(lists.values()):
        raise ValueError(
            "sweep needs at least one argument that is a non-empty list, e.g. m=[0, 0.5]"
        )
    runs: list[Run] = []
    combinations = list(itertools.product(*lists.values()))
    with _bar(progress, combinations, desc="sweep", unit="run") as bar:
        for values in bar:
            run = fit(
                loss, data, progress=False, **{**args, **dict(zip(lists, values, strict=True))}
            )
            runs.append(run)
            if run.config["interrupted"]:
                break
    return Sweep(runs, list(lists))


def _bar(progress: bool, *args: Any, **kwargs: Any) -> tqdm:
    """A progress bar; none if not wanted or if TQDM_DISABLE is set, as where the book is built."""
    # tqdm itself heeds the variable in terminals only
    quiet = not progress or bool(os.environ.get("TQDM_DISABLE"))
    return tqdm(*args, leave=False, disable=quiet, **kwargs)


def _device(device: str) -> torch.device:
    if device != "auto":
        return torch.device(device)
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def _name(device: torch.device) -> str:
    if device.type == "cuda":
        return f"cuda ({torch.cuda.get_device_name(device)})"
    return device.type


def _loss(loss: Any, dim: int, num_classes: int, args: dict) -> tuple[nn.Module, str]:
    """A fresh module for what ``fit`` was given, and its name."""
    if isinstance(loss, nn.Module):
        if args:
            raise TypeError(f"a loss module has its arguments already, got {', '.join(args)} too")
        has = (getattr(loss, "in_features", dim), getattr(loss, "num_classes", num_classes))
        if has != (dim, num_classes):
            raise ValueError(
                f"the loss must fit dim={dim} and {num_classes} classes, got one for {has}"
            )
        return copy.deepcopy(loss), type(loss).__name__.lower()
    if isinstance(loss, str) and loss not in LOSSES:
        raise ValueError(f"unknown loss {loss!r}; there are {', '.join(map(repr, LOSSES))}")
    if not isinstance(loss, str) and not inspect.isclass(loss):
        raise TypeError(f"loss must be a name, a class or a module, got {loss!r}")
    make = LOSSES[loss] if isinstance(loss, str) else loss
    name = loss if isinstance(loss, str) else loss.__name__.lower()
    takes = list(inspect.signature(make).parameters)[2:]
    for key in args:
        if key not in takes:
            raise TypeError(f"{name} takes no argument {key!r}; it takes {', '.join(takes)}")
    return make(dim, num_classes, **args), name


def _arguments(head: nn.Module) -> dict[str, Any]:
    """The arguments that ``head`` was made with, as far as it keeps them as plain values."""
    names = list(inspect.signature(type(head)).parameters)[2:]
    values = {n: getattr(head, n, None) for n in names}
    return {n: v for n, v in values.items() if isinstance(v, bool | int | float | str)}
