"""Every loss: against its formula written out, at its limits, and where arithmetic breaks."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import normalize

from facetoy.losses import LOSSES, ArcFace, NormSoftmax, Softmax


def literal(x, W, y, s, phi):
    """The mean margin loss, sample by sample and class by class, with angles from acos."""
    total = 0.0
    for x_i, y_i in zip(x, y.tolist(), strict=True):
        terms = []
        for j, W_j in enumerate(W):
            theta = torch.acos(x_i @ W_j / (x_i.norm() * W_j.norm()))
            terms.append(s * (phi(theta) if j == y_i else torch.cos(theta)))
        terms = torch.stack(terms)
        total = total - torch.log(torch.exp(terms[y_i]) / torch.exp(terms).sum())
    return total / len(x)


def literal_softmax(x, W, y, b):
    total = 0.0
    for x_i, y_i in zip(x, y.tolist(), strict=True):
        terms = torch.stack([W_j @ x_i + b_j for W_j, b_j in zip(W, b, strict=True)])
        total = total - torch.log(torch.exp(terms[y_i]) / torch.exp(terms).sum())
    return total / len(x)


def arc(m):
    """cos(θ + m), and beyond π the continuation that ArcFace's docstring states."""
    return lambda t: torch.cos(t + m) if t + m <= math.pi else torch.cos(t) + math.cos(m) - 1


MARGIN_CASES = [
    (NormSoftmax, {"s": 16.0}, lambda t: torch.cos(t)),
    (ArcFace, {"s": 16.0, "m": 0.5}, arc(0.5)),
    (ArcFace, {"s": 64.0, "m": 0.3}, arc(0.3)),
    (ArcFace, {"s": 8.0, "m": 1.5}, arc(1.5)),
]
#: Every loss with class weights, for the properties that all of them share.
MAKE = [
    lambda d, C: Softmax(d, C),
    lambda d, C: Softmax(d, C, bias=True),
    lambda d, C: NormSoftmax(d, C),
    lambda d, C: ArcFace(d, C),
    lambda d, C: ArcFace(d, C, s=16.0, m=1.57),
]
NAMES = ["softmax", "softmax-bias", "normsoftmax", "arcface", "arcface-wide"]
every_loss = pytest.mark.parametrize("make", MAKE, ids=NAMES)


def batch(n, d, C, seed=0):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, d, generator=g, dtype=torch.float64, requires_grad=True)
    return x, torch.randint(C, (n,), generator=g)


def gradients(value, *inputs):
    return torch.autograd.grad(value, inputs)


def same(ours, theirs, x, W):
    torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-9)
    for a, b in zip(gradients(ours, x, W), gradients(theirs, x, W), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("cls", "args", "phi"), MARGIN_CASES)
@pytest.mark.parametrize(("n", "d", "C"), [(7, 2, 10), (5, 3, 4), (3, 16, 30), (1, 2, 2)])
def test_margin_loss_is_its_formula(cls, args, phi, n, d, C):
    for seed in range(5):
        x, y = batch(n, d, C, seed)
        loss = cls(d, C, **args).double()
        same(loss(x, y), literal(x, loss.weight, y, args["s"], phi), x, loss.weight)


@pytest.mark.parametrize("bias", [False, True])
def test_softmax_is_its_formula(bias):
    x, y = batch(6, 3, 5)
    loss = Softmax(3, 5, bias=bias).double()
    if bias:
        torch.nn.init.normal_(loss.bias)
    b = loss.bias if bias else torch.zeros(5, dtype=torch.float64)
    same(loss(x, y), literal_softmax(x, loss.weight, y, b), x, loss.weight)


def test_both_branches_of_arcface_are_met():
    """Guards the formula test above: its samples lie on both sides of θ + m = π."""
    x, y = batch(7, 2, 10)
    loss = ArcFace(2, 10, m=1.5).double()
    cos = (normalize(x) * normalize(loss.weight)[y]).sum(1)
    assert 0 < (cos < -math.cos(1.5)).sum() < len(y)


@every_loss
def test_gradcheck(make):
    x, y = batch(6, 3, 4)
    loss = make(3, 4).double()
    assert torch.autograd.gradcheck(
        lambda x, W: torch.func.functional_call(loss, {"weight": W}, (x, y)), (x, loss.weight)
    )


def test_arcface_without_margin_is_normsoftmax():
    x, y = batch(9, 3, 6)
    a, b = ArcFace(3, 6, s=16.0, m=0.0).double(), NormSoftmax(3, 6, s=16.0).double()
    b.load_state_dict(a.state_dict())
    torch.testing.assert_close(a(x, y), b(x, y), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("m", [0.1, 0.5, 1.0, 1.5])
def test_arcface_phi_is_continuous_and_strictly_decreasing(m):
    theta = torch.linspace(0, math.pi, 100_001, dtype=torch.float64)
    phi = ArcFace(2, 2, m=m).phi(torch.cos(theta))
    assert (phi.diff()[1:-1] < 0).all()
    # no jump: a step is never longer than the steepest slope, that of the line, allows
    assert phi.diff().abs().max() < 2 * theta[1]
    before = theta + m <= math.pi
    torch.testing.assert_close(phi[before], torch.cos(theta[before] + m), rtol=0, atol=1e-7)


@every_loss
def test_logits_have_no_margin_and_classify(make):
    loss = make(3, 5)
    x = 2 * loss.weight.detach()
    z = loss.logits(x)
    assert z.shape == (5, 5)
    if not isinstance(loss, Softmax):
        assert (z.argmax(1) == torch.arange(5)).all()
        torch.testing.assert_close(z.diagonal(), torch.full((5,), loss.s))


@every_loss
def test_same_loss_in_any_order_and_for_int_labels(make):
    x, y = batch(8, 3, 5)
    loss = make(3, 5).double()
    p = torch.randperm(8)
    torch.testing.assert_close(loss(x, y), loss(x[p], y[p].int()))


# Where arithmetic breaks.

SPECIAL = ["random", "on W", "against W", "zero", "identical", "tiny", "huge", "vanishing"]


def special(kind, loss, n, dtype, seed):
    g = torch.Generator().manual_seed(seed)
    d, C = loss.in_features, loss.num_classes
    x = torch.randn(n, d, generator=g, dtype=torch.float64)
    y = torch.randint(C, (n,), generator=g)
    W = loss.weight.detach().double()
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


def assert_finite(loss, x, y):
    value = loss(x, y)
    value.backward()
    assert torch.isfinite(value), value
    assert torch.isfinite(x.grad).all(), x.grad
    for name, p in loss.named_parameters():
        assert torch.isfinite(p.grad).all(), (name, p.grad)


@settings(max_examples=300, deadline=None)
@given(
    make=st.sampled_from(MAKE),
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
        loss.weight.mul_(shrunk)
    x, y = special(kind, loss, n, dtype, seed)
    half = dtype in (torch.float16, torch.bfloat16)
    with torch.autocast("cpu", dtype=dtype if half else torch.bfloat16, enabled=half):
        assert_finite(loss, x, y)


@every_loss
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_module_works_too(make, dtype):
    loss = make(3, 10).to(dtype)
    assert_finite(loss, torch.randn(16, 3, dtype=dtype, requires_grad=True), torch.arange(16) % 10)


@every_loss
def test_autocast_keeps_full_precision(make):
    x, y = batch(64, 3, 10)
    loss = make(3, 10)
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


@every_loss
@pytest.mark.parametrize(
    ("x", "y", "says"),
    [
        (torch.ones(2, 3), torch.tensor([0, 5]), r"\[0, 5\), got 5"),
        (torch.ones(2, 3), torch.tensor([-1, 0]), r"\[0, 5\), got -1"),
        (torch.ones(2, 3), torch.tensor([0.0, 1.0]), "integers .* got torch.float32"),
        (torch.ones(2, 3), torch.tensor([0]), r"shape \(2,\), got \(1,\)"),
        (torch.ones(2, 4), torch.tensor([0, 1]), r"\(N, 3\), got \(2, 4\)"),
        (torch.ones(3), torch.tensor([0]), r"\(N, 3\), got \(3,\)"),
        (torch.ones(0, 3), torch.ones(0).long(), "at least one row"),
        (torch.ones(2, 3).long(), torch.tensor([0, 1]), "floating point, got torch.int64"),
        (torch.tensor([[1, 2, math.nan]]), torch.tensor([0]), "finite, got nan"),
        (torch.tensor([[1, 2, math.inf]]), torch.tensor([0]), "finite, got inf"),
    ],
)
def test_wrong_input_is_named(make, x, y, says):
    with pytest.raises(ValueError, match=says):
        make(3, 5)(x, y)


@pytest.mark.parametrize("cls", [ArcFace, NormSoftmax])
@pytest.mark.parametrize("s", [0, -1.0, math.nan, math.inf, "16", True])
def test_wrong_scale_is_named(cls, s):
    with pytest.raises(ValueError, match=rf"s must lie in \(0, inf\), got {s!r}"):
        cls(3, 5, s=s)


@pytest.mark.parametrize("m", [-0.1, math.pi / 2, 2, math.nan, None])
def test_wrong_margin_is_named(m):
    with pytest.raises(ValueError, match=rf"m must lie in \[0, 1.571\), got {m}"):
        ArcFace(3, 5, m=m)


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


def test_every_name_makes_a_loss():
    for name, make in LOSSES.items():
        assert type(make(3, 10)).__name__.lower() == name
