"""The colours must hold on both themes and for readers with a colour deficiency."""

import itertools

import numpy as np
import pytest

from facetoy.views.shared.palette import COLORS, MARKERS, color, marker, places

# Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB.
DEFICIENCIES = {
    "none": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
WHITE_POINT = np.array([0.95047, 1, 1.08883])
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear(hexes) -> np.ndarray:
    """(N, 3) linear RGB of hex colours."""
    rgb = np.array([[int(h[i : i + 2], 16) for i in (1, 3, 5)] for h in hexes]) / 255
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    """(N, 3) CIE L*a*b* of linear RGB."""
    t = np.clip(rgb, 0, 1) @ TO_XYZ.T / WHITE_POINT
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack([116 * f[:, 1] - 16, *(k * (f[:, i] - f[:, j]) for k, i, j in
                     ((500, 0, 1), (200, 1, 2)))], 1)  # fmt: skip


@pytest.mark.parametrize("name", DEFICIENCIES)
def test_classes_with_one_marker_differ_for_every_reader(name):
    seen = lab(linear(COLORS) @ np.array(DEFICIENCIES[name]).T)
    pairs = [
        (np.linalg.norm(seen[i] - seen[j]), i, j)
        for i, j in itertools.combinations(range(len(COLORS)), 2)
        if MARKERS[i] == MARKERS[j]
    ]
    assert min(pairs)[0] > 20, min(pairs)  # CIE76; 2.3 is just noticeable


def test_all_classes_differ_by_colour_alone_for_most_readers():
    seen = lab(linear(COLORS))
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) > 20


@pytest.mark.parametrize("page", ["#ffffff", "#121212", "#14181e", "#1e1e1e"])
def test_contrast_with_the_page(page):
    light = linear([page, *COLORS]) @ TO_XYZ[1]
    high, low = np.maximum(light[1:], light[0]), np.minimum(light[1:], light[0])
    assert ((high + 0.05) / (low + 0.05)).min() >= 3


def test_they_start_again_after_the_last():
    assert color(len(COLORS)) == COLORS[0] != color(1)
    assert marker(len(MARKERS)) == MARKERS[0]
    assert set(MARKERS) == {"circle", "square", "triangle", "diamond"}


@pytest.mark.parametrize(
    ("names", "looks"),
    [
        ("0123456789", list(range(10))),
        ("0124679358", [0, 1, 2, 4, 6, 7, 9, 3, 5, 8]),
        ("85", [8, 5]),
        (["3", "12"], [0, 1]),
        (["cat", "dog"], [0, 1]),
    ],
)
def test_digits_keep_their_looks(names, looks):
    assert places(names) == looks
