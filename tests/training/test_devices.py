"""No tensor is made on another device than the data's: on the meta device, which holds no numbers,
an operation with a tensor of the CPU is an error, as it is on a GPU."""

from __future__ import annotations

import math

import pytest
import torch

import facetoy
from facetoy.losses import LOSSES, TripletLoss, _by_rows
from facetoy.losses._base import trusting
from facetoy.losses.triplet import MINING
from facetoy.training.arguments import prepare
from facetoy.training.batched import Together
from facetoy.training.fitting import SETTINGS
from facetoy.training.networks import embedded, make_embedder
from facetoy.training.recording import resident

META = torch.device("meta")


@pytest.mark.parametrize("large", [_by_rows.LARGE, 0], ids=["at once", "by rows"])
@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_computed_where_its_features_are(name, large, monkeypatch):
    monkeypatch.setattr(_by_rows, "LARGE", large)
    loss = (LOSSES[name](8, 5) if name != "triplet" else LOSSES[name]()).to(META)
    x = torch.randn(20, 8, device=META, requires_grad=True)
    value = loss(x, torch.zeros(20, dtype=torch.long, device=META))
    value.backward()
    assert value.device == x.grad.device == META


@pytest.mark.parametrize(
    ("name", "runs"),
    [(name, 1) for name in LOSSES if name != "center"]  # its update counts, which meta cannot
    + [(name, 2) for name in LOSSES if name not in ("center", "triplet")],
)
def test_a_step_is_taken_where_the_images_are(digits, name, runs):
    images = resident(digits, META)
    settings = SETTINGS | {"optimizer": torch.optim.SGD}
    trainings = [prepare(name, images, settings | {"seed": s}, {}) for s in range(runs)]
    together = Together(trainings)
    losses, norms = together.take(next(together.batches()), 0.5)
    assert losses.device == norms.device == META
    if name != "triplet":  # which classifies by class means, and counts
        features, classes = together.look(images.test_x[:30])
        assert features.shape == (runs, 30, 3)
        assert features.device == classes.device == META


@pytest.mark.parametrize("size", [8, 16])
def test_a_network_is_asked_where_the_images_are(size):
    images = torch.empty(600, 1, size, size, device=META)
    assert embedded(make_embedder(size, size, 3).to(META), images).device == META


def test_a_tensor_of_the_cpu_is_noticed(digits):
    """The tests above can fail."""

    class Own(facetoy.losses.Softmax):
        def harder(self, z, x, y):
            return z + torch.eye(len(z), z.shape[1])

    images = resident(digits, META)
    together = Together([prepare(Own, images, SETTINGS | {"optimizer": torch.optim.SGD}, {})])
    with pytest.raises(RuntimeError, match="meta"):
        together.take(next(together.batches()), 0.5)


@pytest.mark.parametrize("large", [_by_rows.LARGE, 0], ids=["at once", "by rows"])
@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_where_no_value_is_looked_at_nan_gives_nan_and_infinity_a_number(
    name, bad, large, monkeypatch
):
    """As in a step on a GPU, where an index out of range would end the process."""
    monkeypatch.setattr(_by_rows, "LARGE", large)
    loss = LOSSES[name](8, 5) if name != "triplet" else LOSSES[name]()
    kinds = [loss] if name != "triplet" else [TripletLoss(mining=kind) for kind in MINING]
    for one in kinds:
        x = torch.full((20, 8), bad, requires_grad=True)
        with trusting():
            value = one(x, torch.arange(20) % 5)
            value.backward()
        assert value.isnan() if math.isnan(bad) else value.isfinite()
