"""What people's networks, losses, optimisers and paths did to trainings."""

import dataclasses
import math
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

import facetoy
from facetoy.losses import ArcFace
from facetoy.training import checkpoints, sweeping
from facetoy.training.batched import Together
from facetoy.training.contract import per_class

ARGS = {"epochs": 1, "snapshots": 2, "batch_size": 50, "progress": False, "device": "cpu"}


@pytest.fixture(scope="module")
def few(digits):
    """200 digits to train on, 60 for the test."""
    return dataclasses.replace(
        digits,
        train_images=digits.train_images[:200],
        train_labels=digits.train_labels[:200],
        test_images=digits.test_images[:60],
        test_labels=digits.test_labels[:60],
    )


class Net(nn.Module):
    """A small network; ``out`` is the dtype of its features, ``auto`` that of an autocast."""

    def __init__(self, out=None, auto=None, act=nn.PReLU, drop=0.0):
        super().__init__()
        self.f = nn.Sequential(
            nn.Flatten(), nn.Linear(64, 8), nn.BatchNorm1d(8), act(), nn.Dropout(drop),
            nn.Linear(8, 3),
        )  # fmt: skip
        self.out, self.auto = out, auto

    def forward(self, x):
        with torch.autocast("cpu", dtype=self.auto, enabled=self.auto is not None):
            x = self.f(x)
        return x if self.out is None else x.to(self.out)


def same(a, b):
    """Whether two runs are one, but for the time that they took."""
    for name in ("features", "weight", "predicted", "steps", "centers"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name), err_msg=name)
    for name in a.history.keys() - {"seconds"}:
        np.testing.assert_array_equal(a.history[name], b.history[name], err_msg=name)
    assert a.network.keys() == b.network.keys()
    assert all(np.array_equal(a.network[k], b.network[k]) for k in b.network)
    assert a.config == b.config


# Precision


class Padded(nn.Module):
    """A loss of one's own, without class weights."""

    def forward(self, x, y):
        return F.cross_entropy(F.pad(x, (0, 7)), y)


PRECISIONS = {
    "autocast to bfloat16": lambda: Net(auto=torch.bfloat16),
    "autocast to float16": lambda: Net(auto=torch.float16),
    "a bfloat16 network": lambda: Net().bfloat16(),
    "a float16 network": lambda: Net().half(),
    "a float64 network": lambda: Net().double(),
    "bfloat16 features": lambda: Net(out=torch.bfloat16),
    "float16 features": lambda: Net(out=torch.float16),
    "float64 features": lambda: Net(out=torch.float64),
}


@pytest.mark.parametrize("loss", ["center", "triplet"])
@pytest.mark.parametrize("kind", PRECISIONS)
def test_a_run_is_float32_whatever_a_network_computes_in(few, tmp_path, kind, loss):
    torch.manual_seed(0)
    model = PRECISIONS[kind]()
    args = ARGS | {"model": model, "checkpoint": tmp_path / "a.npz"}
    run = facetoy.fit(loss, few, **args)
    for recorded in (run.features, run.weight, run.centers):
        assert recorded is None or recorded.dtype == np.float32
    assert run.predicted.dtype == np.int64
    assert all(v.dtype == np.float64 and np.isfinite(v).all() for v in run.history.values())
    kept = facetoy.load_run(run.save(tmp_path / "run.npz"))
    same(kept, run)
    assert np.array_equal(facetoy.embed(kept, few.test_images, model), run.features[-1])
    same(facetoy.fit(loss, few, **args), run)  # from the checkpoint of its end


@pytest.mark.parametrize("kind", PRECISIONS)
def test_the_nearest_mean_is_that_of_the_features_as_recorded(few, kind):
    model = PRECISIONS[kind]()
    run = facetoy.fit(Padded, few, model=model, **ARGS)
    seen = facetoy.metrics.unit(facetoy.embed(run, few.train_images, model))
    means = np.stack([seen[few.train_labels == c].mean(0) for c in range(10)])
    far = np.linalg.norm(facetoy.metrics.unit(run.features[-1])[:, None] - means, axis=2)
    chosen = np.take_along_axis(far, run.predicted[-1][:, None], axis=1)[:, 0]
    np.testing.assert_allclose(chosen, far.min(1), atol=1e-5)


@pytest.mark.parametrize("loss", [Padded(), ArcFace(3, 10).double(), ArcFace(3, 10).bfloat16()])
@pytest.mark.parametrize("kind", ["bfloat16 features", "a float64 network"])
def test_losses_of_another_precision(few, kind, loss):
    run = facetoy.fit(loss, few, model=PRECISIONS[kind](), **ARGS)
    assert run.features.dtype == np.float32
    assert np.isfinite(run.history["loss"]).all()


def test_a_bfloat16_training_goes_on_to_the_same_end(few, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, "EVERY", 0.0)
    torch.manual_seed(0)
    args = ARGS | {"model": Net().bfloat16(), "epochs": 3, "snapshots": 6}

    def broken(run):
        if run.steps[-1] > 5:
            raise RuntimeError("broken")

    whole = facetoy.fit("center", few, **args)
    with pytest.raises(RuntimeError, match="broken"):
        facetoy.fit("center", few, checkpoint=tmp_path / "a.npz", on_snapshot=broken, **args)
    same(facetoy.fit("center", few, checkpoint=tmp_path / "a.npz", **args), whole)


# Rates


def two_groups(parameters, lr):
    *net, head = parameters
    groups = [{"params": net}, {"params": [head], "lr": 10 * lr, "momentum": 0.5}]
    return torch.optim.SGD(groups, lr, momentum=0.9)


@pytest.mark.parametrize(
    ("optimizer", "rates"),
    [
        (lambda p, lr: torch.optim.SGD(p, lr), [0.1]),
        (two_groups, [0.1, 1.0]),
        (lambda p, lr: torch.optim.SGD([{"params": [q], "lr": lr / (k + 1)}
                                        for k, q in enumerate(p)]), [0.1 / k for k in range(1, 9)]),
        (lambda p, lr: torch.optim.Adam(p, 0.003), [0.003]),
        (lambda p, lr: torch.optim.Adam(p, torch.tensor(0.003), foreach=False), [0.003]),
    ],
)  # fmt: skip
def test_each_group_of_parameters_has_a_rate_of_its_own(few, tmp_path, optimizer, rates):
    made, seen = [], []

    def watched(parameters, lr):
        assert lr == 0.1
        made.append(optimizer(parameters, lr))
        return made[-1]

    def watch(run):
        seen.append([float(group["lr"]) for group in made[-1].param_groups])
        if run.steps[-1] == 3 and len(made) == 1:
            raise KeyboardInterrupt

    args = ARGS | {"optimizer": watched, "on_snapshot": watch, "decay": lambda part: 1 - part}
    args |= {"checkpoint": tmp_path / "a.npz", "epochs": 2, "snapshots": 17, "lr": 0.1}
    assert facetoy.fit("arcface", few, **args).config["interrupted"]
    run = facetoy.fit("arcface", few, **args)
    assert run.config["lr"] == 0.1
    assert len(seen) == len(run.steps) == 9
    # after step k the rate is the one that step k was taken with
    parts = [1, *(1 - k / 8 for k in range(8))]
    np.testing.assert_allclose(seen, np.outer(parts, rates), rtol=1e-6)


def test_gradients_of_what_the_optimiser_has_not_do_not_count(few):
    frozen = Net()
    args = ARGS | {"model": frozen, "epochs": 3}
    last = facetoy.fit("softmax", few, optimizer=lambda p, lr: sgd(p[-1:], lr), **args)
    frozen.requires_grad_(False)
    same(last, facetoy.fit("softmax", few, optimizer=lambda p, lr: sgd(p, lr), **args))


# Divergence


def sgd(parameters, lr):
    return torch.optim.SGD(parameters, lr, momentum=0.9)


class Silent(nn.Module):
    """A loss with class weights that says nothing of numbers that are not finite."""

    def __init__(self, in_features, num_classes):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(num_classes, in_features))

    def logits(self, x):
        return x @ self.weight.T

    def forward(self, x, y):
        return F.cross_entropy(self.logits(x), y)


class Broken(Silent):
    """One that breaks at the first of them, in its own way."""

    def logits(self, x):
        if not x.isfinite().all():
            raise ArithmeticError("no numbers")
        return super().logits(x)


DIVERGING = {
    "checked": ("softmax", {}),
    "with centers": ("center", {}),
    "without class weights": ("triplet", {"normalize": False, "lr": 1e30}),
    "silent": (Silent, {}),
    "breaking": (Broken, {}),
    "half precision": ("softmax", {"model": Net().half(), "optimizer": torch.optim.Adam}),
    "the default optimiser": ("softmax", {"lr": 1e30, "optimizer": facetoy.training.fitting.adam}),
}


@pytest.mark.parametrize("case", DIVERGING)
def test_a_training_that_diverges_comes_back_as_far_as_it_got(few, tmp_path, case):
    loss, more = DIVERGING[case]
    args = ARGS | {"epochs": 8, "snapshots": 30, "lr": 1e3, "optimizer": sgd} | more
    with pytest.warns(RuntimeWarning, match=r"the training diverged \(loss=.* after step \d+\)"):
        run = facetoy.fit(loss, few, **args)
    assert run.config["diverged"]
    assert not run.config["interrupted"]
    assert repr(run).endswith("diverged")
    last = run.steps[-1]
    assert 0 <= last < 32
    for recorded in (run.features, run.weight, run.centers, *run.network.values()):
        assert recorded is None or np.isfinite(recorded).all()
    assert len(run.steps) == len(run.features) == len(run.predicted)
    assert len({len(values) for values in run.history.values()}) == 1
    model = more.get("model")
    assert np.array_equal(facetoy.embed(run, few.test_images, model), run.features[-1])
    same(facetoy.load_run(run.save(tmp_path / "run.npz")), run)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        bear(run)


def bear(run):
    """Show a run in every way."""
    measures = facetoy.metrics.measure(run)
    assert math.isfinite(measures.accuracy)
    assert "1 of the trainings diverged" in facetoy.table({"x": [run]}, ["accuracy", "step_time"])
    assert "diverged" in facetoy.SphereView(run)._alt
    facetoy.plots.training_curves({"x": run}, alt="x")
    facetoy.plots.angle_histogram({"x": run}, alt="x")


def test_a_panel_says_that_a_training_diverged(few, monkeypatch):
    with pytest.warns(RuntimeWarning, match="diverged"):
        panel = facetoy.TrainingPanel(few, loss="softmax", epochs=1, lr=1e30)
    said = []
    monkeypatch.setattr(panel, "send", said.append)
    panel._busy.acquire()
    with pytest.warns(RuntimeWarning, match="diverged"):
        panel._train({"loss": "softmax", "epochs": 1})
    assert said[-1]["type"] == "done"
    assert said[-1]["text"].startswith("Diverged after")


def test_features_too_long_to_be_squared_are_shown(run):
    far = dataclasses.replace(run, features=run.features * np.float32(1e30))
    sides = [facetoy.SphereView(r)._meta["sides"][0]["runs"][0] for r in (run, far)]
    assert sides[1]["longest"] == pytest.approx(1e30 * sides[0]["longest"], rel=1e-4)
    assert sides[1]["measures"] == sides[0]["measures"]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_run_that_diverges_leaves_the_others_of_its_sweep_alone(few, jobs, monkeypatch):
    monkeypatch.setattr(sweeping, "FEW", 1)  # else so few runs are one program
    args = ARGS | {"epochs": 3, "snapshots": 4, "jobs": jobs}
    with pytest.warns(RuntimeWarning, match=r"1 of 3 trainings diverged \(s=1e\+39 after step 0"):
        sweep = facetoy.sweep("normsoftmax", few, s=[1e39, 4.0, 16.0], **args)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        others = facetoy.sweep("normsoftmax", few, s=[8.0, 4.0, 16.0], **args)
    assert [r.config["diverged"] for r in sweep] == [True, False, False]
    for run, other in zip(sweep[1:], others[1:], strict=True):
        same(run, other)
    assert sweep[0].steps.tolist() == [0]
    assert len(sweep[0].history["loss"]) == 0
    facetoy.plots.parameter_curve(sweep, {"inter": "apart"}, alt="x")
    facetoy.SphereView(sweep)


def test_an_interruption_records_no_snapshot_twice(few, monkeypatch):
    take = Together.take

    def interrupted(self, *args):
        if self.step == 3:
            raise KeyboardInterrupt
        return take(self, *args)

    monkeypatch.setattr(Together, "take", interrupted)
    with pytest.warns(RuntimeWarning, match="diverged"):
        sweep = facetoy.sweep("normsoftmax", few, s=[1e39, 4.0], jobs=1, **ARGS | {"snapshots": 20})
    assert [r.config["diverged"] for r in sweep] == [True, False]
    assert all(r.config["interrupted"] for r in sweep)
    assert sweep[1].steps.tolist() == [0, 1, 2, 3]


def test_a_sweep_one_by_one_keeps_those_that_do_not_diverge(few):
    args = ARGS | {"optimizer": sgd, "epochs": 3, "jobs": 1}
    with pytest.warns(RuntimeWarning, match=r"1 of 3 trainings diverged \(lr=1000.0 after step"):
        sweep = facetoy.sweep("softmax", few, lr=[0.01, 1e3, 0.1], **args)
    assert [r.config["diverged"] for r in sweep] == [False, True, False]
    del args["jobs"]
    for lr, run in ((0.01, sweep[0]), (0.1, sweep[2])):
        same(run, facetoy.fit("softmax", few, lr=lr, **args))


def test_every_rate_gives_a_run_whatever_becomes_of_it(few):
    """Also where weights grow beyond what a loss takes before they stop being finite."""
    rates = [0.01, *(10.0**k for k in range(-1, 6))]
    args = ARGS | {"optimizer": sgd, "epochs": 3}
    for name in ("softmax", "arcface", "lsoftmax"):
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            runs = facetoy.sweep(name, few, lr=rates, **args)
        assert [r.config["lr"] for r in runs] == rates
        assert not runs[0].config["diverged"]
        assert all("diverged" in str(w.message) for w in told if w.category is RuntimeWarning)
        assert all(np.isfinite(r.features).all() for r in runs)


def test_a_loss_that_is_infinite_once_is_no_divergence(few):
    class Once(Silent):
        calls = 0

        def forward(self, x, y):
            self.calls += 1
            value = super().forward(x, y)
            return value + torch.tensor(math.inf) if self.calls == 2 else value

    run = facetoy.fit(Once, few, **ARGS | {"epochs": 3})
    assert not run.config["diverged"]
    assert np.isinf(run.history["loss"]).tolist() == [True, False, False]


def test_a_diverged_training_that_went_on_from_a_checkpoint_is_the_same(few, tmp_path):
    path, saved = tmp_path / "a.npz", []

    def stop(run):
        if run.steps[-1] == 2 and not saved:
            saved.append(run)
            raise KeyboardInterrupt

    args = ARGS | {"optimizer": sgd, "lr": 50.0, "epochs": 8, "snapshots": 5, "on_snapshot": stop}
    facetoy.fit("softmax", few, checkpoint=path, **args)
    with pytest.warns(RuntimeWarning, match="diverged"):
        whole = facetoy.fit("softmax", few, **args)
    with pytest.warns(RuntimeWarning, match="diverged"):
        same(facetoy.fit("softmax", few, checkpoint=path, **args), whole)


@pytest.mark.parametrize(
    ("loss", "more"),
    [
        ("softmax", {"model": nn.Sequential(nn.Flatten(), nn.Linear(64, 3))}),
        (Silent(3, 10), {}),
        (ArcFace(3, 10), {}),
    ],
)
def test_what_is_not_finite_before_the_first_step_is_said(few, loss, more):
    module = more.get("model", loss)
    with torch.no_grad():
        list(module.parameters())[-1].view(-1)[0] = math.nan
    with pytest.raises(ValueError, match="must be finite before the first step"):
        facetoy.fit(loss, few, **ARGS, **more)


def test_an_error_in_the_midst_is_an_error(few, monkeypatch):
    monkeypatch.setattr(Silent, "forward", lambda self, x, y: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        facetoy.fit(Silent, few, **ARGS)


def test_an_error_in_the_midst_has_the_run_so_far(few):
    steps = []

    def broken(run):
        steps.append(run.steps[-1])
        if run.steps[-1] == 3:
            raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine") as caught:
        facetoy.fit("arcface", few, on_snapshot=broken, **ARGS | {"snapshots": 9})
    run = caught.value.run
    assert run.steps.tolist() == steps == [0, 1, 2, 3]
    assert run.config["interrupted"]
    assert np.array_equal(facetoy.embed(run, few.test_images), run.features[-1])
    assert caught.value.__notes__ == ["The run so far is the attribute run of this error."]
    with pytest.raises(RuntimeError) as caught:
        facetoy.fit(Late, few, breaks=True, **ARGS | {"epochs": 3, "snapshots": 5})
    run = caught.value.run  # the network is that of the last snapshot too
    assert run.steps.tolist() == [0, 1, 3]
    assert np.array_equal(facetoy.embed(run, few.test_images), run.features[-1])


class Late(Silent):
    """A loss that breaks in the second epoch, for one of its settings."""

    def __init__(self, in_features, num_classes, breaks=False):
        super().__init__(in_features, num_classes)
        self.breaks, self.calls = breaks, 0

    def forward(self, x, y):
        self.calls += 1
        if self.breaks and self.calls > 4:
            raise RuntimeError("out of memory")
        return super().forward(x, y)


def test_a_run_that_breaks_takes_no_other_with_it(few):
    args = ARGS | {"epochs": 2, "jobs": 1}
    with pytest.warns(RuntimeWarning, match="leaves out 1 of its runs, .* RuntimeError: out of m"):
        sweep = facetoy.sweep(Late, few, breaks=[False, True, False], **args)
    assert [r.config["breaks"] for r in sweep] == [False, False]
    with pytest.raises(RuntimeError, match="out of memory"):
        facetoy.sweep(Late, few, breaks=[True, False], **args)


def test_a_wrong_argument_of_a_later_run_shows_before_the_first(few, monkeypatch):
    monkeypatch.setattr(Together, "take", None)
    with pytest.raises(ValueError, match="m must lie in"):
        facetoy.sweep("arcface", few, m=[0.1, 9.0], optimizer=sgd, jobs=1, **ARGS)


# A loss of one's own whose attributes have the names of ours


class Own(nn.Module):
    """A loss without class weights, with whatever attributes it is given."""

    def __init__(self, **attributes):
        super().__init__()
        for name, value in attributes.items():
            setattr(self, name, value)

    def forward(self, x, y):
        return F.cross_entropy(F.pad(x, (0, 7)), y)


def raising(*args):
    raise AssertionError("called")


FOREIGN = {
    "weight": [
        torch.ones(10), torch.ones(3, 10), torch.ones(10, 4), torch.ones(10, 3, 1), 2.0, None,
        torch.ones(10, 3, dtype=torch.int64), np.ones((10, 3)), nn.Linear(3, 10), raising, "mean",
    ],
    "centers": [torch.ones(10), torch.ones(20, 3), torch.ones(10, 2, 3), [0.0, 1.0], 5, raising],
    "logits": [
        torch.ones(10, 3), True, None, nn.Linear(3, 4), lambda x, y: raising(), lambda: raising(),
        lambda x: x @ x.T, lambda x: x.sum(1), lambda x: None, lambda x: x.tolist(),
    ],
    "update": [True, 100, torch.ones(3), None, lambda: raising(), lambda x: raising(),
               lambda x, y, z: raising()],
    "normalize": ["l2", None, torch.ones(3), raising, F.normalize, 2.0, True, np.True_],
    "warmup": [5, 0.3, None, "linear", raising, ["m"], {"m": None}, {"epochs": 5}, {"s": "slow"},
               torch.ones(3)],
    "annealing": ["cosine", True, None, 0.5, lambda: raising(), lambda a, b: raising(), raising],
    "in_features": [None, "auto", 0, 3, np.int64(3), torch.ones(3), raising, True],
    "num_classes": [None, "auto", 0, 10, np.int64(10), torch.ones(3), raising, True],
    "lam": [None, "auto", torch.ones(3), raising],
    "s": [None, "auto", torch.ones(3), raising, True],
    "bias": [None, True, torch.ones(10), raising],
}  # fmt: skip


@pytest.fixture(scope="module")
def plain(few):
    return facetoy.fit(Own(), few, **ARGS)


@pytest.mark.parametrize("name", FOREIGN)
def test_what_a_loss_calls_as_ours_but_is_not_ours_is_let_alone(few, plain, name):
    for value in FOREIGN[name]:
        run = facetoy.fit(Own(**{name: value}), few, **ARGS)
        assert run.weight is None
        assert run.centers is None
        same(run, plain)
    facetoy.metrics.measure(run)
    facetoy.SphereView(run)


def test_torch_s_own_loss_with_weights_of_classes(few):
    run = facetoy.fit(nn.CrossEntropyLoss(weight=torch.ones(10)), few, **ARGS | {"dim": 10})
    assert run.weight is None
    measures = facetoy.metrics.measure(run)
    assert math.isnan(measures.intra)
    assert measures.intra_mean > 0
    facetoy.SphereView(run)
    assert "–" in facetoy.table({"own": [run]})


def test_what_is_of_our_kind_is_used(few):
    calls = []

    class Ours(Silent):
        warmup = {"m": 0.0}  # noqa: RUF012
        annealing = staticmethod(lambda part: 1 - part)

        def __init__(self, in_features, num_classes, m=0.5, lam=0.25):
            super().__init__(in_features, num_classes)
            self.m, self.lam = m, lam
            self.register_buffer("centers", torch.zeros(num_classes, in_features))

        def forward(self, x, y):
            calls.append((self.m, self.lam))
            return super().forward(x, y)

        def update(self, x, y):
            self.centers[y] = x

    run = facetoy.fit(Ours, few, **ARGS, warmup=0.5)
    assert calls == [(0, 1), (0.25, 0.75), (0.5, 0.5), (0.5, 0.25)]
    assert run.weight.shape == run.centers.shape == (2, 10, 3)
    assert run.centers[-1].any()
    scores = run.features[-1] @ run.weight[-1].T
    assert np.array_equal(scores.argmax(1), run.predicted[-1])
    assert per_class(Ours(3, 10), 10, 3).keys() == {"weight", "centers"}


class Swapped(Silent):
    """As in a well-known center loss: C comes first, and d has another name."""

    def __init__(self, num_classes, feat_dim, use_gpu=False, **more):
        super().__init__(feat_dim, num_classes)
        self.more = more


class Hidden(Swapped):
    def __init__(self, *args, **more):
        super().__init__(*args, **more)


def test_sizes_go_to_a_loss_by_name(few):
    assert facetoy.fit(Swapped, few, feat_dim=3, **ARGS).weight.shape == (2, 10, 3)
    assert facetoy.fit(Swapped, few, feat_dim=3, tau=2, **ARGS).weight.shape == (2, 10, 3)
    assert facetoy.fit(Hidden, few, feat_dim=3, num_classes=10, **ARGS).weight.shape == (2, 10, 3)
    with pytest.raises(TypeError, match="takes no argument 'num_classes'"):
        facetoy.fit(Swapped, few, feat_dim=3, num_classes=10, **ARGS)
    with pytest.raises(TypeError, match="takes no argument 'tau'; it takes breaks"):
        facetoy.fit(Late, few, tau=2, **ARGS)


def test_names_of_a_run_s_own_settings(few):
    class arcface(nn.Module):
        def __init__(self, loss="l1", model=3, s="fast", m=True):
            super().__init__()
            self.loss, self.model, self.s, self.m = loss, model, s, m

        def forward(self, x, y):
            return F.cross_entropy(F.pad(x, (0, 7)), y)

    run = facetoy.fit(arcface, few, s="slow", **ARGS)
    assert run.config["loss"] == "own arcface"
    assert run.config["model"] == "Embedder"
    assert "s=slow" in repr(run)
    facetoy.SphereView(run)


# Checkpoints


def chosen(parameters, lr, make=torch.optim.Adam, **more):
    return make(parameters, lr, **more)


CHANGES = {
    "optimizer": ({"optimizer": lambda p, lr: torch.optim.SGD(p, lr)}, "optimizer was 'Adam', is"),
    "a default": ({"optimizer": lambda p, lr: torch.optim.Adam(p, lr, betas=(0.8, 0.9))},
                  r"optimizer, group 0: betas was '\(0.9, 0.999\)', is '\(0.8, 0.9\)'"),
    "its rate": ({"optimizer": lambda p, lr: torch.optim.Adam(p, 2 * lr)},
                 "optimizer, group 0: lr was '0.01', is '0.02'"),
    "groups": ({"optimizer": lambda p, lr: torch.optim.Adam([{"params": p[1:]},
                                                             {"params": p[:1]}], lr)},
               "optimizer, group 0: params was"),
    "decay": ({"decay": lambda part: 1 - part / 2}, r"decay\(0.005\) was 1.0, is 0.9975"),
    "a step of decay": ({"decay": lambda part: 1.0 if part < 0.9 else 0.1},
                        r"decay\(0.9\) was 1.0, is 0.1"),
    "activation": ({"model": Net(act=nn.ReLU)}, r"model.f.3 was 'PReLU\(.*', is 'ReLU\(inplace=F"),
    "dropout": ({"model": Net(drop=0.5)}, r"model.f.4 was 'Dropout\(p=0.0,.* is 'Dropout\(p=0.5"),
    "autocast": ({"model": Net(auto=torch.bfloat16)}, "model was .*auto=None.* is .*auto=torch.bf"),
    "precision": ({"model": Net().double()}, r"model.f.1 was .*float32 \(8, .*float64 \(8, 64"),
    "loss's setting": ({"loss": ArcFace(3, 10, s=8.0)}, "s was 16.0, is 8.0"),
    "classes' weights": ({"loss": nn.CrossEntropyLoss(torch.arange(10.0)), "dim": 10},
                        "the loss's weight was"),
}  # fmt: skip


@pytest.mark.parametrize("case", CHANGES)
def test_a_checkpoint_knows_what_made_it(few, tmp_path, case):
    change, says = CHANGES[case]
    path = tmp_path / "a.npz"
    args = ARGS | {"loss": ArcFace(3, 10, s=16.0), "data": few, "model": Net(act=nn.PReLU)}
    args |= {"optimizer": lambda p, lr: torch.optim.Adam(p, lr), "decay": lambda part: 1.0}
    if "dim" in change:
        args |= {"loss": nn.CrossEntropyLoss(torch.ones(10)), "dim": 10, "model": None}
    run = facetoy.fit(checkpoint=path, **args)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=f"a.npz is of another training: {says}"):
        facetoy.fit(checkpoint=path, **args | change)
    assert path.read_bytes() == before
    # the same again, in other words
    args["optimizer"] = lambda parameters, rate: torch.optim.Adam(params=parameters, lr=rate)
    args["model"] = args["model"] and Net(act=nn.PReLU)  # other numbers, of the same kind
    same(facetoy.fit(checkpoint=path, **args), run)


def odd(**state):
    """An optimiser that keeps something of its own beside each parameter."""

    class Odd(torch.optim.SGD):
        def step(self, closure=None):
            super().step(closure)
            for group in self.param_groups:
                for p in group["params"]:
                    self.state[p] |= state

    return Odd


@pytest.mark.parametrize("kept", [{"k": None}, {"k": 3}, {"k": "word"}, {"k": torch.ones(2)}])
def test_what_an_optimiser_keeps_is_kept(few, tmp_path, kept):
    args = ARGS | {"optimizer": odd(**kept), "checkpoint": tmp_path / "a.npz"}
    run = facetoy.fit("arcface", few, **args)
    made = []
    args["optimizer"] = lambda p, lr: made.append(odd(**kept)(p, lr)) or made[-1]
    args["optimizer"].__name__ = "Odd"
    same(facetoy.fit("arcface", few, **args), run)
    (value, *_) = (state["k"] for state in made[0].state.values())
    assert type(value) is type(kept["k"])


class Counting(torch.optim.SGD):
    """Counts its steps in its groups, as optimisers without a schedule do."""

    def step(self, closure=None):
        for group in self.param_groups:
            group["k"] = group.get("k", 0) + 1
            group["lr"] /= group["k"]
        super().step(closure)


def test_what_an_optimiser_keeps_of_a_group_is_kept(few, tmp_path, monkeypatch):
    args = ARGS | {"optimizer": Counting, "epochs": 2, "snapshots": 9}
    whole = facetoy.fit("arcface", few, **args)

    def stop(run):
        if run.steps[-1] == 3:
            raise KeyboardInterrupt

    facetoy.fit("arcface", few, checkpoint=tmp_path / "a.npz", on_snapshot=stop, **args)
    same(facetoy.fit("arcface", few, checkpoint=tmp_path / "a.npz", **args), whole)


class Extra(Net):
    def get_extra_state(self):
        return {"a": 1}

    def set_extra_state(self, state):
        pass


def test_what_is_no_tensor_in_a_network(few, tmp_path, monkeypatch):
    run = facetoy.fit("arcface", few, model=Extra(), **ARGS)
    assert "_extra_state" not in run.network
    monkeypatch.setattr(Together, "take", None)
    with pytest.raises(ValueError, match="checkpoint cannot hold net/_extra_state, which is no t"):
        facetoy.fit("arcface", few, model=Extra(), checkpoint=tmp_path / "a.npz", **ARGS)


def test_a_lazy_network(few):
    lazy = nn.Sequential(nn.Flatten(), nn.LazyLinear(3))
    assert facetoy.fit("arcface", few, model=lazy, **ARGS).network["1.weight"].shape == (3, 64)


def test_what_a_checkpoint_cannot_hold_is_said_after_the_first_step(few, tmp_path):
    args = ARGS | {"optimizer": odd(k={1: 2}), "checkpoint": tmp_path / "a.npz"}
    steps = []
    with pytest.raises(ValueError, match="cannot hold what Odd keeps as 'k': a dict"):
        facetoy.fit("arcface", few, on_snapshot=lambda run: steps.append(run.steps[-1]), **args)
    assert steps == [0]


@pytest.mark.parametrize(
    ("path", "error", "says"),
    [
        ("none/a.npz", FileNotFoundError, "none/a.npz cannot be written: there is no folder .*non"),
        (".", IsADirectoryError, "it is a folder|[Ii]s a directory"),
        ("file/a.npz", OSError, "file/a.npz cannot be written: there is no folder .*file"),
        (5, TypeError, "checkpoint must be the path of a file, got 5"),
        (True, TypeError, "checkpoint must be the path of a file, got True"),
        (b"a.npz", TypeError, "checkpoint must be the path of a file, got b'a.npz'"),
    ],
)
def test_paths_that_cannot_be_written(few, run, tmp_path, monkeypatch, path, error, says):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setattr(Together, "take", None)  # nothing is trained
    path = tmp_path / path if isinstance(path, str) else path
    with pytest.raises(error, match=says):
        facetoy.fit("arcface", few, checkpoint=path, **ARGS)
    if isinstance(path, Path):
        with pytest.raises(error, match=says):
            run.save(path)
    assert [f.name for f in tmp_path.iterdir()] == ["file"]


def test_a_folder_that_is_another_s(few, run, tmp_path, monkeypatch):
    def refused(*_):
        raise PermissionError(13, "Permission denied", "/x/a.npz123.part")

    monkeypatch.setattr("facetoy.files.os.open", refused)
    for write in (run.save, lambda path: facetoy.fit("arcface", few, checkpoint=path, **ARGS)):
        with pytest.raises(PermissionError, match=r"/a.npz cannot be written: Permission denied$"):
            write(tmp_path / "a.npz")


def test_a_checkpoint_that_can_be_written_no_more(few, tmp_path, monkeypatch):
    """Said at once where a training goes on from it; later a full disk ends no training."""
    monkeypatch.setattr(checkpoints, "EVERY", 0.0)
    args = ARGS | {"checkpoint": tmp_path / "a.npz"}

    def full(*_):
        raise OSError("no space left")

    def fill(run):
        if run.steps[-1]:
            monkeypatch.setattr(checkpoints, "write_npz", full)

    with pytest.warns(RuntimeWarning, match="no checkpoint could be written: no space left"):
        run = facetoy.fit("arcface", few, on_snapshot=fill, **args)
    assert run.steps[-1] == 4
    monkeypatch.setattr(Together, "take", None)
    with pytest.raises(OSError, match="no space left"):
        facetoy.fit("arcface", few, **args)


# Numbers of NumPy, and what is no number


def test_numbers_of_numpy_in_every_argument(few, tmp_path):
    args = {
        "dim": np.int16(3), "epochs": np.uint8(1), "seed": np.int64(3), "snapshots": np.array(2),
        "lr": np.float32(0.01), "batch_size": np.int32(50), "warmup": np.float16(0.5),
        "per_class": np.int8(5), "progress": np.False_, "device": np.str_("cpu"),
        "checkpoint": tmp_path / "a.npz", "data": few,
    }  # fmt: skip
    own = {"margin": np.float32(0.2), "mining": np.str_("hard"), "squared": np.False_}
    for loss, more in (("triplet", own), (Late, {"breaks": np.False_})):
        args["checkpoint"] = tmp_path / f"{len(more)}.npz"
        run = facetoy.fit(loss, **args, **more)
        assert {type(v) for v in run.config.values()} <= {bool, int, float, str}
        assert {k: run.config[k] for k in more} == {k: v.item() for k, v in more.items()}
        assert facetoy.load_run(run.save(tmp_path / "run.npz")).config == run.config
        same(facetoy.fit(loss, **args, **more), run)


def test_numpy_in_a_run_s_config_is_saved(run, tmp_path):
    config = run.config | {"x": np.float32(0.5), "y": np.arange(3), "z": np.True_}
    got = facetoy.load_run(dataclasses.replace(run, config=config).save(tmp_path / "a.npz"))
    assert {k: got.config[k] for k in "xyz"} == {"x": 0.5, "y": [0, 1, 2], "z": True}


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"config": {"x": object()}}, TypeError, "cannot be saved with <object"),
        ({"history": {"x": np.array([None])}}, ValueError, "history/x cannot be saved: .*objects"),
    ],
)
def test_what_could_not_be_read_is_not_saved(run, tmp_path, change, error, says):
    with pytest.raises(error, match=says):
        dataclasses.replace(run, **change).save(tmp_path / "a.npz")
    assert not list(tmp_path.iterdir())


class Wide(nn.Module):
    def __init__(self, make):
        super().__init__()
        self.f, self.make = nn.Linear(64, 3), make

    def forward(self, x):
        return self.make(self.f(x.flatten(1)))


@pytest.mark.parametrize(
    ("args", "error", "says"),
    [
        ({"seed": 1.5}, ValueError, "seed must be an integer from .* got 1.5"),
        ({"seed": "1"}, ValueError, "seed must be an integer from .* got '1'"),
        ({"seed": None}, ValueError, "seed must be an integer from .* got None"),
        ({"lr": 0}, ValueError, "lr must be positive and finite, got 0"),
        ({"lr": math.inf}, ValueError, "lr must be positive and finite, got inf"),
        ({"lr": math.nan}, ValueError, "lr must be positive and finite, got nan"),
        ({"lr": "fast"}, ValueError, "lr must be positive and finite, got 'fast'"),
        ({"lr": True}, ValueError, "lr must be positive and finite, got True"),
        ({"per_class": 2.5}, ValueError, "per_class must be an integer of at least 2, got 2.5"),
        ({"per_class": "4"}, ValueError, "per_class must be an integer of at least 2, got '4'"),
        ({"model": Net}, TypeError, "model must be a module of torch, got <class"),
        ({"model": "resnet"}, TypeError, "model must be a module of torch, got 'resnet'"),
        ({"optimizer": "adam"}, TypeError, "optimizer must be a function, got an object of .* str"),
        ({"optimizer": lambda p, lr: p}, TypeError, "must make an optimiser of torch .* got list"),
        ({"optimizer": torch.optim.LBFGS}, TypeError, "steps without a closure, LBFGS needs one"),
        ({"decay": 0.9}, TypeError, "decay must be a function, got an object of type float"),
        ({"decay": lambda part: None}, ValueError, "decay must give a finite number, got None"),
        ({"decay": lambda part: math.nan}, ValueError, "decay must give a finite number, got nan"),
        ({"device": "gpu"}, ValueError, "a device that torch has here, got 'gpu'"),
        ({"device": "cuda:99"}, ValueError, "a device that torch has here, got 'cuda:99'"),
        ({"device": 2.5}, ValueError, "a device that torch has here, got 2.5"),
        ({"data": {"x": 1}}, TypeError, "data must be a Data, as of facetoy.load, got dict"),
        ({"on_snapshot": 3}, TypeError, "on_snapshot must be a function, got an object of type in"),
        ({"model": Wide(lambda x: x[:, :2])}, ValueError, r"into .* \(N, 3\), got .* \(2, 2\)"),
        ({"model": Wide(lambda x: x[:1])}, ValueError, r"\(N, 3\), got .*\(1, 3\) for 2 images"),
        ({"model": Wide(lambda x: x.long())}, ValueError, r"\(N, 3\), got torch.int64 of shape"),
        ({"model": Wide(lambda x: (x, x))}, ValueError, r"shape \(N, 1, 8, 8\) .* raised"),
        ({"model": nn.Conv2d(1, 3, 8)}, ValueError, r"\(N, 3\), got .*\(2, 3, 1, 1\)"),
        ({"model": nn.Linear(100, 3)}, ValueError, r"\(N, 1, 8, 8\) .* raised RuntimeError: mat1"),
    ],
)  # fmt: skip
def test_arguments_that_no_training_can_take(few, args, error, says):
    with pytest.raises(error, match=says):
        facetoy.fit("arcface", **{"data": few} | ARGS | args)
    with pytest.raises(error, match=says):
        facetoy.sweep("arcface", **{"data": few, "m": [0.1, 0.2], "jobs": 1} | ARGS | args)


@pytest.mark.parametrize(
    ("loss", "error", "says"),
    [
        (nn.CrossEntropyLoss(reduction="none"), ValueError, r"one number, got .*\[50\]"),
        (
            type("Pair", (Padded,), {"forward": lambda s, x, y: (x.sum(), y)}),
            ValueError,
            "got tuple",
        ),
        (type("One", (Padded,), {"forward": lambda s, x, y: 1.0}), ValueError, "got float"),
        (dict, TypeError, "loss must be a name, a class or a module, got <class 'dict'>"),
        (F.cross_entropy, TypeError, "loss must be a name, a class or a module, got <fun"),
    ],
)
def test_losses_that_are_none(few, loss, error, says):
    with pytest.raises(error, match=says):
        facetoy.fit(loss, few, **ARGS | {"dim": 10})


def test_there_is_nothing_to_train(few):
    model = Net().requires_grad_(False)
    with pytest.raises(ValueError, match="no parameter to train"):
        facetoy.fit("triplet", few, model=model, **ARGS)
