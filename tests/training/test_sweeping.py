"""sweep: the runs of fit, trained at once."""

import itertools
import signal
import threading

import numpy as np
import pytest
import torch

import facetoy
from facetoy import progress
from facetoy.losses import ArcFace
from facetoy.training import sweeping
from facetoy.training.batched import Together
from facetoy.training.recording import resident


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
    "center": {"lam": [0.1, 1.0], "alpha": [0.2, 0.5]},
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
    if alone.centers is not None:
        np.testing.assert_allclose(ours.centers, alone.centers, atol=atol * scale)
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
    monkeypatch.setattr(sweeping, "_one_by_one", None)
    monkeypatch.setattr(sweeping, "FEW", 2)  # so few runs are shared out over threads, too
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
    runs = sweeping._together("arcface", resident(faces, where), chosen, {"m", "seed"}, 1, bar)
    for run, settings in zip(runs, chosen, strict=True):
        alone = facetoy.fit("arcface", faces, **settings)
        assert "1.running_mean" in run.network
        assert run.network["1.num_batches_tracked"] == alone.network["1.num_batches_tracked"] > 0
        alike(run, alone, atol=1e-3)


@pytest.mark.parametrize("loss", [type("Own", (ArcFace,), {}), "arcface"])
def test_what_may_not_be_made_for_threads_trains_in_processes(digits, loss, monkeypatch):
    args = {"epochs": 1, "snapshots": 2, "progress": False, "jobs": 1}
    if loss == "arcface":
        args["optimizer"] = lambda parameters, lr: torch.optim.SGD(parameters, lr)
    monkeypatch.setattr(sweeping, "_together", None)
    assert len(facetoy.sweep(loss, digits, m=[0.1, 0.2], **args)) == 2


@pytest.mark.parametrize(
    ("loss", "lists"),
    [("triplet", {"seed": [0, 1], "mining": ["all", "hard"]}), ("arcface", {"dim": [2, 3]})],
)
def test_what_is_not_one_program_trains_in_threads(digits, loss, lists, monkeypatch):
    args = {"epochs": 2, "snapshots": 2, "progress": False}
    monkeypatch.setattr(sweeping, "_one_by_one", None)
    sweep = facetoy.sweep(loss, digits, jobs=2, **lists, **args)
    assert len(sweep) == np.prod([len(values) for values in lists.values()])
    for run in sweep:
        settings = {name: run.config[name] for name in lists}
        alone = facetoy.fit(loss, digits, **settings, **args)
        np.testing.assert_array_equal(run.features, alone.features)


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
    take = Together.take

    def interrupted(self, *args):
        if next(count) == 30:
            signal.raise_signal(signal.SIGINT)
        return take(self, *args)

    monkeypatch.setattr(Together, "take", interrupted)
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


@pytest.mark.parametrize(("jobs", "epochs"), [(1, 60), (2, 7), (5, 3)])
def test_a_sweep_s_bar_ends_at_the_number_of_runs(digits, monkeypatch, jobs, epochs):
    """tqdm's bar in a notebook turns red, and stays, where the count is not the total."""
    monkeypatch.setattr(sweeping, "FEW", 1)  # else so few runs are one program
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    bars = []

    def watched(**kwargs):
        bars.append(progress.progress_bar(**kwargs))
        return bars[-1]

    monkeypatch.setattr(sweeping, "progress_bar", watched)
    m = [0.1, 0.2, 0.3, 0.4, 0.5]
    facetoy.sweep("arcface", digits, m=m, epochs=epochs, snapshots=2, jobs=jobs)
    assert [(bar.n, bar.total) for bar in bars] == [(5, 5)]


def test_an_error_in_a_sweep_s_bar_ends_it(digits, monkeypatch):
    class Bar:
        def __enter__(self):
            return self

        def __exit__(self, *error):
            pass

        def update(self, count=1):
            raise OSError("no terminal")

    monkeypatch.setattr(sweeping, "progress_bar", lambda **_: Bar())
    with pytest.raises(OSError, match="no terminal"):
        facetoy.sweep("arcface", digits, m=[0.1, 0.2], epochs=100_000, snapshots=2)


def test_networks_with_convolutions_can_train_at_once(monkeypatch):
    """As they do on a GPU: batch normalisation keeps its statistics for each run."""
    monkeypatch.setattr(sweeping, "convolves", lambda *size: False)
    data = facetoy.open_split(facetoy.load("toyfaces", identities=24, images=10, size=16), 16)
    args = {"dim": 8, "lr": 0.001, "epochs": 2, "device": "cpu"}
    for seed, run in enumerate(facetoy.sweep("cosface", data, seed=[0, 1], jobs=1, **args)):
        alone = facetoy.fit("cosface", data, seed=seed, **args)
        np.testing.assert_allclose(run.history["loss"], alone.history["loss"], rtol=1e-4)
        for name, value in alone.network.items():
            np.testing.assert_allclose(run.network[name], value, rtol=1e-3, atol=1e-4)
