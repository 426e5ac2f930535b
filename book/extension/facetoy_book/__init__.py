"""Sphinx extension of the facetoy book. Each module does one thing and has its own `setup`."""

from sphinx.application import Sphinx

from facetoy_book import (
    addresses,
    cache,
    figures,
    landing,
    plain,
    predictions,
    previews,
    repairs,
    tables,
    times,
)

PARTS = (
    addresses,
    cache,
    figures,
    landing,
    plain,
    predictions,
    previews,
    repairs,
    tables,
    times,
)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register all parts with Sphinx."""
    for part in PARTS:
        part.setup(app)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
