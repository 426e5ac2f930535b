"""Chapter 11 takes photographs of the reader's own: by path, or by upload in a live notebook."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ipywidgets
import nbformat
import numpy as np
import pytest

import facetoy

pytest.importorskip("dlib", reason="needs the extra: pip install 'facetoy[photos]'")
from PIL import Image

from facetoy.faces.photo import embed

CHAPTER = Path(__file__).parents[2] / "chapters" / "11_photo.ipynb"


class Button:
    """Stands for ipywidgets' FileUpload, of either version."""

    def __init__(self, **options: Any) -> None:
        self.options, self.open = options, True

    def observe(self, handler: Any, name: str) -> None:
        assert name == "value"
        self.handler = handler

    def choose(self, value: Any) -> None:
        self.handler({"new": value, "owner": self})

    def close(self) -> None:
        self.open = False


@pytest.fixture
def run(photo: np.ndarray, monkeypatch: pytest.MonkeyPatch):
    """Run the cell: what it displays."""
    monkeypatch.setattr(ipywidgets, "FileUpload", Button)
    monkeypatch.setattr(ipywidgets, "VBox", SimpleNamespace)
    (cell,) = (c for c in nbformat.read(CHAPTER, 4).cells if "FileUpload(" in c.source)

    def run(live: bool, paths: str = "[]") -> list[Any]:
        shown: list[Any] = []
        kernel = SimpleNamespace(_allow_stdin=live)
        here = {
            "photo": photo, "tilted": photo[:, ::-1].copy(), "cat": np.zeros_like(photo),
            "np": np, "facetoy": facetoy, "embed": embed, "display": lambda *a: shown.extend(a),
            "get_ipython": lambda: SimpleNamespace(kernel=kernel),
        }  # fmt: skip
        exec(cell.source.replace("paths = []", f"paths = {paths}"), here)
        return shown

    return run


def table(shown: Any) -> str:
    return shown._repr_markdown_()


def file(pixels: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def test_a_page_has_no_control_and_shows_the_stand_ins(run, capsys) -> None:
    (shown,) = run(live=False)
    assert "astronaut" in table(shown)
    assert "tilted" in table(shown)
    assert "cat: found no face in the photo" in capsys.readouterr().out


@pytest.mark.parametrize("version", [7, 8])
def test_uploaded_photographs_are_compared(run, photo, capsys, version: int) -> None:
    shown = run(live=True)
    (button,) = shown[1].children
    assert button.options["multiple"]
    contents = {"a.png": file(photo), "b.png": file(photo[:, ::-1]), "c.png": b"no photo"}
    if version == 7:
        value: Any = {k: {"metadata": {"name": k}, "content": v} for k, v in contents.items()}
    else:
        value = tuple({"name": k, "content": memoryview(v)} for k, v in contents.items())
    capsys.readouterr()
    button.choose(value)
    assert "a.png" in table(shown[-1])
    assert "0.00" in table(shown[-1])
    assert "c.png: the image is damaged or is not an image" in capsys.readouterr().out
    (after,) = shown[1].children
    assert not button.open, "it still holds the photographs"
    assert after.open
    count = len(shown)
    after.choose(type(value)())  # none chosen
    assert len(shown) == count


def test_photographs_by_path(run, photo, tmp_path: Path, capsys) -> None:
    (tmp_path / "me.png").write_bytes(file(photo))
    (shown,) = run(live=False, paths=repr([str(tmp_path / "me.png"), tmp_path.name + "/no.jpg"]))
    assert "me.png" in table(shown)
    assert "No such file" in capsys.readouterr().out
