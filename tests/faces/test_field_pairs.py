"""What people met in the field with pairs and their scores: each with its neighbours."""

from functools import partial

import numpy as np
import pytest

from facetoy.faces import verification as v

SAME = np.tile([True, False], 15)
SCORES = np.random.default_rng(0).random(30)
LABELS = np.repeat(np.arange(5), 6)
JUDGES = [v.roc, v.auc, v.best_threshold, v.fold_accuracy]


@pytest.mark.parametrize("judge", JUDGES)
@pytest.mark.parametrize(
    ("scores", "same", "says"),
    [
        (SCORES[:, None], SAME, r"scores must have shape \(P,\), got \(30, 1\)"),
        (SCORES[None], SAME, r"scores must have shape \(P,\), got \(1, 30\)"),
        (SCORES, SAME[:, None], r"same must have shape \(P,\), got \(30, 1\)"),
        (SCORES[:, None], SAME[:, None], r"scores must have shape \(P,\), got \(30, 1\)"),
        (0.5, SAME, r"scores must have shape \(P,\), got \(\)"),
        ([[0.1], [0.2, 0.3]], SAME, r"scores must have shape \(P,\), got rows that differ"),
        (SCORES[:29], SAME, "got 29 scores for 30 pairs"),
        ([], [], "pairs of one person and pairs of two"),
        (["a"] * 30, SAME, "scores must be real numbers, got <U1"),
        ([None] * 30, SAME, "scores must be real numbers, got object"),
        (SCORES + 1j, SAME, "scores must be real numbers, got complex128"),
        (SCORES + np.inf, SAME, "scores must be finite, got inf"),
        (np.ma.masked_less(SCORES, 0.5), SAME, "scores must have no masked values, got 1"),
        (SCORES, np.ma.masked_array(SAME, SAME), "same must have no masked values, got 15"),
        (SCORES, np.where(SAME, 1, -1), "same must be True or False for each pair, got .*-1"),
        (SCORES, np.where(SAME, "True", "False"), "same must be True or False .*got .*True"),
        (SCORES, [None, *SAME[1:]], "same must be True or False for each pair, got None"),
        (SCORES, SAME * np.nan, "same must be True or False for each pair, got .*nan"),
        (SCORES, SAME + 0.5, "same must be True or False for each pair, got .*1.5"),
    ],
)
def test_scores_that_cannot_be_judged(judge, scores, same, says):
    with pytest.raises(ValueError, match=says):
        judge(scores, same)


@pytest.mark.parametrize("judge", JUDGES)
def test_scores_of_any_kind_of_number(judge):
    scores = (100 * SCORES).astype(np.uint8)
    scores[:2] = 0, 200
    wanted = repr(judge(scores.astype(float), SAME))
    fixed = scores.astype(float)
    fixed.flags.writeable = False
    for same in (SAME.tolist(), SAME.astype(int), SAME.astype(float), SAME.astype(object)):
        assert repr(judge(fixed, same)) == wanted
    for kind in (np.uint8, np.int16, np.uint64):
        assert repr(judge(scores.astype(kind), SAME)) == wanted
    for kind in (np.float16, np.float32):
        judge(scores.astype(kind), SAME)
    right = SCORES > 0.5
    assert repr(judge(right, SAME)) == repr(judge(right.astype(float), SAME))


@pytest.mark.parametrize("judge", [v.roc, v.auc])
@pytest.mark.parametrize(
    ("weight", "says"),
    [
        (np.ones((30, 1)), r"weight must have shape \(P,\), got \(30, 1\)"),
        (np.ones(29), "weight must be at least 0 for each of 30 pairs, got 29 from 1.0"),
        (-np.ones(30), "weight must be at least 0 for each of 30 pairs, got 30 from -1.0"),
        (np.full(30, np.nan), "weight must be finite, got nan"),
        (SAME.astype(float), "pairs of one person and pairs of two"),
    ],
)
def test_weights_that_weigh_nothing(judge, weight, says):
    with pytest.raises(ValueError, match=says):
        judge(SCORES, SAME, weight)


@pytest.mark.parametrize(
    ("fold", "says"),
    [
        (1, "at least two folds, got 1"),
        (0, "fold must be an integer of at least 1, got 0"),
        (2.5, "fold must be an integer of at least 1, got 2.5"),
        (True, "fold must be an integer of at least 1, got True"),
        (None, "fold must be an integer of at least 1, got None"),
        (np.arange(30)[:, None], r"fold must have shape \(N,\), got \(30, 1\)"),
        (np.arange(29), "got 29 folds for 30 pairs"),
        (np.full(30, np.nan), "fold must be whole numbers, or words .*; got .*nan"),
        (np.zeros(30), "at least two folds, got 1"),
    ],
)
def test_folds_that_are_none(fold, says):
    with pytest.raises(ValueError, match=says):
        v.fold_accuracy(SCORES, SAME, fold)


@pytest.mark.parametrize(
    ("labels", "got"),
    [
        (["a", "a", float("nan"), "b"], "nan"),
        (["a", "a", None, "b"], "None"),
        (["a", "a", "", "b"], "''"),
        (["a", "a", 1, "b"], "1"),
        ([1, 1, "a", 2], "'a'"),
        ([1, 1, None, 2], "None"),
        (np.array(["a", "a", "", "b"]), "''"),
        (np.array([0, 0, np.nan, 1]), "nan"),
        (np.array([0, 0, np.inf, 1]), "inf"),
        ([0.5, 0.5, 1, 1], "0.5"),
        (np.array([0, 0, 1, 1], complex), "0j"),
        (np.array(["a", "a", None, "b"], object), "None"),
        (np.array([b"a", b"a", b"b", b"b"]), "b'a'"),
        ([[0], [0], [1], [1]], r"\[0\]"),
    ],
)
def test_labels_that_are_nobody(labels, got):
    pairs = v.Pairs([0, 1], [1, 2], [True, False])
    for act in (
        v.all_pairs,
        lambda x: v.draw_pairs(x, 3),
        lambda x: v.people_interval([0.1, 0.2], pairs, x, resamples=3),
    ):
        with pytest.raises(ValueError, match=f"labels must be whole .*; got .*{got}"):
            act(labels)


@pytest.mark.parametrize(
    "labels",
    [
        LABELS.tolist(), tuple(LABELS), LABELS.astype(np.uint8), LABELS.astype(np.float16),
        LABELS.astype(object), LABELS.astype(str), LABELS.astype(str).tolist(),
        LABELS.astype(str).astype(object), [float(k) for k in LABELS],
    ],
)  # fmt: skip
def test_labels_of_every_kind(labels):
    for make in (v.all_pairs, partial(v.draw_pairs, count=20)):
        for there, here in zip(make(LABELS), make(labels), strict=True):
            np.testing.assert_array_equal(here, there)


@pytest.mark.parametrize(
    ("act", "says"),
    [
        (lambda: v.all_pairs(LABELS[:, None]), r"labels must have shape \(N,\), got \(30, 1\)"),
        (lambda: v.draw_pairs(LABELS[:, None], 3), r"labels must have shape \(N,\), got \(30, 1\)"),
        (lambda: v.draw_pairs(7, 3), r"labels must have shape \(N,\), got \(\)"),
        (lambda: v.draw_pairs([], 3), "two classes"),
        (lambda: v.draw_pairs(LABELS, -1), "count must be an integer of at least 0, got -1"),
        (lambda: v.draw_pairs(LABELS, 2.5), "count must be an integer of at least 0, got 2.5"),
        (lambda: v.roc(SCORES, SAME).tar_at("1"), r"far must lie in \(0, 1\], got '1'"),
        (lambda: v.roc(SCORES, SAME).tar_at(True), r"far must lie in \(0, 1\], got True"),
        (lambda: v.roc(SCORES, SAME).tar_at(np.nan), r"far must lie in \(0, 1\], got nan"),
        (lambda: v.tar_at(v.roc(SCORES, SAME), [1]), "several curves and several rates"),
        (lambda: v.tar_at([v.roc(SCORES, SAME)], 1), "several curves and several rates"),
        (lambda: v.people_interval(SCORES, PAIRS, LABELS, level=95), r"lie in \(0, 1\), got 95"),
        (lambda: v.people_interval(SCORES, PAIRS, LABELS, resamples=0), "of at least 1, got 0"),
        (lambda: v.people_interval(SCORES[:5], PAIRS, LABELS), "got 5 scores for 30 pairs"),
        (lambda: v.people_interval(SCORES[:, None], PAIRS, LABELS), r"\(P,\), got \(30, 1\)"),
        (lambda: v.people_interval(SCORES, PAIRS, LABELS[:9]), "indices of 9 images"),
    ],
)
def test_arguments_that_nobody_can_take(act, says):
    with pytest.raises(ValueError, match=says):
        act()


PAIRS = v.Pairs(np.arange(30), np.arange(30)[::-1], SAME)
X = np.random.default_rng(1).normal(size=(30, 8))
NO_PAIRS = {
    "columns": (PAIRS._replace(first=PAIRS.first[:, None]), r"pairs.first must have shape \(P,\)"),
    "lengths": (PAIRS._replace(second=[1]), r"pairs must be of one length, got \[30, 1, 30\]"),
    "negative": (PAIRS._replace(first=PAIRS.first - 1), r"pairs.first must be .* from -1 to 28"),
    "too high": (PAIRS._replace(second=PAIRS.second + 1), "second must be indices of 30 images"),
    "floats": (PAIRS._replace(first=PAIRS.first * 1.0), "indices of 30 images, got float64"),
    "booleans": (PAIRS._replace(first=SAME), "indices of 30 images, got bool"),
    "an array": (np.zeros((3, 30), int), r"pairs must be Pairs\(first, second, same\), got ndarr"),
    "two": ((PAIRS.first, PAIRS.second), r"pairs must be Pairs\(first, second, same\), got tuple"),
}


@pytest.mark.parametrize("score", [v.cosine, v.negative_distance])
@pytest.mark.parametrize("case", NO_PAIRS)
def test_pairs_that_are_none(score, case):
    pairs, says = NO_PAIRS[case]
    with pytest.raises(ValueError, match=says):
        score(X, pairs)


@pytest.mark.parametrize("score", [v.cosine, v.negative_distance])
@pytest.mark.parametrize(
    ("features", "says"),
    [
        (X[0], r"features must have shape \(N, d\), got \(8,\)"),
        (X[None], r"features must have shape \(N, d\), got \(1, 30, 8\)"),
        ([[1, 2], [3]], r"features must have shape \(N, d\), got rows that differ"),
        (X * np.nan, "features must be finite, got nan"),
        (X + np.inf, "features must be finite, got inf"),
        (X.astype(str), "features must be real numbers, got <U"),
        (X + 1j, "features must be real numbers, got complex128"),
        (X[:9], "indices of 9 images"),
    ],
)
def test_features_that_cannot_be_compared(score, features, says):
    with pytest.raises(ValueError, match=says):
        score(features, PAIRS)


@pytest.mark.parametrize("score", [v.cosine, v.negative_distance])
def test_features_of_any_kind_of_number(score):
    x = (10 * X).round()
    fixed = np.repeat(x, 2, axis=0)[::2]
    fixed.flags.writeable = False
    wanted = score(x, PAIRS)
    for same in (x.astype(int), x.astype(np.float16), np.asfortranarray(x), x.tolist(), fixed):
        np.testing.assert_allclose(score(same, PAIRS), wanted, rtol=1e-6, atol=1e-6)
    lists = v.Pairs(*(part.tolist() for part in PAIRS))
    np.testing.assert_array_equal(score(x, lists), wanted)
    np.testing.assert_array_equal(score(x, tuple(PAIRS)), wanted)
    assert score(x, v.Pairs([], [], [])).shape == (0,)


def test_too_large_for_float32_is_said():
    with pytest.raises(ValueError, match="features in float32 must be finite, got"):
        v.negative_distance(X * 1e39, PAIRS)
    np.testing.assert_allclose(v.cosine(X * 1e39, PAIRS), v.cosine(X, PAIRS), atol=1e-6)


@pytest.mark.parametrize("d", [1, 3, 128, 4096])
def test_a_cosine_is_at_most_1(d):
    x = np.random.default_rng(d).normal(size=(500, d))
    k = np.arange(500)
    own = v.cosine(np.vstack([x, -x]), v.Pairs(np.r_[k, k], np.r_[k, k + 500], np.r_[k, k] < 0))
    assert np.isfinite(np.arccos(own)).all()
    np.testing.assert_allclose(own, np.repeat([1, -1], 500), atol=1e-6)


LINES = "aa\t1\t4\nbb\t2\tcc\t10\ndd\t3\t5\nee\t1\tff\t1\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1\t1\n" + LINES, "expected 2 pairs, got 4 lines"),
        ("1\n" + LINES, "expected 2 pairs, got 4 lines"),
        ("3\t1\n" + LINES, "expected 6 pairs, got 4 lines"),
        ("2\t1\n" + LINES + LINES[:7], "expected 4 pairs, got 5 lines"),
        ("1\t2\naa\t1\t4\ndd\t3\t5\nee\t1\t2\nff\t1\t2\n", "2 pairs of one .* got 4 in fold 1"),
        ("2\t1\naa\t1\t4\ndd\t3\t5\nbb\t2\tcc\t10\nee\t1\tff\t1\n", "1 pairs .* got 2 in fold 1"),
        ("", "line 1: expected the number of folds"),
        ("\n\n", "line 1: expected the number of folds"),
        ("0\t1\n", "line 1: expected the number of folds"),
        ("-1\t-1\n" + LINES[:20], "line 1: expected the number of folds"),
        ("2 1\n" + LINES, "line 1: expected the number of folds"),
        ("2\t1\t0\n" + LINES, "line 1: expected the number of folds"),
        (LINES, "line 1: expected the number of folds"),
        ("1\naa 1 4\nbb\t2\tcc\t10\n", "line 2: expected .* between tabs, got 'aa 1 4'"),
        ("1\naa\t1\t4\n\nbb\t2\tcc\t10\n", "expected 2 pairs, got 3 lines"),
        ("1\naa\t0\t4\nbb\t2\tcc\t10\n", "line 2: expected a name .* got 'aa 0 4'"),
        ("1\naa\t-1\t4\nbb\t2\tcc\t10\n", "line 2: expected a name .* got 'aa -1 4'"),
        ("1\naa\t1.5\t4\nbb\t2\tcc\t10\n", "line 2: expected a name .* got 'aa 1.5 4'"),
        ("1\n\t1\t4\nbb\t2\tcc\t10\n", "line 2: expected a name .* got ' 1 4'"),
        ("1\naa\t1\t4\nbb\t2\tbb\t10\n", "line 3: expected .* two names .* got 'bb 2 bb 10'"),
        ("1\naa\t1\t4\nbb\t2\tcc\t10\t1\n", "line 3: expected .* got 'bb 2 cc 10 1'"),
        ("1\naa\t1\t4\nb\xe9\t2\tcc\t10\n", "is not a text in UTF-8"),
    ],
)
def test_pair_lists_that_are_not_what_they_promise(tmp_path, text, says):
    path = tmp_path / "pairs.txt"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(ValueError, match=f"pairs.txt.*{says}"):
        v.read_pairs(path)


@pytest.mark.parametrize("end", ["", "\n", "\n\n", "  \n"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_pair_lists_however_they_were_written(tmp_path, end, newline, encoding):
    path = tmp_path / "pairs.txt"
    text = ("2\t1\n" + LINES.replace("ee", "é\u2028e").rstrip() + end).replace("\n", newline)
    path.write_bytes(text.encode(encoding))
    pairs, fold = v.read_pairs(str(path))
    assert [same for _, _, same in pairs] == [True, False, True, False]
    assert pairs[0][:2] == ("aa/aa_0001.jpg", "aa/aa_0004.jpg")
    assert pairs[3][0] == "é\u2028e/é\u2028e_0001.jpg"
    assert fold.tolist() == [0, 0, 1, 1]


class Counting(np.random.Generator):
    """Counts the random numbers that are drawn."""

    drawn = 0

    def integers(self, low, high=None, size=None):
        out = super().integers(low, high, size)
        self.drawn += out.size
        return out


@pytest.mark.parametrize("odd", [1, 5, 5000, 25_000])
def test_pairs_of_two_people_where_nearly_all_are_one(monkeypatch, odd):
    """As many draws as there are pairs, not as many as it takes to meet the odd one by chance."""
    labels = np.zeros(50_000, int)
    labels[1000 : 1000 + odd] = 1
    rng = Counting(np.random.PCG64(0))
    monkeypatch.setattr(np.random, "default_rng", lambda seed: rng)
    pairs = v.draw_pairs(labels, 4000)
    assert rng.drawn < 25 * 4000
    assert (labels[pairs.first] == labels[pairs.second]).tolist() == pairs.same.tolist()
    assert (pairs.first != pairs.second).all()
    assert len(np.unique(pairs.first[4000:])) > 1000


@pytest.mark.parametrize("sizes", [(97, 1, 1), (60, 1, 2)])
def test_every_pair_of_two_people_is_as_likely(sizes):
    """Drawn by class as well: with 97, 1 and 1 images, and by trying."""
    labels = np.repeat(range(3), sizes)
    pairs = v.draw_pairs(labels, 40_000)
    both = np.sort(np.stack([pairs.first, pairs.second], 1)[40_000:], axis=1)
    _, counts = np.unique(both, axis=0, return_counts=True)
    a, b, c = sizes
    expected = a * b + a * c + b * c
    assert len(counts) == expected
    assert ((counts - 40_000 / expected) ** 2).sum() / (40_000 / expected) < 1.4 * expected
    assert abs((pairs.first < pairs.second)[40_000:].mean() - 0.5) < 0.02
