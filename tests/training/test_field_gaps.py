"""Classes without images, in training: batches and predictions do without them."""

import dataclasses
import time

import numpy as np
import pytest
import torch

import facetoy
from facetoy import PKSampler

QUICK = {"progress": False, "device": "cpu"}
LABELS = np.repeat([0, 2, 3, 7], [1, 4, 2, 9])


def people(hole: tuple[int, ...], count: int = 40) -> facetoy.Data:
    """Eight noisy photos of each person, of those in the ``hole`` none."""
    rng = np.random.default_rng(0)
    face, y = rng.random((count + 1, 1, 8, 8)), np.repeat(np.arange(count), 8)
    y = y[~np.isin(y, hole)]
    noise = 0.05 * rng.standard_normal((len(y), 1, 8, 8))
    x = np.clip(face[y] + noise, 0, 1).astype("float32")
    return facetoy.Data("own", x, y, x, y, tuple(map(str, range(count))))


@pytest.mark.parametrize("hole", [(), (5,), (0, 1, 2), tuple(range(1, 40, 3)), (39,)])
def test_a_class_without_images_is_never_predicted(hole):
    data = people(hole)
    run = facetoy.fit("triplet", data, epochs=10, snapshots=2, **QUICK)
    assert not set(hole) & set(run.predicted.ravel().tolist())
    assert run.history["test_accuracy"][-1] > 0.7
    assert facetoy.metrics.measure(run).accuracy == pytest.approx(
        run.history["test_accuracy"][-1], abs=1e-6
    )


@pytest.mark.parametrize("loss", ["softmax", "center", "arcface", "lsoftmax"])
def test_a_class_without_images_does_no_harm(loss):
    run = facetoy.fit(loss, people((5,)), dim=16, epochs=40, snapshots=2, **QUICK)
    assert run.history["test_accuracy"][-1] > 0.5
    assert np.isfinite(facetoy.metrics.measure(run)).all()
    assert run.weight.shape[1] == 40


@pytest.mark.parametrize("args", [{}, {"per_class": 4}, {"batch_size": 512}, {"per_class": 2}])
@pytest.mark.parametrize("loss", ["triplet", "softmax"])
def test_batches_are_of_the_classes_that_are_there(loss, args):
    data = people((1, 3, 4), count=10)
    facetoy.fit(loss, data, epochs=1, snapshots=2, **args, **QUICK)


def test_the_nearest_mean_is_found_far_from_the_origin():
    """Features near 10,000, where a difference of squares has no digits left."""

    class Away(torch.nn.Module):
        def __init__(self, far):
            super().__init__()
            self.far, self.spare = far, torch.nn.Parameter(torch.zeros(()))

        def forward(self, x):
            return x.flatten(1) + self.far + 0 * self.spare

    here, away = (
        facetoy.fit(
            "triplet", people((5,)), model=Away(far), dim=64, epochs=1, snapshots=2,
            normalize=False, **QUICK,
        )
        for far in (0, 1e4)
    )  # fmt: skip
    assert (here.predicted == here.labels).all()
    assert (away.predicted == away.labels).all()


@pytest.mark.parametrize(
    ("labels", "classes", "per_class", "says"),
    [
        (LABELS[:, None], 2, 2, r"labels must have shape \(N,\), got \(16, 1\)"),
        (LABELS[None], 2, 2, r"labels must have shape \(N,\), got \(1, 16\)"),
        (torch.tensor(LABELS)[:, None], 2, 2, r"labels must have shape \(N,\), got \(16, 1\)"),
        (np.eye(4)[LABELS % 4], 2, 2, r"labels must have shape \(N,\), got \(16, 4\)"),
        (3, 2, 2, r"labels must have shape \(N,\), got \(\)"),
        (None, 2, 2, r"labels must have shape \(N,\), got NoneType"),
        ([], 2, 2, "labels must have at least one entry, got none"),
        (LABELS.astype(float), 2, 2, "labels must be integers, got float64"),
        (torch.tensor(LABELS).float(), 2, 2, "labels must be integers, got float32"),
        (LABELS > 1, 2, 2, "labels must be integers, got bool"),
        (["a", "b"], 2, 2, "labels must be integers, got <U1"),
        (LABELS - 1, 2, 2, "labels must be at least 0, got -1"),
        (LABELS, 5, 2, "classes must be an integer from 1 to 4, got 5"),
        (LABELS, 0, 2, "classes must be an integer from 1 to 4, got 0"),
        (LABELS, 2.0, 2, r"classes must be an integer from 1 to 4, got 2\.0"),
        (LABELS, True, 2, "classes must be an integer from 1 to 4, got True"),
        (LABELS, None, 2, "classes must be an integer from 1 to 4, got None"),
        (LABELS, 2, 1, "per_class must be an integer of at least 2, got 1"),
        (LABELS, 2, 2.5, r"per_class must be an integer of at least 2, got 2\.5"),
        (LABELS, 2, "3", "per_class must be an integer of at least 2, got '3'"),
    ],
)
def test_batches_that_cannot_be(labels, classes, per_class, says):
    with pytest.raises(ValueError, match=says):
        PKSampler(labels, classes, per_class)


@pytest.mark.parametrize(
    "labels",
    [
        LABELS.tolist(), torch.tensor(LABELS), LABELS.astype(np.uint8), LABELS.astype(">i4"),
        LABELS.astype(np.uint16), torch.tensor(LABELS).int(), np.array(LABELS[::-1])[::-1],
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [int, np.int64, np.uint8, torch.tensor, np.array])
def test_batches_of_any_integers(labels, size):
    def drawn(labels, P, K):
        return list(PKSampler(labels, P, K, torch.Generator().manual_seed(0)))

    batches = drawn(labels, size(3), size(4))
    assert batches == drawn(LABELS, 3, 4)
    for batch in batches:
        classes, counts = np.unique(LABELS[batch], return_counts=True)
        assert len(classes) == 3
        assert (counts == 4).all()


def test_many_classes_are_sorted_not_searched():
    """As many classes as images: to compare each class with all labels takes minutes."""
    labels = np.random.default_rng(0).permutation(300_000)
    began = time.process_time()
    batches = PKSampler(labels, 100, 2)
    assert time.process_time() - began < 10
    assert [int(m) for m in batches.members[:9]] == np.argsort(labels)[:9].tolist()


def test_a_hole_at_the_end_makes_the_class_a_stranger():
    data = dataclasses.replace(people((39,)), test_labels=np.full(39 * 8, 39))
    assert data.num_classes == 39
    run = facetoy.fit("triplet", data, epochs=1, snapshots=2, **QUICK)
    assert np.isnan(run.history["test_accuracy"]).all()
    assert np.isnan(facetoy.metrics.measure(run)).all()
