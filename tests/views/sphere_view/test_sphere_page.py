"""SphereView in a browser, on pages of its own: what the reader does must change the picture."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from widget_page import axe_violations, make_run, write_page

from facetoy import metrics
from facetoy.training.runs import Run, Sweep
from facetoy.views.shared.palette import COLORS
from facetoy.views.sphere_view.sphere_view import SphereView
from facetoy.views.triplet_view.triplet_view import TripletView

CANVAS = ".ft-stage canvas"
# Read until two readings agree that are four frames apart.
SETTLED = """async (canvas) => {
  for (let k = 0, before; k < 60; k++) {
    const now = canvas.toDataURL();
    if (now === before) return now;
    before = now;
    for (let i = 0; i < 4; i++) await new Promise(requestAnimationFrame);
  }
}"""
LOOK = """(all) => all.map((one) => {
  const { padding, borderColor, background } = getComputedStyle(one);
  return [padding, borderColor, background];
})"""


def pixels(page: Page, index: int = 0) -> np.ndarray:
    """(H, W, 4) of a settled canvas."""
    data = page.locator(CANVAS).nth(index).evaluate(SETTLED)
    assert data, "the picture does not come to rest"
    image = Image.open(io.BytesIO(base64.b64decode(data.split(",")[1])))
    return np.asarray(image.convert("RGBA")).astype(int)


def changed(before: np.ndarray, after: np.ndarray) -> float:
    """Share of the pixels that differ clearly."""
    return float((np.abs(before - after).sum(-1) > 60).mean())


@pytest.fixture
def show(tmp_path: Path, visit: Callable[..., Page]) -> Callable[..., Page]:
    """Open a page with the given SphereView (or with several, by name)."""

    def show(view: SphereView | None = None, more: dict | None = None, **settings) -> Page:
        views = ({"one": view} if view else {}) | (more or {})
        page = visit(write_page(tmp_path / "page.html", **views), **settings)
        page.wait_for_function("Object.keys(window.stops).length > 0")
        expect(page.locator(CANVAS).first).to_be_visible()
        return page

    return show


def sweep() -> Sweep:
    return Sweep([make_run(seed=k, m=m) for k, m in enumerate((0.0, 0.25, 0.5))], ["m"])


def drag(page: Page, dx: float, dy: float, index: int = 0) -> None:
    page.locator(CANVAS).nth(index).scroll_into_view_if_needed()
    box = page.locator(CANVAS).nth(index).bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 3
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + dx, y + dy, steps=8)
    page.mouse.up()
    page.mouse.move(2, 2)


@pytest.mark.parametrize("dim", [2, 3, 6])
def test_dragging_turns_and_reset_turns_back(show, dim):
    page = show(SphereView(make_run(dim=dim)))
    before = pixels(page)
    drag(page, 90, 30)
    after = pixels(page)
    assert changed(before, after) > 0.01
    page.get_by_role("button", name="Reset view").click()
    assert changed(before, pixels(page)) == 0


@pytest.mark.parametrize("label", ["margin m", "training step"])
def test_sliders_move_the_picture_and_its_read_outs(show, label):
    view = SphereView(sweep())
    page = show(view)
    before, texts = pixels(page), page.locator(".ft-readouts").inner_text()
    slider = page.get_by_label(label)
    slider.focus()
    page.keyboard.press("Home")
    assert changed(before, pixels(page)) > 0.005
    assert page.locator(".ft-readouts").inner_text() != texts
    run, step = (view_run(0), -1) if label == "margin m" else (view_run(2), 0)
    m = metrics.measure(run, step)
    expect(page.locator(".ft-readouts dd").nth(0)).to_have_text(f"{np.degrees(m.intra):.1f}°")
    expect(page.locator(".ft-readouts dd").nth(1)).to_have_text(f"{np.degrees(m.inter):.1f}°")
    expect(page.locator(".ft-readouts dd").nth(2)).to_have_text(
        f"{m.accuracy:.1%}".replace("%", " %")
    )


def view_run(index: int):
    return sweep().runs[index]


def test_the_title_follows_the_margin(show):
    page = show(SphereView(sweep()))
    expect(page.locator(".ft-title")).to_have_text("ArcFace · m = 0.5")
    page.get_by_label("margin m").press("ArrowLeft")
    expect(page.locator(".ft-title")).to_have_text("ArcFace · m = 0.25")


def test_play_runs_from_the_first_step_to_the_last_and_stops(show):
    page = show(SphereView(make_run()))
    before = pixels(page)
    page.get_by_role("button", name="Play").click()
    page.wait_for_function(
        """() => {
          const step = document.querySelector("input[id$=-step]").value;
          const shots = (window.shots ??= new Set());
          if (step === "1") shots.add(document.querySelector(".ft-stage canvas").toDataURL());
          if (shots.size < 4) return false;
          document.querySelector(".ft-play").click();
          return true;
        }""",
        timeout=60_000,
    )  # in between the snapshots, too
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    expect(page.get_by_label("training step")).to_have_value("1")
    still = pixels(page)
    assert changed(before, still) > 0.005
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_role("button", name="Play")).to_be_visible(timeout=60_000)
    expect(page.get_by_label("training step")).to_have_value("5")
    assert changed(before, pixels(page)) == 0


def test_unit_length_puts_all_points_on_the_sphere(show):
    page = show(SphereView(make_run()))
    before = pixels(page)
    page.get_by_label("unit length").uncheck()
    assert changed(before, pixels(page)) > 0.005
    expect(page.locator(".ft-note")).to_contain_text("longest feature")


def test_a_projection_says_so(show):
    page = show(SphereView(make_run(dim=6)))
    expect(page.locator(".ft-note")).to_contain_text("6 dimensions")
    expect(page.locator(".ft-note")).to_contain_text("PCA")


def test_the_keyboard_turns_and_walks_through_points(show):
    page = show(SphereView(make_run()))
    before = pixels(page)
    page.locator(CANVAS).focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    turned = pixels(page)
    assert changed(before, turned) > 0.01
    page.keyboard.press("n")
    card = page.locator(".ft-card")
    expect(card).to_be_visible()
    expect(card).to_contain_text("class a")
    expect(card).to_contain_text("to class mean")
    first = card.inner_text(), card.locator("canvas").evaluate("c => c.toDataURL()")
    page.keyboard.press("n")
    assert (card.inner_text(), card.locator("canvas").evaluate("c => c.toDataURL()")) != first
    page.keyboard.press("p")
    assert (card.inner_text(), card.locator("canvas").evaluate("c => c.toDataURL()")) == first
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    label = page.locator(CANVAS).get_attribute("aria-label")
    for words in ("200 test images", "5 classes", "sphere", "Arrow keys", "Escape"):
        assert words in label


@pytest.mark.parametrize("dim", [2, 3])
def test_points_become_their_images(show, dim):
    """Where all images are full of ink there is more colour than where they are blank."""
    run = make_run(dim=dim)
    coloured = {}
    for ink in (0, 1):
        inked = replace(run, images=np.full_like(run.images, ink))
        page = show(SphereView(inked, images=True))
        box = page.get_by_role("checkbox", name="images")
        expect(box).to_be_checked()
        images = pixels(page)
        spread = images[..., :3].max(-1) - images[..., :3].min(-1)
        coloured[ink] = int(((spread > 60) & (images[..., 3] > 200)).sum())
        box.uncheck()
        assert changed(images, pixels(page)) > 0.01
    assert coloured[1] > 1.5 * coloured[0]


def test_an_image_among_images_is_picked_as_a_point_is(show):
    page = show(SphereView(make_run(count=500), images=True))
    page.locator(CANVAS).focus()
    before = pixels(page)
    page.keyboard.press("n")
    expect(page.locator(".ft-card")).to_contain_text("class a")
    assert changed(before, pixels(page)) > 0.0005  # its ring


def test_the_card_shows_the_image_and_the_angles_of_the_point(show):
    run = make_run()
    page = show(SphereView(run))
    page.locator(CANVAS).focus()
    page.keyboard.press("n")
    card = page.locator(".ft-card")
    image = card.locator("canvas").evaluate(
        "c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]"
    )
    shown = 255 - np.array(image).reshape(8, 8, 4)[..., 0]
    np.testing.assert_allclose(shown / 255, run.images[0, 0], atol=0.04)
    weight = np.degrees(metrics.to_weight(run.features[-1], run.labels, run.weight[-1]))[0]
    mean = np.degrees(metrics.to_mean(run.features[-1], run.labels))[0]
    expect(card).to_contain_text(f"to weight of a {weight:.0f}°")
    expect(card).to_contain_text(f"to class mean {mean:.0f}°")


def test_its_description_is_the_authors(show):
    page = show(SphereView(make_run(), alt="Five tight clusters."))
    expect(page.get_by_role("group", name="Five tight clusters.")).to_be_visible()


def test_hovering_finds_a_point_and_leaving_lets_go(show):
    page = show(SphereView(make_run(count=500, dim=2)))
    box = page.locator(CANVAS).bounding_box()
    card = page.locator(".ft-card")
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    radius = 0.79 * box["width"] / 2
    angles = np.linspace(0, 2 * np.pi, 40)
    found = False
    for a in angles:
        page.mouse.move(middle[0] + radius * np.cos(a), middle[1] + radius * np.sin(a))
        found = found or card.is_visible()
    assert found
    page.mouse.move(*middle)
    expect(card).to_be_hidden()


def test_the_legend_brings_out_one_class(show):
    page = show(SphereView(make_run(known=4)))
    before = pixels(page)
    button = page.locator(".ft-legend button").nth(1)
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    assert changed(before, pixels(page)) > 0.01
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    assert changed(before, pixels(page)) == 0
    expect(page.locator(".ft-legend")).to_contain_text("strangers")
    expect(page.get_by_role("button", name="e, stranger")).to_be_visible()


def reordered(run: Run, order: list[int], names: str) -> Run:
    """The same run with its classes in another order; ``names`` are those of the old one."""
    new = np.argsort(order)
    return replace(
        run,
        labels=new[run.labels],
        predicted=new[run.predicted],
        weight=run.weight[:, order],
        class_names=tuple(names[k] for k in order),
    )


def icons(page: Page, view: str) -> dict[str, str]:
    """The marker beside each name of a legend."""
    buttons = page.locator(f"#{view} .ft-legend button").all()
    return {b.inner_text(): b.locator("canvas").evaluate("c => c.toDataURL()") for b in buttons}


@pytest.mark.parametrize(("names", "kept"), [("01234", True), ("abcde", False)])
def test_digits_keep_their_colours_in_another_order(show, names, kept):
    run, order = make_run(classes=5), [0, 2, 4, 1, 3]
    views = (SphereView(reordered(run, o, names)) for o in (list(range(5)), order))
    page = show(more=dict(zip(("one", "two"), views, strict=True)))
    assert (changed(pixels(page, 0), pixels(page, 1)) < 0.002) == kept
    one, two = icons(page, "one"), icons(page, "two")
    assert list(two) == [names[k] for k in order]
    assert (one == two) == kept


def test_strangers_among_digits_keep_their_colours(show):
    run = replace(make_run(classes=4, known=2), class_names=("0", "9", "3", "8"))
    page = show(SphereView(run))
    assert page.locator("#one .ft-legend button").all_inner_texts() == ["0", "9", "3", "8"]
    edge = """(icons) => icons.map((icon) => {
      const { data } = icon.getContext("2d").getImageData(0, 0, icon.width, icon.height);
      const count = {};
      for (let k = 0; k < data.length; k += 4) {
        const [r, g, b, a] = data.slice(k, k + 4);
        if (a === 255 && Math.max(r, g, b) - Math.min(r, g, b) > 20)
          count[[r, g, b]] = (count[[r, g, b]] ?? 0) + 1;
      }
      const most = Object.keys(count).sort((a, b) => count[b] - count[a])[0];
      return "#" + most.split(",").map((c) => (+c).toString(16).padStart(2, "0")).join("");
    })"""
    seen = page.locator("#one .ft-legend canvas").evaluate_all(edge)
    assert seen == [COLORS[digit] for digit in (0, 9, 3, 8)]


def test_a_loss_without_weights_has_other_words(show):
    page = show(SphereView(make_run(weight=False)))
    expect(page.locator(".ft-readouts")).to_contain_text("feature to class mean")
    page.locator(CANVAS).press("n")
    expect(page.locator(".ft-card")).not_to_contain_text("weight")


def test_two_pictures_turn_and_play_together(show):
    page = show(SphereView(make_run(seed=3), sweep()))
    before = [pixels(page, k) for k in (0, 1)]
    drag(page, 80, 0)
    after = [pixels(page, k) for k in (0, 1)]
    assert all(changed(a, b) > 0.01 for a, b in zip(before, after, strict=True))
    page.get_by_label("margin m").press("Home")
    moved = [pixels(page, k) for k in (0, 1)]
    assert changed(after[0], moved[0]) == 0  # it has no margin to choose
    assert changed(after[1], moved[1]) > 0.005
    page.get_by_label("training step").press("Home")
    assert changed(moved[0], pixels(page, 0)) > 0.005
    assert changed(moved[1], pixels(page, 1)) > 0.005
    expect(page.locator(".ft-title")).to_have_text(["ArcFace", "ArcFace · m = 0"])


def test_four_pictures_turn_together_and_fit_a_phone(show):
    runs = [make_run(seed=k, m=k) for k in range(4)]
    page = show(SphereView(*runs), width=390, height=844, touch=True)
    expect(page.locator(CANVAS)).to_have_count(4)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    before = [pixels(page, k) for k in range(4)]
    page.locator(CANVAS).nth(2).press("ArrowLeft")
    assert all(changed(before[k], pixels(page, k)) > 0.005 for k in range(4))
    titles = [f"ArcFace · m = {k}" for k in range(4)]
    expect(page.locator(".ft-title")).to_have_text(titles)


@pytest.mark.parametrize("dim", [2, 3, 6])
def test_centers_are_crosses_that_move(show, dim):
    bare, crossed = (make_run(dim=dim, centers=c) for c in (False, True))
    page = show(more={"bare": SphereView(bare, unit=False), "on": SphereView(crossed, unit=False)})
    expect(page.locator(CANVAS)).to_have_count(2)
    for press in ("End", "Home"):
        for slider in page.get_by_label("training step").all():
            slider.press(press)
        difference = changed(pixels(page, 0), pixels(page, 1))
        assert difference > 0.001
    expect(page.locator(".ft-note").nth(1)).to_contain_text("Crosses are the centers c.")
    assert "Crosses" not in page.locator(".ft-note").nth(0).inner_text()


def test_the_theme_changes_while_the_page_is_open(show):
    page = show(SphereView(make_run()))
    light = pixels(page)
    ink = "getComputedStyle(document.querySelector('.facetoy')).color"
    before = page.evaluate(ink)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    expect(page.locator(".facetoy")).to_have_attribute("data-theme", "dark")
    assert changed(light, pixels(page)) > 0.01
    assert page.evaluate(ink) != before
    page.evaluate("document.documentElement.dataset.theme = 'light'")
    assert changed(light, pixels(page)) == 0


@pytest.mark.parametrize(
    ("change", "theme"),
    [
        ("document.body.dataset.jpThemeLight = 'false'", "dark"),
        ("document.body.className = 'vscode-dark'", "dark"),
        ("document.body.className = 'vscode-high-contrast-light'", "light"),
        ("document.body.dataset.jpThemeLight = 'true'", "light"),
    ],
)
def test_themes_of_notebook_programs_and_of_the_system(show, change, theme):
    page = show(SphereView(make_run()), dark=theme == "light")  # the system says the opposite
    page.evaluate("delete document.documentElement.dataset.theme")
    expect(page.locator(".facetoy")).to_have_attribute(
        "data-theme", "dark" if theme == "light" else "light"
    )
    page.evaluate(change)
    expect(page.locator(".facetoy")).to_have_attribute("data-theme", theme)


@pytest.mark.parametrize("two", [False, True])
def test_it_fits_a_phone(show, two):
    runs = sweep()
    page = show(SphereView(*[runs] * (1 + two)), width=390, height=844, touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for box in page.locator(".facetoy button, .facetoy input[type=range]").all():
        size = box.bounding_box()
        assert size["height"] >= 44, box
        assert size["width"] >= 44, box
    for canvas in page.locator(CANVAS).all():
        assert canvas.bounding_box()["width"] >= 160


def test_a_finger_turns_sideways_and_scrolls_up_and_down(show, swipe):
    page = show(SphereView(make_run()), width=390, height=844, touch=True)
    box = page.locator(CANVAS).bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    before = pixels(page)
    swipe(page, x, y, 100, 0)
    turned = pixels(page)
    assert changed(before, turned) > 0.01
    assert page.evaluate("scrollY") == 0
    swipe(page, x, y, 0, -200)
    page.wait_for_function("scrollY > 50")


def test_a_tap_opens_the_card_and_a_tap_beside_closes_it(show):
    page = show(SphereView(make_run(count=500)), width=390, height=844, touch=True)
    box = page.locator(CANVAS).bounding_box()
    card = page.locator(".ft-card")
    spots = [(fx, fy) for fx in np.linspace(0.2, 0.8, 9) for fy in np.linspace(0.2, 0.8, 9)]
    for fx, fy in spots:
        page.touchscreen.tap(box["x"] + fx * box["width"], box["y"] + fy * box["height"])
        if card.is_visible():
            break
    expect(card).to_be_visible()
    page.touchscreen.tap(box["x"] + 4, box["y"] + 4)
    expect(card).to_be_hidden()


def test_autoplay_begins_in_sight_and_pause_stops_all_motion(show):
    page = show(SphereView(make_run(), autoplay=True))
    pause = page.get_by_role("button", name="Pause")
    expect(pause).to_be_visible()
    pause.click()
    pixels(page)  # fails unless the picture comes to rest


def test_autoplay_plays_once_and_comes_to_rest_as_it_was_meant(show):
    run = make_run()
    page = show(more={"one": SphereView(run, autoplay=True), "two": SphereView(run)})
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    expect(page.get_by_role("button", name="Pause")).to_have_count(0, timeout=60_000)
    expect(page.get_by_label("training step").first).to_have_value("5")
    assert changed(pixels(page, 0), pixels(page, 1)) < 0.005


def test_less_motion_means_no_autoplay_and_no_glide(show):
    page = show(SphereView(make_run(), autoplay=True), reduced_motion=True)
    page.wait_for_timeout(400)
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    expect(page.get_by_label("training step")).to_have_value("5")
    shots = page.evaluate(
        """async () => {
          const shots = new Set();
          const canvas = document.querySelector(".ft-stage canvas");
          document.querySelector(".ft-play").click();
          const end = performance.now() + 3000;
          while (performance.now() < end || shots.size < 2) {
            await new Promise(requestAnimationFrame);
            shots.add(canvas.toDataURL());
          }
          return shots.size;
        }"""
    )
    assert shots <= 5  # half of six snapshots, nothing in between


def test_several_widgets_live_on_one_page_and_leave_without_a_trace(show):
    page = show(more={"a": SphereView(make_run()), "b": SphereView(make_run(dim=2))})
    expect(page.locator(CANVAS)).to_have_count(2)
    before = pixels(page, 1)
    drag(page, 80, 20, index=0)
    assert changed(before, pixels(page, 1)) == 0
    page.evaluate("window.stops.a()")
    expect(page.locator(CANVAS)).to_have_count(1)
    drag(page, 80, 20, index=0)
    assert changed(before, pixels(page, 0)) > 0.005
    page.evaluate("window.stops.b()")
    assert page.locator("main").inner_text().strip() == ""


def test_buttons_look_the_same_beside_other_widgets(show):
    """Each widget brings its style sheets, and those that it shares come again."""
    looks = []
    for more in ({}, {"last": TripletView()}):
        page = show(SphereView(make_run()), more)
        button = page.locator("#one .ft-button, #one .ft-legend button")
        looks.append(button.evaluate_all(LOOK))
    assert looks[0] == looks[1] != []


def test_it_draws_once_it_is_shown(tmp_path, visit):
    path = write_page(tmp_path / "page.html", one=SphereView(make_run()))
    path.write_text(path.read_text().replace('<div id="one">', '<div id="one" hidden>'))
    page = visit(path)
    page.wait_for_function("Object.keys(window.stops).length > 0")
    page.evaluate("document.getElementById('one').hidden = false")
    expect(page.locator(CANVAS)).to_be_visible()
    assert (pixels(page)[..., 3] > 0).mean() > 0.3


def test_it_takes_the_colours_of_the_page_that_it_joins_later(tmp_path, visit):
    path = write_page(tmp_path / "page.html", one=SphereView(make_run()))
    page = visit(path)
    expect(page.locator(CANVAS)).to_be_visible()
    want = pixels(page)
    late = "(window.late = document.createElement('div'))"
    path.write_text(path.read_text().replace("document.getElementById(id)", late))
    page = visit(path)
    page.wait_for_function("Object.keys(window.stops).length > 0")
    page.evaluate("document.querySelector('main').append(window.late)")
    expect(page.locator(CANVAS)).to_be_visible()
    assert changed(want, pixels(page)) == 0


# ---- the lines around what each class wins


def finished(loss: str = "arcface", seed: int = 0, dim: int = 3, **settings) -> Run:
    """A made-up run that tells its loss's settings, eased over half of the training."""
    config = {"loss": loss, "epochs": 3, "warmup": 0.5, **settings}
    return replace(make_run(dim=dim, seed=seed, **config), history={"loss": np.zeros(3)})


def margins(page: Page):
    return page.get_by_role("checkbox", name="margins")


def test_a_box_draws_what_each_class_wins_with_its_margin(show):
    page = show(SphereView(finished(s=16.0, m=0.3)))
    expect(margins(page)).not_to_be_checked()
    bare = pixels(page)
    expect(page.locator(".ft-note")).not_to_contain_text("margin")
    margins(page).focus()
    page.keyboard.press("Space")
    lined = pixels(page)
    assert changed(bare, lined) > 0.005
    expect(page.locator(".ft-note")).to_contain_text("with its margin against it, here m = 0.3.")
    page.get_by_label("training step").press("Home")
    expect(page.locator(".ft-note")).to_contain_text("here m = 0")
    expect(page.locator(".ft-note")).not_to_contain_text("0.3")
    page.get_by_label("training step").press("End")
    margins(page).uncheck()
    assert changed(bare, pixels(page)) == 0


def test_lines_turn_with_the_sphere_and_follow_the_slider(show):
    """The same weights and images, so that only the margin differs."""
    runs = Sweep([finished(s=16.0, m=m) for m in (0.1, 0.5)], ["m"])
    page = show(SphereView(runs, margins=True))
    expect(margins(page)).to_be_checked()
    wide = pixels(page)
    page.get_by_label("margin m").press("Home")
    expect(page.locator(".ft-note")).to_contain_text("here m = 0.1.")
    narrow = pixels(page)
    assert changed(wide, narrow) > 0.002
    margins(page).uncheck()
    bare = pixels(page)
    page.get_by_label("margin m").press("End")
    assert changed(bare, pixels(page)) == 0
    margins(page).check()
    assert changed(wide, pixels(page)) == 0
    drag(page, 80, 20)
    page.get_by_role("button", name="Reset view").click()
    assert changed(wide, pixels(page)) == 0


@pytest.mark.parametrize(("loss", "m"), [("arcface", 0.4), ("cosface", 0.2), ("normsoftmax", 0)])
def test_bands_on_the_circle_lie_where_the_loss_says(show, loss, m):
    """Where the picture changes along the circle: in the bands and at the ticks, nowhere else."""
    settings = {"s": 16.0} | ({"m": m} if m else {})
    run = finished(loss, dim=2, **settings)
    page = show(SphereView(run))
    bare = pixels(page)
    margins(page).check()
    lined = pixels(page)
    turn = np.radians(np.arange(0, 360, 0.5))
    radius, middle = 0.79 * bare.shape[0] / 2, bare.shape[0] / 2
    x = np.rint(middle + radius * np.cos(turn)).astype(int)
    y = np.rint(middle - radius * np.sin(turn)).astype(int)
    seen = np.abs(lined[y, x] - bare[y, x]).sum(-1) > 30
    W = run.weight[-1].astype(float)
    far = np.arccos(np.clip(np.stack([np.cos(turn), np.sin(turn)], 1) @ metrics.unit(W).T, -1, 1))
    own, other = np.sort(far, axis=1)[:, :2].T
    eased = own + m if loss == "arcface" else np.arccos(np.clip(np.cos(own) - m, -1, 1))
    kept, edge = eased < other, np.abs(eased - other) < np.radians(3)
    if loss == "normsoftmax":
        kept, edge = other > own, np.zeros_like(edge)
    tick = other - own < np.radians(3)
    assert kept.mean() > 0.05
    assert not seen[~kept & ~edge & ~tick].any()
    assert seen[kept & ~edge].mean() > 0.5  # the points lie above them


@pytest.mark.parametrize("loss", ["softmax", "normsoftmax"])
def test_a_loss_without_a_margin_has_borders(show, loss):
    settings = {"s": 16.0} if loss == "normsoftmax" else {}
    page = show(SphereView(finished(loss, **settings), margins=True))
    expect(page.locator(".ft-note")).to_have_text("Lines are the borders of the classes.")


def test_no_box_where_the_borders_are_unknown(show):
    own, wide = finished("Own", s=16.0, m=0.3), finished(dim=6, s=16.0, m=0.3)
    triplet = replace(finished("triplet", margin=0.2), weight=None)
    for run in (own, wide, triplet):
        page = show(SphereView(run, margins=True))
        expect(page.get_by_role("checkbox", name="unit length")).to_be_visible()
        expect(margins(page)).to_have_count(0)
        with_box = pixels(page)
        assert changed(with_box, pixels(show(SphereView(run)))) == 0
    page = show(SphereView(triplet, finished(s=16.0, m=0.3), margins=True))
    expect(margins(page)).to_be_visible()


@pytest.mark.parametrize("dim", [2, 3])
@pytest.mark.parametrize("dark", [False, True])
def test_everyone_can_use_it(show, dim, dark):
    runs = Sweep([finished(dim=dim, s=16.0, m=m) for m in (0.1, 0.5)], ["m"])
    page = show(SphereView(runs, margins=True), width=390, height=844, touch=True)
    if dark:
        page.evaluate("document.documentElement.dataset.theme = 'dark'")
        expect(page.locator(".facetoy")).to_have_attribute("data-theme", "dark")
    assert axe_violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
