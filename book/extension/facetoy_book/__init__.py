"""Sphinx extension of the facetoy book. Each module does one thing and has its own `setup`."""

from importlib import import_module

from sphinx.application import Sphinx

PARTS = (
    "addresses",
    "cache",
    "claims",
    "figures",
    "folds",
    "landing",
    "part",
    "plain",
    "predictions",
    "previews",
    "repairs",
    "tables",
    "times",
)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register all parts with Sphinx."""
    for part in PARTS:
        import_module(f"{__name__}.{part}").setup(app)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
