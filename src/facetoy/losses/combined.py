from math import inf, pi
from typing import ClassVar

from torch import Tensor

from facetoy.losses._base import SphereLoss, angle, check_number, falling_cos


class CombinedMargin(SphereLoss):
    """All three margins at once: a factor on the angle, a step in the angle, a step in the cosine.

    φ(cos θ) = cos(m1 θ + m2) - m3    for m1 θ + m2 ≤ π, beyond that as in L-Softmax

    With (m1, m2, m3) = (1, 0, 0) it is NormSoftmax, with (1, m, 0) ArcFace, with (1, 0, m)
    CosFace, and with (m, 0, 0) the margin of A-Softmax, between features of one length.

    Args:
        in_features: d, the length of a feature.
        num_classes: number of classes, C.
        s: scale of the cosines, > 0.
        m1: factor on the angle, ≥ 1.
        m2: step in the angle, in radians, in [0, π/2).
        m3: step in the cosine, in [0, 2).

    Shapes: ``x`` (N, d), ``y`` (N,) integers in [0, C) → scalar mean.
    Raises ValueError for a wrong width, an empty batch, non-finite features, wrong labels,
    s ≤ 0 or a margin outside its range.
    Source: Deng et al., CVPR 2019 (ArcFace), Eq. 4.
    """

    warmup: ClassVar = {"m1": 1.0, "m2": 0.0, "m3": 0.0}

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        s: float = 64.0,
        m1: float = 1.0,
        m2: float = 0.3,
        m3: float = 0.2,
    ) -> None:
        super().__init__(in_features, num_classes, s)
        self.m1 = check_number("m1", m1, 1, inf)
        self.m2 = check_number("m2", m2, 0, pi / 2)
        self.m3 = check_number("m3", m3, 0, 2)

    def phi(self, cos: Tensor) -> Tensor:
        return falling_cos(self.m1 * angle(cos) + self.m2) - self.m3

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, m1={self.m1:g}, m2={self.m2:g}, m3={self.m3:g}"
