"""What the losses with class weights share: the weights, the checks, and the safe arithmetic."""

import math
from numbers import Real

import torch
import torch.nn.functional as F
from torch import Tensor, nn

INTEGERS = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8)


def check_features(x: Tensor, in_features: int) -> None:
    """Raise ValueError unless ``x`` is a finite floating-point (N, in_features) with N > 0."""
    if x.ndim != 2 or x.shape[1] != in_features:
        raise ValueError(f"features must have shape (N, {in_features}), got {tuple(x.shape)}")
    if len(x) == 0:
        raise ValueError("features must have at least one row, got an empty batch")
    if not x.is_floating_point():
        raise ValueError(f"features must be floating point, got {x.dtype}")
    if not torch.isfinite(x).all():
        raise ValueError(f"features must be finite, got {x[~torch.isfinite(x)][0].item()}")


def check_labels(y: Tensor, count: int, num_classes: int) -> None:
    """Raise ValueError unless ``y`` is ``count`` integers in [0, num_classes)."""
    if y.dtype not in INTEGERS:
        raise ValueError(f"labels must be integers (torch.long), got {y.dtype}")
    if y.shape != (count,):
        raise ValueError(f"labels must have shape ({count},), got {tuple(y.shape)}")
    outside = (y < 0) | (y >= num_classes)
    if outside.any():
        raise ValueError(f"labels must lie in [0, {num_classes}), got {y[outside][0].item()}")


def check_number(name: str, value: float, low: float, high: float, *, open_low: bool) -> float:
    """``value`` as a float; ValueError unless it lies in [low, high), or (low, high)."""
    expected = f"{name} must lie in {'(' if open_low else '['}{low:g}, {high:.4g})"
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ValueError(f"{expected}, got {value!r}")
    if not low <= value < high or (open_low and value == low):
        raise ValueError(f"{expected}, got {value}")
    return float(value)


def full_precision(x: Tensor) -> Tensor:
    """``x`` in float32 at least: half precision has too few digits for an angle."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def unit(x: Tensor) -> Tensor:
    """The rows of ``x`` (..., d) at length 1.

    A row shorter than 1e-6 has no direction worth following: it comes out short and without
    gradient, which keeps every gradient finite (for float16, whose largest number is 65,504, the
    bound is 0.015). Rows are divided by their largest entry first, so that no square overflows.
    """
    tiny = max(1e-6, 1e3 / torch.finfo(x.dtype).max)
    x = full_precision(x)
    scale = x.detach().abs().amax(-1, keepdim=True)
    long = scale > tiny
    x = torch.where(long, x, x.detach()) / torch.where(long, scale, tiny)
    return x / torch.where(long, x, 1.0).square().sum(-1, keepdim=True).sqrt()


def sine(cos: Tensor) -> Tensor:
    """sin θ from cos θ, for θ in [0, π].

    The square root has an infinite slope at 0, and rounding can push cos θ past ±1. There sin θ
    is 0 to the last digit, and is returned as the constant 0.
    """
    square = (1 - cos) * (1 + cos)
    inside = square > torch.finfo(cos.dtype).eps
    return torch.where(inside, torch.where(inside, square, 1.0).sqrt(), 0.0)


class ClassLoss(nn.Module):
    """Cross-entropy over one weight vector per class; subclasses say what the scores are.

    Attributes:
        weight: parameter of shape (C, d), one row per class.
    """

    def __init__(self, in_features: int, num_classes: int) -> None:
        super().__init__()
        for name, value in (("in_features", in_features), ("num_classes", num_classes)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"{name} must be a positive integer, got {value!r}")
        self.in_features = in_features
        self.num_classes = num_classes
        self.weight = nn.Parameter(torch.empty(num_classes, in_features))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights: normal entries, rows of length about 1."""
        nn.init.normal_(self.weight, std=self.in_features**-0.5)

    def scores(self, x: Tensor) -> Tensor:
        """(N, C) scores of full-precision features (N, d), without margin."""
        raise NotImplementedError  # pragma: no cover

    def target(self, scores: Tensor) -> Tensor:
        """What training puts in place of the true class's scores (N, 1). Here: the same."""
        return scores

    def logits(self, x: Tensor) -> Tensor:
        """Scores (N, C) of features ``x`` (N, d), without margin: what to classify with."""
        check_features(x, self.in_features)
        with torch.autocast(x.device.type, enabled=False):
            z = self.scores(x)
            big = torch.finfo(z.dtype).max / (8 * z.numel())  # so that no sum of logits overflows
            return torch.nan_to_num(z, nan=0.0, posinf=big, neginf=-big).clamp(-big, big)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Mean loss (a scalar) of features ``x`` (N, d) with labels ``y`` (N,) in [0, C)."""
        z = self.logits(x)
        check_labels(y, len(x), self.num_classes)
        y = y.long()
        with torch.autocast(x.device.type, enabled=False):
            column = y.unsqueeze(1)
            z = z.scatter(1, column, self.target(z.gather(1, column)))
            return F.cross_entropy(z, y)

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, num_classes={self.num_classes}"


class MarginLoss(ClassLoss):
    """Softmax between unit features and unit weights, harder for the true class:

    L = -1/N Σ log( e^{s φ(cos θ_y)} / (e^{s φ(cos θ_y)} + Σ_{j≠y} e^{s cos θ_j}) )

    θ_j is the angle between the feature and W_j. A margin loss is one subclass whose heart is
    ``phi``. Only the true class's column is touched.

    Args:
        s: scale of the cosines, > 0. A softmax over cosines alone is too flat to train.
        m: margin, in [0, π/2); an angle in radians, or a cosine where the loss says so.
    """

    def __init__(self, in_features: int, num_classes: int, s: float, m: float) -> None:
        super().__init__(in_features, num_classes)
        self.s = check_number("s", s, 0, math.inf, open_low=True)
        self.m = check_number("m", m, 0, math.pi / 2, open_low=False)

    def phi(self, cos: Tensor) -> Tensor:
        """φ(cos θ) for the true class; decreasing in θ, at most cos θ."""
        raise NotImplementedError  # pragma: no cover

    def scores(self, x: Tensor) -> Tensor:
        return self.s * F.linear(unit(x), unit(self.weight))

    def target(self, scores: Tensor) -> Tensor:
        return self.s * self.phi(scores / self.s)

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, s={self.s:g}, m={self.m:g}"
