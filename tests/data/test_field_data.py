"""What people put into a ``Data``: it takes what fits, and names what does not."""

import dataclasses

import numpy as np
import pytest
import torch

import facetoy
from facetoy.data import Data, toyfaces

RNG = np.random.default_rng(0)
X, Y = RNG.random((12, 1, 8, 6), np.float32), np.arange(12) % 4
GOOD = {
    "name": "own", "train_images": X, "train_labels": Y, "test_images": X[:6],
    "test_labels": Y[:6], "class_names": ("a", "b", "c", "d"),
}  # fmt: skip
SHAPE = r"must have shape \(N, 1, H, W\), got "
WORDS = "class_names must be a tuple of words, got "

IMAGES = [
    (np.repeat(X, 3, 1), SHAPE + r"\(\d+, 3, 8, 6\)"),
    (np.repeat(X, 3, 1).transpose(0, 2, 3, 1), SHAPE + r"\(\d+, 8, 6, 3\)"),
    (X[:, 0], SHAPE + r"\(\d+, 8, 6\)"),
    (X[:, 0, :, :, None], SHAPE + r"\(\d+, 8, 6, 1\)"),
    (X.reshape(12, -1), SHAPE + r"\(\d+, 48\)"),
    (0.5, SHAPE + r"\(\)"),
    (None, SHAPE + "NoneType"),
    ("digits", SHAPE + "str"),
    ({"x": X}, SHAPE + "dict"),
    (iter(list(X)), SHAPE + "list_iterator"),
    ([X[0], X[0, :, :4]], SHAPE + "rows that differ"),
    (torch.tensor(X, dtype=torch.bfloat16), SHAPE + "what is no array: .*BFloat16"),
    (X[:0], r"must have at least one image, got shape \(0, 1, 8, 6\)"),
    (X[:, :, :0], r"must have at least one image, got shape \(\d+, 1, 0, 6\)"),
    (X + 1j, "must be real numbers, got complex64"),
    (X.astype(str), "must be real numbers, got <U"),
    (X.astype(object), "must be real numbers, got object"),
    ((255 * X).astype(np.uint8), r"must be finite and in \[0, 1\], got 2\d\d"),
    (255 * X, r"must be finite and in \[0, 1\], got 2\d\d"),
    ((X - 0.5) / 0.2, r"must be finite and in \[0, 1\], got -2"),
    (np.where(X > 0.9, np.nan, X), r"must be finite and in \[0, 1\], got nan"),
    (np.where(X > 0.9, np.inf, X), r"must be finite and in \[0, 1\], got inf"),
    (np.where(X > 0.9, -np.inf, X), r"must be finite and in \[0, 1\], got -inf"),
    (np.ma.masked_greater(X, 0.9), "must have no masked values, got "),
]
LABELS = [
    (np.repeat(Y, 2), "must be {n}, one for each image, got "),
    (Y[:-1], "must be {n}, one for each image, got "),
    (Y[:, None], r"must have shape \(N,\), got \(\d+, 1\)"),
    (np.eye(4)[Y], r"must have shape \(N,\), got \(\d+, 4\)"),
    (3, r"must have shape \(N,\), got \(\)"),
    (None, r"must have shape \(N,\), got NoneType"),
    ([[0], [1, 2]], "rows that differ"),
    ([], "must have at least one entry, got none"),
    (Y.astype(float), "must be integers, got float64"),
    (Y.astype(str), "must be integers, got <U"),
    (Y == 0, "must be integers, got bool"),
    ([None] * 12, "must be integers, got object"),
    (Y - 1, "must be at least 0, got -1"),
    (Y.astype(np.uint64) + np.uint64(2**63), "must be at least 0, got 9223372036854775811"),
    (np.ma.masked_equal(Y, 2), "must have no masked values, got "),
    (Y + 1, "class_names must be at least 5, as the largest label is 4, got 4"),
]
OTHERS = [
    ("name", None, "name must be a str, got None"),
    ("name", 3, "name must be a str, got 3"),
    ("test_images", X[:6, :, :5], "test_images must be of 8 x 6 pixels like .*, got 5 x 6"),
    ("test_images", X[:6, :, :, :5], "test_images must be of 8 x 6 pixels like .*, got 8 x 5"),
    ("class_names", ("a", "b", "c"), "class_names must be at least 4, .* is 3, got 3"),
    ("class_names", (), "class_names must be at least 4, .* is 3, got 0"),
    ("class_names", "abcd", WORDS + "'abcd'"),
    ("class_names", None, WORDS + "None"),
    ("class_names", {"a", "b", "c", "d"}, WORDS + "{"),
    ("class_names", {"a": 0, "b": 1, "c": 2, "d": 3}, WORDS + "{"),
    ("class_names", range(4), "class_names must be words, got 0"),
    ("class_names", ("a", "b", "c", ""), "class_names must be words, got ''"),
    ("class_names", ("a", "b", None, "d"), "class_names must be words, got None"),
    ("class_names", ("a", float("nan"), "c", "d"), "class_names must be words, got nan"),
    ("class_names", (b"a", b"b", b"c", b"d"), "class_names must be words, got b'a'"),
    ("class_names", ("a", "b", "c", "c"), "class names must differ, got 'c' more than once"),
]


def first(values, side: str):
    """All the values for training, half of them for the test."""
    sliced = side == "test" and isinstance(values, np.ndarray)
    return values[: len(values) // 2] if sliced else values


@pytest.mark.parametrize("side", ["train", "test"])
@pytest.mark.parametrize(("images", "says"), IMAGES)
def test_images_that_cannot_be(side, images, says):
    images = first(images, side)
    with pytest.raises(ValueError, match=f"^{side}_images (?:{says})"):
        Data(**{**GOOD, f"{side}_images": images})
    with pytest.raises(ValueError, match=f"^{side}_images (?:{says})"):
        dataclasses.replace(Data(**GOOD), **{f"{side}_images": images})


@pytest.mark.parametrize("side", ["train", "test"])
@pytest.mark.parametrize(("labels", "says"), LABELS)
def test_labels_that_cannot_be(side, labels, says):
    if says.startswith("class_names") and side == "test":
        labels = np.full(6, 4)
    else:
        labels, says = first(labels, side), says.format(n=len(GOOD[f"{side}_images"]))
        says = says if says.startswith("class_names") else f"{side}_labels .*{says}"
    with pytest.raises(ValueError, match=f"^{says}"):
        Data(**{**GOOD, f"{side}_labels": labels})


@pytest.mark.parametrize(("field", "value", "says"), OTHERS)
def test_other_fields_that_cannot_be(field, value, says):
    with pytest.raises(ValueError, match=says):
        Data(**{**GOOD, field: value})


BACK = np.array(X[::-1, :, :, ::-1])


@pytest.mark.parametrize(
    ("field", "value", "wanted"),
    [
        ("train_labels", Y.tolist(), Y),
        ("train_labels", tuple(Y.tolist()), Y),
        ("train_labels", torch.tensor(Y), Y),
        ("train_labels", [torch.tensor(int(y)) for y in Y], Y),
        *(("train_labels", Y.astype(kind), Y) for kind in ("u1", "u2", "i4", "u8", ">i8", ">i4")),
        ("train_labels", np.array(Y[::-1])[::-1], Y),
        ("train_images", X.tolist(), X),
        ("train_images", list(X), X),
        ("train_images", torch.tensor(X), X),
        ("train_images", torch.tensor(X, requires_grad=True), X),
        *(("train_images", X.astype(kind), X) for kind in ("f8", ">f4")),
        ("train_images", X.astype("f2"), X.astype("f2").astype("f4")),
        ("train_images", X > 0.5, (X > 0.5).astype("f4")),
        ("train_images", (X > 0.5).astype("u1"), (X > 0.5).astype("f4")),
        ("train_images", BACK[::-1, :, :, ::-1], X),
        ("train_images", np.broadcast_to(X[:1], X.shape), np.repeat(X[:1], 12, 0)),
        ("train_images", X * np.float32(1 + 5e-7), X * np.float32(1 + 5e-7)),
        ("class_names", ["a", "b", "c", "d"], ("a", "b", "c", "d")),
        ("class_names", np.array(["a", "b", "c", "d"]), ("a", "b", "c", "d")),
        ("class_names", (c for c in "abcd"), ("a", "b", "c", "d")),
        ("class_names", ("a", "b", "c", "d", "unseen"), ("a", "b", "c", "d", "unseen")),
    ],
)
def test_what_fits_is_converted(field, value, wanted):
    data = Data(**{**GOOD, field: value})
    got = getattr(data, field)
    if field == "class_names":
        assert got == wanted
        assert {type(name) for name in got} == {str}
    else:
        assert got.dtype == np.asarray(wanted).dtype
        np.testing.assert_array_equal(got, wanted)
        torch.tensor(got)
    twin = Data(**{**GOOD, field: wanted})
    assert (data.checksum(), data.num_classes) == (twin.checksum(), twin.num_classes)


def test_arrays_of_the_right_kind_are_not_copied():
    data = Data(**GOOD)
    for field in ("train_images", "train_labels", "test_images", "test_labels"):
        assert np.shares_memory(getattr(data, field), GOOD[field])
    fixed = X.copy()
    fixed.flags.writeable = False
    assert Data(**{**GOOD, "train_images": fixed}).train_images is fixed


def test_data_can_be_compared_and_counted():
    data = Data(**GOOD)
    assert data == data
    assert data != Data(**GOOD)
    assert len({data, data}) == 1


def test_strangers_and_holes_are_no_mistakes():
    """Labels beyond those of training, and classes without an image."""
    labels = np.array([0, 2, 4, 5, 5, 5])
    data = Data(**{**GOOD, "test_labels": labels, "class_names": tuple("abcdef")})
    assert data.num_classes == 4
    holes = Data(**{**GOOD, "train_labels": np.where(Y == 1, 0, Y)})
    assert holes.num_classes == 4


@pytest.mark.parametrize("seed", range(6))
def test_a_split_of_people_draws_nobody_without_an_image(seed):
    y = np.repeat([0, 2, 3, 5], 3)
    data = Data("own", X, y, X, y, tuple("abcdef"))
    split = facetoy.open_split(data, 2, seed=seed)
    assert split.num_classes == 2
    assert set(split.train_labels) == {0, 1}
    assert set(split.test_labels) == {0, 1, 2, 3}
    assert not {"b", "e"} & set(split.class_names)
    with pytest.raises(ValueError, match="people must be an integer from 2 to 3, got 4"):
        facetoy.open_split(data, 4)


def test_one_name_is_one_name():
    names = tuple(map(str, range(12)))
    data = Data("own", X, np.arange(12), X, np.arange(12), names)
    assert data.hold_out("11").class_names[-1] == "11"
    assert data.hold_out("11").num_classes == 11


@pytest.mark.parametrize("rows", ["identity", "condition"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_faces_of_what_is_no_number(rows, value):
    given = {
        "identity": toyfaces.genes(2, toyfaces.IDENTITY, (0,)),
        "condition": toyfaces.genes(2, toyfaces.CONDITION, (1,)),
    }
    given[rows][1, 2] = value
    with pytest.raises(ValueError, match=f"{rows} must be finite, got {value}"):
        toyfaces.draw(**given)
