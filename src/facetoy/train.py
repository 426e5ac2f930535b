"""fit: train a small network under one loss. sweep: do that for every value of a parameter."""

import copy
import inspect
import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from joblib import Parallel, delayed
from torch import Tensor, nn

from facetoy.checks import whole
from facetoy.data import Data
from facetoy.losses import LOSSES, TripletLoss
from facetoy.model import make_embedder
from facetoy.progress import progress_bar
from facetoy.run import Run, Sweep
from facetoy.sampler import PKSampler

SIZES = ["in_features", "num_classes"]  # what a loss with class weights takes first
AT_ONCE = 256  # images that go through the network at a time, where no gradient is needed
WATCHED = 2000  # training images whose accuracy is recorded after each epoch, at most


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
        progress: show a progress bar.
        on_snapshot: called at each snapshot with the run so far; may raise KeyboardInterrupt.
        **loss_args: arguments of the loss, such as ``s`` and ``m``.

    An interruption (Ctrl-C, the notebook's stop button) returns what was trained so far, with
    ``run.config["interrupted"]`` True. ValueError or TypeError for arguments out of range.
    """
    dim, epochs, snapshots, batch_size = itertools.starmap(whole, (
        ("dim", dim, 1), ("epochs", epochs, 1), ("snapshots", snapshots, 2),
        ("batch_size", batch_size, 1),
    ))  # fmt: skip
    if not 0 <= warmup <= 1:
        raise ValueError(f"warmup must lie in [0, 1], got {warmup}")
    if not lr > 0:
        raise ValueError(f"lr must be positive, got {lr}")
    where = _device(device)
    with _seeded(seed, where):
        head, name = _loss(loss, dim, data.num_classes, loss_args)
        model = _network(model, data.train_images, dim)
        order = torch.Generator().manual_seed(seed)
    head, model = head.to(where), model.to(where, memory_format=torch.channels_last)
    config = {
        "loss": name, **_plain(loss_args), **_arguments(head),
        "data": data.name, "model": type(model).__name__,
        "num_classes": data.num_classes, "dim": dim, "epochs": epochs, "seed": seed, "lr": lr,
        "batch_size": batch_size, "warmup": warmup, "per_class": per_class,
        "snapshots": snapshots, "device": device, "interrupted": False,
    }  # fmt: skip

    batches = _batches(head, data, batch_size, per_class, order)
    x, test_x = (
        torch.as_tensor(i, dtype=torch.float32).to(where, memory_format=torch.channels_last)
        for i in (data.train_images, data.test_images)
    )
    y, test_y = (
        torch.as_tensor(i, dtype=torch.int64, device=where)
        for i in (data.train_labels, data.test_labels)
    )
    known = test_y < data.num_classes
    some = torch.linspace(0, len(y) - 1, min(len(y), WATCHED), device=where).long()
    parameters = [p for p in (*model.parameters(), *head.parameters()) if p.requires_grad]
    optimiser = torch.optim.Adam(parameters, lr, fused=where.type != "mps")
    total = epochs * len(batches)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, total)
    ease = _easing(head, warmup)
    # squared: early snapshots are closer together
    due = set(np.unique(np.rint(np.linspace(0, 1, snapshots) ** 2 * total).astype(int)).tolist())
    taken: dict[str, list] = {"steps": [], "features": [], "predicted": []}
    watched = [name for name in ("weight", "centers") if getattr(head, name, None) is not None]
    history: dict[str, list[float]] = {
        "loss": [], "train_accuracy": [], "test_accuracy": [], "gradient_norm": [], "seconds": []
    }  # fmt: skip

    def so_far() -> Run:
        kept = {k: torch.stack(v).cpu().numpy() for k, v in taken.items() if k != "steps"}
        return Run(
            **{"weight": None, **kept},
            labels=data.test_labels,
            images=data.test_images,
            class_names=data.class_names,
            steps=np.array(taken["steps"]),
            history={k: np.array(v) for k, v in history.items()},
            config=dict(config),
            device=_name(where),
            network={k: v.detach().cpu().numpy().copy() for k, v in model.state_dict().items()},
        )

    @torch.no_grad()
    def snapshot(step: int) -> None:
        model.eval()
        features = _embed(model, test_x)
        new = {"features": features, "predicted": _classify(features, head, model, x, y)}
        new |= {name: getattr(head, name).detach().clone() for name in watched}
        model.train()
        # all at once: an interruption finds the old state or the new one
        taken["steps"].append(step)
        for name, value in new.items():
            taken.setdefault(name, []).append(value)
        if on_snapshot is not None:
            on_snapshot(so_far())

    @torch.no_grad()
    def accuracy(images: Tensor, labels: Tensor) -> float:
        if not len(labels):
            return float("nan")  # all test images show strangers
        features = _embed(model, images)
        return (_classify(features, head, model, x, y) == labels).float().mean().item()

    step, seconds = 0, 0.0
    bar = progress_bar(shown=progress, total=epochs, desc=f"{name} on {where.type}", unit="epoch")

    def epoch() -> None:
        nonlocal step, seconds
        model.train()
        losses, norms = [], []
        for batch in batches:
            began = time.perf_counter()
            batch = torch.as_tensor(batch, device=where)
            ease(step / total)
            features = model(x[batch])
            value = head(features, y[batch])
            optimiser.zero_grad()
            value.backward()
            optimiser.step()
            schedule.step()
            if hasattr(head, "update"):
                head.update(features.detach(), y[batch])
            step += 1
            losses.append(value.detach())
            gradients = [p.grad for p in parameters if p.grad is not None]
            norms.append(torch.stack(torch._foreach_norm(gradients)).norm())
            seconds += time.perf_counter() - began
            if step in due:
                snapshot(step)
        began = time.perf_counter()
        row = {"loss": torch.stack(losses).mean().item()}  # waits for a GPU
        row["gradient_norm"] = torch.stack(norms).mean().item()
        seconds += time.perf_counter() - began
        model.eval()
        row["train_accuracy"] = accuracy(x[some], y[some])
        row["test_accuracy"] = accuracy(test_x[known], test_y[known])
        for key, value in (row | {"seconds": seconds}).items():
            history[key].append(value)
        bar.update()

    threads = torch.get_num_threads()
    try:
        # a second thread only gets in the way of a network this small, most on a busy machine
        torch.set_num_threads(1)
        with _seeded(seed, where):
            snapshot(0)
            for _ in range(epochs):
                epoch()
    except KeyboardInterrupt:
        config["interrupted"] = True
        on_snapshot = None
        if not taken["steps"] or taken["steps"][-1] != step:
            snapshot(step)
    finally:
        bar.close()
        torch.set_num_threads(threads)
    return so_far()


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
    return _embed(net.cpu().eval(), torch.as_tensor(images, dtype=torch.float32)).numpy()


def sweep(
    loss: str | type[nn.Module],
    data: Data,
    *,
    jobs: int = 1,
    progress: bool = True,
    **args: Any,
) -> Sweep:
    """One ``fit`` for each combination of the arguments that are lists (or tuples, ranges, arrays).

    ``sweep("arcface", data, m=[0, 0.1, 0.2])`` varies the margin; ``seed=range(5)`` the seed.
    Other arguments go to every ``fit``. ``jobs`` processes train at once, -1 is one for each
    core; the runs are the same. An interruption returns the runs so far. ValueError if no
    argument is a list, or one is empty.
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
    runs: list[Run] = []
    combinations = list(itertools.product(*lists.values()))
    # mapped images may be written to, each process its own copy: torch warns of any others
    trained = Parallel(n_jobs=jobs, return_as="generator", mmap_mode="c")(
        delayed(fit)(loss, data, progress=False, **{**args, **dict(zip(lists, v, strict=True))})
        for v in combinations
    )
    with (
        progress_bar(
            trained, shown=progress, desc="sweep", unit="run", total=len(combinations)
        ) as bar,
        suppress(KeyboardInterrupt),
    ):
        for run in bar:
            # what all runs share is kept once, not as each process sent it
            runs.append(replace(run, images=data.test_images, labels=data.test_labels))
            if run.config["interrupted"]:
                break
    return Sweep(runs, list(lists))


class _Shuffled:
    """Each epoch all indices below ``count`` in a new order, in batches of ``size``."""

    def __init__(self, count: int, size: int, generator: torch.Generator) -> None:
        self.count, self.size, self.generator = count, size, generator

    def __len__(self) -> int:
        # no batch of a single image at the end, which batch normalisation cannot bear
        single = self.size > 1 and self.count > self.size and self.count % self.size == 1
        return -(-self.count // self.size) - single

    def __iter__(self) -> Iterator[Tensor]:
        order = torch.randperm(self.count, generator=self.generator)
        edges = range(self.size, self.size * len(self), self.size)
        return iter(order.tensor_split(list(edges)))


def _batches(
    head: nn.Module, data: Data, size: int, per_class: int | None, generator: torch.Generator
) -> _Shuffled | PKSampler:
    """What to train on in each step of an epoch, as indices of training images."""
    if per_class is None and isinstance(head, TripletLoss):
        per_class = max(4, size // data.num_classes)
    if per_class is None:
        return _Shuffled(len(data.train_labels), size, generator)
    classes = min(data.num_classes, max(1, size // per_class))
    if isinstance(head, TripletLoss) and classes < 2:
        raise ValueError(
            f"a batch of triplets needs two classes: batch_size {size} has room for "
            f"{size // per_class} with {per_class} images each"
        )
    return PKSampler(data.train_labels, classes, per_class, generator)


def _easing(head: nn.Module, warmup: float) -> Callable[[float], None]:
    """A function of the part of training that is over, which sets what eases the loss's start."""
    begins = getattr(head, "warmup", {})
    ends = {name: getattr(head, name) for name in begins}
    least = getattr(head, "lam", None)

    def ease(part: float) -> None:
        grown = min(1.0, part / warmup) if warmup else 1.0
        for name, begin in begins.items():
            setattr(head, name, begin + (ends[name] - begin) * grown)
        if hasattr(head, "annealing"):
            head.lam = max(least, head.annealing(part))

    return ease


def _classify(features: Tensor, head: nn.Module, model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """(N,) classes of features (N, d): by the loss's own scores, else by the nearest class mean
    of the training images ``x`` with labels ``y``."""
    if hasattr(head, "logits"):
        return head.logits(features).argmax(1)
    seen = _embed(model, x)
    if getattr(head, "normalize", True):
        features, seen = F.normalize(features), F.normalize(seen)
    count = torch.bincount(y)
    means = seen.new_zeros(len(count), seen.shape[1]).index_add(0, y, seen) / count[:, None]
    return torch.cdist(features, means).argmin(1)


@contextmanager
def _seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Random numbers from ``seed``; afterwards torch's random state is what it was."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.default_generator.manual_seed(seed)
        if device.type == "cuda":
            torch.cuda.manual_seed(seed)
        yield


def _network(model: nn.Module | None, images: np.ndarray, dim: int) -> nn.Module:
    """A copy of ``model``, or a small network for images (N, 1, H, W)."""
    return make_embedder(*images.shape[2:], dim) if model is None else copy.deepcopy(model)


@torch.no_grad()
def _embed(model: nn.Module, x: Tensor) -> Tensor:
    """(N, d) features of the images ``x``, some at a time."""
    return torch.cat([model(part) for part in x.split(AT_ONCE)])


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


def signature(make: Callable[..., nn.Module]) -> tuple[bool, dict[str, Any]]:
    """Whether a loss takes the sizes d and C first, and its other arguments with their defaults."""
    parameters = inspect.signature(make).parameters
    defaults = {name: p.default for name, p in parameters.items() if name not in SIZES}
    return len(defaults) < len(parameters), defaults


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


def _arguments(head: nn.Module) -> dict[str, Any]:
    """The arguments that ``head`` was made with, as far as it keeps them as plain values."""
    return _plain({n: getattr(head, n, None) for n in signature(type(head))[1]})


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Those of the values that can be written down as they are."""
    return {n: v for n, v in values.items() if isinstance(v, bool | int | float | str)}
