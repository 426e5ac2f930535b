"""What a training leaves behind: plain arrays, saved without pickle, readable without torch."""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from facetoy.files import read_npz, write_npz

GROUPS = ("history", "network")  # a run's dictionaries of arrays


@dataclass(frozen=True, eq=False)
class Run:
    """One training, watched at T snapshots through the features of its N test images."""

    features: np.ndarray  #: (T, N, d) float32
    weight: np.ndarray | None  #: (T, C, d) float32; None for a loss without class weights
    predicted: np.ndarray  #: (T, N) int64, the class of the largest score, or the nearest mean
    labels: np.ndarray  #: (N,) int64; C or more is a stranger, a class unseen in training
    images: np.ndarray  #: (N, 1, H, W) float32 in [0, 1]
    class_names: tuple[str, ...]  #: known classes first, then strangers
    steps: np.ndarray  #: (T,) int64, optimiser steps before each snapshot
    history: dict[str, np.ndarray]  #: loss, accuracies, gradient norm, seconds of each epoch
    config: dict[str, Any]  #: loss, its arguments, dim, epochs, ..., interrupted, diverged
    device: str  #: where it was trained, e.g. "cpu" or "cuda (NVIDIA H100)"
    centers: np.ndarray | None = None  #: (T, C, d) float32, of center loss
    network: dict[str, np.ndarray] | None = None  #: the trained network's parameters by name

    @property
    def num_classes(self) -> int:
        """C, the number of classes in training."""
        return self.config["num_classes"]

    def __repr__(self) -> str:
        c = self.config
        found = {k: c[k] for k in ("s", "m") if k in c}
        scores = ", ".join(f"{k}={v if isinstance(v, str) else f'{v:g}'}" for k, v in found.items())
        ends = "".join(f", {word}" for word in ("interrupted", "diverged") if c.get(word))
        return (
            f"Run of {c['loss']}({scores}) on {c.get('data')}, {self.features.shape[2]}-D: "
            f"{self.steps[-1]} steps on {self.device}, {len(self.steps)} snapshots{ends}"
        )

    def save(self, path: str | os.PathLike) -> Path:
        """Write the run to ``path`` as .npz, atomically: the old file or the new one, whole.

        OSError if no file can be written there, TypeError or ValueError for a run that holds what
        no file can: the run is what it was.
        """
        arrays = {}
        for f in fields(self):
            value = getattr(self, f.name)
            if isinstance(value, np.ndarray):
                arrays[f.name] = value
            elif f.name in GROUPS and value is not None:
                arrays |= {f"{f.name}/{k}": v for k, v in value.items()}
        words = {"config": self.config, "class_names": self.class_names, "device": self.device}
        return write_npz(path, {**arrays, "words": np.array(json.dumps(words, default=_python))})


def _python(value: Any) -> Any:
    """NumPy's numbers and arrays as Python's."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"a run cannot be saved with {value!r} in it: it is no plain value")


def load_run(path: str | os.PathLike) -> Run:
    """Read a run written by ``Run.save``.

    FileNotFoundError if there is none; ValueError if the file is damaged or no run.
    """

    def make(arrays: dict[str, np.ndarray]) -> Run:
        words = json.loads(str(arrays.pop("words")))
        found: dict[str, Any] = {"weight": None}
        for key, value in arrays.items():
            group, _, name = key.partition("/")
            if name:
                found.setdefault(group, {})[name] = value
            else:
                found[key] = value
        return Run(
            **found,
            class_names=tuple(words["class_names"]),
            config=words["config"],
            device=words["device"],
        )

    return read_npz(path, make, "facetoy run")


class Sweep(Sequence[Run]):
    """Runs that differ in the parameters ``names`` alone, in the order of training."""

    def __init__(self, runs: Sequence[Run], names: Sequence[str]) -> None:
        self.runs = tuple(runs)
        self.names = tuple(names)

    @property
    def parameters(self) -> dict[str, tuple]:
        """For each swept parameter its values, e.g. ``{"m": (0, 0.1, 0.2)}``."""
        return {n: tuple(dict.fromkeys(run.config[n] for run in self.runs)) for n in self.names}

    def select(self, **values: Any) -> "Sweep":
        """The runs with these values, e.g. ``sweep.select(m=0.5)``. ValueError if none has."""
        runs = [r for r in self.runs if all(r.config.get(k) == v for k, v in values.items())]
        if not runs:
            raise ValueError(f"no run with {values}; the sweep has {self.parameters}")
        return Sweep(runs, [n for n in self.names if n not in values])

    def __getitem__(self, index):
        return Sweep(self.runs[index], self.names) if isinstance(index, slice) else self.runs[index]

    def __len__(self) -> int:
        return len(self.runs)

    def __iter__(self) -> Iterator[Run]:
        return iter(self.runs)

    def __repr__(self) -> str:
        return f"Sweep of {len(self)} runs over {self.parameters}"
