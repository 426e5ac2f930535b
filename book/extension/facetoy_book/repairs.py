"""Small repairs of what Sphinx and the theme write."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.util.inspect import stringify_signature

# Sphinx fetches every found page to quote it, which a browser refuses for pages opened from disk.
NO_SUMMARY = 'if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;'


def repair(app: Sphinx, page: str, template: str, context: dict, doctree: Any) -> None:
    """No quotes on a search page opened from disk; no list without list items around citations.

    The search finds headings by their words. A folded cell says to all readers what it says to
    those who see: that it shows code.
    """
    if page == "search":
        app.add_js_file(None, body=NO_SUMMARY)
        app.add_js_file("search.js", loading_method="defer")
    if "body" in context:
        context["body"] = (
            context["body"]
            .replace('<div role="list" class="citation-list">', '<div class="citation-list">')
            .replace('<summary aria-label="Toggle hidden content">', "<summary>")
        )


def sign(
    app: Sphinx, what: str, name: str, thing: Any, options: Any, signature: str, returns: str
) -> tuple[str, str] | None:
    """The arguments of a widget, which traitlets' own hide from autodoc."""
    if what != "class" or signature != "(*args, **kwargs)":
        return None
    return stringify_signature(inspect.signature(thing), show_annotation=False), returns


def lighten(app: Sphinx, exception: Exception | None) -> None:
    """Empty the theme's 0.5 MB script that redraws all icons, as its web font has them too."""
    script = Path(app.outdir, "_static", "scripts", "fontawesome.js")
    if exception is None and script.exists():
        script.write_text("")


def setup(app: Sphinx) -> None:
    """Hook into the reference, page writing and the end of the build."""
    app.add_js_file("print.js", loading_method="defer")
    app.connect("html-page-context", repair)
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-signature", sign)
    app.connect("build-finished", lighten)
