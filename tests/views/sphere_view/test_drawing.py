"""The reader's own digit on a recorded sphere: the network travels with the page."""

from __future__ import annotations

import re

import numpy as np
import pytest
import strokes
from playwright.sync_api import expect
from widget_page import axe_violations, make_run, write_page

import facetoy
from facetoy import SphereView, metrics
from facetoy.training.runs import Run

PHONE = {"width": 390, "height": 844, "touch": True}
TOLD = ".ft-hand-words p"


@pytest.fixture(scope="module", params=["arcface", "triplet"])
def run(request) -> Run:
    """Digits, with class weights and without."""
    return facetoy.fit(request.param, facetoy.load("digits"), epochs=20, progress=False)


def angles(run: Run, image: np.ndarray) -> dict[str, float]:
    """Degrees between the feature of an image and each class's weight, or its mean."""
    feature = facetoy.embed(run, image.reshape(1, 1, 8, 8).astype(np.float32))[0]
    means = metrics.class_means(run.features[-1], run.labels)
    ways = means if run.weight is None else run.weight[-1]
    found = np.degrees(metrics.angle(np.broadcast_to(feature, ways.shape), ways))
    return dict(zip(run.class_names, found, strict=True))


@pytest.mark.parametrize("how", ["mouse", "finger"])
def test_a_digit_lands_where_the_network_puts_it(run, tmp_path, visit, call, how):
    page = visit(
        write_page(tmp_path / "page.html", one=SphereView(run, draw=True)),
        **(PHONE if how == "finger" else {}),
    )
    for digit in "07":
        {"mouse": strokes.by_mouse, "finger": strokes.by_finger}[how](page, strokes.DIGITS[digit])
        told = page.locator(TOLD).inner_text()
        assert f"nearest to {digit}." in told
        drawing = [strokes.path(stroke) for stroke in strokes.DIGITS[digit]]
        want = angles(run, np.array(call("shared/digit.js", "digitOf", [[drawing]])[0]))
        near = sorted(want.values())[:3]  # rounding may change the order of two
        for best, (theta, to) in zip(near, re.findall(r"(\d+)° to (\d)", told), strict=True):
            assert (best, want[to]) == pytest.approx((float(theta), float(theta)), abs=4)
        page.get_by_role("button", name="Clear").click()
    if how == "finger":
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_the_network_is_that_of_the_last_step(run, tmp_path, visit):
    page = visit(
        write_page(tmp_path / "page.html", one=SphereView(run, draw=True)), reduced_motion=True
    )
    canvas = page.locator(".ft-stage canvas")
    shot = "(canvas) => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame("
    shot += "() => done(canvas.toDataURL()))))"
    empty = canvas.evaluate(shot)
    strokes.by_mouse(page, strokes.DIGITS["7"])
    assert canvas.evaluate(shot) != empty
    slider = page.get_by_label("training step")
    slider.fill("1")
    expect(page.locator(TOLD)).to_contain_text("that of the last step")
    slider.fill(slider.get_attribute("max"))
    expect(page.locator(TOLD)).to_contain_text("nearest to 7")
    assert axe_violations(page) == []


def test_networks_travel_only_where_a_reader_draws(run):
    assert "network" not in SphereView(run)._meta["sides"][0]["runs"][0]
    more = len(SphereView(run, draw=True)._data) - len(SphereView(run)._data)
    count = sum(value.size for name, value in run.network.items() if name[0] in "135")
    assert more == 2 * count
    assert more < 60_000


@pytest.mark.parametrize("dim", [3, 6])
def test_without_a_network_nothing_can_be_drawn(dim):
    with pytest.raises(ValueError, match="draw needs a run with a network"):
        SphereView(make_run(dim=dim), draw=True)
