"""Run the first cell of every notebook in this environment, as its reader would.

Prints what each added and how long it took; exits with 1 if a package that was there has changed.
"""

import contextlib
import importlib
import io
import json
import re
import sys
import time
from importlib.metadata import distributions
from pathlib import Path

ROOT = Path(__file__).parents[1]
ADDRESS = r"git\+https://github\.com/[\w/.-]+"


def first_cells() -> dict[str, str]:
    """The first code cell of each notebook, which installs this checkout instead of the address."""
    cells = {}
    for path in [*ROOT.glob("chapters/*.ipynb"), *ROOT.glob("book/*.ipynb")]:
        code = (c for c in json.loads(path.read_text("utf-8"))["cells"] if c["cell_type"] == "code")
        cells[path.stem] = re.sub(ADDRESS, ROOT.as_uri(), "".join(next(code)["source"]))
    return dict(sorted(cells.items()))


def versions() -> dict[str, str]:
    """Every package that is installed, with its version."""
    importlib.invalidate_caches()
    return {found.name: found.version for found in distributions()}


def main() -> int:
    """Run the cells, and compare the packages before and after each."""
    changed = False
    for name, cell in first_cells().items():
        before, began = versions(), time.monotonic()
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(cell, name, "exec"), {})
        seconds, after = time.monotonic() - began, versions()
        added = sorted(after.keys() - before.keys())
        moved = {k: (v, after.get(k)) for k, v in before.items() if after.get(k) != v}
        print(f"{name}: {seconds:.0f} s, added {', '.join(added) or 'nothing'}; changed {moved}")
        changed = changed or bool(moved)
    return int(changed)


if __name__ == "__main__":
    sys.exit(main())
