"""Plotly figures of notebooks as live figures of the book."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any

import numpy as np
from docutils import nodes
from myst_nb.core.render import MimeData, NbElementRenderer

from facetoy_book.figures import LiveFigure, script

HEIGHT = 450  # pixels: plotly's own default


def image_alt(renderer: NbElementRenderer, data: MimeData) -> str:
    """The alt text that a cell's metadata give (`mystnb: image: alt`), or an empty string."""
    options = renderer.renderer.get_cell_level_config(
        "render_image_options", data.cell_metadata, line=data.line
    )
    return str(options.get("alt", "")).strip()


def single(value: Any) -> Any:
    """The same value with its float64 numbers in single precision, which is ample for a picture."""
    if isinstance(value, dict):
        if value.get("dtype") == "f8":  # plotly's way to send an array: base64 of its bytes
            numbers = np.frombuffer(b64decode(value["bdata"]), "<f8").astype("<f4")
            return {**value, "dtype": "f4", "bdata": b64encode(numbers.tobytes()).decode()}
        return {key: single(item) for key, item in value.items()}
    if isinstance(value, list):
        return [single(item) for item in value]
    return float(f"{value:.7g}") if isinstance(value, float) else value


def slim(figure: dict[str, Any]) -> dict[str, Any]:
    """Data, layout and frames of a figure; of its template only the colours."""
    layout = dict(figure.get("layout", {}))
    template = layout.pop("template", {}).get("layout", {})
    if "colorway" in template:
        layout.setdefault("colorway", template["colorway"])
    frames = {"frames": single(figure["frames"])} if figure.get("frames") else {}
    return {"data": single(figure.get("data", [])), "layout": layout, **frames}


class PlotlyMime:
    """MyST-NB plugin for plotly's mime type.

    Alt text: `fig.layout.meta["alt"]`, else the cell's `mystnb: image: alt`; none is a warning.
    """

    mime_type = "application/vnd.plotly.v1+json"
    mime_priority_overrides = (("html", mime_type, 5),)

    @classmethod
    def handle_mime(
        cls, renderer: NbElementRenderer, data: MimeData, inline: bool
    ) -> list[nodes.Element] | None:
        """A live figure for a plotly bundle, None for anything else."""
        if data.mime_type != cls.mime_type or inline:
            return None
        figure = slim(data.content)
        meta = figure["layout"].get("meta")
        meta = meta if isinstance(meta, dict) else {}
        alt = str(meta.get("alt", "")).strip()
        alt = alt or image_alt(renderer, data)
        if not alt:
            renderer.logger.warning(
                f"plotly figure without alt text in cell {data.cell_index + 1}: set"
                ' fig.update_layout(meta={"alt": ...}) or the cell metadata mystnb: image: alt',
                subtype="alt",
                line=data.line,
            )
        # facetoy.plots: without the room for plotly's own sliders
        height = int(meta.get("height") or figure["layout"].get("height") or HEIGHT)
        figure["layout"]["height"] = height
        key, name, content = script("plot", figure)
        node = LiveFigure(
            kind="plot", alt=alt, assets={name: content}, scripts=[name], key=key, height=height
        )
        return [node]
