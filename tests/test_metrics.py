import dataclasses
import math

import numpy as np
import pytest

import facetoy
from facetoy import metrics


def test_angle_is_exact_where_acos_is_not():
    a = np.array([[1.0, 0.0], [1.0, 0.0], [3.0, 0.0], [1.0, 0.0]])
    b = np.array([[1.0, 1e-9], [0.0, 5.0], [-2.0, 0.0], [1.0, 0.0]])
    np.testing.assert_allclose(metrics.angle(a, b), [1e-9, math.pi / 2, math.pi, 0], rtol=1e-12)


def test_measures_of_a_known_configuration():
    """Two classes at ±10° around 0° and around 90°, weights at 5° and 90°."""
    deg = np.deg2rad(np.array([-10, 10, 80, 100, 45]))
    features = np.stack([np.cos(deg), np.sin(deg)], 1)[None] * 3.0
    w = np.deg2rad(np.array([5, 90]))
    run = facetoy.Run(
        features=features, weight=np.stack([np.cos(w), np.sin(w)], 1)[None],
        predicted=np.array([[0, 0, 1, 0, 1]]), labels=np.array([0, 0, 1, 1, 2]),
        images=np.zeros((5, 1, 2, 2), np.float32), class_names=("a", "b", "stranger"),
        steps=np.array([0]), history={}, config={"num_classes": 2}, device="cpu",
    )  # fmt: skip
    got = metrics.measure(run)
    assert got.accuracy == 0.75  # the stranger does not count
    want = [(15 + 5 + 10 + 10) / 4, 10, 90, 85, 2.5]
    np.testing.assert_allclose(np.rad2deg(got[1:]), want, atol=1e-9)
    assert np.isnan(metrics.to_weight(run.features[0], run.labels, run.weight[0])[4])
    bare = metrics.measure(dataclasses.replace(run, weight=None))
    assert np.isnan(bare.intra)
    assert np.isnan(bare.inter_weight)
    assert bare.intra_mean == got.intra_mean


@pytest.mark.parametrize(
    ("C", "d", "degrees"),
    [(2, 2, 180), (3, 2, 120), (10, 2, 36), (4, 3, 109.4712), (6, 3, 90), (10, 3, 66.1468),
     (10, 9, 96.3794), (10, 128, 96.3794)],
)  # fmt: skip
def test_bound(C, d, degrees):
    assert np.rad2deg(metrics.bound(C, d)) == pytest.approx(degrees, abs=1e-3)


def test_bound_is_none_where_unknown():
    assert metrics.bound(40, 3) is None
    assert metrics.bound(10, 5) is None
    with pytest.raises(ValueError, match="at least 2 classes"):
        metrics.bound(1, 3)


@pytest.mark.parametrize("C", sorted(metrics.TAMMES))
def test_tammes_table_is_reached_but_not_passed(C):
    """Points that push each other apart come close to the bound and never beyond it."""
    rng, best = np.random.default_rng(0), 0.0
    for _ in range(12):
        p = metrics.unit(rng.normal(size=(C, 3)))
        for power in np.geomspace(2, 200, 400):
            gap = p[:, None] - p[None]
            r = np.linalg.norm(gap, axis=-1) + np.eye(C) * 9
            force = (gap * ((r.min() / r) ** (power + 2))[..., None]).sum(1)
            p = metrics.unit(p + 0.3 / power**0.5 * force)
        best = max(best, metrics.nearest(p).min())
    # five points can leave one angle free: 90° is reached from below only slowly
    assert math.radians(metrics.TAMMES[C] * 0.97) < best <= math.radians(metrics.TAMMES[C] + 1e-3)
