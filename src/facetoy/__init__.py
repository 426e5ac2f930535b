"""facetoy: face recognition's losses, trained in seconds and drawn on a sphere."""

from facetoy import losses, metrics, plots, scaling, search, toyfaces, verification
from facetoy.data import Data, load, open_split
from facetoy.face_view import FaceView
from facetoy.panel import TrainingPanel
from facetoy.playground import Playground
from facetoy.report import Column, source, spread, table
from facetoy.run import Run, Sweep, load_run
from facetoy.sampler import PKSampler
from facetoy.scaling_view import ScalingView
from facetoy.threshold_view import ThresholdView
from facetoy.train import embed, fit, sweep
from facetoy.triplet_view import TripletView
from facetoy.view import SphereView

__all__ = [
    "Column",
    "Data",
    "FaceView",
    "PKSampler",
    "Playground",
    "Run",
    "ScalingView",
    "SphereView",
    "Sweep",
    "ThresholdView",
    "TrainingPanel",
    "TripletView",
    "embed",
    "fit",
    "load",
    "load_run",
    "losses",
    "metrics",
    "open_split",
    "plots",
    "scaling",
    "search",
    "source",
    "spread",
    "sweep",
    "table",
    "toyfaces",
    "verification",
]
__version__ = "0.1.0"
