"""What people met in the field with galleries and pair scores: each with its neighbours."""

import copy
import pickle
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest

from facetoy.faces import search
from facetoy.faces.search import Gallery, load_gallery, make_index


def crowd(n, d=16, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


def directions(n, d=16, seed=0):
    x = crowd(n, d, seed)
    return x / np.linalg.norm(x, axis=1, keepdims=True)


NO_NAMES = [
    None, float("nan"), np.nan, np.float32(1), 1.0, "", "  ", "a\0", b"anna", True, np.bool_(True),
    np.datetime64("NaT"), ["a"], ("a",), np.array(["a"]), {}, 1j,
]  # fmt: skip


@pytest.mark.parametrize("name", NO_NAMES, ids=repr)
def test_what_nobody_is_called(name):
    g = Gallery(16)
    says = "a name must be a string that is not empty, or a whole number, got "
    for act in (
        lambda: g.enrol([name], crowd(1)),
        lambda: g.enrol(["a", name], crowd(2)),
        lambda: g.remove(name),
    ):
        with pytest.raises(ValueError, match=says):
            act()
    assert len(g) == 0


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        (["Ann", "nan"], ["Ann", "nan"]),
        ((7, np.int64(8)), ["7", "8"]),
        (np.array(["é", "None"]), ["é", "None"]),
        (np.array([3, -1], np.int8), ["3", "-1"]),
        (np.array(["a", 5], object), ["a", "5"]),
        (iter(["b", " c "]), ["b", " c "]),
        (range(2), ["0", "1"]),
    ],
)
def test_what_people_are_called(names, wanted, tmp_path):
    g = Gallery(16)
    g.enrol(names, crowd(2))
    assert load_gallery(g.save(tmp_path / "g.npz")).names == g.names == wanted


@pytest.mark.parametrize("names", ["ab", b"ab", {"a", "b"}, {"a": 1, "b": 2}, None, 2])
def test_names_have_an_order(names):
    with pytest.raises(ValueError, match="names must be a list, one for each feature, got"):
        Gallery(16).enrol(names, crowd(2))


FEATURES = {
    "one row": (crowd(1)[0], r"features must have shape \(N, 16\), got \(16,\)"),
    "a column": (crowd(16)[:, :1], r"shape \(N, 16\), got \(16, 1\)"),
    "a stack": (crowd(2)[None], r"shape \(N, 16\), got \(1, 2, 16\)"),
    "ragged": ([[1, 2], [3]], r"shape \(N, 16\), got rows that differ"),
    "words": (np.full((1, 16), "a"), "features must be real numbers, got <U1"),
    "objects": (np.full((1, 16), None), "features must be real numbers, got object"),
    "complex": (crowd(1) + 1j, "features must be real numbers, got complex"),
    "nan": (crowd(1) * np.nan, "features must be finite, got nan"),
    "inf": (np.full((1, 16), -np.inf), "features must be finite, got -inf"),
    "zero": (np.zeros((1, 16)), "length 0 has no direction"),
    "none": (None, r"shape \(N, 16\), got NoneType"),
}


@pytest.mark.parametrize("case", FEATURES)
def test_features_that_cannot_be_compared(case):
    features, says = FEATURES[case]
    g = Gallery(16)
    g.enrol(["a"], crowd(1))
    for act in (partial(g.enrol, ["b"]), g.search, partial(g.neighbours, k=1)):
        with pytest.raises(ValueError, match=says):
            act(features)
    assert g.names == ["a"]


def test_features_of_any_kind_of_number():
    x = (10 * crowd(30)).round()
    g = Gallery(16)
    g.enrol(range(30), x)
    fixed = x.copy()
    fixed.flags.writeable = False
    for same in (
        x.astype(np.float64), x.astype(np.float16), x.astype(int), np.asfortranarray(x),
        x.tolist(), fixed, np.repeat(x, 2, axis=1)[:, ::2], x.astype(">f4"),
    ):  # fmt: skip
        assert [a[0].name for a in g.search(same)] == g.names
    assert g.search(np.empty((0, 16))) == []
    g.enrol([], np.empty((0, 16)))
    assert len(g) == 30


@pytest.mark.parametrize(
    ("templates", "kind", "says"),
    [
        (crowd(5), "flat", "templates must have length 1, one is .* away"),
        (np.zeros((2, 4)), "ivf", "templates must have length 1, one is 1 away"),
        (np.empty((0, 16)), "ivf", r"an index needs templates, got \(0, 16\)"),
        (directions(5)[0], "flat", r"templates must have shape \(N, d\), got \(16,\)"),
        (directions(5) * np.nan, "hnsw", "templates must be finite, got nan"),
        (directions(5), "tree", "'flat', 'hnsw' or 'ivf', got 'tree'"),
    ],
)
def test_templates_that_make_no_index(templates, kind, says):
    with pytest.raises(ValueError, match=says):
        make_index(templates, kind)


@pytest.mark.parametrize(
    ("act", "says"),
    [
        (lambda g: g.search(crowd(1), threshold="0.5"), r"cosine in \[-1, 1\], got '0.5'"),
        (lambda g: g.search(crowd(1), threshold=np.nan), r"cosine in \[-1, 1\], got nan"),
        (lambda g: g.search(crowd(1), threshold=True), r"cosine in \[-1, 1\], got True"),
        (lambda g: g.search(crowd(1), threshold=np.zeros(1)), r"cosine in \[-1, 1\], got array"),
        (lambda g: g.search(crowd(1), threshold=1.0001), r"cosine in \[-1, 1\], got 1.0001"),
        (lambda g: g.search(crowd(1), threshold=10**400), r"cosine in \[-1, 1\], got 1000"),
        (lambda g: g.search(crowd(1), k=1.0), "k must be an integer of at least 1, got 1.0"),
        (lambda g: g.search(crowd(1), k=True), "k must be an integer of at least 1, got True"),
        (lambda g: g.neighbours(crowd(1), 0), "k must be an integer of at least 1, got 0"),
        (lambda g: g.neighbours(crowd(1), None), "k must be an integer of at least 1, got None"),
        (lambda g: search.choose_kind(-1), "count must be an integer of at least 0, got -1"),
    ],
)
def test_numbers_that_a_search_does_not_take(act, says):
    g = Gallery(16)
    g.enrol(["a"], crowd(1))
    with pytest.raises(ValueError, match=says):
        act(g)


@pytest.mark.parametrize("kind", ["flat", "hnsw", "ivf"])
@pytest.mark.parametrize("d", [3, 128, 4096])
def test_a_cosine_is_at_most_1_and_everybody_is_themselves(kind, d):
    x = crowd(400, d)
    g = Gallery(d, kind)
    g.enrol(range(400), x)
    for threshold in (1, 1.0, np.float32(1), np.array(1.0), 0.5):
        for some in (x[:7], x):  # FAISS compares few and many in different ways
            answers = g.search(some, threshold=threshold)
            assert all(a[0].score <= 1 for a in answers)
            named = [a[0].name == str(k) for k, a in enumerate(answers)]
            assert np.mean(named) >= (1 if kind == "flat" else 0.95)
    assert g.neighbours(np.vstack([x, -x]), 400)[0].min() >= -1
    alone = Gallery(d, kind)
    alone.enrol(["a"], x[:1])
    assert alone.search(-x[:1], threshold=-1)[0][0].name == "a"


def test_a_threshold_below_1_is_exact():
    g = Gallery(16)
    g.enrol(["a"], crowd(1))
    query = crowd(1) + 0.1
    score = g.search(query)[0][0].score
    assert g.search(query, threshold=score)[0][0].name == "a"
    assert g.search(query, threshold=np.nextafter(score, 2))[0][0].name is None


def test_a_change_in_one_thread_while_another_searches():
    """The index is built while the gallery changes: answers are of before or of after."""
    x = directions(60_000, 64)
    g = Gallery(64)
    g.enrol([f"p{k}" for k in range(len(x))], x)
    with ThreadPoolExecutor(2) as pool:
        running = pool.submit(g.search, x[5:9])
        time.sleep(0.1)
        for k in range(3):
            g.remove(f"p{k}")
        names = [a[0].name for a in running.result()]
    assert names == [a[0].name for a in g.search(x[5:9])] == ["p5", "p6", "p7", "p8"]


def test_a_gallery_is_shown_as_it_was_at_one_moment():
    """Asked for in another thread, in the middle of a change."""
    g = Gallery(16)
    shown = []

    class Slow(dict):
        def setdefault(self, *item):
            shown.append(pool.submit(repr, g))
            time.sleep(0.05)
            return super().setdefault(*item)

    g._places = Slow()
    with ThreadPoolExecutor(2) as pool:
        g.enrol(["a", "b"], crowd(2))
    wanted = "Gallery: 2 templates of 2 people, flat index (exact)"
    assert [found.result() for found in shown] == [wanted] * 2


def test_four_threads_change_search_and_save_one_gallery(tmp_path):
    x = directions(400)
    g = Gallery(16)
    g.enrol([f"p{k}" for k in range(40)], x[:40])

    def work(thread):
        for k in range(40 + thread, 400, 4):
            g.enrol([f"p{k}"], x[k : k + 1])
            (known,), (new,) = g.search(x[[thread, k]], threshold=1)
            near, index = g.neighbours(x[k : k + 1], 2)
            assert (known.name, new.name) == (f"p{thread}", f"p{k}")
            assert near[0, 0] > 0.999
            assert index[0, 0] >= 40
            assert g.remove(f"p{k}") == 1
            assert len(g.names) >= 40
            if k % 20 == thread:
                repr(g)
                saved = load_gallery(g.save(tmp_path / f"{thread}.npz"))
                assert len(saved.templates) == len(saved.names) == len(saved)
                assert saved.search(x[:1])[0][0].name == "p0"

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert g.names == [f"p{k}" for k in range(40)]
    np.testing.assert_allclose(g.templates, x[:40], atol=1e-6)


@pytest.mark.parametrize(
    "twin", [copy.copy, copy.deepcopy, lambda g: pickle.loads(pickle.dumps(g))]
)
def test_a_copy_is_a_gallery_of_its_own(twin):
    g = Gallery(16, "hnsw")
    g.enrol(range(10), crowd(10))
    g.search(crowd(1))
    other = twin(g)
    other.remove(3)
    assert (len(g), len(other), other.kind) == (10, 9, "hnsw")
    assert g.search(crowd(10))[3][0].name == "3"
    assert other.search(crowd(10))[4][0].name == "4"
    np.testing.assert_array_equal(other.templates, np.delete(g.templates, 3, axis=0))


def test_order_and_numbers_do_not_depend_on_how_a_gallery_came_about():
    x = crowd(60)
    at_once, bit_by_bit = Gallery(16), Gallery(16)
    names = [f"p{k % 7}" for k in range(60)]
    at_once.enrol([n for n in names if n != "p3"], x[[n != "p3" for n in names]])
    at_once.enrol(["p3"], x[:1])
    for k, name in enumerate(names):
        bit_by_bit.enrol([name], x[k : k + 1])
        if k % 13 == 0:
            bit_by_bit.search(x[:2])
    assert bit_by_bit.remove("p3") == names.count("p3")
    bit_by_bit.enrol(["p3"], x[:1])
    assert bit_by_bit.names == at_once.names
    np.testing.assert_array_equal(bit_by_bit.templates, at_once.templates)
    assert bit_by_bit.search(x, 3) == at_once.search(x, 3)
    assert repr(bit_by_bit) == repr(at_once)
    with pytest.raises(ValueError, match="read-only"):
        at_once.templates[0] = 0


def test_to_enrol_and_remove_takes_time_for_these_alone(monkeypatch):
    """One by one, 8 times as many take about 8 times as long, not 64 times."""

    def seconds(n):
        g, x, began = Gallery(4), np.ones((1, 4), np.float32), time.process_time()
        for k in range(n):
            g.enrol([k], x)
            len(g)
            repr(g)
        for k in range(n):
            g.remove(k)
        return time.process_time() - began

    ratios = [seconds(8 * n) / seconds(n) for n in (1500,) * 3]
    assert min(ratios) < 24
    monkeypatch.setattr(Gallery, "_settled", None)  # nor is all of it put together on the way
    seconds(3)


def asked_for(monkeypatch, people, each, queries, k):
    """(names, the numbers of templates that FAISS was asked for) in one search."""
    g = Gallery(16, "flat")
    centre = directions(people)
    g.enrol(
        np.repeat(range(people), each),
        np.repeat(centre, each, axis=0) + 0.01 * crowd(people * each, seed=1),
    )
    asked, nearest = [], search._nearest

    def counted(now, index, u, k):
        asked.append(k)
        return nearest(now, index, u, k)

    monkeypatch.setattr(search, "_nearest", counted)
    names = [[m.name for m in a] for a in g.search(centre[:queries], k)]
    monkeypatch.setattr(search, "_nearest", nearest)
    return names, asked


def test_a_search_asks_for_few_templates_where_people_have_many(monkeypatch):
    names, asked = asked_for(monkeypatch, 10, 4000, 5, 1)
    assert names == [["0"], ["1"], ["2"], ["3"], ["4"]]
    assert asked == [64]
    names, asked = asked_for(monkeypatch, 3, 600, 3, 3)  # more, where they are needed
    assert [sorted(row) for row in names] == [["0", "1", "2"]] * 3
    assert asked == [64, 256, 1024, 1800]
    names, asked = asked_for(monkeypatch, 20, 2, 3, 50)  # all that there are
    assert [len(row) for row in names] == [20] * 3
    assert asked == [40]
