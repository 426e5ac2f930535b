"""Run the notebooks that the book's cache does not know, and tell how it goes."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import active_children, get_context
from pathlib import Path

import nbformat
from jupyter_cache import get_cache
from nbclient import NotebookClient
from nbclient.exceptions import CellControlSignal

from facetoy_book.cache import PEAK, cache_path, cost, keep, name_of, sources, unknown
from facetoy_book.memory import ChildrenWatch
from facetoy_book.part import PAGES, build_part

SPAWN = get_context("spawn")
TIMEOUT = 1800  # seconds for one cell
START = 300  # for a kernel
#: What a reader reads first.
FIRST = ("book/index", "chapters/01_faces", "chapters/02_softmax")


def in_order(book: Path) -> list[Path]:
    """The notebooks to run: what is read first, then from the last on, as the last are longest."""
    return sorted(unknown(book)[::-1], key=lambda path: name_of(path) not in FIRST)


def execute(path: Path) -> tuple[Path, nbformat.NotebookNode, str | None]:
    """The notebook with its outputs, times and memory, and the error that it ended with.

    It needs a process of its own, with the notebook's kernel as its only child.
    """
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=TIMEOUT,
        startup_timeout=START,
        record_timing=True,
        extra_arguments=["--log-level=ERROR"],  # no advice on how Jupyter is set up
        resources={"metadata": {"path": str(path.parent)}},
    )
    error = None
    with ChildrenWatch() as watch:
        try:
            client.execute()
        except (CellControlSignal, RuntimeError) as ended:  # the kernel's end is a RuntimeError
            error = f"{ended}\n"
    if watch.most is not None:
        notebook.metadata[PEAK] = watch.most
    return path, notebook, error


@contextmanager
def processes(number: int) -> Iterator[ProcessPoolExecutor]:
    """So many, which Ctrl-C does not end itself, as it is for the first process: if that or an
    error leaves the block, all are killed, as nbclient takes other signals. SystemExit waits."""
    ignore = (signal.signal, (signal.SIGINT, signal.SIG_IGN))
    with ProcessPoolExecutor(number, SPAWN, *ignore) as pool:
        try:
            yield pool
        except (Exception, KeyboardInterrupt, GeneratorExit):
            for process in active_children():
                process.kill()
            raise


def run_each(paths: list[Path], book: Path) -> Iterator[set[Path]]:
    """Run notebooks, as many at a time as there are processors; after each: those that have not
    been run yet, or failed. A line tells of each. If one has failed, the program ends in the end;
    if a process was killed, at once.
    """
    if not paths:
        return
    cache, left, failed = get_cache(cache_path(book)), set(paths), []
    number = min(len(paths), os.cpu_count() or 1)
    try:
        with processes(number) as pool:
            for run in as_completed([pool.submit(execute, path) for path in paths]):
                path, notebook, error = run.result()
                if error is None:
                    left.remove(path)
                    how = f"took {cost(keep(cache, path, notebook))}"
                else:
                    failed.append(name_of(path))
                    how = "failed"
                more = len(left) - len(failed)
                print(f"{name_of(path)} {how}; {more} left\n{error or ''}", end="", flush=True)
                yield left
    except BrokenProcessPool:
        names = ", ".join(name_of(path) for path in paths if path in left)
        raise SystemExit(f"No book: a process was killed; not run, or failed: {names}.") from None
    if failed:
        raise SystemExit(f"No book: {', '.join(failed)} failed; the error stands above.")


def run(book: Path) -> None:
    """Run all that the cache does not know; where there are no pages, what is read first gets them
    when it has run."""
    paths = in_order(book)
    if not paths:
        print("All notebooks have been run before.")
    wanted = not (book / PAGES / "index.html").exists()
    with processes(1) as aside:
        for left in run_each(paths, book):
            if wanted and left and not any(name_of(path) in FIRST for path in left):
                wanted = False
                aside.submit(build_part, book).add_done_callback(say_where)


def say_where(_: Future[str]) -> None:
    """Tell that the first pages are there; if they are not, the whole book's build says why."""
    where = PAGES / "index.html"
    if where.exists():
        print(f"{', '.join(FIRST)} can be read while the rest goes on: {where}", flush=True)


def chapter(number: str, book: Path) -> None:
    """Run a chapter, if the cache does not know it, and build its page."""
    chapters = {path.stem[:2]: path for path in sources(book) if path.stem[0].isdigit()}
    path = chapters.get(number.zfill(2))
    if path is None:
        known = ", ".join(chapters)
        raise SystemExit(f"There is no chapter N={number}; make chapter takes N as one of {known}.")
    for _ in run_each([path] if path in unknown(book) else [], book):
        pass
    print(build_part(book), end="")
    print(f"Its page: {PAGES / name_of(path)}.html")
