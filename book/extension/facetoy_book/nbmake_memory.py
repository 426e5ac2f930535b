"""A plugin for pytest (`-p facetoy_book.nbmake_memory`): nbmake writes down the memory, too."""

from __future__ import annotations

from collections.abc import Iterator

import nbformat
import pytest

from facetoy_book.cache import PEAK
from facetoy_book.memory import ChildrenWatch


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Watch a notebook that runs; it is the only child of this process."""
    if not getattr(item, "nbmake", False):
        return (yield)
    with ChildrenWatch() as watch:
        done = yield
    if item.config.option.overwrite and watch.most is not None:
        notebook = nbformat.read(item.filename, as_version=4)
        notebook.metadata[PEAK] = watch.most
        nbformat.write(notebook, item.filename)
    return done
