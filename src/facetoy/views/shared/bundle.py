"""One script and one style sheet of a widget, found by following the imports of its scripts.

A browser's widget comes as one text, so here each module that a script imports becomes a function
that returns what it exports. What is understood is what the scripts need, and no more:
`import { a, b as c } from "./other.js";` and `export` before a function, a class or a const; in the
script that is shipped also `export default …;`. Modules must not import each other in a circle.
Comments and indentation stay behind, so no text in backquotes may go on over several lines.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

IMPORT = re.compile(r'^import \{([^}]*)\} from "(\.[^"]*)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async )?(?:function\*?|class|const) (\w+))", re.MULTILINE)
COMMENT = re.compile(r"/\*\*(?:[^*]|\*(?!/))*\*/|(?:^|(?<=[ \t]))//[ \t].*", re.MULTILINE)
SPACE = re.compile(r"^\s+|[ \t]+$", re.MULTILINE)
LEFT = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


@cache
def modules(entry: Path) -> tuple[Path, ...]:
    """``entry`` and all scripts that it needs, each after those that it imports.

    ValueError for scripts that import each other in a circle, or in a way not understood.
    """
    found: list[Path] = []

    def visit(path: Path, above: tuple[Path, ...]) -> None:
        if path in above:
            raise ValueError(f"{path} imports itself, by way of {above[-1]}")
        if path in found:
            return
        for _, where in IMPORT.findall(path.read_text(encoding="utf-8")):
            visit(Path(os.path.normpath(path.parent / where)), (*above, path))
        found.append(path)

    visit(entry, ())
    return tuple(found)


def script(entry: Path, given: Mapping[str, str] | None = None) -> str:
    """The module ``entry`` and all that it imports as one module.

    ``given`` has texts, by the name of the file, that stand in for what is in a file.
    """
    order = modules(entry)
    names = {path: f"${k}_{path.stem}" for k, path in enumerate(order)}
    return "\n".join(_packed(path, names, given or {}, path == entry) for path in order)


def style(entry: Path) -> str:
    """The style sheets that lie beside the modules of ``entry``, under their names."""
    sheets = (path.with_suffix(".css") for path in modules(entry))
    return "\n".join(sheet.read_text(encoding="utf-8") for sheet in sheets if sheet.exists())


def _packed(path: Path, names: dict[Path, str], given: Mapping[str, str], last: bool) -> str:
    """One module, its imports taken from what the others return; ``last`` is left open."""
    text = given.get(path.name) or path.read_text(encoding="utf-8")

    def taken(found: re.Match) -> str:
        what = re.sub(r"(\w) as (\w)", r"\1: \2", " ".join(found[1].split()))
        return f"const {{ {what} }} = {names[Path(os.path.normpath(path.parent / found[2]))]};\n"

    exports = EXPORT.findall(text)
    body = COMMENT.sub("", EXPORT.sub("", IMPORT.sub(taken, text)))
    strange = [
        line for line in LEFT.findall(body) if not (last and line.startswith("export default"))
    ]
    if strange:
        raise ValueError(f"{path}: not understood: {strange[0]}")
    body = SPACE.sub("", body)
    if last:
        return body
    return f"const {names[path]} = (() => {{\n{body}\nreturn {{ {', '.join(exports)} }};\n}})();"
