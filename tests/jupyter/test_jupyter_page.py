"""Notebooks opened in Jupyter, run from top to bottom: every widget is drawn and answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from alive import assert_alive
from brief import brief
from notebook_page import FRONT_ENDS, Notebook
from playwright.sync_api import expect

CHAPTERS = Path(__file__).parents[2] / "chapters"
#: A cell for each widget, after what they all need.
CELLS = (
    """import facetoy
from facetoy.faces import verification
from facetoy.large import H100""",
    """facetoy.Prediction("Where will they go?", "There", "Nowhere")""",
    """digits = facetoy.load("digits")
runs = facetoy.sweep("arcface", digits, epochs=3, m=[0.1, 0.3, 0.5])
facetoy.SphereView(runs)""",
    """facetoy.Timeline(
    [facetoy.Event(f"No. {k}", 2014 + k, 1, 90 + k, "Text") for k in range(3)]
)""",
    """facetoy.TripletView(margin=0.5)""",
    """facetoy.FaceView()""",
    """faces = facetoy.load("toyfaces", identities=20, images=5)
photos = faces.train_images
pairs = verification.draw_pairs(faces.train_labels, 200)
scores = verification.cosine(photos.reshape(len(photos), -1), pairs)
facetoy.ThresholdView(scores, pairs, photos)""",
    """facetoy.ScalingView([H100], batch=8192, dim=512, ranks=64)""",
    """facetoy.TrainingPanel(digits, epochs=3, m=0.3)""",
)
#: What chapter 11's cell for own photographs finds.
BEFORE = """import numpy as np
import skimage.data
import facetoy
from facetoy.faces.photo import embed
photo, cat = skimage.data.astronaut(), skimage.data.chelsea()
tilted = photo[:, ::-1].copy()"""


def made(*sources: str) -> dict:
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    return nbformat.v4.new_notebook(cells=cells, metadata=chapter("playground")["metadata"])


def chapter(name: str) -> dict:
    return json.loads((CHAPTERS / f"{name}.ipynb").read_text())


@pytest.fixture(params=FRONT_ENDS)
def front_end(request: pytest.FixtureRequest) -> str:
    return request.param


Start = Callable[[str, str, dict], Notebook]


def test_every_widget_is_alive_and_again_when_all_is_run_again(
    start: Start, front_end: str
) -> None:
    notebook = start(front_end, "widgets", made(*CELLS))
    for _ in range(2):
        notebook.run_all()
        notebook.assert_bars_are_over()
        assert_alive(notebook, len(CELLS) - 1)


def test_the_playground(start: Start, front_end: str) -> None:
    notebook = start(front_end, "playground", chapter("playground"))
    notebook.run_all()
    assert_alive(notebook, 1)


def test_a_chapter(start: Start) -> None:
    content = chapter("02_softmax")
    content["cells"].insert(0, nbformat.v4.new_code_cell(brief(2)))
    notebook = start(next(iter(FRONT_ENDS)), "02_softmax", content)
    notebook.run_all()
    notebook.assert_bars_are_over()
    assert_alive(notebook, 6)


def test_own_photographs_are_uploaded(start: Start, front_end: str) -> None:
    """In every version of ipywidgets; the second choice takes the place of the first."""
    pytest.importorskip("dlib", reason="needs the extra: pip install 'facetoy[photos]'")
    data = pytest.importorskip("skimage.data", reason="needs the extra: facetoy[photos]")
    (own,) = (
        "".join(cell["source"])
        for cell in chapter("11_photo")["cells"]
        if "FileUpload(" in "".join(cell["source"])
    )
    notebook = start(front_end, "own", made(BEFORE, own))
    notebook.run_all()
    page = notebook.page
    file = Path(data.__file__).parent / "astronaut.png"
    for names in (("me.png", "you.png"), ("she.png",)):
        with page.expect_file_chooser() as chooser:
            page.locator(".widget-upload").click()
        photo = {"mimeType": "image/png", "buffer": file.read_bytes()}
        chooser.value.set_files([{"name": name, **photo} for name in names])
        table = page.locator("table").last
        expect(table.locator("th")).to_have_text(["", *names], timeout=60_000)
