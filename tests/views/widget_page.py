"""One page with one or more widgets, alive without a kernel, for tests that need no book."""

from __future__ import annotations

import base64
import json
from importlib.resources import files
from pathlib import Path

import numpy as np
from playwright.sync_api import Page

from facetoy.training.runs import Run
from facetoy.views.shared.widget import Widget

PAGE = """<!doctype html><html lang="en" data-theme="light"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Widgets</title>
<style>
  body { margin: 0 auto; max-width: 760px; padding: 16px; background: #fff; }
  html[data-theme="dark"] body { background: #14181e; --pst-color-background: #14181e; }
</style>
<main>%s</main><div style="height: 1500px"></div>
<script>
const bytes = (text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
window.sent = [];
window.heard = {};
window.stops = {};
window.state = {};
for (const [id, { esm, css, state, data }] of Object.entries(%s)) {
  const style = document.createElement("style");
  style.textContent = css;
  document.head.append(style);
  state._data = bytes(data);
  window.state[id] = state;
  const model = {
    get: (name) => state[name],
    on: (name, act) => (window.heard[name] = act),
    off() {},
    send: (message) => window.sent.push(message),
  };
  const url = URL.createObjectURL(new Blob([esm], { type: "text/javascript" }));
  import(url).then(({ default: widget }) => {
    window.stops[id] = widget.render({ model, el: document.getElementById(id) });
  });
}
</script>"""


def write_page(path: Path, *, static: bool = True, **widgets: Widget) -> Path:
    """Write a page with the widgets, each in an element whose id is its name."""
    parts = {}
    for name, widget in widgets.items():
        kept = filter(widget.has_trait, ("_meta", "_alt", "_html", "_options"))
        parts[name] = {
            "esm": widget._esm,
            "css": widget._css,
            "state": {"_static": static, **{trait: getattr(widget, trait) for trait in kept}},
            "data": base64.b64encode(getattr(widget, "_data", b"")).decode(),
        }
    places = "".join(f'<div id="{name}"></div>' for name in widgets)
    path.write_text(PAGE % (places, json.dumps(parts).replace("</", "<\\/")), encoding="utf-8")
    return path


def axe_violations(page: Page, where: str = ".facetoy") -> list[dict]:
    """What axe has to say against the accessibility of a part of the page."""
    page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8"))
    options = {"preload": False, "resultTypes": ["violations"]}
    found = page.evaluate("([where, options]) => axe.run(where, options)", [where, options])
    return found["violations"]


def make_run(
    dim=3, count=200, steps=6, known=5, classes=5, weight=True, centers=False, seed=0, **config
) -> Run:
    """A made-up run whose clusters tighten from snapshot to snapshot."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    centres = rng.normal(size=(classes, dim))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    spread = np.linspace(0.6, 0.1, steps)[:, None, None]
    size = rng.uniform(1, 6, (count, 1))
    features = size * (centres[labels] + spread * rng.normal(size=(steps, count, dim)))
    return Run(
        features=features.astype(np.float32),
        weight=np.tile(centres[:known], (steps, 1, 1)).astype(np.float32) if weight else None,
        predicted=np.tile(np.minimum(labels, known - 1), (steps, 1)),
        labels=labels,
        images=rng.random((count, 1, 8, 8)).astype(np.float32),
        class_names=tuple("abcdefghij"[:classes]),
        steps=np.arange(steps) * 100,
        history={},
        config={"loss": "arcface", "dim": dim, "num_classes": known, **config},
        device="cpu",
        centers=np.linspace(0, 3, steps)[:, None, None] * centres[:known] if centers else None,
    )
