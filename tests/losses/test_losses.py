"""Every loss: against its formula written out, at its limits, and where arithmetic breaks."""

import math
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import normalize

from facetoy.losses import (
    LOSSES,
    AMSoftmax,
    ArcFace,
    ASoftmax,
    CenterLoss,
    CombinedMargin,
    CosFace,
    LSoftmax,
    NormSoftmax,
    Softmax,
    SphereFace,
    TripletLoss,
)


def cross_entropy(z, y):
    """-log softmax of the true class, for one sample's scores, written out."""
    return -torch.log(torch.exp(z[y]) / torch.exp(z).sum())


def literal(x, W, y, phi, r):
    """The mean margin loss, sample by sample and class by class, with angles from acos.

    ``r(x, W_j)`` is the factor before the cosine, ``phi(θ)`` stands for the true class's cosine.
    """
    total = 0.0
    for x_i, y_i in zip(x, y.tolist(), strict=True):
        terms = []
        for j, W_j in enumerate(W):
            theta = torch.acos(x_i @ W_j / (x_i.norm() * W_j.norm()))
            terms.append(r(x_i, W_j) * (phi(theta) if j == y_i else torch.cos(theta)))
        total = total + cross_entropy(torch.stack(terms), y_i)
    return total / len(x)


def literal_softmax(x, W, y, b):
    total = 0.0
    for x_i, y_i in zip(x, y.tolist(), strict=True):
        terms = torch.stack([W_j @ x_i + b_j for W_j, b_j in zip(W, b, strict=True)])
        total = total + cross_entropy(terms, y_i)
    return total / len(x)


def falling(t):
    """cos t, and beyond each multiple of π the continuation of L-Softmax's Eq. 6."""
    k = math.floor(t.item() / math.pi)
    return (-1) ** k * torch.cos(t) - 2 * k


def scale(s):
    return lambda x, W: s


def length(x, W):
    return x.norm()


def lengths(x, W):
    return W.norm() * x.norm()


def annealed(m, lam):
    return lambda t: (lam * torch.cos(t) + falling(m * t)) / (1 + lam)


#: class, arguments, φ(θ), r
MARGIN_CASES = [
    (NormSoftmax, {"s": 16.0}, torch.cos, scale(16)),
    (ArcFace, {"s": 16.0, "m": 0.5}, lambda t: falling(t + 0.5), scale(16)),
    (ArcFace, {"s": 64.0, "m": 0.3}, lambda t: falling(t + 0.3), scale(64)),
    (ArcFace, {"s": 8.0, "m": 1.5}, lambda t: falling(t + 1.5), scale(8)),
    (CosFace, {"s": 16.0, "m": 0.35}, lambda t: torch.cos(t) - 0.35, scale(16)),
    (AMSoftmax, {}, lambda t: torch.cos(t) - 0.35, scale(30)),
    (CombinedMargin, {"s": 9.0, "m1": 1.35, "m2": 0.2, "m3": 0.1},
     lambda t: falling(1.35 * t + 0.2) - 0.1, scale(9)),
    (CombinedMargin, {"s": 9.0, "m1": 3.5, "m2": 1.0, "m3": 0.3},
     lambda t: falling(3.5 * t + 1) - 0.3, scale(9)),
    *((LSoftmax, {"m": m}, annealed(m, 0), lengths) for m in (1, 2, 3, 4)),
    (LSoftmax, {"m": 3, "lam": 5.0}, annealed(3, 5), lengths),
    *((ASoftmax, {"m": m}, annealed(m, 0), length) for m in (1, 2, 3, 4)),
    (ASoftmax, {"m": 4, "lam": 0.7}, annealed(4, 0.7), length),
]  # fmt: skip
#: Every loss with class weights, for the properties that all of them share.
MAKE = {
    "softmax": lambda d, C: Softmax(d, C),
    "softmax-bias": lambda d, C: Softmax(d, C, bias=True),
    "center": lambda d, C: CenterLoss(d, C),
    "lsoftmax": lambda d, C: LSoftmax(d, C, m=3),
    "lsoftmax-annealed": lambda d, C: LSoftmax(d, C, m=4, lam=5.0),
    "asoftmax": lambda d, C: ASoftmax(d, C),
    "normsoftmax": lambda d, C: NormSoftmax(d, C),
    "cosface": lambda d, C: CosFace(d, C),
    "amsoftmax": lambda d, C: AMSoftmax(d, C),
    "arcface": lambda d, C: ArcFace(d, C),
    "arcface-wide": lambda d, C: ArcFace(d, C, s=16.0, m=1.57),
    "combined": lambda d, C: CombinedMargin(d, C, m1=2.5),
}
#: The triplet losses, which have no class weights.
TRIPLETS = {
    f"triplet-{mining}{'' if squared else '-root'}{'' if unit else '-free'}": (
        lambda d, C, args=(0.2, mining, squared, unit): TripletLoss(*args)
    )
    for mining in ("semihard", "hard", "all")
    for squared in (True, False)
    for unit in (True, False)
}
every_loss = pytest.mark.parametrize("make", MAKE.values(), ids=MAKE)
every_triplet = pytest.mark.parametrize("make", TRIPLETS.values(), ids=TRIPLETS)
every_loss_and_triplet = pytest.mark.parametrize(
    "make", [*MAKE.values(), *TRIPLETS.values()], ids=[*MAKE, *TRIPLETS]
)


def batch(n, d, C, seed=0):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, d, generator=g, dtype=torch.float64, requires_grad=True)
    return x, torch.randint(C, (n,), generator=g)


def same(ours, theirs, *inputs):
    """Equal losses with equal gradients."""
    torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-9)
    for a, b in zip(*(torch.autograd.grad(v, inputs) for v in (ours, theirs)), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-9)


# The formulas.


@pytest.mark.parametrize(("cls", "args", "phi", "r"), MARGIN_CASES)
@pytest.mark.parametrize(("n", "d", "C"), [(7, 2, 10), (5, 3, 4), (3, 16, 30), (1, 2, 2)])
def test_margin_loss_is_its_formula(cls, args, phi, r, n, d, C):
    for seed in range(5):
        x, y = batch(n, d, C, seed)
        loss = cls(d, C, **args).double()
        same(loss(x, y), literal(x, loss.weight, y, phi, r), x, loss.weight)


@pytest.mark.parametrize("bias", [False, True])
def test_softmax_is_its_formula(bias):
    x, y = batch(6, 3, 5)
    loss = Softmax(3, 5, bias=bias).double()
    if bias:
        torch.nn.init.normal_(loss.bias)
    b = loss.bias if bias else torch.zeros(5, dtype=torch.float64)
    same(loss(x, y), literal_softmax(x, loss.weight, y, b), x, loss.weight)


def test_all_pieces_of_the_curves_are_met():
    """Guards the formula tests above: their samples lie on all pieces of the target curves."""
    x, y = batch(7, 2, 10)
    for cls, args in ((ArcFace, {"m": 1.5}), (LSoftmax, {"m": 4})):
        W = cls(2, 10, **args).double().weight
        theta = torch.acos((normalize(x) * normalize(W)[y]).sum(1))
        t = theta + 1.5 if cls is ArcFace else 4 * theta
        assert len(set((t / math.pi).floor().tolist())) > 1


@pytest.mark.parametrize("lam", [0.0, 0.3])
@pytest.mark.parametrize("n", [1, 8, 50])
def test_center_loss_is_its_formula_and_its_centers_move_by_equation_4(lam, n):
    x, y = batch(n, 3, 5)
    loss = CenterLoss(3, 5, lam=lam, alpha=0.4).double()
    c = torch.randn(5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    loss.centers.copy_(c)
    pull = sum((x_i - c[y_i]).square().sum() for x_i, y_i in zip(x, y, strict=True)) / n
    none = torch.zeros(5, dtype=torch.float64)
    same(loss(x, y), literal_softmax(x, loss.weight, y, none) + lam / 2 * pull, x, loss.weight)
    loss.update(x, y)
    for j in range(5):
        mine = [x_i.detach() for x_i, y_i in zip(x, y, strict=True) if y_i == j]
        delta = sum((c[j] - x_i for x_i in mine), torch.zeros(3)) / (1 + len(mine))
        torch.testing.assert_close(loss.centers[j], c[j] - 0.4 * delta, rtol=1e-12, atol=1e-12)


def test_centers_are_no_parameters_and_are_saved():
    loss = CenterLoss(2, 3)
    assert [name for name, _ in loss.named_parameters()] == ["weight"]
    assert "centers" in loss.state_dict()
    loss.update(torch.ones(4, 2, requires_grad=True), torch.tensor([0, 0, 1, 1]))
    assert not loss.centers.requires_grad


def test_centers_that_are_forgotten_are_noticed():
    x, y = batch(6, 3, 5)
    loss = CenterLoss(3, 5).double()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loss(x, y)
        loss.update(x, y)
        loss(x, y)
        with torch.no_grad():  # a look at the loss is no step
            loss(x, y)
    with pytest.warns(UserWarning, match=r"call update\(x, y\) after each step"):
        loss(x, y)


def distance(a, b, squared, unit):
    a, b = (normalize(v, dim=0) if unit else v for v in (a, b))
    square = (a - b).square().sum()
    return square if squared else square.sqrt()


def literal_triplet(x, y, margin, mining, squared, unit):
    """The mean over active triplets, with every triplet looked at."""
    n = range(len(x))
    terms = []
    for a in n:
        positives = [distance(x[a], x[p], squared, unit) for p in n if p != a and y[p] == y[a]]
        negatives = [distance(x[a], x[k], squared, unit) for k in n if y[k] != y[a]]
        if not positives or not negatives:
            continue
        if mining == "hard":
            terms.append(max(positives) - min(negatives) + margin)
            continue
        for p in positives:
            if mining == "all":
                terms += [p - k + margin for k in negatives]
            elif further := [k for k in negatives if k > p]:
                terms.append(p - min(further) + margin)
    active = [t for t in terms if t > 0]
    return sum(active) / len(active) if active else None, len(active), len(terms)


@pytest.mark.parametrize("mining", ["semihard", "hard", "all"])
@pytest.mark.parametrize("squared", [True, False])
@pytest.mark.parametrize("unit", [True, False])
@pytest.mark.parametrize(("n", "d", "C"), [(12, 3, 4), (20, 2, 2), (14, 16, 4)])
def test_triplet_loss_is_its_formula(mining, squared, unit, n, d, C):
    met = 0
    for seed in range(4):
        x, y = batch(n, d, C, seed)
        want, active, total = literal_triplet(x, y, 0.6, mining, squared, unit)
        loss = TripletLoss(0.6, mining, squared, unit)
        assert loss.active(x, y) == (active, total)
        same(loss(x, y), want if active else 0 * x.sum(), x)
        met += active
    assert met > 0


@every_triplet
@pytest.mark.parametrize("labels", [[0, 1, 2, 3], [0, 0, 0, 0], [0, 0, 1, 1], [0]])
def test_without_an_active_triplet_the_loss_is_zero_and_differentiable(make, labels):
    y = torch.tensor(labels)
    x = torch.nn.functional.one_hot(y, 4).float().requires_grad_()  # classes far apart
    value = make(4, 4)(x, y)
    value.backward()
    assert value == 0
    assert (x.grad == 0).all()


def test_batch_all_never_builds_a_cube():
    """256 samples: the largest tensor that the loss makes has about 256², not 256³ numbers."""
    sizes = []

    class Watch(torch.utils._python_dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            out = func(*args, **(kwargs or {}))
            parts = out if isinstance(out, tuple | list) else (out,)
            sizes.extend(t.numel() for t in parts if isinstance(t, torch.Tensor))
            return out

    x, y = batch(256, 2, 10)
    with Watch():
        TripletLoss(mining="all")(x, y).backward()
    assert 256**2 <= max(sizes) <= 256 * 257


def test_collapsed_hard_triplets_have_the_margin_as_their_loss():
    x = torch.ones(8, 3, requires_grad=True)
    assert TripletLoss(0.4, "hard")(x, torch.arange(8) % 2).item() == pytest.approx(0.4, abs=1e-6)


@every_loss
def test_gradcheck(make):
    x, y = batch(6, 3, 4)
    loss = make(3, 4).double().eval()
    assert torch.autograd.gradcheck(
        lambda x, W: torch.func.functional_call(loss, {"weight": W}, (x, y)), (x, loss.weight)
    )


@every_triplet
def test_gradcheck_of_triplets(make):
    x, y = batch(10, 3, 3)
    assert torch.autograd.gradcheck(lambda x: make(3, 3)(x, y), (x,))


# The limits: where one loss is another.

SAME = [
    (ArcFace, {"s": 16.0, "m": 0.0}, NormSoftmax, {"s": 16.0}),
    (CosFace, {"s": 16.0, "m": 0.0}, NormSoftmax, {"s": 16.0}),
    (AMSoftmax, {"s": 20.0, "m": 0.2}, CosFace, {"s": 20.0, "m": 0.2}),
    (LSoftmax, {"m": 1}, Softmax, {}),
    (LSoftmax, {"m": 4, "lam": 1e12}, Softmax, {}),
    (CenterLoss, {"lam": 0.0}, Softmax, {}),
    (CombinedMargin, {"m1": 1, "m2": 0, "m3": 0}, NormSoftmax, {"s": 64.0}),
    (CombinedMargin, {"m1": 1, "m2": 0.5, "m3": 0}, ArcFace, {"m": 0.5}),
    (CombinedMargin, {"m1": 1, "m2": 1.5, "m3": 0}, ArcFace, {"m": 1.5}),
    (CombinedMargin, {"m1": 1, "m2": 0, "m3": 0.35}, CosFace, {"m": 0.35}),
]


@pytest.mark.parametrize(("a", "a_args", "b", "b_args"), SAME)
def test_one_loss_is_another(a, a_args, b, b_args):
    x, y = batch(9, 3, 6)
    one, other = a(3, 6, **a_args).double(), b(3, 6, **b_args).double()
    other.load_state_dict(one.state_dict(), strict=False)
    ours, theirs = (
        (value, *torch.autograd.grad(value, (x, loss.weight)))
        for loss in (one, other)
        for value in [loss(x, y)]
    )
    for mine, its in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, its, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("m", [1, 2, 3, 4])
@pytest.mark.parametrize("r", [1.0, 16.0])
def test_a_softmax_is_a_combined_margin_between_features_of_one_length(m, r):
    x, y = batch(9, 3, 6)
    x = r * normalize(x)
    one, other = ASoftmax(3, 6, m=m).double(), CombinedMargin(3, 6, r, m, 0, 0).double()
    other.load_state_dict(one.state_dict())
    torch.testing.assert_close(one(x, y), other(x, y), rtol=1e-9, atol=1e-9)


def test_a_softmax_is_l_softmax_with_unit_weights():
    x, y = batch(9, 3, 6)
    one, other = ASoftmax(3, 6, m=3).double(), LSoftmax(3, 6, m=3).double()
    other.weight.data = normalize(one.weight.data)
    torch.testing.assert_close(one(x, y), other(x, y), rtol=1e-9, atol=1e-9)
    assert SphereFace is ASoftmax


CURVES = [
    *(ArcFace(2, 2, m=m) for m in (0.1, 0.5, 1.0, 1.5)),
    *(LSoftmax(2, 2, m=m) for m in (1, 2, 3, 4)),
    ASoftmax(2, 2, m=4, lam=5.0),
    CosFace(2, 2),
    CombinedMargin(2, 2),
    CombinedMargin(2, 2, m1=3.3, m2=1.0),
]


@pytest.mark.parametrize("loss", CURVES, ids=repr)
def test_phi_is_continuous_strictly_decreasing_and_below_the_cosine(loss):
    theta = torch.linspace(0, math.pi, 100_001, dtype=torch.float64)
    phi = loss.phi(torch.cos(theta))
    assert (phi.diff()[1:-1] < 0).all()
    assert (phi <= torch.cos(theta) + 1e-12).all()
    steepest = getattr(loss, "m1", loss.m if isinstance(loss, LSoftmax) else 1)
    assert phi.diff().abs().max() < 1.01 * steepest * theta[1]  # no jump


@every_loss
def test_logits_have_no_margin_and_classify(make):
    loss = make(3, 5)
    x = 2 * loss.weight.detach()
    z = loss.logits(x)
    assert z.shape == (5, 5)
    if isinstance(loss, ASoftmax) or hasattr(loss, "s"):
        assert (z.argmax(1) == torch.arange(5)).all()
        r = torch.full((5,), loss.s) if hasattr(loss, "s") else x.norm(dim=1)
        torch.testing.assert_close(z.diagonal(), r)


@every_loss_and_triplet
def test_same_loss_in_any_order_and_for_int_labels(make):
    x, y = batch(8, 3, 5)
    loss = make(3, 5).double().eval()
    p = torch.randperm(8)
    torch.testing.assert_close(loss(x, y), loss(x[p], y[p].int()))


# Where arithmetic breaks.

SPECIAL = ["random", "on W", "against W", "zero", "identical", "tiny", "huge", "vanishing"]


def special(kind, loss, n, d, C, dtype, seed):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, d, generator=g, dtype=torch.float64)
    y = torch.randint(C, (n,), generator=g)
    W = getattr(loss, "weight", torch.randn(C, d, generator=g)).detach().double()
    most = torch.finfo(dtype).max
    x = {
        "random": x,
        "on W": W[y],
        "against W": -W[y],
        "zero": 0 * x,
        "identical": x[:1].expand(n, d),
        "tiny": x * 1e-5,
        "huge": torch.sign(x) * most,
        "vanishing": x * torch.finfo(dtype).tiny,
    }[kind]
    return x.to(dtype).requires_grad_(), y


def assert_finite(loss, x, y, half=None):
    """Forward, in autocast to the type ``half`` if given, and backward outside of it."""
    with torch.autocast("cpu", dtype=half, enabled=half is not None):
        value = loss(x, y)
    value.backward()
    assert torch.isfinite(value), value
    assert torch.isfinite(x.grad).all(), x.grad
    for name, p in loss.named_parameters():
        assert torch.isfinite(p.grad).all(), (name, p.grad)


@settings(max_examples=600, deadline=None)
@given(
    make=st.sampled_from([*MAKE.values(), *TRIPLETS.values()]),
    kind=st.sampled_from(SPECIAL),
    dtype=st.sampled_from([torch.float16, torch.bfloat16, torch.float32, torch.float64]),
    n=st.sampled_from([1, 2, 33]),
    d=st.sampled_from([1, 2, 3, 16]),
    C=st.sampled_from([1, 2, 10]),
    seed=st.integers(0, 2**16),
    shrunk=st.sampled_from([1.0, 0.0, 1e-30]),
)
def test_never_nan(make, kind, dtype, n, d, C, seed, shrunk):
    torch.manual_seed(seed)
    loss = make(d, C)
    if dtype == torch.float64:
        loss = loss.double()
    with torch.no_grad():
        for p in loss.parameters():
            p.mul_(shrunk)
    x, y = special(kind, loss, n, d, C, dtype, seed)
    assert_finite(loss, x, y, dtype if dtype in (torch.float16, torch.bfloat16) else None)
    if hasattr(loss, "update"):
        loss.update(x, y)
        assert loss.centers.isfinite().all()


@every_loss_and_triplet
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_module_works_too(make, dtype):
    loss = make(3, 10).to(dtype)
    assert_finite(loss, torch.randn(16, 3, dtype=dtype, requires_grad=True), torch.arange(16) % 10)


@every_loss_and_triplet
def test_autocast_keeps_full_precision(make):
    x, y = batch(64, 3, 10)
    loss = make(3, 10).eval()
    x = x.detach().float()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = loss(x, y)
    torch.testing.assert_close(inside, loss(x, y))


def test_gradient_on_the_weight_stays_moderate():
    """At x = W the slope of sin θ is infinite; the gradient of the loss is not."""
    loss = ArcFace(3, 10, s=16.0, m=0.5)
    x = loss.weight.detach().clone().requires_grad_()
    loss(x, torch.arange(10)).backward()
    assert x.grad.norm(dim=1).max() * 10 <= 2 * 16 / x.detach().norm(dim=1).min()


# Wrong input.


WRONG = [
    (torch.ones(2, 3), torch.tensor([0, 5]), r"\[0, 5\), got 5"),
    (torch.ones(2, 4), torch.tensor([0, 1]), r"\(N, 3\), got \(2, 4\)"),
]
WRONG_FOR_ALL = [
    (torch.ones(2, 3), torch.tensor([-1, 0]), r"\[0, .*\), got -1"),
    (torch.ones(2, 3), torch.tensor([0.0, 1.0]), "integers .* got torch.float32"),
    (torch.ones(2, 3), torch.tensor([0]), r"shape \(2,\), got \(1,\)"),
    (torch.ones(3), torch.tensor([0]), r"\(N, [3d]\), got \(3,\)"),
    (torch.ones(0, 3), torch.ones(0).long(), "at least one row"),
    (torch.ones(2, 3).long(), torch.tensor([0, 1]), "floating point, got torch.int64"),
    (torch.tensor([[1, 2, math.nan]]), torch.tensor([0]), "finite, got nan"),
    (torch.tensor([[1, 2, math.inf]]), torch.tensor([0]), "finite, got inf"),
]


@every_loss
@pytest.mark.parametrize(("x", "y", "says"), [*WRONG, *WRONG_FOR_ALL])
def test_wrong_input_is_named(make, x, y, says):
    with pytest.raises(ValueError, match=says):
        make(3, 5)(x, y)


@pytest.mark.parametrize(("x", "y", "says"), WRONG_FOR_ALL)
def test_wrong_input_of_triplets_is_named(x, y, says):
    with pytest.raises(ValueError, match=says):
        TripletLoss()(x, y)


def test_wrong_input_of_an_update_is_named():
    with pytest.raises(ValueError, match=r"\[0, 5\), got 5"):
        CenterLoss(3, 5).update(torch.ones(2, 3), torch.tensor([0, 5]))


@pytest.mark.parametrize("cls", [ArcFace, NormSoftmax, CosFace, AMSoftmax, CombinedMargin])
@pytest.mark.parametrize("s", [0, -1.0, math.nan, math.inf, "16", True])
def test_wrong_scale_is_named(cls, s):
    with pytest.raises(ValueError, match=rf"s must lie in \(0, inf\), got {s!r}"):
        cls(3, 5, s=s)


@pytest.mark.parametrize(
    ("cls", "args", "says"),
    [
        *((ArcFace, {"m": m}, rf"m must lie in \[0, 1.571\), got {m}")
          for m in (-0.1, math.pi / 2, 2, math.nan, None)),
        *((CosFace, {"m": m}, rf"m must lie in \[0, 2\), got {m}") for m in (-0.1, 2, math.nan)),
        (AMSoftmax, {"m": 2}, r"m must lie in \[0, 2\), got 2"),
        (CombinedMargin, {"m1": 0.9}, r"m1 must lie in \[1, inf\), got 0.9"),
        (CombinedMargin, {"m2": -1}, r"m2 must lie in \[0, 1.571\), got -1"),
        (CombinedMargin, {"m3": 2}, r"m3 must lie in \[0, 2\), got 2"),
        *((cls, {"m": m}, f"m must be a positive integer, got {m}")
          for cls in (LSoftmax, ASoftmax) for m in (0, 1.5, True, -2)),
        *((cls, {"lam": -1}, r"lam must lie in \[0, inf\), got -1")
          for cls in (LSoftmax, ASoftmax, CenterLoss)),
        (CenterLoss, {"alpha": 1.5}, r"alpha must lie in \[0, 1\], got 1.5"),
    ],
)  # fmt: skip
def test_wrong_setting_is_named(cls, args, says):
    with pytest.raises(ValueError, match=says):
        cls(3, 5, **args)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ({"margin": 0}, r"margin must lie in \(0, inf\), got 0"),
        ({"mining": "easy"}, "mining must be one of semihard, hard, all, got 'easy'"),
    ],
)
def test_wrong_triplet_setting_is_named(args, says):
    with pytest.raises(ValueError, match=says):
        TripletLoss(**args)


@pytest.mark.parametrize(("d", "C"), [(0, 5), (3, 0), (2.5, 5), (3, True), (-1, 5)])
def test_wrong_sizes_are_named(d, C):
    with pytest.raises(ValueError, match="must be a positive integer, got"):
        NormSoftmax(d, C)


def test_reset_parameters_and_repr():
    loss = ArcFace(3, 10)
    before = loss.weight.detach().clone()
    loss.reset_parameters()
    assert not torch.equal(before, loss.weight)
    assert loss.weight.shape == (10, 3)
    assert repr(loss) == "ArcFace(in_features=3, num_classes=10, s=64, m=0.5)"
    assert repr(Softmax(2, 4)) == "Softmax(in_features=2, num_classes=4, bias=False)"
    assert repr(CenterLoss(2, 4)) == "CenterLoss(in_features=2, num_classes=4, lam=1, alpha=0.5)"
    assert repr(ASoftmax(2, 4)) == "ASoftmax(in_features=2, num_classes=4, m=4, lam=0)"
    assert repr(TripletLoss()) == (
        "TripletLoss(margin=0.2, mining='semihard', squared=True, normalize=True)"
    )
    center = CenterLoss(2, 4)
    center.centers += 1
    center.reset_parameters()
    assert (center.centers == 0).all()


def test_annealing_falls_from_1000_and_passes_5_early():
    values = [LSoftmax.annealing(part) for part in np.linspace(0, 1, 101)]
    assert values[0] == 1000
    assert (np.diff(values) < 0).all()
    assert values[5] > 5 > values[6]


def test_every_name_makes_a_loss():
    for name, make in LOSSES.items():
        loss = make() if name == "triplet" else make(3, 10)
        assert type(loss).__name__.lower().startswith(name)
