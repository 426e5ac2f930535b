import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

import facetoy
from facetoy import train
from facetoy.losses import (
    LOSSES,
    ArcFace,
    CenterLoss,
    CombinedMargin,
    LSoftmax,
    Softmax,
    TripletLoss,
)


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
    assert run.device == train._name(train._device("auto"))
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
    seen = train._Shuffled(33, 16, torch.Generator())
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
    assert np.array_equal(one[1].features, alone.features)
    with pytest.raises(ValueError, match="no run with"):
        sweep.select(m=0.7)
    with pytest.raises(ValueError, match="at least one argument that is a non-empty list"):
        facetoy.sweep("arcface", digits, m=0.3)


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


def test_progress_bars_can_be_turned_off(digits, capsys, monkeypatch):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    facetoy.fit("softmax", digits, epochs=1)
    assert "softmax on" in capsys.readouterr().err
    facetoy.fit("softmax", digits, epochs=1, progress=False)
    monkeypatch.setenv("TQDM_DISABLE", "1")
    facetoy.sweep("softmax", digits, seed=[0], epochs=1)
    assert capsys.readouterr() == ("", "")
