"""The losses, one file each. All take features (N, d) and labels (N,) and return a scalar."""

from functools import partial

from facetoy.losses.arcface import ArcFace
from facetoy.losses.norm_softmax import NormSoftmax
from facetoy.losses.softmax import Softmax

#: The names that ``facetoy.fit`` knows. A class has its paper's defaults, made for thousands of
#: people; a name has the scale that a few classes on a sphere need.
LOSSES = {
    "softmax": Softmax,
    "normsoftmax": partial(NormSoftmax, s=16.0),
    "arcface": partial(ArcFace, s=16.0),
}

__all__ = ["LOSSES", "ArcFace", "NormSoftmax", "Softmax"]
