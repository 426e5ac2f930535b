"""From the arguments of ``fit`` to a training that has not begun: its loss, network and batches."""

from __future__ import annotations

import copy
import functools
import inspect
import os
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from facetoy.checks import between, is_number, plain, whole
from facetoy.data import Data
from facetoy.losses import LOSSES, TripletLoss
from facetoy.losses._base import full
from facetoy.training.contract import size
from facetoy.training.networks import embedded, network_for, precision
from facetoy.training.recording import Images, Plan, Training, layout
from facetoy.training.sampler import PKSampler, Shuffled
from facetoy.training.surroundings import seeded

SIZES = ("in_features", "num_classes")  # d and C, for a loss that takes them


def prepare(
    loss: str | type[nn.Module] | nn.Module,
    images: Images,
    settings: dict[str, Any],
    loss_args: dict[str, Any],
) -> Training:
    """A training that has not begun, from the arguments of ``fit``."""
    settings = {name: plain(value) for name, value in settings.items()}
    _check(settings)
    data, where = images.data, images.x.device
    dim, seed = settings["dim"], settings["seed"]
    with seeded(seed, where):
        head, name = _loss(loss, dim, data.num_classes, loss_args)
        net = network_for(data.train_images, dim, settings["model"])
        order = torch.Generator().manual_seed(seed)
        batches = _batches(head, data, settings["batch_size"], settings["per_class"], order)
        kind = full(_features(net.to(where), images, dim)).dtype
        net = net.to(memory_format=layout(where))
    if torch.float64 in (kind, precision(head)):
        head.to(kind)  # no product is of two precisions
    kept = ("dim", "epochs", "seed", "lr", "batch_size", "warmup", "per_class", "snapshots")
    config = {
        **_plain(loss_args), **_arguments(head), "loss": name,
        "data": data.name, "model": type(net).__name__, "num_classes": data.num_classes,
        **{k: settings[k] for k in kept}, "device": str(settings["device"]),
        "interrupted": False, "diverged": False,
        **{k: called(settings[k]) for k in ("optimizer", "decay")},
    }  # fmt: skip
    plan = Plan(*(settings[field] for field in Plan._fields))
    wanted = precision(net)
    images = images._replace(x=images.x.to(wanted), test_x=images.test_x.to(wanted))
    return Training(net, head.to(where), images, batches, plan, config)


def _check(settings: dict[str, Any]) -> None:
    """ValueError or TypeError that names one of ``fit``'s settings that it cannot take."""
    for name, least in (("dim", 1), ("epochs", 1), ("snapshots", 2), ("batch_size", 1)):
        whole(name, settings[name], least)
    whole("seed", settings["seed"], -(2**63), 2**64 - 1)  # as torch takes them
    if settings["per_class"] is not None:
        whole("per_class", settings["per_class"], 2)
    between("warmup", settings["warmup"], 0, 1)
    lr, model = settings["lr"], settings["model"]
    if not is_number(lr) or lr <= 0:
        raise ValueError(f"lr must be positive and finite, got {lr!r}")
    if model is not None and not isinstance(model, nn.Module):
        raise TypeError(f"model must be a module of torch, got {model!r}")
    for name, kind in (("checkpoint", "file"), ("cache", "folder")):
        if settings[name] is not None and not isinstance(settings[name], str | os.PathLike):
            raise TypeError(f"{name} must be the path of a {kind}, got {settings[name]!r}")
    for name in ("optimizer", "decay", "on_snapshot"):
        if not callable(settings[name]) and (name, settings[name]) != ("on_snapshot", None):
            kind = type(settings[name]).__name__
            raise TypeError(f"{name} must be a function, got an object of type {kind}")


def _features(net: nn.Module, images: Images, dim: int) -> Tensor:
    """(n, d) features of some images; ValueError if ``net`` does not give such."""
    x = images.x[:2]
    shape = f"(N, {', '.join(map(str, x.shape[1:]))})"
    try:
        features = embedded(net.eval(), x)
    except Exception as error:
        raise ValueError(
            f"model must turn images of shape {shape} into features of shape (N, {dim}); it raised "
            f"{type(error).__name__}: {error}"
        ) from error
    finally:
        net.train()
    if features.shape != (len(x), dim) or not features.is_floating_point():
        raise ValueError(
            f"model must turn images of shape {shape} into features of shape (N, {dim}), got "
            f"{features.dtype} of shape {tuple(features.shape)} for {len(x)} images"
        )
    return features


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


def signature(make: Callable[..., nn.Module]) -> tuple[list[str], dict[str, Any]]:
    """Which of the sizes d and C a loss takes, and its other arguments with their defaults."""
    parameters = inspect.signature(make).parameters
    defaults = {name: p.default for name, p in parameters.items() if name not in SIZES}
    return [name for name in SIZES if name in parameters], defaults


def numbers(make: Callable[..., nn.Module]) -> list[str]:
    """The arguments of a loss that are numbers."""
    return [n for n, v in signature(make)[1].items() if type(v) in (int, float)]


def _named(cls: type) -> str:
    """The name of a loss class in ``LOSSES``, else the name of the class."""
    known = {getattr(make, "func", make): name for name, make in LOSSES.items()}
    own = f"own {cls.__name__}" if cls.__name__ in LOSSES else cls.__name__
    return known.get(cls, own)


def _loss(loss: Any, dim: int, num_classes: int, args: dict) -> tuple[nn.Module, str]:
    """A fresh module for what ``fit`` was given, and its name."""
    if isinstance(loss, nn.Module):
        if args:
            raise TypeError(f"a loss module has its arguments already, got {', '.join(args)} too")
        has = (size(loss, "in_features", dim), size(loss, "num_classes", num_classes))
        if has != (dim, num_classes):
            raise ValueError(
                f"the loss must fit dim={dim} and {num_classes} classes, got one for {has}"
            )
        return copy.deepcopy(loss), _named(type(loss))
    if isinstance(loss, str) and loss not in LOSSES:
        raise ValueError(f"unknown loss {loss!r}; there are {', '.join(map(repr, LOSSES))}")
    if not isinstance(loss, str) and not (inspect.isclass(loss) and issubclass(loss, nn.Module)):
        raise TypeError(f"loss must be a name, a class or a module, got {loss!r}")
    make = LOSSES[loss] if isinstance(loss, str) else loss
    name = loss if isinstance(loss, str) else _named(loss)
    wanted, takes = signature(make)
    more = any(p.kind is p.VAR_KEYWORD for p in inspect.signature(make).parameters.values())
    for key in args:
        if key in wanted or (key not in takes and not more):
            raise TypeError(f"{name} takes no argument {key!r}; it takes {', '.join(takes)}")
    sizes = dict(zip(SIZES, (dim, num_classes), strict=True))
    return make(**{key: sizes[key] for key in wanted}, **args), name


def called(function: Callable) -> str:
    """The name of a function, with what ``functools.partial`` has given to it."""
    if isinstance(function, functools.partial):
        given = [*map(repr, function.args), *(f"{k}={v!r}" for k, v in function.keywords.items())]
        return f"{called(function.func)}({', '.join(given)})"
    return getattr(function, "__name__", type(function).__name__)


def _arguments(head: nn.Module) -> dict[str, Any]:
    """The arguments that ``head`` was made with, as far as it keeps them as plain values.

    One that it keeps as a parameter, a bias, is True.
    """
    kept = {n: getattr(head, n, None) for n in signature(type(head))[1]}
    return _plain({n: isinstance(v, nn.Parameter) or v for n, v in kept.items()})


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Those of the values that can be written down as they are, or as one number of Python."""
    found = {n: plain(v) for n, v in values.items()}
    return {n: v for n, v in found.items() if isinstance(v, bool | int | float | str)}
