from math import inf

import torch
from torch import Tensor

from facetoy.losses._base import (
    MarginLoss,
    angle,
    check_number,
    check_whole,
    falling_cos,
    full,
    length,
)


class LSoftmax(MarginLoss):
    """L-Softmax: the angle to the true class's weight is multiplied by m; all lengths stay free.

    z_j = ‖W_j‖ ‖x‖ cos θ_j, and for the true class ‖W_y‖ ‖x‖ (λ cos θ_y + ψ(θ_y)) / (1 + λ)

    ψ(θ) = (-1)^k cos(m θ) - 2k  with k = ⌊m θ/π⌋: cos(m θ), continued so that it keeps falling

    There is no bias. The pure loss (λ = 0) is hard to start with: ``annealing`` says how to let λ
    fall in training, and ``facetoy.fit`` does so. In a loop of your own set ``lam`` before each
    step.

    Args:
        in_features: d, the length of a feature.
        num_classes: number of classes, C.
        m: integer factor on the angle, ≥ 1; with 1 it is softmax without a bias.
        lam: λ, how much of the plain cosine remains, ≥ 0; where annealing ends.

    Shapes: ``x`` (N, d), ``y`` (N,) integers in [0, C) → scalar mean.
    Raises ValueError for a wrong width, an empty batch, non-finite features, wrong labels,
    an m that is no integer ≥ 1, or lam < 0.
    Source: Liu et al., ICML 2016, Eqs. 4 to 7; λ as in the authors' code.
    """

    def __init__(self, in_features: int, num_classes: int, m: int = 2, lam: float = 0.0) -> None:
        super().__init__(in_features, num_classes)
        self.m = check_whole("m", m)
        self.lam = check_number("lam", lam, 0, inf)

    def phi(self, cos: Tensor) -> Tensor:
        psi = falling_cos(self.m * angle(cos))
        return torch.lerp(psi, cos, self.lam / (1 + self.lam))  # (λ cos θ + ψ) / (1 + λ)

    def radius(self, x: Tensor, y: Tensor, W: Tensor) -> Tensor:
        return length(x) * length(full(W)).index_select(0, y)

    @staticmethod
    def annealing(part: float) -> float:
        """λ after ``part`` of the training, from 0 to 1: 1000 / (1 + 0.12 t), t = 28,000 · part.

        The schedule of SphereFace's authors, for their 28,000 steps; they end at λ = 5.
        """
        return 1000 / (1 + 0.12 * 28_000 * part)

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, m={self.m}, lam={self.lam:g}"
