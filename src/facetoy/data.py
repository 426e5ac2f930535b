"""Labelled images, split into training and test."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


@dataclass(frozen=True)
class Data:
    """Labelled images. ``images`` are (N, 1, H, W) float32 in [0, 1], labels (N,) int64.

    Training labels run from 0 to C - 1. A test label of C or more is a stranger: a class of which
    training shows no image. ``class_names`` lists the known classes first, then the strangers.
    """

    name: str
    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    class_names: tuple[str, ...]

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

    def hold_out(self, names: Sequence[str]) -> "Data":
        """The same data with the classes ``names`` taken out of training.

        Their test images stay, as strangers. ValueError for an unknown name, or if fewer than
        two classes remain.
        """
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


def _digits(seed: int) -> Data:
    images, labels = load_digits(return_X_y=True)
    images = (images / 16).astype(np.float32).reshape(-1, 1, 8, 8)
    train, test = train_test_split(
        np.arange(len(labels)), test_size=0.2, stratify=labels, random_state=seed
    )
    return Data(
        "digits",
        images[train],
        labels[train].astype(np.int64),
        images[test],
        labels[test].astype(np.int64),
        tuple("0123456789"),
    )


DATASETS = {"digits": _digits}


def load(name: str, *, seed: int = 0) -> Data:
    """The data set ``name``, split into training and test by ``seed``.

    ``"digits"``: 1,797 handwritten digits of 8 x 8 pixels, part of scikit-learn; a fifth of each
    class is kept for the test. ValueError for an unknown name.
    """
    if name not in DATASETS:
        raise ValueError(f"unknown data {name!r}; there are {', '.join(map(repr, DATASETS))}")
    return DATASETS[name](seed)
