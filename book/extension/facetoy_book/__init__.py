"""Sphinx extension of the facetoy book. Each module does one thing and has its own `setup`."""

from sphinx.application import Sphinx

from facetoy_book import cache, figures, plain, predictions, repairs, tables, times


def setup(app: Sphinx) -> dict[str, bool]:
    """Register all parts with Sphinx."""
    for part in (cache, figures, plain, predictions, repairs, tables, times):
        part.setup(app)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
