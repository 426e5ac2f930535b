"""Measures of runs in which something is missing: what is there counts, and nothing else."""

import dataclasses
import warnings

import numpy as np
import pytest

import facetoy
from facetoy import metrics, plots

RNG = np.random.default_rng(0)


def turned(degrees: list[float]) -> np.ndarray:
    """Directions on the circle, of any length."""
    t = np.deg2rad(degrees)
    return np.stack([np.cos(t), np.sin(t)], 1) * RNG.uniform(1, 3, (len(t), 1))


def run(labels: list[int], classes: int = 4) -> facetoy.Run:
    """Two images of each label at ±5° around 20° for each class; weights 3° beside the middle."""
    labels = np.array(labels, int)
    features = turned(20 * labels + np.where(np.arange(len(labels)) % 2, 5, -5))
    return facetoy.Run(
        features=features[None], weight=turned(20 * np.arange(classes) + 3)[None],
        predicted=labels[None] % classes, labels=labels,
        images=np.zeros((len(labels), 1, 2, 2), np.float32),
        class_names=tuple(map(str, range(8))), steps=np.array([0]), history={},
        config={"num_classes": classes, "loss": "own"}, device="cpu",
    )  # fmt: skip


NAN = np.nan
GAPS = [  # labels; accuracy, and in degrees: to the weight, to the mean, between, weight to mean
    ([0, 0, 1, 1, 2, 2, 3, 3], 1, 5, 5, 20, 3),
    ([0, 0, 1, 1, 2, 2], 1, 5, 5, 20, 3),
    ([0, 0, 2, 2, 3, 3], 1, 5, 5, (40 + 20 + 20) / 3, 3),
    ([1, 1, 3, 3], 1, 5, 5, 40, 3),
    ([3, 3], 1, 5, 5, NAN, 3),
    ([0, 0, 3, 3, 6, 6], 1, 5, 5, 60, 3),
    ([5, 5, 7, 7], NAN, NAN, NAN, NAN, NAN),
    ([], NAN, NAN, NAN, NAN, NAN),
]


@pytest.mark.parametrize(("labels", "accuracy", "intra", "intra_mean", "inter", "beside"), GAPS)
def test_classes_without_test_images(labels, accuracy, intra, intra_mean, inter, beside):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        got = metrics.measure(run(labels))
        bare = metrics.measure(dataclasses.replace(run(labels), weight=None))
    assert got.accuracy == pytest.approx(accuracy, nan_ok=True)
    want = [intra, intra_mean, inter, 20, beside]
    np.testing.assert_allclose(np.rad2deg(got[1:]), want, atol=1e-9)
    np.testing.assert_allclose(np.rad2deg(bare[1:]), [NAN, intra_mean, inter, NAN, NAN], atol=1e-9)


def test_the_case_itself():
    d = facetoy.load("digits")
    keep = d.test_labels != 3
    t = dataclasses.replace(d, test_images=d.test_images[keep], test_labels=d.test_labels[keep])
    found = facetoy.fit("softmax", t, epochs=3, progress=False, device="cpu")
    means = metrics.class_means(found.features[-1], found.labels)[[0, 1, 2, *range(4, 10)]]
    assert metrics.measure(found).inter == pytest.approx(metrics.nearest(means).mean())
    assert np.isfinite(metrics.measure(found)).all()
    assert "–" not in facetoy.table({"softmax": [found]})


@pytest.mark.parametrize(
    ("degrees", "want"),
    [([0, 20, 50], [20, 20, 30]), ([0, NAN, 50], [50, NAN, 50]), ([NAN, NAN, 9], [NAN] * 3),
     ([0], [NAN]), ([], [])],
)  # fmt: skip
def test_the_nearest_of_few(degrees, want):
    got = np.rad2deg(metrics.nearest(turned(degrees)))
    np.testing.assert_allclose(got, want, atol=1e-9)


def test_a_single_class_has_no_other():
    got = metrics.measure(run([0, 0], classes=1))
    assert np.isnan([got.inter, got.inter_weight]).all()
    assert np.rad2deg(got.weight_mean) == pytest.approx(3)


@pytest.mark.parametrize(("labels", "others"), [([0, 0, 2, 2], 4), ([3, 3], 0), ([5, 5], 0)])
def test_the_histogram_of_angles_knows_the_gap(labels, others):
    figure = plots.angle_histogram({"run": run(labels)}, alt="Bars.")
    own, other = figure.data
    assert sum(own.y) == sum(label < 4 for label in labels)
    assert sum(other.y) == others
    seen = other.x[np.flatnonzero(other.y)]
    assert ((seen > 33) & (seen < 48)).all()  # two images at 35°, two at 45°
