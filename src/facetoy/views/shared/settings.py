"""The settings of the losses that a form offers."""

from facetoy.losses import LOSSES
from facetoy.training.arguments import numbers, signature


def loss_arguments() -> dict[str, dict[str, float]]:
    """For each name in ``facetoy.losses.LOSSES`` its numeric arguments and their defaults."""
    return {
        name: {argument: signature(make)[1][argument] for argument in numbers(make)}
        for name, make in LOSSES.items()
    }
