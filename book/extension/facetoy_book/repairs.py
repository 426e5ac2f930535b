"""Small repairs of what Sphinx and the theme write."""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx

# Sphinx fetches every found page to quote it, which a browser refuses for pages opened from disk.
NO_SUMMARY = 'if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;'


def repair(app: Sphinx, page: str, template: str, context: dict, doctree: Any) -> None:
    """No quotes on a search page opened from disk; no list without list items around citations."""
    if page == "search":
        app.add_js_file(None, body=NO_SUMMARY)
    if "body" in context:
        context["body"] = context["body"].replace(
            '<div role="list" class="citation-list">', '<div class="citation-list">'
        )


def setup(app: Sphinx) -> None:
    """Hook into page writing."""
    app.connect("html-page-context", repair)
