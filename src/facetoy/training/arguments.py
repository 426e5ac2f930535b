"""From the arguments of ``fit`` to a training that has not begun: its loss, network and batches."""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from facetoy.checks import between, whole
from facetoy.data import Data
from facetoy.losses import LOSSES, TripletLoss
from facetoy.training.networks import network_for
from facetoy.training.recording import Images, Plan, Training
from facetoy.training.sampler import PKSampler, Shuffled
from facetoy.training.surroundings import seeded

SIZES = ["in_features", "num_classes"]  # what a loss with class weights takes first


def prepare(
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
    between("warmup", settings["warmup"], 0, 1)
    if not settings["lr"] > 0:
        raise ValueError(f"lr must be positive, got {settings['lr']}")
    dim, seed = settings["dim"], settings["seed"]
    with seeded(seed, where):
        head, name = _loss(loss, dim, data.num_classes, loss_args)
        net = network_for(data.train_images, dim, settings["model"])
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


def _batches(
    head: nn.Module, data: Data, size: int, per_class: int | None, generator: torch.Generator
) -> Shuffled | PKSampler:
    """What to train on in each step of an epoch, as indices of training images."""
    there = len(np.unique(data.train_labels))  # a class may have no image
    if per_class is None and isinstance(head, TripletLoss):
        per_class = max(4, size // there)
    if per_class is None:
        return Shuffled(len(data.train_labels), size, generator)
    classes = min(there, max(1, size // per_class))
    if isinstance(head, TripletLoss) and classes < 2:
        raise ValueError(
            f"a batch of triplets needs two classes: batch_size {size} has room for "
            f"{size // per_class} with {per_class} images each"
        )
    return PKSampler(data.train_labels, classes, per_class, generator)


def signature(make: Callable[..., nn.Module]) -> tuple[bool, dict[str, Any]]:
    """Whether a loss takes the sizes d and C first, and its other arguments with their defaults."""
    parameters = inspect.signature(make).parameters
    defaults = {name: p.default for name, p in parameters.items() if name not in SIZES}
    return len(defaults) < len(parameters), defaults


def numbers(make: Callable[..., nn.Module]) -> list[str]:
    """The arguments of a loss that are numbers."""
    return [n for n, v in signature(make)[1].items() if type(v) in (int, float)]


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
    """The arguments that ``head`` was made with, as far as it keeps them as plain values.

    One that it keeps as a parameter, a bias, is True.
    """
    kept = {n: getattr(head, n, None) for n in signature(type(head))[1]}
    return _plain({n: isinstance(v, nn.Parameter) or v for n, v in kept.items()})


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Those of the values that can be written down as they are."""
    return {n: v for n, v in values.items() if isinstance(v, bool | int | float | str)}
