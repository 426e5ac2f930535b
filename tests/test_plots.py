"""Plotly figures: what their sliders change, and that each says what is to be seen."""

import numpy as np
import pytest

from facetoy import plots

X = np.linspace(0, 1, 5)


def test_curves_have_lines_points_and_one_slider_for_curves_that_share_it():
    figure = plots.curves(
        X,
        {
            "still": X,
            "a": plots.Slid("m", [1, 2], lambda m: m * X, 1),
            "b": plots.Slid("m", [1, 2], lambda m: -m * X, 1),
            "c": plots.Slid("s", [3, 4, 5], lambda s: s + X),
        },
        points={"measured": ([0.5], [0.25])},
        x_title="x", y_title="y", alt="Lines.", height=300, xaxis_type="log",
    )  # fmt: skip
    assert [trace.name for trace in figure.data] == ["still", "a", "b", "c", "measured"]
    np.testing.assert_allclose(figure.data[1].y, 2 * X)
    np.testing.assert_allclose(figure.data[3].y, 3 + X)
    assert figure.layout.height == 300 + 2 * plots.SLIDER
    assert figure.layout.xaxis.type == "log"
    assert figure.layout.meta == {"alt": "Lines.", "height": 300}
    m, s = figure.layout.sliders
    assert (m.y - s.y) * (300 - 80) == pytest.approx(plots.SLIDER)  # none lies on another
    assert (m.active, s.active) == (1, 0)
    changes, traces = m.steps[0].args
    assert list(traces) == [1, 2]
    np.testing.assert_allclose(changes["y"], [X, -X])
    assert [step.label for step in s.steps] == ["3", "4", "5"]
    np.testing.assert_allclose(s.steps[2].args[0]["y"], [5 + X])
    assert list(s.steps[2].args[1]) == [3]


def test_many_lines_make_room_for_their_legend():
    few, many = (
        plots.curves(X, {str(k): X for k in range(n)}, x_title="x", y_title="y", alt="Lines.")
        for n in (3, 9)
    )
    assert many.layout.height > few.layout.height


def test_landscape_slides():
    figure = plots.landscape(
        X, X, lambda v: np.full((5, 5), v), [1.0, 2.0], name="v", marks={"c": (0.2, 0.4)},
        alt="A plane.", start=1,
    )  # fmt: skip
    assert (np.array(figure.data[0].z) == 2).all()
    changes, traces = figure.layout.sliders[0].steps[0].args
    assert list(traces) == [0, 2]
    assert (np.array(changes["z"][0]) == 1).all()
    assert figure.data[1].text == ("c",)


def test_landscape_marks_its_lowest_point_unless_it_lies_on_the_edge():
    figure = plots.landscape(
        X, X, lambda v: (X[None] - v) ** 2 + (X[:, None] - X[1]) ** 2, [X[3], X[-1]], name="v",
        marks={}, alt="A plane.",
    )  # fmt: skip
    inside, on_edge = (step.args[0] for step in figure.layout.sliders[0].steps)
    assert (inside["x"][1], inside["y"][1]) == ([X[3]], [X[1]])
    assert (on_edge["x"][1], on_edge["y"][1]) == ([], [])
    assert list(figure.data[2].x) == [X[3]]


@pytest.mark.parametrize("values", [[0.0, 0.5, 1.0]])
def test_circle_regions_follow_their_rule(values):
    def rule(m, one, two):
        return one + m < two, two + m < one

    figure = plots.circle_regions(rule, values, name="m", alt="A circle.")
    sizes = [
        np.isfinite(np.array(step.args[0]["x"][0], float)).sum()
        for step in figure.layout.sliders[0].steps
    ]
    assert sizes[0] > sizes[1] > sizes[2] > 0
    assert figure.data[-1].showlegend  # "neither"


def test_circle_regions_name_neither_only_where_it_occurs():
    figure = plots.circle_regions(
        lambda m, one, two: (one <= two, one > two), [0.0], name="m", alt="A circle."
    )
    assert not figure.data[-1].showlegend


def test_bands_reach_from_the_lowest_to_the_highest():
    rows = np.array([X, 3 * X, 2 * X])
    figure = plots.bands(X, {"a": rows, "b": rows + 1}, alt="Bands.", x_title="x", y_title="y")
    lines, edges = figure.data[:2], figure.data[2:]
    np.testing.assert_allclose(lines[0].y, 2 * X)
    np.testing.assert_allclose(edges[1].y, np.concatenate([X + 1, (3 * X + 1)[::-1]]))
    np.testing.assert_allclose(edges[1].x, np.concatenate([X, X[::-1]]))
    assert [t.legendgroup for t in figure.data] == ["0", "1", "0", "1"]
    assert [t.showlegend for t in edges] == [False, False]


def test_score_shares_leave_out_all_but_the_batch_and_a_sample():
    labels, rates = [3, 3, 9, 17], [1.0, 0.25]
    figure = plots.score_shares(labels, 20, 4, rates, alt="Squares.")
    assert [t.name for t in figure.data] == [
        "left out", *(f"rank {k}" for k in range(4)), "true class"
    ]  # fmt: skip
    for rate, step in zip(rates, figure.layout.sliders[0].steps, strict=True):
        changes, traces = step.args
        assert list(traces) == [0, 1, 2, 3, 4]
        x = [set(columns) for columns in changes["x"]]
        assert set().union(*x) == set(range(20))
        for rank, used in enumerate(x[1:]):
            mine = set(range(5 * rank, 5 * rank + 5))
            assert used <= mine
            assert len(used) == max(int(np.ceil(rate * 5)), len(mine & set(labels)))
            assert mine & set(labels) <= used
        assert not x[0] & set().union(*x[1:])
