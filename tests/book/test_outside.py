"""The book as others see it: shared links, search engines, wrong addresses."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
import yaml
from bs4 import BeautifulSoup
from conftest import QuietHandler
from PIL import Image
from playwright.sync_api import Page

ROOT = Path(__file__).parents[2]
BASE = yaml.safe_load((ROOT / "_config.yml").read_text())["html"]["baseurl"]
PREFIX = urlsplit(BASE).path
CARD = (1200, 630)


def told(page: Path) -> dict[str, str]:
    """What a page's meta tags say, by their names."""
    tags = BeautifulSoup(page.read_text("utf-8"), "html.parser").find_all("meta", content=True)
    return {tag.get("property") or tag.get("name"): tag["content"] for tag in tags}


def test_every_page_has_a_description_and_a_card(site: Path, page_name: str) -> None:
    says = told(site / page_name)
    if page_name == "search.html":
        return
    assert says["og:url"] == BASE + page_name
    assert len(says["description"]) > 40
    assert says["og:description"] == says["description"]
    assert says["twitter:card"] == "summary_large_image"
    assert len(says["og:image:alt"]) > 20
    assert says["og:image"].startswith(BASE)
    card = site / says["og:image"].removeprefix(BASE)
    with Image.open(card) as image:
        assert image.size == CARD
        assert image.size == (int(says["og:image:width"]), int(says["og:image:height"]))
    assert card.stat().st_size < 300_000


def test_each_chapter_has_a_card_of_its_own(site: Path, pages: list[str]) -> None:
    cards = [told(site / name)["og:image"] for name in pages if name.startswith("chapters/")]
    contents = {(site / card.removeprefix(BASE)).read_bytes() for card in cards}
    assert len(contents) == len(cards) > 1


def test_the_root_tells_what_the_landing_page_tells(site: Path) -> None:
    root, landing = told(site / "index.html"), told(site / "book/index.html")
    names = [name for name in landing if name and name.startswith("og:")]
    assert len(names) > 5
    assert {name: root[name] for name in names} == {name: landing[name] for name in names}
    assert root["description"] == landing["description"]


def test_the_sitemap_lists_all_pages_at_their_addresses(site: Path, pages: list[str]) -> None:
    tree = ElementTree.parse(site / "sitemap.xml")
    listed = [element.text for element in tree.iter() if element.tag.endswith("loc")]
    assert sorted(listed) == sorted(BASE + name for name in pages if name != "search.html")


def test_every_page_has_the_icon(site: Path, page_name: str) -> None:
    soup = BeautifulSoup((site / page_name).read_text(), "html.parser")
    (icon,) = soup.find_all("link", rel="icon")
    assert ((site / page_name).parent / icon["href"]).is_file()


# ---- a wrong address


class PagesHandler(QuietHandler):
    """Serves the book below its path, and its page for wrong addresses, as GitHub Pages does."""

    def translate_path(self, path: str) -> str:
        parts = urlsplit(path)
        if not parts.path.startswith(PREFIX):
            return str(Path(self.directory, "outside of the book"))
        found = Path(super().translate_path("/" + path.removeprefix(PREFIX)))
        wants_page = "text/html" in self.headers.get("Accept", "")
        return str(found if found.exists() or not wants_page else Path(self.directory, "404.html"))


@pytest.fixture
def published(site: Path) -> Iterator[str]:
    """Address of the book, served as it is published."""
    handler = partial(PagesHandler, directory=str(site))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}{PREFIX}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("wrong", ["gone.html", "chapters/gone.html", "a/b/c/d"])
def test_a_wrong_address_shows_a_page_that_leads_on(
    visit: Callable[..., Page], published: str, site: Path, wrong: str
) -> None:
    page = visit(published + wrong)
    assert page.locator("article h1").inner_text() == "There is no such page"
    links = page.locator("a[href]").evaluate_all("links => links.map((link) => link.href)")
    inner = {link.partition("#")[0] for link in links if link.startswith(published)}
    inner -= {published + wrong}
    assert len(inner) > 5
    for link in inner:
        assert (site / link.removeprefix(published)).is_file(), link
    assert not [link for link in links if link.startswith("http://") and published not in link]
    page.locator("article").get_by_role("link", name="Begin at the front").click()
    page.wait_for_url("**/book/index.html")
    page.go_back()
    page.locator("article").get_by_role("link", name="search").click()
    page.wait_for_url("**/search.html")
