"""facetoy: face recognition's losses, trained in seconds and drawn on a sphere."""

from facetoy import data, faces, large, losses, metrics, plots
from facetoy.data import Data, load, open_split
from facetoy.faces.strangers import stranger_test
from facetoy.report import Column, claims, listing, measured, source, spread, table
from facetoy.training import PKSampler, Run, Sweep, embed, fit, load_run, sweep
from facetoy.views.face_view.face_view import FaceView
from facetoy.views.playground.playground import Playground
from facetoy.views.prediction.prediction import Prediction
from facetoy.views.scaling_view.scaling_view import ScalingView
from facetoy.views.sphere_view.sphere_view import SphereView
from facetoy.views.threshold_view.threshold_view import ThresholdView
from facetoy.views.timeline.timeline import Event, Timeline
from facetoy.views.training_panel.training_panel import TrainingPanel
from facetoy.views.triplet_view.triplet_view import TripletView

__all__ = [
    "Column",
    "Data",
    "Event",
    "FaceView",
    "PKSampler",
    "Playground",
    "Prediction",
    "Run",
    "ScalingView",
    "SphereView",
    "Sweep",
    "ThresholdView",
    "Timeline",
    "TrainingPanel",
    "TripletView",
    "claims",
    "data",
    "embed",
    "faces",
    "fit",
    "large",
    "listing",
    "load",
    "load_run",
    "losses",
    "measured",
    "metrics",
    "open_split",
    "plots",
    "source",
    "spread",
    "stranger_test",
    "sweep",
    "table",
]
__version__ = "0.1.0"
