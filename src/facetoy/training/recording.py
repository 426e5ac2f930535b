"""A run in the making: a network and a loss, and what is recorded of them on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from facetoy.data import Data
from facetoy.training.networks import embedded
from facetoy.training.runs import Run
from facetoy.training.sampler import PKSampler, Shuffled
from facetoy.training.schedule import easing
from facetoy.training.surroundings import device_name

WATCHED = 2000  # training images whose accuracy is recorded after each epoch, at most

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


class Plan(NamedTuple):
    """What ``fit`` was asked for, besides the loss and the data."""

    epochs: int
    snapshots: int
    lr: float
    warmup: float
    optimizer: Optimizer
    decay: Callable[[float], float]
    on_snapshot: Callable[[Run], None] | None

    def rate(self, part: float) -> float:
        """The learning rate when this part of the training is over."""
        return self.lr * self.decay(part)


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
        self.steps: list[int] = []  # of the snapshots
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
            network={k: v.detach().cpu().numpy().copy() for k, v in self.net.state_dict().items()},
        )

    def count(self, loss: Tensor, gradient_norm: Tensor, seconds: float) -> None:
        """Add a step."""
        self.step += 1
        self.seconds += seconds
        self.epoch["loss"].append(loss)
        self.epoch["gradient_norm"].append(gradient_norm)

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
        self.steps.append(self.step)
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
        self.drawn = self.batches.generator.get_state()

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
        # one by one, as products lose the digits of features far from the origin
        far = torch.cdist(features, means, compute_mode="donot_use_mm_for_euclid_dist")
        return far.masked_fill(count == 0, torch.inf).argmin(1)  # none is of an empty class
