"""What a page's link looks like where people share it: a card with its title and its own still.

A page without a still gets the landing page's. The cards lie in `_previews` of the built book. The
description is how the page's prose begins. sphinxext-opengraph writes the tags.
"""

from __future__ import annotations

import io
import re
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from PIL import Image, ImageDraw, ImageFont
from sphinx.application import Sphinx
from sphinx.util import logging

from facetoy_book.figures import LiveFigure

LOGGER = logging.getLogger(__name__)
FOLDER = "_previews"
WIDTH, HEIGHT = 1200, 630  # pixels, which those who show previews ask for
EDGE, COLUMN = 56, 440  # around all, and the width of the words
INK, MUTED = "#1f2733", "#5b6472"
SIZES = (60, 52, 44)  # of the title; the first that fits is taken
COLORS = 256
PALEST = 250  # what is paler becomes the white of the card
LONGEST = 200  # letters of a description
SENTENCE = re.compile(r"(?<=[.?!])\s+")


def first_still(tree: nodes.document) -> LiveFigure | None:
    """The first figure of a page that has a still picture."""
    return next((figure for figure in tree.findall(LiveFigure) if figure.get("still")), None)


def beginning(tree: nodes.document) -> str:
    """The first sentences of a page's prose, outside of boxes."""
    for paragraph in tree.findall(nodes.paragraph):
        if isinstance(paragraph.parent, nodes.section):
            said, *more = SENTENCE.split(" ".join(paragraph.astext().split()))
            for sentence in more:
                if len(said) + len(sentence) >= LONGEST:
                    break
                said += f" {sentence}"
            return said
    return ""


def font(size: int, *, bold: bool) -> ImageFont.FreeTypeFont:
    """The font that matplotlib brings, which is the same everywhere."""
    from matplotlib.font_manager import FontProperties, findfont

    weight = "bold" if bold else "normal"
    return ImageFont.truetype(findfont(FontProperties(family="DejaVu Sans", weight=weight)), size)


def lines(words: str, letters: ImageFont.FreeTypeFont) -> list[str]:
    """The words in lines that are no wider than the column, if each word is not."""
    found = [""]
    for word in words.split():
        longer = f"{found[-1]} {word}".strip()
        if letters.getlength(longer) <= COLUMN or not found[-1]:
            found[-1] = longer
        else:
            found.append(word)
    return found


def card(title: str, site: str, still: bytes) -> bytes:
    """PNG bytes of a preview."""
    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    picture = Image.open(io.BytesIO(still)).convert("RGB")
    picture = picture.point(lambda value: 255 if value > PALEST else value)
    room = (WIDTH - COLUMN - 3 * EDGE, HEIGHT - EDGE)
    scale = min(room[0] / picture.width, room[1] / picture.height)
    size = (round(picture.width * scale), round(picture.height * scale))
    left = COLUMN + 2 * EDGE + (room[0] - size[0]) // 2
    image.paste(picture.resize(size, Image.LANCZOS), (left, (HEIGHT - size[1]) // 2))
    draw = ImageDraw.Draw(image)
    for points in SIZES:
        letters = font(points, bold=True)
        wrapped = lines(title, letters)
        if max(map(letters.getlength, wrapped)) <= COLUMN and len(wrapped) <= 5:
            break
    middle = (EDGE, HEIGHT // 2)
    draw.multiline_text(middle, "\n".join(wrapped), INK, letters, anchor="lm", spacing=16)
    draw.text((EDGE, HEIGHT - EDGE), site, MUTED, font(28, bold=False), anchor="ls")
    out = io.BytesIO()
    image.quantize(COLORS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
        out, "png", optimize=True
    )
    return out.getvalue()


def add_preview(app: Sphinx, page: str, template: str, context: dict, doctree: Any) -> None:
    """Draw the page's card, and name it for the extension that writes the tags."""
    if doctree is None or app.builder.name != "html":
        return
    figure = first_still(doctree) or first_still(app.env.get_doctree(app.config.root_doc))
    if figure is None:
        return
    name = f"{FOLDER}/{page.replace('/', '-')}.png"
    path = Path(app.outdir, name)
    path.parent.mkdir(exist_ok=True)
    site, title = app.config.ogp_site_name, app.env.titles[page].astext()
    if page == app.config.root_doc:
        title = app.config.html_title
    path.write_bytes(card(title, site, figure["assets"][figure["still"]]))
    description = beginning(doctree)
    if not description:
        LOGGER.warning("no prose to describe the page by", location=page, type="facetoy")
    context["metatags"] += f'<meta name="description" content="{escape(description)}">\n'
    context["meta"] = {
        **(context.get("meta") or {}),
        "og:image": app.config.html_baseurl + name,
        "og:image:width": str(WIDTH),
        "og:image:height": str(HEIGHT),
        "og:image:alt": figure["alt"],
        "og:description": description,
    }


def setup(app: Sphinx) -> None:
    """Hook into page writing, before the tags are written."""
    app.connect("html-page-context", add_preview, priority=400)
