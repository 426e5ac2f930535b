import dataclasses

import numpy as np
import pytest

import facetoy
from facetoy.losses import ArcFace


def test_source_is_the_whole_file():
    text = facetoy.source(ArcFace)
    assert text._repr_markdown_().startswith("```python\nfrom math import pi")
    assert "def phi(self, cos: Tensor)" in text
    assert text.endswith("```")


def test_spread_is_mean_and_sample_deviation():
    assert facetoy.spread([1, 3], "°").split() == ["2.0", "±", "1.4°"]
    assert facetoy.spread([2.04]) == "2.0"


def test_table_has_a_line_for_each_name():
    deg = np.deg2rad(np.array([-10, 10, 80, 100]))
    run = facetoy.Run(
        features=np.stack([np.cos(deg), np.sin(deg)], 1)[None],
        weight=np.array([[[1.0, 0.0], [0.0, 1.0]]]),
        predicted=np.array([[0, 0, 1, 0]]),
        labels=np.array([0, 0, 1, 1]),
        images=np.zeros((4, 1, 2, 2), np.float32),
        class_names=("a", "b"),
        steps=np.array([0]),
        history={},
        config={"num_classes": 2},
        device="cpu",
    )
    lines = facetoy.table({"one": [run], "bare": [dataclasses.replace(run, weight=None)]})
    one, bare = lines.splitlines()[2:4]
    assert [c.strip().replace("\N{NO-BREAK SPACE}", " ") for c in one.split("|")[1:-1]] == [
        "one", "75.0 %", "10.0°", "10.0°", "90.0°", "90.0°"
    ]  # fmt: skip
    assert bare.split("|")[3].strip() == "–"
    assert facetoy.measured([run, run], "accuracy").tolist() == [75, 75]
    assert facetoy.measured([run], "inter") == pytest.approx(90)
    assert "over 1 seeds" in lines


def test_table_takes_columns_of_its_own():
    runs = [facetoy.fit("softmax", facetoy.load("digits"), epochs=1, seed=s) for s in range(2)]
    steps = facetoy.Column("steps", lambda run: run.steps[-1], " steps", 2)
    assert facetoy.measured(runs, steps).tolist() == [12, 12]
    head, _, row, *_ = facetoy.table({"x": runs}, ["step_time", steps]).splitlines()
    assert head == "|  | time of a step | steps |"
    assert row.split("|")[3].split() == ["12.00", "±", "0.00", "steps"]
    assert float(row.split("|")[2].split()[0]) > 0


def test_listing_aligns_and_checks_its_rows():
    shown = facetoy.listing(["people", "error"], [(10, "5 %"), (100, "3 %")])
    assert shown.splitlines() == [
        "| people | error |", "|:--|--:|", "| 10 | 5 % |", "| 100 | 3 % |",
    ]  # fmt: skip
    assert facetoy.listing("ab", [], align="rl") == "| a | b |\n|--:|:--|"
    with pytest.raises(ValueError, match=r"a row must have 2 cells, got 1: \['x'\]"):
        facetoy.listing("ab", [["x"]])
    with pytest.raises(ValueError, match="align must be 2 letters l or r, got 'lc'"):
        facetoy.listing("ab", [], align="lc")


def test_claims_tick_what_holds_and_say_what_does_not():
    shown = facetoy.claims(
        ("One is less than two.", 1 < 2),
        ("Two are less than one.", np.float64(2) < 1, 2.0, np.array([1.23456, 3])),
    )
    assert shown.split("\n\n") == [
        "✓ One is less than two.",
        "✗ Not in this run: Two are less than one. (2., [1.2346, 3.    ])",
    ]
    with pytest.raises(TypeError, match=r"a claim must hold or not, got array.*'Both\.'"):
        facetoy.claims(("Both.", np.array([1, 2]) > 0))


def test_table_shows_strangers_where_they_were_asked():
    runs = [facetoy.fit("softmax", facetoy.load("digits"), epochs=1)]
    rows = {"a": runs, "b": runs}
    head, _, a, b, *_ = facetoy.table(rows, ["accuracy"], strangers={"a": [9, 11]}).splitlines()
    assert head == "|  | test accuracy | strangers: EER |"
    assert a.split("|")[3].split() == ["10.0", "±", "1.4", "%"]
    assert b.split("|")[3].strip() == "–"
    with pytest.raises(
        ValueError, match=r"no row for the strangers of 'c'; there are \['a', 'b'\]"
    ):
        facetoy.table(rows, strangers={"c": [1]})


def test_an_unknown_column_or_measure_is_told_with_those_that_there_are():
    run = facetoy.fit("softmax", facetoy.load("digits"), epochs=1)
    with pytest.raises(ValueError, match=r"unknown column 'EER'; there are accuracy, .*time"):
        facetoy.table({"a": [run]}, ["accuracy", "EER"])
    with pytest.raises(ValueError, match="unknown column 'EER'"):
        facetoy.measured([run], "EER")
    with pytest.raises(ValueError, match=r"unknown measure 'EER'; 'a' has loss, .*, seconds"):
        facetoy.plots.training_curves({"a": run}, "EER", alt="None.")
    with pytest.raises(ValueError, match="runs must be at least one, got none"):
        facetoy.plots.training_curves({}, alt="None.")


def test_a_percent_sign_stands_apart_from_its_number():
    assert facetoy.claims((f"It is {0.5:.0%} of all.", True)) == "✓ It is 50 % of all."
    assert "| 5.0 % |" in facetoy.listing(["a", "b"], [("x", f"{0.05:.1%}")])
