"""Angles on the sphere, in radians, and how far classes can be apart at best."""

from math import acos, pi
from typing import NamedTuple

import numpy as np

from facetoy.training.runs import Run

#: Largest possible smallest angle between C points on the sphere in 3-D, in degrees (Tammes'
#: problem; R. Sloane's tables of spherical codes). C ≤ 4 and d ≥ C - 1 follow from the simplex.
TAMMES = {
    5: 90.0,
    6: 90.0,
    7: 77.8695,
    8: 74.8585,
    9: 70.5288,
    10: 66.1468,
    11: 63.4349,
    12: 63.4349,
}


class Measures(NamedTuple):
    """What one snapshot looks like; angles in radians, NaN where there is nothing to measure."""

    accuracy: float  #: share of known test images whose highest score is their own class
    intra: float  #: mean angle between a feature and the weight of its class
    intra_mean: float  #: mean angle between a feature and the mean direction of its class
    inter: float  #: mean over classes with test images of the angle to the nearest other mean
    inter_weight: float  #: the same between weights, over all classes
    weight_mean: float  #: mean over classes of the angle between its weight and its mean


def unit(x: np.ndarray) -> np.ndarray:
    """Rows (..., d) at length 1, in float64; a zero row stays zero."""
    x = np.asarray(x, np.float64)
    return x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-12)


def angle(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Angles (...,) between rows of ``a`` and ``b`` (..., d), exact at 0 and π too."""
    a, b = unit(a), unit(b)
    return 2 * np.arctan2(np.linalg.norm(a - b, axis=-1), np.linalg.norm(a + b, axis=-1))


def class_means(features: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(K, d) mean directions of the K = labels.max() + 1 classes; NaN for an empty class."""
    u, count = unit(features), np.bincount(labels)
    total = np.zeros((len(count), u.shape[1]))
    np.add.at(total, labels, u)
    with np.errstate(invalid="ignore"):
        return unit(total / count[:, None])


def to_weight(features: np.ndarray, labels: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """(N,) angle of each feature (N, d) to its class's weight (C, d); NaN for strangers."""
    known = labels < len(weight)
    theta = np.full(len(labels), np.nan)
    theta[known] = angle(features[known], weight[labels[known]])
    return theta


def to_mean(features: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(N,) angle of each feature (N, d) to the mean direction of its class."""
    return angle(features, class_means(features, labels)[labels])


def nearest(directions: np.ndarray) -> np.ndarray:
    """(K,) angle of each of the K directions (K, d) to the nearest other one.

    A direction of NaN, such as the mean of an empty class, is nobody's nearest. NaN for itself,
    and for a direction that has no other.
    """
    theta = angle(directions[:, None], directions[None])
    np.fill_diagonal(theta, np.nan)
    found = np.fmin.reduce(theta, axis=1, initial=np.inf)
    return np.where(np.isinf(found), np.nan, found)


def mean_of_known(values: np.ndarray) -> float:
    """The mean of those values that are numbers; NaN if none is."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else np.nan


def measure(run: Run, step: int = -1) -> Measures:
    """Accuracy and angles of the known classes at snapshot ``step`` (an index)."""
    known = run.labels < run.num_classes
    features, labels = run.features[step][known], run.labels[known]
    means = class_means(features, labels)
    if run.weight is None:
        intra = inter_weight = weight_mean = np.nan
    else:
        weight = run.weight[step]
        intra = mean_of_known(to_weight(features, labels, weight))
        inter_weight = mean_of_known(nearest(weight))
        weight_mean = mean_of_known(angle(weight[: len(means)], means))
    return Measures(
        accuracy=mean_of_known((run.predicted[step][known] == labels).astype(float)),
        intra=intra,
        intra_mean=mean_of_known(to_mean(features, labels)),
        inter=mean_of_known(nearest(means)),
        inter_weight=inter_weight,
        weight_mean=weight_mean,
    )


def bound(num_classes: int, dim: int) -> float | None:
    """The largest angle that all pairs of C directions in d dimensions can keep, in radians.

    Points evenly on the circle; the simplex, arccos(-1/(C-1)), once d ≥ C - 1; on the sphere in
    3-D Tammes' problem, known here up to C = 12. None where it is not known.
    """
    if num_classes < 2 or dim < 1:
        raise ValueError(f"need at least 2 classes and 1 dimension, got {num_classes} and {dim}")
    if dim >= num_classes - 1:
        return acos(-1 / (num_classes - 1))
    if dim == 2:
        return 2 * pi / num_classes
    if dim == 3 and num_classes in TAMMES:
        return float(np.deg2rad(TAMMES[num_classes]))
    return None
