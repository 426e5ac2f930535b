"""A folder of runs, so that one training is done once: what ``fit`` does with its ``cache``."""

from __future__ import annotations

import hashlib
import os
import pickle
import platform
import sys
import tempfile
import time
import warnings
from dataclasses import replace
from pathlib import Path
from types import FunctionType, SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from facetoy.training.recording import Training, as_array
from facetoy.training.runs import Run, load_run
from facetoy.training.surroundings import device_name

KNOWN = {"numpy", "torch", *sys.stdlib_module_names}  # whose code needs no telling
OURS = ("checks", "data", "losses", "training")  # facetoy's parts, whose code is told
IMPORTED = time.time()


class Kept:
    """The run in a folder that is the one of this training, which has not begun, if there is one.

    ``at_once`` is for runs that are trained with others, which differ from ``fit``'s by rounding:
    they have names of their own. OSError for what can be no folder.
    """

    def __init__(
        self, folder: str | os.PathLike | None, training: Training, at_once: bool = False
    ) -> None:
        self.path: Path | None = None  #: of the file; None if nothing is kept
        self.run: Run | None = None
        if folder is None:
            return
        _check_folder(folder)
        name = digest(training)
        if name is not None:
            self.path = Path(folder, f"{name}{'-at-once' * at_once}.npz")
            self.run = self._read(training)

    def _read(self, training: Training) -> Run | None:
        data = training.images.data
        try:
            run = load_run(self.path)
        except (OSError, ValueError):  # none, or a damaged one, which a new one will replace
            return None
        if run.config != training.config:
            return None
        mine = {"images": data.test_images, "labels": data.test_labels}
        return replace(run, **mine, class_names=data.class_names)

    def keep(self, run: Run) -> Run:
        """Write a run that came to its end, without what the data has. A warning if that fails."""
        over = not (run.config["interrupted"] or run.config["diverged"])
        if self.path is not None and self.run is None and over:
            try:
                replace(run, images=np.empty(0), labels=np.empty(0), class_names=()).save(self.path)
            except OSError as error:
                warnings.warn(f"the run is not kept: {error}", RuntimeWarning, stacklevel=2)
        return run


def _check_folder(folder: str | os.PathLike) -> None:
    try:
        os.makedirs(folder, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise type(error)(
            f"cache must be a folder that can be written to, got {os.fspath(folder)!r}: "
            f"{error.strerror}"
        ) from error


def digest(training: Training) -> str | None:
    """A word for all that makes a training that has not begun: data, loss and network with their
    first parameters, settings, versions, device, the code.

    None for what no word can tell: code of others than torch, facetoy and Python itself.
    """
    plan, data, where = training.plan, training.images.data, training.images.x.device
    if plan.on_snapshot is not None:
        return None
    arrays = (data.train_images, data.train_labels, data.test_images, data.test_labels)
    told = _Digest()
    try:
        told.dump((_code(), _surroundings(where), sorted(training.config.items()), plan))
        told.dump((training.net, training.head, arrays))
    except Exception:  # whatever keeps a value from being told
        return None
    return told.hash.hexdigest()[:40]


class _Digest(pickle.Pickler):
    """A hash of a value and all that it holds. PicklingError where that is code of others."""

    def __init__(self) -> None:
        self.hash = hashlib.sha256()
        super().__init__(SimpleNamespace(write=self.hash.update), protocol=5)
        self.fast = True  # equal values are told alike, be they one object or two

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            return type(value), (str(value.dtype), value.requires_grad, as_array(value))
        modules = set()
        if isinstance(value, type | FunctionType):
            bases = getattr(value, "__mro__", ())
            parts = (value, *bases, *(part for base in bases for part in vars(base).values()))
            modules = {getattr(part, "__module__", None) or "builtins" for part in parts}
        elif callable(value) and hasattr(value, "__name__"):  # compiled, it may say no module
            modules = {pickle.whichmodule(value, value.__name__)}
        if foreign := [module for module in modules if not _known(module)]:
            raise pickle.PicklingError(f"code of {', '.join(foreign)}")
        return NotImplemented


def _known(module: str) -> bool:
    """Whether the code of a module needs no telling, or is told."""
    package, _, rest = module.partition(".")
    return package in KNOWN or (package == "facetoy" and rest.split(".")[0] in OURS)


def _surroundings(where: torch.device) -> tuple:
    """What else a number depends on."""
    cast = torch.is_autocast_enabled(where.type) and str(torch.get_autocast_dtype(where.type))
    return (
        sys.version, torch.__version__, platform.machine(), device_name(where), cast,
        torch.backends.cpu.get_cpu_capability(), torch.get_float32_matmul_precision(),
        torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.allow_tf32,
        torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic,
    )  # fmt: skip


def _code() -> list[tuple[str, bytes]]:
    """The files that trainings come from. RuntimeError if one is newer than what was imported."""
    root = Path(__file__).parents[1]
    files = []
    for part in OURS:
        files += [*root.glob(f"{part}.py"), *sorted((root / part).rglob("*.py"))]
    if any(file.stat().st_mtime > IMPORTED for file in files):
        raise RuntimeError("facetoy was changed after it was imported")
    return [(file.relative_to(root).as_posix(), file.read_bytes()) for file in files]
