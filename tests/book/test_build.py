"""Building the book: without warnings, and without traces beside the notebooks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
# what is no page, and lies there all the same
OWN = {
    *("book/favicon.svg", "book/references.bib", "book/spheres.png"),
    *("book/ruff.toml", "chapters/ruff.toml"),
}
ASIDE = {"extension", "__pycache__", ".ipynb_checkpoints"}


def sources() -> set[str]:
    """The pages that the table of contents lists, without their endings."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    pages = [page for part in toc["parts"] for page in part["chapters"]]
    rooms = [room for page in pages for room in page.get("sections", ())]
    return {toc["root"], *(page["file"] for page in (*pages, *rooms))}


def strange(root: Path) -> list[str]:
    """Files in the folders of the book's sources that are no source."""
    found = [
        path.relative_to(root)
        for folder in ("book", "chapters")
        for path in (root / folder).rglob("*")
        if path.is_file()
    ]
    return sorted(
        path.as_posix()
        for path in found
        if path.as_posix() not in OWN
        and not ASIDE.intersection(path.parts)
        and not (path.suffix in {".md", ".ipynb"} and path.with_suffix("").as_posix() in sources())
    )


def test_program_starts_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-m", "facetoy_book", "take", str(tmp_path / "none")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_chapters_leave_nothing_behind(site: Path) -> None:
    """`make book` runs the notebooks where they are, `make test` in `.runs`."""
    assert strange(ROOT) == []
    assert strange(ROOT / ".runs") == []
