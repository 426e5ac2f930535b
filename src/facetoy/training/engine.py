"""How ``fit`` and ``sweep`` train: a run in the making, and several of them in one program."""

from __future__ import annotations

import copy
import inspect
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call, vmap

from facetoy.data import Data
from facetoy.files import check_same, read_npz, write_npz
from facetoy.training.runs import Run
from facetoy.training.sampler import PKSampler

SIZES = ["in_features", "num_classes"]  # what a loss with class weights takes first
AT_ONCE = 256  # images that go through the network at a time, where no gradient is needed
WATCHED = 2000  # training images whose accuracy is recorded after each epoch, at most
EVERY = 30.0  # seconds between checkpoints

Optimizer = Callable[[list[nn.Parameter], float], torch.optim.Optimizer]


class Images(NamedTuple):
    """The data of a training, resident on its device."""

    data: Data
    x: Tensor
    y: Tensor
    test_x: Tensor
    test_y: Tensor


def resident(data: Data, where: torch.device) -> Images:
    """The images and labels of ``data`` on a device."""
    x, test_x = (
        torch.as_tensor(i, dtype=torch.float32).to(where, memory_format=torch.channels_last)
        for i in (data.train_images, data.test_images)
    )
    y, test_y = (
        torch.as_tensor(i, dtype=torch.int64, device=where)
        for i in (data.train_labels, data.test_labels)
    )
    return Images(data, x, y, test_x, test_y)


class Shuffled:
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


class NetworkAndLoss(nn.Module):
    """Images and labels → the loss of the network's features."""

    def __init__(self, net: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.net, self.head = net, head

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.head(self.net(x), y)


class Plan(NamedTuple):
    """What ``fit`` was asked for, besides the loss and the data."""

    epochs: int
    snapshots: int
    lr: float
    warmup: float
    optimizer: Optimizer
    decay: Callable[[float], float]
    on_snapshot: Callable[[Run], None] | None


class Training:
    """One run in the making: a network and a loss on a device, and what was recorded of them."""

    def __init__(
        self, net: nn.Module, head: nn.Module, images: Images, batches: Shuffled | PKSampler,
        plan: Plan, config: dict[str, Any],
    ) -> None:  # fmt: skip
        self.net, self.head, self.images, self.batches = net, head, images, batches
        self.plan, self.config = plan, config
        self.total = plan.epochs * len(batches)
        # squared: early snapshots are closer together
        due = np.rint(np.linspace(0, 1, plan.snapshots) ** 2 * self.total).astype(int)
        self.due = set(due.tolist())
        self.ease = easing(head, plan.warmup)
        self.step, self.seconds = 0, 0.0
        self.taken: dict[str, list] = {"steps": [], "features": [], "predicted": []}
        self.history: dict[str, list[float]] = {
            "loss": [], "train_accuracy": [], "test_accuracy": [], "gradient_norm": [],
            "seconds": [],
        }  # fmt: skip
        self.epoch: dict[str, list[Tensor]] = {"loss": [], "gradient_norm": []}  # of each step
        self.drawn = batches.generator.get_state()  # before the batches of this epoch

    def run(self) -> Run:
        """The run so far."""
        kept = {k: torch.stack(v).cpu().numpy() for k, v in self.taken.items() if k != "steps"}
        data = self.images.data
        return Run(
            **{"weight": None, **kept},
            labels=data.test_labels,
            images=data.test_images,
            class_names=data.class_names,
            steps=np.array(self.taken["steps"]),
            history={k: np.array(v) for k, v in self.history.items()},
            config=dict(self.config),
            device=device_name(self.images.x.device),
            network={k: v.detach().cpu().numpy().copy() for k, v in self.net.state_dict().items()},
        )

    @torch.no_grad()
    def snapshot(self) -> None:
        """Record features, predictions and what the loss holds of each class."""
        self.net.eval()
        features = embedded(self.net, self.images.test_x)
        new = {"features": features, "predicted": self._classify(features)}
        new |= {
            name: getattr(self.head, name).detach().clone()
            for name in ("weight", "centers")
            if getattr(self.head, name, None) is not None
        }
        self.net.train()
        # all at once: an interruption finds the old state or the new one
        self.taken["steps"].append(self.step)
        for name, value in new.items():
            self.taken.setdefault(name, []).append(value)

    @torch.no_grad()
    def end_epoch(self) -> None:
        """Add a line to the history."""
        row = {k: torch.stack(v).mean().item() for k, v in self.epoch.items()}
        x, y, test_x, test_y = self.images[1:]
        some = torch.linspace(0, len(y) - 1, min(len(y), WATCHED), device=y.device).long()
        known = test_y < self.images.data.num_classes
        self.net.eval()
        row["train_accuracy"] = self._accuracy(x[some], y[some])
        row["test_accuracy"] = self._accuracy(test_x[known], test_y[known])
        self.net.train()
        for key, value in (row | {"seconds": self.seconds}).items():
            self.history[key].append(value)
        for values in self.epoch.values():
            values.clear()

    def _accuracy(self, images: Tensor, labels: Tensor) -> float:
        if not len(labels):
            return float("nan")  # all test images show strangers
        features = embedded(self.net, images)
        return (self._classify(features) == labels).float().mean().item()

    def _classify(self, features: Tensor) -> Tensor:
        """(N,) classes of features (N, d): by the loss's own scores, else by the nearest class
        mean of the training images."""
        head, y = self.head, self.images.y
        if hasattr(head, "logits"):
            return head.logits(features).argmax(1)
        seen = embedded(self.net, self.images.x)
        if getattr(head, "normalize", True):
            features, seen = F.normalize(features), F.normalize(seen)
        count = torch.bincount(y)
        means = seen.new_zeros(len(count), seen.shape[1]).index_add(0, y, seen) / count[:, None]
        return torch.cdist(features, means).argmin(1)


class Together:
    """R trainings with networks and losses of one kind, whose steps are taken at once.

    Parameter by parameter, one tensor (R, …) holds those of all; each network's own are views of
    it. With R = 1 nothing is held twice, and any network and loss will do.
    """

    def __init__(self, trainings: Sequence[Training]) -> None:
        self.trainings = trainings
        pairs = [NetworkAndLoss(t.net, t.head) for t in trainings]
        if len(pairs) == 1:
            self.parameters = [p for p in pairs[0].parameters() if p.requires_grad]
        else:
            self.pattern = copy.deepcopy(pairs[0])
            self.weights = {
                name: p.requires_grad_() for name, p in _joined(pairs, "named_parameters").items()
            }
            self.buffers = _joined(pairs, "named_buffers")
            self.parameters = list(self.weights.values())
        plan = trainings[0].plan
        self.optimizer = plan.optimizer(self.parameters, plan.lr)

    def settings(self, parts: list[float]) -> dict[str, Tensor]:
        """Each number (steps, R) that the losses are set to at these parts of the training."""
        heads = [t.head for t in self.trainings]
        found: dict[str, list[list[float]]] = {name: [] for name in numbers(type(heads[0]))}
        for part in parts:
            for t in self.trainings:
                t.ease(part)
            for name, rows in found.items():
                rows.append([getattr(head, name) for head in heads])
        where = self.trainings[0].images.x.device
        return {
            name: torch.tensor(rows, dtype=torch.float32, device=where)
            for name, rows in found.items()
        }

    def step(
        self, x: Tensor, y: Tensor, part: float, settings: dict[str, Tensor]
    ) -> tuple[Tensor, Tensor]:
        """One step on images (R, B, …) and labels (R, B): losses (R,), gradient norms (R,)."""
        first = self.trainings[0]
        for group in self.optimizer.param_groups:
            group["lr"] = first.plan.lr * first.plan.decay(part)
        self.optimizer.zero_grad()
        if len(self.trainings) == 1:
            first.ease(part)
            features = first.net(x[0])
            losses = first.head(features, y[0])[None]
        else:
            losses = vmap(self._one)(self.weights, self.buffers, settings, x, y)
        losses.sum().backward()
        self.optimizer.step()
        if hasattr(first.head, "update"):
            first.head.update(features.detach(), y[0])
        gradients = [p.grad for p in self.parameters if p.grad is not None]
        if len(self.trainings) == 1:
            norms = torch.stack(torch._foreach_norm(gradients)).norm()[None]
        else:
            norms = torch.stack([g.flatten(1).norm(dim=1) for g in gradients]).norm(dim=0)
        return losses.detach(), norms

    def _one(self, weights: dict, buffers: dict, settings: dict, x: Tensor, y: Tensor) -> Tensor:
        """The loss of one of the trainings."""
        for name, value in settings.items():
            setattr(self.pattern.head, name, value)
        return functional_call(self.pattern, (weights, buffers), (x, y))


def _joined(modules: Sequence[nn.Module], names: str) -> dict[str, Tensor]:
    """Parameters or buffers, one tensor (R, …) for all modules, whose own become views of it."""
    joined = {}
    for name, _ in getattr(modules[0], names)():
        own = [dict(getattr(m, names)())[name] for m in modules]
        joined[name] = torch.stack([o.detach() for o in own])
        for o, row in zip(own, joined[name], strict=True):
            o.data = row
    return joined


def train(
    trainings: Sequence[Training],
    stop: threading.Event,
    on_epoch: Callable[[float], None],
    checkpoint: str | os.PathLike | None = None,
) -> None:
    """Train to the end, or until ``stop`` is set or a KeyboardInterrupt comes: then each training
    is marked as interrupted. ``on_epoch`` is called with the epochs since it was called last."""
    together = Together(trainings)
    first, saved = trainings[0], time.monotonic()
    per_epoch = len(first.batches)
    whole = resumed = checkpoint is not None and _resume(checkpoint, first, together)

    def end_step() -> None:
        nonlocal whole
        new = [t for t in trainings if t.step in t.due]
        for t in new:
            t.snapshot()
        if first.step and first.step % per_epoch == 0:
            began = time.perf_counter()
            if first.images.x.is_cuda:
                torch.cuda.synchronize(first.images.x.device)
            waited = (time.perf_counter() - began) / len(trainings)
            for t in trainings:
                t.seconds += waited
                t.end_epoch()
                t.drawn = t.batches.generator.get_state()
            on_epoch(1)
        whole = True
        for t in new:
            if t.plan.on_snapshot is not None:
                t.plan.on_snapshot(t.run())

    try:
        if resumed:
            on_epoch(first.step / per_epoch)
        else:
            end_step()
            if checkpoint is not None:  # what keeps it from being written shows now
                _save(checkpoint, first, together)
        while first.step < first.total:
            for batch, settings in _epoch(together):
                if stop.is_set():
                    raise KeyboardInterrupt
                whole, began = False, time.perf_counter()
                x, y = first.images.x[batch], first.images.y[batch]
                losses, norms = together.step(x, y, first.step / first.total, settings)
                passed = (time.perf_counter() - began) / len(trainings)
                for t, loss, norm in zip(trainings, losses, norms, strict=True):
                    t.step += 1
                    t.seconds += passed
                    t.epoch["loss"].append(loss)
                    t.epoch["gradient_norm"].append(norm)
                end_step()
                if checkpoint is not None and time.monotonic() - saved >= EVERY:
                    _save(checkpoint, first, together)
                    saved = time.monotonic()
    except KeyboardInterrupt:
        if checkpoint is not None and whole:
            _save(checkpoint, first, together)
        for t in trainings:
            t.config["interrupted"] = True
            if t.step not in t.taken["steps"]:
                t.snapshot()
    else:
        if checkpoint is not None:
            _save(checkpoint, first, together)


def _epoch(together: Together) -> Iterator[tuple[Tensor, dict[str, Tensor]]]:
    """For each step that this epoch has left: images (R, B) by index, and the losses' settings."""
    trainings = together.trainings
    first = trainings[0]
    drawn = []
    for t in trainings:
        drawn.append([torch.as_tensor(batch) for batch in t.batches])
    sizes = [len(batch) for batch in drawn[0]]
    order = torch.stack([torch.cat(batches) for batches in drawn])
    steps = range(first.step, first.step + len(sizes) - first.step % len(sizes))
    settings = {}
    if len(trainings) > 1:
        settings = together.settings([step / first.total for step in steps])
    left = order.to(first.images.x.device).split(sizes, dim=1)[-len(steps) :]
    for k, batch in enumerate(left):
        yield batch, {name: values[k] for name, values in settings.items()}


# ---- checkpoints ----


def _state(training: Training, together: Together) -> dict[str, Tensor]:
    """Every tensor that a training goes on from, by name."""
    state = {f"net/{k}": v for k, v in training.net.state_dict().items()}
    state |= {f"head/{k}": v for k, v in training.head.state_dict().items()}
    for i, values in together.optimizer.state_dict()["state"].items():
        state |= {f"optimizer/{i}/{k}": torch.as_tensor(v) for k, v in values.items()}
    for group, lists in (("taken", training.taken), ("epoch", training.epoch)):
        state |= {f"{group}/{k}": torch.stack(v) for k, v in lists.items() if v and k != "steps"}
    state["random/order"], state["random/torch"] = training.drawn, torch.get_rng_state()
    if training.images.x.is_cuda:
        state["random/cuda"] = torch.cuda.get_rng_state(training.images.x.device)
    return state


def _save(path: str | os.PathLike, training: Training, together: Together) -> None:
    """Write all that a training goes on from: afterwards there is the old file or the new one."""
    words = {
        "config": training.config, "history": training.history, "step": training.step,
        "seconds": training.seconds, "steps": training.taken["steps"],
        "data": training.images.data.checksum(),
    }  # fmt: skip
    arrays = {k: v.detach().cpu().numpy() for k, v in _state(training, together).items()}
    write_npz(path, {**arrays, "words": np.array(json.dumps(words))})


def _resume(path: str | os.PathLike, training: Training, together: Together) -> bool:
    """Take over what is in ``path``; False if there is no such file."""
    if not Path(path).exists():
        return False
    arrays = read_npz(path, dict, "checkpoint of facetoy.fit")
    try:
        words = json.loads(str(arrays.pop("words")))
        check_same(path, words["config"], json.loads(json.dumps(training.config)))
        check_same(path, {"data": words["data"]}, {"data": training.images.data.checksum()})
        where = training.images.x.device
        found: dict[str, dict[str, Tensor]] = {}
        for name, value in arrays.items():
            group, _, key = name.partition("/")
            found.setdefault(group, {})[key] = torch.as_tensor(value)
        training.net.load_state_dict(found["net"])
        training.head.load_state_dict(found.get("head", {}))
        state: dict[int, dict[str, Tensor]] = {}
        for key, value in found.get("optimizer", {}).items():
            i, _, name = key.partition("/")
            state.setdefault(int(i), {})[name] = value
        groups = together.optimizer.state_dict()["param_groups"]
        together.optimizer.load_state_dict({"state": state, "param_groups": groups})
        training.drawn = found["random"]["order"]
        training.batches.generator.set_state(training.drawn)
        torch.set_rng_state(found["random"]["torch"])
        if "cuda" in found["random"]:
            torch.cuda.set_rng_state(found["random"]["cuda"], where)
        for group, lists in (("taken", training.taken), ("epoch", training.epoch)):
            lists.update({k: list(v.to(where)) for k, v in found.get(group, {}).items()})
        training.taken["steps"], training.history = words["steps"], words["history"]
        training.step, training.seconds = words["step"], words["seconds"]
    except (KeyError, RuntimeError) as error:
        raise ValueError(f"{os.fspath(path)} is no checkpoint of this training") from error
    return True


# ---- surroundings ----


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread for torch: a second one only gets in the way of a network this small, most on a
    busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Random numbers from ``seed``; afterwards torch's random state is what it was."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.default_generator.manual_seed(seed)
        if device.type == "cuda":
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        yield


@contextmanager
def interruptible() -> Iterator[threading.Event]:
    """An event that Ctrl-C sets, so that no step is left half done. A second Ctrl-C interrupts."""
    event = threading.Event()
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield event
        return

    def ask(number: int, frame: Any) -> None:
        if event.is_set():
            raise KeyboardInterrupt
        event.set()

    signal.signal(signal.SIGINT, ask)
    try:
        yield event
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return f"cuda ({torch.cuda.get_device_name(device)})"
    return device.type


# ---- networks and losses ----


@torch.no_grad()
def embedded(model: nn.Module, x: Tensor) -> Tensor:
    """(N, d) features of the images ``x``, some at a time."""
    return torch.cat([model(part) for part in x.split(AT_ONCE)])


def signature(make: Callable[..., nn.Module]) -> tuple[bool, dict[str, Any]]:
    """Whether a loss takes the sizes d and C first, and its other arguments with their defaults."""
    parameters = inspect.signature(make).parameters
    defaults = {name: p.default for name, p in parameters.items() if name not in SIZES}
    return len(defaults) < len(parameters), defaults


def numbers(make: Callable[..., nn.Module]) -> list[str]:
    """The arguments of a loss that are numbers."""
    return [n for n, v in signature(make)[1].items() if type(v) in (int, float)]


def easing(head: nn.Module, warmup: float) -> Callable[[float], None]:
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
