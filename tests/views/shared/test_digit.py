"""A drawn digit becomes an image as scikit-learn's data set has them: the script against Python."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from strokes import DIGITS, path

from facetoy import load

DIGIT = "shared/digit.js"
PAGE, SIDE, WIDE, PEN = 128, 32, 20, 0.1


def drawn(strokes, side: int = PAGE) -> np.ndarray:
    """(side, side) booleans: the pixels whose middle is within half a pen of a stroke."""
    middles = (np.arange(side) + 0.5) / side
    x, y = np.meshgrid(middles, middles)
    ink = np.zeros((side, side), bool)
    for stroke in strokes:
        points = np.array(stroke)
        for a, b in zip(points[[0, *range(len(points) - 1)]], points, strict=True):
            way = b - a
            along = (x - a[0]) * way[0] + (y - a[1]) * way[1]
            part = np.clip(along / max(way @ way, 1e-300), 0, 1)
            far = np.hypot(x - a[0] - part * way[0], y - a[1] - part * way[1])
            ink |= far <= PEN / 2
    return ink


def normalised(page: np.ndarray) -> np.ndarray:
    """(32, 32) booleans: NIST's normalisation, strokes as thin as asked for, by NumPy and SciPy."""
    rows, columns = np.flatnonzero(page.any(1)), np.flatnonzero(page.any(0))
    box = page[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    down = ((np.arange(SIDE) + 0.5) * box.shape[0] / SIDE).astype(int)
    across = ((np.arange(WIDE) + 0.5) * box.shape[1] / WIDE).astype(int)
    map_ = np.pad(box[np.ix_(down, across)], ((0, 0), (6, 6)))
    ink = map_.sum()
    cross = ndimage.generate_binary_structure(2, 1)
    if ink < 256:
        map_ = ndimage.binary_dilation(map_, cross, 2 if ink < 108 else 1)
    while map_.sum() > 412:
        map_ = ndimage.binary_erosion(map_, cross)
    inked = np.flatnonzero(map_.any(1))
    first, last = inked[0], inked[-1]
    slant = (map_[last].argmax() - map_[first].argmax()) / max(last - first, 1)
    shifts = np.floor(slant * (np.arange(SIDE) - (first + last) / 2) + 0.5).astype(int)
    wide = np.pad(map_, ((0, 0), (SIDE, SIDE)))
    return np.array([np.roll(row, -by)[SIDE:-SIDE] for row, by in zip(wide, shifts, strict=True)])


def counted(map_: np.ndarray) -> np.ndarray:
    """(8, 8) counts of the pixels with ink."""
    return map_.reshape(8, 4, 8, 4).sum((1, 3))


def test_blocks_are_counted(call):
    maps = np.random.default_rng(0).random((20, SIDE, SIDE)) < np.linspace(0, 1, 20)[:, None, None]
    found = call(DIGIT, "countBlocks", [[map_.ravel().astype(int).tolist()] for map_ in maps])
    np.testing.assert_array_equal(np.reshape(found, (-1, 8, 8)), [counted(map_) for map_ in maps])


def test_the_pen_leaves_round_strokes(call):
    strokes = [*DIGITS.values(), [[(0.5, 0.5)]], [[(0, 0), (1, 0.3)], [(0.2, 0.9)]]]
    found = [one["ink"] for one in call(DIGIT, "inked", [[one] for one in strokes])]
    want = [drawn(one) for one in strokes]
    apart = np.sum(np.reshape(found, (-1, PAGE, PAGE)) != want, axis=(1, 2))
    assert apart.max() <= 2  # pixels whose middle lies on an edge


def bitmaps(side: int) -> list[np.ndarray]:
    """Digits of the data set as bitmaps, moved and at several sizes, and spots of every weight."""
    rng = np.random.default_rng(0)
    found = []
    for k, image in enumerate(load("digits").test_images[:40, 0]):
        large = ndimage.zoom(image, (3 + k % 9, 2 + k % 7), order=1) > 0.5
        page = np.zeros((side, side), bool)
        top, left = (rng.integers(0, side - n + 1) for n in large.shape)
        page[top : top + large.shape[0], left : left + large.shape[1]] = large
        found.append(page)
    for share in (0.02, 0.1, 0.3, 0.6, 0.8, 1):
        found.append(rng.random((side, side)) < share)
    return found


def test_bitmaps_are_normalised(call):
    pages = bitmaps(PAGE)
    given = [[{"side": PAGE, "ink": page.ravel().astype(int).tolist()}] for page in pages]
    found = [np.reshape(one["ink"], (SIDE, SIDE)) for one in call(DIGIT, "normalised", given)]
    for page, map_ in zip(pages, found, strict=True):
        np.testing.assert_array_equal(map_, normalised(page))


def test_nothing_drawn_is_no_digit(call):
    assert call(DIGIT, "digitOf", [[[]]]) == [None]


def test_drawn_digits_fill_their_box_as_those_of_the_data_set_do(call):
    """As much ink, all eight rows, and first and last row begin below each other."""
    data = load("digits")
    images = np.concatenate([data.train_images, data.test_images])[:, 0] * 16
    ink = images.sum((1, 2))
    found = np.reshape(
        call(DIGIT, "digitOf", [[[path(s) for s in strokes]] for strokes in DIGITS.values()]),
        (-1, 8, 8),
    )
    counts = found * 16
    np.testing.assert_array_equal(counts, np.rint(counts))
    assert counts.sum((1, 2)).min() >= ink.min()
    assert counts.sum((1, 2)).max() <= ink.max()
    assert counts.sum((1, 2)).mean() == pytest.approx(ink.mean(), rel=0.1)
    for both in (images, counts):  # the data set's own digits do it, so the test asks the same
        begins = (both > 0).argmax(2)
        assert (np.abs(begins[:, 0] - begins[:, -1]) <= 1).mean() > 0.95
        assert (both.sum(2) > 0).all(1).mean() > 0.99
        assert (both[:, :, 0] == 0).all(1).mean() > 0.95


def test_size_and_place_do_not_matter(call):
    """A digit in a corner of the pad is the digit in the middle, but for the pen's width."""
    strokes = DIGITS["3"]
    small = [[(0.02 + 0.8 * x, 0.15 + 0.8 * y) for x, y in stroke] for stroke in strokes]
    large, little = np.array(call(DIGIT, "digitOf", [[strokes], [small]]))
    assert np.abs(large - little).mean() < 0.12
