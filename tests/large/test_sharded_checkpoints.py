"""A training on many machines that was killed or interrupted goes on, on any number of ranks."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.distributed as dist
from starting import RANKS, start
from torch.distributed.checkpoint.metadata import BytesStorageMetadata

import facetoy
from facetoy.large.checkpoints import Reader
from facetoy.large.sharded import BLOCK

ADAM, SGD = {"optimizer": "adam"}, {"optimizer": "sgd"}
SAMPLED = {"people": 56, "sample_rate": 0.2, "batch_size": 16, "epochs": 1}


def train(out: Path, ranks: int, settings: dict, *harm: object):
    return start(RANKS / "train.py", ranks, out, json.dumps(settings), *harm)


def steps(folder: Path) -> list[int]:
    """The steps of the whole checkpoints in a folder."""
    return sorted(int(f.parent.name.removeprefix("step-")) for f in folder.glob("*/.metadata"))


def arrays(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as file:
        return dict(file)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory):
    """What a training that nobody interrupts ends with, by its settings and number of ranks."""
    folder, found = tmp_path_factory.mktemp("whole"), {}

    def trained(settings: dict, ranks: int = 1) -> dict[str, np.ndarray]:
        key = json.dumps([settings, ranks])
        if key not in found:
            out = folder / f"{len(found)}.npz"
            done = train(out, ranks, settings)
            assert done.returncode == 0, done.stderr[-3000:]
            found[key] = arrays(out)
        return found[key]

    return trained


# ranks, what befalls one of them at which step, and which rank that is; then what is whole, and
# whether something is left that is not
HARM = [
    (2, "kill", 13, 1, [10], False),
    (3, "write", 15, 1, [10], True),
    (1, "finish", 15, 0, [10], True),
    (2, "remove", 20, 0, [15, 20], False),
]


@pytest.mark.parametrize(("settings", "harm"), [(ADAM, HARM), (SGD, HARM[:1])])
def test_a_training_goes_on_with_other_ranks_where_it_died(
    tmp_path: Path, whole, settings: dict, harm: list[tuple]
) -> None:
    """Killed again and again, also in the middle of a checkpoint, and resumed with other numbers
    of ranks, it ends where one alone and whole ends."""
    folder = tmp_path / "run"
    kept = settings | {"checkpoint": str(folder)}
    for ranks, how, step, rank, left, torn in harm:
        killed = train(tmp_path / "killed.npz", ranks, kept, how, step)
        assert killed.returncode != 0
        assert f"rank      : {rank}" in killed.stderr
        assert steps(folder) == left
        assert len(list(folder.glob("step-*"))) == len(left) + torn
        assert not (tmp_path / "killed.npz").exists()
    resumed = train(tmp_path / "resumed.npz", 3, kept)
    assert resumed.returncode == 0, resumed.stderr[-3000:]
    assert sorted(f.name for f in folder.iterdir()) == ["step-28", "training.json"]
    assert steps(folder) == [28]
    want, got = whole(settings), arrays(tmp_path / "resumed.npz")
    for name in want.keys() - {"loss", "peaks"}:
        np.testing.assert_allclose(got[name], want[name], atol=1e-4, err_msg=name)
    assert len(got["peaks"]) == 3
    assert (got["peaks"] > 50).all()


def test_ctrl_c_on_one_rank_stops_all_at_the_next_checkpoint(tmp_path: Path, whole) -> None:
    """Resumed with as many ranks, it ends bit for bit where it would have ended, samples too."""
    folder = tmp_path / "run"
    stopped = train(tmp_path / "a.npz", 2, SAMPLED | {"checkpoint": str(folder)}, "ctrl-c", 7)
    assert stopped.returncode != 0
    assert stopped.stderr.count("KeyboardInterrupt") >= 2
    assert steps(folder) == [10]
    resumed = train(tmp_path / "b.npz", 2, SAMPLED | {"checkpoint": str(folder)})
    assert resumed.returncode == 0, resumed.stderr[-3000:]
    want, got = whole(SAMPLED, 2), arrays(tmp_path / "b.npz")
    assert all(np.array_equal(got[name], want[name]) for name in want.keys() - {"loss", "peaks"})


@pytest.fixture
def alone():
    """This process is the only rank."""
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    yield
    dist.destroy_process_group()


@pytest.mark.usefixtures("alone")
def test_a_foreign_checkpoint_is_refused_and_kept(tmp_path: Path) -> None:
    folder, data = tmp_path / "run", facetoy.load("digits")
    settings = {"dim": 8, "epochs": 1, "checkpoint": folder, "progress": False}
    facetoy.large.train(data, **settings)
    assert steps(folder) == [5]
    words, step = folder / "training.json", folder / "step-5"
    (tmp_path / "else").mkdir()
    (tmp_path / "else" / "notes.txt").write_text("mine")
    (folder / "step-9").mkdir()  # as if killed

    def refused(says: str, **change: object) -> None:
        files = {f: f.read_bytes() for f in tmp_path.rglob("*") if f.is_file()}
        with pytest.raises(ValueError, match=says):
            facetoy.large.train(data, **settings | change)
        assert {f: f.read_bytes() for f in tmp_path.rglob("*") if f.is_file()} == files

    refused(r"run is of another training: lr was 0\.005, is 0\.006", lr=0.006)
    refused(r"else is not a checkpoint of facetoy\.large", checkpoint=tmp_path / "else")
    for file, content, change, says in [
        (step / "__0_0.distcp", b"nothing", {}, "step-5 is damaged"),
        (words, b"{", {}, r"training\.json is damaged"),
        (words, words.read_bytes().replace(b'"dim": 8', b'"dim": 9'), {"dim": 9},
         "step-5 is not a checkpoint of this network"),
        (step / ".metadata", pickle.dumps(Harmful(tmp_path / "done")), {},
         r"metadata is damaged or is not a checkpoint of facetoy\.large"),
    ]:  # fmt: skip
        before = file.read_bytes()
        file.write_bytes(content)
        refused(says, **change)
        file.write_bytes(before)
    assert not (tmp_path / "done").exists()
    facetoy.large.train(data, **settings)
    assert not (folder / "step-9").exists()


class Harmful:
    """What a pickle may do to whoever reads it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"nothing", pickle.dumps(Harmful(Path("done"))), pickle.dumps(print),
        pickle.dumps({"net": BytesStorageMetadata()}), pickle.dumps(torch.load),
        b"ctorch.serialization\nos.system\n.",
    ],
)  # fmt: skip
def test_metadata_is_no_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    """A pickle that names more than a checkpoint needs is refused, before anything is done."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "step").mkdir()
    (tmp_path / "step" / ".metadata").write_bytes(content)
    with pytest.raises(ValueError, match="metadata is damaged or is not a checkpoint of facetoy"):
        Reader(tmp_path / "step").read_metadata()
    assert [f.name for f in tmp_path.iterdir()] == ["step"]


@pytest.mark.parametrize("ranks", [2, 4])
def test_saving_takes_no_more_memory_than_training(tmp_path: Path, ranks: int) -> None:
    """At most 1.1 times as much, and to go on from a checkpoint neither."""
    done = start(RANKS / "memory.py", ranks, tmp_path, 40_000, 128, "adam")
    assert done.returncode == 0, done.stderr[-3000:]
    grown = {k: np.array(v) for k, v in json.loads(done.stdout.splitlines()[-1]).items()}
    assert (grown["alone"] > 6 * 4 * 128 * 40_000 / ranks).all()  # weights, moments, …
    assert (grown["saved"] < 1.1 * grown["alone"]).all()
    assert (grown["resumed"] < 1.1 * grown["alone"]).all()
    # another number of ranks would not have to read all that one has written
    saved = Reader(tmp_path / "run" / "step-4").read_metadata().state_dict_metadata["head.weight"]
    assert saved.size == (40_000, 128)
    assert max(chunk.sizes[0] for chunk in saved.chunks) == BLOCK < 40_000 / ranks
