"""Live figures: the document node that plots and widgets become, and the files it needs.

A figure's data are not part of its page. They go into the folder `_live` of the built book as
classic scripts (a page opened from disk can load nothing else), which `static/live.js` fetches
when the figure comes near the reader's view.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.osutil import relative_uri
from sphinx.writers.html5 import HTML5Translator

FOLDER = "_live"
LOGGER = logging.getLogger(__name__)


class LiveFigure(nodes.General, nodes.Element):
    """A figure that a script brings to life.

    Attributes: `kind` ("plot" or "widget"), `alt`, `assets` (file name -> bytes, written to the
    built book), `scripts` (names of the assets to load, in order), `key` (name under which the
    scripts register the figure's data), and either `height` in pixels or `still`, the name of the
    picture to show meanwhile, with its `size` (width, height). With a text in `demand` the scripts
    are loaded only once the reader presses a button that says so.
    """


def script(prefix: str, value: Any) -> tuple[str, str, bytes]:
    """A classic script that registers a JSON value: (key, file name, content)."""
    body = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    key = f"{prefix}-{hashlib.sha256(body.encode()).hexdigest()[:16]}"
    return key, f"{key}.js", f'(self.facetoyLive??={{}})["{key}"]={body};\n'.encode()


@cache
def plotly_script() -> tuple[str, bytes]:
    """File name and content of plotly.js as the installed plotly package brings it."""
    content = files("plotly").joinpath("package_data", "plotly.min.js").read_bytes()
    return f"plotly-{hashlib.sha256(content).hexdigest()[:16]}.js", content


def visit_html(self: HTML5Translator, node: LiveFigure) -> None:
    """Write the figure's files and its element."""
    assets = dict(node["assets"])
    scripts = list(node["scripts"])
    if node["kind"] == "plot":
        name, content = plotly_script()
        assets[name] = content
        scripts.insert(0, name)
    folder = Path(self.builder.outdir, FOLDER)
    folder.mkdir(exist_ok=True)
    for name, content in assets.items():
        if not (folder / name).exists():  # the name holds the content's hash
            (folder / name).write_bytes(content)

    page = self.builder.get_target_uri(self.builder.current_docname)
    root = relative_uri(page, FOLDER)
    alt = escape(node["alt"])
    urls = escape(" ".join(f"{root}/{name}" for name in scripts))
    demand = ""
    if node.get("demand"):
        size = sum(len(gzip.compress(assets[name])) for name in scripts)
        demand = f' data-demand="{escape(node["demand"])} ({size / 1000:.0f} kB)"'
    self.body.append(
        f'<figure class="facetoy-{node["kind"]}" data-key="{node["key"]}"'
        f' data-scripts="{urls}"{demand}>\n'
    )
    if node["kind"] == "plot":
        self.body.append(
            f'<div class="facetoy-live" role="img" aria-label="{alt}"'
            f' style="height:{node["height"]}px"></div>\n'
            f"<noscript><p>This figure is drawn by a script. It shows: {alt}</p></noscript>\n"
        )
    else:
        width, height = node["size"]
        self.body.append(
            f'<img class="facetoy-still" src="{root}/{node["still"]}" alt="{alt}"'
            f' width="{width}" height="{height}">\n<div class="facetoy-live"></div>\n'
        )
    self.body.append("</figure>\n")
    raise nodes.SkipNode


def visit_other(self: Any, node: LiveFigure) -> None:
    """Other output formats get the figure's description."""
    self.visit_paragraph(nodes.paragraph())
    self.visit_Text(nodes.Text(node["alt"]))
    self.depart_Text(nodes.Text(node["alt"]))
    self.depart_paragraph(nodes.paragraph())
    raise nodes.SkipNode


def add_script(app: Sphinx, page: str, template: str, context: dict, doctree: Any) -> None:
    """Load `live.js` on pages with live figures only."""
    if doctree is not None and next(doctree.findall(LiveFigure), None) is not None:
        app.add_js_file("live.js", loading_method="defer")


def add_static(app: Sphinx) -> None:
    """Copy the extension's own style sheet and script to the built book."""
    app.config.html_static_path.append(str(files("facetoy_book").joinpath("static")))


def check_images(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Warn about pictures that a reader who cannot see would not learn about."""
    for image in doctree.findall(nodes.image):
        if not image.get("alt", "").strip():
            LOGGER.warning("picture without alt text", location=image, type="facetoy")


def delete_stale(app: Sphinx, exception: Exception | None) -> None:
    """Delete the files of figures that no page shows any more."""
    folder = Path(app.outdir, FOLDER)
    if exception is None and folder.exists():
        pages = "".join(page.read_text("utf-8") for page in Path(app.outdir).rglob("*.html"))
        for path in folder.iterdir():
            if path.name not in pages:
                path.unlink()


def setup(app: Sphinx) -> None:
    """Register the node, its style sheet and its script."""
    others = {name: (visit_other, None) for name in ("latex", "text", "man", "texinfo")}
    app.add_node(LiveFigure, html=(visit_html, None), **others)
    app.add_css_file("live.css")
    app.connect("builder-inited", add_static)
    app.connect("html-page-context", add_script)
    app.connect("doctree-resolved", check_images)
    app.connect("build-finished", delete_stale)
