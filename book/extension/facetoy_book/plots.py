"""Plotly figures of notebooks as live figures of the book."""

from __future__ import annotations

from typing import Any

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


def slim(figure: dict[str, Any]) -> dict[str, Any]:
    """Data, layout and frames of a figure; of its template only the colours."""
    layout = dict(figure.get("layout", {}))
    template = layout.pop("template", {}).get("layout", {})
    if "colorway" in template:
        layout.setdefault("colorway", template["colorway"])
    frames = {"frames": figure["frames"]} if figure.get("frames") else {}
    return {"data": figure.get("data", []), "layout": layout, **frames}


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
        alt = str(meta.get("alt", "")).strip() if isinstance(meta, dict) else ""
        alt = alt or image_alt(renderer, data)
        if not alt:
            renderer.logger.warning(
                f"plotly figure without alt text in cell {data.cell_index + 1}: set"
                ' fig.update_layout(meta={"alt": ...}) or the cell metadata mystnb: image: alt',
                subtype="alt",
                line=data.line,
            )
        key, name, content = script("plot", figure)
        height = int(figure["layout"].get("height") or HEIGHT)
        node = LiveFigure(
            kind="plot", alt=alt, assets={name: content}, scripts=[name], key=key, height=height
        )
        return [node]
