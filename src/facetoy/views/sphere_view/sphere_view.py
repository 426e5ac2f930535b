"""SphereView: the features of trained runs on circles or spheres, alive everywhere.

All that the picture needs travels in the widget's state, so it needs no kernel: `_meta` says what
is where in `_data`, and the script beside this file draws it. What the numbers mean is decided here
and in `facetoy.metrics`; the script only shows them.
"""

from __future__ import annotations

from pathlib import Path

from facetoy import metrics
from facetoy.training.runs import Run, Sweep
from facetoy.views.shared.sides import Side, side
from facetoy.views.shared.sphere_still import draw_still
from facetoy.views.shared.titles import title
from facetoy.views.shared.widget import Picture
from facetoy.views.sphere_view.packing import degrees, drawable, pack


def describe(view: Side, step: int) -> str:
    """One sentence about one side, for readers who cannot see it."""
    run = view.runs[-1]
    m = metrics.measure(run, step)
    shape = "circle" if view.shown == 2 else "sphere"
    intra = degrees(m.intra_mean if run.weight is None else m.intra)
    values = f", {view.parameter} from {view.values[0]} to {view.values[-1]}" if view.values else ""
    return (
        f"{len(run.labels)} test images as points on a {shape}, coloured by class: {title(run)}"
        f"{values}. Shown last: {m.accuracy:.1%} accuracy"
        + (f", {intra:.0f}° within a class" if intra is not None else "")
        + (f", {degrees(m.inter):.0f}° between nearest classes." if degrees(m.inter) else ".")
    )


class SphereView(Picture):
    """The test features of one or more runs or sweeps, side by side, to turn and play.

    Args:
        *sources: each a ``Run``, or a ``Sweep`` over one parameter, which gets a slider. They are
            drawn beside each other and turned together.
        step: snapshot to begin with, as an index into ``run.steps``; -1 is the last.
        unit: begin with all features at unit length (True) or at their true length.
        images: begin with the test images themselves in the place of markers; readers have a
            box to tick for it in any case.
        margins: begin with the borders between classes, and inside them what each class wins
            even with its margin against it, as it is at the moment shown. There is a box to tick
            for it where the runs tell it: features in 2-D or 3-D, a loss of ``facetoy.losses``
            with class weights, a training that came to its end. The still picture shows none.
        autoplay: play the training once and turn the sphere slowly meanwhile, as soon as the
            picture is in sight, unless the reader's system asks for less motion.
        draw: give readers a pad for a digit of their own, which the trained networks put on the
            picture of the last step. The networks travel with the page, 50 kB a run.
        alt: description for readers who cannot see the picture; written from the run if None.

    2-D features lie on a circle, 3-D ones on a sphere; of more dimensions the three along which
    the last snapshots spread most are shown, and the picture says so. Raises TypeError for
    anything but runs and sweeps, ValueError for sweeps over two parameters, for 1-D features,
    for a step that does not exist, and for ``draw`` if none of the runs has kept a network of
    ``fit``'s own for digits of 8 x 8 pixels and features in 2-D or 3-D.
    """

    front_end = Path(__file__).with_suffix(".js")

    def __init__(
        self,
        *sources: Run | Sweep,
        step: int = -1,
        unit: bool = True,
        images: bool = False,
        margins: bool = False,
        autoplay: bool = False,
        draw: bool = False,
        alt: str | None = None,
    ) -> None:
        if not sources:
            raise TypeError("SphereView needs at least one Run or Sweep")
        views = [side(source, f"argument {i}") for i, source in enumerate(sources, start=1)]
        swept = {view.parameter for view in views if view.parameter}
        if len(swept) > 1:
            raise ValueError(
                "all sweeps must be over the same parameter, for one slider; got "
                f"{' and '.join(sorted(swept))}"
            )
        count = max(len(run.steps) for view in views for run in view.runs)
        if not -count <= step < count:
            raise ValueError(f"step must lie in [{-count}, {count}), got {step}")
        if draw and not any(drawable(run) for view in views for run in view.runs):
            raise ValueError(
                "draw needs a run with a network for images of 8 x 8 pixels and features in 2-D or "
                f"3-D; got {', '.join(repr(run) for run in views[0].runs[:1])}"
            )
        alt = alt or " Beside it: ".join(describe(view, -1) for view in views)
        begin = {"unit": unit, "images": images, "margins": margins, "autoplay": autoplay}
        meta, data = pack(views, draw=draw, step=step % count, **begin)
        still = draw_still(views, step=step, unit_length=unit, images=images)
        super().__init__(_meta=meta, _data=data, _still=still, _alt=alt)
