"""What people met in the field with several processes, each case with its neighbours.

All checks of ``ranks/field.py`` share one start of two processes; each is a test here.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ranks.field import CHECKS
from starting import RANKS, start


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What went wrong, by check."""
    folder: Path = tmp_path_factory.mktemp("field")
    done = start(RANKS / "field.py", 2, folder)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", CHECKS)
def test_on_two_ranks(found: dict[str, str], name: str) -> None:
    assert found[name] == ""
