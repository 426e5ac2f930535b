"""FaceView's state: the genes with their words, and the person of the data set."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from facetoy.data.toyfaces import CONDITION, IDENTITY, draw, genes
from facetoy.views.face_view.face_view import FaceView
from facetoy.views.shared.face_words import WORDS, describe, scale
from facetoy.views.shared.genes import FIRST, PASSPORT


def test_the_state_is_small_and_holds_every_gene_of_toyfaces():
    meta = FaceView(3, seed=1)._meta
    assert len(json.dumps(meta)) < 10_000
    for kind, ranges in (("person", IDENTITY), ("photo", CONDITION)):
        known = {gene["name"]: (gene["low"], gene["high"]) for gene in meta["kinds"][kind]}
        assert known == ranges
        assert len(meta[kind]) == len(ranges)
        assert 8 <= sum(gene["first"] for gene in meta["kinds"][kind]) <= 10
    assert np.shape(meta["others"]) == (6, len(CONDITION))
    assert set(WORDS) == {*IDENTITY, *CONDITION}
    assert {*FIRST, *PASSPORT} <= set(WORDS)


def test_the_person_is_that_of_the_data_set():
    found = FaceView(7, seed=2)._meta["person"]
    np.testing.assert_allclose(found, genes(1000, IDENTITY, (2, 1))[7], atol=5e-4)
    assert FaceView(np.int64(7), seed=2)._meta["person"] == found
    assert FaceView(7, seed=3)._meta["person"] != found


@pytest.mark.parametrize("name", WORDS)
def test_words_cover_the_range_and_none_means_that_nothing_is_drawn(name):
    low, high = {**IDENTITY, **CONDITION}[name]
    words = scale(name, low, high)
    ends = [up_to for up_to, _ in words]
    assert ends == sorted(set(ends))
    assert ends[-1] == 1
    if words[0][1] == "none":
        assert low + (high - low) * ends[0] == pytest.approx(0, abs=1e-3)


def test_the_description_says_what_is_special():
    person, photo = np.full(len(IDENTITY), 0.5), np.array(FaceView()._meta["photo"])
    assert describe(person, photo) == "Drawn face: half-long hair"
    for kind, row, name, value in (
        (IDENTITY, person, "head width", 0.9),
        (IDENTITY, person, "hair tone", 0.1),
        (CONDITION, photo, "glasses", 0.99),
        (CONDITION, photo, "hat", 0.95),
    ):
        row[list(kind).index(name)] = value
    assert describe(person, photo) == (
        "Drawn face: very wide head, very dark half-long hair, dark glasses, hat on"
    )


def test_the_still_is_toyfaces_own_picture():
    view = FaceView(1)
    still = np.asarray(Image.open(io.BytesIO(view._still)))
    row = [np.array([view._meta[kind]]) for kind in ("person", "photo")]
    np.testing.assert_array_equal(still[:288:3, :288:3], np.rint(draw(*row, 96)[0, 0] * 255))
    assert view._alt.startswith("Drawn face: ")
    assert view._alt.endswith("six other photos of the same person.")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"identity": -1}, "identity must be an integer from 0 to 999999, got -1"),
        ({"identity": 1.5}, "identity must be an integer from 0 to 999999, got 1.5"),
        ({"identity": True}, "identity must be an integer from 0 to 999999, got True"),
        ({"identity": 10**6}, "identity must be an integer from 0 to 999999, got 1000000"),
        ({"seed": "1"}, "seed must be an integer of at least 0, got '1'"),
        ({"seed": -2}, "seed must be an integer of at least 0, got -2"),
    ],
)
def test_wrong_input_is_named(options, says):
    with pytest.raises(ValueError, match=says):
        FaceView(**options)
