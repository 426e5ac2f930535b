"""SphereView's state: what the script will draw, unpacked again and compared with the runs."""

import base64
import gzip
import io
import json
import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from IPython.core.formatters import DisplayFormatter
from PIL import Image

from facetoy import metrics
from facetoy.training.runs import Run, Sweep
from facetoy.views.shared.palette import COLORS
from facetoy.views.shared.sides import principal
from facetoy.views.shared.titles import title
from facetoy.views.sphere_view.packing import LEVELS, Packer
from facetoy.views.sphere_view.sphere_view import SphereView


def make_run(dim=3, steps=4, count=60, classes=5, known=None, weight=True, seed=0, **config) -> Run:
    """A made-up run with clusters that tighten; labels of `known` or more are strangers."""
    rng = np.random.default_rng(seed)
    known = known or classes
    labels = np.arange(count) % classes
    centres = rng.normal(size=(classes, dim))
    spread = np.linspace(1, 0.2, steps)[:, None, None]
    features = 7 * (centres[labels] + spread * rng.normal(size=(steps, count, dim)))
    return Run(
        features=features.astype(np.float32),
        weight=np.tile(centres[:known], (steps, 1, 1)).astype(np.float32) if weight else None,
        predicted=rng.integers(0, known, (steps, count)),
        labels=labels,
        images=rng.random((count, 1, 8, 8)).astype(np.float32),
        class_names=tuple(f"c{k}" for k in range(classes)),
        steps=np.arange(steps) * 10,
        history={},
        config={"loss": "arcface", "dim": dim, "num_classes": known, "s": 16.0, **config},
        device="cpu",
    )


def make_sweep(values=(0.0, 0.25, 0.5), **kwargs) -> Sweep:
    return Sweep([make_run(m=v, seed=k, **kwargs) for k, v in enumerate(values)], ["m"])


@pytest.fixture
def unpack(call) -> Callable[[SphereView], list[dict]]:
    """The sides of a view as the script unpacks them; arrays are flat lists."""

    def unpack(view: SphereView) -> list[dict]:
        return call("sphere_view/unpacking.js", "unpackSides", [[view._meta, list(view._data)]])[0]

    return unpack


def array(values: list, *shape: int) -> np.ndarray:
    return np.array(values).reshape(shape)


def test_features_weights_and_predictions_survive_the_packing(unpack):
    run = make_run(classes=6, known=4)
    (side,) = unpack(SphereView(run))
    (unpacked,) = side["runs"]
    longest = np.linalg.norm(run.features, axis=-1).max()
    assert unpacked["longest"] == pytest.approx(longest, rel=1e-3)
    features = array(unpacked["features"], 4, 60, 3) * longest
    assert np.abs(features - run.features).max() <= longest / LEVELS
    weight = array(unpacked["weight"], 4, 4, 3)
    assert np.degrees(metrics.angle(weight, run.weight)).max() < 0.02
    means = array(unpacked["means"], 4, 6, 3)
    assert np.degrees(
        metrics.angle(means[1], metrics.class_means(run.features[1], run.labels))
    ).max() < 0.02  # fmt: skip
    np.testing.assert_array_equal(side["labels"], run.labels)
    guess = (array(unpacked["predicted"], 4, 60) + run.labels) % 256
    np.testing.assert_array_equal(guess, run.predicted)
    assert (side["known"], side["classes"]) == (4, [f"c{k}" for k in range(6)])


def test_images_survive_at_four_bits_a_pixel(call, unpack):
    run = make_run(count=5)
    (side,) = unpack(SphereView(run))
    assert side["image_size"] == [8, 8]
    asked = [[side, index, pixel] for index in range(5) for pixel in range(64)]
    pixels = array(call("sphere_view/unpacking.js", "darkness", asked), 5, 8, 8)
    assert np.abs(pixels - run.images[:, 0]).max() <= 0.5 / 15 + 1e-6


def test_large_images_are_packed_smaller():
    images = np.zeros((400, 1, 64, 64), np.float32)
    images[:, :, :32] = 1
    packer = Packer()
    _, (height, width) = packer.images(images)
    assert len(packer.data) <= 64_000
    assert 8 <= height == width < 64
    top = np.frombuffer(packer.data, np.uint8)[: height * width // 4 - width]
    assert (top == 255).all()


def test_read_outs_are_those_of_metrics():
    sweep = make_sweep()
    (side,) = SphereView(sweep)._meta["sides"]
    assert (side["parameter"], side["values"]) == ("m", [0.0, 0.25, 0.5])
    assert side["bound"] == pytest.approx(math.degrees(metrics.bound(5, 3)), abs=1e-3)
    for run, packed in zip(sweep, side["runs"], strict=True):
        for step, row in enumerate(packed["measures"]):
            m = metrics.measure(run, step)
            want = [m.accuracy, math.degrees(m.intra), math.degrees(m.inter)]
            assert row == pytest.approx(want, abs=1e-3)


def test_without_weights_the_class_means_take_their_place():
    run = make_run(weight=False)
    (side,) = SphereView(run)._meta["sides"]
    assert side["runs"][0]["weight"] is None
    want = math.degrees(metrics.measure(run, -1).intra_mean)
    assert side["runs"][0]["measures"][-1][1] == pytest.approx(want, abs=1e-3)


def test_more_than_three_dimensions_go_through_pca_and_keep_their_own_angles(unpack):
    run = make_run(dim=8)
    (side,) = unpack(SphereView(run))
    (unpacked,) = side["runs"]
    basis, share = principal(metrics.unit(run.features[-1]))
    assert (side["dim"], side["shown"]) == (8, 3)
    assert side["share"] == pytest.approx(share, abs=1e-3)
    assert 0.3 < share < 1
    np.testing.assert_allclose(basis.T @ basis, np.eye(3), atol=1e-9)
    shown = array(unpacked["features"], 4, 60, 3)
    np.testing.assert_allclose(shown, metrics.unit(run.features) @ basis, atol=1e-4)
    length = array(unpacked["length"], 4, 60) * unpacked["longest"]
    np.testing.assert_allclose(length, np.linalg.norm(run.features, axis=-1), rtol=0.01)
    angles = array(unpacked["weight_angle"], 4, 60)[-1]
    want = np.degrees(metrics.to_weight(run.features[-1], run.labels, run.weight[-1]))
    np.testing.assert_allclose(angles, want, atol=0.51)
    angles = array(unpacked["mean_angle"], 4, 60)[-1]
    want = np.degrees(metrics.to_mean(run.features[-1], run.labels))
    np.testing.assert_allclose(angles, want, atol=0.51)


def test_pca_of_data_in_a_plane_keeps_everything():
    rng = np.random.default_rng(0)
    plane = rng.normal(size=(50, 2)) @ rng.normal(size=(2, 9))
    assert principal(plane)[1] == pytest.approx(1)


def test_two_sides_share_their_images():
    run = make_run()
    alone, both = SphereView(run), SphereView(run, run)
    first, second = both._meta["sides"]
    assert first["images"] == second["images"]
    assert first["runs"][0]["features"] != second["runs"][0]["features"]
    assert len(both._data) < 2 * len(alone._data) - 60 * 32 + 1


def test_the_state_is_json_and_settings_reach_it():
    view = SphereView(make_sweep(), step=1, unit=False, autoplay=True, alt="Clusters.")
    meta = json.loads(json.dumps(view._meta, allow_nan=False))
    assert (meta["step"], meta["unit"], meta["autoplay"]) == (1, False, True)
    assert view._alt == "Clusters."
    assert SphereView(make_run())._meta["step"] == 3


def test_a_class_without_test_images_is_no_nan():
    run = make_run()
    run = replace(run, labels=np.minimum(run.labels, 3))
    json.dumps(SphereView(run)._meta, allow_nan=False)


def test_description_names_loss_values_and_measures():
    sweep = make_sweep()
    m = metrics.measure(sweep.runs[-1])
    alt = SphereView(sweep)._alt
    for part in ("60 test images", "sphere", "ArcFace", "m from 0", f"{m.accuracy:.1%}"):
        assert part in alt
    assert "circle" in SphereView(make_run(dim=2))._alt


def test_title_has_the_settings_of_the_loss_only():
    run = make_run(m=0.5, lr=0.01, epochs=60, seed=3, batch_size=128, bias=False, interrupted=True)
    assert title(run) == "ArcFace · m = 0.5, s = 16"


@pytest.mark.parametrize("dim", [2, 3, 5])
@pytest.mark.parametrize("weight", [True, False])
def test_the_still_is_a_small_picture_with_the_colours_of_the_classes(dim, weight):
    view = SphereView(make_run(dim=dim, weight=weight, classes=6, known=4))
    picture = Image.open(io.BytesIO(view._still)).convert("RGB")
    assert len(view._still) < 40_000
    assert picture.width >= 400
    assert min(picture.getpixel((2, 2))) > 250
    pixels = np.asarray(picture).reshape(-1, 3).astype(int)
    wanted = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in COLORS[:4]])
    near = np.abs(pixels[:, None] - wanted).sum(-1) < 60
    assert (near.sum(0) > 10).sum() >= 2  # the others may be behind the sphere, and pale


@pytest.mark.parametrize("images", [False, True])
def test_digits_keep_their_colours_in_the_still(images):
    run = replace(make_run(classes=2, dim=2), class_names=("3", "8"))
    picture = Image.open(io.BytesIO(SphereView(run, images=images)._still)).convert("RGB")
    pixels = np.asarray(picture).reshape(-1, 3).astype(int)
    wanted = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in COLORS])
    found = (np.abs(pixels[:, None] - wanted).sum(-1) < 30).sum(0)
    assert set(np.argsort(found)[-2:]) == {3, 8}


def test_the_still_follows_step_and_length():
    run = make_run()
    stills = {SphereView(run, step=s, unit=u)._still for s in (0, -1) for u in (True, False)}
    assert len(stills) == 4


@pytest.mark.parametrize("dim", [2, 3])
def test_the_still_shows_the_images(dim):
    run = make_run(dim=dim)
    plain, full, blank = (
        np.asarray(Image.open(io.BytesIO(SphereView(shown, images=images)._still)).convert("RGB"))
        for shown, images in (
            (run, False),
            (replace(run, images=np.ones_like(run.images)), True),
            (replace(run, images=np.zeros_like(run.images)), True),
        )
    )
    coloured = [int((np.ptp(picture.astype(int), -1) > 60).sum()) for picture in (full, blank)]
    assert plain.shape == full.shape
    assert coloured[0] > 1.5 * coloured[1]


def test_viewers_without_widgets_get_the_still():
    view = SphereView(make_run())
    data, _ = view._repr_mimebundle_()
    assert base64.b64decode(data["image/png"]) == view._still
    assert data["text/plain"].startswith("SphereView: 60 test images")
    assert "application/vnd.jupyter.widget-view+json" in data


def test_a_notebook_gets_the_still_and_the_live_widget_at_once():
    """With ipywidgets 7 too, which has a way of its own to show a widget."""
    data, _ = DisplayFormatter().format(SphereView(make_run()))
    assert {"image/png", "application/vnd.jupyter.widget-view+json"} <= data.keys()


def test_the_script_stands_alone():
    esm = SphereView(make_run())._esm
    assert esm.count("export default") == 1
    for word in ("import ", "import(", "fetch(", "eval(", "http://", "https://"):
        assert word not in esm, word


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (
            lambda: SphereView([make_run()]),
            TypeError,
            "argument 1 must be a Run or a Sweep, got list",
        ),
        (lambda: SphereView(None), TypeError, "argument 1 must be"),
        (lambda: SphereView(), TypeError, "at least one Run or Sweep"),
        (
            lambda: SphereView(make_run(), 3),
            TypeError,
            "argument 2 must be a Run or a Sweep, got int",
        ),
        (lambda: SphereView(make_run(), step=4), ValueError, r"\[-4, 4\), got 4"),
        (lambda: SphereView(make_run(dim=1)), ValueError, "2 dimensions or more, got 1"),
        (lambda: SphereView(Sweep([make_run()], ["m", "s"])), ValueError, "spans m and s"),
        (
            lambda: SphereView(make_sweep(), Sweep([make_run()], ["s"])),
            ValueError,
            "same parameter, for one slider; got m and s",
        ),
        (lambda: SphereView(Sweep([], ["m"])), ValueError, "without any run"),
        (
            lambda: SphereView(Sweep([make_run(m=0), make_run(m=1, dim=2)], ["m"])),
            ValueError,
            "same shape",
        ),
    ],
)
def test_wrong_arguments_are_named(make, error, words):
    with pytest.raises(error, match=words):
        make()


def test_features_that_are_not_finite_are_refused():
    run = make_run()
    run.features[2, 3, 1] = np.nan
    with pytest.raises(ValueError, match="not finite: ArcFace"):
        SphereView(run)


def test_a_sweep_of_five_margins_is_small():
    """400 kB for 5 margins x 20 snapshots x 360 images; these clusters wander at random, which
    packs worse than any training does."""
    sweep = make_sweep((0, 0.1, 0.2, 0.3, 0.5), steps=20, count=360, classes=10)
    view = SphereView(sweep)
    text = json.dumps(view._meta) + "".join(
        base64.b64encode(part).decode() for part in (view._data, view._still)
    )
    code = view._esm + view._css
    assert len(gzip.compress((text + code).encode())) <= 400_000
