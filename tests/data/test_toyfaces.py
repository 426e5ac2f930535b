"""Drawn faces: the same everywhere, told apart by shape, and too varied for raw pixels."""

import hashlib

import numpy as np
import pytest

import facetoy
from facetoy.data import toyfaces
from facetoy.data.toyfaces import CONDITION, IDENTITY, draw, genes
from facetoy.faces import verification


def faces(people, photos, seed=0, size=32):
    identity = np.repeat(genes(people, IDENTITY, (seed, 1)), photos, axis=0)
    condition = genes(people * photos, CONDITION, (seed, 2))
    return draw(identity, condition, size), np.repeat(np.arange(people), photos)


def test_same_seed_same_bytes_on_every_machine():
    images, _ = faces(20, 10)
    assert images.shape == (200, 1, 32, 32)
    assert images.dtype == np.float32
    assert images.min() >= 0
    assert images.max() <= 1
    grey = np.rint(images * 255).astype(np.uint8)
    assert np.array_equal(grey.astype(np.float32) / np.float32(255), images)
    assert hashlib.sha256(grey.tobytes()).hexdigest() == (
        "f21df4d3322f818247b9ae845df35987171e6b36fe90dc213a3b3ef813459c70"
    )
    assert not np.array_equal(faces(20, 10, seed=1)[0], images)


def test_chunks_leave_no_trace(monkeypatch):
    images, _ = faces(7, 10)
    monkeypatch.setattr(toyfaces, "CHUNK", 13)
    assert np.array_equal(faces(7, 10)[0], images)


def test_every_gene_of_a_person_shows_in_some_photo():
    rng = np.random.default_rng(0)
    identity, condition = rng.random((2, 40, 1)), rng.random((40, len(CONDITION)))
    condition[:, list(CONDITION).index("hat")] = np.arange(40) % 2
    for kind, k in [*(("identity", k) for k in range(len(IDENTITY))),
                    *(("condition", k) for k in range(len(CONDITION)))]:  # fmt: skip
        base = {
            "identity": np.repeat(identity[0], len(IDENTITY), 1).astype(np.float32),
            "condition": condition.astype(np.float32),
        }
        low, high = ({**base, kind: base[kind].copy()} for _ in range(2))
        low[kind][:, k], high[kind][:, k] = 0, 1
        changed = np.abs(draw(**low) - draw(**high)).max(axis=(1, 2, 3))
        assert changed.max() > 0.05, (kind, k)


def test_people_differ_by_more_than_tone():
    """With equal tones, and under one condition, two people still differ clearly."""
    identity = genes(50, IDENTITY, (5, 1))
    for name in IDENTITY:
        if "tone" in name:
            identity[:, list(IDENTITY).index(name)] = 0.5
    plain = np.full((50, len(CONDITION)), 0.5, np.float32)
    for name in ("glasses", "hat", "noise", "blur"):
        plain[:, list(CONDITION).index(name)] = 0
    images = draw(identity, plain)[:, 0].reshape(50, -1)
    far = np.linalg.norm(images[:, None] - images, axis=-1) / np.sqrt(images.shape[1])
    np.fill_diagonal(far, np.inf)
    assert far.min() > 0.04


def test_raw_pixels_fail():
    images, labels = faces(300, 10, seed=3)
    pairs = verification.draw_pairs(labels, 5000)
    flat = images.reshape(len(images), -1)
    centred = flat - flat.mean(1, keepdims=True)
    for x in (flat, centred / centred.std(1, keepdims=True)):
        scores = verification.negative_distance(x, pairs)
        assert verification.fold_accuracy(scores, pairs.same).mean < 0.75


def test_a_network_passes_95_percent_on_people_it_has_not_seen():
    data = facetoy.load("toyfaces", identities=1200, images=15, seed=3)
    split = facetoy.open_split(data, 1000)
    run = facetoy.fit("arcface", split, dim=64, epochs=8, lr=0.01, s=16, m=0.5, snapshots=2)
    new = run.labels >= 1000
    pairs = verification.draw_pairs(run.labels[new], 10_000)
    scores = verification.cosine(run.features[-1][new], pairs)
    assert verification.fold_accuracy(scores, pairs.same).mean > 0.95


def test_load_and_wrong_options():
    data = facetoy.load("toyfaces", identities=30, images=10, size=24, seed=4)
    assert data.train_images.shape == (240, 1, 24, 24)
    assert data.num_classes == 30
    assert (np.bincount(data.test_labels) == 2).all()
    again = facetoy.load("toyfaces", identities=30, images=10, size=24, seed=4)
    assert np.array_equal(again.test_images, data.test_images)
    for options, says in (
        ({"identities": 1}, "identities must be an integer of at least 2, got 1"),
        ({"images": 2.5}, "images must be an integer of at least 5, got 2.5"),
        ({"size": 4}, "size must be an integer of at least 8, got 4"),
        ({"people": 3}, "no option 'people'; it takes identities, images, size"),
    ):
        with pytest.raises(ValueError, match=says):
            facetoy.load("toyfaces", **options)


@pytest.mark.parametrize(
    ("identity", "condition", "says"),
    [
        (np.zeros((2, 3)), np.zeros((2, len(CONDITION))), "identity must have shape"),
        (np.zeros((2, len(IDENTITY))), np.zeros(3), "condition must have shape"),
        (np.zeros((2, len(IDENTITY))), np.zeros((3, len(CONDITION))), "same length, got 2 and 3"),
    ],
)
def test_wrong_rows_are_named(identity, condition, says):
    with pytest.raises(ValueError, match=says):
        draw(identity, condition)
