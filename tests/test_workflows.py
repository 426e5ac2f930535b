"""GitHub's workflows and forms: pinned, with few rights, and calling only what exists."""

from __future__ import annotations

import itertools
import os
import re
import shlex
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.specifiers import SpecifierSet

import facetoy

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
ADDRESS = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["repository"]["url"]
FORMS = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("[0-9]*.yml"))
TEXTS = {
    path.stem: path.read_text(encoding="utf-8")
    for path in sorted((ROOT / ".github/workflows").glob("*.yml"))
}
# BaseLoader keeps "3.10" and "on" as they are written.
WORKFLOWS = {name: yaml.load(text, yaml.BaseLoader) for name, text in TEXTS.items()}
JOBS = {
    (name, job): content
    for name, workflow in WORKFLOWS.items()
    for job, content in workflow["jobs"].items()
}
# All that any job may do besides reading the repository.
RIGHTS = {
    ("pages", "publish"): {"pages": "write", "id-token": "write"},
    ("release", "publish"): {"id-token": "write"},
}

each_workflow = pytest.mark.parametrize("name", WORKFLOWS)


def runs(name: str) -> list[str]:
    """Every command of a workflow."""
    steps = (job["steps"] for job in WORKFLOWS[name]["jobs"].values())
    return [step["run"] for step in itertools.chain(*steps) if "run" in step]


def used(name: str) -> list[dict[str, Any]]:
    """The steps of a workflow that use an action."""
    steps = (job["steps"] for job in WORKFLOWS[name]["jobs"].values())
    return [step for step in itertools.chain(*steps) if "uses" in step]


def pythons(job: dict[str, Any]) -> Iterator[str]:
    """Versions of Python that a job sets up."""
    for step in job["steps"]:
        if version := step.get("with", {}).get("python-version"):
            matrix = re.fullmatch(r"\$\{\{ matrix\.(\w+) \}\}", version)
            yield from job["strategy"]["matrix"][matrix[1]] if matrix else [version]


def by_number(version: str) -> tuple[int, ...]:
    """A version as numbers, which sort as it does."""
    return tuple(map(int, version.split(".")))


# ---- trust


def test_there_are_four_workflows() -> None:
    assert set(WORKFLOWS) == {"tests", "pages", "weekly", "release"}


def test_every_action_is_pinned_to_one_commit_and_names_its_version() -> None:
    pins: dict[str, set[str]] = {}
    for line in itertools.chain(*(text.splitlines() for text in TEXTS.values())):
        if "uses:" in line:
            found = re.search(r"uses: ([\w.-]+/[\w./-]+)@([0-9a-f]{40})  # v\d+\.\d+\.\d+$", line)
            assert found, line
            pins.setdefault(found[1], set()).add(found[2])
    assert len(pins) > 5
    assert all(len(commits) == 1 for commits in pins.values()), pins


@each_workflow
def test_rights_are_the_least(name: str) -> None:
    workflow = WORKFLOWS[name]
    assert workflow["permissions"] == {"contents": "read"}
    for job, content in workflow["jobs"].items():
        assert content.get("permissions") == RIGHTS.get((name, job)), job


def test_jobs_with_rights_run_no_code_of_the_repository() -> None:
    for key in RIGHTS:
        steps = JOBS[key]["steps"]
        assert all("uses" in step and "checkout" not in step["uses"] for step in steps)
        assert "fork" in JOBS[key]["if"]
        assert JOBS[key]["environment"]


@each_workflow
def test_nothing_secret_and_nothing_injected(name: str) -> None:
    assert "secrets." not in TEXTS[name]
    assert "github.token" not in TEXTS[name]
    assert not {"pull_request_target", "workflow_run"} & set(WORKFLOWS[name]["on"])
    assert not [command for command in runs(name) if "${{" in command]
    for step in used(name):
        if "actions/checkout@" in step["uses"]:
            assert step["with"]["persist-credentials"] == "false"


@each_workflow
def test_runs_end(name: str) -> None:
    assert set(WORKFLOWS[name]["concurrency"]) == {"group", "cancel-in-progress"}
    for job in WORKFLOWS[name]["jobs"].values():
        assert 5 <= int(job["timeout-minutes"]) <= 120


# ---- what they call


def make_calls(command: str) -> Iterator[list[str]]:
    """The words behind each `make` of a command."""
    for line in command.splitlines():
        words = shlex.split(line)
        if words[:1] == ["make"]:
            yield words[1:]


@each_workflow
def test_what_is_made_is_in_the_makefile(name: str) -> None:
    for words in itertools.chain(*map(make_calls, runs(name))):
        for word in words:
            variable, is_set, _ = word.partition("=")
            wanted = rf"^{variable} \?=" if is_set else rf"^{re.escape(word)}:"
            assert re.search(wanted, MAKEFILE, re.M), f"make {word}"


def test_the_units_are_installed_and_run_as_the_makefile_does() -> None:
    settings = dict(re.findall(r"^(?:export )?(\w+) := (.*)$", MAKEFILE, re.M))
    recipes = MAKEFILE.replace("$(PARALLEL)", settings["PARALLEL"])
    recipes = recipes.replace("$(ALONE) ", "").splitlines()
    job = JOBS["tests", "units"]
    for step in job["steps"]:
        if "run" in step:
            assert step["run"].replace("python -m ", "\t$(BIN)/") in recipes
    alone = dict(word.split("=") for word in settings["ALONE"].split())
    assert alone.items() <= job["env"].items()
    assert job["env"].items() - {("PYTHONUTF8", "1")} <= (settings | alone).items()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no executable files")
def test_everything_is_tested_by_the_script_for_fresh_machines() -> None:
    assert runs("tests")[0] == ".ci/run"
    assert os.access(ROOT / ".ci/run", os.X_OK)


def test_versions_of_python_agree_with_the_project() -> None:
    allowed = SpecifierSet(PROJECT["requires-python"])
    assert {v for job in JOBS.values() for v in pythons(job) if v not in allowed} == set()
    versions = sorted(pythons(JOBS["tests", "units"]), key=by_number)
    assert PROJECT["requires-python"] == f">={versions[0]}"
    assert list(pythons(JOBS["weekly", "lowest"])) == versions[:1]
    named = [c.rsplit(" ", 1)[1] for c in PROJECT["classifiers"] if ":: Python :: 3." in c]
    assert sorted(named, key=by_number) == versions


def test_a_release_is_a_version_of_the_project() -> None:
    (tags,) = WORKFLOWS["release"]["on"].values()
    assert tags == {"tags": ["v*"]}
    (check,) = (command for command in runs("release") if "GITHUB_REF_NAME" in command)
    assert f"dist/{PROJECT['name']}-$version" in check
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    heads = re.findall(r"^## \[(.+)\] - (?:unreleased|\d{4}-\d\d-\d\d)$", changes, re.M)
    assert heads[0] == facetoy.__version__
    assert heads == sorted(heads, key=by_number, reverse=True)


# ---- what people fill in


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_is_complete_and_short(path: Path) -> None:
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert set(form) == {"name", "description", "labels", "body"}
    assert set(form["labels"]) <= {"bug", "documentation"}  # every repository has them
    assert len(form["body"]) <= 4
    ids = [field["id"] for field in form["body"]]
    assert len(set(ids)) == len(ids)
    assert all(field["attributes"]["label"] for field in form["body"])


def test_there_is_a_form_for_each_kind_of_trouble() -> None:
    assert [path.stem for path in FORMS] == ["1-mistake", "2-notebook", "3-bug"]


def test_weaknesses_are_reported_in_private_at_this_repository() -> None:
    config = yaml.safe_load((ROOT / ".github/ISSUE_TEMPLATE/config.yml").read_text())
    address = f"{ADDRESS}/security/advisories/new"
    assert [link["url"] for link in config["contact_links"]] == [address]
    for name in ("SECURITY.md", "CODE_OF_CONDUCT.md"):
        assert f"({address})" in (ROOT / name).read_text(encoding="utf-8")
