"""A run in the making: a network and a loss, and what is recorded of them on the way."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from facetoy.checks import is_number
from facetoy.data import Data
from facetoy.losses._base import LARGEST, full
from facetoy.training.contract import normalized, per_class, scores
from facetoy.training.loop import Diverged
from facetoy.training.networks import embedded
from facetoy.training.runs import Run
from facetoy.training.sampler import PKSampler, Shuffled
from facetoy.training.schedule import easing
from facetoy.training.surroundings import device_name

WATCHED = 500  # training images whose accuracy is recorded after each epoch, at most

Optimizer = Callable[[list[nn.Parameter], float], torch.optim.Optimizer]


class Images(NamedTuple):
    """The data of a training, resident on its device."""

    data: Data
    x: Tensor
    y: Tensor
    test_x: Tensor
    test_y: Tensor


def layout(where: torch.device) -> torch.memory_format:
    """How images lie on a device: as convolutions are fastest on a CPU; elsewhere as ``vmap`` knows
    them, whose batch normalisation takes no other."""
    return torch.channels_last if where.type == "cpu" else torch.contiguous_format


def check_data(data: Any) -> None:
    """TypeError unless ``data`` is a ``Data``."""
    if not isinstance(data, Data):
        raise TypeError(f"data must be a Data, as of facetoy.load, got {type(data).__name__}")


def resident(data: Data, where: torch.device) -> Images:
    """The images and labels of ``data`` on a device. TypeError for what is no ``Data``."""
    check_data(data)
    x, test_x = (
        torch.as_tensor(i, dtype=torch.float32).to(where, memory_format=layout(where))
        for i in (data.train_images, data.test_images)
    )
    y, test_y = (
        torch.as_tensor(i, dtype=torch.int64, device=where)
        for i in (data.train_labels, data.test_labels)
    )
    return Images(data, x, y, test_x, test_y)


class Plan(NamedTuple):
    """What ``fit`` was asked for, besides the loss and the data."""

    epochs: int
    snapshots: int
    lr: float
    warmup: float
    optimizer: Optimizer
    decay: Callable[[float], float]
    on_snapshot: Callable[[Run], None] | None

    def factor(self, part: float) -> float:
        """What learning rates are multiplied with when this part of the training is over."""
        value = self.decay(part)
        if not is_number(value):
            raise ValueError(f"decay must give a finite number, got {value!r} for {part}")
        return float(value)


def as_array(value: Tensor) -> np.ndarray:
    """``value`` for NumPy. It has no bfloat16, whose numbers are all numbers of float32 too."""
    value = value.detach().cpu()
    known = value.dtype in (torch.float16, torch.float32, torch.float64)
    return (value if known or not value.is_floating_point() else value.float()).numpy()


def tensors(module: nn.Module) -> dict[str, Tensor]:
    """What ``module`` holds, by name."""
    return {k: v for k, v in module.state_dict().items() if isinstance(v, Tensor)}


def finite(values: Iterable[Tensor], most: float = math.inf) -> bool:
    """Whether all their numbers are finite, and none is beyond ``most``."""
    floats = (v for v in values if v.is_floating_point())
    found = [(v.isfinite() & (v.float().abs() <= most)).all() for v in floats]
    return bool(torch.stack(found).all()) if found else True


def recording(record: Callable[..., None]) -> Callable[..., None]:
    """A method that raises ``Diverged`` where an error comes of numbers that are not finite."""

    @functools.wraps(record)
    def recorded(self: Training, *args: Any) -> None:
        try:
            with torch.no_grad():
                record(self, *args)
        except Exception:
            if self.sound():
                raise
            raise Diverged from None
        finally:
            self.net.train()

    return recorded


class Training:
    """One run in the making: a network and a loss on a device, and what was recorded of them."""

    def __init__(
        self, net: nn.Module, head: nn.Module, images: Images, batches: Shuffled | PKSampler,
        plan: Plan, config: dict[str, Any],
    ) -> None:  # fmt: skip
        self.net, self.head, self.images, self.batches = net, head, images, batches
        self.plan, self.config = plan, config
        self.sizes = config["num_classes"], config["dim"]
        self.total = plan.epochs * len(batches)
        # squared: early snapshots are closer together
        due = np.rint(np.linspace(0, 1, plan.snapshots) ** 2 * self.total).astype(int)
        self.due = set(due.tolist())
        self.ease = easing(head, plan.warmup)
        self.step, self.seconds = 0, 0.0
        self.steps: list[int] = []  # of the snapshots
        self.last: dict[str, Tensor] = {}  # the network's at the last of them
        self.taken: dict[str, list[Tensor]] = {"features": [], "predicted": []}  # at each of them
        self.history: dict[str, list[float]] = {
            "loss": [], "train_accuracy": [], "test_accuracy": [], "gradient_norm": [],
            "seconds": [],
        }  # fmt: skip
        self.epoch: dict[str, list[Tensor]] = {"loss": [], "gradient_norm": []}  # of each step
        self.drawn = batches.generator.get_state()  # before the batches of this epoch

    def run(self) -> Run:
        """The run so far."""
        kept = {k: torch.stack(v).cpu().numpy() for k, v in self.taken.items()}
        data = self.images.data
        return Run(
            **{"weight": None, **kept},
            labels=data.test_labels,
            images=data.test_images,
            class_names=data.class_names,
            steps=np.array(self.steps),
            history={k: np.array(v) for k, v in self.history.items()},
            config=dict(self.config),
            device=device_name(self.images.x.device),
            network={k: as_array(v).copy() for k, v in self.last.items()},
        )

    def count(self, loss: Tensor, gradient_norm: Tensor, seconds: float) -> None:
        """Add a step."""
        self.step += 1
        self.seconds += seconds
        if not self.config["diverged"]:
            self.epoch["loss"].append(full(loss))
            self.epoch["gradient_norm"].append(gradient_norm)

    @torch.no_grad()
    def sound(self, *features: Tensor) -> bool:
        """Whether these features, those of the test images and all that is trained are finite."""
        if not finite([*features, *tensors(self.net).values()]):
            return False
        if not finite(tensors(self.head).values(), LARGEST):
            return False  # no loss takes such weights
        self.net.eval()
        features = embedded(self.net, self.images.test_x)
        self.net.train()
        return finite([features])

    @recording
    def snapshot(self, look: Callable[[], tuple[Tensor, Tensor]], k: int) -> None:
        """Record features, predictions and what the loss holds of each class, if all is finite.

        ``look`` gives features and classes of the test images, row ``k`` those of this run.
        """
        features, predicted = (found[k] for found in look())
        found = {"features": features, **per_class(self.head, *self.sizes)}
        new = {k: v.detach().to(torch.float32, copy=True) for k, v in found.items()}
        if not finite(new.values()):
            raise Diverged
        new["predicted"] = predicted
        last = {k: v.detach().clone() for k, v in tensors(self.net).items()}
        # all at once: an interruption finds the old state or the new one
        self.steps.append(self.step)
        self.last = last
        for name, value in new.items():
            self.taken.setdefault(name, []).append(value)

    @recording
    def end_epoch(self, accuracies: Callable[[], list[list[float]]], k: int) -> None:
        """Add a line to the history, with row ``k`` of the accuracies on ``watched`` images."""
        row = {k: torch.stack(v).mean().item() for k, v in self.epoch.items()}
        if not math.isfinite(row["loss"]) and not self.sound():
            raise Diverged
        row["train_accuracy"], row["test_accuracy"] = accuracies()[k]
        for key, value in (row | {"seconds": self.seconds}).items():
            self.history[key].append(value)
        for values in self.epoch.values():
            values.clear()
        self.drawn = self.batches.generator.get_state()

    def watched(self) -> list[tuple[Tensor, Tensor]]:
        """Images and labels whose accuracy is recorded: of training, and of testing those of known
        people, perhaps none."""
        x, y, test_x, test_y = self.images[1:]
        some = torch.linspace(0, len(y) - 1, min(len(y), WATCHED), device=y.device).long()
        known = test_y < self.images.data.num_classes
        return [(x[some], y[some]), (test_x[known], test_y[known])]

    def look(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Features (N, d) and classes (N,) of images."""
        self.net.eval()
        features = embedded(self.net, images)
        return features, self._classify(features)

    def _classify(self, features: Tensor) -> Tensor:
        """(N,) classes of features (N, d): by the loss's own scores, else by the nearest class
        mean of the training images."""
        head, y = self.head, self.images.y
        found = scores(head, features, self.sizes[0])
        if found is not None:
            return found.argmax(1)
        features, seen = full(features), full(embedded(self.net, self.images.x))
        if normalized(head):
            features, seen = F.normalize(features), F.normalize(seen)
        count = torch.bincount(y)
        means = seen.new_zeros(len(count), seen.shape[1]).index_add(0, y, seen) / count[:, None]
        # one by one, as products lose the digits of features far from the origin
        far = torch.cdist(features, means, compute_mode="donot_use_mm_for_euclid_dist")
        return far.masked_fill(count == 0, torch.inf).argmin(1)  # none is of an empty class
