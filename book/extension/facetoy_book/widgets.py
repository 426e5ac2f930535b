"""Widgets of notebooks as live figures, with no kernel and without ipywidgets' own scripts.

An anywidget brings its front end as the source of one module (`_esm`) and its state as traits.
Both are in the executed notebook's metadata; `static/live.js` puts them together again.
"""

from __future__ import annotations

from base64 import b64decode
from typing import Any

from docutils import nodes
from myst_nb.core.render import (
    WIDGET_STATE_MIMETYPE,
    WIDGET_VIEW_MIMETYPE,
    MimeData,
    NbElementRenderer,
)

from facetoy_book.figures import LiveFigure, script
from facetoy_book.plots import image_alt

# Traits that only a live kernel or ipywidgets' own scripts use, and those sent on another way.
LEFT_OUT = {
    "_esm",
    "_css",
    "_still",
    "_html",
    "_withholds",
    "_anywidget_id",
    "_demand",
    "_dom_classes",
    "layout",
    "tabbable",
    "tooltip",
}
PNG = b"\x89PNG\r\n\x1a\n"


class Renderer(NbElementRenderer):
    """MyST-NB's renderer, except that no page carries the notebook's whole widget state."""

    def render_nb_finalise(self, metadata: dict[str, Any]) -> None:
        """Add nothing to the page: each widget's figure has its own data."""


def png_size(content: bytes) -> tuple[int, int]:
    """Width and height of a PNG in pixels; ValueError for anything else."""
    if content[:8] != PNG:
        raise ValueError("not a PNG")
    return int.from_bytes(content[16:20]), int.from_bytes(content[20:24])


def traits_of(model: dict[str, Any]) -> dict[str, Any]:
    """The traits a widget's front end may read; binary ones as base64 text are in `buffers`.

    `_static` tells it that there is no kernel, and that the page's address is the book's.
    """
    state = model["state"]
    values = {
        name: value
        for name, value in state.items()
        if name not in LEFT_OUT and not name.startswith(("_model_", "_view_"))
    }
    buffers = [
        {"path": buffer["path"], "data": buffer["data"]}
        for buffer in model.get("buffers", [])
        if buffer["path"][0] not in LEFT_OUT
    ]
    return {"values": {**values, "_static": True}, "buffers": buffers}


def still_of(model: dict[str, Any]) -> bytes:
    """The widget's still picture (trait `_still`) as PNG; empty if it has none."""
    for buffer in model.get("buffers", []):
        if buffer["path"] == ["_still"]:
            return b64decode(buffer["data"])
    return b""


class WidgetMime:
    """MyST-NB plugin for widgets: anywidgets with a still, or words, and an alt text.

    All others warn.
    """

    @staticmethod
    def handle_mime(
        renderer: NbElementRenderer, data: MimeData, inline: bool
    ) -> list[nodes.Element] | None:
        """A live figure for a widget's view, None for anything else."""
        if data.mime_type != WIDGET_VIEW_MIMETYPE or inline:
            return None
        widgets = renderer.renderer.nb_client.nb_metadata.get("widgets", {})
        models = widgets.get(WIDGET_STATE_MIMETYPE, {}).get("state", {})
        model = models.get(data.content.get("model_id"), {"state": {}})
        where = f"in cell {data.cell_index + 1}"

        def warn(message: str) -> list[nodes.Element]:
            renderer.logger.warning(message, subtype="widget", line=data.line)
            return []

        state = model["state"]
        if "_esm" not in state:
            return warn(f"widget {where} has no front end of its own: it would be dead in the page")
        words, still = state.get("_html", ""), still_of(model)
        if not words and not still.startswith(PNG):
            return warn(
                f"widget {where} has neither a still picture (trait _still, a PNG) nor words"
                " (trait _html)"
            )
        alt = image_alt(renderer, data) or str(state.get("_alt", "")).strip()
        if not alt:
            return warn(f"widget {where} has no alt text (trait _alt)")

        source = {"esm": state["_esm"], "css": state.get("_css", "")}
        source_key, source_name, source_content = script("source", source)
        key, name, content = script("widget", {"source": source_key, **traits_of(model)})
        assets = {source_name: source_content, name: content}
        shown = {"words": words}
        if not words:
            shown = {"still": f"{key}.png", "size": png_size(still)}
            assets[shown["still"]] = still
        node = LiveFigure(
            kind="widget",
            alt=alt,
            assets=assets,
            scripts=[source_name, name],
            key=key,
            demand=state.get("_demand", ""),
            withholds=state.get("_withholds", False),
            **shown,
        )
        return [node]
