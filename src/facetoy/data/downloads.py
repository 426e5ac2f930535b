"""Data sets that scikit-learn downloads: whole or not at all, with a progress bar."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.error import URLError

from facetoy.progress import progress_bar


def fetch(
    name: str, size: int, cached: str, get: Callable[..., Any], beside: Sequence[str] = ()
) -> Any:
    """What scikit-learn's ``get`` returns, downloaded once into its data home.

    A download goes to a folder beside the cache and is moved there when it is whole. ``cached`` is
    a file that exists after it, ``size`` the bytes it takes, for the progress bar; ``beside`` are
    small files that belong to it, downloaded again where they are missing. ConnectionError, with
    what is missing, if it is not there and cannot be had; ValueError if it is there and cannot be
    read.
    """
    from sklearn.datasets import get_data_home

    home = Path(get_data_home())
    there = (home / cached).exists()
    try:
        if there:
            return get(data_home=str(home))
        with tempfile.TemporaryDirectory(dir=home, prefix="facetoy-") as folder:
            with _watch_size(Path(folder), size, f"downloading {name}"):
                found = get(data_home=folder)
            _move(Path(folder), home)
        return found
    except Exception as error:
        if there and not isinstance(error, URLError | ConnectionError | TimeoutError):
            raise ValueError(
                f"{name} in {home} cannot be read ({error}); delete it there, to download it anew"
            ) from error
        if not isinstance(error, OSError):  # urllib's errors are
            raise
        lost = [part for part in beside if not (home / part).exists()]
        if there:
            missing = " and ".join(lost) or f"something that belongs to {cached}"
            found = f"{name} in {home} lacks {missing}, which"
        else:
            missing, found = " and ".join([cached, *lost]), f"{name} is not in {home} and"
        raise ConnectionError(
            f"{found} could not be downloaded ({error}); connect once, or copy "
            f"{missing} there from a machine that has it (in Colab: Files, upload), or set "
            f"SCIKIT_LEARN_DATA to a folder that has it"
        ) from error


def _move(source: Path, target: Path) -> None:
    """Move all in ``source`` into ``target``: a file or a new folder in one step, as a whole."""
    for path in sorted(source.iterdir()):
        place = target / path.name
        if path.is_dir() and place.is_dir():
            _move(path, place)
        else:
            os.replace(path, place)


@contextmanager
def _watch_size(folder: Path, size: int, text: str) -> Iterator[None]:
    """A progress bar that follows the bytes in a folder."""
    done = threading.Event()
    with progress_bar(total=size, desc=text, unit="B", unit_scale=True) as bar:

        def watch() -> None:
            over = False
            while not over:  # once more when it is done
                over = done.wait(0.2)
                with suppress(OSError):  # files come and go
                    bar.n = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
                    bar.refresh()

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
