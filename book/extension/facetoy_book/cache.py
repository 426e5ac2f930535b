"""An execution cache that notices more than changed notebooks.

jupyter-cache recognises a notebook by its code cells alone. Here each state of the package
`facetoy` and of the packages it builds on has a cache folder of its own, so that a change there
runs every chapter again.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
from datetime import datetime
from importlib.metadata import requires, version
from importlib.util import find_spec
from pathlib import Path

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.executors import load_executor
from packaging.requirements import Requirement
from sphinx.application import Sphinx
from sphinx.config import Config

FOLDER = Path("_build", "cache")
TIMEOUT = 1800  # seconds for one cell


def fingerprint() -> str:
    """Hash of Python's version, of facetoy's core packages' versions, and of facetoy's files."""
    digest = hashlib.sha256(sys.version.encode())
    needed = [Requirement(text) for text in requires("facetoy") or []]
    for requirement in needed:
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            digest.update(f"{requirement.name} {version(requirement.name)}\n".encode())
    folder = Path(find_spec("facetoy").submodule_search_locations[0])
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            digest.update(f"{path.relative_to(folder).as_posix()}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def cache_path(book: Path) -> Path:
    """The cache folder for the present state; those of earlier states are deleted."""
    here = book.absolute() / FOLDER / fingerprint()
    here.mkdir(parents=True, exist_ok=True)
    for other in here.parent.iterdir():
        if other != here:
            shutil.rmtree(other)
    return here


def choose_cache(app: Sphinx, config: Config) -> None:
    """Point MyST-NB to the cache; a new path also makes Sphinx read all pages again."""
    config.nb_execution_cache_path = str(cache_path(Path(app.srcdir)))


def seconds_of(notebook: nbformat.NotebookNode) -> float:
    """Seconds between the first cell's start and the last cell's end, from the recorded timing."""
    times = [
        datetime.fromisoformat(stamp)
        for cell in notebook.cells
        for stamp in cell.metadata.get("execution", {}).values()
    ]
    return (max(times) - min(times)).total_seconds() if times else 0.0


def run(paths: list[str], book: Path) -> None:
    """Execute the notebooks that the book's cache does not know, side by side.

    One that fails is left to the build, which runs it again and tells where it failed.
    """
    cache = get_cache(cache_path(book))
    for path in paths:
        cache.add_nb_to_project(str(book.absolute() / path))
    done = load_executor("local-parallel", cache).run_and_cache(timeout=TIMEOUT)
    for what, names in done.as_json().items():
        for name in names:
            print(f"{Path(name).relative_to(book.absolute())}: {what}")


def take(folder: Path, book: Path) -> None:
    """Take all executed notebooks under `folder` into the book's cache."""
    cache = get_cache(cache_path(book))
    for path in sorted(folder.rglob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        seconds = seconds_of(notebook)
        for cell in notebook.cells:
            cell.metadata.pop("execution", None)  # metadata count when a notebook is recognised
        uri = str(book.absolute() / path.relative_to(folder))
        bundle = CacheBundleIn(notebook, uri, data={"execution_seconds": seconds})
        cache.cache_notebook_bundle(bundle, overwrite=True)
        print(f"{path.relative_to(folder)}: ran in {seconds:.1f} s, kept for the book")


def setup(app: Sphinx) -> None:
    """Hook into the start of the build."""
    app.connect("config-inited", choose_cache)
