"""facetoy: face recognition's losses, trained in seconds and drawn on a sphere."""

from facetoy import losses, metrics
from facetoy.data import Data, load
from facetoy.run import Run, Sweep, load_run
from facetoy.train import fit, sweep

__all__ = ["Data", "Run", "Sweep", "fit", "load", "load_run", "losses", "metrics", "sweep"]
__version__ = "0.1.0"
