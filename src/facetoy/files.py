"""Files are written atomically, and arrays read without pickle."""

from __future__ import annotations

import os
import secrets
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

# What reading a damaged or foreign file can raise.
DAMAGED = (
    OSError, EOFError, LookupError, TypeError, ValueError, RuntimeError, MemoryError,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip
# A file that is not there yet, to write bytes to; Windows knows flags of its own.
NEW = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0)


@contextmanager
def replaced(path: str | os.PathLike) -> Iterator[BinaryIO]:
    """A file to write to that takes the place of ``path`` in the end: afterwards there is the old
    file or the new one, whole, whatever happens on the way. OSError at once if it cannot be."""
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"{path} cannot be written: it is a folder")
    part = path.with_name(f"{path.name}{secrets.token_hex(4)}.part")
    try:
        # as the file before it, in the end; a new one as any other new file, by the umask
        old = path.exists()
        handle = os.open(part, NEW, 0o600 if old else 0o666)
    except OSError as error:
        there = path.parent.is_dir()
        why = error.strerror if there else f"there is no folder {path.parent}"
        raise type(error)(f"{path} cannot be written: {why}") from error
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if old and path.exists():
            os.chmod(part, path.stat().st_mode & 0o777)
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def write_npz(path: str | os.PathLike, arrays: Mapping[str, np.ndarray]) -> Path:
    """Write ``arrays`` to ``path``, compressed and atomically (``replaced``). ValueError for one of
    objects, which no one could read without pickle."""
    for name, values in arrays.items():
        if np.asarray(values).dtype.hasobject:
            raise ValueError(f"{name} cannot be saved: it holds objects, not numbers")
    with replaced(path) as file:
        np.savez_compressed(file, **arrays)
    return Path(path)


def check_same(path: str | os.PathLike, before: dict[str, Any], now: dict[str, Any]) -> None:
    """ValueError that names what differs, if ``path`` was written with other settings."""
    differ = sorted(k for k in {*before, *now} if before.get(k) != now.get(k))
    if differ:
        k = differ[0]
        raise ValueError(
            f"{os.fspath(path)} is of another training: {k} was {before.get(k)!r}, "
            f"is {now.get(k)!r}"
        )


def read_npz(
    path: str | os.PathLike, make: Callable[[dict[str, np.ndarray]], Any], what: str
) -> Any:
    """What ``make`` makes of the arrays in ``path``.

    FileNotFoundError if there is no file; ValueError, saying that it is no ``what``, if it is
    damaged or ``make`` cannot use it.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            return make({name: file[name] for name in file.files})
    except (FileNotFoundError, PermissionError, IsADirectoryError):
        raise
    except DAMAGED as error:
        raise ValueError(f"{os.fspath(path)} is damaged or is not a {what}") from error
