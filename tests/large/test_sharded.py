"""Losses over several processes on this machine, started by torchrun as on a cluster."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from facetoy.large.sharded import ShardedMargin, connect, shard

RANKS = Path(__file__).parent / "ranks"


# The loopback interface: whatever this machine calls itself, its processes find each other.
LOCAL = {"GLOO_SOCKET_IFNAME": "lo"} if sys.platform == "linux" else {}


def start(script: str | Path, ranks: int, *args: object) -> subprocess.CompletedProcess:
    """Run a script, or "-m" and a module, in so many processes on a free port of this machine."""
    return start_with(["--standalone", f"--nproc-per-node={ranks}", script], args)


def start_with(words: Sequence[object], args: Sequence[object]) -> subprocess.CompletedProcess:
    """Run ``torchrun`` with these words and arguments of the script."""
    return subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", *map(str, words), *map(str, args)],
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore", **LOCAL},
        capture_output=True, text=True, timeout=900,
    )  # fmt: skip


@pytest.mark.parametrize("ranks", [1, 2, 4])
def test_sharded_losses_are_those_of_one_process(ranks: int) -> None:
    done = start(RANKS / "losses.py", ranks)
    assert done.returncode == 0, done.stderr[-3000:]
    for rank in range(ranks):
        assert f"rank {rank} is done" in done.stdout


@pytest.mark.parametrize(("classes", "ranks"), [(10, 4), (4, 4), (7, 2), (1_000_003, 8)])
def test_shards_hold_every_class_once(classes: int, ranks: int) -> None:
    parts = [shard(classes, rank, ranks) for rank in range(ranks)]
    assert parts[0].start == 0
    assert parts[-1].stop == classes
    assert all(a.stop == b.start for a, b in itertools.pairwise(parts))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_without_torchrun_one_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RANK", raising=False)
    with pytest.raises(RuntimeError, match="start it with torchrun"), connect():
        pass
    with pytest.raises(RuntimeError, match=r"no process group; see facetoy\.distributed\.connect"):
        ShardedMargin("arcface", 3, 10)


def test_the_missing_rank_is_named(tmp_path: Path) -> None:
    """A rank that never comes: the others say which one, and when they gave up."""
    script = tmp_path / "late.py"
    script.write_text(
        "import os, time\n"
        "if os.environ['RANK'] == '1': time.sleep(60)\n"
        "from facetoy.large import connect\n"
        "with connect(timeout=3): pass\n"
    )
    done = start(script, 3)
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


def trained(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as file:
        return dict(file)


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_a_training_goes_on_with_other_ranks_where_it_died(tmp_path: Path, optimizer: str) -> None:
    """Killed with two ranks and resumed with three, it ends where one alone and whole ends."""
    script, checkpoint = RANKS / "train.py", tmp_path / "run.npz"
    whole = start(script, 1, optimizer, "", tmp_path / "whole.npz")
    assert whole.returncode == 0, whole.stderr[-3000:]
    killed = start(script, 2, optimizer, checkpoint, tmp_path / "killed.npz", 13)
    assert killed.returncode != 0
    assert "rank      : 1" in killed.stderr
    assert int(trained(checkpoint)["step"]) == 10
    assert not (tmp_path / "killed.npz").exists()
    resumed = start(script, 3, optimizer, checkpoint, tmp_path / "resumed.npz")
    assert resumed.returncode == 0, resumed.stderr[-3000:]
    assert int(trained(checkpoint)["step"]) == 28
    want, got = trained(tmp_path / "whole.npz"), trained(tmp_path / "resumed.npz")
    for name in want.keys() - {"loss", "peaks"}:
        np.testing.assert_allclose(got[name], want[name], atol=1e-4, err_msg=name)
    assert len(got["peaks"]) == 3
    assert (got["peaks"] > 50).all()


def test_a_foreign_checkpoint_is_refused_and_kept(tmp_path: Path) -> None:
    checkpoint = tmp_path / "run.npz"
    for arrays, words in [
        ({"x": np.ones(3)}, "is not a checkpoint of this network"),
        ({"config": np.array('{"m": 0.9}')}, "is of another training"),
    ]:
        np.savez(checkpoint, **arrays)
        before = checkpoint.read_bytes()
        done = start(RANKS / "train.py", 1, "adam", checkpoint, tmp_path / "out.npz")
        assert done.returncode != 0
        assert words in done.stderr
        assert checkpoint.read_bytes() == before


def test_the_command_of_the_book(tmp_path: Path) -> None:
    """The chapter's line for a cluster, with one machine, two processes and few people."""
    chapter = json.loads((Path(__file__).parents[2] / "chapters/12_millions.ipynb").read_text())
    text = "".join("".join(cell["source"]) for cell in chapter["cells"])
    (line,) = re.findall(r"^torchrun --nnodes (?:.*\\\n)*.*$", text, flags=re.M)
    words = line.replace("\\\n", " ").split()[1:]
    small = {
        "--nnodes": 1, "--nproc-per-node": 2, "--rdzv-endpoint": "localhost:0",
        "--identities": 60, "--images": 10, "--epochs": 1, "--checkpoint": tmp_path / "run.npz",
    }  # fmt: skip
    for name, value in small.items():
        words[words.index(name) + 1] = str(value)
    more = ["--size", 16, "--dim", 16, "--batch-size", 64, "--sample-rate", 0.5]
    done = start_with(words, more)
    assert done.returncode == 0, done.stderr[-3000:]
    report = json.loads(done.stdout.splitlines()[-1])
    assert (report["ranks"], report["classes"], report["steps"]) == (2, 60, 7)
    assert report["step_ms"] > 0
    assert 0 < report["eer"] < 0.5
    assert len(report["peak_mb"]) == 2
    assert int(trained(tmp_path / "run.npz")["step"]) == 7
    wrong = start_with(words, [*more, "--lr", "high"])
    assert wrong.returncode != 0
    assert "invalid float value: 'high'" in wrong.stderr


def test_a_notebook_starts_scripts_and_reads_what_they_print(tmp_path: Path) -> None:
    script = tmp_path / "says.py"
    script.write_text(
        "import json, os, sys, time\n"
        "print('hello')\n"
        "for k in range(3):\n"
        "    if os.environ['RANK'] == '0': print(json.dumps({'k': k, 'words': sys.argv[1:]}))\n"
        "    sys.stdout.flush()\n"
        "if sys.argv[1] == 'wait': time.sleep(600)\n"
        "if sys.argv[1] == 'fail': raise ValueError('no such luck')\n"
    )
    assert [row["k"] for row in start(2, script, "go", 5)] == [0, 1, 2]
    with pytest.raises(RuntimeError, match=r"code 1 on 2 ranks:[\s\S]*no such luck"):
        list(start(2, script, "fail"))
    rows = start(1, script, "wait")
    assert next(rows) == {"k": 0, "words": ["wait"]}
    rows.close()  # ends the processes, else this would wait ten minutes
