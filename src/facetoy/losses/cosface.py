from typing import ClassVar

from torch import Tensor

from facetoy.losses._base import SphereLoss, check_number


class CosFace(SphereLoss):
    """CosFace: the true class's cosine must be the largest by m.

    φ(cos θ) = cos θ - m

    Args:
        in_features: d, the length of a feature.
        num_classes: number of classes, C.
        s: scale of the cosines, > 0. The paper's 64 is for thousands of classes; ten classes on
            a sphere want about 16.
        m: margin as a difference of cosines, in [0, 2).

    Shapes: ``x`` (N, d), ``y`` (N,) integers in [0, C) → scalar mean.
    Raises ValueError for a wrong width, an empty batch, non-finite features, wrong labels,
    s ≤ 0 or m outside [0, 2).
    Source: Wang et al., CVPR 2018 (CosFace), Eq. 4.
    """

    warmup: ClassVar = {"m": 0.0}

    def __init__(
        self, in_features: int, num_classes: int, s: float = 64.0, m: float = 0.35
    ) -> None:
        super().__init__(in_features, num_classes, s)
        self.m = check_number("m", m, 0, 2)

    def phi(self, cos: Tensor) -> Tensor:
        return cos - self.m

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, m={self.m:g}"
