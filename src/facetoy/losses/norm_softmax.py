from torch import Tensor

from facetoy.losses._base import ClassLoss, SphereLoss


class NormSoftmax(SphereLoss):
    """Softmax between unit features and unit weights, without a margin.

    φ(cos θ) = cos θ

    The baseline of every margin: what a margin adds shows beside NormSoftmax at the same scale.

    Args:
        in_features: d, the length of a feature.
        num_classes: number of classes, C.
        s: scale of the cosines, > 0.

    Shapes: ``x`` (N, d), ``y`` (N,) integers in [0, C) → scalar mean.
    Raises ValueError for a wrong width, an empty batch, non-finite features, wrong labels
    or s ≤ 0.
    Source: Wang et al., ACM Multimedia 2017 (NormFace), Eq. 6.
    """

    def __init__(self, in_features: int, num_classes: int, s: float = 16.0) -> None:
        super().__init__(in_features, num_classes, s)

    def phi(self, cos: Tensor) -> Tensor:
        return cos

    harder, target = ClassLoss.harder, ClassLoss.target
