import torch
from torch import Tensor, nn

from facetoy.losses._base import ClassLoss, Product


class Softmax(ClassLoss):
    """Softmax cross-entropy after one linear layer: the loss that all others change.

    L = -1/N Σ log( e^{W_y·x + b_y} / Σ_j e^{W_j·x + b_j} )

    Args:
        in_features: d, the length of a feature.
        num_classes: number of classes, C.
        bias: learn b as well. Off by default, so that only lengths and angles decide.

    Shapes: ``x`` (N, d), ``y`` (N,) integers in [0, C) → scalar mean.
    Raises ValueError for a wrong width, an empty batch, non-finite features or wrong labels.
    Source: Wen et al., ECCV 2016 (center loss), Eq. 1.
    """

    def __init__(self, in_features: int, num_classes: int, bias: bool = False) -> None:
        super().__init__(in_features, num_classes)
        self.bias = nn.Parameter(torch.zeros(num_classes)) if bias else None

    def product(self, x: Tensor) -> Product:
        return Product(x, self.weight, self.bias)

    def reset_parameters(self) -> None:
        super().reset_parameters()
        if getattr(self, "bias", None) is not None:
            nn.init.zeros_(self.bias)

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, bias={self.bias is not None}"
