"""Playground, seen from Python: its settings, its data, its errors."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest

from facetoy import Playground, load
from facetoy.losses import LOSSES
from facetoy.views.playground.playground import offered, packed, shipped

PNG = b"\x89PNG"


@pytest.fixture(scope="module")
def two() -> Playground:
    return Playground(
        "normsoftmax", "arcface", dim=2, classes=[3, 1], stranger=7, s=8, m=0.3, seed=5
    )


def test_state_is_what_was_asked_for(two):
    state = two._meta["state"]
    assert state["sides"] == [
        {"loss": "normsoftmax", "args": {"s": 8}},
        {"loss": "arcface", "args": {"s": 8, "m": 0.3}},
    ]
    assert (state["dim"], state["classes"], state["stranger"], state["seed"]) == (2, [1, 3], 7, 5)
    assert two._meta["bounds"]["2"][10] == pytest.approx(np.pi / 5)
    assert two._still.startswith(PNG)
    assert "circle" in two._alt
    json.dumps(two._meta, allow_nan=False)


def test_every_loss_is_offered_with_its_arguments():
    assert list(offered()) == list(LOSSES)
    assert offered()["arcface"]["arguments"] == {"s": 16.0, "m": 0.5}
    assert offered()["triplet"]["arguments"] == {"margin": 0.2, "mining": "semihard"}


def test_sliders_cover_what_a_loss_begins_with():
    for loss in offered().values():
        for slider in loss["sliders"]:
            assert slider["values"] == sorted(slider["values"])
            begins = loss["arguments"][slider["name"]]
            assert slider["values"][0] <= begins <= slider["values"][-1]


def test_images_travel_whole():
    data = load("digits")
    there = packed(data, 16, centred=False)
    values = np.array([ord(letter) - ord("a") for letter in there["pixels"]]) / 16
    images = np.concatenate([data.train_images, data.test_images])
    np.testing.assert_array_equal(values.reshape(images.shape), images)
    assert list(map(int, there["labels"][: there["train"]])) == data.train_labels.tolist()
    assert len(there["labels"]) == 1797


def test_the_page_stays_light():
    """The digits at most 70 kB, the whole front end at most 250 kB, both gzipped."""
    digits = json.dumps(packed(load("digits"), 16, centred=False))
    assert len(gzip.compress(digits.encode())) <= 70_000
    assert len(gzip.compress(shipped().encode())) <= 250_000


@pytest.mark.parametrize(
    ("args", "error", "words"),
    [
        ({"loss": "hinge"}, ValueError, "loss must be one of 'softmax'.*got 'hinge'"),
        ({"versus": "hinge"}, ValueError, "versus must be one of"),
        ({"loss": "softmax", "m": 1}, TypeError, "softmax take no argument 'm'"),
        ({"loss": "triplet", "mining": "all"}, ValueError, "mining must be one of 'semihard'"),
        ({"dim": 4}, ValueError, "dim must be one of 2, 3, got 4"),
        ({"data": "mnist"}, ValueError, "data must be one of"),
        ({"classes": [3]}, ValueError, r"at least two, got \[3\]"),
        ({"classes": [3, 10]}, ValueError, "from 0 to 9, got 10"),
        ({"stranger": 3}, ValueError, "must not be in classes, got 3"),
        ({"data": "points", "classes": [0, 1], "stranger": 3}, ValueError, "no stranger"),
        ({"seed": -1}, ValueError, "seed must be an integer from 0"),
        ({"batch_size": 1}, ValueError, "batch_size must be"),
        ({"optimiser": "rmsprop"}, ValueError, "optimiser must be one of"),
        ({"lr": 0}, ValueError, "lr must"),
        ({"m": 1.6}, ValueError, r"m must lie in \[0.0, 1.5\], got 1.6"),
        ({"loss": "lsoftmax", "m": 2.5}, ValueError, "m must be a positive integer"),
    ],
)
def test_wrong_settings_are_named(args, error, words):
    with pytest.raises(error, match=words):
        Playground(**args)
