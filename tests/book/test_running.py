"""Small books whose notebooks are run: what is said meanwhile, kept, and shown."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
import yaml
from bs4 import BeautifulSoup
from facetoy_book.cache import PEAK, SECONDS, cache_path, cost, recorded, take
from facetoy_book.running import chapter, in_order
from jupyter_cache import get_cache
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

MEASURED = sys.platform == "linux"
TOOK = r"took \d+ s" + (r" and 0\.\d\d GB of memory" if MEASURED else "")
CONFIGURATION = {
    "title": "Small",
    "author": "Nobody",
    "copyright": "2026",
    "only_build_toc_files": True,
    "execute": {"execute_notebooks": "cache"},
    "sphinx": {
        "config": {
            "extensions": [
                "myst_nb",
                "jupyter_book",
                "sphinx_external_toc",
                "sphinx_book_theme",
                "sphinx_comments",
                "sphinxcontrib.bibtex",
                "facetoy_book",
            ],
            "bibtex_bibfiles": [],
        }
    },
}
PAGES = ["chapters/01_well", "chapters/02_ill", "book/status"]
TOC = {"format": "jb-book", "root": "book/index", "chapters": [{"file": name} for name in PAGES]}


def write(path: Path, title: str, code: str) -> None:
    """A notebook with a box and one cell."""
    words = f"# {title}\n\n> **In this chapter**\n>\n> Words."
    path.parent.mkdir(exist_ok=True)
    nbformat.write(new_notebook(cells=[new_markdown_cell(words), new_code_cell(code)]), path)


def write_book(folder: Path) -> None:
    """A book of three notebooks, one of which fails, and a page with the table."""
    write(folder / "book" / "index.ipynb", "Small", "print('a wren')")
    write(folder / "chapters" / "01_well.ipynb", "Well", "print('a kestrel')")
    write(folder / "chapters" / "02_ill.ipynb", "Ill", "nothing")
    (folder / "book" / "status.md").write_text("# Status\n\n```{times-table}\n```\n")
    (folder / "_config.yml").write_text(yaml.dump(CONFIGURATION))
    (folder / "_toc.yml").write_text(yaml.dump(TOC))


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small book's folder."""
    folder = tmp_path_factory.mktemp("running")
    write_book(folder)
    return folder


@pytest.fixture(scope="module")
def done(book: Path) -> subprocess.CompletedProcess:
    """The program, after it has run the book's notebooks."""
    command = [sys.executable, "-m", "facetoy_book", "run"]
    return subprocess.run(command, cwd=book, capture_output=True, text=True)


def page(book: Path, name: str) -> BeautifulSoup:
    return BeautifulSoup((book / f"_build/html/{name}.html").read_text(), "html.parser")


def test_a_line_tells_of_each_notebook(done: subprocess.CompletedProcess) -> None:
    assert re.search(rf"^book/index {TOOK}; \d left$", done.stdout, re.M)
    assert re.search(rf"^chapters/01_well {TOOK}; \d left$", done.stdout, re.M)
    assert re.search(r"^chapters/02_ill failed; \d left$", done.stdout, re.M)
    assert "NameError" in done.stdout
    assert done.stderr == "No book: chapters/02_ill failed; the error stands above.\n"
    assert done.returncode == 1


def test_what_is_read_first_is_run_first_and_can_be_read(
    book: Path, done: subprocess.CompletedProcess
) -> None:
    assert "can be read while the rest goes on: _build/html/index.html\n" in done.stdout
    assert "a wren" in page(book, "book/index").get_text()
    ill = page(book, "chapters/02_ill")
    assert "make book runs it" in ill.select_one("h1 + .admonition").get_text()
    assert ill.select_one(".chapter-time").get_text() == "About 1 minute to read."
    assert [path.stem for path in in_order(book)] == ["02_ill"]


def test_a_chapter_is_run_and_its_page_built(book: Path, done: subprocess.CompletedProcess) -> None:
    write(book / "chapters" / "02_ill.ipynb", "Ill no more", "print('a magpie')")
    command = [sys.executable, "-m", "facetoy_book", "chapter", "2"]
    chapter = subprocess.run(command, cwd=book, capture_output=True, text=True)
    said = rf"chapters/02_ill {TOOK}; 0 left\nIts page: _build/html/chapters/02_ill\.html\n"
    assert re.fullmatch(said, chapter.stdout), chapter.stdout + chapter.stderr
    assert in_order(book) == []
    ill = page(book, "chapters/02_ill")
    assert "a magpie" in ill.get_text()
    run = recorded(get_cache(cache_path(book)), book / "chapters" / "02_ill.ipynb")
    assert set(run) == {SECONDS, PEAK} if MEASURED else {SECONDS}
    assert f"the code took {cost(run)}" in ill.select_one(".chapter-time").get_text()
    row = [cell.get_text() for cell in page(book, "book/status").select("td")][-4:]
    memory = f"{run[PEAK] / 1e9:.2f}" if MEASURED else ""
    assert row == ["Ill no more", "1", f"{run[SECONDS]:.0f}", memory]


@pytest.mark.posix
def test_a_process_that_is_killed_ends_the_run(tmp_path: Path) -> None:
    write_book(tmp_path)
    kill = "import os; os.kill(os.getppid(), 9)"
    write(tmp_path / "book" / "index.ipynb", "Killed", f"import time; time.sleep(9); {kill}")
    write(tmp_path / "chapters" / "02_ill.ipynb", "Long", "import time; time.sleep(600)")
    command = [sys.executable, "-m", "facetoy_book", "run"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    names = r"book/index(, chapters/02_ill)?(, chapters/01_well)?"
    said = rf"No book: a process was killed; not run, or failed: {names}\.\n"
    assert re.search(said, done.stderr)
    assert done.returncode == 1


@pytest.mark.posix
def test_an_interruption_ends_all_and_keeps_what_was_run(tmp_path: Path) -> None:
    write_book(tmp_path)
    (tmp_path / "chapters" / "02_ill.ipynb").unlink()
    wait = "import pathlib, time; pathlib.Path('begun').touch(); time.sleep(600)"
    write(tmp_path / "chapters" / "01_well.ipynb", "Long", wait)
    command = [sys.executable, "-m", "facetoy_book", "run"]
    run = subprocess.Popen(
        command, cwd=tmp_path, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # who tests may ignore it
    )  # fmt: skip
    last = time.monotonic() + 120
    while not (tmp_path / "chapters" / "begun").exists() or len(in_order(tmp_path)) > 1:
        assert run.poll() is None
        assert time.monotonic() < last
        time.sleep(0.2)
    run.send_signal(signal.SIGINT)
    assert "Interrupted. What has been run is kept.\n" in run.communicate(timeout=60)[1]
    assert run.returncode == 1
    assert [path.stem for path in in_order(tmp_path)] == ["01_well"]


@pytest.mark.parametrize("number", ["", "3", "status"])
def test_no_such_chapter(tmp_path: Path, number: str) -> None:
    write_book(tmp_path)
    says = f"There is no chapter N={number}; make chapter takes N as one of 01, 02."
    with pytest.raises(SystemExit, match=re.escape(says)):
        chapter(number, tmp_path)


def test_what_nbmake_ran_is_taken_with_its_memory(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    """It is recognised as the run of the notebook as it stands."""
    for folder in (tmp_path, tmp_path / ".runs"):
        folder.mkdir(exist_ok=True)
        write(folder / "chapters" / "01_well.ipynb", "Well", "print('a kestrel')")
    options = [
        "-p",
        "facetoy_book.nbmake_memory",
        "--nbmake",
        "--overwrite",
        "-p",
        "no:cacheprovider",
    ]
    command = [sys.executable, "-m", "pytest", *options, ".runs/chapters/01_well.ipynb"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout
    take(tmp_path / ".runs", tmp_path)
    said = capsys.readouterr().out
    assert re.fullmatch(rf"chapters/01_well.ipynb: {TOOK}, kept for the book\n", said)
    run = recorded(get_cache(cache_path(tmp_path)), tmp_path / "chapters" / "01_well.ipynb")
    assert set(run) == {SECONDS, PEAK} if MEASURED else {SECONDS}
