"""Images of one's own: a folder with a sub-folder for each class, as torchvision's ImageFolder."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from PIL import Image

from facetoy.checks import whole
from facetoy.data.reading import read_photo
from facetoy.progress import progress_bar

# Of files that are images. Pillow may not read those from .avif on: then the error says what to do.
ENDINGS = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".ppm",
    ".pgm", ".pbm", ".avif", ".heic", ".heif", ".hif", ".jxl", ".jp2",
)  # fmt: skip
NO_CLASSES = {"train", "training", "test", "val", "valid", "validation"}
SPARE = 8  # a photo is decoded at about so many times the size that is wanted


def read_folder(path: Any, size: int) -> tuple[str, np.ndarray, np.ndarray, list[str]]:
    """The folder's name; images (N, 1, size, size) float32 in [0, 1], labels (N,) and the names of
    the classes.

    Names, files and errors are those of ``facetoy.load``; what can be known without reading an
    image is checked first.
    """
    size = whole("size", size, 8, 1024)
    folder = _checked(path)
    files = {name: _images(place) for name, place in _classes(folder).items()}
    for name, paths in files.items():
        if len(paths) < 2:
            found = "one image" if paths else "no image"
            raise ValueError(
                f"the class {name!r} in {folder} has {found}, expected at least two: one to train "
                f"on and one for the test"
            )
    labels = np.repeat(np.arange(len(files)), [len(paths) for paths in files.values()])
    pixels = _read([path for paths in files.values() for path in paths], size)
    images = np.divide(pixels[:, None], 255, dtype=np.float32)
    return folder.resolve().name, images, labels, list(files)


def _checked(path: Any) -> Path:
    """``path`` as that of a folder that is there."""
    if path is None:
        raise ValueError(
            "folder needs the option path, a folder with a sub-folder of images for each class"
        )
    if not isinstance(path, str | os.PathLike) or not str(path):
        raise ValueError(f"path must be that of a folder, got {path!r}")
    folder = Path(os.path.expanduser(path))  # Path's own raises for a user who is not there
    if not folder.exists():
        where = "" if folder.is_absolute() else f" in {Path.cwd()}"
        raise FileNotFoundError(f"there is no folder {folder}{where}")
    if not folder.is_dir():
        raise NotADirectoryError(
            f"{folder} is a file, expected a folder with a sub-folder of images for each class"
        )
    return folder


def _hidden(name: str) -> bool:
    """Whether a file or folder is one that the system or an archive has left there."""
    return name.startswith((".", "__MACOSX", "@eaDir"))


def _classes(folder: Path) -> dict[str, Path]:
    """The sub-folders by their names, sorted."""
    inside = sorted((p for p in folder.iterdir() if not _hidden(p.name)), key=lambda p: p.name)
    folders = [p for p in inside if p.is_dir()]
    if not folders:
        loose = sum(p.suffix.lower() in ENDINGS for p in inside)
        has = f"{loose} images and no sub-folders" if loose else "no sub-folders"
        raise ValueError(f"{folder} has {has}, expected a sub-folder of images for each class")
    if {p.name.lower() for p in folders} <= NO_CLASSES:
        raise ValueError(
            f"{folder} is split into {', '.join(p.name for p in folders)}, expected a sub-folder "
            f"for each class: load {folders[0]} or another of them"
        )
    if len(folders) == 1:
        raise ValueError(
            f"{folder} has one class, {folders[0].name!r}, expected at least two sub-folders"
        )
    classes = {_written(p.name): p for p in folders}
    if len(classes) < len(folders):
        raise ValueError(f"{folder} has two sub-folders of one name, written in two ways")
    return classes


def _written(name: str) -> str:
    """A file's name as text: macOS takes letters apart, and old names may be of no encoding."""
    return unicodedata.normalize("NFC", os.fsencode(name).decode("utf-8", "replace"))


def _images(folder: Path) -> list[Path]:
    """The images in a folder and in those inside it, sorted. Links are followed, but not round."""

    def refuse(error: OSError) -> NoReturn:
        raise error

    seen, found = set(), []
    for here, folders, files in os.walk(folder, followlinks=True, onerror=refuse):
        real = os.path.realpath(here)
        folders[:] = [] if real in seen else [f for f in folders if not _hidden(f)]
        if real not in seen:
            found += [Path(here, f) for f in files if not _hidden(f)]
        seen.add(real)
    return sorted((p for p in found if p.suffix.lower() in ENDINGS), key=lambda p: p.as_posix())


def _read(paths: list[Path], size: int) -> np.ndarray:
    """(N, size, size) uint8; ValueError that names files that cannot be read, if there are."""
    out = np.empty((len(paths), size, size), np.uint8)
    bad = []
    for k, path in enumerate(progress_bar(paths, desc="reading images")):
        try:
            out[k] = _square(read_photo(path, (SPARE * size) ** 2), size)
        except (ValueError, OSError) as error:
            bad.append(str(error))
    if bad:
        of = f"{len(bad)} of {len(paths)} files cannot be used: " if len(bad) > 1 else ""
        more = f"; and {len(bad) - 3} more" if len(bad) > 3 else ""
        raise ValueError(f"{of}{'; '.join(bad[:3])}{more}")
    return out


def _square(photo: np.ndarray, size: int) -> np.ndarray:
    """The middle square of a photo (H, W, 3), grey, as (size, size) uint8."""
    grey = Image.fromarray(photo).convert("L")
    w, h = grey.size
    side = min(w, h)
    left, top = (w - side) / 2, (h - side) / 2
    return np.asarray(grey.resize((size, size), box=(left, top, left + side, top + side)))
