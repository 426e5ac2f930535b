"""1:1: do two features belong to one person? Pairs, error rates, and how sure they are.

A score says how alike two features are; a pair is accepted when its score is at least the
threshold. Accepting two different people is a false accept (its rate: FAR), refusing one person a
false reject (FRR); TAR = 1 - FRR.

Every function raises ValueError for arrays of the wrong shape, NaN and infinity. Nothing is kept
between calls: threads may call them all at once.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Sequence
from numbers import Real
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from facetoy.checks import array, between, finite, whole
from facetoy.metrics import unit

FEWEST = 10  # impostor pairs that a false-accept rate must stand on
PATIENCE = 0.9  # above this chance to clash, pairs of two people are not drawn by trying
CHUNK = 1 << 23  # bytes of features that are compared at a time, so that memory stays bounded


class Pairs(NamedTuple):
    """P pairs of images."""

    first: np.ndarray  #: (P,) index of the one image
    second: np.ndarray  #: (P,) index of the other
    same: np.ndarray  #: (P,) whether they show one person

    def __repr__(self) -> str:
        alike = int(np.sum(self.same))
        return f"Pairs: {alike:,} of one person, {len(self.same) - alike:,} of two"


def _labels(values: Any, name: str = "labels") -> np.ndarray:
    """(N,) labels; ValueError unless all are whole numbers or all are words, none of them empty."""
    if isinstance(values, list | tuple):  # NumPy would make the word "nan" of NaN among words
        values = np.fromiter(values, object, len(values))
    labels = array(name, values, ("N",))
    kind, odd = labels.dtype.kind, labels[:0]
    if kind == "O" and len(labels):
        expected = str if isinstance(labels[0], str) else Real
        odd = [v for v in labels if not isinstance(v, expected)]
        labels = labels if odd else np.array(labels.tolist())
        kind = labels.dtype.kind
    if kind == "f":
        with np.errstate(invalid="ignore"):
            odd = labels[labels % 1 != 0]  # NaN and infinity as well
    elif kind == "U":
        odd = labels[labels == ""]
    elif kind not in "biuO":
        odd = labels[:1]
    if len(odd):
        raise ValueError(
            f"{name} must be whole numbers, or words of which none is empty; got {odd[0]!r}"
        )
    return labels


def all_pairs(labels: np.ndarray) -> Pairs:
    """Every pair of the N images with labels (N,): N (N - 1) / 2 of them."""
    labels = _labels(labels)
    first, second = np.triu_indices(len(labels), 1)
    return Pairs(first, second, labels[first] == labels[second])


def draw_pairs(labels: np.ndarray, count: int, *, seed: int = 0) -> Pairs:
    """``count`` pairs of each kind, of one person and of two, drawn by ``seed``.

    Pairs of two people may repeat; pairs of one person as well. ValueError if no class has two
    images, or there is only one class.
    """
    count = whole("count", count, 0)
    names, labels, sizes = np.unique(_labels(labels), return_inverse=True, return_counts=True)
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
    if np.sum((sizes / len(labels)) ** 2) < PATIENCE:
        different = _by_trying(rng, labels, count)
    else:
        different = _by_class(rng, order, starts, sizes, count)
    first, second = (np.concatenate([alike[k], different[k]]) for k in (0, 1))
    return Pairs(first, second, np.arange(2 * count) < count)


def _by_trying(rng: np.random.Generator, labels: np.ndarray, count: int) -> np.ndarray:
    """(2, count) images of two people: any two, drawn again while they are of one person."""
    pairs = rng.integers(0, len(labels), (2, count))
    left = np.arange(count)
    while len(left := left[labels[pairs[0, left]] == labels[pairs[1, left]]]):
        pairs[:, left] = rng.integers(0, len(labels), (2, len(left)))
    return pairs


def _by_class(
    rng: np.random.Generator, order: np.ndarray, starts: np.ndarray, sizes: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """The same without trying: a class as often as it has such pairs, an image of it, another."""
    others = len(order) - sizes
    weight = sizes * others.astype(float)
    c = rng.choice(len(sizes), count, p=weight / weight.sum())
    i, j = rng.integers(0, sizes[c]), rng.integers(0, others[c])
    return order[starts[c] + i], order[j + sizes[c] * (j >= starts[c])]


def read_pairs(path: str | os.PathLike) -> tuple[list[tuple[str, str, bool]], np.ndarray]:
    """LFW's ``pairs.txt``: (first, second, same) for each pair, and its fold (P,).

    Images are named as LFW names them: ``Name/Name_0001.jpg``. ValueError that names the line if
    the file is not of that format, has other pairs than its first line promises, or has a fold
    without as many pairs of one person as of two.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").rstrip().split("\n")
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not a text in UTF-8") from None
    head = lines[0].split("\t")
    if len(head) > 2 or not all(_counts(part) for part in head):
        raise ValueError(f"{path}, line 1: expected the number of folds and of pairs")
    folds, per_fold = (1, *map(int, head))[-2:]
    if len(lines) - 1 != 2 * folds * per_fold:
        raise ValueError(
            f"{path}: expected {2 * folds * per_fold} pairs, got {len(lines) - 1} lines"
        )
    pairs = [_read_pair(f"{path}, line {n}", line) for n, line in enumerate(lines[1:], start=2)]
    fold = np.arange(len(pairs)) // (2 * per_fold)
    alike = np.bincount(fold, weights=[same for _, _, same in pairs])
    for k in np.flatnonzero(alike != per_fold)[:1]:
        raise ValueError(
            f"{path}: expected {per_fold} pairs of one person in each fold, got {alike[k]:.0f} in "
            f"fold {k + 1}"
        )
    return pairs, fold


def _counts(text: str) -> bool:
    """Whether it is a number from 1."""
    return text.strip().isdecimal() and int(text) > 0


def _read_pair(where: str, line: str) -> tuple[str, str, bool]:
    match line.split("\t"):
        case [a, i, j]:
            b = a
        case [a, i, b, j] if a != b:
            pass
        case _:
            a = b = i = j = ""
    if not (a.strip() and b.strip() and _counts(i) and _counts(j)):
        raise ValueError(
            f"{where}: expected a name and two numbers, or two names with a number each, between "
            f"tabs, got {line.replace(chr(9), ' ')!r}"
        )
    first, second = (f"{name}/{name}_{int(k):04d}.jpg" for name, k in ((a, i), (b, j)))
    return first, second, a == b


def cosine(features: np.ndarray, pairs: Pairs) -> np.ndarray:
    """(P,) cosines between the features (N, d) of each pair: 1 is the same direction.

    In [-1, 1], float32, right to about 1e-6: an image beside itself has 1 or a little less. A
    feature of length 0 has cosine 0 to all.
    """
    features = unit(finite("features", features, ("N", "d"))).astype(np.float32)
    pairs = _pairs(pairs, len(features))
    return _score(features, pairs, lambda a, b: (a * b).sum(1).clip(-1, 1))


def negative_distance(features: np.ndarray, pairs: Pairs) -> np.ndarray:
    """(P,) Euclidean distances between the features of each pair, negated, so that more is alike.

    Between unit vectors ‖a - b‖² = 2 - 2 cos θ: the same ranking as the cosine.
    """
    with np.errstate(over="ignore"):
        features = np.asarray(finite("features", features, ("N", "d")), np.float32)
    pairs = _pairs(pairs, len(finite("features in float32", features, ("N", "d"))))
    return _score(features, pairs, lambda a, b: -np.linalg.norm(a - b, axis=1))


def _pairs(pairs: Pairs, count: int) -> Pairs:
    """``pairs`` as arrays; ValueError unless they are indices of ``count`` images."""
    if not isinstance(pairs, tuple) or len(pairs) != 3:
        raise ValueError(f"pairs must be Pairs(first, second, same), got {type(pairs).__name__}")
    pairs = Pairs(
        *(array(f"pairs.{n}", v, ("P",)) for n, v in zip(Pairs._fields, pairs, strict=True))
    )
    if len({len(part) for part in pairs}) > 1:
        raise ValueError(f"pairs must be of one length, got {[len(part) for part in pairs]}")
    for name, index in (("first", pairs.first), ("second", pairs.second)):
        if len(index) and (index.dtype.kind not in "iu" or index.min() < 0 or index.max() >= count):
            raise ValueError(
                f"pairs.{name} must be indices of {count} images, got {index.dtype} from "
                f"{index.min()} to {index.max()}"
            )
    return pairs


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
        """The equal error rate, where the share of impostors accepted is that of owners refused."""
        frr = 1 - self.tar
        k = int(np.argmax(self.far >= frr))
        if k == 0:
            return float(self.far[0])
        (a, b), (c, d) = (v[k - 1 : k + 1] for v in (self.far, frr))
        t = (c - a) / ((c - a) + (b - d)) if (c - a) + (b - d) else 0.0
        return float(a + t * (b - a))

    def tar_at(self, far: float) -> tuple[float, float]:
        """Highest TAR whose false-accept rate is at most ``far``, and the loosest such threshold.

        ValueError if fewer than 10 false accepts would stand behind the rate.
        """
        far = between("far", far, 0, 1, "(]")
        if far * self.impostors < FEWEST:
            raise ValueError(
                f"FAR {far:g} needs at least {math.ceil(FEWEST / far):,} impostor pairs, "
                f"got {self.impostors:,}"
            )
        k = int(np.searchsorted(self.far, far, side="right")) - 1
        return float(self.tar[k]), float(self.threshold[k])


def roc(scores: np.ndarray, same: np.ndarray, weight: np.ndarray | None = None) -> ROC:
    """The curve of scores (P,) for pairs that are ``same`` (P,). ValueError without both kinds."""
    from sklearn.metrics import roc_curve

    scores, same, weight = _checked(scores, same, weight)
    # every threshold is kept: the loosest that a rate allows is among them
    far, tar, threshold = roc_curve(same, scores, sample_weight=weight, drop_intermediate=False)
    return ROC(far, tar, threshold, int((~same).sum()))


def auc(scores: np.ndarray, same: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Area under the curve: the chance that a pair of one person scores above a pair of two."""
    from sklearn.metrics import roc_auc_score

    scores, same, weight = _checked(scores, same, weight)
    return float(roc_auc_score(same, scores, sample_weight=weight))


def _checked(
    scores: np.ndarray, same: np.ndarray, weight: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """All as arrays; ValueError unless they are finite, of one length and of both kinds."""
    scores, same = _scores(scores), _truth(same)
    if len(scores) != len(same):
        raise ValueError(f"got {len(scores)} scores for {len(same)} pairs")
    counted = np.ones(len(same), bool)
    if weight is not None:
        weight = finite("weight", weight, ("P",))
        if len(weight) != len(same) or (weight < 0).any():
            raise ValueError(
                f"weight must be at least 0 for each of {len(same)} pairs, got {len(weight)} from "
                f"{weight.min(initial=np.inf)}"
            )
        counted = weight > 0
    if not (same & counted).any() or not (~same & counted).any():
        raise ValueError("scores need pairs of one person and pairs of two people")
    return scores, same, weight


def _scores(values: np.ndarray) -> np.ndarray:
    """(P,) finite floats."""
    scores = finite("scores", values, ("P",))
    return scores if scores.dtype.kind == "f" else scores.astype(np.float64)


def _truth(values: np.ndarray) -> np.ndarray:
    """(P,) booleans; 1 and 0 stand for them, nothing else does."""
    same = array("same", values, ("P",))
    if same.dtype.kind in "biufO":
        odd = same[~np.asarray((same == 0) | (same == 1), bool)]
    else:
        odd = same[:1]
    if len(odd):
        raise ValueError(f"same must be True or False for each pair, got {odd[0]!r}")
    return same.astype(bool)


def best_threshold(scores: np.ndarray, same: np.ndarray) -> float:
    """The threshold with the most right decisions on these pairs."""
    scores, same, _ = _checked(scores, same)
    order = np.argsort(-scores, kind="stable")
    s, y = scores[order], same[order]
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
    """Accuracy over F folds; all of them shares in [0, 1]."""

    mean: float  #: over the folds
    error: float  #: standard error of the mean
    folds: np.ndarray  #: (F,) of each fold


def fold_accuracy(scores: np.ndarray, same: np.ndarray, fold: np.ndarray | int = 10) -> Accuracy:
    """LFW's protocol: the threshold comes from all folds but one, the accuracy from that one.

    ``fold`` (P,) says which fold a pair belongs to, as from ``read_pairs``; in LFW no person is in
    two folds. A number deals the pairs of each kind out in turn, whoever is in them. ValueError
    with fewer than two folds. Every fold sorts the others' scores: F folds take F P log P steps.
    """
    scores, same, _ = _checked(scores, same)
    if np.ndim(fold) == 0:
        fold = whole("fold", fold, 1)
        turn = np.empty(len(same), int)
        for kind in (same, ~same):
            turn[kind] = np.arange(kind.sum()) % fold
        fold = turn
    fold = _labels(fold, "fold")
    if len(fold) != len(same):
        raise ValueError(f"got {len(fold)} folds for {len(same)} pairs")
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
    (for two people: the product). ``labels`` (N,) are those of the images. Takes ``resamples``
    times what ``measure`` takes.
    """
    resamples = whole("resamples", resamples, 1)
    level = between("level", level, 0, 1, "()")
    scores, labels = _scores(scores), _labels(labels)
    pairs = _pairs(pairs, len(labels))
    pairs = pairs._replace(same=_truth(pairs.same))
    if len(scores) != len(pairs.same):
        raise ValueError(f"got {len(scores)} scores for {len(pairs.same)} pairs")
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
    if isinstance(curves, ROC) or np.ndim(rates) != 1:
        raise ValueError("tar_at takes several curves and several rates, each as a list")
    return np.array([[curve.tar_at(far)[0] for far in rates] for curve in curves])
