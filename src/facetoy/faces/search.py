"""1:N: who is this among many? A gallery of features with names, searched by FAISS.

FAISS is imported where an index is made: it is needed for search only.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence, Set
from numbers import Integral
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from facetoy.checks import finite, is_number, whole
from facetoy.files import read_npz, write_npz
from facetoy.metrics import unit

if TYPE_CHECKING:
    import faiss

EXACT_UP_TO = 50_000  # templates; above, inverted lists
FIRST = 64  # templates that a search asks for at first
ROUNDING = 1e-6  # what a cosine in float32 may be off


class Match(NamedTuple):
    """One answer of a search."""

    name: str | None  #: who it is; None is nobody in the gallery
    score: float  #: cosine to that template, in [-1, 1]


def choose_kind(count: int) -> str:
    """The kind of index for so many templates: "flat" or "ivf".

    Never "hnsw": its build takes many times as long, and a gallery is built anew after
    each change.
    """
    return "flat" if whole("count", count, 0) <= EXACT_UP_TO else "ivf"


def make_index(templates: np.ndarray, kind: str) -> faiss.Index:
    """A FAISS index over unit templates (N, d), by inner product.

    "flat" compares with every template. "ivf" deals them out to √N lists, by k-means on a sample,
    and looks into 2.5 √lists of them: measured with drawn templates of 32 inner dimensions, up to a
    million, it finds the nearest for 95 to 99 % of noisy queries. "hnsw" walks a graph of
    neighbours (32 links each), fast to search and slow to build. ValueError for another kind,
    and for templates that are not unit. Threads may search one index, as long as none adds to it.
    """
    if kind not in ("flat", "hnsw", "ivf"):
        raise ValueError(f"kind must be 'flat', 'hnsw' or 'ivf', got {kind!r}")
    templates = np.ascontiguousarray(finite("templates", templates, ("N", "d")), np.float32)
    if not templates.size:
        raise ValueError(f"an index needs templates, got {templates.shape}")
    # without a copy of a million templates, as `norm` makes one
    far = np.abs(np.sqrt(np.einsum("nd,nd->n", templates, templates)) - 1).max()
    if far > 1e-3:
        raise ValueError(f"templates must have length 1, one is {far:.3g} away from it")
    try:
        import faiss
    except ImportError as error:
        raise ImportError(
            "facetoy.faces.search needs the extra: pip install 'facetoy[search]'"
        ) from error
    d = templates.shape[1]
    if kind == "flat":
        index = faiss.IndexFlatIP(d)
    elif kind == "hnsw":
        index = faiss.IndexHNSWFlat(d, 32, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction, index.hnsw.efSearch = 80, 64
    else:
        lists = max(1, min(round(len(templates) ** 0.5), len(templates) // 39))
        index = faiss.index_factory(d, f"IVF{lists},Flat", faiss.METRIC_INNER_PRODUCT)
        # a sample and few rounds: more take ten times as long and find no more
        index.cp.seed, index.cp.niter, index.cp.max_points_per_centroid = 0, 5, 64
        index.cp.min_points_per_centroid = 1
        index.train(templates)
        index.nprobe = min(lists, round(2.5 * lists**0.5))
    index.add(templates)
    return index


def _name(value: str | int) -> str:
    """``value`` as a name; ValueError for None, NaN and whatever else nobody is called."""
    if isinstance(value, Integral) and not isinstance(value, bool):
        return str(int(value))
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise ValueError(
            f"a name must be a string that is not empty, or a whole number, got {value!r}"
        )
    return str(value)


def _names(values: Iterable[str | int]) -> list[str]:
    if isinstance(values, str | bytes | Set | Mapping) or not isinstance(values, Iterable):
        raise ValueError(f"names must be a list, one for each feature, got {values!r}")
    return [_name(value) for value in values]


class _Contents(NamedTuple):
    """What a gallery holds at one moment. It never changes, so that threads can read it."""

    templates: np.ndarray  # (N, d)
    names: tuple[str, ...]  # (N,)
    most: int  # templates of one person


class Gallery:
    """Templates (unit features) with names; several templates may have one name.

    Args:
        dim: d, the length of a feature.
        kind: "auto" (exact for up to 50,000 templates, then inverted lists, see
            ``gallery.kind``), "flat", "hnsw" or "ivf".

    The index is built at the first search after a change, from all templates: enrol many, then
    search many. To enrol or to remove takes time for these templates only.

    Safe with threads: each search answers from the gallery as it was at one moment.
    """

    def __init__(self, dim: int, kind: str = "auto") -> None:
        if kind not in ("auto", "flat", "hnsw", "ivf"):
            raise ValueError(f"kind must be 'auto', 'flat', 'hnsw' or 'ivf', got {kind!r}")
        self.dim, self.wanted = whole("dim", dim, 1), kind
        self._lock = RLock()  # whoever writes what follows, or reads two of it, holds it
        self._blocks: list[np.ndarray] = []  # the templates, as they were enrolled
        self._owners: list[str | None] = []  # whose each is; None: removed
        self._places: dict[str, list[int]] = {}  # where each person's are
        self._count = 0
        self._contents: _Contents | None = None  # what these come to, since the last change
        self._index: faiss.Index | None = None

    def __getstate__(self) -> tuple:
        now = self._settled()
        return self.dim, self.wanted, now.names, now.templates

    def __setstate__(self, state: tuple) -> None:
        dim, kind, names, templates = state
        self.__init__(dim, kind)
        self._add(names, templates)

    @property
    def kind(self) -> str:
        """The kind of index that a search uses now."""
        return choose_kind(len(self)) if self.wanted == "auto" else self.wanted

    @property
    def templates(self) -> np.ndarray:
        """The templates (N, d) as they are now, float32, in the order of enrolment; read-only."""
        return self._settled().templates

    @property
    def names(self) -> list[str]:
        """The name of each template as it is now, in a list of its own."""
        return list(self._settled().names)

    def __len__(self) -> int:
        return self._count

    def __repr__(self) -> str:
        with self._lock:
            count, people, kind = len(self), len(self._places), self.kind
        exact = "exact" if kind == "flat" else "approximate"
        return f"Gallery: {count} templates of {people} people, {kind} index ({exact})"

    def _settled(self) -> _Contents:
        """What the gallery holds now."""
        with self._lock:
            if self._contents is None:
                kept = [i for i, owner in enumerate(self._owners) if owner is not None]
                templates = np.concatenate([np.empty((0, self.dim), np.float32), *self._blocks])
                if len(kept) < len(templates):
                    templates = templates[kept]
                templates.flags.writeable = False
                names = [self._owners[i] for i in kept]
                self._blocks, self._owners, self._places = [templates], names, {}
                for i, name in enumerate(names):
                    self._places.setdefault(name, []).append(i)
                most = max(map(len, self._places.values()), default=1)
                self._contents = _Contents(templates, tuple(names), most)
            return self._contents

    def _ready(self) -> tuple[_Contents, faiss.Index]:
        """What the gallery holds now, and the index of just that."""
        with self._lock:
            now = self._settled()
            if not now.names:
                raise ValueError("the gallery is empty: enrol somebody first")
            if self._index is None:
                self._index = make_index(now.templates, self.kind)
            return now, self._index

    def _add(self, names: Sequence[str], templates: np.ndarray) -> None:
        with self._lock:
            for place, name in enumerate(names, len(self._owners)):
                self._places.setdefault(name, []).append(place)
            self._owners.extend(names)
            self._blocks.append(templates)
            self._count += len(names)
            self._contents = self._index = None

    def _checked(self, features: np.ndarray) -> np.ndarray:
        """Unit float32 rows of ``features``; ValueError for what cannot be compared."""
        features = finite("features", features, ("N", self.dim))
        u = unit(features).astype(np.float32)
        if len(u) and not (np.linalg.norm(u, axis=1) > 0.5).all():
            raise ValueError("a feature of length 0 has no direction to compare")
        return u

    def enrol(self, names: Iterable[str | int], features: np.ndarray) -> None:
        """Add a template for each name; features (N, d). All of them or, on an error, none.

        A name is a string or a whole number; ValueError for others, such as None, NaN and "", and
        for a feature of length 0 or with numbers that are not finite.
        """
        names, u = _names(names), self._checked(features)
        if len(names) != len(u):
            raise ValueError(f"got {len(names)} names for {len(u)} features")
        self._add(names, u)

    def remove(self, name: str | int) -> int:
        """Forget a person; returns how many templates went. KeyError for an unknown name."""
        name = _name(name)
        with self._lock:
            if name not in self._places:
                raise KeyError(f"nobody is enrolled as {name!r}")
            places = self._places.pop(name)
            for place in places:
                self._owners[place] = None
            self._count -= len(places)
            self._contents = self._index = None
        return len(places)

    def neighbours(self, features: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Cosines and indices of the ``k`` nearest templates of each feature, (N, k) each.

        Indices into ``templates`` as they were in this moment. Where an approximate index finds
        fewer, it fills up with index -1.
        """
        k, u = whole("k", k, 1), self._checked(features)
        return _nearest(*self._ready(), u, k)

    def search(
        self, features: np.ndarray, k: int = 1, threshold: float | None = None
    ) -> list[list[Match]]:
        """For each feature (N, d) up to ``k`` different people, the most alike first.

        Where nobody reaches the ``threshold`` (a cosine) the answer is one ``Match(None, score)``,
        with the score of the nearest: unknown. Cosines are float32, right to about 1e-6: what lies
        that near to 1 reaches a threshold of 1. ValueError if nobody is enrolled.
        """
        k = whole("k", k, 1)
        if threshold is not None:
            if not is_number(threshold) or not -1 <= threshold <= 1:
                raise ValueError(f"threshold must be a cosine in [-1, 1], got {threshold!r}")
            threshold = min(float(threshold), 1 - ROUNDING)
        u, (now, index) = self._checked(features), self._ready()
        answers = []
        for ranked in _ranked(now, index, u, k):
            kept = [m for m in ranked if threshold is None or m.score >= threshold]
            answers.append(kept or [Match(None, ranked[0].score if ranked else -1.0)])
        return answers

    def save(self, path: str | os.PathLike) -> Path:
        """Write the gallery to ``path`` (npz), atomically: the old file or the new one, whole."""
        now = self._settled()
        about = {"format": "facetoy gallery", "dim": self.dim, "kind": self.wanted}
        names = np.array(now.names, dtype=np.str_)
        arrays = {"templates": now.templates, "names": names, "about": np.array(json.dumps(about))}
        return write_npz(path, arrays)


def _nearest(
    now: _Contents, index: faiss.Index, u: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    scores, found = index.search(u, min(k, len(now.names)))
    return scores.clip(-1, 1), found  # rounding, and what FAISS fills up with, lie outside


def _ranked(now: _Contents, index: faiss.Index, u: np.ndarray, k: int) -> list[list[Match]]:
    """For each row of ``u`` its ``k`` most alike people, or all.

    Few templates are asked for at first, and more where some row has not met ``k`` people: one
    person may have very many.
    """
    enough, asked = min(k * now.most, len(now.names)), max(FIRST, 4 * k)
    while True:
        scores, found = _nearest(now, index, u, min(asked, enough))
        answers = [_people(now, *row, k) for row in zip(scores, found, strict=True)]
        if asked >= enough or all(len(answer) == k for answer in answers):
            return answers
        asked *= 4


def _people(now: _Contents, scores: np.ndarray, found: np.ndarray, k: int) -> list[Match]:
    """The first ``k`` different people among templates, the most alike first."""
    best: dict[str, float] = {}
    for score, i in zip(scores, found, strict=True):
        if i >= 0:  # FAISS fills up with -1
            best.setdefault(now.names[i], float(score))
        if len(best) == k:
            break
    return [Match(*found) for found in best.items()]


def load_gallery(path: str | os.PathLike) -> Gallery:
    """Read a gallery written by ``Gallery.save``.

    FileNotFoundError if there is none; ValueError if the file is damaged or no gallery.
    """

    def make(arrays: dict[str, np.ndarray]) -> Gallery:
        about = json.loads(str(arrays["about"]))
        gallery = Gallery(about["dim"], about["kind"])
        gallery.enrol(arrays["names"].tolist(), arrays["templates"])
        return gallery

    return read_npz(path, make, "facetoy gallery")
