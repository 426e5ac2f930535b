"""The built book as readers meet it: whole without a network, from a server and from disk."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest
import yaml
from bs4 import BeautifulSoup
from playwright.sync_api import Browser, Page, expect

ROOT = Path(__file__).parents[2]
FIRST_VISIT = 3_000_000  # bytes, gzipped
FURTHER_VISIT = 600_000
PLAYGROUND_WEIGHT = 250_000  # beyond the theme
PLAYGROUND = "chapters/playground.html"
PHONE = {"width": 390, "height": 844, "touch": True}
FIGURES = ".facetoy-plot, .facetoy-widget"

# One figure after another comes into view, as for a reader; one that is kept back by a prediction
# is shown first.
BRING_TO_LIFE = """async ([figures, all]) => {
  document.querySelectorAll(".facetoy-skip").forEach((button) => button.click());
  if (all) document.querySelectorAll(".facetoy-start").forEach((button) => button.click());
  for (const figure of document.querySelectorAll(figures)) {
    if (figure.dataset.demand && !all) continue;
    figure.scrollIntoView({block: "center", behavior: "instant"});
    while (!figure.matches(".is-live, :has(.facetoy-note)")) {
      await new Promise((next) => setTimeout(next, 20));
    }
  }
  scrollTo({top: 0, behavior: "instant"});
}"""
# Code has thousands of words in few colours: of each look one is kept.
THIN = """() => {
  const look = (token) => [token, token.closest("pre")].map(getComputedStyle)
    .map((s) => [s.color, s.backgroundColor, s.fontSize, s.fontWeight]).join();
  const seen = new Set();
  for (const [token, its] of [...document.querySelectorAll("pre span")].map((t) => [t, look(t)]))
    seen.has(its) ? token.replaceWith(...token.childNodes) : seen.add(its);
}"""
# Without preload, which fetches every style sheet a second time.
AXE = """() => axe.run({preload: false, resultTypes: ["violations"]})"""
# The colour of the first axis label or legend text in every plot.
LETTER_COLOURS = """() => [...document.querySelectorAll(".facetoy-plot")].map(
  (plot) => getComputedStyle(plot.querySelector('[class*="tick"] text, .legendtext')).fill)"""
# Where the lines and points of plots with sliders are, without a call for each of them.
DRAWN = """() => [
  ...document.querySelectorAll(".facetoy-plot:has(.facetoy-plot-slider)")
].map((plot) =>
  [...plot.querySelectorAll("path.js-line, .contourlayer path, path.point")]
    .map((p) => p.getAttribute("d") + p.getAttribute("transform")))"""
CUT = """() => {
  document.querySelectorAll("article details").forEach((fold) => (fold.open = true));
  const inside = (table) => table.closest(".pst-scrollable-table-container") ?? table.parentElement;
  const found = (what) => [...document.querySelectorAll("article " + what)];
  const wide = (b) => b.offsetParent && b.scrollWidth > b.clientWidth + 1;
  const edge = (document.querySelector("article") ?? document.body).getBoundingClientRect().right;
  const over = (b) => !b.closest("table") && b.getBoundingClientRect().right > edge + 1;
  const name = (block) => block.textContent.trim().slice(0, 60);
  return {
    code: found("pre").filter(wide).map(name),
    tables: found("table").map(inside).filter(wide).map(name),
    formulas: [...found("mjx-container[display]").filter(wide),
               ...found("mjx-container:not([display])").filter(over)].map(name),
  };
}"""


def chapters() -> list[str]:
    """Addresses of the numbered chapters that the table of contents lists."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    entries = [entry["file"] for part in toc["parts"] for entry in part["chapters"]]
    return [f"{name}.html" for name in entries if re.match(r"chapters/\d", name)]


def bring_to_life(page: Page, *, all_: bool = True) -> None:
    """Scroll through the page as a reader does and wait until every figure is live, or every one
    that does not wait to be started."""
    page.evaluate(BRING_TO_LIFE, [FIGURES, all_])
    assert page.locator(".facetoy-note").count() == 0, "a figure could not be shown"


def wait_for_formulas(page: Page) -> None:
    """Wait until MathJax, where the page has it, has typeset every formula."""
    if page.locator(".math").count():
        page.wait_for_function("() => self.MathJax?.startup?.promise?.then(() => true)")


# ---- every page: on a wide screen; from disk, on a phone in the dark; without scripts


def check_whole(page: Page) -> None:
    """All formulas are typeset, all figures drawn."""
    bring_to_life(page)
    wait_for_formulas(page)

    unset = page.evaluate(
        """() => [...document.querySelectorAll(".math")]
             .filter((formula) => !formula.querySelector("mjx-container"))
             .map((formula) => formula.textContent)"""
    )
    assert unset == []
    assert page.locator("mjx-merror, [data-mjx-error]").count() == 0

    blank = page.evaluate(
        """() => [...document.querySelectorAll(".facetoy-plot .facetoy-live")]
             .filter((plot) => !plot.data.length || !plot.querySelector(
               ".trace path, .trace .point, .heatmaplayer image, .contourlayer path, .bars path"))
             .map((plot) => plot.getAttribute("aria-label"))"""
    )
    assert blank == []

    empty = page.evaluate(
        """() => [...document.querySelectorAll(".facetoy-widget")]
             .filter((widget) => widget.querySelector(".facetoy-live").clientHeight < 40
               || widget.querySelector(".facetoy-still, .facetoy-words").clientHeight > 0)
             .map((widget) => widget.querySelector("img")?.alt ?? widget.textContent)"""
    )
    assert empty == []
    # What ipywidgets leaves in a page are controls that nothing answers.
    assert page.locator('script[type*="jupyter.widget"], [class*="jupyter-widget"]').count() == 0


def check_accessible(page: Page) -> None:
    """axe has no serious findings."""
    page.evaluate(THIN)
    page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text())
    result = page.evaluate(AXE)
    findings = [
        f"{violation['id']} ({violation['impact']}): {node['html'][:200]}\n"
        f"    {node['failureSummary'].splitlines()[1].strip()}"
        for violation in result["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]
    assert not findings, "\n".join(findings)


def check_sliders(page: Page, name: str) -> None:
    """A key on a plot's slider changes what is drawn."""
    sliders = page.locator(".facetoy-plot-slider input")
    drawn_with_one = ("Slid(", "circle_regions(", "landscape(")
    source = (ROOT / name.replace(".html", ".ipynb")).read_text()
    assert sliders.count() >= any(call in source for call in drawn_with_one)
    for slider in sliders.all():
        before, says = page.evaluate(DRAWN), slider.get_attribute("aria-valuetext")
        last = slider.input_value() == slider.get_attribute("max")
        slider.press("ArrowLeft" if last else "ArrowRight")
        expect(slider).not_to_have_attribute("aria-valuetext", says)
        after = page.evaluate(DRAWN)
        for _ in range(400):  # until it has moved and come to rest
            page.wait_for_timeout(150)
            still, after = after, page.evaluate(DRAWN)
            if before != after == still:
                break
        assert before != after == still


def check_theme(page: Page) -> None:
    """Plots follow the switch from light to dark, and keep what their sliders have set."""
    light, drawn = page.evaluate(LETTER_COLOURS), page.evaluate(DRAWN)
    assert light
    button = page.locator("button.theme-switch-button:visible").first
    for _ in range(3):  # the switch goes through light, dark and the system's own
        if page.evaluate("document.documentElement.dataset.theme") == "dark":
            break
        button.click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    followed = f"(light) => ({LETTER_COLOURS})().every((colour, i) => colour !== light[i])"
    page.wait_for_function(followed, arg=light)
    page.wait_for_timeout(500)
    same = f"(drawn) => JSON.stringify(({DRAWN})()) === JSON.stringify(drawn)"
    page.wait_for_function(same, arg=drawn)


def check_finger(page: Page, swipe: Callable[..., None]) -> None:
    """A finger on a plot scrolls the page."""
    plot = page.locator(".facetoy-plot").first
    plot.evaluate("(plot) => plot.scrollIntoView({block: 'center', behavior: 'instant'})")
    before = page.evaluate("scrollY")
    box = plot.bounding_box()
    swipe(page, box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, 0, -200)
    page.wait_for_function("(before) => scrollY > before + 100", arg=before)


def check_not_cut(page: Page) -> None:
    """No code, table or formula is cut on a laptop, where sidebars leave the narrowest column,
    without one, and on a phone."""
    whole = {"code": [], "tables": [], "formulas": []}
    page.set_viewport_size({"width": 1280, "height": 800})
    assert page.evaluate(CUT) == whole
    page.set_viewport_size({"width": 1024, "height": 800})
    assert page.evaluate(CUT) == whole
    page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    assert page.evaluate(CUT) | {"tables": []} == whole  # tables scroll in their own boxes


def check_print(page: Page) -> None:
    """On paper widgets are stills, or words."""
    page.emulate_media(media="print")
    for still in page.locator(".facetoy-still, .facetoy-words").all():
        assert still.is_visible()
    for live in page.locator(".facetoy-widget .facetoy-live").all():
        assert not live.is_visible()


def test_page_on_a_wide_screen(visit: Callable[..., Page], page_name: str) -> None:
    page = visit(page_name)
    check_whole(page)
    check_accessible(page)
    if page_name in chapters():
        check_sliders(page, page_name)
        check_theme(page)
    check_not_cut(page)
    check_print(page)


def test_page_from_disk_on_a_phone_in_the_dark(
    visit: Callable[..., Page], swipe: Callable[..., None], site: Path, page_name: str
) -> None:
    page = visit(site / page_name, dark=True, **PHONE)
    check_whole(page)
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert page.evaluate("visualViewport.width") == pytest.approx(PHONE["width"], abs=1)
    check_accessible(page)
    if page_name in chapters():
        check_finger(page, swipe)


def test_no_scripts_shows_stills_and_words(visit: Callable[..., Page], page_name: str) -> None:
    page = visit(page_name, no_scripts=True)
    for still in page.locator(".facetoy-still").all():
        assert still.is_visible()
        assert still.evaluate("(image) => image.decode().then(() => image.naturalWidth)") > 100
        assert len(still.get_attribute("alt")) > 20
    for words in page.locator(".facetoy-words").all():
        assert words.is_visible()
    for plot in page.locator(".facetoy-plot").all():
        assert "It shows:" in plot.inner_text()


# ---- the book's machinery


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_root_leads_to_the_landing_page(
    visit: Callable[..., Page], site: Path, scheme: str
) -> None:
    page = visit("index.html" if scheme == "http" else site / "index.html")
    page.wait_for_url("**/book/index.html")


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_search_finds(visit: Callable[..., Page], site: Path, base_url: str, scheme: str) -> None:
    root = base_url if scheme == "http" else site.as_uri() + "/"
    page = visit(f"{root}search.html?q=softmax")
    page.locator("#search-results li a").first.wait_for()
    page.wait_for_load_state("networkidle")


def test_data_do_not_hold_up_the_prose(site: Path, pages: list[str]) -> None:
    for name in pages:
        scripts = BeautifulSoup((site / name).read_text(), "html.parser").find_all("script")
        assert not [s["src"] for s in scripts if "_live/" in s.get("src", "")], name


def test_links_inside_the_book_resolve(site: Path, pages: list[str]) -> None:
    soups = {name: BeautifulSoup((site / name).read_text(), "html.parser") for name in pages}
    targets = {
        name: {tag["id"] for tag in soup.find_all(id=True)} | {""} for name, soup in soups.items()
    }
    broken = []
    for name, soup in soups.items():
        for link in soup.find_all("a", href=True):
            address, fragment = urldefrag(link["href"])
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                continue
            target = unquote(urljoin(name, parts.path)) if parts.path else name
            known = fragment in targets[target] if target in targets else (site / target).is_file()
            if fragment.startswith("playground&"):  # settings: their own test follows them
                known = target == PLAYGROUND
            if not known:
                broken.append(f"{name}: {link['href']}")
    assert not broken, "\n".join(broken)


def test_launch_buttons_have_the_right_address(site: Path) -> None:
    repository = yaml.safe_load((ROOT / "_config.yml").read_text())["repository"]
    where = repository["url"].removeprefix("https://github.com/")
    branch = repository["branch"]
    for name in chapters():
        soup = BeautifulSoup((site / name).read_text(), "html.parser")
        links = {link.get("href") for link in soup.find_all("a")}
        notebook = name.replace(".html", ".ipynb")
        assert f"https://colab.research.google.com/github/{where}/blob/{branch}/{notebook}" in links
        assert f"https://mybinder.org/v2/gh/{where}/{branch}?urlpath=lab/tree/{notebook}" in links


# ---- predictions, links, tables


@pytest.mark.parametrize("name", chapters())
def test_predictions_keep_the_result_back_until_the_reader_commits(
    visit: Callable[..., Page], name: str
) -> None:
    page = visit(name)
    boxes = page.locator("[data-withholds]")
    assert boxes.count() > 0
    for k, box in enumerate(boxes.all()):
        rest = box.locator("xpath=ancestor::div[contains(@class, 'cell ')]/following-sibling::*[1]")
        result = rest.locator(":scope > .cell:first-child > .cell_output:first-child")
        figure = result.locator(
            ".facetoy-plot, .facetoy-widget:not([data-withholds]), table, .output"
        ).first
        assert figure.count() == 1
        assert rest.locator(":scope > .cell:first-child > details:not([open]) pre").count() > 0
        assert rest.evaluate("(rest) => rest.hidden === 'until-found'")
        if k % 2:
            box.get_by_role("button", name="Show the result").click()
        else:
            box.scroll_into_view_if_needed()
            answer = box.locator("ul button").first
            answer.click()
            assert answer.get_attribute("aria-pressed") == "true"
            assert answer.inner_text() in box.get_by_role("status").inner_text()
        assert not rest.evaluate("(rest) => rest.hidden")
        figure.scroll_into_view_if_needed()
        assert figure.is_visible()
        assert box.get_by_role("button", name="Show the result").count() == 0


def test_a_link_into_a_kept_back_part_shows_it(visit: Callable[..., Page], base_url: str) -> None:
    page = visit(chapters()[0])
    target = page.locator(".facetoy-withheld [id]").first.get_attribute("id")
    page = visit(f"{base_url}{chapters()[0]}#{target}")
    page.wait_for_function(
        "(id) => !document.getElementById(id).closest('.facetoy-withheld').hidden", arg=target
    )


def test_a_wide_table_shows_that_it_scrolls(visit: Callable[..., Page]) -> None:
    page = visit("chapters/02_softmax.html", **PHONE)
    page.get_by_role("button", name="Show all results").click()
    box = page.locator(".cell_output .pst-scrollable-table-container").first
    expect(box).to_have_class(re.compile("facetoy-more"))
    expect(box).to_have_attribute("tabindex", "0")  # keys scroll it
    box.evaluate("(box) => box.scrollTo(box.scrollWidth, 0)")
    expect(box).not_to_have_class(re.compile("facetoy-more"))
    page.set_viewport_size({"width": 1280, "height": 800})
    box.evaluate("(box) => box.scrollTo(0, 0)")
    expect(box).not_to_have_class(re.compile("facetoy-more"))
    expect(box).to_have_attribute("tabindex", "-1")


def test_headings_sort_the_tables_that_cells_print(visit: Callable[..., Page]) -> None:
    page = visit("chapters/09_side_by_side.html")
    bring_to_life(page)
    table = page.locator(".cell_output table").first
    for column, heading in enumerate(table.locator("th").all()):
        if not heading.inner_text().strip():
            continue

        def cells(column=column) -> list[float]:
            found = table.locator(f"tbody tr td:nth-child({column + 1})").all_inner_texts()
            return [float(text.split()[0]) for text in found if text != "–"]

        button = heading.get_by_role("button")
        button.press("Enter")
        assert heading.get_attribute("aria-sort") == "ascending"
        assert cells() == sorted(cells())
        button.click()
        assert heading.get_attribute("aria-sort") == "descending"
        assert cells() == sorted(cells(), reverse=True)
    assert table.locator("tbody tr").count() == 9


# ---- the playground in the book


@pytest.mark.parametrize("name", [name for name in chapters() if "01" < name[9:11] < "10"])
def test_chapters_bring_a_playground_on_demand(visit: Callable[..., Page], name: str) -> None:
    """It waits for the reader, and its link opens the playground's page with the same settings."""
    page = visit(name)
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    start = page.get_by_role("button", name="Start the playground")
    assert page.locator(".ft-playground").count() == 0
    start.focus()
    page.keyboard.press("Enter")
    page.locator(".ft-playground").wait_for()
    assert page.evaluate("document.activeElement.textContent") == "Play"
    assert start.count() == 0
    losses = [select.input_value() for select in page.locator(".ft-setup select[id*=loss]").all()]
    settings = page.locator(".ft-setup output").all_inner_texts()
    page.get_by_role("link", name="Open this on a page of its own").click()
    page.wait_for_url("**/playground.html#playground&*")
    page.locator(".ft-playground").first.wait_for()
    first = page.locator(".ft-playground").first
    assert [s.input_value() for s in first.locator(".ft-setup select[id*=loss]").all()] == losses
    assert first.locator(".ft-setup output").all_inner_texts() == settings


def test_links_on_the_playground_page_set_it(visit: Callable[..., Page]) -> None:
    page = visit(PLAYGROUND)
    first = page.locator(".ft-playground").first
    first.wait_for()
    before = first.locator(".ft-link").get_attribute("href")
    links = page.locator('article a[href^="#playground&"]:not(.ft-link)')
    assert links.count() >= 10
    seen = {before}
    for link in links.all():
        shown = first.locator(".ft-link").get_attribute("href")
        link.click()
        expect(first.locator(".ft-link")).not_to_have_attribute("href", shown)
        page.wait_for_function("() => scrollY < 500")
        assert "Set to" in first.locator(".ft-said").inner_text()
        seen.add(first.locator(".ft-link").get_attribute("href"))
    assert len(seen) == len({link.get_attribute("href") for link in links.all()}) + 1


SCREEN = {"width": 1280, "height": 800}


@pytest.mark.parametrize(
    "settings",
    [
        "loss=arcface&m=0.5",
        "loss=arcface&b.loss=cosface",
        "loss=combined&b.loss=center",
        "data=faces",
        "data=faces&b.loss=cosface",
    ],
)
def test_all_of_the_playground_is_on_one_screen(visit: Callable[..., Page], settings: str) -> None:
    """Its page begins with it; all there is to play with, and the challenges, at first sight."""
    page = visit(f"{PLAYGROUND}#playground&{settings}", **SCREEN)
    first = page.locator(".ft-playground").first
    first.wait_for()
    page.evaluate("scrollTo(0, 0)")
    before = page.locator("article .facetoy-widget").first.evaluate(
        """(figure) => [...document.querySelectorAll("article :is(p, pre, summary, li)")].filter(
          (one) => one.compareDocumentPosition(figure) === Node.DOCUMENT_POSITION_FOLLOWING)
          .map((one) => one.textContent)"""
    )
    assert before == []
    things = "button, select, input, canvas, summary, .ft-tasks li, .ft-readouts dd, figcaption"
    shown = [one for one in first.locator(things).all() if one.is_visible()]
    assert len(shown) > 30
    for thing in shown:
        box = thing.bounding_box()
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= SCREEN["height"], thing.evaluate(
            "(one) => one.outerHTML"
        )
        assert box["x"] + box["width"] <= SCREEN["width"]


# ---- light


@cache
def gzipped(path: Path) -> int:
    """Bytes of a file, gzipped."""
    return len(gzip.compress(path.read_bytes(), 6))


def weigh(page: Page, site: Path, url: str) -> dict[str, int]:
    """Bytes, gzipped, of every address that reading a page in a new browser fetches."""
    fetched: list[str] = []
    page.on("response", lambda response: fetched.append(response.url))
    page.goto(url)
    bring_to_life(page, all_=False)
    page.wait_for_load_state("networkidle")
    addresses = [urlsplit(address) for address in fetched]
    return {
        parts.path: gzipped(site / unquote(parts.path[1:]))
        for parts in addresses
        if parts.scheme == "http"
    }


def test_playground_weight(chrome: Browser, site: Path, base_url: str) -> None:
    with chrome.new_context() as context:
        files_of = weigh(context.new_page(), site, base_url + PLAYGROUND)
    own = {
        url: size for url, size in files_of.items() if "/_live/" in url or url.endswith("live.js")
    }
    print(f"the playground: {sum(own.values()):,} bytes gzipped beyond the theme")
    assert len(own) >= 3
    assert sum(own.values()) <= PLAYGROUND_WEIGHT


def test_page_weight(chrome: Browser, site: Path, base_url: str) -> None:
    weights = {}
    for name in chapters():
        with chrome.new_context() as context:
            weights[name] = weigh(context.new_page(), site, base_url + name)
    too_heavy = {}
    for name, files_of in weights.items():
        first = sum(files_of.values())
        # what it adds for a reader who comes from each of the others
        further = [
            sum(size for url, size in files_of.items() if url not in weights[other])
            for other in weights
            if other != name
        ]
        print(f"{name}: {first:,} bytes gzipped at first, at most {max(further):,} later")
        if first > FIRST_VISIT or max(further) > FURTHER_VISIT:
            too_heavy[name] = (first, max(further))
    assert not too_heavy
