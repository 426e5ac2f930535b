"""A page with one playground, for the tests of what readers make in it themselves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page
from widget_page import write_page

from facetoy import Playground


@pytest.fixture(scope="session")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_page(tmp_path_factory.mktemp("playground") / "page.html", one=Playground())


@pytest.fixture
def show(file: Path, visit: Callable[..., Page]) -> Callable[..., Page]:
    def show(fragment: str = "", **options) -> Page:
        # with less motion it draws less often, and trains faster
        page = visit(file.as_uri() + fragment, reduced_motion=True, **options)
        page.locator(".ft-hand").first.wait_for(state="attached")
        return page

    return show
