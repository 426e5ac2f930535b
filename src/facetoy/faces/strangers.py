"""One small test for all losses: does a network trained on drawn people tell others apart?"""

from collections.abc import Iterable
from threading import Lock
from typing import Any

import numpy as np
from torch import nn

from facetoy.data import load, open_split
from facetoy.faces.verification import cosine, draw_pairs, roc
from facetoy.training import sweep

# With 400 strangers the error rate of one network is sure to half a point (standard error).
PEOPLE, STRANGERS, PHOTOS = 300, 400, 12
PAIRS = 20_000  # of each kind
_training = Lock()  # one sweep has all the cores
BUDGET = {"dim": 64, "epochs": 10, "snapshots": 2}


def stranger_test(
    loss: str | type[nn.Module], *, seed: Iterable[int] = range(5), **args: Any
) -> np.ndarray:
    """(seeds,) equal error rate in percent, on pairs of people who were not in training.

    For each seed ``loss`` trains the same network for the same 10 epochs on the same 300 drawn
    people, 12 photos of 16 x 16 pixels each (a fifth of them kept back); the pairs are photos of
    400 others. 50 is guessing. ``args`` go to ``facetoy.fit``, such as the loss's own settings.
    Threads that call this wait for each other.
    """
    if not isinstance(seed, Iterable):
        raise ValueError(f"seed must be a list of seeds, got {seed!r}")
    faces = load("toyfaces", identities=PEOPLE + STRANGERS, images=PHOTOS, size=16)
    split = open_split(faces, PEOPLE, strangers=STRANGERS)
    new = split.test_labels >= PEOPLE
    pairs = draw_pairs(split.test_labels[new], PAIRS)
    with _training:
        runs = sweep(loss, split, seed=list(seed), **{**BUDGET, **args})
    return np.array([100 * roc(cosine(r.features[-1][new], pairs), pairs.same).eer for r in runs])
