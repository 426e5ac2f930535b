from torch import Tensor

from facetoy.losses._base import Product, length
from facetoy.losses.l_softmax import LSoftmax


class ASoftmax(LSoftmax):
    """A-Softmax (SphereFace): L-Softmax with every weight at length 1.

    z_j = ‖x‖ cos θ_j, and for the true class ‖x‖ (λ cos θ_y + ψ(θ_y)) / (1 + λ)

    ψ, λ and its annealing are those of L-Softmax. The parameter ``weight`` may have any length;
    only its direction is used, so that its gradient is tangent to the sphere.

    Args:
        in_features: d, the length of a feature.
        num_classes: number of classes, C.
        m: integer factor on the angle, ≥ 1.
        lam: λ, how much of the plain cosine remains, ≥ 0; where annealing ends.

    Shapes: ``x`` (N, d), ``y`` (N,) integers in [0, C) → scalar mean.
    Raises ValueError for a wrong width, an empty batch, non-finite features, wrong labels,
    an m that is no integer ≥ 1, or lam < 0.
    Source: Liu et al., CVPR 2017 (SphereFace), Eqs. 6 and 7; λ as in the authors' code.
    """

    def __init__(self, in_features: int, num_classes: int, m: int = 4, lam: float = 0.0) -> None:
        super().__init__(in_features, num_classes, m, lam)

    def product(self, x: Tensor) -> Product:
        return Product(x, self.weight, directions=True)

    def radius(self, x: Tensor, y: Tensor, W: Tensor) -> Tensor:
        return length(x)


SphereFace = ASoftmax
