"""cache: one training is done once, and never stands for another."""

import functools
import math
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.special import expit
from torch import nn

import facetoy
from facetoy.large import shard
from facetoy.progress import progress_bar
from facetoy.training import cache, sweeping
from facetoy.training.batched import Together
from facetoy.training.fitting import SETTINGS, adam

SHORT = {"epochs": 2, "snapshots": 3, "batch_size": 20, "progress": False}


@pytest.fixture(scope="module")
def few():
    """Sixty digits."""
    digits = facetoy.load("digits")
    return facetoy.Data(
        "few", digits.train_images[:60], digits.train_labels[:60], digits.test_images[:30],
        digits.test_labels[:30], digits.class_names,
    )  # fmt: skip


@pytest.fixture
def steps(monkeypatch):
    """The steps that were taken: for each the number of trainings that it was one of."""
    taken = []
    take = Together.take

    def counted(self, *args):
        taken.append(len(self.trainings))
        return take(self, *args)

    monkeypatch.setattr(Together, "take", counted)
    return taken


@pytest.fixture
def trains(few, tmp_path, steps):
    """Whether a call of ``fit`` trains."""

    def trains(loss="arcface", data=few, **args):
        steps.clear()
        facetoy.fit(loss, data, **{**SHORT, "cache": tmp_path, **args})
        return bool(steps)

    return trains


def same(a, b):
    """Bit for bit."""
    for name in ("features", "weight", "predicted", "steps", "centers", "labels", "images"):
        one, two = getattr(a, name), getattr(b, name)
        assert (one is None) == (two is None), name
        assert one is None or (one.dtype == two.dtype and np.array_equal(one, two)), name
    for name in ("history", "network"):
        one, two = getattr(a, name), getattr(b, name)
        assert one.keys() == two.keys()
        assert all(np.array_equal(one[k], two[k], equal_nan=True) for k in one)
        assert all(one[k].dtype == two[k].dtype for k in one)
    assert (a.config, a.device, a.class_names) == (b.config, b.device, b.class_names)


@pytest.mark.parametrize("loss", ["softmax", "center", "triplet", "lsoftmax"])
def test_the_same_call_trains_once(loss, few, tmp_path, steps):
    folder = tmp_path / "new" / "folder"
    first, again = (facetoy.fit(loss, few, cache=folder, **SHORT) for _ in range(2))
    assert steps == [1] * 6
    same(first, again)
    assert again.images is few.test_images
    (path,) = folder.iterdir()
    with np.load(path, allow_pickle=False) as file:
        assert file["images"].size == file["labels"].size == 0
        assert file["features"].shape == first.features.shape


def test_another_process_finds_it(tmp_path, trains):
    """Whose order of sets is another, and which gives arguments in another order."""
    script = f"""
import numpy as np
import facetoy
from facetoy.training.batched import Together
digits = facetoy.load("digits")
few = facetoy.Data(
    "few", digits.train_images[:60], digits.train_labels[:60], digits.test_images[:30],
    digits.test_labels[:30], digits.class_names,
)
facetoy.fit("arcface", few, m=0.3, s=8, cache="runs", **{SHORT})
"""
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True, timeout=300)
    assert not trains(cache=tmp_path / "runs", s=8, m=0.3)


CHANGES = {
    "dim": 4, "epochs": 1, "seed": 1, "model": nn.Sequential(nn.Flatten(), nn.Linear(64, 3)),
    "device": "cpu", "snapshots": 2, "lr": 0.02, "batch_size": 10, "warmup": 0.5, "per_class": 2,
    "optimizer": torch.optim.SGD, "decay": math.cos,
}  # fmt: skip


def test_each_setting_makes_another_training(trains):
    assert CHANGES.keys() == SETTINGS.keys() - {"checkpoint", "cache", "progress", "on_snapshot"}
    changes = [{}, *({name: value} for name, value in CHANGES.items())]
    changes += [
        {"m": 0.3}, {"s": 8}, {"loss": "softmax"}, {"loss": facetoy.losses.CosFace(3, 10)},
        {"optimizer": functools.partial(torch.optim.SGD, momentum=0.5)},
        {"optimizer": functools.partial(torch.optim.SGD, momentum=0.9)},
    ]  # fmt: skip
    assert all(trains(**change) for change in changes)
    assert not any(trains(**change) for change in changes)
    assert not trains(progress=True)
    assert not trains(s=16, m=0.5)  # the defaults


def test_other_data_make_another_training(few, trains):
    assert trains()
    for field in ("train_images", "train_labels", "test_images", "test_labels"):
        values = getattr(few, field).copy()
        values.flat[5] = values.flat[5] == 0
        assert trains(data=replace(few, **{field: values})), field
    assert trains(data=replace(few, name="others"))
    assert not trains(data=replace(few, train_images=few.train_images.copy()))


def test_the_first_parameters_make_another_training(trains):
    network, loss = CHANGES["model"], facetoy.losses.ArcFace(3, 10)
    assert [trains(loss, model=network) for _ in range(2)] == [True, False]
    with torch.no_grad():
        network[1].bias[0] += 1e-6
    assert [trains(loss, model=network) for _ in range(2)] == [True, False]
    with torch.no_grad():
        loss.weight[0, 0] += 1e-6
    assert [trains(loss, model=network) for _ in range(2)] == [True, False]
    network[1].bias.requires_grad_(False)
    assert [trains(loss, model=network) for _ in range(2)] == [True, False]


def test_the_surroundings_make_another_training(trains, monkeypatch):
    assert trains()
    with torch.autocast("cpu", torch.bfloat16):
        assert trains()
    for name in ("allow_tf32", "benchmark", "deterministic"):
        monkeypatch.setattr(torch.backends.cudnn, name, not getattr(torch.backends.cudnn, name))
        assert trains(), name
    monkeypatch.setattr(torch, "__version__", "3.0")
    assert trains()
    monkeypatch.setattr(cache, "_code", lambda: [("losses/arcface.py", b"other code")])
    assert trains()
    assert not trains()


class Own(facetoy.losses.ArcFace):
    """A loss that someone is at work on."""


class Flat(nn.Flatten):
    """A layer that someone is at work on."""


def own(kind):
    """Arguments with code in them that could be another each time."""
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 3))
    if kind == "hook":
        network.register_forward_hook(lambda module, args, found: 2 * found)
    if kind == "instance":
        network[1].forward = lambda x: x[:, :3]
    if kind == "not of trainings":
        network.shard = shard
    return {
        "loss": {"loss": Own},
        "loss module": {"loss": Own(3, 10)},
        "layer": {"model": nn.Sequential(Flat(), nn.Linear(64, 3))},
        "hook": {"model": network},
        "instance": {"model": network},
        "not of trainings": {"model": network},
        "compiled": {"decay": expit},
        "optimizer": {"optimizer": lambda p, lr: torch.optim.SGD(p, lr)},
        "partial": {"decay": functools.partial(lambda most, part: most - part, 1)},
        "decay": {"decay": lambda part: 1 - part},
        "copied name": {"optimizer": functools.wraps(adam)(lambda p, lr: adam(p, 2 * lr))},
        "on_snapshot": {"on_snapshot": print},
    }[kind]


@pytest.mark.parametrize(
    "kind",
    [
        "loss", "loss module", "layer", "hook", "instance", "optimizer", "partial", "decay",
        "copied name", "on_snapshot", "not of trainings", "compiled",
    ],
)  # fmt: skip
def test_with_code_of_others_each_training_is_done(kind, trains, tmp_path):
    assert [trains(**own(kind)) for _ in range(2)] == [True, True]
    assert not any(tmp_path.iterdir())


def test_a_loss_of_ours_that_was_patched_is_trained_each_time(trains, monkeypatch):
    assert trains()
    monkeypatch.setattr(facetoy.losses.ArcFace, "phi", lambda self, cos: cos)
    assert [trains() for _ in range(2)] == [True, True]


def test_what_was_edited_after_its_import_is_trained_each_time(trains, monkeypatch):
    assert trains()
    monkeypatch.setattr(cache, "IMPORTED", 0)
    assert [trains() for _ in range(2)] == [True, True]


def cut(path):
    path.write_bytes(path.read_bytes()[:-500])


def flip(path):
    held = bytearray(path.read_bytes())
    held[len(held) // 3] ^= 255
    path.write_bytes(held)


def other(path):
    run = facetoy.load_run(path)
    replace(run, config=run.config | {"lr": 0.5}).save(path)


@pytest.mark.parametrize(
    "damage", [cut, flip, other, lambda p: p.write_bytes(b""), lambda p: np.savez(p, words="{}")]
)
def test_a_file_that_is_not_its_run_is_replaced(damage, trains, tmp_path):
    assert trains()
    (path,) = tmp_path.iterdir()
    damage(path)
    assert [trains() for _ in range(2)] == [True, False]
    assert list(tmp_path.iterdir()) == [path]


def test_two_threads_at_once_are_harmless(few, tmp_path):
    with ThreadPoolExecutor(2) as pool:
        runs = list(
            pool.map(lambda _: facetoy.fit("arcface", few, cache=tmp_path, **SHORT), range(2))
        )
    runs.append(facetoy.fit("arcface", few, cache=tmp_path, **SHORT))
    assert len(list(tmp_path.iterdir())) == 1
    assert all(np.array_equal(run.features, runs[0].features) for run in runs)


SWEEPS = {
    "at once": {"loss": "arcface"},
    "in threads": {"loss": "triplet"},
    "one by one": {"loss": "softmax", "model": CHANGES["model"]},
}


@pytest.mark.parametrize("how", SWEEPS)
def test_a_sweep_over_one_seed_more_trains_one(how, few, tmp_path, steps):
    args = {**SHORT, "data": few, "cache": tmp_path, **SWEEPS[how]}
    sweep = functools.partial(facetoy.sweep, jobs=1, **args)
    first = sweep(seed=[3, 1])
    assert sum(steps) == 2 * 6
    steps.clear()
    more = sweep(seed=[1, 2, 3])
    assert steps == [1] * 6
    assert [run.config["seed"] for run in more] == [1, 2, 3]
    same(more[0], first[1])
    same(more[2], first[0])
    again = sweep(seed=[1, 2, 3])
    assert steps == [1] * 6
    same(again[1], more[1])
    # one program's runs differ from fit's by rounding: then fit trains its own
    alone = facetoy.fit(seed=1, **args)
    assert len(steps) == (12 if how == "at once" else 6)
    if how != "at once":
        fresh = facetoy.fit(seed=1, **args | {"cache": None})
        assert np.array_equal(alone.features, fresh.features)


@pytest.mark.parametrize("how", SWEEPS)
def test_the_bar_of_a_sweep_ends_where_all_runs_are_there(how, few, tmp_path, monkeypatch):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    bars = []

    def watched(**kwargs):
        bars.append(progress_bar(**kwargs))
        return bars[-1]

    monkeypatch.setattr(sweeping, "progress_bar", watched)
    for seeds in ([0, 1], [0, 1, 2], [0, 1, 2]):
        args = {**SHORT, "jobs": 1, "progress": True, "cache": tmp_path, **SWEEPS[how]}
        facetoy.sweep(data=few, seed=seeds, **args)
    assert len(bars) == 3
    assert all(bar.n == bar.total for bar in bars)


def test_runs_that_did_not_come_to_their_end_are_not_kept(few, tmp_path, monkeypatch):
    with pytest.warns(RuntimeWarning, match="diverged"):
        facetoy.fit("softmax", few, lr=1e30, cache=tmp_path, **SHORT)
    with pytest.warns(RuntimeWarning, match="diverged"):
        facetoy.sweep("softmax", few, lr=[1e30], seed=range(2), cache=tmp_path, **SHORT)

    def interrupted(self, batch, part):
        raise KeyboardInterrupt

    monkeypatch.setattr(Together, "take", interrupted)
    assert facetoy.fit("softmax", few, cache=tmp_path, **SHORT).config["interrupted"]
    facetoy.sweep("softmax", few, seed=range(2), cache=tmp_path, **SHORT)
    assert not any(tmp_path.iterdir())


def test_what_is_cut_off_while_it_writes_leaves_nothing(few, tmp_path, monkeypatch, trains):
    def half(file, **arrays):
        file.write(b"PK half a file")
        raise KeyboardInterrupt

    with monkeypatch.context() as m:
        m.setattr(np, "savez_compressed", half)
        with pytest.raises(KeyboardInterrupt):
            facetoy.fit("arcface", few, cache=tmp_path, **SHORT)
    assert not any(tmp_path.iterdir())
    assert [trains() for _ in range(2)] == [True, False]


def test_a_full_disk_costs_no_run(few, tmp_path, monkeypatch):
    def full(file, **arrays):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.warns(RuntimeWarning, match="the run is not kept: .*No space left"):
        run = facetoy.fit("arcface", few, cache=tmp_path, **SHORT)
    assert run.steps[-1] == 6


@pytest.mark.parametrize("call", [facetoy.fit, functools.partial(facetoy.sweep, seed=[0, 1])])
def test_what_can_be_no_folder_is_told_before_the_first_step(call, few, tmp_path, steps):
    (tmp_path / "file").write_text("mine")
    for path in ("file", "file/folder"):
        with pytest.raises(OSError, match=rf"cache must be a folder .*{path}'"):
            call("arcface", few, cache=tmp_path / path, **SHORT)
    for wrong in (3, True, [tmp_path]):
        with pytest.raises(TypeError, match="cache must be the path of a folder, got"):
            call("arcface", few, cache=wrong, **SHORT)
    assert not steps
    assert (tmp_path / "file").read_text() == "mine"
