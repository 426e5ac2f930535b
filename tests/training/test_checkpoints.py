"""A training that was killed or interrupted goes on to the same end."""

import signal
import subprocess
import sys

import numpy as np
import pytest
import torch

import facetoy
from facetoy.training import checkpoints
from facetoy.training.batched import Together

SCRIPT = """
import os, signal, sys
import torch
import facetoy
from facetoy.training import checkpoints
from facetoy.training.batched import Together

signal.signal(signal.SIGINT, signal.default_int_handler)  # where tests run in the background
checkpoints.EVERY = 0.0
path, out, kill = sys.argv[1], sys.argv[2], int(sys.argv[3])
take = Together.take
count = 0

def counted(self, *args):
    global count
    count += 1
    if count == kill:
        os.kill(os.getpid(), getattr(signal, sys.argv[4]))
    return take(self, *args)

Together.take = counted
own = None
if sys.argv[5] == "chance":
    torch.manual_seed(3)
    own = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(64, 16), torch.nn.BatchNorm1d(16),
        torch.nn.Dropout(0.3), torch.nn.Linear(16, 3),
    )
run = facetoy.fit(
    "center" if own is not None else sys.argv[5], facetoy.load("digits"), model=own, epochs=3,
    snapshots=6, checkpoint=path or None, progress=False,
)
run.save(out)
print(count, run.config["interrupted"])
"""


def trained(tmp_path, checkpoint, out, kill=0, how="SIGKILL", loss="chance"):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    return subprocess.run(
        [sys.executable, script, checkpoint, tmp_path / out, str(kill), how, loss],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip


def same(a: facetoy.Run, b: facetoy.Run) -> None:
    for name in ("features", "weight", "predicted", "steps", "centers"):
        assert np.array_equal(getattr(a, name), getattr(b, name)), name
    for name in a.history.keys() - {"seconds"}:
        assert np.array_equal(a.history[name], b.history[name]), name
    assert all(np.array_equal(a.network[k], b.network[k]) for k in b.network)
    assert a.config == b.config


@pytest.mark.posix
@pytest.mark.parametrize(("kill", "loss"), [(20, "chance"), (23, "triplet")])
def test_a_killed_training_goes_on_to_the_same_end(tmp_path, kill, loss):
    """Killed within an epoch and at the edge of one: bit for bit the run that was not killed."""
    checkpoint = tmp_path / "long.npz"
    whole = trained(tmp_path, "", "whole.npz", loss=loss)
    assert whole.returncode == 0, whole.stderr
    killed = trained(tmp_path, checkpoint, "killed.npz", kill, loss=loss)
    assert killed.returncode == -signal.SIGKILL
    assert not (tmp_path / "killed.npz").exists()
    resumed = trained(tmp_path, checkpoint, "resumed.npz", loss=loss)
    steps = int(whole.stdout.split()[0])
    assert resumed.stdout.split() == [str(steps - (kill - 1)), "False"], resumed.stderr
    same(*(facetoy.load_run(tmp_path / f"{name}.npz") for name in ("resumed", "whole")))
    again = trained(tmp_path, checkpoint, "again.npz", loss=loss)
    assert again.stdout.split() == ["0", "False"]  # it was over: nothing is trained again
    same(*(facetoy.load_run(tmp_path / f"{name}.npz") for name in ("again", "whole")))


@pytest.mark.posix
@pytest.mark.parametrize("step", [12, 20, 25])
def test_ctrl_c_loses_nothing(tmp_path, step):
    """Within an epoch, in its last step and in its first."""
    checkpoint = tmp_path / "long.npz"
    trained(tmp_path, "", "whole.npz")
    stopped = trained(tmp_path, checkpoint, "stopped.npz", step, "SIGINT")
    assert stopped.stdout.split() == [str(step), "True"], stopped.stderr
    assert facetoy.load_run(tmp_path / "stopped.npz").steps[-1] == step
    resumed = trained(tmp_path, checkpoint, "resumed.npz")
    assert resumed.stdout.split() == [str(36 - step), "False"], resumed.stderr
    same(*(facetoy.load_run(tmp_path / f"{name}.npz") for name in ("resumed", "whole")))


def test_checkpoints_of_others_are_refused_and_kept(digits, tmp_path):
    path = tmp_path / "a.npz"
    args = {"epochs": 1, "snapshots": 2, "checkpoint": path, "progress": False}
    facetoy.fit("softmax", digits, **args)
    before = path.read_bytes()
    for change, says in [({"lr": 0.02}, "lr was 0.01, is 0.02"), ({"dim": 4}, "dim was 3, is 4")]:
        with pytest.raises(ValueError, match=f"a.npz is of another training: {says}"):
            facetoy.fit("softmax", digits, **args | change)
    other_data = facetoy.load("digits", seed=1)
    with pytest.raises(ValueError, match=r"a\.npz is of another training: data was"):
        facetoy.fit("softmax", other_data, **args)
    own = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 3))
    other = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 3, bias=False))
    facetoy.fit("softmax", digits, model=own, **args | {"checkpoint": tmp_path / "own.npz"})
    with pytest.raises(ValueError, match=r"own\.npz is of another training: model\.1 was"):
        facetoy.fit("softmax", digits, model=other, **args | {"checkpoint": tmp_path / "own.npz"})
    assert path.read_bytes() == before
    path.write_bytes(before[: len(before) // 2])
    with pytest.raises(ValueError, match=r"damaged or is not a checkpoint of facetoy\.fit"):
        facetoy.fit("softmax", digits, **args)


def test_an_interruption_while_a_checkpoint_is_read_leaves_it_alone(digits, tmp_path, monkeypatch):
    path = tmp_path / "a.npz"
    args = {"epochs": 1, "snapshots": 2, "checkpoint": path, "progress": False}
    facetoy.fit("softmax", digits, **args)
    before = path.read_bytes()

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(checkpoints, "read_npz", interrupted)
    with pytest.raises(KeyboardInterrupt):
        facetoy.fit("softmax", digits, **args)
    assert path.read_bytes() == before


def test_what_keeps_a_checkpoint_from_being_written_shows_at_once(digits, tmp_path, monkeypatch):
    monkeypatch.setattr(Together, "take", None)  # nothing is trained
    with pytest.raises(FileNotFoundError):
        facetoy.fit("softmax", digits, checkpoint=tmp_path / "none" / "a.npz", progress=False)
    with pytest.raises(ValueError, match="a checkpoint is for one fit, not for a sweep"):
        facetoy.sweep("softmax", digits, seed=[0, 1], checkpoint=tmp_path / "a.npz")
