"""Start scripts of several processes, as on a cluster."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

RANKS = Path(__file__).parent / "ranks"


# The loopback interface: whatever this machine calls itself, its processes find each other.
LOCAL = {"GLOO_SOCKET_IFNAME": "lo"} if sys.platform == "linux" else {}


def start(script: str | Path, ranks: int, *args: object) -> subprocess.CompletedProcess:
    """Run a script, or "-m" and a module, in so many processes on a free port of this machine."""
    return start_with(["--standalone", f"--nproc-per-node={ranks}", script], args)


def start_with(words: Sequence[object], args: Sequence[object]) -> subprocess.CompletedProcess:
    """Run ``torchrun`` with these words and arguments of the script."""
    if sys.platform == "win32":
        pytest.skip("on Windows the ranks are not started: nobody has tried")
    return subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", *map(str, words), *map(str, args)],
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore", **LOCAL},
        capture_output=True, text=True, timeout=900,
    )  # fmt: skip
