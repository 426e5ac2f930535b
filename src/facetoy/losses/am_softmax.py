from facetoy.losses.cosface import CosFace


class AMSoftmax(CosFace):
    """AM-Softmax: the formula of CosFace, found at the same time, with s = 30 as its default.

    Source: Wang et al., IEEE Signal Processing Letters 2018, Eq. 6.
    """

    def __init__(
        self, in_features: int, num_classes: int, s: float = 30.0, m: float = 0.35
    ) -> None:
        super().__init__(in_features, num_classes, s, m)
