"""Trainings whose steps are taken at once, in one program: what the loop works on."""

from __future__ import annotations

import copy
import functools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from facetoy.losses._base import full, trusting
from facetoy.training.arguments import numbers
from facetoy.training.contract import taking, update
from facetoy.training.loop import Diverged, Store, Work, train
from facetoy.training.networks import AT_ONCE
from facetoy.training.recorder import recorded
from facetoy.training.recording import Plan, Training


class NetworkAndLoss(nn.Module):
    """Images and labels → the loss of the network's features, which then move its centers, if it
    has such. Images alone → these features, and the classes that the loss's scores give them."""

    def __init__(self, net: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.net, self.head = net, head

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor | tuple[Tensor, Tensor]:
        features = self.net(x)
        if y is None:
            return features, self.head.logits(features).argmax(1)
        loss = self.head(features, y)
        if (move := update(self.head)) is not None:
            move(features.detach(), y)
        return loss


class Together(Work):
    """R trainings with networks and losses of one kind, whose steps are taken at once.

    Parameter by parameter, one tensor (R, …) holds those of all; each network's own are views of
    it. With R = 1 nothing is held twice, and any network and loss will do.
    """

    def __init__(self, trainings: Sequence[Training]) -> None:
        self.trainings, self.first = trainings, trainings[0]
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
            self.programs: dict[torch.Size, Callable[..., Any]] = {}  # by a batch's shape
        self.update = update(self.first.head)
        self.optimizer = _optimizer(self.parameters, self.first.plan)
        self.parameters = [p for g in self.optimizer.param_groups for p in g["params"]]

    @functools.cached_property
    def watched(self) -> list[tuple[Tensor, Tensor]]:
        """Images and labels whose accuracy is recorded, the same of all trainings."""
        return self.first.watched()

    @property
    def step(self) -> int:
        return self.first.step

    def batches(self) -> Iterator[tuple[Tensor, dict[str, Tensor]]]:
        """For each step that is left: images (R, B) by index, and the losses' settings."""
        drawn = [[torch.as_tensor(batch) for batch in t.batches] for t in self.trainings]
        sizes = [len(batch) for batch in drawn[0]]
        order = torch.stack([torch.cat(batches) for batches in drawn])
        steps = range(self.step, self.step + len(sizes) - self.step % len(sizes))
        settings = {}
        if len(self.trainings) > 1:
            settings = self.settings([step / self.first.total for step in steps])
        left = order.to(self.first.images.x.device).split(sizes, dim=1)[-len(steps) :]
        for k, batch in enumerate(left):
            yield batch, {name: values[k] for name, values in settings.items()}

    def settings(self, parts: list[float]) -> dict[str, Tensor]:
        """Each number (steps, R) that the losses are set to at these parts of the training."""
        heads = [t.head for t in self.trainings]
        found: dict[str, list[list[float]]] = {name: [] for name in numbers(type(heads[0]))}
        for part in parts:
            for t in self.trainings:
                t.ease(part)
            for name, rows in found.items():
                rows.append([getattr(head, name) for head in heads])
        where = self.first.images.x.device
        return {
            name: torch.tensor(rows, dtype=torch.float32, device=where)
            for name, rows in found.items()
        }

    def take(self, batch: tuple[Tensor, dict[str, Tensor]], part: float) -> tuple[Tensor, Tensor]:
        """One step of each: losses (R,), gradient norms (R,)."""
        indices, settings = batch
        x, y = self.first.images.x[indices], self.first.images.y[indices]
        if len(self.trainings) == 1:
            self.first.ease(part)
            return self._step_of_one(x[0], y[0])
        given = (*self.weights.values(), *self.buffers.values(), *settings.values(), x, y)
        if x.shape not in self.programs:
            self.programs[x.shape] = self._program(list(settings), given)
        with torch.no_grad():
            losses, norms, *gradients = self.programs[x.shape](*given)
        for parameter, gradient in zip(self.weights.values(), gradients, strict=True):
            parameter.grad = gradient
        self.optimizer.step()
        return losses, norms

    def _program(self, settings: list[str], given: tuple[Tensor, ...]) -> Callable[..., Any]:
        """Losses (R,), gradient norms (R,) and each parameter's gradient (R, …) as one program.

        It runs without ``vmap`` and autograd, which cost more than such small operations do.
        """
        names = list(self.weights), list(self.buffers), settings

        def step(*values: Tensor) -> tuple[Tensor, ...]:
            left = iter(values)
            weights, *others = ({name: next(left) for name in part} for part in names)
            losses = vmap(self._one)(weights, *others, *left)
            weights = tuple(weights.values())
            gradients = torch.autograd.grad(losses.sum(), weights)
            gradients = list(map(_laid_out_as, weights, gradients))
            norms = torch.stack([g.flatten(1).norm(dim=1) for g in gradients]).norm(dim=0)
            return losses, norms, *gradients

        first, buffers = (len(part) for part in names[:2])
        copies = [b.clone() for b in given[first : first + buffers]]  # recording changes them
        with trusting():
            return recorded(step, *given[:first], *copies, *given[first + buffers :])

    def _step_of_one(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """The loss (1,) and the gradient norm (1,) of the only training's step."""
        self.optimizer.zero_grad()
        # on a GPU a look at a value waits for all that came before: what is not finite shows at the
        # epoch's end, as it does where many trainings are one program
        with trusting() if x.is_cuda else nullcontext():
            loss, features = self._alone(x, y)
        loss.sum().backward()
        self.optimizer.step()
        if self.update is not None:
            self.update(features.detach(), y)
        gradients = [p.grad for p in self.parameters if p.grad is not None]
        norm = torch.stack([full(n) for n in torch._foreach_norm(gradients)]).norm()[None]
        return loss.detach(), norm

    def _alone(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """The loss (1,) of the only training, and the features (B, d)."""
        features: tuple[Tensor, ...] = ()
        try:
            features = (self.first.net(x),)
            loss = self.first.head(*features, y)
        except Exception:
            if self.first.sound(*features):
                raise
            raise Diverged from None
        if not isinstance(loss, Tensor) or loss.numel() != 1:
            found = getattr(loss, "shape", type(loss).__name__)
            raise ValueError(f"a loss must be a tensor of one number, got {found}")
        return loss[None], *features

    def _one(self, weights: dict, buffers: dict, settings: dict, *given: Tensor) -> Any:
        """What one of the trainings makes of images, and of labels if they are given too."""
        for name, value in settings.items():
            setattr(self.pattern.head, name, value)
        return functional_call(self.pattern, (weights, buffers), given)

    def look(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Features (R, N, d) and classes (R, N) of images, by each of the trainings."""
        if len(self.trainings) == 1:
            features, classes = self.first.look(images)
            return features[None], classes[None]
        settings = {k: v[0] for k, v in self.settings([self.step / self.first.total]).items()}
        seen = vmap(self._one, in_dims=(0, 0, 0, None))
        self.pattern.eval()
        with torch.no_grad(), trusting():
            found = [
                seen(self.weights, self.buffers, settings, part) for part in images.split(AT_ONCE)
            ]
        self.pattern.train()
        features, classes = (torch.cat(parts, dim=1) for parts in zip(*found, strict=True))
        return features, classes

    def accuracies(self) -> list[list[float]]:
        """For each training its accuracy on ``watched`` images of training and of testing."""
        images, labels = zip(*self.watched, strict=True)
        # at once: a loss without scores looks at all training images each time
        found = self.look(torch.cat(images))[1].split(list(map(len, labels)), dim=1)
        shares = [
            (classes == y).float().mean(1)  # of no images it is NaN
            for classes, y in zip(found, labels, strict=True)
        ]
        return torch.stack(shares, dim=1).tolist()

    def count(self, taken: tuple[Tensor, Tensor], seconds: float) -> None:
        for t, loss, norm in zip(self.trainings, *taken, strict=True):
            t.count(loss, norm, seconds / len(self.trainings))

    def record(self) -> None:
        if self.step in self.first.due:
            self._snapshot()
        if self.step and self.step % len(self.first.batches) == 0:
            began = time.perf_counter()
            if self.first.images.x.is_cuda:
                torch.cuda.synchronize(self.first.images.x.device)
            waited = (time.perf_counter() - began) / len(self.trainings)
            found = functools.cache(self.accuracies)
            for k, t in enumerate(self.trainings):
                t.seconds += waited
                _record(t, t.end_epoch, found, k)
        if all(t.config["diverged"] for t in self.trainings):
            raise Diverged

    def _snapshot(self) -> None:
        found = functools.cache(lambda: self.look(self.first.images.test_x))
        for k, t in enumerate(self.trainings):
            if self.step not in t.steps:
                _record(t, t.snapshot, found, k)

    def announce(self) -> None:
        for t in self.trainings:
            if t.step in t.due and t.plan.on_snapshot is not None:
                t.plan.on_snapshot(t.run())

    def interrupted(self) -> None:
        for t in self.trainings:
            t.config["interrupted"] = True
        self._snapshot()

    def diverged(self) -> None:
        for t in self.trainings:
            t.config["diverged"] = True


def _record(training: Training, what: Callable[..., None], found: Callable, k: int) -> None:
    """Call ``what``, a training's method that records something, unless the training diverged."""
    if training.config["diverged"]:
        return
    try:
        what(found, k)
    except Diverged:
        if not training.steps:
            raise ValueError(
                "features and weights must be finite before the first step, got others"
            ) from None
        training.config["diverged"] = True


def _optimizer(parameters: list[nn.Parameter], plan: Plan) -> torch.optim.Optimizer:
    """The optimiser of these parameters. TypeError for what is none that can be used."""
    if not parameters:
        raise ValueError("model and loss have no parameter to train: none requires a gradient")
    made = plan.optimizer(parameters, plan.lr)
    kind = type(made).__name__
    if not isinstance(made, torch.optim.Optimizer):
        raise TypeError(
            f"optimizer must make an optimiser of torch from parameters and a rate, got {kind}"
        )
    if taking(made.step) is None:
        raise TypeError(f"optimizer must take its steps without a closure, {kind} needs one")
    return made


def train_together(
    together: Together, on_epoch: Callable[[int], None], stop: threading.Event, store: Store
) -> None:
    """Train to the end or until ``stop`` is set. ``on_epoch`` gets the number of epochs so far."""
    first = together.first

    def tell(step: int) -> None:
        epochs, more = divmod(step, len(first.batches))
        if not more:
            on_epoch(epochs)

    train(together, first.total, first.plan.factor, tell, lambda step: stop.is_set(), store)


def _laid_out_as(parameter: Tensor, gradient: Tensor) -> Tensor:
    """The gradient with the parameter's strides, as fused optimisers take it to have them."""
    if gradient.stride() == parameter.stride():
        return gradient
    return torch.empty_like(parameter, requires_grad=False).copy_(gradient)


def _joined(modules: Sequence[nn.Module], names: str) -> dict[str, Tensor]:
    """Parameters or buffers, one tensor (R, …) for all modules, whose own become views of it."""
    joined = {}
    for name, _ in getattr(modules[0], names)():
        own = [dict(getattr(m, names)())[name] for m in modules]
        joined[name] = torch.stack([o.detach() for o in own])
        for o, row in zip(own, joined[name], strict=True):
            o.data = row
    return joined
