"""Live figures: the document node that plots and widgets become, and the files it needs.

A figure's data are not part of its page. They go into the folder `_live` of the built book as
classic scripts (a page opened from disk can load nothing else), which `static/live.js` fetches
when the figure comes near the reader's view.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from functools import cache
from html import escape, unescape
from importlib.resources import files
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.builders import Builder
from sphinx.util import logging
from sphinx.util.osutil import relative_uri
from sphinx.writers.html5 import HTML5Translator

FOLDER = "_live"
BLOCK_END = re.compile(r"</(?:p|li)>")
TAG = re.compile(r"<[^>]*>")
LOGGER = logging.getLogger(__name__)


class LiveFigure(nodes.General, nodes.Element):
    """A figure that a script brings to life.

    Attributes: `kind` ("plot" or "widget"), `alt`, `assets` (file name -> bytes, written to the
    built book), `scripts` (names of the assets to load, in order), `key` (name under which the
    scripts register the figure's data), and either `height` in pixels, or `still`, the name of the
    picture to show meanwhile, with its `size` (width, height), or `words`, HTML to show meanwhile.
    With a text in `demand` the scripts are loaded only once the reader presses a button that says
    so. What follows a figure that `withholds` waits until the reader has answered it.

    A figure with words has them as its children too, for search, times and other formats.
    """

    def __init__(self, words: str = "", **attributes: Any) -> None:
        blocks = (unescape(TAG.sub("", block)).strip() for block in BLOCK_END.split(words))
        texts = [nodes.paragraph("", block) for block in blocks if block]
        super().__init__("", *texts, words=words, **attributes)


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

    root = relative_uri(self.builder.get_target_uri(self.builder.current_docname), FOLDER)
    urls = escape(" ".join(f"{root}/{name}" for name in scripts))
    more = " data-withholds" if node.get("withholds") else ""
    if node.get("demand"):
        size = sum(len(gzip.compress(assets[name])) for name in scripts)
        more += f' data-demand="{escape(node["demand"])} ({size / 1000:.0f} kB)"'
    self.body.append(
        f'<figure class="facetoy-{node["kind"]}" data-key="{node["key"]}"'
        f' data-scripts="{urls}"{more}>\n{inside(self.builder, node, root)}</figure>\n'
    )
    raise nodes.SkipNode


def inside(builder: Builder, node: LiveFigure, root: str) -> str:
    """The place where a figure will live, and what is shown there meanwhile."""
    alt = escape(node["alt"])
    if node["kind"] == "plot":
        return (
            f'<div class="facetoy-live" role="img" aria-label="{alt}"'
            f' style="height:{node["height"]}px"></div>\n'
            f"<noscript><p>This figure is drawn by a script. It shows: {alt}</p></noscript>\n"
        )
    if node["words"]:
        shown = f'<div class="facetoy-words">{with_pages(builder, node["words"])}</div>'
    else:
        width, height = node["size"]
        shown = (
            f'<img class="facetoy-still" src="{root}/{node["still"]}" alt="{alt}"'
            f' width="{width}" height="{height}">'
        )
    return f'{shown}\n<div class="facetoy-live"></div>\n'


def with_pages(builder: Builder, html: str) -> str:
    """The same HTML, in which links to the published book lead to the pages of this one."""
    env, here, base = builder.env, builder.current_docname, builder.config.html_baseurl

    def page(link: re.Match) -> str:
        name = link["page"]
        if name not in env.found_docs:
            LOGGER.warning(f"the book has no page {link[0]}", location=here, type="facetoy")
            return link[0]
        return builder.get_relative_uri(here, name)

    address = rf'(?<= href="){re.escape(base)}(?P<page>[^"#]*)\.html(?=["#])'
    return re.sub(address, page, html) if base else html


def visit_other(self: Any, node: LiveFigure) -> None:
    """Other output formats get the figure's words, or its description."""
    if node["words"]:
        return
    self.visit_paragraph(nodes.paragraph())
    self.visit_Text(nodes.Text(node["alt"]))
    self.depart_Text(nodes.Text(node["alt"]))
    self.depart_paragraph(nodes.paragraph())
    raise nodes.SkipNode


def depart_other(self: Any, node: LiveFigure) -> None:
    """Nothing stands after a figure's words."""


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
    others = {name: (visit_other, depart_other) for name in ("latex", "text", "man", "texinfo")}
    app.add_node(LiveFigure, html=(visit_html, None), **others)
    app.add_css_file("live.css")
    app.connect("builder-inited", add_static)
    app.connect("html-page-context", add_script)
    app.connect("doctree-resolved", check_images)
    app.connect("build-finished", delete_stale)
