"""The README's picture comes from a run."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from facetoy_book.picture import draw
from PIL import Image

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "book" / "spheres.png"
LARGEST = 150_000  # bytes


def test_the_script_draws_the_picture_of_the_readme(tmp_path: Path) -> None:
    made = tmp_path / "spheres.png"
    draw(made, epochs=1)
    assert [path.name for path in tmp_path.iterdir()] == [made.name]
    with Image.open(made) as new, Image.open(PICTURE) as kept:
        assert (new.format, new.size) == (kept.format, kept.size)
        assert np.asarray(new.convert("RGB"))[2, 2].min() > 250
        assert (np.asarray(new.convert("RGB")) != np.asarray(kept.convert("RGB"))).any()
    assert made.stat().st_size < LARGEST
    assert PICTURE.stat().st_size < LARGEST


def test_the_readme_shows_it_with_words() -> None:
    found = re.search(r"!\[([^\]]*)\]\((\S+\.png)\)", (ROOT / "README.md").read_text())
    words, name = found.groups()
    assert ROOT / name == PICTURE
    assert len(words) > 60
