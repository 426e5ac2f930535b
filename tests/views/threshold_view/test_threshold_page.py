"""ThresholdView in a browser: the counts are Python's, the pictures are the errors."""

from __future__ import annotations

import re

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect
from widget_page import axe_violations, write_page

import facetoy
from facetoy.faces.verification import Pairs, cosine, draw_pairs
from facetoy.views.threshold_view.threshold_view import ThresholdView

PHONE = {"width": 390, "height": 844, "touch": True}
PIXELS = """canvas => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return Array.from(data).filter((_, k) => k % 4 === 0);
}"""


@pytest.fixture(scope="module")
def scored() -> tuple[np.ndarray, Pairs, np.ndarray, list[str]]:
    """Scores of random projections, in which a hint of the person makes up for the training."""
    data = facetoy.load("toyfaces", identities=60, images=10)
    images, labels = data.train_images, data.train_labels
    rng = np.random.default_rng(0)
    flat = images.reshape(len(images), -1) - images.mean(0).ravel()
    features = flat @ rng.normal(size=(1024, 64)) / 12 + rng.normal(size=(60, 64))[labels]
    pairs = draw_pairs(labels, 2000)
    return cosine(features, pairs), pairs, images, [f"P{k}" for k in labels]


@pytest.fixture
def show(tmp_path, visit, scored):
    *rest, names = scored

    def show(named: bool = True, **options) -> Page:
        view = ThresholdView(*rest, names=names if named else None)
        page = visit(write_page(tmp_path / "page.html", one=view), **options)
        expect(page.locator(".ft-pair canvas").first).to_be_visible()
        return page

    return show


def slider(page: Page) -> Locator:
    return page.get_by_role("slider", name="threshold")


def threshold(page: Page) -> float:
    return float(page.locator("output").text_content().replace("−", "-"))


def assert_counts(page: Page, scores: np.ndarray, same: np.ndarray) -> None:
    """All numbers in the page are those of the threshold it shows, and so are the pictures."""
    t = threshold(page)
    false, refused = int((scores[~same] >= t).sum()), int((scores[same] < t).sum())
    shown = dict(
        zip(
            page.locator("dt").all_text_contents(),
            page.locator("dd").all_text_contents(),
            strict=True,
        )
    )
    far, frr, tar = (f"{100 * n / 2000:g}\xa0%" for n in (false, refused, 2000 - refused))
    assert shown == {
        "thresholdaccepted from here on": page.locator("output").text_content(),
        f"false acceptsFAR {far}": f"{false:,}",
        f"false rejectsFRR {frr}": f"{refused:,}",
        "TAR1 − FRR": tar,
    }
    words = (
        f"ccepts {false:,} of 2,000 pairs of two people ({far}), "
        f"refuses {refused:,} of 2,000 pairs of one person ({frr})."
    )
    assert page.locator(".ft-verdict").text_content() == f"A{words}"
    assert words in page.locator(".ft-chart").get_attribute("aria-label")
    for name, count in (("Falsely accepted", false), ("Falsely refused", refused)):
        group = page.get_by_role("group", name=name)
        found = [float(v.replace("−", "-")) for v in group.locator(".ft-score").all_inner_texts()]
        assert len(found) == min(4, count)
        assert group.get_by_text("none at this threshold").count() == (count == 0)
        kind = "other" if name == "Falsely accepted" else "same"
        errors = page.evaluate(f"window.state.one._meta.errors.{kind}")
        scored = [float(error["score"].replace("−", "-")) for error in errors]
        wrong = [v for v in scored if (v >= t if kind == "other" else v < t)]
        assert found == sorted(wrong, key=lambda v: abs(v - t))[:4]  # the nearest of all


def test_the_counts_are_pythons_everywhere(show, scored):
    scores, pairs, *_ = scored
    page = show(named=False)
    assert_counts(page, scores, pairs.same)
    top = int(slider(page).get_attribute("max"))
    for step in [*range(0, top, top // 12), top - 1, top]:
        slider(page).fill(str(step))
        assert_counts(page, scores, pairs.same)


def test_keys_move_the_threshold_by_steps(show, scored):
    scores, pairs, *_ = scored
    page = show(named=False)
    before = threshold(page)
    slider(page).press("ArrowRight")
    assert threshold(page) == pytest.approx(before + 0.005)
    expect(slider(page)).to_have_attribute("aria-valuetext", f"{threshold(page):.3f}")
    assert_counts(page, scores, pairs.same)
    slider(page).press("End")
    assert threshold(page) > scores.max()
    expect(page.get_by_role("group", name="Falsely accepted")).to_contain_text("none at this")
    slider(page).press("Home")
    assert threshold(page) <= scores.min()
    expect(page.get_by_role("group", name="Falsely refused")).to_contain_text("none at this")
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


def line(page: Page) -> tuple[float, float]:
    box = page.locator(".ft-cut").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_the_line_is_dragged_with_the_mouse(show, scored):
    scores, pairs, *_ = scored
    page = show(named=False)
    before = threshold(page)
    score = page.locator(".ft-score").first.text_content()
    x, y = line(page)
    page.mouse.move(x + 15, y)  # beside the line, which must not jump to the mouse
    page.mouse.down()
    page.mouse.move(x + 16, y)
    assert threshold(page) == pytest.approx(before, abs=0.0051)
    page.mouse.move(x + 75, y, steps=5)
    page.mouse.up()
    assert line(page)[0] == pytest.approx(x + 60, abs=2)
    low, high = (float(page.evaluate(f"window.state.one._meta.labels.at({k})")
                       .replace("−", "-")) for k in (0, -1))  # fmt: skip
    wide = page.locator(".ft-chart").bounding_box()["width"]
    assert threshold(page) == pytest.approx(before + 60 / wide * (high - low), abs=0.006)
    assert page.locator(".ft-score").first.text_content() != score
    assert_counts(page, scores, pairs.same)
    page.mouse.move(x + 200, y)  # let go
    assert line(page)[0] == pytest.approx(x + 60, abs=2)
    page.locator(".ft-chart").click(position={"x": 100, "y": 50})
    assert line(page)[0] == pytest.approx(
        page.locator(".ft-chart").bounding_box()["x"] + 100, abs=2
    )


def test_a_finger_drags_the_line_and_still_scrolls_the_page(show, swipe):
    page = show(**PHONE)
    before = threshold(page)
    x, y = line(page)
    swipe(page, x, y, 80, 0)
    assert line(page)[0] == pytest.approx(x + 80, abs=3)
    after = threshold(page)
    assert after > before
    swipe(page, x + 80, y, 0, -120)
    page.wait_for_function("scrollY > 60")
    assert threshold(page) == after


def test_buttons_set_the_threshold(show, scored):
    scores, pairs, *_ = scored
    page = show(named=False)
    start = threshold(page)
    page.get_by_role("button", name="FAR at most 1 %").click()
    assert threshold(page) != start
    assert (scores[~pairs.same] >= threshold(page)).mean() <= 0.01
    assert (scores[~pairs.same] >= threshold(page) - 0.005).mean() > 0.01
    assert_counts(page, scores, pairs.same)
    page.get_by_role("button", name="Equal error rate").click()
    assert threshold(page) == start
    assert page.get_by_role("button", name="FAR at most 0.1 %").count() == 0  # of 2,000 pairs: 2


def test_pictures_show_the_two_images_of_each_pair(show, scored):
    scores, pairs, images, names = scored
    page = show()
    for button, least in (("Equal error rate", 8), ("FAR at most 1 %", 5)):
        page.get_by_role("button", name=button).click()
        shown = page.locator(".ft-pair").all()
        assert len(shown) >= least
        for pair in shown:
            kind, score, *who = pair.get_attribute("aria-label").split(", ")
            same = kind == "One person"
            assert len(who) == (1 if same else 2)
            near = np.abs(scores - float(score.removeprefix("score ").replace("−", "-"))) < 1.1e-4
            drawn = [np.array(c.evaluate(PIXELS)) for c in pair.locator("canvas").all()]
            assert any(
                all(
                    np.array_equal(one, np.rint(images[i].ravel() * 255))
                    for one, i in zip(drawn, (pairs.first[k], pairs.second[k]), strict=True)
                )
                and {names[pairs.first[k]], names[pairs.second[k]]} == set(who)
                for k in np.flatnonzero(near & (pairs.same == same))
            )


def test_errors_are_filled_on_their_side_of_the_line(show):
    page = show()
    slider(page).fill("50")
    left, right = page.locator("clipPath rect").all()
    assert float(left.get_attribute("width")) == 10  # five steps to a bar
    assert float(right.get_attribute("x")) == 10
    clips = page.locator("path.ft-wrong").evaluate_all(
        "paths => paths.map((p) => [p.classList[0], p.getAttribute('clip-path').slice(-5, -1)])"
    )
    assert clips == [["ft-same", "left"], ["ft-other", "ight"]]


def test_the_counts_are_spoken_once_the_slider_rests(show):
    page = show()
    spoken = page.locator(".ft-spoken")
    expect(spoken).to_have_attribute("role", "status")
    expect(spoken).to_have_text("")
    for _ in range(3):
        slider(page).press("ArrowLeft")
    expect(spoken).to_have_text(
        re.compile(rf"At threshold {threshold(page):.3f}: accepts .* refuses ")
    )
    slider(page).press("ArrowLeft")
    assert f"{threshold(page):.3f}" not in spoken.text_content()  # not yet


@pytest.mark.parametrize("width", [320, 390])
def test_it_fits_a_phone(show, width):
    page = show(**{**PHONE, "width": width})
    for key in ("Home", "End"):
        slider(page).press(key)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    for target in (slider(page), page.locator(".ft-cut"), *page.get_by_role("button").all()):
        assert target.bounding_box()["height"] >= 44
    assert page.locator(".ft-cut").bounding_box()["width"] >= 44


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("size", [{}, PHONE], ids=["wide", "phone"])
def test_axe_finds_nothing(show, dark, size):
    page = show(**size)
    if dark:
        page.evaluate("document.documentElement.dataset.theme = 'dark'")
    expect(page.locator(".facetoy")).to_have_attribute("data-theme", "dark" if dark else "light")
    assert axe_violations(page) == []


def test_it_follows_the_theme_and_leaves_nothing_behind(show):
    page = show()
    colours = """() => [[".ft-cut", "::before", "backgroundColor"], [".ft-verdict", null, "color"]]
      .map(([what, part, which]) => getComputedStyle(document.querySelector(what), part)[which])"""
    light = page.evaluate(colours)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    expect(page.locator(".facetoy")).to_have_attribute("data-theme", "dark")
    assert all(a != b for a, b in zip(light, page.evaluate(colours), strict=True))
    page.evaluate("window.stops.one()")
    expect(page.locator(".facetoy")).to_have_count(0)
