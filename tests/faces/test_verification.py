"""Verification: equal to scikit-learn where they overlap, honest about what the data can bear."""

import tracemalloc

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from facetoy.faces import verification as v


@pytest.fixture(scope="module")
def people():
    """200 people with 6 features each, around a direction of their own."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(200), 6)
    centre = rng.normal(size=(200, 8))
    return centre[labels] + 0.7 * rng.normal(size=(1200, 8)), labels


def test_all_pairs_and_drawn_pairs(people):
    _, labels = people
    every = v.all_pairs(labels)
    assert len(every.same) == 1200 * 1199 // 2
    assert every.same.sum() == 200 * 15
    drawn = v.draw_pairs(labels, 3000, seed=1)
    assert (drawn.same.sum(), (~drawn.same).sum()) == (3000, 3000)
    assert (drawn.first != drawn.second).all()
    assert np.array_equal(labels[drawn.first] == labels[drawn.second], drawn.same)
    again = v.draw_pairs(labels, 3000, seed=1)
    assert np.array_equal(again.first, drawn.first)
    with pytest.raises(ValueError, match="two classes"):
        v.draw_pairs(np.zeros(5, int), 3)


def test_pairs_of_one_person_are_drawn_evenly():
    """Every pair is as likely as every other, whatever the size of its class."""
    drawn = v.draw_pairs(np.array([0, 0, 0, 1, 1]), 40_000)
    alike = np.sort(np.stack([drawn.first, drawn.second], 1)[drawn.same], axis=1)
    _, counts = np.unique(alike, axis=0, return_counts=True)
    assert len(counts) == 4
    np.testing.assert_allclose(counts / 40_000, 0.25, atol=0.01)


def test_scores_and_their_ranking_on_the_unit_sphere(people):
    x, labels = people
    pairs = v.draw_pairs(labels, 2000)
    u = x / np.linalg.norm(x, axis=1, keepdims=True)
    cos = v.cosine(x, pairs)
    np.testing.assert_allclose(cos, (u[pairs.first] * u[pairs.second]).sum(1), atol=1e-5)
    far = -v.negative_distance(u, pairs)
    np.testing.assert_allclose(far**2, 2 - 2 * cos, atol=1e-4)
    assert v.auc(cos, pairs.same) == pytest.approx(v.auc(-far, pairs.same), abs=1e-6)


def test_curve_is_that_of_scikit_learn(people):
    x, labels = people
    pairs = v.all_pairs(labels)
    scores = v.cosine(x, pairs)
    curve = v.roc(scores, pairs.same)
    far, tar, threshold = roc_curve(pairs.same, scores, drop_intermediate=False)
    assert np.array_equal(curve.far, far)
    assert np.array_equal(curve.tar, tar)
    assert np.array_equal(curve.threshold, threshold)
    assert curve.impostors == (~pairs.same).sum()
    assert v.auc(scores, pairs.same) == roc_auc_score(pairs.same, scores)
    for want in (0.1, 0.01, 1e-3, 1e-4):
        rate, limit = curve.tar_at(want)
        accepted = scores >= limit
        assert accepted[~pairs.same].mean() <= want
        assert accepted[pairs.same].mean() == pytest.approx(rate)
        # one step further would accept too many
        assert (scores >= scores[scores < limit].max())[~pairs.same].mean() > want


def test_equal_error_rate():
    scores = np.array([0.9, 0.8, 0.7, 0.6, 0.4, 0.3, 0.2, 0.1])
    same = np.array([1, 1, 1, 0, 1, 0, 0, 0], bool)
    assert v.roc(scores, same).eer == pytest.approx(0.25)
    assert v.roc(scores, scores > 0.5).eer == pytest.approx(0)
    curve = v.roc(np.zeros(8), same)
    assert curve.eer == pytest.approx(0.5)


def test_too_few_impostors_are_refused(people):
    x, labels = people
    pairs = v.draw_pairs(labels, 500)
    curve = v.roc(v.cosine(x, pairs), pairs.same)
    curve.tar_at(0.02)
    with pytest.raises(ValueError, match=r"FAR 0\.001 needs at least 10,000 .* got 500"):
        curve.tar_at(0.001)
    with pytest.raises(ValueError, match=r"far must lie in \(0, 1\], got 0"):
        curve.tar_at(0)
    both = v.tar_at([curve, curve], [0.02, 0.5])
    assert both.tolist() == [[curve.tar_at(0.02)[0], curve.tar_at(0.5)[0]]] * 2


@pytest.mark.parametrize("seed", range(5))
def test_best_threshold_is_the_best(seed):
    rng = np.random.default_rng(seed)
    scores, same = rng.integers(0, 12, 60) / 10, rng.random(60) < 0.5
    limit = v.best_threshold(scores, same)
    right = np.mean((scores >= limit) == same)
    tried = [np.mean((scores >= t) == same) for t in (*np.unique(scores), np.inf)]
    assert right == pytest.approx(max(tried))


def test_fold_accuracy_takes_the_threshold_from_the_other_folds():
    # in fold 1 the best threshold would be 5; the other fold says 0
    scores = np.array([-1, 1, -1, 1, 4.0, 6, 4, 6])
    same = np.array([0, 1, 0, 1, 0, 1, 0, 1], bool)
    got = v.fold_accuracy(scores, same, np.repeat([0, 1], 4))
    assert got.folds.tolist() == [0.5, 0.5]
    assert got.mean == 0.5
    assert got.error == 0
    ten = v.fold_accuracy(np.tile([0.0, 1.0], 50), np.tile([False, True], 50))
    assert len(ten.folds) == 10
    assert ten.mean == 1
    with pytest.raises(ValueError, match="at least two folds, got 1"):
        v.fold_accuracy(scores, same, 1)


def test_intervals_resample_people(people):
    """Few people with many photos each: far less is known than the number of pairs suggests."""
    rng = np.random.default_rng(1)
    labels = np.repeat(np.arange(12), 30)
    centre, spread = rng.normal(size=(12, 4)), rng.uniform(0.2, 1.2, 12)
    x = centre[labels] + spread[labels][:, None] * rng.normal(size=(360, 4))
    pairs = v.all_pairs(labels)
    scores = v.cosine(x, pairs)
    low, high = v.people_interval(scores, pairs, labels, resamples=60)
    assert low < v.auc(scores, pairs.same) < high
    naive = []
    for _ in range(60):
        k = rng.integers(0, len(scores), len(scores))
        naive.append(v.auc(scores[k], pairs.same[k]))
    assert high - low > 3 * (np.quantile(naive, 0.975) - np.quantile(naive, 0.025))


def test_lfw_pairs_file(tmp_path):
    path = tmp_path / "pairs.txt"
    path.write_text("2\t1\naa\t1\t4\nbb\t2\tcc\t10\ndd\t3\t5\nee\t1\tff\t1\n")
    pairs, fold = v.read_pairs(path)
    assert pairs == [
        ("aa/aa_0001.jpg", "aa/aa_0004.jpg", True),
        ("bb/bb_0002.jpg", "cc/cc_0010.jpg", False),
        ("dd/dd_0003.jpg", "dd/dd_0005.jpg", True),
        ("ee/ee_0001.jpg", "ff/ff_0001.jpg", False),
    ]
    assert fold.tolist() == [0, 0, 1, 1]
    path.write_text("1\naa\t1\t4\nbb\t2\tcc\t10\n")
    assert len(v.read_pairs(path)[0]) == 2
    for text, says in (
        ("ten\n", "line 1: expected the number of folds"),
        ("1\naa\t1\t4\n", "expected 2 pairs, got 1 lines"),
        ("1\naa\tone\t4\nB\t1\tC\t2\n", "line 2: expected a name and two numbers"),
        ("1\naa\t1\nB\t1\tC\t2\n", "line 2: .* got 'aa 1'"),
    ):
        path.write_text(text)
        with pytest.raises(ValueError, match=says):
            v.read_pairs(path)


def test_one_kind_of_pairs_is_no_curve():
    with pytest.raises(ValueError, match="pairs of one person and pairs of two"):
        v.roc(np.ones(3), np.ones(3, bool))


@pytest.mark.parametrize(
    ("scores", "says"),
    [
        ([0.1, np.nan, 0.3, 0.4], "scores must be finite"),
        ([0.1, 0.2], "2 scores for 4 pairs"),
    ],
)
@pytest.mark.parametrize("measure", [v.roc, v.auc, v.best_threshold, v.fold_accuracy])
def test_scores_that_cannot_be_judged(scores, says, measure):
    with pytest.raises(ValueError, match=says):
        measure(np.array(scores), np.array([0, 1, 0, 1]))


def test_labels_may_be_anything():
    by_name = v.draw_pairs(np.array(["x", "x", "y", "y"]), 50)
    by_number = v.draw_pairs([7, 7, 10**12, 10**12], 50)
    assert np.array_equal(by_name.first, by_number.first)
    assert v.all_pairs([0, 0, 1]).same.tolist() == [True, False, False]
    assert repr(v.Pairs(0, 1, np.array([1, 0, 0]))) == "Pairs: 1 of one person, 2 of two"


def test_a_threshold_between_neighbouring_floats():
    low = np.float32(0.5)
    scores = np.array([np.nextafter(low, np.float32(1)), low])
    assert scores[0] >= v.best_threshold(scores, np.array([True, False])) > scores[1]


def test_people_without_both_kinds_of_pairs():
    pairs = v.Pairs(np.array([0]), np.array([1]), np.array([True]))
    with pytest.raises(ValueError, match="no resample of 1 people"):
        v.people_interval(np.ones(1), pairs, np.zeros(2))


def test_ten_million_pairs_in_bounded_memory(people):
    x, labels = people
    pairs = v.draw_pairs(labels, 5_000_000)
    tracemalloc.start()
    scores = v.cosine(x, pairs)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < scores.nbytes + 64e6  # not the features of ten million pairs
    curve = v.roc(scores, pairs.same)
    assert curve.impostors == 5_000_000
    assert curve.tar_at(1e-4)[0] < curve.tar_at(1e-1)[0]


@pytest.mark.parametrize("score", [v.cosine, v.negative_distance])
def test_memory_stays_bounded_however_long_features_are(score, monkeypatch):
    """Chunks are sized by bytes: as many numbers are compared at a time, long rows or short."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(30, 1000)).astype(np.float32)
    pairs = v.all_pairs(np.repeat(range(10), 3))
    at_once = []
    rows = np.ndarray.__getitem__

    class Watched(np.ndarray):
        def __getitem__(self, index):
            found = rows(self, index)
            if isinstance(index, np.ndarray):
                at_once.append(found.nbytes)
            return np.asarray(found)

    whole = v._score(features, pairs, lambda a, b: (a * b).sum(1))
    monkeypatch.setattr(v, "CHUNK", 20_000)
    parts = v._score(features.view(Watched), pairs, lambda a, b: (a * b).sum(1))
    assert np.array_equal(whole, parts)
    assert max(at_once) <= 20_000
    assert len(score(features, pairs)) == len(pairs.first)
