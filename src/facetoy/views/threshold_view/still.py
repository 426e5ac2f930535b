"""The still picture behind a ThresholdView."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from facetoy.views.shared.palette import COLORS, INK


def draw_still(meta: dict[str, Any], title: str) -> bytes:
    """PNG bytes of the two histograms and the threshold to begin with, on white."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 3.6), dpi=100, layout="constrained")
    axes = figure.add_subplot()
    edges = np.arange(len(meta["bars"]["same"]) + 1)
    one, two = COLORS[:2]
    axes.stairs(meta["bars"]["same"], edges, fill=True, color=one, alpha=0.6, label="one person")
    axes.stairs(meta["bars"]["other"], edges, color=two, lw=2, label="two people")
    axes.axvline(meta["start"] / meta["group"], color=INK)
    axes.set_title(title.replace(", refuses", ",\nrefuses"), fontsize=9, color=INK)
    axes.set(
        xlabel="score of a pair", ylabel="share of its pairs", xlim=(0, edges[-1]), ylim=(0, 1)
    )
    for axis, name in ((axes.xaxis, "x"), (axes.yaxis, "y")):
        places, labels = zip(*meta["ticks"][name], strict=True)
        axis.set_ticks(np.array(places) * (edges[-1] if name == "x" else 1), labels)
    axes.legend()
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()
