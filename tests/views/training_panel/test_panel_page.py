"""TrainingPanel in a browser: quiet without a kernel, a form with one."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from widget_page import write_page

import facetoy
from facetoy.views.training_panel.training_panel import TrainingPanel


@pytest.fixture(scope="module")
def panel() -> TrainingPanel:
    return TrainingPanel(facetoy.load("digits"), epochs=2, m=0.2)


@pytest.fixture
def page(panel, tmp_path, visit) -> Page:
    page = visit(write_page(tmp_path / "page.html", panel=panel))
    expect(page.locator(".ft-stage canvas")).to_be_visible()
    return page


def hear(page: Page, **message) -> None:
    page.evaluate("message => window.heard['msg:custom'](message)", message)


def test_without_a_kernel_it_shows_a_run_and_no_dead_controls(page):
    assert page.evaluate("window.sent") == [{"type": "hello"}]
    expect(page.locator(".ft-away")).to_contain_text("launch button", timeout=8000)
    expect(page.locator(".ft-form")).to_be_hidden()
    expect(page.get_by_role("button", name="Train")).to_have_count(0)
    expect(page.locator(".ft-title")).to_have_text("ArcFace · m = 0.2, s = 16")
    expect(page.get_by_role("button", name="Play")).to_be_visible()


def test_with_a_kernel_it_trains_stops_and_tells(page):
    hear(page, type="ready", text="Trains on cpu.", training=False)
    expect(page.locator(".ft-said")).to_have_text("Trains on cpu.")
    page.wait_for_timeout(4500)
    expect(page.locator(".ft-away")).to_be_hidden()
    expect(page.get_by_label("margin m")).to_have_value("0.2")
    page.get_by_label("loss").select_option("softmax")
    expect(page.get_by_label("margin m")).to_be_hidden()
    page.get_by_label("loss").select_option("arcface")
    page.get_by_label("margin m").fill("0.3")
    page.get_by_label("dimensions").select_option("2")
    page.get_by_role("button", name="Train").click()
    settings = {"loss": "arcface", "dim": 2, "epochs": 2, "s": 16, "m": 0.3}
    assert page.evaluate("window.sent.at(-1)") == {"type": "train", "settings": settings}
    hear(page, type="progress", part=0.4, text="Epoch 1 of 2 on cpu")
    assert page.get_by_role("progressbar").evaluate("bar => bar.value") == pytest.approx(0.4)
    page.get_by_role("button", name="Stop").click()
    assert page.evaluate("window.sent.at(-1)") == {"type": "stop"}
    hear(page, type="error", text="This does not train: m must lie in [0, 1.571), got 2.")
    expect(page.locator(".ft-said")).to_contain_text("m must lie in")
    expect(page.get_by_role("button", name="Train")).to_be_enabled()


def receive(page: Page, panel: TrainingPanel) -> None:
    """What the page does when the kernel sends another picture."""
    page.evaluate(
        """([meta, data]) => {
          const bytes = Uint8Array.from(data);
          window.state.panel._meta = meta;
          window.state.panel._data = new DataView(bytes.buffer);
          window.heard["change:_data"]();
        }""",
        [panel._meta, list(panel._data)],
    )


def test_a_new_picture_from_the_kernel_is_drawn(page, panel):
    hear(page, type="ready", text="Trains on cpu.", training=False)
    other = TrainingPanel(panel.data, loss="softmax", dim=2, epochs=1)
    receive(page, other)
    expect(page.locator(".ft-title")).to_have_text("Softmax")
    expect(page.locator(".ft-note")).to_contain_text("circle")
    expect(page.get_by_label("training step")).to_have_value(str(len(other.run.steps) - 1))


def test_another_loss_may_have_centers_or_no_weights(page, panel):
    crosses, hint = page.get_by_text("Crosses are the centers c."), page.locator(".ft-hint").first
    receive(page, TrainingPanel(panel.data, loss="center", epochs=1))
    expect(crosses).to_be_visible()
    expect(hint).to_have_text("feature to own weight")
    receive(page, TrainingPanel(panel.data, loss="triplet", epochs=1))
    expect(crosses).to_have_count(0)
    expect(hint).to_have_text("feature to class mean")
    receive(page, panel)
    expect(hint).to_have_text("feature to own weight")
