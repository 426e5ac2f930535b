"""ThresholdView: the scores of pairs, a threshold to drag, and the errors it makes as pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from facetoy.faces.verification import Pairs
from facetoy.views.shared.widget import Picture
from facetoy.views.threshold_view.packing import pack
from facetoy.views.threshold_view.still import draw_still


def check(scores: np.ndarray, pairs: Pairs, images: np.ndarray, names: Sequence | None) -> None:
    """ValueError that names what does not fit together."""
    if scores.ndim != 1 or any(np.shape(part) != scores.shape for part in pairs):
        shapes = ", ".join(str(np.shape(part)) for part in pairs)
        raise ValueError(f"scores and pairs must be (P,), got {scores.shape} and {shapes}")
    if not np.isfinite(scores).all():
        k = int(np.argmin(np.isfinite(scores)))
        raise ValueError(f"scores must be finite, got {scores[k]} at {k}")
    if not 0 < np.sum(pairs.same) < len(scores):
        raise ValueError(f"both kinds of pairs are needed, got {pairs!r}")
    if images.ndim != 4 or images.shape[1] != 1 or 0 in images.shape:
        raise ValueError(f"images must be (N, 1, H, W), got {images.shape}")
    index = np.concatenate([pairs.first, pairs.second])
    if index.min() < 0 or index.max() >= len(images):
        wrong = index.min() if index.min() < 0 else index.max()
        raise ValueError(f"pairs must point into {len(images)} images, got {wrong}")
    if names is not None and len(names) != len(images):
        raise ValueError(f"names must be one for each of {len(images)} images, got {len(names)}")


def describe(meta: dict[str, Any]) -> str:
    """What the threshold to begin with does, in words."""
    start, all_same, all_other = meta["start"], *meta["totals"].values()
    false, refused = meta["counts"]["other"][start], all_same - meta["counts"]["same"][start]
    return (
        f"At threshold {meta['labels'][start]}: "
        f"accepts {false:,} of {all_other:,} pairs of two people ({false / all_other:.2%}), "
        f"refuses {refused:,} of {all_same:,} pairs of one person ({refused / all_same:.2%})."
    )


class ThresholdView(Picture):
    """Histograms of the scores of pairs, a threshold to drag, and pairs that it gets wrong.

    Args:
        scores: (P,) of each pair, such as ``verification.cosine``; accepted from the threshold on.
        pairs: which images, and whether they show one person.
        images: (N, 1, H, W) in [0, 1], that ``pairs`` points into.
        names: (N,) who is in each image, to be shown with the errors.

    The threshold moves in round steps, whose counts are exact. Alive without a kernel. ValueError
    if scores, pairs, images and names do not fit together, or one kind of pairs is missing.
    """

    front_end = Path(__file__).with_suffix(".js")

    def __init__(
        self,
        scores: np.ndarray,
        pairs: Pairs,
        images: np.ndarray,
        *,
        names: Sequence[str] | None = None,
    ) -> None:
        scores, images = np.asarray(scores), np.asarray(images)
        first, second, same = map(np.asarray, pairs)
        pairs = Pairs(first, second, same.astype(bool))
        check(scores, pairs, images, names)
        meta, data = pack(scores, pairs, images, names)
        says = describe(meta)
        super().__init__(
            _meta=meta,
            _data=data,
            _still=draw_still(meta, says),
            _alt=f"Histograms of the scores of pairs of one person and of two people. {says}",
        )
