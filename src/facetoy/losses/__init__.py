"""The losses, one file each. All take features (N, d) and labels (N,) and return a scalar."""

from functools import partial

from facetoy.losses.a_softmax import ASoftmax, SphereFace
from facetoy.losses.am_softmax import AMSoftmax
from facetoy.losses.arcface import ArcFace
from facetoy.losses.center import CenterLoss
from facetoy.losses.combined import CombinedMargin
from facetoy.losses.cosface import CosFace
from facetoy.losses.l_softmax import LSoftmax
from facetoy.losses.norm_softmax import NormSoftmax
from facetoy.losses.softmax import Softmax
from facetoy.losses.triplet import TripletLoss

#: The names that ``facetoy.fit`` knows. Where its paper names a scale and a margin, a class has
#: them as defaults, made for thousands of people; a name has what a few classes on a sphere need.
LOSSES = {
    "softmax": Softmax,
    "center": CenterLoss,
    "triplet": TripletLoss,
    "lsoftmax": LSoftmax,
    "asoftmax": ASoftmax,
    "normsoftmax": partial(NormSoftmax, s=16.0),
    "cosface": partial(CosFace, s=16.0),
    "amsoftmax": partial(AMSoftmax, s=16.0),
    "arcface": partial(ArcFace, s=16.0),
    "combined": partial(CombinedMargin, s=16.0),
}

__all__ = [
    "LOSSES",
    "AMSoftmax",
    "ASoftmax",
    "ArcFace",
    "CenterLoss",
    "CombinedMargin",
    "CosFace",
    "LSoftmax",
    "NormSoftmax",
    "Softmax",
    "SphereFace",
    "TripletLoss",
]
