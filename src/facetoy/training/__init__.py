"""From data and a loss to a run: networks, batches, the loop, and what it leaves behind."""

from facetoy.training.fitting import embed, fit
from facetoy.training.runs import Run, Sweep, load_run
from facetoy.training.sampler import PKSampler
from facetoy.training.sweeping import sweep

__all__ = ["PKSampler", "Run", "Sweep", "embed", "fit", "load_run", "sweep"]
