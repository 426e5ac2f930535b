"""The reference: every public name is on a page, each with an example, and the examples run."""

from __future__ import annotations

import ast
import contextlib
import doctest
import importlib
import io
import re
import socket
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

import facetoy
from facetoy import large, losses

ROOT = Path(__file__).parents[1]
OVERVIEW = ROOT / "book" / "api.md"
PAGES = sorted((ROOT / "book" / "api").glob("*.md"))
NEEDS = {"faces": ("dlib", "faiss", "skimage"), "data": ("PIL",)}  # extras
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


class Checker(doctest.OutputChecker):
    """Where a page shows no result, any will do: not all are the same on every machine."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        return not want or super().check_output(want, got, optionflags)


def examples(page: Path) -> str:
    """The examples of a page, one after the other."""
    return "\n".join(re.findall(r"^```pycon\n(.*?)^```$", page.read_text(), re.M | re.S))


def entries(page: Path) -> list[str]:
    """What a page documents, members too; modules stand for what it says of them only."""
    found = []
    for kind, name, members in re.findall(
        r"^\.\. auto(\w+):: (\S+)\n(?:   :members: (.+)\n)?", page.read_text(), re.M
    ):
        found += [name] * (kind != "module")
        found += [f"{name}.{member.strip()}" for member in members.split(",") if member]
    return found


def thing(name: str) -> Any:
    """What a dotted name stands for."""
    parts = name.split(".")
    for k in range(len(parts), 0, -1):
        with contextlib.suppress(ImportError):
            found: Any = importlib.import_module(".".join(parts[:k]))
            for part in parts[k:]:
                found = getattr(found, part)
            return found
    raise ImportError(name)


def fields_of(name: str) -> Iterable[str]:
    """The fields of a named tuple or data class; of anything else none."""
    found = thing(name)
    kinds = ("_fields", "__dataclass_fields__")
    return next((vars(found)[k] for k in kinds if isinstance(found, type) and k in vars(found)), ())


def is_field(name: str) -> bool:
    """Whether a dotted name is a field, which needs no example of its own."""
    parent, _, last = name.rpartition(".")
    with contextlib.suppress(ImportError, AttributeError):
        return last in fields_of(parent)
    return False


def names_in(test: doctest.DocTest) -> set[str]:
    """The names that a page's examples use."""
    code = ast.parse("\n".join(example.source for example in test.examples))
    fields = ("id", "attr", "name")
    return {getattr(node, field, None) for node in ast.walk(code) for field in fields}


@pytest.fixture(params=[OVERVIEW, *PAGES], ids=lambda page: page.stem)
def page(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_examples_run_and_each_name_has_one(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in NEEDS.get(page.stem, ()):
        pytest.importorskip(package, reason="needs the extras")
    if page.stem == "large" and sys.platform == "win32":
        pytest.skip("on Windows the ranks are not started: nobody has tried")
    monkeypatch.chdir(tmp_path)
    with socket.socket() as free:  # as torchrun starts a script, with one process
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = {"RANK": 0, "LOCAL_RANK": 0, "WORLD_SIZE": 1, "LOCAL_WORLD_SIZE": 1}
    for name, value in {**started, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}.items():
        monkeypatch.setenv(name, str(value))
    test = doctest.DocTestParser().get_doctest(examples(page), {}, page.stem, str(page), 0)
    assert test.examples
    said = io.StringIO()
    runner = doctest.DocTestRunner(Checker(), optionflags=FLAGS)
    done = runner.run(test, out=said.write, clear_globs=False)
    assert done.failed == 0, said.getvalue()

    used, values = names_in(test), list(test.globs.values())
    missing = [
        name
        for name in entries(page)
        if name.rsplit(".", 1)[1] not in used
        and not is_field(name)
        and not (isinstance(thing(name), type) and any(isinstance(v, thing(name)) for v in values))
    ]
    assert missing == [], "neither used nor, as a class, the kind of a value"


def test_every_public_name_is_in_the_reference_once() -> None:
    listed = [name for page in PAGES for name in entries(page)]
    assert len(listed) == len(set(listed))
    there = [thing(name) for name in listed if not is_field(name)]
    for module in (facetoy, losses, large):
        for name in module.__all__:
            public = getattr(module, name)
            if not isinstance(public, ModuleType):
                assert any(public is one for one in there), f"{module.__name__}.{name}"
    for name in ("plots", "faces.verification", "faces.search", "faces.photo"):
        module = thing(f"facetoy.{name}")
        for public in vars(module).values():
            own = getattr(public, "__module__", "") == module.__name__ and public.__doc__
            if own and not public.__name__.startswith("_"):
                assert any(public is one for one in there), public


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_fields_are_told_one_by_one_or_in_the_text(page: Path) -> None:
    listed = entries(page)
    for name in listed:
        for field in () if is_field(name) else fields_of(name):
            told = f"``{field}``" in thing(name).__doc__ or f"{name}.{field}" in listed
            assert told, f"{name}.{field}"


def test_the_overview_leads_to_every_page() -> None:
    links = re.findall(r"\]\((api/\w+\.md)\)", OVERVIEW.read_text())
    assert sorted(links) == [f"api/{page.name}" for page in PAGES]
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    (part,) = (part for part in toc["parts"] if part["caption"] == "The package")
    overview, *pages = (f"{entry['file']}.md" for entry in part["chapters"])
    assert (overview, pages) == ("book/api.md", [f"book/{link}" for link in links])
