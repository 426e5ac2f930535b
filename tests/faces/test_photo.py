"""The photo pipeline: one face stays one face, whatever file it comes in."""

import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import PIL
import pytest
from PIL import Image
from sklearn.datasets import fetch_olivetti_faces, get_data_home

from facetoy.data import reading
from facetoy.faces import photo as module
from facetoy.faces import verification
from facetoy.faces.photo import align, detect, embed, read_face, read_photo, the_face

dlib = pytest.importorskip("dlib", reason="needs the extra: pip install 'facetoy[photos]'")
samples = pytest.importorskip("skimage.data", reason="needs the extra: facetoy[photos]")


@pytest.fixture(scope="module")
def feature(photo, face):
    return embed([align(photo, face)])[0]


@pytest.fixture(scope="module")
def olivetti():
    """Two photos each of three people, (6, 64, 64) floats, enlarged: nothing is downloaded."""
    if not Path(get_data_home(), "olivetti_py3.pkz").exists():
        pytest.skip("the Olivetti faces are not in SCIKIT_LEARN_DATA")
    return fetch_olivetti_faces().images[[0, 1, 20, 21, 30, 31]]


def png(width, height):
    """A one-colour grey PNG, written row by row: no image of that size is ever in memory."""
    squeeze = zlib.compressobj()
    data = b"".join(squeeze.compress(bytes(width + 1)) for _ in range(height)) + squeeze.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    out = b"\x89PNG\r\n\x1a\n"
    for kind, body in ((b"IHDR", header), (b"IDAT", data), (b"IEND", b"")):
        out += struct.pack(">I", len(body)) + kind + body
        out += struct.pack(">I", zlib.crc32(kind + body))
    return out


def saved(image, form, **options):
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def test_the_astronaut_has_one_face(photo, face):
    left, top, right, bottom = face.box
    assert 170 < left < right < 280
    assert 70 < top < bottom < 190
    assert face.landmarks.shape == (5, 2)
    assert (face.landmarks >= (left, top)).all()
    assert (face.landmarks <= (right, bottom)).all()
    assert face.score > 1


def test_landmarks_come_in_the_order_of_the_template(face):
    assert np.argsort(face.landmarks[:, 0]).tolist() == np.argsort(module.TEMPLATE[:, 0]).tolist()
    assert face.landmarks[4, 1] > face.landmarks[:4, 1].max()


def test_a_chip_is_what_dlib_cuts(photo, face):
    corners = dlib.rectangle(*(round(v) for v in face.box))
    points = [dlib.point(*p) for p in face.landmarks.astype(int).tolist()]
    for size, padding in ((150, 0.25), (64, 0.5)):
        there = dlib.get_face_chip(
            photo, dlib.full_object_detection(corners, points), size, padding
        )
        np.testing.assert_array_equal(align(photo, face, size, padding), there)


def test_a_chip_is_upright(photo):
    tilted = np.array(Image.fromarray(photo).rotate(20, center=(222, 125), resample=2))
    before = the_face(tilted).landmarks
    chip = align(tilted, the_face(tilted), 300)
    after = the_face(chip).landmarks

    def slope(p):
        dx, dy = (p[:2].mean(0) - p[2:4].mean(0)).tolist()
        return abs(np.degrees(np.arctan2(dy, dx)))

    assert slope(before) > 10
    assert slope(after) < 4
    wanted = (module.TEMPLATE + 0.25) / 1.5 * 300
    assert np.abs(after - wanted).max() < 20


def test_a_small_grey_chip_for_a_network_of_your_own(photo, face):
    chip = align(photo, face, 32)
    assert chip.shape == (32, 32, 3)
    assert chip.dtype == np.uint8
    grey = align(photo, face, 150).mean(-1)
    small = np.asarray(Image.fromarray(grey.astype(np.uint8)).resize((32, 32)), float)
    assert np.corrcoef(small.ravel(), chip.mean(-1).ravel())[0, 1] > 0.97


def test_one_person_is_near_and_another_far(photo, feature, olivetti):
    bright = np.clip(photo * 1.3 + 10, 0, 255).astype(np.uint8)
    others = [photo[:, ::-1], bright, read_photo(olivetti[0])]
    chips = [align(p, the_face(p, e)) for p, e in zip(others, (1, 1, 4), strict=True)]
    mirrored, brighter, stranger = np.linalg.norm(embed(chips) - feature, axis=1)
    assert mirrored < 0.4
    assert brighter < 0.4
    assert stranger > 0.6


def test_features_are_what_verification_wants(olivetti):
    features = embed([read_face(image, enlarge=4) for image in olivetti])
    assert features.shape == (6, 128)
    assert features.dtype == np.float32
    assert 1.2 < np.linalg.norm(features, axis=1).mean() < 1.6
    pairs = verification.all_pairs(np.array([0, 0, 1, 1, 2, 2]))
    for score in (verification.cosine, verification.negative_distance):
        assert verification.auc(score(features, pairs), pairs.same) == 1


def test_features_do_not_depend_on_the_batch(photo, face, feature):
    chip = align(photo, face)
    both = embed(np.stack([chip, chip[:, ::-1]]))
    np.testing.assert_allclose(both[0], feature, atol=1e-5)
    assert np.abs(both[1] - feature).max() > 1e-3
    assert embed([]).shape == (0, 128)


def test_any_function_of_chips_can_take_the_place_of_embed(photo, face):
    def own(chips):
        return chips.mean(-1).reshape(len(chips), -1) / 255

    chips = np.stack([read_face(p, 24) for p in (photo, photo[:, ::-1])])
    assert own(chips).shape == (2, 576)
    pairs = verification.all_pairs(np.array([0, 0]))
    assert verification.cosine(own(chips), pairs)[0] > 0.8


def test_enlarging_finds_smaller_faces(photo, face):
    small = read_photo(photo, 200 * 200)
    assert detect(small) == []
    found = the_face(small, enlarge=2)
    ratio = 512 / 200
    assert np.abs((found.landmarks + 0.5) * ratio - 0.5 - face.landmarks).max() < 6
    assert small.shape == (200, 200, 3)


def test_landmarks_of_an_enlarged_photo_are_in_pixels_of_the_photo(photo):
    large = np.array(Image.fromarray(photo).resize((1024, 1024)))
    for there, here in zip(detect(large), detect(photo, enlarge=2), strict=True):
        np.testing.assert_allclose(here.landmarks, (there.landmarks + 0.5) / 2 - 0.5)
        np.testing.assert_allclose(here.box, (np.array(there.box) + 0.5) / 2 - 0.5)


@pytest.mark.parametrize("orientation", range(2, 9))
def test_photos_are_turned_as_exif_says(photo, face, orientation):
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    wide = photo[:400]  # not square, so that the shape tells as well
    stored = Image.fromarray(wide).transpose(undo)
    np.testing.assert_array_equal(read_photo(saved(stored, "PNG", exif=exif)), wide)
    jpeg = read_photo(saved(stored, "JPEG", exif=exif, quality=95))
    assert np.abs(the_face(jpeg).landmarks - face.landmarks).max() <= 3


TIFF_AS_WRITTEN = pytest.mark.skipif(
    int(PIL.__version__.split(".")[0]) < 12, reason="this Pillow cannot read what it writes"
)


@pytest.mark.parametrize(
    "mode", ["L", "RGBA", "P", "CMYK", "LA", pytest.param("YCbCr", marks=TIFF_AS_WRITTEN)]
)
def test_modes_become_rgb(photo, face, mode, tmp_path):
    path = tmp_path / "photo.tif"
    Image.fromarray(photo).convert(mode).save(path)
    read = read_photo(path)
    assert read.shape == photo.shape
    assert read.dtype == np.uint8
    assert np.abs(the_face(read).landmarks - face.landmarks).max() <= 3
    grey = mode in ("L", "LA")
    wanted = np.asarray(Image.fromarray(photo).convert("L" if grey else "RGB").convert("RGB"))
    assert np.abs(read.astype(int) - wanted).mean() < 15  # a palette has few colours


def test_sixteen_bits_and_floats(photo):
    grey = np.asarray(Image.fromarray(photo).convert("L"))
    wanted = np.repeat(grey[..., None], 3, axis=2)
    deep = grey.astype(np.uint16) * 257
    for source in (
        saved(Image.fromarray(deep), "PNG"), saved(Image.fromarray(deep), "TIFF"),
        saved(Image.fromarray(grey.astype(np.float32) / 255), "TIFF"), grey, deep, grey / 255,
        (grey / 255).astype(np.float32), wanted,
    ):  # fmt: skip
        np.testing.assert_array_equal(read_photo(source), wanted)
    assert (read_photo(np.full((4, 4), 0.999)) == 255).all()  # rounded, not cut


def test_what_is_transparent_becomes_white(photo):
    clear = np.dstack([photo, np.full(photo.shape[:2], 255, np.uint8)])
    clear[:100, :, 3] = 0
    for source in (clear, saved(Image.fromarray(clear), "PNG")):
        read = read_photo(source)
        assert (read[:100] == 255).all()
        np.testing.assert_array_equal(read[100:], photo[100:])


def test_paths_bytes_and_files_are_the_same(photo, tmp_path):
    path = tmp_path / "photo.png"
    Image.fromarray(photo).save(path)
    with open(path, "rb") as file:
        for source in (path, str(path), path.read_bytes(), file):
            read = read_photo(source)
            np.testing.assert_array_equal(read, photo)
            assert read.flags.writeable


def test_large_photos_are_shrunk(photo):
    large = Image.fromarray(photo).resize((2048, 2048))
    for form in ("JPEG", "PNG"):
        read = read_photo(saved(large, form), 512 * 512)
        assert read.shape == photo.shape
        assert np.abs(read.astype(int) - photo).mean() < 6
    assert read_photo(photo, 10_000).shape == (100, 100, 3)
    assert read_photo(np.zeros((1, 5000), np.uint8), 100).shape == (1, 100, 3)


def test_a_large_jpeg_is_read_small(photo, monkeypatch):
    monkeypatch.setattr(reading, "LARGEST", 1_100_000)
    large = Image.fromarray(photo).resize((2048, 2048))
    assert read_photo(saved(large, "JPEG"), 200_000).shape == (447, 447, 3)
    with pytest.raises(ValueError, match=r"too large to be read: 4,194,304 pixels, of 1,100,000"):
        read_photo(saved(large, "PNG"), 200_000)


@pytest.mark.parametrize("size", [(20_000, 20_000), (10_000, 6_000)])
def test_a_bomb_is_refused(tmp_path, size):
    path = tmp_path / "huge.png"
    path.write_bytes(png(*size))
    with pytest.raises(ValueError, match=r"huge\.png is too large to be read: .*pixels"):
        read_photo(path)


def test_files_that_are_no_photos(photo, tmp_path):
    jpeg = saved(Image.fromarray(photo), "JPEG")
    for name, content in {
        "text.jpg": b"hello " * 100, "empty.png": b"", "cut.jpg": jpeg[: len(jpeg) // 2],
        "cut.png": saved(Image.fromarray(photo), "PNG")[:5000], "stub.jpg": jpeg[:10],
        "run.eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n",
        "odd.pcx": saved(Image.fromarray(photo), "PCX"),
    }.items():  # fmt: skip
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=f"{name} is damaged or is not an image"):
            read_photo(tmp_path / name)
        with pytest.raises(ValueError, match="the image is damaged or is not an image"):
            read_photo(content)
    with pytest.raises(FileNotFoundError, match=r"none\.jpg"):
        read_photo(tmp_path / "none.jpg")


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP"])
def test_damaged_bytes_never_raise_anything_else(photo, form):
    good = saved(Image.fromarray(photo[::8, ::8]), form)
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(200):
        bad = bytearray(good)
        for i in rng.integers(0, min(len(bad), 300), 4):
            bad[i] = rng.integers(256)
        try:
            assert read_photo(bytes(bad)).shape[2] == 3
        except ValueError:
            refused += 1
    assert refused > 5


def test_no_face_and_several(photo, tmp_path):
    assert detect(samples.chelsea()) == []
    with pytest.raises(ValueError, match="found no face in the photo"):
        the_face(samples.chelsea())
    path = tmp_path / "cat.png"
    Image.fromarray(samples.chelsea()).save(path)
    with pytest.raises(ValueError, match=r"found no face in .*cat\.png"):
        read_face(path)
    twice = np.hstack([photo[:300], photo[:300]])
    with pytest.raises(ValueError, match="found 2 faces in the photo, expected one"):
        the_face(twice)
    left, right = detect(twice)
    assert right.box[0] - left.box[0] == pytest.approx(512, abs=10)


def test_a_score_tells_faces_from_false_finds(photo):
    twice = np.hstack([photo, photo])  # the badges look like faces, a little
    faces = detect(twice)
    assert [f.score > 0.5 for f in faces] == [False, True, False, True]
    assert [f.box for f in detect(twice, least_score=0.5)] == [faces[1].box, faces[3].box]
    with pytest.raises(ValueError, match="found no face in the photo"):
        the_face(photo, least_score=2)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (np.zeros((0, 5), np.uint8), r"shape .*got \(0, 5\)"),
        (np.zeros((5, 5, 2), np.uint8), r"shape .*got \(5, 5, 2\)"),
        (np.zeros((1, 5, 5, 3), np.uint8), r"shape .*got \(1, 5, 5, 3\)"),
        (np.zeros(5, np.uint8), r"shape .*got \(5,\)"),
        (np.zeros((5, 5), int), "uint8, uint16 or float, got int64"),
        (np.zeros((5, 5), bool), "uint8, uint16 or float, got bool"),
        (np.full((5, 5), 255.0), r"\[0, 1\], got 255 to 255"),
        (np.full((5, 5), np.nan), r"\[0, 1\], got nan to nan"),
    ],
)
def test_arrays_that_are_no_photos(source, says):
    with pytest.raises(ValueError, match=says):
        read_photo(source)


def test_wrong_arguments(photo, face):
    for max_pixels in (0, -1, 1.5, True):
        with pytest.raises(ValueError, match="max_pixels must be an integer of at least 1, got"):
            read_photo(photo, max_pixels)
    with pytest.raises(TypeError, match="a path, bytes, a file or an array, got 5"):
        read_photo(5)
    for wrong in (photo[..., 0], photo / 255, photo[None], "photo.jpg"):
        with pytest.raises(ValueError, match=r"photo must be uint8 of shape \(H, W, 3\), got"):
            detect(wrong)
        with pytest.raises(ValueError, match=r"photo must be uint8 of shape \(H, W, 3\), got"):
            align(wrong, face)
    for enlarge in (0, 0.5, -1, 100, float("nan"), float("inf")):
        with pytest.raises(ValueError, match=rf"enlarge must .* got {enlarge} for 512 x 512"):
            detect(photo, enlarge)
    for size in (0, 1.5, 5000, True):
        with pytest.raises(ValueError, match=f"size must be an integer from 1 to 4096, got {size}"):
            align(photo, face, size)
    with pytest.raises(ValueError, match=r"padding must lie in \[0, 10\], got -1"):
        align(photo, face, padding=-1)
    for points in (np.zeros((5, 2)), face.landmarks[:4], face.landmarks * np.nan):
        with pytest.raises(ValueError, match="a face needs five different landmarks, got"):
            align(photo, face._replace(landmarks=points))
    for chips in (
        photo,
        photo[None],
        np.zeros((2, 150, 150, 3)),
        np.zeros((150, 150, 3), np.uint8),
    ):
        with pytest.raises(ValueError, match=r"chips must be uint8 of shape \(N, 150, 150, 3\)"):
            embed(chips)


def test_a_face_outside_the_photo_is_black(photo, face):
    away = face._replace(landmarks=face.landmarks + 10_000)
    assert not align(photo, away).any()


@pytest.mark.parametrize("missing", ["dlib", "weights"])
def test_without_the_extra_a_sentence_says_so(missing, monkeypatch):
    if missing == "dlib":
        monkeypatch.setitem(sys.modules, "dlib", None)
    else:
        monkeypatch.setattr(module, "find_spec", lambda name: None)
    module._network.cache_clear()
    with pytest.raises(ImportError, match=r"needs the extra: pip install 'facetoy\[photos\]'"):
        embed(np.zeros((1, 150, 150, 3), np.uint8))


def test_importing_needs_no_extra():
    code = f"""
import runpy, sys
sys.modules["dlib"] = sys.modules["face_recognition_models"] = None
runpy.run_path({module.__file__!r})
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
