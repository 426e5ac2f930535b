"""1:1: do two features belong to one person? Pairs, error rates, and how sure they are.

A score says how alike two features are; a pair is accepted when its score is at least the
threshold. Accepting two different people is a false accept (its rate: FAR), refusing one person a
false reject (FRR); TAR = 1 - FRR.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.metrics import roc_auc_score, roc_curve

from facetoy.metrics import unit

FEWEST = 10  # impostor pairs that a false-accept rate must stand on
CHUNK = 1 << 23  # bytes of features that are compared at a time, so that memory stays bounded


class Pairs(NamedTuple):
    """Pairs of images: indices of both, and whether they show one person. Each (P,)."""

    first: np.ndarray
    second: np.ndarray
    same: np.ndarray

    def __repr__(self) -> str:
        alike = int(np.sum(self.same))
        return f"Pairs: {alike:,} of one person, {len(self.same) - alike:,} of two"


def all_pairs(labels: np.ndarray) -> Pairs:
    """Every pair of the N images with labels (N,): N (N - 1) / 2 of them."""
    labels = np.asarray(labels)
    first, second = np.triu_indices(len(labels), 1)
    return Pairs(first, second, labels[first] == labels[second])


def draw_pairs(labels: np.ndarray, count: int, *, seed: int = 0) -> Pairs:
    """``count`` pairs of each kind, of one person and of two, drawn by ``seed``.

    Pairs of two people may repeat; pairs of one person as well. ValueError if no class has two
    images, or there is only one class.
    """
    names, labels, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    if len(names) < 2 or sizes.max() < 2:
        raise ValueError("pairs need two classes, and a class with two images")
    rng = np.random.default_rng(seed)
    order, starts = np.argsort(labels, kind="stable"), np.cumsum(sizes) - sizes
    # a pair of one person: a class as often as it has pairs, then two of its images
    weight = sizes * (sizes - 1.0)
    c = rng.choice(len(sizes), count, p=weight / weight.sum())
    i = rng.integers(0, sizes[c])
    j = (i + rng.integers(1, sizes[c])) % sizes[c]
    alike = order[starts[c] + i], order[starts[c] + j]
    different = rng.integers(0, len(labels), (2, count))
    while (clash := labels[different[0]] == labels[different[1]]).any():
        different[:, clash] = rng.integers(0, len(labels), (2, clash.sum()))
    first, second = (np.concatenate([alike[k], different[k]]) for k in (0, 1))
    return Pairs(first, second, np.arange(2 * count) < count)


def read_pairs(path: str | os.PathLike) -> tuple[list[tuple[str, str, bool]], np.ndarray]:
    """LFW's ``pairs.txt``: (first, second, same) for each pair, and its fold (P,).

    Images are named as LFW names them: ``Name/Name_0001.jpg``. ValueError that names the line if
    the file is not of that format.
    """
    lines = [line.split("\t") for line in Path(path).read_text(encoding="utf-8").splitlines()]
    try:
        folds, per_fold = (int(v) for v in lines[0]) if len(lines[0]) > 1 else (1, int(lines[0][0]))
    except (ValueError, IndexError):
        raise ValueError(f"{path}, line 1: expected the number of folds and of pairs") from None
    pairs, fold = [], []
    if len(lines) - 1 < 2 * folds * per_fold:
        raise ValueError(
            f"{path}: expected {2 * folds * per_fold} pairs, got {len(lines) - 1} lines"
        )
    for number, parts in enumerate(lines[1 : 1 + 2 * folds * per_fold], start=2):
        try:
            a, i, *rest = parts
            b, j = (a, *rest) if len(rest) == 1 else rest
            pairs.append(
                (*(f"{n}/{n}_{int(k):04d}.jpg" for n, k in ((a, i), (b, j))), len(rest) == 1)
            )
        except ValueError:
            raise ValueError(
                f"{path}, line {number}: expected a name and two numbers, or two names with a "
                f"number each, got {' '.join(parts)!r}"
            ) from None
        fold.append((number - 2) // (2 * per_fold))
    return pairs, np.array(fold)


def cosine(features: np.ndarray, pairs: Pairs) -> np.ndarray:
    """(P,) cosines between the features (N, d) of each pair: 1 is the same direction."""
    return _score(unit(features).astype(np.float32), pairs, lambda a, b: (a * b).sum(1))


def negative_distance(features: np.ndarray, pairs: Pairs) -> np.ndarray:
    """(P,) Euclidean distances between the features of each pair, negated, so that more is alike.

    Between unit vectors ‖a - b‖² = 2 - 2 cos θ: the same ranking as the cosine.
    """
    features = np.asarray(features, np.float32)
    return _score(features, pairs, lambda a, b: -np.linalg.norm(a - b, axis=1))


def _score(features: np.ndarray, pairs: Pairs, score: Callable) -> np.ndarray:
    out = np.empty(len(pairs.first), np.float32)
    step = max(1, CHUNK // max(1, features[:1].nbytes))
    for start in range(0, len(out), step):
        part = slice(start, start + step)
        out[part] = score(features[pairs.first[part]], features[pairs.second[part]])
    return out


class ROC(NamedTuple):
    """A curve of error rates over the threshold, as scikit-learn's ``roc_curve`` gives it."""

    far: np.ndarray  #: false-accept rates, rising
    tar: np.ndarray  #: true-accept rates
    threshold: np.ndarray  #: a pair is accepted at this score or above
    impostors: int  #: how many pairs of two people stand behind it

    @property
    def eer(self) -> float:
        """Equal error rate: where as many impostors are accepted as owners are refused."""
        frr = 1 - self.tar
        k = int(np.argmax(self.far >= frr))
        if k == 0:
            return float(self.far[0])
        (a, b), (c, d) = (v[k - 1 : k + 1] for v in (self.far, frr))
        t = (c - a) / ((c - a) + (b - d)) if (c - a) + (b - d) else 0.0
        return float(a + t * (b - a))

    def tar_at(self, far: float) -> tuple[float, float]:
        """Highest TAR whose false-accept rate is at most ``far``, and the loosest such threshold.

        ValueError if fewer than 10 impostor pairs would stand behind the rate.
        """
        if not 0 < far <= 1:
            raise ValueError(f"far must lie in (0, 1], got {far}")
        if far * self.impostors < FEWEST:
            raise ValueError(
                f"FAR {far:g} needs at least {math.ceil(FEWEST / far):,} impostor pairs, "
                f"got {self.impostors:,}"
            )
        k = int(np.searchsorted(self.far, far, side="right")) - 1
        return float(self.tar[k]), float(self.threshold[k])


def roc(scores: np.ndarray, same: np.ndarray, weight: np.ndarray | None = None) -> ROC:
    """The curve of scores (P,) for pairs that are ``same`` (P,). ValueError without both kinds."""
    scores, same = _checked(scores, same)
    # every threshold is kept: the loosest that a rate allows is among them
    far, tar, threshold = roc_curve(same, scores, sample_weight=weight, drop_intermediate=False)
    return ROC(far, tar, threshold, int((~same).sum()))


def auc(scores: np.ndarray, same: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Area under the curve: the chance that a pair of one person scores above a pair of two."""
    scores, same = _checked(scores, same)
    return float(roc_auc_score(same, scores, sample_weight=weight))


def _checked(scores: np.ndarray, same: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both as arrays; ValueError unless they are finite, of one length and of both kinds."""
    scores, same = np.asarray(scores), np.asarray(same, bool)
    if scores.shape != same.shape:
        raise ValueError(f"got {scores.size} scores for {same.size} pairs")
    if same.all() or not same.any():
        raise ValueError("scores need pairs of one person and pairs of two people")
    if not np.isfinite(scores).all():
        raise ValueError("scores must be finite")
    return scores, same


def best_threshold(scores: np.ndarray, same: np.ndarray) -> float:
    """The threshold with the most right decisions on these pairs."""
    scores, same = _checked(scores, same)
    order = np.argsort(-scores, kind="stable")
    s, y = scores[order], same[order]
    if not np.issubdtype(s.dtype, np.floating):
        s = s.astype(float)
    right = np.concatenate([[0], np.cumsum(y)]) + np.concatenate(
        [[(~y).sum()], (~y).sum() - np.cumsum(~y)]
    )
    allowed = np.concatenate([[True], s[1:] != s[:-1], [True]])  # equal scores stay together
    k = int(np.argmax(np.where(allowed, right, -1)))
    if k == 0:
        return float(np.nextafter(s[0], np.inf))
    if k == len(s):
        return float(s[-1])
    middle = (float(s[k - 1]) + float(s[k])) / 2
    # unless rounding to the scores' precision would let the lower one in
    return middle if s.dtype.type(middle) > s[k] else float(s[k - 1])


class Accuracy(NamedTuple):
    """Mean accuracy over folds and its standard error."""

    mean: float
    error: float
    folds: np.ndarray


def fold_accuracy(scores: np.ndarray, same: np.ndarray, fold: np.ndarray | int = 10) -> Accuracy:
    """LFW's protocol: the threshold comes from all folds but one, the accuracy from that one.

    ``fold`` (P,) says which fold a pair belongs to, as from ``read_pairs``; in LFW no person is in
    two folds. A number deals the pairs of each kind out in turn, whoever is in them. ValueError
    with fewer than two folds.
    """
    scores, same = _checked(scores, same)
    if np.ndim(fold) == 0:
        if fold < 2:
            raise ValueError(f"the protocol needs at least two folds, got {fold}")
        turn = np.empty(len(same), int)
        for kind in (same, ~same):
            turn[kind] = np.arange(kind.sum()) % int(fold)
        fold = turn
    names = np.unique(fold)
    if len(names) < 2:
        raise ValueError(f"the protocol needs at least two folds, got {len(names)}")
    right = []
    for name in names:
        out = fold == name
        threshold = best_threshold(scores[~out], same[~out])
        right.append(np.mean((scores[out] >= threshold) == same[out]))
    right = np.array(right)
    return Accuracy(float(right.mean()), float(right.std(ddof=1) / np.sqrt(len(right))), right)


def people_interval(
    scores: np.ndarray,
    pairs: Pairs,
    labels: np.ndarray,
    measure: Callable[[np.ndarray, np.ndarray, np.ndarray], float] = auc,
    *,
    resamples: int = 200,
    level: float = 0.95,
    seed: int = 0,
) -> tuple[float, float]:
    """Confidence interval of ``measure(scores, same, weight)``, by resampling people.

    Pairs share people, so they are not independent, and resampling pairs would promise too much.
    Here people are drawn with replacement; a pair counts as often as its people were drawn
    (for two people: the product).
    """
    labels = np.asarray(labels)
    people, index = np.unique(labels, return_inverse=True)
    a, b = index[pairs.first], index[pairs.second]
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(resamples):
        drawn = np.bincount(rng.integers(0, len(people), len(people)), minlength=len(people))
        weight = np.where(pairs.same, drawn[a], drawn[a] * drawn[b]).astype(float)
        kept = weight > 0
        if len(np.unique(pairs.same[kept])) == 2:
            values.append(measure(scores[kept], pairs.same[kept], weight[kept]))
    if not values:
        raise ValueError(f"no resample of {len(people)} people has pairs of both kinds")
    return tuple(np.quantile(values, [(1 - level) / 2, (1 + level) / 2]).tolist())


def tar_at(curves: Iterable[ROC], rates: Sequence[float]) -> np.ndarray:
    """(curves, rates): the TAR of each curve at each false-accept rate, as ``ROC.tar_at``."""
    return np.array([[curve.tar_at(far)[0] for far in rates] for curve in curves])
