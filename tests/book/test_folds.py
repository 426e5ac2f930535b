"""A folded cell says in a word what it holds, open or not."""

from __future__ import annotations

from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_output
from small_book import build_page

SEEN = [new_output("stream", text="seen")]


@pytest.mark.parametrize(
    ("tag", "source", "outputs", "words"),
    [
        ("hide-input", "# @title In numbers\nlook()", SEEN, "Code"),
        ("hide-cell", "# @title Solution\nlook()", SEEN, "Solution"),
        ("hide-cell", "# @title Solution\nx = 1", [], "Solution"),
        ("hide-input", "# @title Installation\nimport sys", [], "Installation"),
        ("hide-cell", "look()", SEEN, "Code"),
    ],
)
def test_folds_say_what_they_hold(
    tmp_path: Path, tag: str, source: str, outputs: list, words: str
) -> None:
    cell = new_code_cell(source, outputs=outputs, metadata={"tags": [tag]})
    page, warnings = build_page(tmp_path, "folds", "Words.", cell)
    assert warnings == ""
    (fold,) = page.select("summary")
    assert {said.get_text() for said in fold.find_all("p")} == {words}  # closed and open
