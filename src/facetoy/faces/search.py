"""1:N: who is this among many? A gallery of features with names, searched by FAISS.

FAISS is imported where an index is made: it is needed for search only.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from facetoy.checks import whole
from facetoy.files import read_npz, write_npz
from facetoy.metrics import unit

if TYPE_CHECKING:
    import faiss

EXACT_UP_TO = 50_000  # templates; above, inverted lists


class Match(NamedTuple):
    """One answer of a search."""

    name: str | None  #: who it is; None is nobody in the gallery
    score: float  #: cosine to that template


def choose_kind(count: int) -> str:
    """The kind of index for so many templates: "flat" or "ivf".

    Never "hnsw": its build takes ten times as long or more, and a gallery is built anew after
    each change.
    """
    return "flat" if count <= EXACT_UP_TO else "ivf"


def make_index(templates: np.ndarray, kind: str) -> faiss.Index:
    """A FAISS index over unit templates (N, d), by inner product.

    "flat" compares with every template. "ivf" deals them out to √N lists, by k-means on a sample,
    and looks into 2.5 √lists of them: measured with drawn templates of 32 inner dimensions, up to a
    million, it finds the nearest for 95 to 99 % of noisy queries. "hnsw" walks a graph of
    neighbours (32 links each), fast to search and slow to build. ValueError for another kind.
    """
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
    elif kind == "ivf":
        lists = max(1, min(round(len(templates) ** 0.5), len(templates) // 39))
        index = faiss.index_factory(d, f"IVF{lists},Flat", faiss.METRIC_INNER_PRODUCT)
        # a sample and few rounds: more take ten times as long and find no more
        index.cp.seed, index.cp.niter, index.cp.max_points_per_centroid = 0, 5, 64
        index.cp.min_points_per_centroid = 1
        index.train(templates)
        index.nprobe = min(lists, round(2.5 * lists**0.5))
    else:
        raise ValueError(f"kind must be 'flat', 'hnsw' or 'ivf', got {kind!r}")
    index.add(templates)
    return index


class Gallery:
    """Templates (unit features) with names; several templates may have one name.

    Args:
        dim: d, the length of a feature.
        kind: "auto" (exact for up to 50,000 templates, then inverted lists, see
            ``gallery.kind``), "flat", "hnsw" or "ivf".

    The index is built at the first search after a change.
    """

    def __init__(self, dim: int, kind: str = "auto") -> None:
        if kind not in ("auto", "flat", "hnsw", "ivf"):
            raise ValueError(f"kind must be 'auto', 'flat', 'hnsw' or 'ivf', got {kind!r}")
        self.dim, self.wanted = whole("dim", dim, 1), kind
        self.templates = np.empty((0, dim), np.float32)
        self.names: list[str] = []
        self._index: faiss.Index | None = None

    @property
    def kind(self) -> str:
        """The kind of index that a search uses now."""
        return choose_kind(len(self)) if self.wanted == "auto" else self.wanted

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        exact = "exact" if self.kind == "flat" else "approximate"
        people = len(set(self.names))
        return f"Gallery: {len(self)} templates of {people} people, {self.kind} index ({exact})"

    def _checked(self, features: np.ndarray) -> np.ndarray:
        """Unit float32 rows of ``features``; ValueError for what cannot be compared."""
        features = np.asarray(features)
        if features.ndim != 2 or features.shape[1] != self.dim:
            raise ValueError(f"features must have shape (N, {self.dim}), got {features.shape}")
        if not np.isfinite(features).all():
            raise ValueError("features must be finite")
        u = unit(features).astype(np.float32)
        if len(u) and not (np.linalg.norm(u, axis=1) > 0.5).all():
            raise ValueError("a feature of length 0 has no direction to compare")
        return u

    def enrol(self, names: Sequence[str], features: np.ndarray) -> None:
        """Add a template for each name; features (N, d). All of them or, on an error, none."""
        if isinstance(names, str):
            raise ValueError(f"names must be a list, one for each feature, got {names!r}")
        names = [str(n) for n in names]
        u = self._checked(features)
        if len(names) != len(u):
            raise ValueError(f"got {len(names)} names for {len(u)} features")
        self.templates = np.concatenate([self.templates, u])
        self.names = [*self.names, *names]
        self._index = None

    def remove(self, name: str) -> int:
        """Forget a person; returns how many templates went. KeyError for an unknown name."""
        name = str(name)
        keep = np.array([n != name for n in self.names], bool)
        if keep.all():
            raise KeyError(f"nobody is enrolled as {name!r}")
        self.templates = self.templates[keep]
        self.names = [n for n in self.names if n != name]
        self._index = None
        return int((~keep).sum())

    def neighbours(self, features: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Cosines and indices of the ``k`` nearest templates of each feature, (N, k) each."""
        u = self._checked(features)
        if not len(self):
            raise ValueError("the gallery is empty: enrol somebody first")
        if self._index is None:
            self._index = make_index(self.templates, self.kind)
        return self._index.search(u, int(min(k, len(self))))

    def search(
        self, features: np.ndarray, k: int = 1, threshold: float | None = None
    ) -> list[list[Match]]:
        """For each feature (N, d) up to ``k`` different people, the most alike first.

        Where nobody reaches the ``threshold`` (a cosine) the answer is one ``Match(None, score)``,
        with the score of the nearest: unknown.
        """
        k = whole("k", k, 1)
        if threshold is not None and not -1 <= threshold <= 1:
            raise ValueError(f"threshold must be a cosine in [-1, 1], got {threshold}")
        most = max(Counter(self.names).values(), default=1)
        scores, found = self.neighbours(features, k * most)
        answers = []
        for row, index in zip(scores, found, strict=True):
            best: dict[str, float] = {}
            for score, i in zip(row, index, strict=True):
                if i >= 0:  # FAISS fills up with -1
                    best.setdefault(self.names[i], float(score))
            ranked = [Match(name, score) for name, score in best.items()][:k]
            kept = [m for m in ranked if threshold is None or m.score >= threshold]
            answers.append(kept or [Match(None, ranked[0].score if ranked else -1.0)])
        return answers

    def save(self, path: str | os.PathLike) -> Path:
        """Write the gallery to ``path`` (npz), atomically: the old file or the new one, whole."""
        about = {"format": "facetoy gallery", "dim": self.dim, "kind": self.wanted}
        names = np.array(self.names, dtype=np.str_)
        arrays = {"templates": self.templates, "names": names, "about": np.array(json.dumps(about))}
        return write_npz(path, arrays)


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
