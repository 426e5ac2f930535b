"""ScalingView's state: what the script needs, a still, words, and clear errors."""

import io

import pytest
from PIL import Image

from facetoy.large.costs import H100, Layer, Machine, cost
from facetoy.large.measuring import Measured
from facetoy.views.scaling_view.scaling_view import ScalingView
from facetoy.views.scaling_view.words import BYTES, SECONDS, human

SMALL = Machine("small", flops=1e10, memory=1e9, network=1e8, fixed=1e-3, capacity=2e9)


def test_it_begins_where_it_is_told_to() -> None:
    meta = ScalingView(
        [SMALL, H100], batch=256, classes=310_000, dim=128, ranks=4, rate=0.333
    )._meta
    assert meta["layer"] == {"classes": 300_000, "dim": 128, "ranks": 4, "rate": 0.33, "batch": 256}
    assert [machine["name"] for machine in meta["machines"]] == ["small", "H100"]
    assert meta["charts"] == []
    assert meta["ranks"][-1] == 256  # a rank needs an image
    assert len(meta["classes"]) == len(set(meta["classes"])) == 41
    assert (meta["classes"][0], meta["classes"][-1]) == (10_000, 100_000_000)
    assert list(meta["colors"]["memory"]) == list(cost(Layer(10_000), H100).memory)
    assert list(meta["colors"]["seconds"]) == list(cost(Layer(10_000), H100).seconds)
    assert list(meta["colors"]["sent"]) == list(cost(Layer(10_000), H100).sent)


def test_the_picture_has_a_still_and_says_what_it_shows() -> None:
    view = ScalingView([SMALL], classes=1_000_000, ranks=1)
    now = cost(Layer(1_000_000, batch=1024), SMALL)
    assert f"needs {human(now.total_memory, BYTES)} on its one rank" in view._alt
    assert "which does not fit into 2\xa0GB of small" in view._alt
    assert f"a step takes {human(now.total_seconds, SECONDS)}" in view._alt
    assert "which fits into 80\xa0GB of H100" in ScalingView()._alt
    assert Image.open(io.BytesIO(view._still)).size == (640, 340)


def test_points_are_compared_with_the_first_machine() -> None:
    layers = [Layer(10_000, 64), Layer(30_000, 64, ranks=2)]
    found = [cost(layer, SMALL) for layer in layers]
    points = [
        Measured(layer, 2 * c.total_seconds, c.total_memory)
        for layer, c in zip(layers, found, strict=True)
    ]
    view = ScalingView([SMALL, H100], points)
    time, most = view._meta["charts"]
    assert time["points"] == [
        [c.total_seconds, 2 * c.total_seconds, layer.ranks]
        for layer, c in zip(layers, found, strict=True)
    ]
    assert time["off"] == [0.5, 0.5]
    assert most["off"] == [0, 0]
    assert Image.open(io.BytesIO(view._still)).size == (640, 620)


@pytest.mark.parametrize(
    ("value", "units", "words"),
    [
        (0, BYTES, "0 B"), (999, BYTES, "999 B"), (999.6, BYTES, "1 kB"),
        (12_345_678, BYTES, "12.3 MB"), (4e12, BYTES, "4 TB"), (8e-8, SECONDS, "0.08 µs"),
        (0.0123, SECONDS, "12.3 ms"), (0.9996, SECONDS, "1 s"), (90, SECONDS, "1.5 min"),
    ],
)  # fmt: skip
def test_numbers_have_three_digits_and_a_unit(value, units, words) -> None:
    assert human(value, units).replace("\xa0", " ") == words


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"machines": ()}, "machines must be at least one Machine, got none"),
        ({"classes": 9999}, "classes must be an integer from 10000 to 100000000, got 9999"),
        ({"dim": 100}, "dim must be one of 64, 128, 256, 512, 1024, got 100"),
        ({"ranks": 3}, "ranks must be one of 1, 2, 4, .*, got 3"),
        ({"ranks": 8, "batch": 4}, "ranks must be one of 1, 2, 4, got 8"),
        ({"rate": 0.01}, r"rate must lie in \[0.02, 1\], got 0.01"),
        ({"batch": 0}, "batch must be an integer of at least 1, got 0"),
    ],
)
def test_wrong_input_is_named(bad, says) -> None:
    with pytest.raises(ValueError, match=says):
        ScalingView(**bad)
