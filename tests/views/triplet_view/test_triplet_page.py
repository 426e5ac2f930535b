"""TripletView in a browser: what it draws is what PyTorch computes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from playwright.sync_api import Page, expect
from widget_page import write_page

from facetoy.views.triplet_view.triplet import triplet
from facetoy.views.triplet_view.triplet_view import TripletView

HANDLES = ["anchor", "positive", "negative"]


@pytest.fixture
def show(tmp_path, visit):
    def show(*args, **options) -> Page:
        return visit(write_page(tmp_path / "page.html", one=TripletView(*args)), **options)

    return show


def by_torch(points, margin: float, squared: bool, normalize: bool) -> tuple[float, np.ndarray]:
    """Loss and gradient of one triplet by automatic differentiation."""
    x = torch.tensor(points, dtype=torch.float64, requires_grad=True)
    u = torch.nn.functional.normalize(x) if normalize else x
    near, far = ((u[0] - u[k]).square().sum() for k in (1, 2))
    if not squared:
        near, far = near.sqrt(), far.sqrt()
    loss = torch.relu(near - far + margin)
    loss.backward()
    return loss.item(), x.grad.numpy()


def on_circle(degrees) -> np.ndarray:
    return np.stack([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))], 1)


CASES = [
    (on_circle([90, 150, 60]), True),
    (on_circle([90, 100, 250]), True),
    (on_circle([0, 170, 10]), True),
    (np.array([[-0.2, -0.3], [-0.9, 0.5], [0.5, 0.4]]), False),
    (np.array([[0.0, 0.0], [0.1, 0.0], [0.1, 0.2]]), False),
]


@pytest.mark.parametrize(("points", "normalize"), CASES)
@pytest.mark.parametrize("squared", [True, False])
@pytest.mark.parametrize("margin", [0.2, 1.0])
def test_python_agrees_with_autograd(points, normalize, squared, margin):
    loss, gradient = triplet(points, margin, squared, normalize)
    want = by_torch(points, margin, squared, normalize)
    assert loss == pytest.approx(want[0], abs=1e-12)
    np.testing.assert_allclose(gradient, want[1], atol=1e-12)


def state(page: Page) -> tuple[float, np.ndarray]:
    loss = float(page.locator(".facetoy").get_attribute("data-loss"))
    arrows = page.locator(".ft-pull").all()
    drawn = [[float(v) for v in a.get_attribute("data-gradient").split(",")] for a in arrows]
    return loss, np.array(drawn)


def test_the_script_agrees_with_autograd(call):
    cases = [
        (points, margin, squared, normalize)
        for points, normalize in CASES
        for squared in (True, False)
        for margin in (0.2, 1.0)
    ]
    names = ("points", "margin", "squared", "normalize")
    given = [dict(zip(names, (case[0].tolist(), *case[1:]), strict=True)) for case in cases]
    found = call("triplet_view/triplet.js", "tripletLoss", [[one] for one in given])
    for case, now in zip(cases, found, strict=True):
        loss, gradient = by_torch(*case)
        assert now["loss"] == pytest.approx(loss, abs=1e-12)
        np.testing.assert_allclose(now["gradients"], gradient, atol=1e-12)


@pytest.mark.parametrize(("points", "normalize"), [CASES[0], CASES[3]])
def test_the_page_agrees_with_autograd(tmp_path, visit, points, normalize):
    widget = TripletView(0.2, True, normalize)
    widget._meta = {**widget._meta, "points": points.tolist()}
    page = visit(write_page(tmp_path / "page.html", one=widget))
    for squared in (True, False):
        page.get_by_label("squared distance").set_checked(squared)
        for margin in (0.2, 1.0):
            page.get_by_label("margin").fill(str(margin))
            loss, gradient = state(page)
            want = by_torch(points, margin, squared, normalize)
            assert loss == pytest.approx(want[0], abs=1e-9)
            np.testing.assert_allclose(gradient, want[1], atol=1e-9)


def test_points_move_by_mouse_and_by_keys(show):
    page = show(0.5)
    before = state(page)
    verdict = page.locator(".ft-verdict")
    expect(verdict).to_contain_text("A hard negative")
    handle = page.get_by_role("slider", name="negative")
    box = handle.bounding_box()
    stage = page.locator(".ft-triplet").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(stage["x"] + stage["width"] / 2, stage["y"] + stage["height"] * 0.95, steps=5)
    page.mouse.up()
    expect(verdict).to_contain_text("An easy negative")
    loss, gradient = state(page)
    assert loss == 0
    assert not gradient.any()
    says = handle.get_attribute("aria-valuetext")
    handle.press("ArrowLeft")
    assert handle.get_attribute("aria-valuetext") != says
    page.get_by_role("button", name="Reset").click()
    np.testing.assert_allclose(state(page)[1], before[1])
    page.get_by_label("unit length").uncheck()
    page.get_by_role("slider", name="positive").press("ArrowUp")
    assert "degrees" not in page.get_by_role("slider", name="positive").get_attribute(
        "aria-valuetext"
    )


def test_it_fits_a_phone_and_a_finger_moves_a_point(show):
    page = show(0.5, width=390, height=844, touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for name in HANDLES:
        box = page.get_by_role("slider", name=name).bounding_box()
        assert min(box["width"], box["height"]) >= 44


def test_wrong_margin_is_named():
    with pytest.raises(ValueError, match=r"margin must lie in \[0.05, 1.5\], got 2"):
        TripletView(2)
