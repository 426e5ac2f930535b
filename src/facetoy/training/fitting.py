"""fit: train a small network under one loss. sweep: do that for every value of a parameter."""

import copy
import functools
import inspect
import itertools
import math
import os
import queue
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from joblib import Parallel, cpu_count, delayed
from torch import nn

from facetoy.checks import whole
from facetoy.data import Data
from facetoy.losses import LOSSES, TripletLoss
from facetoy.losses._base import ClassLoss
from facetoy.progress import progress_bar
from facetoy.training.engine import (
    Images,
    Optimizer,
    Plan,
    Shuffled,
    Training,
    embedded,
    interruptible,
    numbers,
    one_thread,
    resident,
    seeded,
    signature,
    train,
)
from facetoy.training.networks import convolves, make_embedder
from facetoy.training.runs import Run, Sweep
from facetoy.training.sampler import PKSampler


def adam(parameters: list[nn.Parameter], lr: float) -> torch.optim.Optimizer:
    """torch's Adam, fused where it can be."""
    return torch.optim.Adam(parameters, lr, fused=parameters[0].device.type != "mps")


def cosine(part: float) -> float:
    """What the learning rate is multiplied with: from 1 down to 0 along half a wave."""
    return (1 + math.cos(math.pi * part)) / 2


def fit(
    loss: str | type[nn.Module] | nn.Module,
    data: Data,
    *,
    dim: int = 3,
    epochs: int = 60,
    seed: int = 0,
    model: nn.Module | None = None,
    device: str = "auto",
    snapshots: int = 20,
    lr: float = 0.01,
    batch_size: int = 128,
    warmup: float = 0.3,
    per_class: int | None = None,
    optimizer: Optimizer = adam,
    decay: Callable[[float], float] = cosine,
    checkpoint: str | os.PathLike | None = None,
    progress: bool = True,
    on_snapshot: Callable[[Run], None] | None = None,
    **loss_args: Any,
) -> Run:
    """Train a small network under ``loss`` and return the run.

    Adam with a cosine schedule. A margin rises from nothing over the first ``warmup`` of the
    steps, the λ of L-Softmax and A-Softmax falls by their annealing, and centers move after each
    step. Images stay on the device throughout. After each epoch the accuracies are recorded, that
    of training on at most 2,000 images. The same call gives the same run on the same
    machine, and leaves torch's random state as it was.

    Args:
        loss: a name of ``facetoy.losses.LOSSES``, a class, or a module (copied, not changed).
        data: what to train on; features are recorded for its test images.
        dim: d, the length of a feature.
        model: a network from images (N, 1, H, W) to features (N, dim), copied, not changed. None
            is a small one, with convolutions for images of 16 x 16 pixels or more.
        snapshots: T; closer together in early training, where most happens.
        device: "auto" takes CUDA, then MPS, then CPU; else a torch device.
        lr: learning rate at the start.
        per_class: K, for batches of ``batch_size // K`` classes with K images each. None shuffles
            all images, except for the triplet loss, where it is ``batch_size // C``, at least 4.
        optimizer: makes an optimiser of torch from parameters and a learning rate.
        decay: what the learning rate is multiplied with, by the part of training that is over.
        checkpoint: a file (npz) for long runs, written twice a minute and at the end, whole or
            not at all. The same call goes on from it, to the same result.
        progress: show a progress bar.
        on_snapshot: called at each snapshot with the run so far; may raise KeyboardInterrupt.
        **loss_args: arguments of the loss, such as ``s`` and ``m``.

    An interruption (Ctrl-C, the notebook's stop button) ends the step under way and returns what
    was trained so far, with ``run.config["interrupted"]`` True. ValueError or TypeError for
    arguments out of range, ValueError for a checkpoint of another training.
    """
    settings = {name: value for name, value in locals().items() if name in SETTINGS}
    where = _device(device)
    training = _training(loss, resident(data, where), settings, loss_args)
    name = training.config["loss"]
    bar = progress_bar(shown=progress, total=epochs, desc=f"{name} on {where.type}", unit="epoch")
    with bar, one_thread(), seeded(training.config["seed"], where), interruptible() as stop:
        train([training], stop, bar.update, checkpoint)
    return training.run()


#: The arguments of ``fit`` that are not the loss's, with their defaults.
SETTINGS = {
    name: p.default
    for name, p in inspect.signature(fit).parameters.items()
    if p.kind is p.KEYWORD_ONLY
}


def _training(
    loss: str | type[nn.Module] | nn.Module,
    images: Images,
    settings: dict[str, Any],
    loss_args: dict[str, Any],
) -> Training:
    """A training that has not begun, from the arguments of ``fit``."""
    data, where = images.data, images.x.device
    # numpy's numbers cannot be written down as JSON
    settings = {k: v.item() if isinstance(v, np.generic) else v for k, v in settings.items()}
    for name, least in (("dim", 1), ("epochs", 1), ("snapshots", 2), ("batch_size", 1)):
        whole(name, settings[name], least)
    if not 0 <= settings["warmup"] <= 1:
        raise ValueError(f"warmup must lie in [0, 1], got {settings['warmup']}")
    if not settings["lr"] > 0:
        raise ValueError(f"lr must be positive, got {settings['lr']}")
    dim, seed = settings["dim"], settings["seed"]
    with seeded(seed, where):
        head, name = _loss(loss, dim, data.num_classes, loss_args)
        net = _network(settings["model"], data.train_images, dim)
        order = torch.Generator().manual_seed(seed)
    kept = ("dim", "epochs", "seed", "lr", "batch_size", "warmup", "per_class", "snapshots")
    config = {
        "loss": name, **_plain(loss_args), **_arguments(head),
        "data": data.name, "model": type(net).__name__, "num_classes": data.num_classes,
        **{k: settings[k] for k in kept}, "device": str(settings["device"]), "interrupted": False,
        **{k: _called(settings[k]) for k in ("optimizer", "decay")},
    }  # fmt: skip
    plan = Plan(*(settings[field] for field in Plan._fields))
    batches = _batches(head, data, settings["batch_size"], settings["per_class"], order)
    net = net.to(where, memory_format=torch.channels_last)
    return Training(net, head.to(where), images, batches, plan, config)


def embed(run: Run, images: np.ndarray, model: nn.Module | None = None) -> np.ndarray:
    """Features (N, d) float32 of ``images`` (N, 1, H, W) by the network that ``run`` trained.

    ``model`` is a network of the kind that ``fit`` was given, if it was given one; it is copied,
    not changed. ValueError if the network and the images or the parameters do not fit together.
    """
    if run.network is None:
        raise ValueError("the run has kept no network")
    images = np.asarray(images)
    shape = (1, *run.images.shape[2:])
    if images.ndim != 4 or images.shape[1:] != shape:
        raise ValueError(f"images must have shape (N, {', '.join(map(str, shape))}), as in "
                         f"training, got {images.shape}")  # fmt: skip
    net = _network(model, run.images, run.features.shape[2])
    if type(net).__name__ != run.config["model"]:
        raise ValueError(f"the run trained a {run.config['model']}, got {type(net).__name__}")
    try:
        net.load_state_dict({k: torch.as_tensor(v) for k, v in run.network.items()})
    except RuntimeError as error:
        raise ValueError(f"the run's parameters do not fit the network: {error}") from error
    return embedded(net.cpu().eval(), torch.as_tensor(images, dtype=torch.float32)).numpy()


def sweep(
    loss: str | type[nn.Module],
    data: Data,
    *,
    jobs: int | None = None,
    progress: bool = True,
    **args: Any,
) -> Sweep:
    """One ``fit`` for each combination of the arguments that are lists (or tuples, ranges, arrays).

    ``sweep("arcface", data, m=[0, 0.1, 0.2])`` varies the margin; ``seed=range(5)`` the seed.
    Other arguments go to every ``fit``. Where the loss is one of ours with class weights and the
    network ``fit``'s own, runs that differ in their seed and the loss's numbers are steps of one
    program, on a GPU all of them; their ``history["seconds"]`` are shares of its time. Networks
    with convolutions gain nothing from that on a CPU. ``jobs`` threads or processes train at once:
    None is as many as there are cores, on a GPU one. The runs are the same, up to rounding.

    An interruption returns the runs so far. ValueError if no argument is a list, or one is empty.
    """
    lists = {
        k: v.tolist() if isinstance(v, np.ndarray) else list(v)
        for k, v in args.items()
        if isinstance(v, list | tuple | range | np.ndarray)
    }
    if not lists or not all(lists.values()):
        raise ValueError(
            "sweep needs at least one argument that is a non-empty list, e.g. m=[0, 0.5]"
        )
    chosen = [dict(zip(lists, v, strict=True)) for v in itertools.product(*lists.values())]
    if "checkpoint" in args:
        raise ValueError("a checkpoint is for one fit, not for a sweep; call fit in a loop")
    where = _device("cpu" if "device" in lists else args.get("device", "auto"))
    if jobs is None:
        jobs = -1 if where.type == "cpu" else 1
    jobs = min(cpu_count() if jobs < 0 else max(jobs, 1), len(chosen))
    shared = set() if "device" in lists else _shared(loss, data, where, args) & set(lists)
    bar = progress_bar(shown=progress, desc="sweep", unit="run", total=len(chosen))
    with bar:
        runs = (
            _together(loss, resident(data, where), [args | c for c in chosen], shared, jobs, bar)
            if shared
            else _one_by_one(loss, data, [args | c for c in chosen], jobs, bar)
        )
    return Sweep(runs, list(lists))


def _shared(loss: Any, data: Data, where: torch.device, args: dict[str, Any]) -> set[str]:
    """The arguments in which runs may differ that are trained as one; empty if none are."""
    make = LOSSES.get(loss) if isinstance(loss, str) else loss
    ours = {getattr(known, "func", known) for known in LOSSES.values()}
    kind = getattr(make, "func", make)
    if (
        kind not in ours
        or not issubclass(kind, ClassLoss)
        or hasattr(kind, "update")
        or {"model", "on_snapshot", "optimizer"} & args.keys()
        or where.type not in ("cpu", "cuda")
        or (where.type == "cpu" and convolves(*data.train_images.shape[2:]))
    ):
        return set()
    return {"seed", *numbers(make)}


def _one_by_one(
    loss: Any, data: Data, settings: Sequence[dict[str, Any]], jobs: int, bar: Any
) -> list[Run]:
    """A ``fit`` for each of the settings, in so many processes."""
    if any("on_snapshot" in s for s in settings):
        jobs = 1  # another process would call a copy
    # mapped images may be written to, each process its own copy: torch warns of any others
    trained = Parallel(n_jobs=jobs, return_as="generator", mmap_mode="c")(
        delayed(fit)(loss, data, progress=False, **s) for s in settings
    )
    runs: list[Run] = []
    with suppress(KeyboardInterrupt):
        for run in trained:
            # what all runs share is kept once, not as each process sent it
            runs.append(replace(run, images=data.test_images, labels=data.test_labels))
            bar.update()
            if run.config["interrupted"]:
                break
    return runs


def _together(
    loss: Any, images: Images, settings: Sequence[dict[str, Any]], shared: set[str], jobs: int,
    bar: Any,
) -> list[Run]:  # fmt: skip
    """Runs trained many at a time: a group is what may differ in ``shared`` arguments alone."""
    groups: dict[str, list[int]] = {}
    for i, s in enumerate(settings):
        groups.setdefault(repr({k: v for k, v in s.items() if k not in shared}), []).append(i)
    trainings = [
        _training(
            loss, images, SETTINGS | {k: v for k, v in s.items() if k in SETTINGS},
            {k: v for k, v in s.items() if k not in SETTINGS},
        )
        for s in settings
    ]  # fmt: skip
    parts = [
        [trainings[i] for i in part]
        for group in groups.values()
        for part in np.array_split(group, min(len(group), -(-jobs // len(groups))))
    ]
    news: queue.SimpleQueue[float | None] = queue.SimpleQueue()  # runs' worth of epochs; None: over

    def work(part: list[Training]) -> None:
        share = len(part) / part[0].plan.epochs
        try:
            if not stop.is_set():
                train(part, stop, lambda epochs: news.put(epochs * share))
        except BaseException:
            stop.set()
            raise
        finally:
            news.put(None)

    # new threads take over the one thread of torch; what leaves the loop early ends them all
    with one_thread(), interruptible() as stop, ThreadPoolExecutor(jobs) as pool:
        over = [pool.submit(work, part) for part in parts]
        left = len(parts)
        try:
            while left:
                done = news.get()
                if done is None:
                    left -= 1
                else:
                    bar.update(done)
        except KeyboardInterrupt:
            stop.set()
        except BaseException:
            stop.set()
            raise
    for future in over:
        future.result()
    return [t.run() for t in trainings if t.taken["steps"]]


def _batches(
    head: nn.Module, data: Data, size: int, per_class: int | None, generator: torch.Generator
) -> Shuffled | PKSampler:
    """What to train on in each step of an epoch, as indices of training images."""
    if per_class is None and isinstance(head, TripletLoss):
        per_class = max(4, size // data.num_classes)
    if per_class is None:
        return Shuffled(len(data.train_labels), size, generator)
    classes = min(data.num_classes, max(1, size // per_class))
    if isinstance(head, TripletLoss) and classes < 2:
        raise ValueError(
            f"a batch of triplets needs two classes: batch_size {size} has room for "
            f"{size // per_class} with {per_class} images each"
        )
    return PKSampler(data.train_labels, classes, per_class, generator)


def _network(model: nn.Module | None, images: np.ndarray, dim: int) -> nn.Module:
    """A copy of ``model``, or a small network for images (N, 1, H, W)."""
    return make_embedder(*images.shape[2:], dim) if model is None else copy.deepcopy(model)


def _device(device: str) -> torch.device:
    if device != "auto":
        return torch.device(device)
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def _named(cls: type) -> str:
    """The name of a loss class in ``LOSSES``, else the name of the class."""
    known = {getattr(make, "func", make): name for name, make in LOSSES.items()}
    return known.get(cls, cls.__name__)


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
        return copy.deepcopy(loss), _named(type(loss))
    if isinstance(loss, str) and loss not in LOSSES:
        raise ValueError(f"unknown loss {loss!r}; there are {', '.join(map(repr, LOSSES))}")
    if not isinstance(loss, str) and not inspect.isclass(loss):
        raise TypeError(f"loss must be a name, a class or a module, got {loss!r}")
    make = LOSSES[loss] if isinstance(loss, str) else loss
    name = loss if isinstance(loss, str) else _named(loss)
    sized, takes = signature(make)
    for key in args:
        if key not in takes:
            raise TypeError(f"{name} takes no argument {key!r}; it takes {', '.join(takes)}")
    return make(*((dim, num_classes) if sized else ()), **args), name


def _called(function: Callable) -> str:
    """The name of a function, with what ``functools.partial`` has given to it."""
    if isinstance(function, functools.partial):
        given = [*map(repr, function.args), *(f"{k}={v!r}" for k, v in function.keywords.items())]
        return f"{_called(function.func)}({', '.join(given)})"
    return getattr(function, "__name__", type(function).__name__)


def _arguments(head: nn.Module) -> dict[str, Any]:
    """The arguments that ``head`` was made with, as far as it keeps them as plain values."""
    return _plain({n: getattr(head, n, None) for n in signature(type(head))[1]})


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Those of the values that can be written down as they are."""
    return {n: v for n, v in values.items() if isinstance(v, bool | int | float | str)}
