"""The gallery: exact where it says so, whole on disk whatever happens."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

from facetoy.faces import search
from facetoy.faces.search import Gallery, Match, load_gallery


def crowd(n, d=16, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


@pytest.fixture
def gallery():
    g = Gallery(16)
    g.enrol([f"p{k // 2}" for k in range(40)], crowd(40))
    return g


def test_exact_search_is_that_of_numpy(gallery):
    x = crowd(5, seed=1)
    u = x / np.linalg.norm(x, axis=1, keepdims=True)
    cos = u @ gallery.templates.T
    for row, answer in zip(cos, gallery.search(x, k=3), strict=True):
        order = list(dict.fromkeys(f"p{i // 2}" for i in np.argsort(-row)))[:3]
        assert [m.name for m in answer] == order
        assert answer[0].score == pytest.approx(row.max(), abs=1e-5)
    assert repr(gallery) == "Gallery: 40 templates of 20 people, flat index (exact)"


def test_threshold_means_unknown(gallery):
    x = gallery.templates[:1] * 3
    (known,) = gallery.search(x, threshold=0.99)
    assert known[0].name == "p0"
    (unknown,) = gallery.search(-x, threshold=0.99)
    assert unknown == [Match(None, unknown[0].score)]
    assert unknown[0].score < 0.99


def test_enrol_and_remove(gallery):
    x = crowd(1, seed=9)
    assert gallery.search(x, threshold=0.999)[0][0].name is None
    gallery.enrol(["new"], x)
    assert gallery.search(x, threshold=0.999)[0][0].name == "new"
    assert gallery.remove("new") == 1
    assert gallery.search(x, threshold=0.999)[0][0].name is None
    assert gallery.remove("p3") == 2
    assert len(gallery) == 38
    with pytest.raises(KeyError, match="nobody is enrolled as 'p3'"):
        gallery.remove("p3")


def test_names_are_words():
    g = Gallery(16)
    g.enrol(range(2), crowd(2))
    assert g.remove(1) == 1
    with pytest.raises(ValueError, match="names must be a list, one for each feature, got 'abc'"):
        g.enrol("abc", crowd(3))
    assert g.names == ["0"]


@pytest.mark.posix
def test_a_file_may_be_read_by_those_who_could(gallery, tmp_path):
    path = gallery.save(tmp_path / "g.npz")
    (tmp_path / "plain").touch()
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode
    path.chmod(0o640)
    gallery.save(path)
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.posix
def test_a_new_file_has_the_rights_that_the_umask_leaves(gallery, tmp_path, monkeypatch):
    before = os.umask(0o027)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(os, "umask", None)  # another thread's files would get the changed one
            path = gallery.save(tmp_path / "g.npz")
            assert path.stat().st_mode & 0o777 == 0o640
            path.chmod(0o664)
            gallery.save(path)
            assert path.stat().st_mode & 0o777 == 0o664
    finally:
        os.umask(before)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("kind", ["hnsw", "ivf"])
def test_approximate_indexes_find_nearly_all(kind):
    x = crowd(5000, 32)
    g = Gallery(32, kind)
    g.enrol(range(5000), x)
    assert g.kind == kind
    assert "approximate" in repr(g)
    queries = x[:300] + 0.1 * crowd(300, 32, seed=2)
    found = [answer[0].name for answer in g.search(queries)]
    assert np.mean([name == str(k) for k, name in enumerate(found)]) > 0.95


def test_the_kind_follows_the_size():
    sizes = (0, 50_000, 50_001, 1_000_000)
    assert [search.choose_kind(n) for n in sizes] == ["flat", "flat", "ivf", "ivf"]


@pytest.mark.parametrize(
    ("act", "says"),
    [
        (lambda g: g.enrol(["a"], crowd(1, 4)), r"shape \(N, 16\), got \(1, 4\)"),
        (lambda g: g.enrol(["a", "b"], crowd(1)), "2 names for 1 features"),
        (lambda g: g.enrol(["a"], np.zeros((1, 16))), "length 0"),
        (lambda g: g.enrol(["a"], np.full((1, 16), np.nan)), "finite"),
        (lambda g: g.search(crowd(1), k=0), "k must be an integer of at least 1, got 0"),
        (lambda g: g.search(crowd(1), threshold=40), r"cosine in \[-1, 1\], got 40"),
        (lambda g: Gallery(16).search(crowd(1)), "the gallery is empty"),
        (lambda g: Gallery(0), "dim must be an integer of at least 1, got 0"),
        (lambda g: Gallery(3, "tree"), "'flat', 'hnsw' or 'ivf', got 'tree'"),
    ],
)
def test_wrong_input_is_named_and_loses_nothing(gallery, act, says):
    with pytest.raises(ValueError, match=says):
        act(gallery)
    assert len(gallery) == 40
    assert gallery.search(gallery.templates[:1])[0][0].name == "p0"


def test_without_faiss_the_extra_is_named(gallery, monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(ImportError, match=r"pip install 'facetoy\[search\]'"):
        gallery.search(gallery.templates[:1])


def test_save_and_load(gallery, tmp_path):
    got = load_gallery(gallery.save(tmp_path / "g.npz"))
    assert got.names == gallery.names
    np.testing.assert_allclose(got.templates, gallery.templates, atol=1e-6)
    assert [p.name for p in tmp_path.iterdir()] == ["g.npz"]
    empty = load_gallery(Gallery(3).save(tmp_path / "empty.npz"))
    assert len(empty) == 0


def test_damaged_and_foreign_files_are_named(gallery, tmp_path):
    path = gallery.save(tmp_path / "g.npz")
    whole = path.read_bytes()
    (tmp_path / "half.npz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.npz").write_text("hello")
    packed = bytearray(whole)
    packed[whole.index(b"PK\x01\x02") + 10] = 0x63  # a way of packing that nobody knows
    (tmp_path / "packed.npz").write_bytes(packed)
    np.savez(tmp_path / "other.npz", a=1)
    for name in ("half", "text", "other", "packed"):
        with pytest.raises(ValueError, match=f"{name}.npz is damaged or is not a facetoy gallery"):
            load_gallery(tmp_path / f"{name}.npz")
    with pytest.raises(FileNotFoundError):
        load_gallery(tmp_path / "none.npz")
    assert path.read_bytes() == whole


@pytest.mark.posix
def test_killed_while_saving_leaves_a_whole_gallery(tmp_path):
    path = tmp_path / "g.npz"
    code = f"""
        import numpy as np
        from facetoy.faces.search import Gallery
        rng = np.random.default_rng(0)
        g = Gallery(64)
        g.enrol(range(2000), rng.normal(size=(2000, 64)))
        g.save({str(path)!r})
        print("ready", flush=True)
        while True:
            g.enrol(range(200), rng.normal(size=(200, 64)))
            g.save({str(path)!r})
    """
    for wait in (0.05, 0.11, 0.17):
        command = [sys.executable, "-c", textwrap.dedent(code)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        process.stdout.readline()
        time.sleep(wait)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        got = load_gallery(path)
        assert len(got) >= 2000
        assert len(got) % 200 == 0
