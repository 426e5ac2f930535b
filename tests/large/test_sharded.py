"""Losses over several processes on this machine, started by torchrun as on a cluster."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import torch
from starting import RANKS, start

from facetoy.large.sharded import ShardedMargin, connect, shard


@pytest.mark.parametrize("ranks", [1, 2, 4])
def test_sharded_losses_are_those_of_one_process(ranks: int) -> None:
    done = start(RANKS / "losses.py", ranks)
    assert done.returncode == 0, done.stderr[-3000:]
    for rank in range(ranks):
        assert f"rank {rank} is done" in done.stdout


@pytest.mark.parametrize(("classes", "ranks"), [(10, 4), (4, 4), (5, 4), (7, 2), (1_000_003, 8)])
def test_shards_hold_every_class_once(classes: int, ranks: int) -> None:
    """Dealt out as PyTorch deals out rows, so that its checkpoints fit."""
    parts = [shard(classes, rank, ranks) for rank in range(ranks)]
    assert parts[0].start == 0
    assert parts[-1].stop == classes
    assert all(a.stop == b.start for a, b in itertools.pairwise(parts))
    chunks = torch.arange(classes).chunk(ranks)
    assert [len(p) for p in parts if p] == [len(chunk) for chunk in chunks]


@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_a_state_fits_the_rank_that_gave_it(tmp_path_factory: pytest.TempPathFactory, ranks: int):
    """A state is of all ranks, and each takes its own part alone."""
    folder = tmp_path_factory.getbasetemp() / "states"  # also those of other numbers of ranks
    folder.mkdir(exist_ok=True)
    done = start(RANKS / "state.py", ranks, folder)
    assert done.returncode == 0, done.stderr[-3000:]
    for rank in range(ranks):
        assert f"rank {rank} is done" in done.stdout


def test_without_torchrun_one_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RANK", raising=False)
    with pytest.raises(RuntimeError, match="start it with torchrun"), connect():
        pass
    with pytest.raises(RuntimeError, match=r"no process group; see facetoy\.large\.connect"):
        ShardedMargin("arcface", 3, 10)


def test_the_missing_rank_is_named(tmp_path: Path) -> None:
    """A rank that never comes: the others say which one, and when they gave up."""
    script = tmp_path / "late.py"
    script.write_text(
        "import os, sys, time\n"
        "from pathlib import Path\n"
        "if os.environ['RANK'] == '1': time.sleep(60)\n"
        "from facetoy.large import connect\n"
        "Path(sys.argv[1], os.environ['RANK']).touch()\n"  # an import may take long
        "while not all(Path(sys.argv[1], rank).exists() for rank in '02'): time.sleep(0.01)\n"
        "with connect(timeout=3): pass\n"
    )
    done = start(script, 3, tmp_path)
    assert done.returncode != 0
    assert "of 3 ranks these did not come within 3 s: 1" in done.stderr


def test_a_rank_that_dies_ends_the_job(tmp_path: Path) -> None:
    script = tmp_path / "dies.py"
    script.write_text(
        "import os, signal, torch\n"
        "import torch.distributed as dist\n"
        "from facetoy.large import ShardedMargin, connect\n"
        "with connect(timeout=100):\n"
        "    loss = ShardedMargin('arcface', 4, 10)\n"
        "    for step in range(1000):\n"
        "        if step == 3 and dist.get_rank() == 1: os.kill(os.getpid(), signal.SIGKILL)\n"
        "        loss(torch.randn(5, 4), torch.arange(5))\n"
    )
    done = start(script, 2)
    assert done.returncode != 0
    assert "SIGKILL" in done.stderr or "exitcode  : -9" in done.stderr or "-9" in done.stderr
    assert "rank      : 1" in done.stderr
