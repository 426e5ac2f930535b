"""The reader's own digit in the playground: by mouse, by finger, by keys, while it trains."""

from __future__ import annotations

import re

import pytest
import strokes
from playing import stop_clock, train
from playwright.sync_api import Page, expect
from widget_page import axe_violations

PHONE = {"width": 390, "height": 844, "touch": True}
PAD = ".ft-pad"
TOLD = ".ft-hand:visible .ft-hand-words p"
CANVAS = ".ft-stage canvas"
SHOT = "(canvas) => canvas.toDataURL()"


def picture(page: Page) -> str:
    return page.locator(CANVAS).first.evaluate(SHOT)


def taken_for(page: Page, side: int = 0) -> str:
    words = page.locator(TOLD).nth(side).inner_text()
    return re.search(r"takes it for (\d)\.", words)[1]


@pytest.mark.parametrize("how", ["mouse", "finger"])
def test_a_digit_lands_in_its_class(show, how):
    page = show(**(PHONE if how == "finger" else {}))
    train(page)
    draw = strokes.by_finger if how == "finger" else strokes.by_mouse
    for digit in "017":
        draw(page, strokes.DIGITS[digit])
        expect(page.locator(TOLD)).to_contain_text(f"takes it for {digit}.")
        nearest = re.search(r"θ: (\d+)° to (\d)", page.locator(TOLD).inner_text())
        assert nearest[2] == digit
        assert int(nearest[1]) < 45
        page.get_by_role("button", name="Clear").click()
        expect(page.locator(TOLD)).to_contain_text("Draw a digit")


def test_most_digits_land_in_their_class(show):
    page = show()
    train(page)
    right = 0
    for digit, drawing in strokes.DIGITS.items():
        strokes.by_mouse(page, drawing)
        right += taken_for(page) == digit
        page.locator(PAD).press("Delete")
    assert right >= len(strokes.DIGITS) - 2


def test_the_card_follows_the_pen_and_leaves(show):
    page = show()
    empty = picture(page)
    place = strokes.on(page.locator(PAD))
    seen = {empty}
    page.mouse.move(*place((0.3, 0.2)))
    page.mouse.down()
    for point in [(0.7, 0.2), (0.6, 0.5), (0.45, 0.85)]:
        page.mouse.move(*place(point))
        seen.add(picture(page))
    assert len(seen) == 4  # the pen is still down
    page.mouse.up()
    drawn = picture(page)
    page.mouse.move(*place((0.5, 0.9)))
    assert picture(page) == drawn  # a pen that is up draws nothing
    page.get_by_role("button", name="Clear").click()
    assert picture(page) == empty


def test_it_stays_while_the_network_trains(show):
    page = show()
    strokes.by_mouse(page, strokes.DIGITS["7"])
    before, pad = page.locator(TOLD).inner_text(), page.locator(PAD).evaluate(SHOT)
    train(page)
    assert page.locator(TOLD).inner_text() != before
    assert taken_for(page) == "7"
    page.get_by_role("button", name="Reset").click()
    assert page.locator(TOLD).inner_text() == before  # the same start, and the digit is still there
    assert page.locator(PAD).evaluate(SHOT) == pad


def test_two_losses_get_the_same_digit(show):
    page = show("#playground&loss=arcface&b.loss=softmax")
    strokes.by_mouse(page, strokes.DIGITS["0"])
    expect(page.locator(TOLD)).to_have_count(2)
    train(page)
    assert [taken_for(page, k) for k in (0, 1)] == ["0", "0"]
    page.locator(".ft-setup select").nth(1).select_option("triplet")
    expect(page.locator(TOLD).nth(1)).to_contain_text("θ to the means")


def test_by_keys_alone_and_heard(show):
    page = show()
    train(page)
    pad, heard = page.locator(PAD), page.locator(".ft-hand:visible .ft-spoken")
    pad.focus()
    pad.press("ArrowDown")  # the pen is up: it moves only
    expect(page.locator(TOLD)).to_contain_text("Draw a digit")
    pad.press("Space")
    expect(heard).to_contain_text("Pen down, 50 % from the left, 25 % from the top.")
    for _ in range(11):
        pad.press("ArrowDown")
    pad.press("Space")
    assert taken_for(page) == "1"
    expect(heard).to_contain_text("Pen up. ArcFace takes it for 1. θ:")
    assert heard.get_attribute("role") == "status"
    pad.press("ArrowRight")
    pad.press("Space")
    for _ in range(6):
        pad.press("ArrowRight")
    both = page.locator(TOLD).inner_text()
    pad.press("Backspace")
    assert page.locator(TOLD).inner_text() != both
    assert taken_for(page) == "1"
    pad.press("Delete")
    expect(heard).to_contain_text("Cleared.")
    expect(page.locator(TOLD)).to_contain_text("Draw a digit")
    pad.press("Tab")
    assert not pad.evaluate("(pad) => pad === document.activeElement")


def test_keys_take_the_pen_from_the_pointer(show):
    page = show()
    strokes.by_mouse(page, strokes.DIGITS["1"])
    pad = page.locator(PAD)
    place = strokes.on(pad)
    for key in ("Backspace", "Space"):
        page.mouse.move(*place((0.3, 0.2)))
        page.mouse.down()
        page.mouse.move(*place((0.7, 0.2)))
        page.keyboard.press(key)
        drawn = pad.evaluate(SHOT)
        page.mouse.move(*place((0.2, 0.8)))
        assert pad.evaluate(SHOT) == drawn
        page.mouse.up()


def test_it_does_not_chatter(show):
    """One report for a stroke, however many points it has."""
    page = show()
    stop_clock(page)
    page.evaluate(
        """() => {
          window.said = 0;
          const heard = document.querySelector(".ft-hand .ft-spoken");
          new MutationObserver(() => window.said++).observe(heard, { childList: true });
        }"""
    )
    strokes.by_mouse(page, strokes.DIGITS["3"])
    assert page.evaluate("window.said") == 0
    page.clock.run_for(5000)
    assert page.evaluate("window.said") == 1


def test_a_finger_on_the_pad_draws_and_beside_it_scrolls(show, swipe):
    page = show(**PHONE)
    pad = page.locator(PAD)
    pad.scroll_into_view_if_needed()
    box, before = pad.bounding_box(), page.evaluate("scrollY")
    middle = box["x"] + box["width"] / 2
    swipe(page, middle, box["y"] + 110, 0, -90)
    assert page.evaluate("scrollY") == before
    assert "takes it for" in page.locator(TOLD).inner_text()
    assert (
        page.evaluate("getComputedStyle(document.querySelector('.ft-hand')).touchAction") == "auto"
    )
    swipe(page, box["x"] + box["width"] + 60, box["y"] + 60, 0, -200)
    page.wait_for_function("(before) => scrollY > before + 50", arg=before)


def test_only_digits_are_drawn(show):
    page = show()
    page.get_by_text("Data, network and training").click()
    strokes.by_mouse(page, strokes.DIGITS["0"])
    page.locator("select[id$=-data]").select_option("points")
    expect(page.locator(".ft-hand:visible")).to_have_count(0)
    page.locator("select[id$=-data]").select_option("digits")
    expect(page.locator(TOLD)).to_contain_text("Draw a digit")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("wide", [False, True])
def test_everyone_can_use_it(show, dark, wide):
    page = show(dark=dark)
    if dark:
        page.evaluate("document.documentElement.dataset.theme = 'dark'")
    if wide:
        page.add_style_tag(content="body { max-width: 928px !important; }")
    strokes.by_mouse(page, strokes.DIGITS["7"])
    assert axe_violations(page) == []
    for target in page.locator(
        "button:visible, select:visible, summary:visible, canvas:visible"
    ).all():
        box = target.bounding_box()
        if target.evaluate("(one) => one.matches('[tabindex], :not(canvas)')"):
            assert min(box["width"], box["height"]) >= 24


def test_ink_is_seen_in_the_dark(show):
    page = show(dark=True)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    strokes.by_mouse(page, strokes.DIGITS["1"])
    lightest = page.locator(PAD).evaluate(
        """(pad) => Math.max(...pad.getContext("2d")
          .getImageData(0, 0, pad.width, pad.height).data.filter((_, k) => k % 4 === 0))"""
    )
    assert lightest > 200
