"""ScalingView in a browser: its numbers are Python's, and anyone can read and move it."""

from __future__ import annotations

import json
import random

import pytest
from playwright.sync_api import Locator, Page, expect
from widget_page import axe_violations, write_page

from facetoy.large.costs import H100, Layer, Machine, cost
from facetoy.large.measuring import Measured
from facetoy.views.scaling_view.scaling_view import CLASSES, DIMS, RANKS, ScalingView
from facetoy.views.scaling_view.words import BYTES, SECONDS, describe, human

PHONE = {"width": 390, "height": 844, "touch": True}
SMALL = Machine("small", flops=3e10, memory=8e9, network=1e8, fixed=2e-3, capacity=4e9)
MACHINES = [H100, SMALL]


def points() -> list[Measured]:
    """Settings that took a tenth longer than the first machine's prediction."""
    layers = [Layer(c, 128, ranks, 1.0, 128) for c in (10_000, 300_000) for ranks in (1, 2)]
    found = [cost(layer, H100) for layer in layers]
    return [
        Measured(layer, 1.1 * c.total_seconds, c.total_memory)
        for layer, c in zip(layers, found, strict=True)
    ]


@pytest.fixture
def show(tmp_path, visit):
    def show(*, size: dict | None = None, **options) -> Page:
        view = ScalingView(**{"machines": MACHINES, "points": points(), **options})
        page = visit(write_page(tmp_path / "page.html", one=view), **(size or {}))
        expect(page.locator(".facetoy")).to_be_visible()
        return page

    return show


def slider(page: Page, name: str) -> Locator:
    return page.get_by_role("slider", name=name)


def assert_agrees(page: Page, machine: Machine) -> Layer:
    """The page's numbers are Python's to 1e-9; returns the layer that it shows."""
    now = json.loads(page.locator(".facetoy").get_attribute("data-cost"))
    layer = Layer(**now["layer"])
    want = cost(layer, machine)
    for kind in ("memory", "sent", "seconds"):
        assert now[kind] == pytest.approx(getattr(want, kind), rel=1e-9, abs=0), (layer, kind)
        assert list(now[kind]) == list(getattr(want, kind))
    titles = " ".join(page.locator(".ft-budget .ft-title").all_text_contents())
    fits = want.total_memory <= machine.capacity
    for words in (
        f"Memory: {human(want.total_memory, BYTES)} of {human(machine.capacity, BYTES)}",
        "✓ fits" if fits else "✗ does not fit",
        f"Time of a step: {human(want.total_seconds, SECONDS)}",
        f"Sent in a step: {human(want.total_sent, BYTES)}",
    ):
        assert words in titles
    return layer


def settings(rng: random.Random) -> tuple[list[int], Layer]:
    """Where the four sliders stand, and for what."""
    at = [rng.randrange(41), rng.randrange(5), rng.randrange(11), rng.randrange(99)]
    return at, Layer(CLASSES[at[0]], DIMS[at[1]], RANKS[at[2]], (at[3] + 2) / 100, 1024)


def test_the_script_counts_and_says_what_python_does(call):
    rng = random.Random(1)
    layers = [settings(rng)[1] for _ in range(400)]
    meta = ScalingView(MACHINES)._meta
    given = [[layer._asdict(), machine] for layer in layers for machine in meta["machines"]]
    costs = call("scaling_view/cost.js", "layerCost", given)
    lists = [[*pair, now, meta] for pair, now in zip(given, costs, strict=True)]
    words = call("scaling_view/words.js", "verdict", lists)
    for k, (now, said) in enumerate(zip(costs, words, strict=True)):
        layer, machine = layers[k // 2], MACHINES[k % 2]
        want = cost(layer, machine)
        for kind in ("memory", "sent", "seconds"):
            assert now[kind] == pytest.approx(getattr(want, kind), rel=1e-9, abs=0), (layer, kind)
            assert list(now[kind]) == list(getattr(want, kind))
        assert said.startswith(describe(layer, machine, want))


def test_random_settings_cost_what_python_says(show):
    page = show()
    rng = random.Random(0)
    for k in range(10):
        machine = k % 2
        at, want = settings(rng)
        page.get_by_label("a rank is").select_option(str(machine))
        for name, index in zip(("people", "dimensions", "ranks", "classes used"), at, strict=True):
            slider(page, name).fill(str(index))
        assert assert_agrees(page, MACHINES[machine]) == want


def test_the_first_words_are_those_of_the_still(show):
    view = ScalingView(MACHINES, classes=10**8, ranks=1)
    page = show(classes=10**8, ranks=1)
    assert page.locator(".ft-verdict").text_content().startswith(view._alt)


def test_keys_move_the_sliders_and_the_figures(show):
    page = show()
    people = slider(page, "people")
    expect(people).to_have_attribute("aria-valuetext", "1,000,000")
    before = page.locator(".ft-parts b").all_text_contents()
    people.press("ArrowRight")
    expect(people).to_have_attribute("aria-valuetext", "1,200,000")
    assert page.locator(".ft-parts b").all_text_contents() != before
    people.press("End")
    expect(people).to_have_attribute("aria-valuetext", "100,000,000")
    slider(page, "ranks").press("Home")
    expect(slider(page, "ranks")).to_have_attribute("aria-valuetext", "1")
    slider(page, "dimensions").press("ArrowLeft")
    expect(slider(page, "dimensions")).to_have_attribute("aria-valuetext", "256")
    slider(page, "classes used").press("Home")
    expect(slider(page, "classes used")).to_have_attribute("aria-valuetext", "2\xa0%")
    assert assert_agrees(page, H100) == Layer(10**8, 256, 1, 0.02, 1024)


def test_what_does_not_fit_is_said_with_the_ranks_that_would_do(show):
    page = show(classes=10**8, ranks=1)
    expect(page.locator(".ft-state").first).to_have_text("✗ does not fit")
    expect(page.locator(".facetoy")).to_have_class("facetoy ft-full")
    at = next(
        ranks for ranks in RANKS
        if cost(Layer(10**8, 512, ranks, 1.0, 1024), H100).total_memory <= H100.capacity
    )  # fmt: skip
    expect(page.locator(".ft-verdict")).to_contain_text(f"{at}\xa0ranks would do.")
    slider(page, "ranks").fill(str(RANKS.index(at)))
    expect(page.locator(".ft-state").first).to_have_text("✓ fits")
    assert "would do" not in page.locator(".ft-verdict").text_content()
    slider(page, "ranks").press("ArrowLeft")
    expect(page.locator(".ft-state").first).to_have_text("✗ does not fit")


def test_bars_are_as_wide_as_their_parts(show):
    page = show(classes=10**7, ranks=1)
    bar = page.locator(".ft-stack").first
    now = json.loads(page.locator(".facetoy").get_attribute("data-cost"))["memory"]
    total, wide = sum(now.values()), bar.bounding_box()["width"]
    for part, value in zip(bar.locator("span").all(), now.values(), strict=True):
        if value:
            assert part.bounding_box()["width"] == pytest.approx(wide * value / total, abs=1.5)
        else:
            expect(part).to_be_hidden()
    mark = bar.locator("i").bounding_box()
    at = (mark["x"] + mark["width"] / 2 - bar.bounding_box()["x"]) / wide
    assert at == pytest.approx(H100.capacity / total, abs=0.01)
    label = bar.get_attribute("aria-label")
    assert f"weights {human(now['weights'], BYTES)}" in label
    assert "sampled copy" not in label


def test_a_setting_is_spoken_once_it_rests(show):
    page = show()
    spoken = page.locator(".ft-spoken")
    expect(spoken).to_have_attribute("role", "status")
    expect(spoken).to_have_text("")
    for _ in range(3):
        slider(page, "people").press("ArrowRight")
    assert spoken.text_content() == ""
    expect(spoken).to_have_text(page.locator(".ft-verdict").text_content())


def test_measured_points_lie_where_they_should(show):
    page = show()
    charts = page.locator(".ft-scatter").all()
    assert len(charts) == 2
    expect(charts[0]).to_contain_text(
        "4 settings, off by 9.1\xa0% in the median, 9.1\xa0% at most."
    )
    expect(charts[1]).to_contain_text("off by 0\xa0% in the median")
    assert charts[0].locator("ul li").all_text_contents() == ["1 rank", "2 ranks"]
    for chart, above in zip(charts, (True, False), strict=True):
        circles = chart.locator("> svg circle").all()
        assert len(circles) == 2
        for dot in circles:  # the diagonal runs from (62, 208) to (262, 8)
            x, y = (float(dot.get_attribute(name)) for name in ("cx", "cy"))
            assert (270 - x - y > 1) is above
            assert abs(270 - x - y) < 20
    assert show(points=()).locator(".ft-scatter").count() == 0


def test_one_machine_needs_no_choice(show):
    page = show(machines=[H100], points=())
    assert page.get_by_role("combobox").count() == 0
    expect(page.locator(".ft-note")).to_contain_text("Figures of H100, for a rank: 30\xa0TFLOP/s")


@pytest.mark.parametrize("width", [320, 360, 390])
def test_it_fits_a_phone(show, width):
    page = show(size={**PHONE, "width": width})
    for key in ("Home", "End"):
        for name in ("people", "dimensions", "ranks", "classes used"):
            slider(page, name).press(key)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
    for target in (*page.get_by_role("slider").all(), page.get_by_role("combobox")):
        assert target.bounding_box()["height"] >= 44


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("size", [{}, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("classes", [10**6, 10**8])
def test_axe_finds_nothing(show, dark, size, classes):
    page = show(size=size, classes=classes, ranks=1)
    if dark:
        page.evaluate("document.documentElement.dataset.theme = 'dark'")
    expect(page.locator(".facetoy")).to_have_attribute("data-theme", "dark" if dark else "light")
    assert axe_violations(page) == []


def test_it_follows_the_theme_and_leaves_nothing_behind(show):
    page = show(size={"reduced_motion": True})
    colours = """() => [".ft-stack i", ".ft-verdict", ".ft-diagonal"].map((what) => {
      const css = getComputedStyle(document.querySelector(what));
      return [css.backgroundColor, css.color, css.stroke].join();
    })"""
    light = page.evaluate(colours)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    expect(page.locator(".facetoy")).to_have_attribute("data-theme", "dark")
    assert all(a != b for a, b in zip(light, page.evaluate(colours), strict=True))
    assert page.evaluate("document.getAnimations().length") == 0
    page.evaluate("window.stops.one()")
    expect(page.locator(".facetoy")).to_have_count(0)
