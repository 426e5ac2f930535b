"""Data sets: split without overlap, downloaded whole or not at all."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from urllib.error import HTTPError, URLError

import joblib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import datasets as sources
from sklearn.datasets import fetch_olivetti_faces, get_data_home

import facetoy
from facetoy.data import downloads
from facetoy.data import sets as module
from facetoy.data.sets import Data, open_split


def numbered(people: int, train: int, test: int) -> Data:
    """Images that carry a hundredth of their person's number as their only pixel."""

    def side(count):
        labels = np.repeat(np.arange(people), count)
        return (labels / 100)[:, None, None, None], labels

    names = tuple(f"person {k}" for k in range(people))
    return Data("numbered", *side(train), *side(test), names)


def number(images: np.ndarray) -> np.ndarray:
    return np.rint(100 * images[:, 0, 0, 0]).astype(int)


# ---- open split


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_no_person_is_on_both_sides(draw):
    C = draw.draw(st.integers(3, 20))
    people = draw.draw(st.integers(2, C - 1))
    strangers = draw.draw(st.one_of(st.none(), st.integers(1, C - people)))
    split = open_split(
        numbered(C, 3, 2), people, strangers=strangers, seed=draw.draw(st.integers(0, 9))
    )
    count = C - people if strangers is None else strangers
    train = set(number(split.train_images))
    new = split.test_labels >= people
    unseen = number(split.test_images[new])
    assert split.num_classes == people == len(train)
    assert len(set(unseen)) == count
    assert not train & set(unseen)
    # a stranger's images are all there, and every label still names the person in the image
    assert (np.bincount(unseen)[sorted(set(unseen))] == 5).all()
    for images, labels in (
        (split.train_images, split.train_labels), (split.test_images, split.test_labels)
    ):  # fmt: skip
        assert [split.class_names[y] for y in labels] == [f"person {v}" for v in number(images)]


def test_fewer_people_keep_the_same_strangers():
    whole = numbered(30, 3, 2)
    strangers = [
        {name for name in split.class_names[split.num_classes :]}
        for split in (open_split(whole, people, strangers=8, seed=3) for people in (4, 22))
    ]
    assert strangers[0] == strangers[1]
    assert strangers[0] != set(open_split(whole, 4, strangers=8, seed=4).class_names[4:])


@pytest.mark.parametrize(
    ("people", "strangers", "says"),
    [
        (1, 3, "people must be an integer from 2 to 9, got 1"),
        (10, None, "people must be an integer from 2 to 9, got 10"),
        (2.5, None, r"people must be an integer from 2 to 9, got 2\.5"),
        (5, 0, "strangers must be an integer from 1 to 5, got 0"),
        (8, 3, "strangers must be an integer from 1 to 2, got 3"),
    ],
)
def test_impossible_splits_are_named(people, strangers, says):
    with pytest.raises(ValueError, match=says):
        open_split(numbered(10, 2, 1), people, strangers=strangers)


# ---- downloads


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path))
    return tmp_path


def answer(data_home: str, fail: Exception | None = None) -> SimpleNamespace:
    """Stands for scikit-learn's fetcher: writes its file in two steps, and may fail in between."""
    path = Path(data_home, "olivetti_py3.pkz")
    if not path.exists():
        path.write_bytes(b"half")
        if fail:
            raise fail
        path.write_bytes(b"whole")
    target = np.repeat(np.arange(40), 10)
    return SimpleNamespace(images=np.zeros((400, 64, 64)), target=target)


def test_a_download_is_cached_whole(home, monkeypatch):
    calls = []

    def fetch(data_home):
        calls.append(Path(data_home))
        assert not (home / "olivetti_py3.pkz").exists() or Path(data_home) == home
        return answer(data_home)

    monkeypatch.setattr(sources, "fetch_olivetti_faces", fetch)
    for _ in range(2):
        assert facetoy.load("olivetti").num_classes == 40
    assert calls[0].parent == calls[1] == home
    assert [(p.name, p.read_bytes()) for p in home.iterdir()] == [("olivetti_py3.pkz", b"whole")]


def test_a_download_shows_its_progress(home, monkeypatch, capsys):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    monkeypatch.setattr(sources, "fetch_olivetti_faces", answer)
    facetoy.load("olivetti")
    shown = capsys.readouterr().err
    assert "downloading Olivetti faces" in shown
    assert "5.00/4.20M" in shown  # the five bytes of the stand-in


@pytest.mark.parametrize("error", [URLError("no route to host"), TimeoutError("timed out")])
def test_offline_says_so_and_leaves_no_half_file(home, monkeypatch, error):
    def refuse(*_, **__):
        raise URLError("no OpenML either")

    monkeypatch.setattr(sources, "fetch_olivetti_faces", lambda data_home: answer(data_home, error))
    monkeypatch.setattr(sources, "fetch_openml", refuse)
    with pytest.raises(
        ConnectionError,
        match=r"Olivetti faces is not in .*no OpenML either.* copy olivetti_py3.pkz there",
    ):
        facetoy.load("olivetti")
    assert not list(home.iterdir())


class Refusal:
    """scikit-learn's fetcher whose source answers 403; what lies in its data home, it reads."""

    def __call__(self, data_home, download_if_missing=True):
        path = Path(data_home, "olivetti_py3.pkz")
        if not path.exists():
            raise HTTPError("https://figshare.com", 403, "Forbidden", None, None)
        return fetch_olivetti_faces(data_home=data_home, download_if_missing=False)


def openml(raw: np.ndarray) -> Callable[..., SimpleNamespace]:
    """OpenML's copy: upright images, row by row, as numbers from 0 to 1."""

    def fetch(data_id, **_):
        assert data_id == 41083
        upright = raw.reshape(-1, 64, 64).transpose(0, 2, 1).reshape(-1, 4096)
        return SimpleNamespace(data=np.round(upright / 242, 6))

    return fetch


def test_where_the_source_refuses_the_same_faces_come_from_openml(home, monkeypatch):
    raw = np.random.default_rng(0).integers(0, 243, (400, 4096), dtype=np.uint8)
    raw[0, :2] = 0, 242
    monkeypatch.setattr(sources, "fetch_olivetti_faces", Refusal())
    monkeypatch.setattr(sources, "fetch_openml", openml(raw))
    monkeypatch.setattr(module, "OLIVETTI_PIXELS", hashlib.sha256(raw).hexdigest())
    facetoy.load("olivetti")
    assert (joblib.load(home / "olivetti_py3.pkz") == raw).all()
    monkeypatch.setattr(sources, "fetch_openml", None)  # asked once
    facetoy.load("olivetti")


def test_other_pixels_are_not_taken_for_the_faces(home, monkeypatch):
    raw = np.full((400, 4096), 242, np.uint8)
    monkeypatch.setattr(sources, "fetch_olivetti_faces", Refusal())
    monkeypatch.setattr(sources, "fetch_openml", openml(raw))
    with pytest.raises(ConnectionError, match=r"403.*OpenML: its copy holds other pixels"):
        facetoy.load("olivetti")
    assert not list(home.iterdir())


def test_an_interruption_leaves_no_half_file(home, monkeypatch):
    stop = KeyboardInterrupt()
    monkeypatch.setattr(sources, "fetch_olivetti_faces", lambda data_home: answer(data_home, stop))
    with pytest.raises(KeyboardInterrupt):
        facetoy.load("olivetti")
    assert not list(home.iterdir())


def test_a_damaged_cache_is_named_and_kept(home):
    path = home / "olivetti_py3.pkz"
    path.write_bytes(b"no faces here")
    with pytest.raises(ValueError, match=r"Olivetti faces in .* cannot be read .* delete it"):
        facetoy.load("olivetti")
    assert path.read_bytes() == b"no faces here"


def test_folders_move_in_one_step_beside_what_is_there(tmp_path):
    source, target = tmp_path / "new", tmp_path / "home"
    for path in (source / "a/b/c.txt", source / "d/e.txt", target / "a/old.txt"):
        path.parent.mkdir(parents=True)
        path.write_text(path.name)
    downloads._move(source, target)
    names = {str(p.relative_to(target)) for p in target.rglob("*") if p.is_file()}
    assert names == {"a/b/c.txt", "d/e.txt", "a/old.txt"}


def cached(name: str) -> bool:
    return (Path(get_data_home()) / name).exists()


@pytest.mark.skipif(not cached("olivetti_py3.pkz"), reason="Olivetti faces are not downloaded")
def test_olivetti():
    raw = joblib.load(Path(get_data_home()) / "olivetti_py3.pkz")
    assert hashlib.sha256(raw).hexdigest() == module.OLIVETTI_PIXELS
    data = facetoy.load("olivetti")
    assert data.train_images.shape == (320, 1, 64, 64)
    assert data.train_images.dtype == np.float32
    assert 0 <= data.train_images.min() < data.train_images.max() <= 1
    assert (np.bincount(data.test_labels) == 2).all()


def test_mnist_keeps_its_usual_split(home, monkeypatch):
    def fetch(name, **options):
        assert (name, options["version"]) == ("mnist_784", 1)
        labels = np.arange(70_000) % 10
        return SimpleNamespace(
            data=np.full((70_000, 784), 255, np.uint8), target=labels.astype(str)
        )

    monkeypatch.setattr(sources, "fetch_openml", fetch)
    data = facetoy.load("mnist")
    assert data.train_images.shape == (60_000, 1, 28, 28)
    assert data.test_images.shape == (10_000, 1, 28, 28)
    assert data.train_images.max() == 1
    assert data.test_labels[:12].tolist() == [*range(10), 0, 1]


def test_lfw_takes_people_with_enough_photos(home, monkeypatch):
    def fetch(data_home, min_faces_per_person, resize):
        assert (min_faces_per_person, resize) == (30, 0.5)
        target = np.repeat([0, 1], 30)
        return SimpleNamespace(
            images=np.zeros((60, 62, 47)), target=target, target_names=np.array(["A B", "C D"])
        )

    monkeypatch.setattr(sources, "fetch_lfw_people", fetch)
    data = facetoy.load("lfw", min_images=30)
    assert data.train_images.shape == (48, 1, 62, 47)
    assert data.class_names == ("A B", "C D")


@pytest.mark.parametrize("value", [600, 4, "x", 20.0])
def test_lfw_needs_a_possible_number_of_photos(home, value):
    with pytest.raises(
        ValueError, match=f"min_images must be an integer from 5 to 236, got {value!r}"
    ):
        facetoy.load("lfw", min_images=value)


def test_a_damaged_photo_is_no_lost_connection(home, monkeypatch):
    (home / "olivetti_py3.pkz").touch()

    def fetch(data_home):
        raise OSError("cannot identify image file")

    monkeypatch.setattr(sources, "fetch_olivetti_faces", fetch)
    with pytest.raises(ValueError, match=r"cannot be read \(cannot identify image file\)"):
        facetoy.load("olivetti")


@pytest.mark.parametrize(
    ("name", "there", "says"),
    [
        ("lfw", (), r"LFW is not in .* copy lfw_home/lfw_funneled and lfw_home/pairs.txt and"),
        ("lfw", ("pairs", "pairsDevTest"), r"LFW is not in .*/lfw_funneled and .*Train.txt there"),
        ("lfw", ("pairs", "pairsDevTest", "lfw_funneled"),
         r"LFW in .* lacks lfw_home/pairsDevTrain.txt, which could not be .* copy lfw_home"),
        ("lfw", ("pairsDevTest", "lfw_funneled"),
         r"LFW in .* lacks lfw_home/pairs.txt and lfw_home/pairsDevTrain.txt, which"),
        ("mnist", (), "MNIST is not in .* copy openml/.*554.gz there"),
        ("mnist", ("554",), "MNIST in .* lacks something that belongs to openml/.*554.gz"),
    ],
)  # fmt: skip
def test_without_a_connection_the_missing_file_is_named(home, monkeypatch, name, there, says):
    """scikit-learn's own function, which finds no network."""
    for part in there:
        if part == "554":
            path = home / "openml/openml.org/api/v1/json/data/554.gz"
        else:
            path = home / "lfw_home" / (part if part == "lfw_funneled" else f"{part}.txt")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir() if part == "lfw_funneled" else path.touch()

    def refuse(*args, **options):
        raise URLError("no network")

    monkeypatch.setattr("sklearn.datasets._lfw._fetch_remote", refuse)
    if name == "mnist":
        monkeypatch.setattr(sources, "fetch_openml", refuse)
    with pytest.raises(ConnectionError, match=says):
        facetoy.load(name)


def test_class_names_differ():
    data = numbered(3, 2, 1)
    with pytest.raises(ValueError, match="class names must differ, got 'a' more than once"):
        replace(data, class_names=("a", "a", "b"))


def test_unknown_names_and_options():
    with pytest.raises(ValueError, match="unknown data 'faces'; there are 'digits', 'toyfaces'"):
        facetoy.load("faces")
    with pytest.raises(ValueError, match="digits has no option 'size'; it has no options"):
        facetoy.load("digits", size=3)


# ---- digits


@pytest.fixture(scope="module")
def digits():
    return facetoy.load("digits")


def test_digits(digits):
    assert digits.name == "digits"
    assert digits.train_images.shape == (1437, 1, 8, 8)
    assert digits.test_images.shape == (360, 1, 8, 8)
    assert digits.train_images.dtype == np.float32
    assert digits.train_images.min() == 0
    assert digits.train_images.max() == 1
    assert digits.class_names == tuple("0123456789")
    share = np.bincount(digits.test_labels) / (
        np.bincount(digits.test_labels) + np.bincount(digits.train_labels)
    )
    np.testing.assert_allclose(share, 0.2, atol=0.01)
    again, other = facetoy.load("digits"), facetoy.load("digits", seed=1)
    assert np.array_equal(again.test_images, digits.test_images)
    assert not np.array_equal(other.test_images, digits.test_images)
    with pytest.raises(ValueError, match="unknown data 'mnits'; there are 'digits'"):
        facetoy.load("mnits")


def test_hold_out(digits):
    data = digits.hold_out(["3", "8"])
    assert data.num_classes == 8
    assert data.class_names == ("0", "1", "2", "4", "5", "6", "7", "9", "3", "8")
    assert set(data.train_labels) == set(range(8))
    assert len(data.test_labels) == len(digits.test_labels)
    names = np.array(data.class_names)
    assert (names[data.test_labels] == np.array(digits.class_names)[digits.test_labels]).all()
    again = data.hold_out(["0"])
    assert again.class_names == ("1", "2", "4", "5", "6", "7", "9", "0", "3", "8")
    with pytest.raises(ValueError, match="no class '3'"):
        data.hold_out(["3"])
    with pytest.raises(ValueError, match="at least two classes must remain, got 1"):
        digits.hold_out(digits.class_names[1:])
