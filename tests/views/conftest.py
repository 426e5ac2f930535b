"""Fixtures of the widgets' tests: their arithmetic without a page."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from facetoy import views
from facetoy.views.sphere_view import sphere_view

CALL = """import {{ readFileSync }} from "node:fs";
import {{ {name} }} from {module};
const plain = (_, value) => (ArrayBuffer.isView(value) ? [...value] : value);
const found = JSON.parse(readFileSync(0, "utf8")).map((given) => {name}(...given));
console.log(JSON.stringify(found, plain));
"""


@pytest.fixture(autouse=True)
def no_stills(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page of `write_page` shows no still, so that none is drawn for it."""
    if "visit" in request.fixturenames:
        monkeypatch.setattr(sphere_view, "draw_still", lambda *a, **k: b"")


@pytest.fixture(scope="session")
def call(node: Path) -> Callable[[str, str, list[list]], list]:
    """`call("shared/face.js", "drawFace", lists)`: what it returns for each of the lists."""

    def call(module: str, name: str, lists: list[list]) -> list[Any]:
        where = Path(views.__file__).parent / module
        code = CALL.format(name=name, module=json.dumps(where.as_uri()))
        command = [node, "--input-type=module", "--eval", code]
        done = subprocess.run(
            command, input=json.dumps(lists), capture_output=True, encoding="utf-8", check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return call
