"""The networks that turn an image into a feature."""

import copy

import numpy as np
import torch
from torch import Tensor, nn

AT_ONCE = 256  # images that go through the network at a time, where no gradient is needed


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


class ConvEmbedder(nn.Sequential):
    """The same for larger images: three convolutions, each of which halves height and width."""

    def __init__(self, height: int, width: int, dim: int) -> None:
        layers: list[nn.Module] = []
        for before, after, size in ((1, 16, 5), (16, 32, 3), (32, 64, 3)):
            layers += [
                nn.Conv2d(before, after, size, stride=2, padding=size // 2, bias=False),
                nn.BatchNorm2d(after),
                nn.ReLU(),
            ]
        left = -(-height // 8) * -(-width // 8)
        super().__init__(*layers, nn.Flatten(), nn.Linear(64 * left, dim, bias=False))


def convolves(height: int, width: int) -> bool:
    """Whether the network for images of this size has convolutions: from 16 x 16 pixels on."""
    return min(height, width) >= 16


def make_embedder(height: int, width: int, dim: int) -> nn.Sequential:
    """A network for images of this size."""
    if convolves(height, width):
        return ConvEmbedder(height, width, dim)
    return Embedder(height * width, dim)


def network_for(images: np.ndarray, dim: int, model: nn.Module | None) -> nn.Module:
    """A copy of ``model``, or a small network for images (N, 1, H, W)."""
    return make_embedder(*images.shape[2:], dim) if model is None else copy.deepcopy(model)


def precision(model: nn.Module) -> torch.dtype:
    """The dtype of the first parameter of ``model``: that of the images that it wants."""
    found = (p.dtype for p in model.parameters() if p.is_floating_point())
    return next(found, torch.float32)


@torch.no_grad()
def embedded(model: nn.Module, x: Tensor) -> Tensor:
    """(N, d) features of the images ``x``, some at a time."""
    x = x.to(precision(model))
    return torch.cat([model(part) for part in x.split(AT_ONCE)])
