"""What a picture of spheres shows: on each side a run, or the runs that a slider chooses from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from facetoy import metrics
from facetoy.training.runs import Run, Sweep
from facetoy.views.shared.titles import title


@dataclass(frozen=True)
class Side:
    """One of the pictures: the runs a slider chooses from.

    ``basis`` (d, 2 or 3) holds the directions in which features are shown. ``share`` is the part
    of the variance that they keep where d > 3, else None.
    """

    runs: tuple[Run, ...]
    parameter: str | None
    values: tuple[Any, ...]
    basis: np.ndarray
    share: float | None

    @property
    def shown(self) -> int:
        return self.basis.shape[1]


def principal(x: np.ndarray) -> tuple[np.ndarray, float]:
    """The three directions (d, 3) along which ``x`` (N, d) spreads most, and their share of it.

    PCA about the origin rather than about the mean: angles are measured at the origin.
    """
    _, size, rows = np.linalg.svd(x.astype(float), full_matrices=False)
    return rows[:3].T, float((size[:3] ** 2).sum() / (size**2).sum())


def lengths(x: np.ndarray) -> np.ndarray:
    """(...,) lengths of the rows of ``x`` (..., d), also where float32 has no room for squares."""
    return np.linalg.norm(x.astype(float), axis=-1)


def side(source: Run | Sweep, name: str = "the run") -> Side:
    """Check one argument of SphereView and find the directions in which to show it."""
    if isinstance(source, Run):
        runs, parameter, values = (source,), None, ()
    elif isinstance(source, Sweep):
        if len(source.names) != 1:
            raise ValueError(
                f"{name} must be a sweep over one parameter, for one slider; this one spans "
                f"{' and '.join(source.names) or 'none'} (sweep.select narrows it)"
            )
        if not source.runs:
            raise ValueError(f"{name} is a sweep without any run")
        runs, parameter = source.runs, source.names[0]
        values = tuple(run.config[parameter] for run in runs)
    else:
        raise TypeError(f"{name} must be a Run or a Sweep, got {type(source).__name__}")
    first = runs[0]
    dim = first.features.shape[2]
    for run in runs:
        if run.features.shape[1:] != first.features.shape[1:]:
            raise ValueError(f"all runs of {name} must have features of the same shape (N, d)")
        if not np.isfinite(run.features).all():
            raise ValueError(f"{name} holds features that are not finite: {title(run)}")
    if dim < 2:
        raise ValueError(f"{name} must have features of 2 dimensions or more, got {dim}")
    if len(first.class_names) > 256:
        raise ValueError(f"at most 256 classes can be shown, got {len(first.class_names)}")
    if dim <= 3:
        return Side(runs, parameter, values, np.eye(dim), None)
    basis, share = principal(np.concatenate([metrics.unit(run.features[-1]) for run in runs]))
    return Side(runs, parameter, values, basis, share)
