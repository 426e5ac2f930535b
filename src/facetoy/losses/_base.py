"""What the losses share: the checks, the safe arithmetic, and cross-entropy over class weights."""

import math
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager, nullcontext
from numbers import Real
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

INTEGERS = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8)
LARGEST = 1e15  # no product of two numbers below this, and no sum of such products, overflows


def peek(value: Tensor) -> float | None:
    """The number in ``value``; None inside ``torch.func.vmap``, where it is many numbers."""
    try:
        return value.item()
    except RuntimeError:
        return None


def checked(x: Tensor, in_features: int | None = None, name: str = "features") -> Tensor:
    """``x``, its entries within ±LARGEST (±8,188 in float16) so that no product overflows.

    ValueError unless it is a finite floating-point (N, in_features) with N > 0.
    """
    if x.ndim != 2 or (in_features is not None and x.shape[1] != in_features):
        width = "d" if in_features is None else in_features
        raise ValueError(f"{name} must have shape (N, {width}), got {tuple(x.shape)}")
    if len(x) == 0:
        raise ValueError(f"{name} must have at least one row, got an empty batch")
    if not x.is_floating_point():
        raise ValueError(f"{name} must be floating point, got {x.dtype}")
    most = peek(torch.linalg.vector_norm(x.detach(), math.inf))
    if most is None:
        return x
    if not most < math.inf:
        raise ValueError(f"{name} must be finite, got {x[~x.isfinite()][0].item()}")
    bound = min(LARGEST, torch.finfo(x.dtype).max / 8)
    return x if most <= bound else x.clamp(-bound, bound)


def check_labels(y: Tensor, count: int, num_classes: float = math.inf) -> None:
    """Raise ValueError unless ``y`` is ``count`` integers in [0, num_classes)."""
    if y.dtype not in INTEGERS:
        raise ValueError(f"labels must be integers (torch.long), got {y.dtype}")
    if y.shape != (count,):
        raise ValueError(f"labels must have shape ({count},), got {tuple(y.shape)}")
    low, high = peek(y.min()), peek(y.max())
    if low is not None and (low < 0 or high >= num_classes):
        raise ValueError(f"labels must lie in [0, {num_classes}), got {low if low < 0 else high}")


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
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ValueError(f"{expected}, got {value!r}")
    inside = low <= value <= high and not (open_low and value == low)
    if not inside or (open_high and value == high):
        raise ValueError(f"{expected}, got {value}")
    return float(value)


def check_whole(name: str, value: int, low: int = 1) -> int:
    """``value``; ValueError unless it is an integer of at least ``low``."""
    if isinstance(value, bool) or not isinstance(value, int) or value < low:
        kind = "a positive integer" if low == 1 else f"an integer of at least {low}"
        raise ValueError(f"{name} must be {kind}, got {value!r}")
    return value


def weights(W: Tensor) -> Tensor:
    """Free class weights (C, d) as scores are computed from them."""
    return full(checked(W, name="weights"))


def full(x: Tensor) -> Tensor:
    """``x`` in float32 at least, as half precision has too few digits for an angle."""
    return x if x.dtype in (torch.float32, torch.float64) else x.float()


def exact(x: Tensor) -> AbstractContextManager:
    """A context in which no autocast lowers the precision of what is computed from ``x``."""
    kind = x.device.type
    return torch.autocast(kind, enabled=False) if torch.is_autocast_enabled(kind) else nullcontext()


def length(x: Tensor) -> Tensor:
    """(N,) lengths ‖x‖ of the rows of ``x`` (N, d), at least 1e-12: safe to divide by."""
    return torch.linalg.vector_norm(x, dim=-1).clamp_min(1e-12)


def unit(x: Tensor) -> Tensor:
    """The rows of ``x`` (..., d) at length 1.

    A row shorter than 1e-6 has no direction worth following, nor has one so long that the sum of
    its squares overflows: it becomes 0 and gets no gradient, which keeps every gradient finite
    (for float16, whose largest number is 65,504, the bound is 0.015).
    """
    tiny = max(1e-6, 1e3 / torch.finfo(x.dtype).max)
    x = full(x)
    return x / F.threshold(torch.linalg.vector_norm(x, dim=-1, keepdim=True), tiny, math.inf)


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


class ClassLoss(nn.Module, ABC):
    """Cross-entropy over one weight vector per class; subclasses say what the scores are.

    Attributes:
        weight: parameter of shape (C, d), one row per class.
    """

    #: Settings that ``facetoy.fit`` lets grow in early training, and where each of them begins.
    warmup: ClassVar[dict[str, float]] = {}

    def __init__(self, in_features: int, num_classes: int) -> None:
        super().__init__()
        self.in_features = check_whole("in_features", in_features)
        self.num_classes = check_whole("num_classes", num_classes)
        self.weight = nn.Parameter(torch.empty(num_classes, in_features))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights: normal entries, rows of length about 1."""
        nn.init.normal_(self.weight, std=self.in_features**-0.5)

    @abstractmethod
    def scores(self, x: Tensor) -> Tensor:
        """(N, C) scores in full precision of features ``x`` (N, d), without margin."""

    def harder(self, z: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """The scores ``z`` (N, C) that training sees. Here: the same."""
        return z

    def logits(self, x: Tensor) -> Tensor:
        """Scores (N, C) of features ``x`` (N, d), without margin: what to classify with."""
        x = checked(x, self.in_features)
        with exact(x):
            return self.scores(x)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Mean loss (a scalar) of features ``x`` (N, d) with labels ``y`` (N,) in [0, C)."""
        x = checked(x, self.in_features)
        check_labels(y, len(x), self.num_classes)
        y = y.long()
        with exact(x):
            return F.cross_entropy(self.harder(self.scores(x), x, y), y)

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
    def radius(self, x: Tensor, y: Tensor) -> Tensor | float:
        """r, what multiplies the true class's cosine in the scores: a number or (N,)."""

    def harder(self, z: Tensor, x: Tensor, y: Tensor) -> Tensor:
        r, true = self.radius(x, y), (torch.arange(len(y), device=y.device), y)
        return z.index_put_(true, r * self.phi(z[true] / r))


class SphereLoss(MarginLoss):
    """A margin between unit features and unit weights, where r is one scale s for all.

    Args:
        s: scale of the cosines, > 0. A softmax over cosines alone is too flat to train.
    """

    def __init__(self, in_features: int, num_classes: int, s: float) -> None:
        super().__init__(in_features, num_classes)
        self.s = check_number("s", s, 0, math.inf, open_low=True)

    def scores(self, x: Tensor) -> Tensor:
        return F.linear(self.s * unit(x), unit(self.weight))

    def radius(self, x: Tensor, y: Tensor) -> float:
        return self.s

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, s={self.s:g}"
