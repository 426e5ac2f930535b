"""A training that was killed or interrupted goes on to the same end."""

import os
import signal
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

import facetoy
from facetoy.training import checkpoints
from facetoy.training.batched import Together


def train(
    loss: str, checkpoint: str | os.PathLike | None, step: int = 0, how: int = 0
) -> tuple[int, facetoy.Run]:
    """How many steps were taken, and the run; ``step`` begins with a signal to this process."""
    take, count = Together.take, 0

    def counted(self, *args):
        nonlocal count
        count += 1
        if count == step:
            os.kill(os.getpid(), how)
        return take(self, *args)

    own = None
    if loss == "chance":
        torch.manual_seed(3)
        own = torch.nn.Sequential(
            torch.nn.Flatten(), torch.nn.Linear(64, 16), torch.nn.BatchNorm1d(16),
            torch.nn.Dropout(0.3), torch.nn.Linear(16, 3),
        )  # fmt: skip
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # tests run in the background
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Together, "take", counted)
        patch.setattr(checkpoints, "EVERY", 0.0)
        run = facetoy.fit(
            "center" if own is not None else loss, facetoy.load("digits"), model=own, epochs=3,
            snapshots=6, checkpoint=checkpoint, progress=False,
        )  # fmt: skip
    signal.signal(signal.SIGINT, before)
    return count, run


@cache
def whole(loss: str) -> tuple[int, facetoy.Run]:
    """A training that nobody interrupts."""
    return train(loss, None)


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
    path = tmp_path / "long.npz"
    code = f"import test_checkpoints as t; t.train({loss!r}, {str(path)!r}, {kill}, 9)"
    killed = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parent)
    assert killed.returncode == -signal.SIGKILL
    steps, want = whole(loss)
    count, resumed = train(loss, path)
    assert (count, resumed.config["interrupted"]) == (steps - (kill - 1), False)
    same(resumed, want)
    count, again = train(loss, path)
    assert (count, again.config["interrupted"]) == (0, False)  # it was over
    same(again, want)


@pytest.mark.posix
@pytest.mark.parametrize("step", [12, 20, 25])
def test_ctrl_c_loses_nothing(tmp_path, step):
    """Within an epoch, in its last step and in its first."""
    path = tmp_path / "long.npz"
    count, stopped = train("chance", path, step, signal.SIGINT)
    assert (count, stopped.config["interrupted"], stopped.steps[-1]) == (step, True, step)
    count, resumed = train("chance", path)
    assert (count, resumed.config["interrupted"]) == (36 - step, False)
    same(resumed, whole("chance")[1])


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
