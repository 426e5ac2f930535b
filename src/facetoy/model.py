"""The network that turns an image into a feature."""

from torch import nn


class Embedder(nn.Sequential):
    """Images (N, 1, H, W) → features (N, dim): two hidden layers with PReLU, then a linear one.

    The last layer has neither bias nor activation, so that a feature can point anywhere.
    """

    def __init__(self, pixels: int, dim: int, hidden: int = 128) -> None:
        super().__init__(
            nn.Flatten(),
            nn.Linear(pixels, hidden),
            nn.PReLU(),
            nn.Linear(hidden, hidden),
            nn.PReLU(),
            nn.Linear(hidden, dim, bias=False),
        )
