"""ThresholdView's state: exact counts at every step, and errors to show wherever there are any."""

import io
import json

import numpy as np
import pytest
from PIL import Image

import facetoy
from facetoy.faces.verification import Pairs, draw_pairs, roc
from facetoy.views.threshold_view.counting import round_step
from facetoy.views.threshold_view.packing import COLUMNS
from facetoy.views.threshold_view.threshold_view import ThresholdView

COUNT = 2000  # pairs of each kind
CASES = ["normal", "ties", "apart", "equal", "whole", "distances"]


@pytest.fixture(scope="module")
def data() -> facetoy.Data:
    return facetoy.load("toyfaces", identities=60, images=10)


@pytest.fixture(scope="module")
def pairs(data) -> Pairs:
    return draw_pairs(data.train_labels, COUNT)


def make_scores(case: str, same: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(1)
    scores = np.clip(rng.normal(0.55 * same, 0.18), -1, 1)
    return {
        "normal": scores.astype(np.float32),
        "ties": np.round(scores, 1).astype(np.float32),  # all of them on the edge of a bar
        "apart": rng.uniform(0, 0.3, len(same)) + 0.5 * same,
        "equal": np.full(len(same), 0.7, np.float32),
        "whole": rng.integers(0, 4, len(same)) + 2 * same,
        "distances": (80 * scores - 100).astype(np.float32),
    }[case]


def numbers(meta: dict) -> np.ndarray:
    return np.array([float(label.replace("−", "-")) for label in meta["labels"]])


@pytest.mark.parametrize("case", CASES)
def test_counts_are_numpys_at_every_step(case, data, pairs):
    scores = make_scores(case, pairs.same)
    meta = ThresholdView(scores, pairs, data.train_images)._meta
    t = numbers(meta)
    assert (np.diff(t) > 0).all()
    assert len(t) <= 420
    for kind, mine in (("same", scores[pairs.same]), ("other", scores[~pairs.same])):
        assert meta["totals"][kind] == len(mine)
        # what readers would write; a number takes the type of the array
        assert meta["counts"][kind] == [int((mine >= float(v)).sum()) for v in t]
        assert meta["counts"][kind][0] == len(mine)
        assert meta["counts"][kind][-1] == 0
        bars = np.array(meta["bars"][kind])
        assert len(bars) * meta["group"] == len(t) - 1
        edges = t[:: meta["group"]].astype(np.result_type(scores, np.float16))
        inside = np.histogram(np.searchsorted(edges, mine, "right"), np.arange(len(bars) + 1) + 1)
        np.testing.assert_allclose(bars / bars.sum(), inside[0] / len(mine), atol=1e-4)


@pytest.mark.parametrize("case", CASES)
def test_wherever_there_are_errors_some_can_be_shown(case, data, pairs):
    scores = make_scores(case, pairs.same)
    meta = ThresholdView(scores, pairs, data.train_images)._meta
    for k, t in enumerate(numbers(meta).tolist()):
        for kind, wrong in (
            ("other", scores[(scores >= t) & ~pairs.same]),
            ("same", scores[(scores < t) & pairs.same]),
        ):
            found = [e for e in meta["errors"][kind] if (e["step"] >= k) == (kind == "other")]
            assert len(found) >= min(4, len(np.unique(wrong)))
            assert len(wrong) or not found
            for error in found:  # what is printed agrees with the decision
                printed = float(error["score"].replace("−", "-"))
                assert printed >= t if kind == "other" else printed < t


def test_shown_errors_lie_near_the_threshold_and_are_those_pairs(data, pairs):
    scores = make_scores("normal", pairs.same)
    names = [data.class_names[k] for k in data.train_labels]
    view = ThresholdView(scores, pairs, data.train_images, names=names)
    meta = view._meta
    page = np.asarray(Image.open(io.BytesIO(view._data)))
    size = meta["sprite"]
    assert (size["columns"], size["height"], size["width"]) == (COLUMNS, 32, 32)
    for kind, errors in meta["errors"].items():
        assert 20 <= len(errors) <= 40
        found = [float(e["score"].replace("−", "-")) for e in errors]
        assert found == sorted(set(found))
        overlap = [v for v in found if scores[pairs.same].min() < v < scores[~pairs.same].max()]
        assert np.diff(overlap).max() < 0.12
        for error in errors:
            alike = np.abs(scores - float(error["score"].replace("−", "-"))) < 1.1e-4
            candidates = np.flatnonzero(alike & (pairs.same == (kind == "same")))
            tiles = [
                page[row * 32 : row * 32 + 32, column * 32 : column * 32 + 32]
                for row, column in (divmod(i, COLUMNS) for i in error["images"])
            ]
            assert any(
                all(
                    np.array_equal(tile, np.rint(data.train_images[i, 0] * 255))
                    for tile, i in zip(tiles, (pairs.first[k], pairs.second[k]), strict=True)
                )
                and error["names"]
                == list(dict.fromkeys([names[pairs.first[k]], names[pairs.second[k]]]))
                for k in candidates
            )


def test_buttons_are_the_working_points_of_the_curve(data, pairs):
    scores = make_scores("normal", pairs.same)
    meta = ThresholdView(scores, pairs, data.train_images)._meta
    far, tar = (np.array(meta["counts"][kind]) / COUNT for kind in ("other", "same"))
    # 2,000 are too few for 0.1 %
    assert list(meta["buttons"]) == ["Equal error rate", "FAR at most 1 %"]
    k = meta["buttons"]["Equal error rate"]
    assert k == meta["start"]
    assert far[k] == pytest.approx(roc(scores, pairs.same).eer, abs=0.005)
    assert abs(far - (1 - tar)).min() == abs(far[k] - (1 - tar[k]))
    k = meta["buttons"]["FAR at most 1 %"]
    assert far[k] <= 0.01 < far[k - 1]
    few = Pairs(*(part[: COUNT + 999] for part in pairs))
    assert len(ThresholdView(scores[: COUNT + 999], few, data.train_images)._meta["buttons"]) == 1
    many = draw_pairs(data.train_labels, 10_000)
    meta = ThresholdView(make_scores("normal", many.same), many, data.train_images)._meta
    assert meta["counts"]["other"][meta["buttons"]["FAR at most 0.1 %"]] <= 10


def test_at_the_buttons_the_nearest_errors_of_all_are_there(data, pairs):
    scores = make_scores("normal", pairs.same)
    meta = ThresholdView(scores, pairs, data.train_images)._meta
    t = numbers(meta)
    for k in meta["buttons"].values():
        for kind, sign in (("other", 1), ("same", -1)):
            mine = np.unique(scores[pairs.same == (kind == "same")])
            wrong = mine[mine >= t[k]] if kind == "other" else mine[mine < t[k]]
            nearest = np.sort(np.abs(wrong - t[k]))[:4]
            shown = [float(e["score"].replace("−", "-")) - t[k] for e in meta["errors"][kind]]
            found = sorted(sign * v for v in shown if sign * v > -1e-6)[:4]
            np.testing.assert_allclose(found, nearest, atol=2e-4)


def test_the_state_stays_small_and_large_images_shrink(pairs):
    noise = np.random.default_rng(0).random((600, 1, 120, 90), np.float32)  # nothing packs worse
    view = ThresholdView(make_scores("normal", pairs.same), pairs, noise)
    state = view.get_state()
    size = len(json.dumps({k: v for k, v in state.items() if not isinstance(v, bytes)}))
    size += sum(len(v) * 4 / 3 for v in state.values() if isinstance(v, bytes))
    assert size < 250_000
    plain = np.full((600, 1, 120, 90), 0.5)
    found = ThresholdView(make_scores("normal", pairs.same), pairs, plain)._meta["sprite"]
    assert (found["height"], found["width"]) == (64, 48)


def test_the_picture_has_a_still_and_says_what_it_shows(data, pairs):
    scores = make_scores("apart", pairs.same)
    scores[-3:] = 0.9  # of two people
    view = ThresholdView(scores, pairs, data.train_images)
    assert Image.open(io.BytesIO(view._still)).size == (640, 360)
    assert view._alt.startswith("Histograms of the scores of pairs of one person and of two people")
    assert "accepts 3 of 2,000 pairs of two people (0.15%)" in view._alt
    assert "refuses 0 of 2,000 pairs of one person (0.00%)" in view._alt


@pytest.mark.parametrize(
    ("span", "most", "step", "digits"),
    [(1.4, 400, 0.005, 3), (2, 400, 0.005, 3), (1, 8, 0.2, 1), (30, 5, 10, 0), (0.7, 8, 0.1, 1)],
)
def test_steps_are_round(span, most, step, digits):
    found, decimals = round_step(span, most)
    assert found == pytest.approx(step)
    assert decimals >= digits
    assert round(found, decimals) == found


GOOD = {
    "scores": np.array([0.5, 0.2, 0.9]),
    "pairs": Pairs(np.array([0, 1, 2]), np.array([1, 2, 3]), np.array([True, False, False])),
    "images": np.zeros((4, 1, 8, 8)),
}


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"scores": np.zeros(2)}, r"\(P,\), got \(2,\) and \(3,\), \(3,\), \(3,\)"),
        ({"scores": np.zeros((3, 1))}, r"\(P,\), got \(3, 1\)"),
        ({"scores": np.array([0, np.nan, 1])}, "scores must be finite, got nan at 1"),
        ({"scores": np.array([0, 1, -np.inf])}, "scores must be finite, got -inf at 2"),
        (
            {"pairs": GOOD["pairs"]._replace(same=np.ones(3, bool))},
            "both kinds of pairs are needed, got Pairs: 3 of one person, 0 of two",
        ),
        (
            {"pairs": GOOD["pairs"]._replace(first=np.array([0, 4, 2]))},
            "pairs must point into 4 images, got 4",
        ),
        (
            {"pairs": GOOD["pairs"]._replace(second=np.array([0, 1, -1]))},
            "pairs must point into 4 images, got -1",
        ),
        ({"images": np.zeros((4, 8, 8))}, r"images must be \(N, 1, H, W\), got \(4, 8, 8\)"),
        ({"images": np.zeros((4, 3, 8, 8))}, r"images must be \(N, 1, H, W\), got \(4, 3, 8, 8\)"),
        ({"names": ["a"]}, "names must be one for each of 4 images, got 1"),
    ],
)
def test_wrong_input_is_named(bad, says):
    assert ThresholdView(**GOOD)._meta["totals"] == {"same": 1, "other": 2}
    with pytest.raises(ValueError, match=says):
        ThresholdView(**{**GOOD, **bad})
