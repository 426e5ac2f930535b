"""The search page, opened from disk."""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx

# Sphinx fetches every found page to quote it, which a browser refuses for pages opened from disk.
NO_SUMMARY = (
    'if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;'
)


def add_script(app: Sphinx, page: str, template: str, context: dict, doctree: Any) -> None:
    """On the search page, leave the quotes out where they cannot be had."""
    if page == "search":
        app.add_js_file(None, body=NO_SUMMARY)


def setup(app: Sphinx) -> None:
    """Hook into the search page."""
    app.connect("html-page-context", add_script)
