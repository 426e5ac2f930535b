"""Numbers of every kind and size that people give to a loss, and what is no number at all."""

import copy
import math
import warnings

import numpy as np
import pytest
import torch
from test_losses import MAKE, TRIPLETS, batch, every_loss, every_loss_and_triplet

from facetoy.losses import ArcFace, CenterLoss, CombinedMargin, CosFace, LSoftmax, Softmax
from facetoy.losses import TripletLoss as Triplet

X, Y = torch.randn(32, 3, generator=torch.Generator().manual_seed(0)), torch.arange(32) % 5
NAN, INF = math.nan, math.inf

# ---- settings


@pytest.mark.parametrize(
    "whole",
    [np.int64, np.int32, np.uint8, torch.tensor, np.array, lambda n: torch.tensor(n).int(),
     lambda n: np.arange(n).max() + 1, lambda n: torch.arange(n).max() + 1],
)  # fmt: skip
@every_loss
def test_whole_numbers_of_every_kind(make, whole):
    torch.manual_seed(0)
    plain = make(3, 5)
    torch.manual_seed(0)
    loss = make(whole(3), whole(5))
    assert repr(loss) == repr(plain)
    assert [type(loss.in_features), type(loss.num_classes)] == [int, int]
    assert torch.equal(loss.weight, plain.weight)
    assert type(LSoftmax(3, 5, m=whole(4)).m) is int


@pytest.mark.parametrize(
    "value",
    [np.float64(4), np.float32(4), 4.0, torch.tensor(4.0), np.bool_(True), torch.tensor(True),
     True, "4", None, np.array([4]), torch.tensor([4]), [4], 0, np.int64(0), np.int64(-1), NAN],
    ids=repr,
)  # fmt: skip
def test_what_is_no_whole_number(value):
    for make in (
        lambda: Softmax(value, 5), lambda: ArcFace(3, value), lambda: LSoftmax(3, 5, m=value)
    ):  # fmt: skip
        with pytest.raises(ValueError, match="must be a positive integer, got"):
            make()


@pytest.mark.parametrize(
    "real",
    [np.float64, np.float32, np.float16, torch.tensor, np.array, lambda v: torch.tensor([v, v])[0]],
)
def test_numbers_of_every_kind(real):
    made = [
        ArcFace(3, 5, s=real(16), m=real(0.25)), CosFace(3, 5, m=real(0.25)), Triplet(real(0.25)),
        CombinedMargin(3, 5, m1=real(1.5), m2=real(0.25), m3=real(0.25)),
        LSoftmax(3, 5, lam=real(0.25)), CenterLoss(3, 5, lam=real(0.25), alpha=real(0.25)),
    ]  # fmt: skip
    names = {"s", "m", "m1", "m2", "m3", "lam", "alpha", "margin"}
    for loss in made:
        kept = [value for name, value in vars(loss).items() if name in names]
        assert {type(v) for v in kept} <= {float, int}
        assert 0.25 in kept


@pytest.mark.parametrize(
    "value", [np.float32(NAN), torch.tensor(-1.0), np.bool_(True), "0.3", None, [0.3],
              torch.tensor([0.3]), np.complex64(0.3), np.float64(INF)], ids=repr,
)  # fmt: skip
def test_what_is_no_number(value):
    for make in (
        lambda: ArcFace(3, 5, m=value), lambda: CosFace(3, 5, s=value), lambda: Triplet(value),
        lambda: CenterLoss(3, 5, lam=value),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=r"must lie in .*, got"):
            make()


# ---- features and labels

FEATURES = [
    (X.numpy(), "features must be a tensor of shape .*, got ndarray"),
    (X.tolist(), "features must be a tensor of shape .*, got list"),
    (None, "features must be a tensor of shape .*, got NoneType"),
    (3.0, "features must be a tensor of shape .*, got float"),
    (X[None], r"features must have shape .*, got \(1, 32, 3\)"),
    (X[0, 0], r"features must have shape .*, got \(\)"),
    (X.to(torch.complex64), "features must be floating point, got torch.complex64"),
    (X > 0, "features must be floating point, got torch.bool"),
    (torch.where(X > 1, NAN, X).half(), "features must be finite, got nan"),
    (torch.where(X > 1, INF, X).bfloat16(), "features must be finite, got inf"),
    ((1e5 * X).half(), "features must be finite, got -?inf"),
]
LABELS = [
    (Y.numpy(), "labels must be a tensor of integers, got ndarray"),
    (Y.tolist(), "labels must be a tensor of integers, got list"),
    (range(32), "labels must be a tensor of integers, got range"),
    (None, "labels must be a tensor of integers, got NoneType"),
    (3, "labels must be a tensor of integers, got int"),
    (Y[:, None], r"labels must have shape \(32,\), got \(32, 1\)"),
    (torch.tensor(3), r"labels must have shape \(32,\), got \(\)"),
    (torch.nn.functional.one_hot(Y), r"labels must have shape \(32,\), got \(32, 5\)"),
    (torch.nn.functional.one_hot(Y).float(), "labels must be integers .*got torch.float32"),
    (Y.double(), "labels must be integers .*, got torch.float64"),
    (Y > 1, "labels must be integers .*, got torch.bool"),
    (Y + 1j, "labels must be integers .*, got torch.complex64"),
    (Y - 1, r"labels must lie in \[0, .*\), got -1"),
]
CALLS = {
    **{name: make(3, 5).eval() for name, make in MAKE.items()}, "triplet": Triplet(),
    "pull": CenterLoss(3, 5).pull, "update": CenterLoss(3, 5).update, "active": Triplet().active,
}  # fmt: skip
SCORES = {
    **{name: make(3, 5).logits for name, make in MAKE.items()}, "distances": Triplet().distances,
}  # fmt: skip
every_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


@every_call
@pytest.mark.parametrize(("x", "says"), FEATURES)
def test_features_that_are_none(call, x, says):
    with pytest.raises(ValueError, match=says):
        call(x, Y)


@pytest.mark.parametrize("call", SCORES.values(), ids=SCORES)
@pytest.mark.parametrize(("x", "says"), FEATURES)
def test_features_that_have_no_scores(call, x, says):
    with pytest.raises(ValueError, match=says):
        call(x)


@every_call
@pytest.mark.parametrize(("y", "says"), LABELS)
def test_labels_that_are_none(call, y, says):
    with pytest.raises(ValueError, match=says):
        call(X, y)


@pytest.mark.parametrize("kind", [torch.int32, torch.int16, torch.int8, torch.uint8, torch.uint16,
                                  torch.uint32, torch.uint64])  # fmt: skip
@every_call
def test_labels_of_every_integer(call, kind):
    twin = copy.deepcopy(call)
    got, want = call(X, Y.to(kind)), twin(X, Y)
    assert want is None or torch.equal(torch.as_tensor(got), torch.as_tensor(want))


# ---- what a bad step leaves behind


@every_loss
@pytest.mark.parametrize(("value", "says"), [(NAN, "nan"), (INF, "inf"), (-INF, "-inf")])
def test_weights_after_a_bad_step(make, value, says):
    loss = make(3, 5)
    before = loss.logits(X)
    loss.weight.data[4, 0] = value
    for act in (lambda: loss(X, Y), lambda: loss.logits(X)):
        with pytest.raises(ValueError, match=f"weights must be finite, got {says}"):
            act()
    loss.weight.data[4, 0] = 1e20
    with pytest.raises(ValueError, match=r"weights must lie within ±1e\+15, got 1e\+20"):
        loss(X, Y)
    loss.weight.data[4, 0] = 1
    assert loss.logits(X).isfinite().all()
    assert torch.equal(loss.logits(X)[:, :4], before[:, :4])


def test_a_bias_and_centers_after_a_bad_step():
    loss = Softmax(3, 5, bias=True)
    loss.bias.data[1] = NAN
    for act in (lambda: loss(X, Y), lambda: loss.logits(X)):
        with pytest.raises(ValueError, match="bias must be finite, got nan"):
            act()
    loss = CenterLoss(3, 5)
    loss.centers[1] = INF
    for act in (lambda: loss(X, Y), lambda: loss.pull(X, Y), lambda: loss.update(X, Y)):
        with pytest.raises(ValueError, match="centers must be finite, got inf"):
            act()


# ---- half precision


def gradient(loss, x, y):
    x = x.detach().requires_grad_()
    loss(x, y).backward()
    return x.grad.double()


HALF = [torch.float16, torch.bfloat16]


@pytest.mark.parametrize("kind", HALF)
@pytest.mark.parametrize("size", [1e-4, 1e-3, 1e-2, 1, 1e3, 6e3])
@every_loss_and_triplet
def test_short_and_long_features_in_half_precision(make, size, kind):
    """The same numbers in float32: the same loss, scores, and a gradient rounded to half."""
    loss = make(64, 10).eval()
    g = torch.Generator().manual_seed(0)
    x, y = (size * torch.randn(32, 64, generator=g)).to(kind), torch.arange(32) % 10
    assert torch.equal(loss(x, y), loss(x.float(), y))
    if hasattr(loss, "logits"):
        assert torch.equal(loss.logits(x), loss.logits(x.float()))
    got, want = gradient(loss, x, y), gradient(loss, x.float(), y)
    assert got.isfinite().all()
    fits = want.abs().amax(1) < torch.finfo(kind).max
    grain = torch.finfo(kind).eps * want.abs() + torch.finfo(kind).smallest_normal
    assert ((got - want).abs() <= grain)[fits].all()
    if not fits.all():  # a row too long for half precision keeps its direction
        cos = torch.nn.functional.cosine_similarity(got, want)
        assert cos[~fits].min() > 0.999


@pytest.mark.parametrize("size", [1e-7, 6e-8, 0.0])
@every_loss_and_triplet
def test_what_half_precision_cannot_hold_stays_finite(make, size):
    x = (size * torch.ones(4, 3)).half()
    assert gradient(make(3, 5).eval(), x, torch.arange(4)).isfinite().all()


def test_half_precision_that_overflows_tells_the_scaler():
    """A row of ordinary length: ``torch.amp.GradScaler`` waits for the infinity."""
    torch.manual_seed(0)  # weights with which the first class does not win
    x = torch.ones(1, 3).half().requires_grad_()
    (1e6 * ArcFace(3, 5)(x, torch.tensor([0]))).backward()
    assert x.grad.isinf().any()


def test_the_case_of_short_features():
    torch.manual_seed(0)
    loss, y = ArcFace(64, 10), torch.randint(10, (32,))
    x = (1e-3 * torch.randn(32, 64)).half()
    want = gradient(loss, x.float(), y).norm().item()
    assert gradient(loss, x, y).norm().item() == pytest.approx(want, rel=1e-3)
    assert want > 1000
    assert len(loss.logits(x).argmax(1).unique()) == 10


@every_loss_and_triplet
def test_a_module_in_half_precision_gives_the_numbers_of_its_weights(make):
    loss = make(16, 5).half().eval()
    x, y = 1e-3 * torch.randn(16, 16).half(), torch.arange(16) % 5
    assert torch.equal(loss(x, y), copy.deepcopy(loss).float()(x.float(), y))


# ---- distances far from the origin


@pytest.mark.parametrize("squared", [True, False])
@pytest.mark.parametrize("mining", ["semihard", "hard", "all"])
@pytest.mark.parametrize("place", ["one", "two", "shifted", "scaled"])
def test_triplet_distances_far_from_the_origin(squared, mining, place):
    torch.manual_seed(1)
    x, y = torch.randn(24, 16), torch.arange(24) % 4
    if place == "two":  # two heaps, and in each of them all classes
        x[:12] += 1000
        x[12:] -= 1000
    elif place == "scaled":
        x *= torch.logspace(-2, 3, 24)[:, None]
    else:
        x += 1000 if place == "one" else torch.linspace(-5e4, 5e4, 16)
    loss = Triplet(margin=2.0, normalize=False, mining=mining, squared=squared)
    ours, exact = loss(x, y).double(), loss(x.double(), y)
    torch.testing.assert_close(ours, exact, rtol=2e-4, atol=1e-5)
    assert loss.active(x, y) == loss.active(x.double(), y)
    d = loss.distances(x)
    torch.testing.assert_close(d.double(), loss.distances(x.double()), rtol=1e-5, atol=1e-6)
    assert (d.diagonal() == 0).all()
    got, want = gradient(loss, x, y), gradient(loss, x.double(), y)
    assert (got - want).norm() < 1e-3 * want.norm()


def test_the_case_of_far_triplets():
    torch.manual_seed(1)
    x, y = torch.randn(24, 16) + 1000, torch.arange(24) % 4
    assert Triplet(margin=2.0, normalize=False)(x, y).item() == pytest.approx(1.34, abs=0.01)


def test_second_derivatives_of_far_triplets():
    x, y = batch(8, 3, 3)
    loss = Triplet(margin=2.0, normalize=False, mining="all")
    assert torch.autograd.gradgradcheck(lambda x: loss(x + 10, y), (x,))


def test_no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for make in (*MAKE.values(), *TRIPLETS.values()):
            make(3, 5)(X.half().requires_grad_(), Y).backward()
