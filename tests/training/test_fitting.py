"""fit: runs as promised, the same for the same call, for every loss."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

import facetoy
from facetoy.losses import LOSSES, ArcFace, CenterLoss, TripletLoss
from facetoy.training.surroundings import chosen_device, device_name


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
    assert run.device == device_name(chosen_device("auto"))
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


def test_numbers_of_numpy_are_numbers(digits, tmp_path):
    seed, epochs = np.int64(3), np.int64(1)
    path = tmp_path / "a.npz"
    run = facetoy.fit("softmax", digits, seed=seed, epochs=epochs, snapshots=2, checkpoint=path)
    assert type(run.config["seed"]) is int
    run.save(tmp_path / "run.npz")
    assert facetoy.load_run(tmp_path / "run.npz").config == run.config


@pytest.mark.parametrize(
    ("loss", "args", "error", "says"),
    [
        ("arkface", {}, ValueError, "unknown loss 'arkface'; there are 'softmax'"),
        ("softmax", {"s": 3}, TypeError, "softmax takes no argument 's'; it takes bias"),
        ("arcface", {"m": 2}, ValueError, r"m must lie in \[0, 1.571\), got 2"),
        ("arcface", {"dim": 0}, ValueError, "dim must be an integer of at least 1, got 0"),
        ("arcface", {"epochs": 1.5}, ValueError, "epochs must be an integer .* got 1.5"),
        ("arcface", {"warmup": 2}, ValueError, r"warmup must lie in \[0, 1\], got 2"),
        ("arcface", {"warmup": "1"}, ValueError, r"warmup must lie in \[0, 1\], got '1'"),
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


def test_progress_bars_can_be_turned_off(digits, capsys, monkeypatch):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    facetoy.fit("softmax", digits, epochs=1)
    assert "softmax on" in capsys.readouterr().err
    facetoy.fit("softmax", digits, epochs=1, progress=False)
    monkeypatch.setenv("TQDM_DISABLE", "1")
    facetoy.sweep("softmax", digits, seed=[0], epochs=1)
    assert capsys.readouterr() == ("", "")


def test_threads_train_what_one_thread_trains(digits):
    """They would share torch's random numbers, and leave it with one thread."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.Dropout(0.5), nn.Linear(16, 3))
    act = partial(facetoy.fit, "arcface", digits, model=model, epochs=2, progress=False)
    threads, random = torch.get_num_threads(), torch.get_rng_state()
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda seed: act(seed=seed), range(4)))
    assert torch.get_num_threads() == threads
    assert torch.get_rng_state().equal(random)
    for seed, run in enumerate(runs):
        assert np.array_equal(run.features, act(seed=seed).features)
