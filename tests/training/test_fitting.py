import itertools
import signal
import subprocess
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest
import torch

import facetoy
from facetoy.losses import (
    LOSSES,
    ArcFace,
    CenterLoss,
    CombinedMargin,
    LSoftmax,
    Softmax,
    TripletLoss,
)
from facetoy.training import engine, fitting


@pytest.fixture(scope="module")
def digits():
    return facetoy.load("digits")


@pytest.fixture(scope="module")
def run(digits):
    return facetoy.fit("arcface", digits, m=0.5, epochs=3, snapshots=5)


def test_digits(digits):
    assert digits.name == "digits"
    assert digits.train_images.shape == (1437, 1, 8, 8)
    assert digits.test_images.shape == (360, 1, 8, 8)
    assert digits.train_images.dtype == np.float32
    assert digits.train_images.min() == 0
    assert digits.train_images.max() == 1
    assert digits.class_names == tuple("0123456789")
    share = np.bincount(digits.test_labels) / (
        np.bincount(digits.test_labels) + np.bincount(digits.train_labels)
    )
    np.testing.assert_allclose(share, 0.2, atol=0.01)
    again, other = facetoy.load("digits"), facetoy.load("digits", seed=1)
    assert np.array_equal(again.test_images, digits.test_images)
    assert not np.array_equal(other.test_images, digits.test_images)
    with pytest.raises(ValueError, match="unknown data 'mnits'; there are 'digits'"):
        facetoy.load("mnits")


def test_hold_out(digits):
    data = digits.hold_out(["3", "8"])
    assert data.num_classes == 8
    assert data.class_names == ("0", "1", "2", "4", "5", "6", "7", "9", "3", "8")
    assert set(data.train_labels) == set(range(8))
    assert len(data.test_labels) == len(digits.test_labels)
    names = np.array(data.class_names)
    assert (names[data.test_labels] == np.array(digits.class_names)[digits.test_labels]).all()
    again = data.hold_out(["0"])
    assert again.class_names == ("1", "2", "4", "5", "6", "7", "9", "0", "3", "8")
    with pytest.raises(ValueError, match="no class '3'"):
        data.hold_out(["3"])
    with pytest.raises(ValueError, match="at least two classes must remain, got 1"):
        digits.hold_out(digits.class_names[1:])


def test_run_has_the_promised_arrays(run, digits):
    T = len(run.steps)
    assert run.steps[0] == 0
    assert run.steps[-1] == 3 * 12
    assert (np.diff(run.steps) > 0).all()
    assert run.features.shape == (T, 360, 3)
    assert run.weight.shape == (T, 10, 3)
    assert run.predicted.shape == (T, 360)
    assert np.array_equal(run.labels, digits.test_labels)
    assert run.images is digits.test_images
    assert run.device == engine.device_name(fitting._device("auto"))
    assert {k: len(v) for k, v in run.history.items()} == dict.fromkeys(
        ("loss", "train_accuracy", "test_accuracy", "gradient_norm", "seconds"), 3
    )
    assert run.config["m"] == 0.5
    assert run.config["s"] == 16.0
    accuracy = facetoy.metrics.measure(run).accuracy
    assert accuracy == pytest.approx(run.history["test_accuracy"][-1], abs=1e-6)
    assert accuracy > 0.2
    # predictions are those of the nearest weight
    u = facetoy.metrics.unit(run.features[-1]) @ facetoy.metrics.unit(run.weight[-1]).T
    assert np.array_equal(u.argmax(1), run.predicted[-1])


def test_deterministic_and_leaves_the_random_state(run, digits):
    torch.manual_seed(7)
    state = torch.get_rng_state()
    again = facetoy.fit("arcface", digits, m=0.5, epochs=3, snapshots=5)
    assert torch.equal(state, torch.get_rng_state())
    assert np.array_equal(again.features, run.features)
    other = facetoy.fit("arcface", digits, m=0.5, epochs=3, snapshots=5, seed=1)
    assert not np.array_equal(other.features, run.features)


def test_name_class_and_module_train_alike(digits):
    short = {"epochs": 1, "snapshots": 2}
    a = facetoy.fit("arcface", digits, **short)
    b = facetoy.fit(ArcFace, digits, s=16.0, **short)
    assert np.array_equal(a.features, b.features)
    module = ArcFace(3, 10, s=16.0)
    before = module.weight.detach().clone()
    c = facetoy.fit(module, digits, **short)
    assert torch.equal(before, module.weight)
    assert np.array_equal(c.weight[0], before.numpy())
    assert c.config["loss"] == "arcface"


def test_margin_warms_up(digits, monkeypatch):
    seen = []
    phi = ArcFace.phi
    monkeypatch.setattr(ArcFace, "phi", lambda self, cos: seen.append(self.m) or phi(self, cos))
    facetoy.fit("arcface", digits, m=0.4, epochs=2, snapshots=2, warmup=0.5)
    assert seen[0] == 0
    assert (np.diff(seen) >= 0).all()
    np.testing.assert_allclose(seen[:12], 0.4 * np.arange(12) / 12)
    assert seen[12:] == [0.4] * 12


def test_every_margin_of_the_combination_warms_up(digits, monkeypatch):
    seen = []
    phi = CombinedMargin.phi

    def spy(self, cos):
        seen.append((self.m1, self.m2, self.m3))
        return phi(self, cos)

    monkeypatch.setattr(CombinedMargin, "phi", spy)
    run = facetoy.fit("combined", digits, m1=1.4, m2=0.2, m3=0.1, epochs=1, snapshots=2)
    assert seen[0] == (1, 0, 0)
    np.testing.assert_allclose(seen[-1], (1.4, 0.2, 0.1))
    assert [run.config[k] for k in ("m1", "m2", "m3")] == [1.4, 0.2, 0.1]


def test_lambda_is_annealed_down_to_its_final_value(digits, monkeypatch):
    seen = []
    phi = LSoftmax.phi
    monkeypatch.setattr(LSoftmax, "phi", lambda self, cos: seen.append(self.lam) or phi(self, cos))
    run = facetoy.fit("asoftmax", digits, lam=5.0, epochs=3, snapshots=2)
    assert seen[0] == 1000
    assert seen[1] == LSoftmax.annealing(1 / 36)
    assert seen[-1] == 5
    assert run.config["lam"] == 5
    assert run.config["m"] == 4


def test_centers_move_with_the_classes(digits, recwarn):
    run = facetoy.fit("center", digits, epochs=20, snapshots=3)
    assert run.centers.shape == (3, 10, 3)
    assert not run.centers[0].any()
    means = np.stack([run.features[-1][run.labels == c].mean(0) for c in range(10)])
    far = np.linalg.norm(run.centers[-1] - means, axis=1)
    assert far.max() < 0.2 * np.linalg.norm(means, axis=1).mean()
    assert not [w for w in recwarn if "update" in str(w.message)]


def test_updates_get_the_features_of_the_step(digits, monkeypatch):
    seen = []
    forward, update = CenterLoss.forward, CenterLoss.update
    monkeypatch.setattr(
        CenterLoss, "forward", lambda self, x, y: seen.append((x, y)) or forward(self, x, y)
    )

    def check(self, x, y):
        assert x is not seen[-1][0]
        assert torch.equal(x, seen[-1][0])
        assert torch.equal(y, seen[-1][1])
        update(self, x, y)

    monkeypatch.setattr(CenterLoss, "update", check)
    facetoy.fit("center", digits, epochs=1, snapshots=2)
    assert len(seen) == 12


def test_triplets_train_on_balanced_batches(digits, monkeypatch):
    seen = []
    forward = TripletLoss.forward
    monkeypatch.setattr(
        TripletLoss, "forward", lambda self, x, y: seen.append(y) or forward(self, x, y)
    )
    run = facetoy.fit("triplet", digits, epochs=1, snapshots=2)
    assert all((torch.bincount(y) == 12).all() for y in seen)
    assert run.weight is None
    seen.clear()
    facetoy.fit("triplet", digits, epochs=1, snapshots=2, per_class=32)
    assert all(sorted(torch.bincount(y).tolist())[-4:] == [32] * 4 for y in seen)
    # without scores of its own, the nearest class mean of the training images decides
    assert run.history["test_accuracy"][-1] > 0.5


@pytest.mark.parametrize("seed", range(5))
def test_triplets_do_not_collapse_at_the_book_s_settings(digits, seed):
    run = facetoy.fit("triplet", digits, seed=seed, snapshots=2)
    assert facetoy.metrics.measure(run).accuracy >= 0.95
    u = facetoy.metrics.unit(run.features[-1])
    assert np.linalg.norm(u.mean(0)) < 0.5  # a collapsed sphere has 1


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_trains(digits, name):
    run = facetoy.fit(name, digits, epochs=40, snapshots=2)
    assert facetoy.metrics.measure(run).accuracy > 0.85
    assert np.isfinite(run.features).all()


def test_pk_sampler():
    labels = np.repeat(np.arange(5), [1, 2, 10, 20, 30])
    batches = facetoy.PKSampler(labels, 3, 4, torch.Generator().manual_seed(0))
    assert len(batches) == 63 // 12
    for batch in batches:
        assert len(batch) == 12
        classes, counts = np.unique(labels[batch], return_counts=True)
        assert len(classes) == 3
        assert (counts == 4).all()
        for c in classes:
            mine = [i for i in batch if labels[i] == c]
            assert len(set(mine)) == min(4, (labels == c).sum())
    with pytest.raises(ValueError, match=r"classes must lie in \[1, 5\], got 6"):
        facetoy.PKSampler(labels, 6, 2)
    with pytest.raises(ValueError, match="per_class must be at least 2, for a positive, got 1"):
        facetoy.PKSampler(labels, 3, 1)


def test_interruption_keeps_what_was_trained(digits):
    def stop(run):
        if run.steps[-1] > 20:
            raise KeyboardInterrupt

    run = facetoy.fit("softmax", digits, epochs=50, on_snapshot=stop)
    assert run.config["interrupted"]
    assert 20 < run.steps[-1] < 100
    assert len(run.features) == len(run.steps) == len(run.predicted)


def test_interruption_between_snapshots(digits, monkeypatch):
    calls = iter(range(100))
    forward = Softmax.forward

    def interrupted(self, x, y):
        if next(calls) == 17:
            raise KeyboardInterrupt
        return forward(self, x, y)

    monkeypatch.setattr(Softmax, "forward", interrupted)
    run = facetoy.fit("softmax", digits, epochs=5, snapshots=2)
    assert run.steps.tolist() == [0, 17]
    assert len(run.history["loss"]) == 1


@pytest.mark.parametrize("calls", [1, 2, 3, 5])
def test_an_interruption_never_leaves_half_a_snapshot(digits, monkeypatch, calls):
    """Whichever classification it hits: that of a snapshot, or one of the two after an epoch."""
    count = itertools.count()
    logits = Softmax.logits

    def interrupted(self, x):
        if next(count) == calls:
            raise KeyboardInterrupt
        return logits(self, x)

    monkeypatch.setattr(Softmax, "logits", interrupted)
    run = facetoy.fit("softmax", digits, epochs=4, snapshots=3, progress=False)
    assert run.config["interrupted"]
    assert len(run.steps) == len(run.features) == len(run.predicted) == len(run.weight)
    assert len({len(values) for values in run.history.values()}) == 1


def test_an_own_network_with_chance_in_it_trains_alike(digits):
    own = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Dropout(0.5), torch.nn.Linear(64, 3))
    torch.manual_seed(3)
    runs = []
    for _ in range(2):
        runs.append(facetoy.fit("softmax", digits, model=own, epochs=1, snapshots=2))
        torch.rand(3)
    assert np.array_equal(runs[0].features, runs[1].features)
    torch.manual_seed(5)
    state = torch.get_rng_state()
    facetoy.fit("softmax", digits, model=own, epochs=1, snapshots=2)
    assert torch.equal(torch.get_rng_state(), state)


def test_no_batch_of_one_image(digits):
    few = replace(digits, train_images=digits.train_images[:33], train_labels=np.arange(33) % 10)
    own = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 3), torch.nn.BatchNorm1d(3))
    run = facetoy.fit("softmax", few, model=own, epochs=2, batch_size=16, snapshots=2)
    assert run.steps[-1] == 4
    seen = engine.Shuffled(33, 16, torch.Generator())
    sizes = [len(batch) for batch in seen]
    assert (sizes, len(seen)) == ([16, 17], 2)
    assert sorted(torch.cat(list(seen)).tolist()) == list(range(33))


def test_sweep_over_anything(digits):
    sweep = facetoy.sweep("softmax", digits, bias=[False, True], epochs=1, snapshots=2)
    assert sweep.parameters == {"bias": (False, True)}
    sweep = facetoy.sweep("arcface", digits, dim=np.array([2, 3]), epochs=1, snapshots=2)
    assert sweep.parameters == {"dim": (2, 3)}
    assert sweep[0].images is sweep[1].images


def test_sweep(digits):
    sweep = facetoy.sweep("arcface", digits, m=[0, 0.3], seed=range(2), epochs=1, snapshots=2)
    assert sweep.parameters == {"m": (0, 0.3), "seed": (0, 1)}
    assert [(r.config["m"], r.config["seed"]) for r in sweep] == [
        (0, 0), (0, 1), (0.3, 0), (0.3, 1)
    ]  # fmt: skip
    one = sweep.select(m=0.3)
    assert one.parameters == {"seed": (0, 1)}
    assert len(sweep[:3]) == 3
    alone = facetoy.fit("arcface", digits, m=0.3, seed=1, epochs=1, snapshots=2)
    np.testing.assert_allclose(one[1].features, alone.features, atol=1e-5)
    with pytest.raises(ValueError, match="no run with"):
        sweep.select(m=0.7)
    with pytest.raises(ValueError, match="at least one argument that is a non-empty list"):
        facetoy.sweep("arcface", digits, m=0.3)


LISTS = {
    "softmax": {"seed": [0, 1, 2]},
    "normsoftmax": {"s": [4, 16]},
    "lsoftmax": {"m": [1, 2, 4], "lam": [0.0, 5.0]},
    "asoftmax": {"m": [3, 4]},
    "cosface": {"m": [0, 0.35], "s": [8.0, 16]},
    "amsoftmax": {"m": [0.1, 0.2], "seed": [3, 4]},
    "arcface": {"m": [0, 0.3, 0.5], "seed": [0, 1]},
    "combined": {"m1": [1, 1.3], "m2": [0.0, 0.2], "m3": [0, 0.1]},
}


def alike(ours: facetoy.Run, alone: facetoy.Run, atol: float = 2e-4) -> None:
    """Two runs of one training agree in all but time and rounding."""
    assert ours.config == alone.config
    assert np.array_equal(ours.steps, alone.steps)
    scale = np.abs(alone.features).max()
    np.testing.assert_allclose(ours.features / scale, alone.features / scale, atol=atol)
    np.testing.assert_allclose(ours.weight, alone.weight, atol=atol)
    assert (ours.predicted == alone.predicted).mean() > 0.99
    for name in ("loss", "gradient_norm", "train_accuracy", "test_accuracy"):
        np.testing.assert_allclose(
            ours.history[name], alone.history[name], rtol=3e-3, atol=3e-3, err_msg=name
        )
    for name, value in alone.network.items():
        np.testing.assert_allclose(ours.network[name], value, atol=atol, err_msg=name)


@pytest.mark.parametrize(
    ("name", "jobs"), [("arcface", 1), ("arcface", 5), *((name, 2) for name in LISTS)]
)
def test_a_sweep_trains_at_once_what_fit_trains_alone(digits, name, jobs, monkeypatch):
    """Compared before rounding has had the time to grow."""
    args = {"lr": 0.001, "epochs": 3, "snapshots": 4, "progress": False}
    monkeypatch.setattr(fitting, "_one_by_one", None)
    sweep = facetoy.sweep(name, digits, jobs=jobs, **LISTS[name], **args)
    combinations = list(itertools.product(*LISTS[name].values()))
    assert len(sweep) == len(combinations)
    for run, values in zip(sweep, combinations, strict=True):
        settings = dict(zip(LISTS[name], values, strict=True))
        assert {k: run.config[k] for k in settings} == settings
        alike(run, facetoy.fit(name, digits, **settings, **args))
        assert (run.history["seconds"] > 0).all()


def test_trained_at_once_are_as_good_as_alone(digits):
    args = {"m": 0.5, "snapshots": 2, "progress": False}
    sweep = facetoy.sweep("arcface", digits, seed=range(4), **args)
    alone = [facetoy.fit("arcface", digits, seed=seed, **args) for seed in range(4)]
    ours, theirs = (
        np.mean([facetoy.metrics.measure(r).accuracy for r in runs]) for runs in (sweep, alone)
    )
    assert abs(ours - theirs) < 0.01


def test_networks_with_convolutions_train_at_once_too():
    """As on a GPU; on a CPU sweep trains them one by one, since nothing is gained."""
    faces = facetoy.load("toyfaces", identities=6, images=12, size=16)
    args = {"dim": 4, "epochs": 2, "batch_size": 16, "lr": 0.001, "snapshots": 2, "progress": False}
    where = torch.device("cpu")
    chosen = [{**args, "m": m, "seed": seed} for m in (0.1, 0.3) for seed in (0, 1)]
    bar = facetoy.progress.progress_bar(shown=False)
    runs = fitting._together(
        "arcface", engine.resident(faces, where), chosen, {"m", "seed"}, 1, bar
    )
    for run, settings in zip(runs, chosen, strict=True):
        alone = facetoy.fit("arcface", faces, **settings)
        assert "1.running_mean" in run.network
        assert run.network["1.num_batches_tracked"] == alone.network["1.num_batches_tracked"] > 0
        alike(run, alone, atol=1e-3)


@pytest.mark.parametrize(
    ("loss", "lists"),
    [
        ("center", {"lam": [0.1, 1.0]}),
        ("triplet", {"margin": [0.2, 0.3]}),
        ("arcface", {"dim": [2, 3]}),
        (type("Own", (ArcFace,), {}), {"m": [0.1, 0.2]}),
    ],
)
def test_others_train_one_by_one(digits, loss, lists, monkeypatch):
    monkeypatch.setattr(fitting, "_together", None)
    sweep = facetoy.sweep(loss, digits, epochs=1, snapshots=2, progress=False, jobs=1, **lists)
    assert len(sweep) == 2


@pytest.fixture
def ctrl_c():
    """Ctrl-C interrupts, also where the tests run in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_a_sweep_that_is_interrupted_keeps_its_runs(digits, monkeypatch):
    """Ctrl-C in the middle: what was begun is kept and marked, and no step is half done."""
    count = itertools.count()
    step = engine.Together.step

    def interrupted(self, *args):
        if next(count) == 30:
            signal.raise_signal(signal.SIGINT)
        return step(self, *args)

    monkeypatch.setattr(engine.Together, "step", interrupted)
    args = {"m": [0.1, 0.2], "lr": [0.001, 0.01], "epochs": 20, "snapshots": 2, "progress": False}
    sweep = facetoy.sweep("arcface", digits, jobs=1, **args)
    assert [r.config["lr"] for r in sweep] == [0.001, 0.001]  # the others had not begun
    assert [r.config["m"] for r in sweep] == [0.1, 0.2]
    for run in sweep:
        assert run.config["interrupted"]
        assert 30 <= run.steps[-1] < 120  # the main thread has to hear of it first
        assert len(run.steps) == len(run.features)
        assert len(run.history["loss"]) == run.steps[-1] // 12
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_sweep_s_error_is_that_of_a_fit(digits):
    for lists, says in [({"m": [0.1, 2]}, r"m must lie in \[0, 1.571\), got 2")]:
        with pytest.raises(ValueError, match=says):
            facetoy.sweep("arcface", digits, epochs=1, **lists)
    with pytest.raises(TypeError, match="arcface takes no argument 'n'"):
        facetoy.sweep("arcface", digits, n=[1, 2], seed=[0, 1])
    with pytest.raises(ValueError, match="features must be finite, got nan"):
        facetoy.sweep("softmax", digits, seed=[0, 1], lr=1e30, epochs=1, progress=False)


SCRIPT = """
import os, signal, sys
import torch
import facetoy
from facetoy.training import engine

signal.signal(signal.SIGINT, signal.default_int_handler)  # where tests run in the background
engine.EVERY = 0.0
path, out, kill = sys.argv[1], sys.argv[2], int(sys.argv[3])
step = engine.Together.step
count = 0

def counted(self, *args):
    global count
    count += 1
    if count == kill:
        os.kill(os.getpid(), getattr(signal, sys.argv[4]))
    return step(self, *args)

engine.Together.step = counted
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
    with pytest.raises(ValueError, match=r"own\.npz is no checkpoint of this training"):
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

    monkeypatch.setattr(engine, "read_npz", interrupted)
    with pytest.raises(KeyboardInterrupt):
        facetoy.fit("softmax", digits, **args)
    assert path.read_bytes() == before


def test_what_keeps_a_checkpoint_from_being_written_shows_at_once(digits, tmp_path, monkeypatch):
    monkeypatch.setattr(engine.Together, "step", None)  # nothing is trained
    with pytest.raises(FileNotFoundError):
        facetoy.fit("softmax", digits, checkpoint=tmp_path / "none" / "a.npz", progress=False)
    with pytest.raises(ValueError, match="a checkpoint is for one fit, not for a sweep"):
        facetoy.sweep("softmax", digits, seed=[0, 1], checkpoint=tmp_path / "a.npz")


def test_numbers_of_numpy_are_numbers(digits, tmp_path):
    seed, epochs = np.int64(3), np.int64(1)
    path = tmp_path / "a.npz"
    run = facetoy.fit("softmax", digits, seed=seed, epochs=epochs, snapshots=2, checkpoint=path)
    assert type(run.config["seed"]) is int
    run.save(tmp_path / "run.npz")
    assert facetoy.load_run(tmp_path / "run.npz").config == run.config


def test_a_sweep_leaves_threads_and_random_numbers_as_they_were(digits):
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    facetoy.sweep("arcface", digits, m=[0.1, 0.2, 0.3], epochs=1, snapshots=2, jobs=3)
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)
    seen = []
    other = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
    other.start()
    other.join()
    assert seen == [threads]
    sweep = facetoy.sweep("softmax", digits, device=["cpu"], epochs=1, snapshots=2)
    assert sweep.parameters == {"device": ("cpu",)}


def test_an_error_in_a_sweep_s_bar_ends_it(digits, monkeypatch):
    class Bar:
        def __enter__(self):
            return self

        def __exit__(self, *error):
            pass

        def update(self, count=1):
            raise OSError("no terminal")

    monkeypatch.setattr(fitting, "progress_bar", lambda **_: Bar())
    with pytest.raises(OSError, match="no terminal"):
        facetoy.sweep("arcface", digits, m=[0.1, 0.2], epochs=100_000, snapshots=2)


def test_another_optimiser_and_another_decay(digits):
    seen = []

    def sgd(parameters, lr):
        return torch.optim.SGD(parameters, lr, momentum=0.9)

    def steps(part):
        seen.append(part)
        return 1.0 if part < 0.5 else 0.0

    run = facetoy.fit(
        "softmax", digits, epochs=2, snapshots=3, lr=0.1, optimizer=sgd, decay=steps, progress=False
    )
    np.testing.assert_allclose(seen, np.arange(24) / 24)
    assert run.config["optimizer"] == "sgd"
    assert run.config["decay"] == "steps"
    assert run.history["test_accuracy"][0] > 0.3
    assert run.history["test_accuracy"][0] == run.history["test_accuracy"][1]  # rate 0


@pytest.mark.parametrize(
    ("loss", "args", "error", "says"),
    [
        ("arkface", {}, ValueError, "unknown loss 'arkface'; there are 'softmax'"),
        ("softmax", {"s": 3}, TypeError, "softmax takes no argument 's'; it takes bias"),
        ("arcface", {"m": 2}, ValueError, r"m must lie in \[0, 1.571\), got 2"),
        ("arcface", {"dim": 0}, ValueError, "dim must be an integer of at least 1, got 0"),
        ("arcface", {"epochs": 1.5}, ValueError, "epochs must be an integer .* got 1.5"),
        ("arcface", {"warmup": 2}, ValueError, r"warmup must lie in \[0, 1\], got 2"),
        (
            "triplet",
            {"batch_size": 4},
            ValueError,
            "needs two classes: batch_size 4 has room for 1",
        ),
        (ArcFace(5, 10), {}, ValueError, r"must fit dim=3 and 10 classes, got one for \(5, 10\)"),
        (ArcFace(3, 10), {"m": 0.1}, TypeError, "has its arguments already, got m too"),
        (3, {}, TypeError, "must be a name, a class or a module, got 3"),
    ],
)
def test_wrong_arguments_are_named(digits, loss, args, error, says):
    with pytest.raises(error, match=says):
        facetoy.fit(loss, digits, **args)


@pytest.mark.parametrize("seed", range(5))
def test_arcface_trains_in_3d_up_to_half_a_radian(digits, seed):
    run = facetoy.fit("arcface", digits, m=0.5, seed=seed)
    assert facetoy.metrics.measure(run).accuracy >= 0.95


def test_save_and_load(run, tmp_path):
    path = run.save(tmp_path / "a.npz")
    got = facetoy.load_run(path)
    for name in ("features", "weight", "predicted", "labels", "images", "steps"):
        assert np.array_equal(getattr(got, name), getattr(run, name)), name
    assert got.history.keys() == run.history.keys()
    assert (got.config, got.device, got.class_names) == (run.config, run.device, run.class_names)
    assert [p.name for p in tmp_path.iterdir()] == ["a.npz"]


def test_damaged_files_are_named(run, tmp_path):
    path = run.save(tmp_path / "a.npz")
    whole = path.read_bytes()
    for i, damage in enumerate(
        (whole[: len(whole) // 2], b"", b"nothing", whole[:5000] + b"x" * 500 + whole[5500:])
    ):
        bad = tmp_path / f"{i}.npz"
        bad.write_bytes(damage)
        with pytest.raises(ValueError, match=r"\.npz is damaged or is not a facetoy run"):
            facetoy.load_run(bad)
    np.savez(tmp_path / "other.npz", a=1)
    with pytest.raises(ValueError, match="is not a facetoy run"):
        facetoy.load_run(tmp_path / "other.npz")
    np.savez(tmp_path / "pickle.npz", words=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="is not a facetoy run"):
        facetoy.load_run(tmp_path / "pickle.npz")
    with pytest.raises(FileNotFoundError):
        facetoy.load_run(tmp_path / "none.npz")


def test_failed_save_keeps_the_old_file(run, tmp_path, monkeypatch):
    path = run.save(tmp_path / "a.npz")
    before = path.read_bytes()

    def full(*args, **kwargs):
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(OSError, match="disk full"):
        run.save(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.npz"]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_gpu_trains_like_the_cpu(digits):
    run = facetoy.fit("arcface", digits, m=0.5)
    assert run.device.startswith("cuda (")
    assert facetoy.metrics.measure(run).accuracy >= 0.95


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_gpu_trains_a_sweep_at_once(digits):
    args = {"lr": 0.001, "epochs": 2, "snapshots": 3, "progress": False}
    sweep = facetoy.sweep("arcface", digits, m=[0.1, 0.5], **args)
    for m, run in zip([0.1, 0.5], sweep, strict=True):
        assert run.device.startswith("cuda (")
        alike(run, facetoy.fit("arcface", digits, m=m, **args))


def test_progress_bars_can_be_turned_off(digits, capsys, monkeypatch):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    facetoy.fit("softmax", digits, epochs=1)
    assert "softmax on" in capsys.readouterr().err
    facetoy.fit("softmax", digits, epochs=1, progress=False)
    monkeypatch.setenv("TQDM_DISABLE", "1")
    facetoy.sweep("softmax", digits, seed=[0], epochs=1)
    assert capsys.readouterr() == ("", "")
