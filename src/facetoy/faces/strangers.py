"""One small test for all losses: does a network trained on drawn people tell others apart?"""

import os
from collections.abc import Iterable
from dataclasses import replace
from threading import Lock
from typing import Any

import numpy as np
from torch import nn

from facetoy.data import load, open_split
from facetoy.faces.verification import cosine, draw_pairs, roc
from facetoy.training import embed, sweep
from facetoy.training.surroundings import one_thread

# With 400 strangers the error rate of one network is sure to half a point (standard error).
PEOPLE, STRANGERS, PHOTOS = 300, 400, 12
PAIRS = 20_000  # of each kind
_training = Lock()  # one sweep has all the cores
BUDGET = {"dim": 64, "epochs": 10, "snapshots": 2}


def stranger_test(
    loss: str | type[nn.Module],
    *,
    seed: Iterable[int] = range(5),
    cache: str | os.PathLike | None = None,
    **args: Any,
) -> np.ndarray:
    """(seeds,) equal error rate in percent, on pairs of people who were not in training.

    For each seed ``loss`` trains the same network, with features of 64 dimensions, for the same 10
    epochs on the same 300 drawn people, 12 photos of 16 x 16 pixels each (a fifth of them kept
    back); the pairs are photos of 400 others. 50 is guessing. ``args`` go to ``facetoy.fit``, such
    as the loss's own settings, or other ``epochs``. Threads that call this wait for each other.

    ``cache`` is ``facetoy.fit``'s: a folder of runs, 0.3 MB each. None is the folder that the
    environment names in ``FACETOY_CACHE``, and no cache where that is not set. So chapters that
    run on one machine can share the runs of this test.
    """
    if not isinstance(seed, Iterable):
        raise ValueError(f"seed must be a list of seeds, got {seed!r}")
    faces = load("toyfaces", identities=PEOPLE + STRANGERS, images=PHOTOS, size=16)
    split = open_split(faces, PEOPLE, strangers=STRANGERS)
    images, labels = split.test_images, split.test_labels
    new = labels >= PEOPLE
    pairs = draw_pairs(labels[new], PAIRS)
    one = np.flatnonzero(~new)[:1]  # the strangers are looked at afterwards, not at each snapshot
    known = replace(split, test_images=images[one], test_labels=labels[one])
    cache = cache or os.environ.get("FACETOY_CACHE") or None
    with _training:
        runs = sweep(loss, known, seed=list(seed), cache=cache, **{**BUDGET, **args})
    with one_thread():
        features = [embed(run, images[new], args.get("model")) for run in runs]
    return np.array([100 * roc(cosine(f, pairs), pairs.same).eer for f in features])
