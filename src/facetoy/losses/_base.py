"""What the losses share: the checks, the safe arithmetic, and cross-entropy over class weights."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from numbers import Real
from typing import Any, ClassVar, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from facetoy.losses import _by_rows

LARGEST = 1e15  # no product of two numbers below this, and no sum of such products, overflows


TRUSTED: ContextVar[bool] = ContextVar("trusted", default=False)


@contextmanager
def trusting() -> Iterator[None]:
    """Inside, no values are checked: on a GPU each look at one waits for all that came before."""
    token = TRUSTED.set(True)
    try:
        yield
    finally:
        TRUSTED.reset(token)


def unseen() -> bool:
    """Whether no values are to be looked at: inside ``trusting``, and where ``torch.compile``,
    ``torch.export`` or a tracer records what is computed, since there are none."""
    return torch.compiler.is_compiling() or torch.jit.is_tracing() or TRUSTED.get()


def peek(value: Tensor) -> float | None:
    """The number in ``value``; None inside ``torch.func.vmap``, where it is many numbers."""
    try:
        return value.item()
    except RuntimeError:
        return None


def largest(name: str, x: Tensor) -> float | None:
    """The largest absolute value in ``x``, None if it cannot be seen; ValueError unless finite."""
    if unseen():
        return None
    most = peek(torch.linalg.vector_norm(x.detach(), math.inf))
    if most is not None and not most < math.inf:
        raise ValueError(f"{name} must be finite, got {x[~x.isfinite()][0].item()}")
    return most


def checked(x: Tensor, in_features: int | None = None) -> Tensor:
    """Features ``x`` in full precision, their entries within ±LARGEST: no product overflows.

    ValueError unless they are a finite floating-point tensor (N, in_features) with N > 0.
    """
    shape = f"(N, {'d' if in_features is None else in_features})"
    if not isinstance(x, Tensor):
        raise ValueError(f"features must be a tensor of shape {shape}, got {type(x).__name__}")
    if x.ndim != 2 or (in_features is not None and x.shape[1] != in_features):
        raise ValueError(f"features must have shape {shape}, got {tuple(x.shape)}")
    if x.shape[0] == 0:
        raise ValueError("features must have at least one row, got an empty batch")
    if not x.is_floating_point():
        raise ValueError(f"features must be floating point, got {x.dtype}")
    x = full(x)
    most = largest("features", x)
    return x if most is not None and most <= LARGEST else x.clamp(-LARGEST, LARGEST)


def check_labels(y: Tensor, count: int, num_classes: float = math.inf) -> Tensor:
    """``y`` as torch.long; ValueError unless it is ``count`` integers in [0, num_classes)."""
    if not isinstance(y, Tensor):
        raise ValueError(f"labels must be a tensor of integers, got {type(y).__name__}")
    if y.is_floating_point() or y.is_complex() or y.dtype == torch.bool:
        raise ValueError(f"labels must be integers (torch.long), got {y.dtype}")
    if y.shape != (count,):
        raise ValueError(f"labels must have shape ({count},), got {tuple(y.shape)}")
    y = y.long()
    if unseen():
        return y
    least, most = y.aminmax()
    low = peek(least)
    if low is not None and (low < 0 or most >= num_classes):
        got = low if low < 0 else most.item()
        raise ValueError(f"labels must lie in [0, {num_classes}), got {got}")
    return y


def number(value: Any) -> Any:
    """``value``, or the number in it: NumPy's numbers and tensors of one number count as such."""
    return value.item() if getattr(value, "ndim", None) == 0 else value


def check_number(
    name: str,
    value: float,
    low: float,
    high: float,
    *,
    open_low: bool = False,
    open_high: bool = True,
) -> float:
    """``value`` as a float; ValueError unless it lies between ``low`` and ``high``."""
    expected = f"{name} must lie in {'[('[open_low]}{low:g}, {high:.4g}{'])'[open_high]}"
    value = number(value)
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ValueError(f"{expected}, got {value!r}")
    inside = low <= value <= high and not (open_low and value == low)
    if not inside or (open_high and value == high):
        raise ValueError(f"{expected}, got {value}")
    return float(value)


def check_whole(name: str, value: int, low: int = 1) -> int:
    """``value`` as an int; ValueError unless it is a whole number of at least ``low``."""
    value = number(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < low:
        kind = "a positive integer" if low == 1 else f"an integer of at least {low}"
        raise ValueError(f"{name} must be {kind}, got {value!r}")
    return value


def full(x: Tensor) -> Tensor:
    """``x`` in float32 at least, as half precision has too few digits for an angle."""
    if x.dtype == torch.float16:
        return _Widened.apply(x)
    return x if x.dtype in (torch.float32, torch.float64) else x.float()


class _Widened(torch.autograd.Function):
    """float16 as float32. Backwards the gradient becomes float16 again, whose range is small.

    Very short rows have a long gradient, and so have very long ones in a square. Where that does
    not fit, the row's gradient is made shorter until it does: it keeps its direction. A row of
    ordinary length is left to overflow, from which ``torch.amp.GradScaler`` learns its scale.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor) -> Tensor:
        return x.float()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        most = torch.finfo(x.dtype).max
        size = torch.linalg.vector_norm(x.float(), dim=-1, keepdim=True)
        fits = (most / g.abs().amax(-1, keepdim=True)).clamp_max(1)
        ordinary = (size > 1e3 / most) & (size < most / 8)
        return torch.where(ordinary, g, g * fits).to(x.dtype)


def exact(x: Tensor) -> AbstractContextManager:
    """A context in which no autocast lowers the precision of what is computed from ``x``."""
    kind = x.device.type
    lowers = torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind)
    return torch.autocast(kind, enabled=False) if lowers else nullcontext()


def length(x: Tensor) -> Tensor:
    """(N,) lengths ‖x‖ of the rows of ``x`` (N, d), at least 1e-12: safe to divide by."""
    return torch.linalg.vector_norm(x, dim=-1).clamp_min(1e-12)


def divisor(x: Tensor) -> Tensor:
    """(..., 1) what makes the rows of ``x`` (..., d) as long as 1: their lengths.

    A row shorter than 1e-6 has no direction worth following, nor has one so long that the sum of
    its squares overflows: it is divided by infinity.
    """
    return F.threshold(torch.linalg.vector_norm(x, dim=-1, keepdim=True), 1e-6, math.inf)


def unit(x: Tensor) -> Tensor:
    """The rows of ``x`` (..., d) at length 1, in full precision.

    A row without a direction becomes 0 and gets no gradient, which keeps every gradient finite.
    """
    x = full(x)
    return x / divisor(x)


def angle(cos: Tensor) -> Tensor:
    """θ in [0, π] from cos θ, with a finite gradient everywhere.

    acos has an infinite slope at ±1, and rounding can push cos θ past ±1. So within one rounding
    step of ±1 (an angle of 0.03° in float32) θ is held constant.
    """
    most = 1 - torch.finfo(cos.dtype).eps
    return cos.clamp(-most, most).acos()


def falling_cos(t: Tensor) -> Tensor:
    """cos t for t in [0, π]; beyond, where the cosine would rise again, it goes on falling:

    (-1)^k cos t - 2k = cos(t - kπ) - 2k  with k = ⌊t/π⌋; its slope has no jump either.
    """
    k = t.detach().div(math.pi, rounding_mode="floor")
    return (t - math.pi * k).cos() - 2 * k


class Product(NamedTuple):
    """(N, C) scores that are not multiplied out: z_j = a · W_j + b_j.

    If only the ``directions`` of the W_j count, they are those of a · W_j / ‖W_j‖ + b_j.
    """

    a: Tensor
    W: Tensor
    b: Tensor | None = None
    directions: bool = False

    def rows(self, W: Tensor) -> Tensor:
        """Rows of W, as they are multiplied."""
        return unit(W) if self.directions else full(W)

    def scores(self) -> Tensor:
        return F.linear(self.a, self.rows(self.W), self.b if self.b is None else full(self.b))

    @property
    def lengths(self) -> Callable[[Tensor], Tensor] | None:
        """What the rows of W are divided by; None: by nothing."""
        return divisor if self.directions else None


class ClassLoss(nn.Module, ABC):
    """Cross-entropy over one weight vector per class; subclasses say what the scores are.

    Half precision is computed in float32. ``torch.compile``, ``torch.export`` and ONNX record the
    same numbers, but see no values: recorded, a loss raises nothing for NaN or a wrong label.

    From 2²³ scores on, N × C, these are not computed all at once, but for some samples at a time
    (64, or d/4), and with them the gradients, in the forward pass. Value and gradients are the
    same to rounding; what is needed beyond the weights is about their gradient. Liger's fused
    linear cross-entropy and ``torch.nn.functional.linear_cross_entropy`` (torch 2.13, with
    ``options``) do the same, for the scores of a linear layer: in chunks of the batch, with the
    gradients in the forward pass. Cut cross-entropy (Apple) keeps one number of each sample and no
    gradients: it computes the scores again, block by block, in the backward pass, and skips what
    is below the numbers' precision. Ours divides scores by ‖W_j‖, rather than make a copy of W
    with rows of length 1, and gives the true class its margin. Second derivatives, ``torch.func``,
    recorders and subclasses with ``scores`` or a ``harder`` of their own get all scores at once.
    Source: Hsu et al., 2024 (Liger, arXiv:2410.10989); Wijmans et al., ICLR 2025 (Cut Your Losses
    in Large-Vocabulary Language Models, arXiv:2411.09009).

    Attributes:
        weight: parameter of shape (C, d), one row per class.
    """

    #: Settings that ``facetoy.fit`` lets grow in early training, and where each of them begins.
    warmup: ClassVar[dict[str, float]] = {}

    def __init__(self, in_features: int, num_classes: int) -> None:
        super().__init__()
        self.in_features = check_whole("in_features", in_features)
        self.num_classes = check_whole("num_classes", num_classes)
        self.weight = nn.Parameter(torch.empty(self.num_classes, self.in_features))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights: normal entries, rows of length about 1."""
        nn.init.normal_(self.weight, std=self.in_features**-0.5)

    def product(self, x: Tensor) -> Product:
        """What the scores of features ``x`` (N, d) are the product of. Here: z_j = W_j · x."""
        return Product(x, self.weight)

    def scores(self, x: Tensor) -> Tensor:
        """(N, C) scores, without margin, of features ``x`` (N, d) in full precision."""
        return self.product(x).scores()

    def harder(self, z: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """The scores ``z`` (N, C) that training sees. Here: the same."""
        return z

    def target(self, z: Tensor, x: Tensor, y: Tensor, W: Tensor) -> Tensor:
        """What ``harder`` makes of the true classes' scores ``z`` (N,), of classes ``y`` of W."""
        return z

    def mean(self, x: Tensor, y: Tensor) -> Tensor:
        """``forward`` of features in full precision and labels that are checked."""
        if _by_rows.many(x, self.num_classes) and self._can_go_by_rows(x, y):
            return self._mean_by_rows(x, y)
        return F.cross_entropy(self.harder(self.scores(x), x, y), y)

    def _can_go_by_rows(self, x: Tensor, y: Tensor) -> bool:
        """Whether only the true class's score is changed, and the tensors are as usual."""
        ours = {ClassLoss.scores, ClassLoss.harder, MarginLoss.harder}
        methods = {getattr(method, "__func__", None) for method in (self.scores, self.harder)}
        W = self.weight
        fits = full(W[:0]).dtype == x.dtype and W.device == x.device == y.device
        return methods <= ours and fits and _by_rows.usual(x, y, W)

    def _mean_by_rows(self, x: Tensor, y: Tensor) -> Tensor:
        """``mean`` without all scores at once."""
        p, own, t = self._true_scores(x, y)
        task = _by_rows.Task(y, p.lengths, exact)
        return _by_rows.mean(task, p.a, t, own, p.W, p.b)

    def _true_scores(
        self, x: Tensor, y: Tensor, rows: Tensor | slice = slice(None)
    ) -> tuple[Product, _by_rows.Own, Tensor]:
        """The product of all features ``x``, and of some ``rows`` of them, whose classes are ``y``
        (M,), the weights of these classes, and the scores that training sees (M,)."""
        p = self.product(x)
        p = p._replace(W=full(p.W), b=p.b if p.b is None else full(p.b))
        own = _by_rows.own(p.W, y)
        z = (p.a[rows] * p.rows(own.rows)).sum(1)
        z = z if p.b is None else z + p.b[y]
        each = torch.arange(y.shape[0], device=y.device)
        return p, own, self.target(z, x[rows], each, own.rows)

    def logits(self, x: Tensor) -> Tensor:
        """Scores (N, C) of features ``x`` (N, d), without margin: what to classify with."""
        x = checked(x, self.in_features)
        self.check()
        with exact(x):
            return self.scores(x)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Mean loss (a scalar) of features ``x`` (N, d) with labels ``y`` (N,) in [0, C)."""
        x = checked(x, self.in_features)
        y = check_labels(y, x.shape[0], self.num_classes)
        self.check()
        with exact(x):
            return self.mean(x, y)

    def check(self) -> None:
        """Raise ValueError unless all parameters and buffers are finite, and none is too large."""
        for name, value in (*self._parameters.items(), *self._buffers.items()):
            if value is None or not value.is_floating_point():
                continue
            name = "weights" if name == "weight" else name
            most = largest(name, value)
            if most is not None and most > LARGEST:
                raise ValueError(f"{name} must lie within ±{LARGEST:g}, got {most:g}")

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, num_classes={self.num_classes}"


class MarginLoss(ClassLoss):
    """Softmax that is harder for the true class: its cosine is replaced by φ, which is smaller.

    L = -1/N Σ log( e^{r φ(cos θ_y)} / (e^{r φ(cos θ_y)} + Σ_{j≠y} e^{r_j cos θ_j}) )

    θ_j is the angle between the feature and W_j, r the factor before the cosine: a scale or
    lengths. A margin loss is one subclass whose heart is ``phi``. Only the true class's column is
    touched.
    """

    @abstractmethod
    def phi(self, cos: Tensor) -> Tensor:
        """φ(cos θ) for the true class; decreasing in θ, at most cos θ."""

    @abstractmethod
    def radius(self, x: Tensor, y: Tensor, W: Tensor) -> Tensor | float:
        """r, what multiplies the cosine between x and W_y in the scores: a number or (N,)."""

    def target(self, z: Tensor, x: Tensor, y: Tensor, W: Tensor) -> Tensor:
        r = self.radius(x, y, W)
        return r * self.phi(z / r)

    def harder(self, z: Tensor, x: Tensor, y: Tensor) -> Tensor:
        true = torch.arange(y.shape[0], device=y.device), y
        return z.index_put_(true, self.target(z[true], x, y, self.weight))


class SphereLoss(MarginLoss):
    """A margin between unit features and unit weights, where r is one scale s for all.

    Args:
        s: scale of the cosines, > 0. A softmax over cosines alone is too flat to train.
    """

    def __init__(self, in_features: int, num_classes: int, s: float) -> None:
        super().__init__(in_features, num_classes)
        self.s = check_number("s", s, 0, math.inf, open_low=True)

    def product(self, x: Tensor) -> Product:
        return Product(self.s * unit(x), self.weight, directions=True)

    def radius(self, x: Tensor, y: Tensor, W: Tensor) -> float:
        return self.s

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, s={self.s:g}"
