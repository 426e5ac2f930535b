"""Losses over very many classes, whose scores are computed for a few samples at a time: they are
those of all scores at once."""

import copy
import math

import pytest
import torch
from test_losses import MAKE, SPECIAL, assert_finite, batch, every_loss, special
from torch import nn
from torch.autograd import forward_ad
from torch.utils._python_dispatch import TorchDispatchMode

from facetoy.losses import ArcFace, CosFace, NormSoftmax, Softmax, _by_rows


class Passes(list):
    """What the passes over the rows asked for, and the gradients that they made."""


@pytest.fixture
def passes(monkeypatch):
    """From here on every loss is computed by rows."""
    seen, real = Passes(), _by_rows._pass

    def spy(*args):
        lse, found = real(*args)
        seen.append((args[-1], found.W if found.W is None else found.W.data_ptr()))
        return lse, found

    monkeypatch.setattr(_by_rows, "_pass", spy)
    monkeypatch.setattr(_by_rows, "LARGE", 0)
    monkeypatch.setattr(_by_rows, "ROWS", 2)
    return seen


def at_once(act):
    """What ``act`` gives with all scores at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_by_rows, "LARGE", math.inf)
        return act()


def made(make, n, d, C, dtype=torch.float64):
    """A loss, features and labels; weights of all lengths, some of which have no direction."""
    torch.manual_seed(n)
    loss = make(d, C).to(torch.promote_types(dtype, torch.float32)).eval()
    with torch.no_grad():
        for p in loss.parameters():
            p += 0.1 * torch.randn_like(p)
        loss.weight[1::5] *= 1e-8
        loss.weight[2::5] = 0
    x, y = batch(n, d, C, seed=C)
    return loss, x.detach().to(dtype).requires_grad_(), y


def found(loss, x, y):
    """The loss and its gradients."""
    value = loss(x, y)
    inputs = [v for v in (x, *loss.parameters()) if v.requires_grad]
    return [value, *torch.autograd.grad(value, inputs)]


def close(got, want, most):
    for a, b in zip(got, want, strict=True):
        assert a.dtype == b.dtype
        assert ((a - b).abs().max() <= most * b.abs().max().clamp_min(1e-3)).item()


@every_loss
@pytest.mark.parametrize(
    ("n", "d", "C"), [(7, 3, 11), (1, 3, 4), (5, 2, 1), (40, 16, 3), (6, 1, 9)]
)
@pytest.mark.parametrize("rows", [1, 5, 64])
def test_by_rows_it_is_the_same(make, n, d, C, rows, passes, monkeypatch):
    monkeypatch.setattr(_by_rows, "ROWS", rows)
    loss, x, y = made(make, n, d, C)
    got = found(loss, x, y)
    assert len(passes) == 1
    close(got, at_once(lambda: found(loss, x, y)), 1e-11)
    assert len(passes) == 1


@every_loss
@pytest.mark.parametrize(
    ("dtype", "most"), [(torch.float32, 1e-5), (torch.bfloat16, 1e-2), (torch.float16, 1e-3)]
)
def test_in_lower_precision_it_is_the_same(make, dtype, most, passes):
    loss, x, y = made(make, 30, 8, 50, dtype)
    got = found(loss, x, y)
    close(got, at_once(lambda: found(loss, x, y)), most)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        close([loss(x, y)], got[:1], 1e-6)
    assert len(passes) == 2
    half = copy.deepcopy(loss).bfloat16()
    close(found(half, x.bfloat16(), y), at_once(lambda: found(half, x.bfloat16(), y)), 2e-2)
    assert len(passes) == 3


@every_loss
def test_first_and_second_derivatives(make, passes):
    loss, x, y = made(make, 5, 3, 7)
    loss.weight.data[1::5] *= 1e8  # where a finite step leads to a direction there is no derivative
    loss.weight.data[2::5] = 1
    inputs = (x, *loss.parameters())

    def act(x, *values):
        names = dict(zip((name for name, _ in loss.named_parameters()), values, strict=True))
        return torch.func.functional_call(loss, names, (x, y))

    assert torch.autograd.gradcheck(act, inputs)
    assert torch.autograd.gradgradcheck(act, inputs)
    assert passes

    def steeper():
        """With features that depend on the weights, as tied ones do."""
        features = x + loss.weight[:5]
        value = loss(features, y)
        slopes = torch.autograd.grad(value, [features, loss.weight], create_graph=True)
        value = value + sum((slope**2).sum() for slope in slopes)
        return [*slopes, *torch.autograd.grad(value, inputs)]

    close(steeper(), at_once(steeper), 1e-10)


@pytest.mark.parametrize("make", [MAKE["softmax-bias"], MAKE["arcface"]])
def test_what_is_frozen_gets_no_gradient_and_costs_none(make, passes):
    for frozen in ("weight", "x"):
        loss, x, y = made(make, 6, 3, 7)
        (loss.weight if frozen == "weight" else x).requires_grad_(False)
        close(found(loss, x, y), at_once(lambda: found(loss, x, y)), 1e-11)  # noqa: B023
    assert [asked[:3] for asked, _ in passes] == [[True, True, False], [False, True, True]]
    with torch.no_grad():
        value = loss(x, y)
    close([value], at_once(lambda: [loss(x, y)]), 1e-11)
    assert passes[-1] == ([False] * 4, None)


@every_loss
def test_several_backward_passes(make, passes):
    loss, x, y = made(make, 6, 3, 7)
    want = at_once(lambda: found(loss, x, y))[1:]
    value = 3 * loss(x, y)
    value.backward(retain_graph=True)
    value.backward()
    loss(x, y).backward()  # a second batch
    close([x.grad, *(p.grad for p in loss.parameters())], [7 * g for g in want], 1e-11)
    with pytest.raises(RuntimeError, match="second time"):
        value.backward()
    assert len(passes) == 3  # the gradients of the first pass were given away


def test_features_alone_and_then_everything(passes):
    loss, x, y = made(MAKE["arcface"], 6, 3, 7)
    want = at_once(lambda: found(loss, x, y))
    value = loss(x, y)
    close(torch.autograd.grad(value, x, retain_graph=True), want[1:2], 1e-11)
    close(torch.autograd.grad(value, loss.weight, retain_graph=True), want[2:], 1e-11)
    close(torch.autograd.grad(value, [x, loss.weight]), want[1:], 1e-11)
    assert passes


def test_no_gradient_waits_for_a_pass_that_does_not_ask_for_it(passes, monkeypatch):
    made_of = []
    real = _by_rows.own

    def own(*args):
        made_of.append(real(*args))
        return made_of[-1]

    monkeypatch.setattr(_by_rows, "own", own)
    loss, x, y = made(MAKE["arcface"], 6, 3, 7)
    value = loss(x, y)
    for _ in range(3):
        torch.autograd.grad(value, x, retain_graph=True)
        value.backward(inputs=[x], retain_graph=True)
    assert [len(own.found) for own in made_of] == [0]
    # a pass within another that does ask: each gets its own
    want = at_once(lambda: found(loss, x, y))[1:]
    outer = loss(x, y)
    within = []

    def again(_):
        hook.remove()
        within.extend(torch.autograd.grad(outer, [x, loss.weight], retain_graph=True))

    hook = made_of[-1].rows.register_hook(again)  # between the two nodes of the outer pass
    got = torch.autograd.grad(outer, [x, loss.weight], retain_graph=True)
    close(got, want, 1e-11)
    close(within, want, 1e-11)
    assert [len(own.found) for own in made_of] == [0, 0]


class Watch(TorchDispatchMode):
    """Notes the storages, with at least ``least`` numbers, of all tensors that are made."""

    def __init__(self, least):
        super().__init__()
        self.least, self.seen = least, {}

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        if isinstance(out, torch.Tensor) and out.untyped_storage().nbytes() >= 4 * self.least:
            self.seen[out.untyped_storage().data_ptr()] = func
        return out


@every_loss
def test_no_second_tensor_is_as_large_as_the_weights(make, passes, monkeypatch):
    monkeypatch.setattr(_by_rows, "ROWS", 1)
    loss = make(16, 2000)
    x, y = torch.randn(20, 16, requires_grad=True), torch.arange(20)
    held = {loss.weight.data_ptr()} | {b.data_ptr() for b in loss.buffers()}
    with Watch(16 * 2000 // 2) as watch:
        loss(x, y).backward()
    assert watch.seen.keys() - held == {loss.weight.grad.data_ptr()} == {passes[0][1]}


@every_loss
@pytest.mark.parametrize("kind", SPECIAL)
def test_never_nan(make, kind, passes):
    for dtype in (torch.float16, torch.float32):
        for shrunk in (1.0, 1e-30):
            loss = make(3, 7)
            loss.weight.data *= shrunk
            assert_finite(loss, *special(kind, loss, 5, 3, 7, dtype, 0))
    assert len(passes) == 4


class Learned(CosFace):
    """A margin that is learned too."""

    def __init__(self, d, C):
        super().__init__(d, C)
        self.step = nn.Parameter(torch.tensor(0.2))

    def phi(self, cos):
        self.seen = cos
        return cos - self.step * cos.mean()  # of the batch


def test_a_margin_of_one_s_own_sees_the_batch_and_may_learn(passes):
    loss, x, y = made(Learned, 6, 3, 7)
    close(found(loss, x, y), at_once(lambda: found(loss, x, y)), 1e-11)

    def with_more():
        value = loss(x, y) + loss.seen.square().sum()
        return torch.autograd.grad(value, [x, loss.weight, loss.step])

    close(with_more(), at_once(with_more), 1e-11)
    assert len(passes) == 2


class OwnScores(ArcFace):
    def scores(self, x):
        return 2 * super().scores(x)


class OwnHarder(ArcFace):
    def harder(self, z, x, y):
        return super().harder(z, x, y) + z.mean()


class OwnMean(ArcFace):
    def mean(self, x, y):
        return 2 * super().mean(x, y)


class NoMargin(NormSoftmax):
    def phi(self, cos):
        return cos - 1


@pytest.mark.parametrize(
    ("make", "by_rows"), [(OwnScores, 0), (OwnHarder, 0), (OwnMean, 1), (NoMargin, 1)]
)
def test_a_loss_of_one_s_own_goes_on_as_it_did(make, by_rows, passes):
    loss, x, y = made(make, 6, 3, 7)
    close(found(loss, x, y), at_once(lambda: found(loss, x, y)), 1e-11)
    assert len(passes) == by_rows


def test_a_method_that_is_replaced_is_called(passes):
    loss, x, y = made(MAKE["arcface"], 6, 3, 7)
    loss.harder = lambda z, x, y: 0 * z
    assert loss(x, y).item() == pytest.approx(math.log(7))


def test_where_all_scores_at_once_are_needed(passes):
    loss, x, y = made(MAKE["arcface"], 6, 3, 7)
    x = x.detach()
    want = at_once(lambda: found(loss, x.requires_grad_(), y))
    x = x.detach()
    close([torch.func.grad(lambda x: loss(x, y))(x)], want[1:2], 1e-11)
    assert torch.func.vmap(lambda x: loss(x, y))(torch.stack([x, x])).shape == (2,)
    with forward_ad.dual_level():
        slope = forward_ad.unpack_dual(loss(forward_ad.make_dual(x, torch.ones_like(x)), y)).tangent
    close([slope], [want[1].sum()], 1e-11)
    torch._dynamo.reset()
    close([torch.compile(loss, fullgraph=True, backend="eager")(x, y)], want[:1], 1e-11)
    torch.export.export(loss, (x, y), dynamic_shapes=({0: torch.export.Dim("N")},) * 2)
    assert not passes


def test_checkpointed_it_is_the_same(passes):
    loss, x, y = made(MAKE["arcface"], 6, 3, 7)
    want = at_once(lambda: found(loss, x, y))
    for old in (True, False):
        value = torch.utils.checkpoint.checkpoint(loss, x, y, use_reentrant=old)
        value.backward()
        close([x.grad, loss.weight.grad], want[1:], 1e-11)
        x.grad = loss.weight.grad = None
    assert passes


@pytest.mark.parametrize(("n", "C", "by_rows"), [(8, 100, 1), (8, 99, 0), (7, 100, 0)])
def test_few_scores_are_computed_at_once(n, C, by_rows, passes, monkeypatch):
    monkeypatch.setattr(_by_rows, "LARGE", 800)
    loss, x, y = made(MAKE["arcface"], n, 3, C)
    loss(x, y)
    assert len(passes) == by_rows


def test_errors_are_the_same(passes):
    loss, x, y = made(Softmax, 6, 3, 7, torch.float32)
    said = []
    for act in (lambda: loss(x.double(), y), lambda: loss(x.to("meta"), y)):
        for do in (act, lambda act=act: at_once(act)):
            with pytest.raises(RuntimeError) as error:
                do()
            said.append(str(error.value))
    assert said[0] == said[1]
    assert said[2] == said[3]
