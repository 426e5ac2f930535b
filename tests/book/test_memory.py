"""How much memory the notebooks take, and how that is measured."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from facetoy_book.cache import PEAK, cache_path, name_of, recorded, sources
from facetoy_book.memory import ChildrenWatch
from jupyter_cache import get_cache

ROOT = Path(__file__).parents[2]
LIMIT = 1.2e9  # bytes; Binder grants 2 GB, and Jupyter needs some itself
# Four processes that have loaded torch: the kernel, torchrun, two ranks.
MORE = {"chapters/13_millions": 1.4e9}
MB = 1_000_000
linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone says it")
# 100 MB are shared, and each of the two has 50 MB of its own.
TWO = """
import mmap, os, time
shared = mmap.mmap(-1, 100_000_000)
shared.write(bytes(100_000_000))
child = os.fork()
own = bytearray(b"1") * 50_000_000
shared[::4096]
time.sleep(2)
if child:
    os.wait()
"""
ONE_MOMENT = "import time; bytearray(b'1') * 150_000_000; time.sleep(2)"
# In a process of its own: that of the tests may have other children.
WATCH = """
import subprocess, sys
from facetoy_book.memory import ChildrenWatch
with ChildrenWatch() as watch:
    subprocess.run([sys.executable, "-c", sys.argv[1]], check=True)
print(watch.most)
"""


@linux
@pytest.mark.parametrize(("program", "most"), [(TWO, 200 * MB), (ONE_MOMENT, 150 * MB)])
def test_all_processes_are_watched_and_what_they_share_counts_once(program: str, most: int) -> None:
    command = [sys.executable, "-c", WATCH, program]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert most < int(done.stdout) < most + 45 * MB


def test_without_a_process_there_is_no_number() -> None:
    with ChildrenWatch() as watch:
        watch.look([])
    assert watch.most is None


@linux
@pytest.mark.usefixtures("site")  # once the book has been built, all have been run
@pytest.mark.parametrize("path", sources(ROOT), ids=name_of)
def test_every_notebook_has_room_on_binder(path: Path) -> None:
    run = recorded(get_cache(cache_path(ROOT)), path) or {}
    assert PEAK in run, "was not run by `make book` or `make test`"
    assert run[PEAK] <= MORE.get(name_of(path), LIMIT), f"took {run[PEAK] / 1e9:.2f} GB"
