"""Widgets in an open notebook, used as a reader does: what does not answer fails."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from notebook_page import Notebook
from playwright.sync_api import Locator, expect

PATIENCE = 60_000  # milliseconds
AT_REST = """async (canvas) => {
  for (let before; before !== (before = canvas.toDataURL()); )
    await new Promise((done) => setTimeout(done, 400));
}"""


@contextmanager
def changes(canvas: Locator) -> Iterator[None]:
    """What is done here must change the picture, which was at rest."""
    element = canvas.element_handle()
    element.evaluate(AT_REST)
    before = element.evaluate("(canvas) => canvas.toDataURL()")
    yield
    canvas.page.wait_for_function(
        "([canvas, before]) => canvas.toDataURL() !== before",
        arg=[element, before],
        timeout=PATIENCE,
    )


def drag(canvas: Locator) -> None:
    """By a tenth of its width, to the right, from above its middle."""
    page, size = canvas.page, canvas.bounding_box()
    start = {"x": size["width"] / 2, "y": size["height"] / 3}
    canvas.hover(position=start)  # which waits until the page has come to rest there
    box = canvas.bounding_box()
    x, y = box["x"] + start["x"], box["y"] + start["y"]
    page.mouse.down()
    page.mouse.move(x + box["width"] / 10, y, steps=5)
    page.mouse.up()


def words(element: Locator) -> str:
    return element.text_content() or ""


def sliders(notebook: Notebook, widget: Locator) -> None:
    """The first one moves by key, says so, and keeps the key."""
    one = widget.locator("input[type=range]:visible").first
    said = widget.locator(f"output[for='{one.get_attribute('id')}']")
    one.scroll_into_view_if_needed()
    one.focus()
    value, before = one.input_value(), words(said)
    with notebook.stays():
        one.press("ArrowLeft" if value == one.get_attribute("max") else "ArrowRight")
        expect(one).not_to_have_value(value, timeout=PATIENCE)
        expect(said).not_to_have_text(before, timeout=PATIENCE)


def turns(notebook: Notebook, widget: Locator) -> None:
    """Pointer and arrow keys turn the sphere, and the notebook stays where it is."""
    canvas = widget.locator(".ft-stage canvas").first
    canvas.scroll_into_view_if_needed()
    with changes(canvas):
        drag(canvas)
    with notebook.stays():
        with changes(canvas):
            for key in ("ArrowDown", "ArrowUp", "ArrowRight"):  # a circle takes the last one only
                canvas.press(key)
        canvas.press("b")  # a new cell, if Jupyter gets it


def sphere(notebook: Notebook, widget: Locator) -> None:
    turns(notebook, widget)
    sliders(notebook, widget)


def prediction(_: Notebook, widget: Locator) -> None:
    answer = widget.get_by_role("button").nth(1)
    answer.click()
    expect(answer).to_have_attribute("aria-pressed", "true")
    expect(widget.get_by_role("status")).to_contain_text(f"You said “{words(answer)}”.")


def playground(notebook: Notebook, widget: Locator) -> None:
    """It trains in the page."""
    canvas, clock = widget.locator(".ft-stage canvas").first, widget.locator(".ft-clock")
    with changes(canvas):
        widget.get_by_role("button", name="Play").click()
        expect(clock).to_have_text(re.compile("[1-9]"), timeout=PATIENCE)
        widget.get_by_role("button", name="Pause").click()
    sphere(notebook, widget)


def panel(notebook: Notebook, widget: Locator) -> None:
    """It trains in the kernel."""
    canvas = widget.locator(".ft-stage canvas").first
    widget.get_by_label("epochs").fill("2")
    with changes(canvas):
        widget.get_by_role("button", name="Train").click()
        said = widget.locator(".ft-said")
        expect(said).to_have_text(re.compile("^Trained after"), timeout=PATIENCE)
    sphere(notebook, widget)


def timeline(notebook: Notebook, widget: Locator) -> None:
    where = widget.get_by_role("status")
    widget.get_by_role("button", name="Later").click()
    expect(where).to_contain_text("2 of 3")
    chosen = widget.get_by_role("tab", selected=True)
    chosen.focus()
    with notebook.stays():
        chosen.press("ArrowRight")
        expect(where).to_contain_text("3 of 3")


def triplet(notebook: Notebook, widget: Locator) -> None:
    handle = widget.locator(".ft-handle").first
    handle.focus()
    loss = widget.get_attribute("data-loss")
    with notebook.stays():
        handle.press("ArrowDown")
        expect(widget).not_to_have_attribute("data-loss", loss)
    sliders(notebook, widget)


def face(notebook: Notebook, widget: Locator) -> None:
    with changes(widget.locator("canvas").first):
        sliders(notebook, widget)


#: Which widget it is → what it must do. The first that fits holds.
WIDGETS = {
    ".ft-prediction": prediction,
    ".ft-playground": playground,
    ".ft-timeline": timeline,
    ".facetoy:has(.ft-panel)": panel,
    ".facetoy:has(.ft-handle)": triplet,
    "[aria-label='Drawn face with sliders']": face,
    ".facetoy:has(.ft-stage canvas)": sphere,
    ".facetoy:has(input[type=range])": sliders,
}


def assert_alive(notebook: Notebook, count: int) -> None:
    """There are so many widgets, and each of them answers."""
    expect(notebook.widgets()).to_have_count(count, timeout=PATIENCE)
    for widget in notebook.widgets().all():
        widget.scroll_into_view_if_needed()
        kind = next(k for k in WIDGETS if widget.evaluate("(e, k) => e.matches(k)", k))
        WIDGETS[kind](notebook, widget)
