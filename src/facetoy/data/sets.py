"""Labelled images, split into training and test: digits, faces of people, drawn faces, one's own.

scikit-learn and joblib are imported where data are loaded, as they take as long as torch does.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import URLError

import numpy as np

from facetoy.checks import array, labels, native, whole
from facetoy.data import toyfaces
from facetoy.data.downloads import fetch

if TYPE_CHECKING:
    from sklearn.utils import Bunch

OLIVETTI_FILE = "olivetti_py3.pkz"  # in scikit-learn's data home
OLIVETTI_PIXELS = (  # SHA-256 of the 400 x 4,096 bytes
    "b119468c2f13775df12d3950e7c96644811647a6e10d30617777f245bf9b2f8b"
)


ROUNDING = 1e-6  # by so much may a pixel lie outside [0, 1], as after an interpolation


@dataclass(frozen=True, eq=False)
class Data:
    """Labelled images, for training and for the test.

    Lists, tensors and arrays of other numbers are converted; arrays of the right kind are kept as
    they are, not copied. ValueError that names the field, for images of another shape or with
    pixels outside [0, 1], for labels that are no integers from 0, and for fields that do not fit
    each other: a label for each image, a name for each label, test images as large as the others.
    """

    name: str  #: what the data set is called
    train_images: np.ndarray  #: (N, 1, H, W) float32 in [0, 1]
    train_labels: np.ndarray  #: (N,) int64 from 0 to C - 1
    test_images: np.ndarray  #: (M, 1, H, W), as those for training
    test_labels: np.ndarray  #: (M,); C or more is a stranger, a class that training does not show
    class_names: tuple[str, ...]  #: known classes first, then strangers

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise ValueError(f"name must be a str, got {self.name!r}")
        found = {"class_names": _names(self.class_names)}
        for side in ("train", "test"):
            found |= _side(side, getattr(self, f"{side}_images"), getattr(self, f"{side}_labels"))
        (h, w), (test_h, test_w) = (found[f"{s}_images"].shape[2:] for s in ("train", "test"))
        if (h, w) != (test_h, test_w):
            raise ValueError(
                f"test_images must be of {h} x {w} pixels like train_images, "
                f"got {test_h} x {test_w}"
            )
        count = 1 + max(int(found[f"{side}_labels"].max()) for side in ("train", "test"))
        if len(found["class_names"]) < count:
            raise ValueError(
                f"class_names must be at least {count}, as the largest label is {count - 1}, "
                f"got {len(found['class_names'])}"
            )
        for field, value in found.items():
            object.__setattr__(self, field, value)

    def __repr__(self) -> str:
        n, (_, h, w) = len(self.train_images), self.train_images.shape[1:]
        return (
            f"Data {self.name!r}: {n} images of {h} x {w} pixels in {self.num_classes} classes for "
            f"training, {len(self.test_images)} for the test"
        )

    @property
    def num_classes(self) -> int:
        """C, the number of classes in training."""
        return int(self.train_labels.max()) + 1

    def checksum(self) -> int:
        """A number that other images or labels would hardly have."""
        arrays = (self.train_images, self.train_labels, self.test_images, self.test_labels)
        return functools.reduce(lambda sum, a: zlib.crc32(np.ascontiguousarray(a), sum), arrays, 0)

    def hold_out(self, names: Sequence[str]) -> Data:
        """The same data with the classes ``names`` taken out of training.

        Their test images stay, as strangers. ValueError for an unknown name, or if fewer than
        two classes remain.
        """
        names = [names] if isinstance(names, str) else names
        known = self.class_names[: self.num_classes]
        unknown = [n for n in names if n not in known]
        if unknown:
            raise ValueError(f"no class {unknown[0]!r} to hold out; there are {', '.join(known)}")
        left = [n for n in known if n not in names]
        if len(left) < 2:
            raise ValueError(f"at least two classes must remain, got {len(left)}")
        order = (*left, *(n for n in self.class_names if n not in left))
        new = np.array([order.index(n) for n in self.class_names])
        kept = new[self.train_labels] < len(left)
        return replace(
            self,
            train_images=self.train_images[kept],
            train_labels=new[self.train_labels[kept]],
            test_labels=new[self.test_labels],
            class_names=order,
        )


def _side(side: str, images: Any, labels_: Any) -> dict[str, np.ndarray]:
    """The images and labels of training or of the test by the names of their fields, checked."""
    x, y = f"{side}_images", f"{side}_labels"
    pixels = array(x, images, ("N", 1, "H", "W"))
    if not pixels.size:
        raise ValueError(f"{x} must have at least one image, got shape {pixels.shape}")
    if pixels.dtype.kind not in "biuf":
        raise ValueError(f"{x} must be real numbers, got {pixels.dtype}")
    low, high = pixels.min(), pixels.max()
    if not (low >= -ROUNDING and high <= 1 + ROUNDING):
        raise ValueError(f"{x} must be finite and in [0, 1], got {high if low >= 0 else low}")
    found = {x: native(pixels, np.float32), y: labels(y, labels_)}
    if len(found[y]) != len(pixels):
        raise ValueError(f"{y} must be {len(pixels)}, one for each image, got {len(found[y])}")
    return found


def _names(values: Any) -> tuple[str, ...]:
    """``class_names`` as a tuple; ValueError unless they are words that differ."""
    if isinstance(values, str | bytes | Set | Mapping) or not isinstance(values, Iterable):
        raise ValueError(f"class_names must be a tuple of words, got {values!r}")
    names = tuple(values)
    for name in names:
        if not isinstance(name, str) or not name:
            raise ValueError(f"class_names must be words, got {name!r}")
    double = [name for name, n in Counter(names).items() if n > 1]
    if double:
        raise ValueError(f"class names must differ, got {double[0]!r} more than once")
    return tuple(map(str, names))


def open_split(data: Data, people: int, *, strangers: int | None = None, seed: int = 0) -> Data:
    """Train on some people, test on others: no person is on both sides.

    ``people`` classes, drawn by ``seed``, stay in training. Of ``strangers`` others (all, if None)
    *every* image is a test image, the former training images too. The test images of those in
    training stay as well, with labels below C. The same seed with fewer people keeps the same
    strangers. Classes of which training shows no image are left out. ValueError if there are not
    so many classes.
    """
    there = np.unique(data.train_labels)
    C = len(there)
    people = whole("people", people, 2, C - 1)
    left = C - people
    strangers = left if strangers is None else whole("strangers", strangers, 1, left)
    order = there[np.random.default_rng(seed).permutation(C)]
    chosen = np.concatenate([order[:people], order[C - strangers :]])
    new = np.full(len(data.class_names), -1)
    new[chosen] = np.arange(people + strangers)
    y, y_test = new[data.train_labels], new[data.test_labels]
    train, moved, test = (y >= 0) & (y < people), y >= people, y_test >= 0
    return replace(
        data,
        train_images=data.train_images[train],
        train_labels=y[train],
        test_images=np.concatenate([data.test_images[test], data.train_images[moved]]),
        test_labels=np.concatenate([y_test[test], y[moved]]),
        class_names=tuple(data.class_names[c] for c in chosen),
    )


def _split(
    name: str, images: np.ndarray, labels: np.ndarray, class_names: Sequence[str], seed: int
) -> Data:
    """Keep a fifth of each class for the test."""
    from sklearn.model_selection import train_test_split

    train, test = train_test_split(
        np.arange(len(labels)), test_size=0.2, stratify=labels, random_state=seed
    )
    labels = labels.astype(np.int64)
    return Data(name, images[train], labels[train], images[test], labels[test], tuple(class_names))


def _digits(seed: int) -> Data:
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    images = (images / 16).astype(np.float32).reshape(-1, 1, 8, 8)
    return _split("digits", images, labels, "0123456789", seed)


def _toyfaces(seed: int, identities: int = 1000, images: int = 20, size: int = 32) -> Data:
    identities, images = whole("identities", identities, 2), whole("images", images, 5)
    person = toyfaces.genes(identities, toyfaces.IDENTITY, (seed, 1))
    photo = toyfaces.genes(identities * images, toyfaces.CONDITION, (seed, 2))
    drawn = toyfaces.draw(np.repeat(person, images, axis=0), photo, size, seed)
    labels = np.repeat(np.arange(identities), images)
    return _split("toyfaces", drawn, labels, [str(k) for k in range(identities)], seed)


def _olivetti_faces(data_home: str) -> Bunch:
    """From scikit-learn's source, or, where that refuses (403), from OpenML, and then kept where
    scikit-learn looks for them."""
    import joblib
    from sklearn.datasets import fetch_olivetti_faces

    try:
        return fetch_olivetti_faces(data_home=data_home)
    except (URLError, ConnectionError, TimeoutError) as refusal:
        try:
            pixels = _openml_olivetti()
        except Exception as error:
            raise URLError(f"{refusal}; OpenML: {error}") from error
    joblib.dump(pixels, Path(data_home, OLIVETTI_FILE), compress=6)
    return fetch_olivetti_faces(data_home=data_home, download_if_missing=False)


def _openml_olivetti() -> np.ndarray:
    """(400, 4096) uint8, image columns one after the other, as in the original file."""
    from sklearn.datasets import fetch_openml

    # read by scikit-learn alone: pandas would infer a type for each of 4,096 columns
    found = fetch_openml(data_id=41083, as_frame=False, cache=False, parser="liac-arff")
    upright = np.round(found.data * (242 / found.data.max())).astype(np.uint8)
    pixels = np.ascontiguousarray(upright.reshape(-1, 64, 64).transpose(0, 2, 1).reshape(-1, 4096))
    if hashlib.sha256(pixels).hexdigest() != OLIVETTI_PIXELS:
        raise ValueError("its copy holds other pixels")
    return pixels


def _olivetti(seed: int) -> Data:
    found = fetch("Olivetti faces", 4_200_000, OLIVETTI_FILE, _olivetti_faces)
    images = found.images.astype(np.float32)[:, None]
    return _split("olivetti", images, found.target, [str(k) for k in range(40)], seed)


def _mnist(seed: int) -> Data:
    """The usual split: 60,000 images for training, 10,000 for the test; ``seed`` has no say."""
    from sklearn.datasets import fetch_openml

    found = fetch(
        "MNIST", 15_000_000, "openml/openml.org/api/v1/json/data/554.gz",
        lambda data_home: fetch_openml(
            "mnist_784", version=1, as_frame=False, data_home=data_home,
            # pandas reads the file in a tenth of the time
            parser="pandas" if find_spec("pandas") else "liac-arff",
        ),
    )  # fmt: skip
    images = (found.data / 255).astype(np.float32).reshape(-1, 1, 28, 28)
    labels = found.target.astype(np.int64)
    n = 60_000
    return Data("mnist", images[:n], labels[:n], images[n:], labels[n:], tuple("0123456789"))


def _lfw(seed: int, min_images: int = 20) -> Data:
    from sklearn.datasets import fetch_lfw_people

    # one person has 530 photos, the next 236: with more there would be a single class
    min_images = whole("min_images", min_images, 5, 236)
    found = fetch(
        "LFW", 243_000_000, "lfw_home/lfw_funneled",
        lambda data_home: fetch_lfw_people(
            data_home=data_home, min_faces_per_person=min_images, resize=0.5
        ),
        [f"lfw_home/{name}.txt" for name in ("pairs", "pairsDevTest", "pairsDevTrain")],
    )  # fmt: skip
    images = found.images.astype(np.float32)[:, None]
    return _split("lfw", images, found.target, list(found.target_names), seed)


def _folder(seed: int, path: Any = None, size: int = 32) -> Data:
    """Of each class a fifth is for the test, and at least one image: scikit-learn's split wants
    more of them."""
    from facetoy.data.folders import read_folder  # Pillow is loaded for it alone

    name, images, labels, names = read_folder(path, size)
    random, test = np.random.default_rng(seed), np.zeros(len(labels), bool)
    for label in range(len(names)):
        (its,) = np.nonzero(labels == label)
        test[random.permutation(its)[: max(1, round(len(its) / 5))]] = True
    return Data(name, images[~test], labels[~test], images[test], labels[test], tuple(names))


DATASETS = {
    "digits": _digits,
    "toyfaces": _toyfaces,
    "olivetti": _olivetti,
    "mnist": _mnist,
    "lfw": _lfw,
    "folder": _folder,
}


def load(name: str, *, seed: int = 0, **options: Any) -> Data:
    """The data set ``name``, split into training and test by ``seed``.

    - ``"digits"``: 1,797 handwritten digits of 8 x 8 pixels, part of scikit-learn.
    - ``"toyfaces"``: drawn faces, with the options ``identities=1000``, ``images=20`` of each and
      ``size=32`` pixels; see ``facetoy.data.toyfaces``.
    - ``"olivetti"``: 400 photos of 40 people, 64 x 64 pixels.
    - ``"mnist"``: 70,000 handwritten digits of 28 x 28 pixels, in their usual split.
    - ``"lfw"``: photos of people with at least ``min_images=20`` photos.
    - ``"folder"``: your own images, in the folder ``path``, with the option ``size=32`` pixels.

    Olivetti, MNIST and LFW are downloaded by scikit-learn, once, into its data home
    (``SCIKIT_LEARN_DATA``). A fifth of each class is kept for the test, but for MNIST, whose
    split is fixed. ValueError for an unknown name or option, ConnectionError if a download fails.

    **Your own images.** ``path`` has one sub-folder for each class, whose name is that of the
    class, as for torchvision's ImageFolder. Images of any size lie in it or in folders below;
    ``facetoy.faces.photo.read_photo`` reads them; ``facetoy[photos]`` brings a Pillow that is new
    enough for all formats. Of each the largest square in the middle is taken, made grey and resized
    to ``size`` x ``size``: nothing is stretched, and the ends of a long side are lost. Cut out
    faces that are elsewhere before (``facetoy.faces.photo.read_face``). The test gets at least one
    image of each class. Hidden files, and files whose names are not those of images, are ignored.
    Nothing is written, and nothing leaves the machine.

    FileNotFoundError or NotADirectoryError if ``path`` is no folder. ValueError for fewer than two
    classes, for a class with fewer than two images, and, after all have been read, for images that
    cannot be: it names them. Skipping them could take a class's images away without a word.
    """
    if name not in DATASETS:
        own = f"; own images: load('folder', path={name!r})" if Path(str(name)).is_dir() else ""
        raise ValueError(f"unknown data {name!r}; there are {', '.join(map(repr, DATASETS))}{own}")
    make = DATASETS[name]
    takes = list(inspect.signature(make).parameters)[1:]
    for option in options:
        if option not in takes:
            allowed = f"takes {', '.join(takes)}" if takes else "has no options"
            raise ValueError(f"{name} has no option {option!r}; it {allowed}")
    return make(seed, **options)
