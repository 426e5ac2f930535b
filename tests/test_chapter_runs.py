"""A chapter can be interrupted and run again, as often as one likes, and leaves no files behind."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import nbformat
import pytest
from brief import brief
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).parents[1]
# Whatever a training imports, so that the interruption meets the training and no import.
WARM = "import facetoy\nfacetoy.fit('softmax', facetoy.load('digits'), epochs=1)"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the chapter runs; what it puts aside goes into a folder of its own beside it."""
    (tmp_path / "aside").mkdir()
    (tmp_path / "here").mkdir()
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.setenv(name, str(tmp_path / "aside"))
    return tmp_path


@pytest.fixture(params=["book/index", "chapters/02_softmax"])
def client(request: pytest.FixtureRequest, folder: Path) -> Iterator[NotebookClient]:
    """A notebook with a kernel of its own."""
    notebook = nbformat.read(ROOT / f"{request.param}.ipynb", 4)
    client = NotebookClient(
        notebook, timeout=900, resources={"metadata": {"path": str(folder / "here")}}
    )
    with client.setup_kernel():
        yield client


def run_all(client: NotebookClient) -> None:
    """Run every cell, as the menu does; an error in one ends it."""
    for i, cell in enumerate(client.nb.cells):
        client.execute_cell(cell, i)


def trains(client: NotebookClient) -> int:
    """The first cell that trains."""
    cells = client.nb.cells
    return next(
        i for i, c in enumerate(cells) if "facetoy.fit(" in c.source or "sweep(" in c.source
    )


def run_aside(client: NotebookClient, code: str) -> None:
    """Run code that is no cell of the notebook."""
    client.nb.cells.append(nbformat.v4.new_code_cell(code))
    client.execute_cell(client.nb.cells[-1], len(client.nb.cells) - 1)
    del client.nb.cells[-1]


@pytest.mark.posix
def test_a_chapter_runs_after_an_interruption_and_twice(client: NotebookClient, folder: Path):
    first = trains(client)
    run_aside(client, WARM)
    timer = threading.Timer(0.5, os.kill, (client.km.provisioner.pid, signal.SIGINT))
    with suppress(CellExecutionError):  # a sweep ends with what it has, anything else with an error
        for i, cell in enumerate(client.nb.cells[: first + 1]):
            if i == first:
                timer.start()
            client.execute_cell(cell, i)
    timer.join()
    run_aside(client, brief(2))
    run_all(client)
    run_all(client)
    assert os.listdir(folder / "here") == []
    assert [p for p in os.listdir(folder / "aside") if not p.startswith("torchinductor")] == []
