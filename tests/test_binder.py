"""Binder: what repo2docker makes of this repository, as far as it goes without Docker."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="repo2docker runs on Linux")

ROOT = Path(__file__).parents[1]
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]


@pytest.fixture(scope="module")
def said() -> subprocess.CompletedProcess:
    """repo2docker's words about the repository; on its standard output stands the Dockerfile."""
    return subprocess.run(
        [sys.executable, "-m", "repo2docker", "--no-build", "--debug", ROOT],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def dockerfile(said: subprocess.CompletedProcess) -> str:
    return said.stdout


def place(dockerfile: str, *words: str) -> int:
    """Where a line with these words stands; there is one."""
    lines = dockerfile.splitlines()
    (found,) = (i for i, line in enumerate(lines) if all(word in line for word in words))
    return found


def test_the_python_that_is_asked_for_is_understood(said: subprocess.CompletedProcess) -> None:
    (wanted,) = (p for p in ENVIRONMENT if isinstance(p, str) and p.startswith("python="))
    assert re.fullmatch(r"python=3\.\d+", wanted)
    assert f"Building conda environment for {wanted}\n" in said.stderr
    assert "unspecified" not in said.stderr


def test_a_commit_does_not_rebuild_the_environment(dockerfile: str) -> None:
    listed = place(dockerfile, "COPY", "src/environment.yml")
    installed = place(dockerfile, "env update", '--file "environment.yml"')
    copied = place(dockerfile, "COPY", "src/ ${REPO_DIR}/")
    added = place(dockerfile, "RUN ./postBuild")
    assert listed < installed < copied < added


def test_the_package_alone_is_added_in_the_end(dockerfile: str) -> None:
    assert len(re.findall(r"^RUN \./", dockerfile, re.M)) == 1
    commands = (ROOT / "postBuild").read_text().splitlines()
    assert commands[0] == "#!/bin/bash"
    installs = [line for line in commands if "install" in line and not line.startswith("#")]
    assert installs == ["python -m pip install --quiet --no-deps ."]
