from math import cos as cosine
from math import sin

import torch
from torch import Tensor

from facetoy.losses._base import MarginLoss, sine


class ArcFace(MarginLoss):
    """ArcFace: the angle to the true class's weight is widened by m before its cosine is taken.

    φ(cos θ) = cos(θ + m)        for θ + m ≤ π
    φ(cos θ) = cos θ + cos m - 1  beyond, where cos(θ + m) would rise again

    The second line is ours: it meets the first at -1 and keeps falling. The authors' code uses
    cos θ - m sin m there, which jumps. The gradient is exact, with its factor sin(θ + m)/sin θ.

    Args:
        in_features: d, the length of a feature.
        num_classes: C.
        s: scale of the cosines, > 0. The paper's 64 is for thousands of classes; ten classes on
            a sphere want about 16.
        m: margin in radians, in [0, π/2).

    Shapes: ``x`` (N, d), ``y`` (N,) integers in [0, C) → scalar mean.
    Raises ValueError for a wrong width, an empty batch, non-finite features, wrong labels,
    s ≤ 0 or m outside [0, π/2).
    Source: Deng et al., CVPR 2019, Eq. 3.
    """

    def __init__(self, in_features: int, num_classes: int, s: float = 64.0, m: float = 0.5) -> None:
        super().__init__(in_features, num_classes, s, m)

    def phi(self, cos: Tensor) -> Tensor:
        cos_m, sin_m = cosine(self.m), sin(self.m)
        return torch.where(cos > -cos_m, cos * cos_m - sine(cos) * sin_m, cos + cos_m - 1)
