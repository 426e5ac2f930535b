"""What people met in the field with several processes, each case with its neighbours.

All checks of ``ranks/field.py`` share one start of two processes; each is a test here.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from ranks.field import CHECKS
from starting import RANKS, start

from facetoy.large import connect, torchrun


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


@pytest.mark.parametrize("timeout", [0, -1, math.nan, math.inf, "5", None, True])
def test_a_timeout_that_is_none(timeout: object) -> None:
    with pytest.raises(ValueError, match=r"timeout must lie in \(0, inf\), got"), connect(timeout):
        pass


@pytest.mark.parametrize("ranks", [0, -1, 1.5, "2", None, True])
def test_a_number_of_ranks_that_is_none(ranks: object) -> None:
    with pytest.raises(ValueError, match="ranks must be an integer of at least 1, got"):
        next(torchrun(ranks, "script.py"))
