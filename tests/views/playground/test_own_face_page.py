"""The reader's own face in the playground: by sliders, while it trains."""

from __future__ import annotations

import re

import numpy as np
import pytest
from playing import stop_clock, train
from playwright.sync_api import Locator, Page, expect
from widget_page import axe_violations

from facetoy import load
from facetoy.data.toyfaces import CONDITION, IDENTITY, draw, genes
from facetoy.views.playground.playground import making

FACES = "#playground&data=faces"
HAND = "[aria-label='Your own face']"
TOLD = f"{HAND} .ft-hand-words p"
HEARD = f"{HAND} .ft-spoken"
PICTURE = ".ft-stage canvas"
SHOT = "(canvas) => canvas.toDataURL()"


def whose(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Whose face")


def taken_for(page: Page, side: int = 0) -> str:
    return re.search(r"takes it for (\d)\.", page.locator(TOLD).nth(side).inner_text())[1]


def picture(page: Page) -> str:
    return page.locator(PICTURE).first.evaluate(SHOT)


def move_to(page: Page, person: int) -> None:
    """Move the slider of each gene to where it is in this person of the data set."""
    page.locator(f"{HAND} summary").first.click()
    for name, value in zip(IDENTITY, making()["people"][person], strict=True):
        page.locator(HAND).get_by_label(name, exact=True).fill(f"{value:.2f}")


def test_the_people_are_those_of_the_data_set():
    """Their photos, drawn from what is shipped, are the images of their classes."""
    data = load("toyfaces", identities=10, images=40, size=16)
    people = np.repeat(making()["people"], 40, axis=0)
    drawn = draw(people, genes(400, CONDITION, (0, 2)), 16).reshape(10, 40, 256)
    for image, label in zip(data.test_images, data.test_labels, strict=True):
        apart = np.abs(drawn[label] - image.ravel()).max(1)
        assert apart.min() < 0.02  # the genes are rounded


def test_sliders_moved_to_a_person_land_in_its_class(show):
    page = show(FACES)
    train(page)
    move_to(page, 4)
    assert taken_for(page) == "4"
    nearest = re.search(r"θ: (\d+)° to (\d)", page.locator(TOLD).inner_text())
    assert nearest[2] == "4"
    assert int(nearest[1]) < 60
    assert whose(page).input_value() == ""  # by the sliders, nobody was chosen


def test_most_people_land_in_their_class(show):
    page = show(FACES)
    train(page)
    right = 0
    for k in range(10):
        whose(page).select_option(str(k))
        right += taken_for(page) == str(k)
    assert right >= 7


def test_the_network_is_shown_what_the_data_would_have(show):
    page = show(FACES)
    shipped = making()
    for k in (0, 7):
        whose(page).select_option(str(k))
        seen = page.locator(f"{HAND} .ft-seen").evaluate(
            """(canvas) => [...canvas.getContext("2d").getImageData(0, 0, 16, 16).data]
              .filter((_, k) => k % 4 === 0)"""
        )
        wanted = draw(np.array([shipped["people"][k]]), np.array([shipped["photo"]]), 16)
        apart = np.abs(np.array(seen) / 17 - np.rint(wanted.ravel() * 15))  # 15 steps of 17 / 255
        assert (apart == 0).mean() > 0.98
        assert apart.max() <= 1


def test_the_card_follows_the_sliders_and_leaves(show):
    page = show(FACES)
    train(page, 5)
    empty, large = picture(page), page.locator(".ft-face").evaluate(SHOT)
    expect(page.locator(TOLD)).to_contain_text("Choose a person or move a slider")
    width = page.get_by_role("slider", name="head width")
    seen = {empty}
    for value in ("0", "0.5", "1"):
        width.fill(value)
        seen.add(picture(page))
    assert len(seen) == 4
    page.get_by_role("slider", name="glasses").fill("1")
    expect(page.locator(".ft-face")).to_have_attribute("aria-label", re.compile("dark glasses"))
    page.get_by_role("button", name="Clear").click()
    assert picture(page) == empty
    assert page.locator(".ft-face").evaluate(SHOT) == large
    assert width.input_value() == "0.5"
    expect(page.locator(f"{HAND} .ft-seen")).to_be_hidden()


def test_it_stays_while_the_network_trains(show):
    page = show(FACES)
    whose(page).select_option("4")
    before = page.locator(TOLD).inner_text()
    train(page)
    assert page.locator(TOLD).inner_text() != before
    assert taken_for(page) == "4"
    page.get_by_role("button", name="Reset").click()
    assert page.locator(TOLD).inner_text() == before  # the same start, and the face is still there
    assert whose(page).input_value() == "4"


def test_two_losses_get_the_same_face(show):
    page = show(f"{FACES}&loss=arcface&b.loss=softmax")
    whose(page).select_option("6")
    expect(page.locator(TOLD)).to_have_count(2)
    train(page)
    assert [taken_for(page, k) for k in (0, 1)] == ["6", "6"]


def test_by_keys_alone_and_heard_once(show):
    page = show(FACES)
    train(page, 5)
    stop_clock(page)
    page.evaluate(
        """(heard) => {
          window.said = 0;
          const counted = new MutationObserver(() => window.said++);
          counted.observe(document.querySelector(heard), { childList: true });
        }""",
        HEARD,
    )
    whose(page).focus()
    page.keyboard.press("Tab")  # the button for another person
    page.keyboard.press("Tab")
    width = page.get_by_role("slider", name="head width")
    expect(width).to_be_focused()
    for _ in range(12):
        page.keyboard.press("ArrowRight")
    expect(width).to_have_attribute("aria-valuetext", re.compile(r"^wide, 0\.62$"))
    assert width.evaluate("(input) => input.nextSibling.ariaLive") == "off"
    assert page.evaluate("window.said") == 0
    page.clock.run_for(5000)
    expect(page.locator(HEARD)).to_contain_text("ArcFace takes it for ")
    assert page.evaluate("window.said") == 1
    page.get_by_role("button", name="Another person").press("Enter")
    page.clock.run_for(5000)
    expect(page.locator(HEARD)).to_contain_text("Another person: ")
    expect(page.locator(HEARD)).to_contain_text("ArcFace takes it for ")


def test_someone_new_can_be_chosen(show):
    page = show(FACES)
    whose(page).select_option("3")
    before = page.locator(".ft-face").evaluate(SHOT)
    whose(page).select_option("someone new")
    assert page.locator(".ft-face").evaluate(SHOT) != before
    expect(page.locator(HEARD)).to_contain_text("Another person: ")


def test_only_faces_have_sliders(show):
    page = show()
    expect(page.locator(HAND)).to_be_hidden()
    page.get_by_text("Data, network and training").click()
    data = page.locator("select[id$=-data]")
    data.select_option("faces")
    expect(page.locator(HAND)).to_be_visible()
    expect(page.locator(".ft-pad")).to_be_hidden()
    whose(page).select_option("2")
    for other in ("points", "digits"):
        data.select_option(other)
        expect(page.locator(HAND)).to_be_hidden()
    data.select_option("faces")
    expect(page.locator(TOLD)).to_contain_text("Choose a person")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("size", ["phone", "column", "laptop"])
def test_everyone_can_use_it(show, dark, size):
    phone = {"width": 390, "height": 844, "touch": True} if size == "phone" else {}
    page = show(FACES, dark=dark, **phone)
    if dark:
        page.evaluate("document.documentElement.dataset.theme = 'dark'")
    if size == "laptop":
        page.add_style_tag(content="body { max-width: 928px !important; }")
    whose(page).select_option("7")
    assert axe_violations(page) == []
    if size == "phone":
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for target in page.locator(HAND).locator("button, select, summary, input").all():
        if target.is_visible():
            box = target.bounding_box()
            assert min(box["width"], box["height"]) >= (44 if size == "phone" else 24)


def test_on_a_phone_sliders_and_picture_are_in_sight_together(show):
    page = show(FACES, width=390, height=844, touch=True)
    hand = page.locator(HAND).bounding_box()
    sphere = page.locator(PICTURE).first.bounding_box()
    assert hand["y"] < sphere["y"]
    assert sphere["y"] + sphere["height"] - hand["y"] <= 844
