from math import pi
from typing import ClassVar

from torch import Tensor

from facetoy.losses._base import SphereLoss, angle, check_number, falling_cos


class ArcFace(SphereLoss):
    """ArcFace: the angle to the true class's weight is widened by m before its cosine is taken.

    φ(cos θ) = cos(θ + m)        for θ + m ≤ π

    φ(cos θ) = -2 - cos(θ + m)    beyond, where cos(θ + m) would rise again

    The second line is ours: it is how L-Softmax continues, meets the first at -1 and keeps
    falling. The gradient is exact, with its factor sin(θ + m)/sin θ. insightface, the authors'
    code, long had cos θ - m sin m as its second line, which jumps. Since its commit 657ae30 it has
    none, and takes the factor to be 1.

    Args:
        in_features: d, the length of a feature.
        num_classes: number of classes, C.
        s: scale of the cosines, > 0. The paper's 64 is for thousands of classes; ten classes on
            a sphere want about 16.
        m: margin in radians, in [0, π/2).

    Shapes: ``x`` (N, d), ``y`` (N,) integers in [0, C) → scalar mean.
    Raises ValueError for a wrong width, an empty batch, non-finite features, wrong labels,
    s ≤ 0 or m outside [0, π/2).
    Source: Deng et al., CVPR 2019, Eq. 3.
    """

    warmup: ClassVar = {"m": 0.0}

    def __init__(self, in_features: int, num_classes: int, s: float = 64.0, m: float = 0.5) -> None:
        super().__init__(in_features, num_classes, s)
        self.m = check_number("m", m, 0, pi / 2)

    def phi(self, cos: Tensor) -> Tensor:
        return falling_cos(angle(cos) + self.m)

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, m={self.m:g}"
