"""Losses and gradients agree with pytorch-metric-learning, where it has the same loss."""

from __future__ import annotations

import math

import pytest
import pytorch_metric_learning.losses as library
import torch
from pytorch_metric_learning.distances import LpDistance

from facetoy.losses import ArcFace, ASoftmax, CosFace, LSoftmax, NormSoftmax, TripletLoss

d, C = 5, 7
DEGREES = 180 / math.pi
PAIRS = {
    "NormSoftmax": (
        NormSoftmax(d, C, s=16.0),
        library.NormalizedSoftmaxLoss(C, d, temperature=1 / 16),
    ),
    "CosFace": (
        CosFace(d, C, s=16.0, m=0.35),
        library.CosFaceLoss(C, d, margin=0.35, scale=16),
    ),
    "ArcFace": (
        ArcFace(d, C, s=16.0, m=0.5),
        library.ArcFaceLoss(C, d, margin=0.5 * DEGREES, scale=16),
    ),
    **{
        f"LSoftmax-{m}": (
            LSoftmax(d, C, m=m), library.LargeMarginSoftmaxLoss(C, d, margin=m, scale=1)
        )
        for m in (1, 2, 3, 4)
    },
    **{
        f"ASoftmax-{m}": (ASoftmax(d, C, m=m), library.SphereFaceLoss(C, d, margin=m, scale=1))
        for m in (1, 2, 3, 4)
    },
}  # fmt: skip


@pytest.mark.parametrize(("ours", "theirs"), PAIRS.values(), ids=PAIRS)
@pytest.mark.parametrize("seed", range(5))
def test_class_losses_agree(ours, theirs, seed):
    ours, theirs = ours.double(), theirs.double()
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(20, d, generator=g, dtype=torch.float64)
    y = torch.randint(C, (20,), generator=g)
    # within θ + m ≤ π, beyond which ArcFace is continued in different ways
    near = torch.cosine_similarity(x, ours.weight.detach()[y]) > -math.cos(0.5)
    x, y = x[near].requires_grad_(), y[near]
    theirs.W.data = ours.weight.detach().T.clone()
    a, b = ours(x, y), theirs(x, y)
    torch.testing.assert_close(a, b, rtol=1e-6, atol=1e-9)
    ga, gb = torch.autograd.grad(a, (x, ours.weight)), torch.autograd.grad(b, (x, theirs.W))
    torch.testing.assert_close(ga[0], gb[0], rtol=1e-5, atol=1e-8)
    torch.testing.assert_close(ga[1], gb[1].T, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("squared", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_batch_all_triplets_agree(squared, seed):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(30, d, generator=g, dtype=torch.float64, requires_grad=True)
    y = torch.randint(4, (30,), generator=g)
    theirs = library.TripletMarginLoss(margin=0.2, distance=LpDistance(power=2 if squared else 1))
    a, b = TripletLoss(0.2, "all", squared)(x, y), theirs(x, y)
    torch.testing.assert_close(a, b, rtol=1e-6, atol=1e-9)
    (ga,), (gb,) = torch.autograd.grad(a, x), torch.autograd.grad(b, x)
    torch.testing.assert_close(ga, gb, rtol=1e-5, atol=1e-8)
