"""How fast the pictures in the page are, in headless Chromium. `make bench` prints the table; a
number is the median over rounds."""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

from conftest import FLAGS, find_browser
from playwright.sync_api import Browser, sync_playwright
from widget_page import make_run, write_page

from facetoy import Playground, SphereView

TRIPLETS = "#playground&loss=triplet&b.loss=triplet&b.mining=hard&batch=512"
# Two seconds of dragging: how many pictures a second.
DRAG = """async () => {
  const canvas = document.querySelector(".ft-stage canvas");
  const box = canvas.getBoundingClientRect();
  const clear = CanvasRenderingContext2D.prototype.clearRect;
  let drawn = 0;
  CanvasRenderingContext2D.prototype.clearRect = function (...a) {
    if (this.canvas === canvas) drawn++;
    return clear.apply(this, a);
  };
  const point = (type, x, y) => canvas.dispatchEvent(new PointerEvent(type, {
    clientX: x, clientY: y, pointerId: 1, isPrimary: true, button: 0, bubbles: true,
  }));
  canvas.setPointerCapture = () => {};
  point("pointerdown", box.left + 50, box.top + 200);
  await new Promise(requestAnimationFrame);
  drawn = 0;
  const start = performance.now();
  let now = start;
  while (now < start + 2000) {
    const t = (now - start) / 2000;
    point("pointermove", box.left + 50 + 300 * t, box.top + 200 + 60 * Math.sin(6 * t));
    await new Promise(requestAnimationFrame);
    now = performance.now();
  }
  point("pointerup", box.left + 350, box.top + 200);
  CanvasRenderingContext2D.prototype.clearRect = clear;
  return drawn / (now - start) * 1000;
}
"""
# So many seconds of training: steps of the clock and pictures a second, the longest task in ms.
MEASURE = """async (seconds) => {
  const tasks = [];
  new PerformanceObserver((list) => tasks.push(...list.getEntries().map((e) => e.duration)))
    .observe({ type: "longtask" });
  let frames = 0;
  let on = true;
  const clear = CanvasRenderingContext2D.prototype.clearRect;
  const stage = document.querySelector(".ft-stage canvas");
  CanvasRenderingContext2D.prototype.clearRect = function (...box) {
    if (on && this.canvas === stage) frames++;
    return clear.apply(this, box);
  };
  const clock = () => +document.querySelector(".ft-clock").textContent.replace(/\\D/g, "");
  document.querySelector(".ft-play").click();
  await new Promise((next) => setTimeout(next, 500));
  const [from, begin] = [clock(), performance.now()];
  frames = 0;
  tasks.length = 0;
  await new Promise((next) => setTimeout(next, 1000 * seconds));
  const passed = (performance.now() - begin) / 1000;
  const found = [(clock() - from) / passed, frames / passed, Math.max(0, ...tasks)];
  document.querySelector(".ft-play").click();
  on = false;
  return found;
}"""


def measured(browser: Browser, address: str, script: str, argument: int | None = None) -> list:
    """What a script finds on a page that has settled."""
    page = browser.new_page()
    page.goto(address)
    page.locator(".ft-stage canvas").first.wait_for()
    page.wait_for_timeout(500)
    found = page.evaluate(script, argument)
    page.close()
    return found


def table(browser: Browser, folder: Path, rounds: int) -> str:
    """The benchmark as a Markdown table."""
    sphere = write_page(
        folder / "sphere.html", one=SphereView(make_run(count=2000, classes=10, known=10))
    ).as_uri()
    playground = write_page(folder / "playground.html", one=Playground()).as_uri()
    drags, trainings, mined = [], [], []
    for _ in range(rounds):
        drags.append(measured(browser, sphere, DRAG))
        trainings.append(measured(browser, playground, MEASURE, 4))
        mined.append(measured(browser, playground + TRIPLETS, MEASURE, 4))
    rows = [("a sphere of 2,000 points is dragged", "", statistics.median(drags), "")]
    for name, found in (("softmax", trainings), ("triplets, two sides, batch 512", mined)):
        epochs, pictures, task = map(statistics.median, zip(*found, strict=True))
        rows.append((f"the playground trains: {name}", f"{epochs:.1f}", pictures, f"{task:.0f}"))
    lines = [f"| {a} | {b} | {pictures:.1f} | {c} |" for a, b, pictures, c in rows]
    head = ["| what | epochs/s | pictures/s | longest task, ms |", "|:--|--:|--:|--:|"]
    return "\n".join([*head, *lines])


def main(rounds: int) -> None:
    """Measure, and print the table."""
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        path = find_browser(playwright.chromium.executable_path)
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        print(table(browser, Path(folder), rounds))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    main(**vars(parser.parse_args()))
