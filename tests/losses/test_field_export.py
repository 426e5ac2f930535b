"""Losses in the tools around PyTorch: what these record gives the numbers of what they recorded."""

import copy
import warnings
from importlib.util import find_spec

import pytest
import torch
from test_losses import MAKE, TRIPLETS, every_loss
from torch import Tensor, nn

X, Y = torch.randn(12, 3, generator=torch.Generator().manual_seed(0)), torch.arange(12) % 5
FEW = {n: TRIPLETS[n] for n in ("triplet-semihard", "triplet-hard", "triplet-all-root-free")}


class Scores(nn.Module):
    """What a service ships: images in, scores out."""

    def __init__(self, loss: nn.Module) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.net, self.loss = nn.Linear(3, 3), loss

    def forward(self, x: Tensor) -> Tensor:
        return self.loss.logits(self.net(x))


class Value(Scores):
    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.loss(self.net(x), y)


@pytest.fixture(autouse=True)
def afresh():
    torch._dynamo.reset()


def rows(count: int) -> tuple[dict[int, torch.export.Dim], ...]:
    n = torch.export.Dim("N")
    return ({0: n},) * count


@every_loss
def test_exported_scores(make):
    model = Scores(make(3, 5)).eval()
    got = torch.export.export(model, (X,), dynamic_shapes=rows(1)).module()
    for x in (X, X[:5], 1e-9 * X, 1e30 * X):
        assert torch.equal(got(x), model(x))


@pytest.mark.parametrize("make", [MAKE["softmax-bias"], MAKE["arcface"]])
def test_scores_exported_strictly(make):
    model = Scores(make(3, 5)).eval()
    got = torch.export.export(model, (X,), strict=True).module()
    assert torch.equal(got(X), model(X))


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("name", ["softmax", "arcface", "asoftmax"])
def test_exported_scores_of_other_precisions(name, kind):
    model = Scores(MAKE[name](3, 5)).to(kind).eval()
    got = torch.export.export(model, (X.to(kind),), dynamic_shapes=rows(1)).module()
    assert torch.equal(got(X[:7].to(kind)), model(X[:7].to(kind)))


@pytest.mark.parametrize("make", [MAKE["center"], MAKE["arcface"], FEW["triplet-hard"]])
def test_exported_values(make):
    model = Value(make(3, 5)).eval()
    got = torch.export.export(model, (X, Y), dynamic_shapes=rows(2)).module()
    assert torch.equal(got(X[:7], Y[:7]), model(X[:7], Y[:7]))


def same(model: nn.Module, whole: nn.Module, x: Tensor, y: Tensor) -> None:
    """The same loss and the same gradients, bit by bit."""
    got, want = whole(x, y), model(x, y)
    assert torch.equal(got, want)
    ours, theirs = [list(m.parameters()) for m in (whole, model)]
    grads = [torch.autograd.grad(*v, allow_unused=True) for v in ((got, ours), (want, theirs))]
    for a, b in zip(*grads, strict=True):
        assert (a is None and b is None) or torch.equal(a, b)


@pytest.mark.parametrize("make", {**MAKE, **FEW}.values(), ids={**MAKE, **FEW})
def test_compiled_whole(make):
    """One graph, forward and backward; without the checks of values, with the same numbers."""
    model = Value(make(3, 5)).eval()
    same(model, torch.compile(copy.deepcopy(model), fullgraph=True, backend="eager"), X, Y)


@pytest.mark.parametrize("name", ["center", "arcface", "triplet-hard"])
def test_compiled_whole_for_batches_of_any_length(name):
    model = Value({**MAKE, **FEW}[name](3, 5)).train()
    whole = torch.compile(copy.deepcopy(model), fullgraph=True, backend="eager", dynamic=True)
    for n in (12, 7):
        same(model, whole, X[:n], Y[:n])
        for loss in (model.loss, whole.loss):
            if hasattr(loss, "update"):
                loss.update(X[:n], Y[:n])


@pytest.mark.parametrize("name", ["arcface"])
def test_compiled_with_a_backend_that_traces_the_gradient(name):
    make = {**MAKE, **FEW}[name]
    for x in (X, 1e-3 * X.half()):
        model = Value(make(3, 5)).to(x.dtype).eval()
        whole = torch.compile(model, fullgraph=True, backend="aot_eager")
        got, want = whole(x, Y), model(x, Y)
        torch.testing.assert_close(got, want)
        for a, b in zip(
            torch.autograd.grad(got, [model.net.weight]),
            torch.autograd.grad(want, [model.net.weight]), strict=True,
        ):  # fmt: skip
            torch.testing.assert_close(a, b)


@pytest.mark.parametrize("name", ["softmax", "asoftmax", "arcface"])
def test_compiled_scores(name):
    loss = MAKE[name](3, 5).eval()
    assert torch.equal(
        torch.compile(loss.logits, fullgraph=True, backend="eager")(X), loss.logits(X)
    )


@pytest.mark.parametrize("make", [MAKE["arcface"], FEW["triplet-hard"]])
def test_what_is_no_matter_of_values_is_checked_all_the_same(make):
    whole = torch.compile(make(3, 5), backend="eager")
    for x, y, says in (
        (X[:, :2, None], Y, "must have shape"), (X, Y[:3], r"shape \(12,\), got \(3,\)"),
        (X, Y.float(), "must be integers"), (X.long(), Y, "must be floating point"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=says):
            whole(x, y)


@every_loss
def test_traced_scores(make):
    """As the older exporters do."""
    model = Scores(make(3, 5)).eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a tracer warns of every shape that is looked at
        traced = torch.jit.trace(model, (X,))
    for x in (X, X[:5], 1e30 * X):
        assert torch.equal(traced(x), model(x))


@every_loss
def test_many_losses_at_once(make):
    loss = make(3, 5).eval()
    W = torch.stack([loss.weight.detach(), 2 * loss.weight.detach()])
    got = torch.func.vmap(lambda W: torch.func.functional_call(loss, {"weight": W}, (X, Y)))(W)
    want = [torch.func.functional_call(loss, {"weight": w}, (X, Y)) for w in W]
    torch.testing.assert_close(got, torch.stack(want))
    half = torch.func.vmap(lambda x: loss(x, Y))(torch.stack([X, 1e-3 * X]).half())
    torch.testing.assert_close(half[1], loss((1e-3 * X).half(), Y))


@pytest.mark.skipif(not find_spec("onnxscript"), reason="the exporter is not installed")
@pytest.mark.parametrize("name", ["softmax-bias", "asoftmax", "arcface"])
def test_onnx(name, tmp_path):
    from onnx.reference import ReferenceEvaluator

    model = Scores(MAKE[name](3, 5)).eval()
    path = tmp_path / "scores.onnx"
    torch.onnx.export(model, (X,), path, dynamo=True, dynamic_shapes=rows(1), verbose=False)
    found = ReferenceEvaluator(str(path))
    (got,) = found.run(None, {found.input_names[0]: X[:7].numpy()})
    torch.testing.assert_close(torch.tensor(got), model(X[:7]), rtol=1e-5, atol=1e-5)
