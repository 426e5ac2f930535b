"""Plotly figures of runs. Every figure carries its alt text in ``layout.meta["alt"]``.

Plotly is imported where a figure is made, as it takes most of a second.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from facetoy import metrics
from facetoy.training.runs import Run, Sweep
from facetoy.views.shared.palette import COLORS

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x")
SLIDER = 112  # pixels that each of several sliders takes below a plot
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")


def _figure(alt: str, traces: Sequence[Any], *, below: int = 0, **layout: Any) -> Figure:
    """A figure with its alt text; its height grows by the sliders ``below`` it."""
    import plotly.graph_objects as go

    figure = go.Figure(list(traces))
    height = layout.pop("height", 400)
    return figure.update_layout(
        # the book draws sliders itself, below the plot
        meta={"alt": alt, "height": height}, colorway=COLORS, dragmode=False,
        height=height + SLIDER * below,
        legend={"orientation": "h", "y": -0.2, "yref": "paper"},
        margin={"l": 60, "r": 20, "t": 30, "b": 50}, **layout,
    )  # fmt: skip


def _slider(
    name: str, values: Sequence[float], args: Sequence[list], start: int, color: str | None = None
) -> dict:
    """A plotly slider that restyles traces: ``args`` has one restyle for each of its values."""
    return {
        "steps": [
            {"label": f"{value:g}", "method": "restyle", "args": one}
            for value, one in zip(values, args, strict=True)
        ],
        "active": start, "pad": {"t": 40},
        "currentvalue": {"prefix": f"{name} = ", "font": {"color": color}},
    }  # fmt: skip


class Slid(NamedTuple):
    """A curve with a slider. Curves whose sliders have the same name and positions share it."""

    name: str  #: what the slider sets
    values: Sequence[float]  #: its positions
    curve: Callable[[float], np.ndarray]  #: position → (N,)
    start: int = 0  #: index of the position to begin with


def curves(
    x: np.ndarray,
    lines: Mapping[str, np.ndarray | Slid],
    *,
    alt: str,
    x_title: str,
    y_title: str,
    points: Mapping[str, tuple[Sequence[float], Sequence[float]]] | None = None,
    **layout: Any,
) -> Figure:
    """One line over ``x`` (N,) for each name in ``lines``; told apart by colour and dash.

    Args:
        lines: arrays (N,), or ``Slid`` for a line that a slider changes.
        points: markers, as a pair of x and y for each name.
        **layout: more of plotly's layout, such as ``xaxis_type="log"``.
    """
    import plotly.graph_objects as go

    traces, slid = [], {}
    for i, (name, line) in enumerate(lines.items()):
        if isinstance(line, Slid):
            ys = [np.asarray(line.curve(value), float) for value in line.values]
            group = slid.setdefault((line.name, tuple(line.values), line.start), [])
            group.append((i, ys))
            line = ys[line.start]
        style = {"color": COLORS[i % len(COLORS)], "dash": DASHES[i % len(DASHES)]}
        traces.append(go.Scatter(x=x, y=line, name=name, mode="lines", line=style))
    sliders = []
    for (name, values, start), group in slid.items():
        args = [
            [{"y": [ys[k].tolist() for _, ys in group]}, [i for i, _ in group]]
            for k in range(len(values))
        ]
        color = COLORS[group[0][0] % len(COLORS)] if len(group) == 1 else None  # its curve's
        sliders.append(_slider(name, values, args, start, color))
    for i, (name, (xs, ys)) in enumerate((points or {}).items(), start=len(traces)):
        marker = {"color": COLORS[i % len(COLORS)], "symbol": SYMBOLS[i % len(SYMBOLS)], "size": 9}
        traces.append(go.Scatter(x=xs, y=ys, name=name, mode="markers", marker=marker))
    # on a phone the legend has a line for each
    layout.setdefault("height", 400 + 24 * max(0, len(traces) - 4))
    for k, slider in enumerate(sliders, start=1):  # in parts of the plot without its margins
        slider["y"] = -(32 + SLIDER * k) / (layout["height"] - 80)
    if sliders:
        layout["sliders"] = sliders
    return _figure(
        alt, traces, below=len(sliders), xaxis_title=x_title, yaxis_title=y_title,
        hovermode="x unified", **layout,
    )  # fmt: skip


def bands(
    x: np.ndarray,
    lines: Mapping[str, np.ndarray],
    *,
    alt: str,
    x_title: str,
    y_title: str,
    **layout: Any,
) -> Figure:
    """Repeated measurements over ``x`` (N,): for each name an array (K, N), drawn as its mean in a
    band from the lowest to the highest. ``layout`` is more of plotly's, as in ``curves``."""
    import plotly.graph_objects as go

    figure = curves(
        x, {name: np.mean(rows, axis=0) for name, rows in lines.items()},
        alt=alt, x_title=x_title, y_title=y_title, **layout,
    )  # fmt: skip
    for i, rows in enumerate(lines.values()):
        edge = np.concatenate([np.min(rows, axis=0), np.max(rows, axis=0)[::-1]])
        group = {"legendgroup": str(i)}
        figure.data[i].update(group)  # a click in the legend takes both away
        figure.add_trace(go.Scatter(
            x=np.concatenate([x, x[::-1]]), y=edge, fill="toself", mode="none", showlegend=False,
            fillcolor=COLORS[i % len(COLORS)], opacity=0.25, hoverinfo="skip", **group,
        ))  # fmt: skip
    return figure


def training_curves(runs: Mapping[str, Run], measure: str = "loss", *, alt: str) -> Figure:
    """``run.history[measure]`` per epoch, one line for each named run: "loss", "train_accuracy",
    "test_accuracy", "gradient_norm" or "seconds".

    ValueError for no run, and for another measure.
    """
    if not runs:
        raise ValueError("runs must be at least one, got none")
    for name, run in runs.items():
        if measure not in run.history:
            known = ", ".join(run.history)
            raise ValueError(f"unknown measure {measure!r}; {name!r} has {known}")
    longest = max(len(r.history[measure]) for r in runs.values())
    return curves(
        np.arange(1, longest + 1),
        {name: r.history[measure] for name, r in runs.items()},
        alt=alt, x_title="epoch", y_title=measure.replace("_", " "),
    )  # fmt: skip


def angle_histogram(runs: Mapping[str, Run], *, alt: str, step: int = -1) -> Figure:
    """Angles of test features to their own class mean (filled) and to the nearest other (open).

    Where the two overlap no single angle decides "same class or not". One panel a run, in degrees.
    """
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    bins = np.arange(0, 181, 3)
    figure = make_subplots(
        rows=len(runs), shared_xaxes=True, subplot_titles=list(runs), vertical_spacing=0.12
    )
    for row, run in enumerate(runs.values(), start=1):
        known = run.labels < run.num_classes
        features, labels = run.features[step][known], run.labels[known]
        means = metrics.class_means(features, labels)
        theta = metrics.angle(features[:, None], means[None])
        own = theta[np.arange(len(labels)), labels]
        theta[np.arange(len(labels)), labels] = np.inf
        nearest = np.fmin.reduce(theta, 1, initial=np.inf)  # NaN: a class without images
        for i, (name, angles) in enumerate(
            (("own class mean", own), ("nearest other mean", nearest))
        ):
            count, _ = np.histogram(np.degrees(angles), bins)
            bar = go.Bar(
                x=bins[:-1] + 1.5, y=count, name=name, legendgroup=name, showlegend=row == 1,
                width=3, marker={"color": COLORS[i], "pattern": {"shape": ["", "/"][i]}},
                opacity=0.75,
            )  # fmt: skip
            figure.add_trace(bar, row=row, col=1)
    figure.update_xaxes(title="angle in degrees", row=len(runs), col=1)
    figure.update_yaxes(title="features")
    figure.update_layout(
        meta={"alt": alt}, barmode="overlay", dragmode=False, height=180 * len(runs) + 130,
        legend={"orientation": "h", "y": -0.3 / len(runs) - 0.1},
        margin={"l": 60, "r": 20, "t": 40, "b": 50},
    )  # fmt: skip
    return figure


def parameter_curve(
    sweep: Sweep, measures: Mapping[str, str], *, alt: str, x_title: str | None = None,
    references: Mapping[str, float] | None = None,
) -> Figure:  # fmt: skip
    """Angles in degrees against the sweep's first parameter: mean over runs, bars of one sd.

    Args:
        sweep: over the parameter to plot, and usually over ``seed`` as well.
        measures: fields of ``facetoy.metrics.Measures`` and what to call them.
        references: names and angles (radians) of level lines, such as the best possible angle.
    """
    import plotly.graph_objects as go

    (parameter, values), *_ = sweep.parameters.items()
    rows = [[metrics.measure(run) for run in sweep.select(**{parameter: v})] for v in values]
    traces = []
    for i, (field, name) in enumerate(measures.items()):
        degrees = [np.degrees([getattr(one, field) for one in row]) for row in rows]
        traces.append(go.Scatter(
            x=values, y=[d.mean() for d in degrees], name=name, mode="lines+markers",
            line={"color": COLORS[i], "dash": DASHES[i]},
            error_y={"array": [d.std(ddof=1) if len(d) > 1 else 0 for d in degrees]},
        ))  # fmt: skip
    for name, angle in (references or {}).items():
        traces.append(go.Scatter(
            x=[min(values), max(values)], y=[np.degrees(angle)] * 2, name=name, mode="lines",
            line={"color": "#808080", "dash": "dot"},
        ))  # fmt: skip
    return _figure(
        alt, traces, xaxis_title=x_title or parameter, yaxis_title="angle in degrees",
        yaxis_rangemode="tozero",
    )  # fmt: skip


def matrix(
    counts: np.ndarray, rows: Sequence[str], columns: Sequence[str], *, alt: str,
    x_title: str, y_title: str,
) -> Figure:  # fmt: skip
    """A table of numbers as shaded squares with the numbers written in."""
    import plotly.graph_objects as go

    heat = go.Heatmap(
        z=counts, x=list(columns), y=list(rows), texttemplate="%{z}", showscale=False,
        colorscale=[[0, "#eef4fc"], [1, "#2776d1"]], xgap=2, ygap=2,
    )  # fmt: skip
    return _figure(
        alt, [heat], height=120 + 45 * len(rows),
        xaxis={"title": x_title, "type": "category"},
        yaxis={"title": y_title, "type": "category", "autorange": "reversed"},
    )  # fmt: skip


def landscape(
    x: np.ndarray,
    y: np.ndarray,
    height: Callable[[float], np.ndarray],
    values: Sequence[float],
    *,
    name: str,
    alt: str,
    marks: Mapping[str, tuple[float, float]],
    start: int = 0,
) -> Figure:
    """Contours of a function of the plane, with a slider, and a cross at its lowest point.

    Where the lowest point lies on the edge of the grid there is no cross. The colours are those of
    the first slider position throughout; what is higher has the colour of its highest point.

    Args:
        x, y: the grid, (X,) and (Y,).
        height: slider position → (Y, X).
        name: what the slider sets.
        marks: points to name.
        start: index of the value to begin with.
    """
    import plotly.graph_objects as go

    def lowest(z: np.ndarray) -> dict[str, list[float]]:
        i, j = np.unravel_index(z.argmin(), z.shape)
        inside = 0 < i < len(y) - 1 and 0 < j < len(x) - 1
        return {"x": [float(x[j])], "y": [float(y[i])]} if inside else {"x": [], "y": []}

    heights = [np.asarray(height(value), float).round(4) for value in values]
    least, most = heights[0].min(), heights[0].max()
    levels = {"start": least, "end": most, "size": (most - least) / 20 or 1}
    contour = go.Contour(
        x=x, y=y, z=heights[start], contours={"coloring": "heatmap", **levels},
        zmin=least, zmax=most,
        colorscale=[[0, "#2776d1"], [0.5, "#a9c7ea"], [1, "#f4f7fb"]],
        line={"color": "#666f82", "width": 0.7}, colorbar={"title": "loss", "thickness": 12},
    )  # fmt: skip
    points = go.Scatter(
        x=[p[0] for p in marks.values()], y=[p[1] for p in marks.values()], text=list(marks),
        mode="markers+text", textposition="top center", showlegend=False, hoverinfo="text",
        marker={"color": "#14181e", "size": 9}, textfont={"color": "#14181e"},
    )  # fmt: skip
    cross = go.Scatter(
        **lowest(heights[start]), text=["lowest"], mode="markers+text", showlegend=False,
        textposition="bottom right", hoverinfo="text",
        marker={"color": "#14181e", "size": 11, "symbol": "x"}, textfont={"color": "#14181e"},
    )  # fmt: skip
    args = [
        [
            {
                "x": [list(x), lowest(z)["x"]],
                "y": [list(y), lowest(z)["y"]],
                "z": [z.tolist(), None],
            },
            [0, 2],
        ]
        for z in heights
    ]
    return _figure(
        alt, [contour, points, cross], height=480,
        xaxis={"title": "x1", "range": [x[0], x[-1]]},
        yaxis={"title": "x2", "scaleanchor": "x", "range": [y[0], y[-1]]},
        sliders=[_slider(name, values, args, start)],
    )  # fmt: skip


def circle_regions(
    rule: Callable[[float, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]],
    values: Sequence[float],
    *,
    name: str,
    alt: str,
    length: Callable[[float], float] | None = None,
    start: int = 0,
) -> Figure:
    """Where on the circle a feature counts as class 1 or as class 2, with a slider.

    Args:
        rule: (value, θ1, θ2) → two booleans per direction: "is 1" and "is 2", θ in radians.
        values: the slider's positions.
        name: what the slider sets.
        length: value → length of the arrow W1, else 1. W2 has length 1.
        start: index of the value to begin with.
    """
    import plotly.graph_objects as go

    length = length or (lambda value: 1.0)
    phi = np.linspace(0, 2 * np.pi, 721)
    ways = np.radians([40, 140])
    theta = [np.abs((phi - w + np.pi) % (2 * np.pi) - np.pi) for w in ways]

    def moving(value: float) -> list[go.Scatter]:
        arcs = [np.where(inside, 1.0, np.nan) for inside in rule(value, *theta)]
        return [
            *(
                go.Scatter(
                    x=arc * np.cos(phi), y=arc * np.sin(phi), mode="lines", hoverinfo="skip",
                    name=f"counts as class {i + 1}",
                    line={"width": 10, "color": COLORS[i], "simplify": False},
                )
                for i, arc in enumerate(arcs)
            ),
            *(
                go.Scatter(
                    x=[0, r * np.cos(w)], y=[0, r * np.sin(w)], mode="lines+markers+text",
                    text=["", f"W{i + 1}"], textposition="top center", hoverinfo="skip",
                    showlegend=False, line={"width": 3, "color": COLORS[i]},
                    marker={"symbol": "arrow", "angleref": "previous", "size": [0, 14]},
                )
                for i, (w, r) in enumerate(zip(ways, (length(value), 1.0), strict=True))
            ),
        ]  # fmt: skip

    neither = any(not np.logical_or(*rule(value, *theta)).all() for value in values)
    circle = go.Scatter(
        x=np.cos(phi), y=np.sin(phi), mode="lines", name="neither", hoverinfo="skip",
        showlegend=neither, line={"width": 1, "color": "#808080", "simplify": False},
    )  # fmt: skip
    figure = _figure(alt, [*moving(values[start]), circle], height=520)
    args = []
    for value in values:
        new = moving(value)
        xy = {axis: [np.array(trace[axis], float).tolist() for trace in new] for axis in "xy"}
        args.append([xy, list(range(len(new)))])
    reach = 1.25 * max(1, *(length(value) for value in values))
    return figure.update_layout(
        xaxis={"visible": False, "range": [-reach, reach]},
        yaxis={"visible": False, "range": [-reach, reach], "scaleanchor": "x"},
        sliders=[_slider(name, values, args, start)],
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        margin={"l": 20, "r": 20, "t": 40, "b": 20},
    )  # fmt: skip


def score_shares(
    labels: Sequence[int], classes: int, ranks: int, rates: Sequence[float], *, alt: str,
    seed: int = 0,
) -> Figure:  # fmt: skip
    """The scores (N, C) of a batch with ``labels`` (N,), each a square in the colour of the rank
    that computes it. With several ``rates`` a slider for the sample rate of Partial FC; what is
    left out is a dot.

    Each rank uses the classes of the batch, and others at random up to the rate.
    """
    import plotly.graph_objects as go

    labels = np.asarray(labels)
    rng = np.random.default_rng(seed)
    key = rng.random(classes)
    key[labels] = 2  # above all random numbers
    held = np.array_split(np.arange(classes), ranks)

    def used(rate: float) -> list[np.ndarray]:
        parts = []
        for mine in held:
            most = max(int(np.ceil(rate * len(mine))), int((key[mine] > 1).sum()))
            parts.append(mine[np.argsort(-key[mine])[:most]])
        return parts

    def squares(columns: np.ndarray) -> dict[str, list]:
        x, y = np.meshgrid(np.sort(columns), np.arange(len(labels)))
        return {"x": x.ravel().tolist(), "y": y.ravel().tolist()}

    def moving(rate: float) -> list[dict[str, list]]:
        parts = used(rate)
        left = np.setdiff1d(np.arange(classes), np.concatenate(parts))
        return [squares(left), *map(squares, parts)]

    start = moving(rates[0])
    square = {"symbol": "square", "size": 13}
    traces = [
        go.Scatter(
            **start[0], name="left out", mode="markers", hoverinfo="skip",
            marker={"size": 3, "color": "#808080"},
        ),
        *(
            go.Scatter(
                **xy, name=f"rank {rank}", mode="markers", hoverinfo="skip",
                marker={**square, "color": COLORS[rank]},
            )
            for rank, xy in enumerate(start[1:])
        ),
        go.Scatter(
            x=labels, y=np.arange(len(labels)), name="true class", mode="markers",
            hoverinfo="skip", marker={"symbol": "x", "size": 8, "color": "#ffffff",
                                      "line": {"color": "#000000", "width": 1}},
        ),
    ]  # fmt: skip
    figure = _figure(alt, traces, height=170 + 26 * len(labels))
    args = []
    for rate in rates:
        new = moving(rate)
        xy = {axis: [trace[axis] for trace in new] for axis in "xy"}
        args.append([xy, list(range(len(new)))])
    return figure.update_layout(
        xaxis={"title": "class", "zeroline": False, "range": [-1, classes]},
        yaxis={"title": "image", "zeroline": False, "autorange": "reversed", "dtick": 1},
        sliders=[_slider("sample rate", rates, args, 0)] if len(rates) > 1 else [],
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
    )
