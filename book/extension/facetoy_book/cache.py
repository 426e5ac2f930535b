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
from jupyter_cache.cache.main import JupyterCacheBase
from packaging.requirements import Requirement
from sphinx.application import Sphinx
from sphinx.config import Config

FOLDER = Path("_build", "cache")
# What is recorded of a run: the first is MyST-NB's name, the second also the notebook's own.
SECONDS = "execution_seconds"
PEAK = "peak_bytes"


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


def sources(book: Path) -> list[Path]:
    """The book's notebooks."""
    return sorted(path for name in ("book", "chapters") for path in (book / name).glob("*.ipynb"))


def name_of(path: Path) -> str:
    """The page of a notebook, such as `chapters/08_arcface`."""
    return f"{path.parent.name}/{path.stem}"


def recorded(cache: JupyterCacheBase, path: Path) -> dict[str, float] | None:
    """Seconds and bytes of a notebook's run, or None if the cache knows no run of it."""
    try:
        return cache.match_cache_notebook(nbformat.read(path, as_version=4)).data
    except KeyError:
        return None


def unknown(book: Path) -> list[Path]:
    """The book's notebooks that have to be run."""
    cache = get_cache(cache_path(book))
    return [path for path in sources(book) if recorded(cache, path) is None]


def keep(cache: JupyterCacheBase, path: Path, notebook: nbformat.NotebookNode) -> dict[str, float]:
    """Take a notebook that ran, from wherever, as the run of the one at `path`."""
    data = {SECONDS: seconds_of(notebook)}
    if PEAK in notebook.metadata:
        data[PEAK] = notebook.metadata.pop(PEAK)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # metadata count when a notebook is recognised
    cache.cache_notebook_bundle(CacheBundleIn(notebook, str(path), data=data), overwrite=True)
    return data


def cost(data: dict[str, float]) -> str:
    """What a run took, in words: its seconds, and its memory where it was measured."""
    memory = f" and {data[PEAK] / 1e9:.2f} GB of memory" if PEAK in data else ""
    return f"{data[SECONDS]:.0f} s{memory}"


def take(folder: Path, book: Path) -> None:
    """Take all executed notebooks under `folder` into the book's cache."""
    cache = get_cache(cache_path(book))
    for path in sorted(folder.rglob("*.ipynb")):
        name = path.relative_to(folder)
        data = keep(cache, book.absolute() / name, nbformat.read(path, as_version=4))
        print(f"{name}: took {cost(data)}, kept for the book")


def setup(app: Sphinx) -> None:
    """Hook into the start of a build."""
    app.connect("config-inited", choose_cache)
