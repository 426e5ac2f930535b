"""What people met in the field with photos: each with its neighbours, alone and in threads."""

import io
import sys
import types
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

import facetoy
from facetoy.faces import photo as module
from facetoy.faces import search, strangers, verification
from facetoy.faces.photo import align, detect, embed, read_face, read_photo, the_face

pytest.importorskip("dlib", reason="needs the extra: pip install 'facetoy[photos]'")
samples = pytest.importorskip("skimage.data", reason="needs the extra: facetoy[photos]")

GREY = np.arange(256, dtype=np.uint8).reshape(16, 16)
RGB = np.stack([GREY, GREY[::-1], GREY.T], axis=-1)


def saved(image, form, **options):
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def box(brand, rest=b"mif1heic"):
    """The first bytes of a file of the family of MP4 and HEIC."""
    return b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0" + rest + bytes(100)


@pytest.mark.parametrize(
    ("content", "form"),
    [
        (box(b"heic"), "HEIC: pip install pillow-heif"),
        (box(b"heix"), "HEIC: pip install pillow-heif"),
        (box(b"mif1"), "HEIC: pip install pillow-heif"),
        (box(b"msf1"), "HEIC: pip install pillow-heif"),
        (b"\xff\x0a" + bytes(50), "JPEG XL: save it as JPEG or PNG"),
        (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(50), "JPEG XL: save it as JPEG or PNG"),
        (saved(Image.fromarray(RGB), "JPEG2000"), "JPEG 2000: save it as JPEG or PNG"),
        (b"8BPS\0\1" + bytes(50), "Photoshop: save it as JPEG or PNG"),
        (b"%PDF-1.7\n" + bytes(50), "PDF: save it as JPEG or PNG"),
    ],
)
def test_formats_that_are_not_supported_are_named(tmp_path, monkeypatch, content, form):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    monkeypatch.delitem(Image.OPEN, "HEIF", raising=False)
    path = tmp_path / "photo.heic"
    path.write_bytes(content)
    says = f"has a format that is not supported here, {form}"
    for source, name in ((path, r"photo\.heic"), (content, "the image")):
        with pytest.raises(ValueError, match=f"{name} {says}"):
            read_photo(source)
    with open(path, "rb") as file, pytest.raises(ValueError, match=f"photo.heic {says}"):
        read_photo(file)


def test_avif_is_named_where_pillow_lacks_it(monkeypatch):
    monkeypatch.delitem(Image.OPEN, "AVIF", raising=False)
    with pytest.raises(ValueError, match="not supported here, AVIF: pip install pillow --upgrade"):
        read_photo(box(b"avif"))


def test_heic_is_read_where_it_can_be(monkeypatch):
    """With Pillow's plug-in, here a stand-in that reads what begins as HEIC and goes on as PNG."""

    def opened(file, name):
        start = file.read(12)
        assert start[4:] == b"ftypheic"
        return Image.open(io.BytesIO(file.read()), formats=["PNG"])

    def register():
        Image.register_open("HEIF", opened, lambda head: head[4:12] == b"ftypheic")

    monkeypatch.delitem(Image.OPEN, "HEIF", raising=False)
    plugin = types.SimpleNamespace(register_heif_opener=register)
    monkeypatch.setitem(sys.modules, "pillow_heif", plugin)
    monkeypatch.setattr(Image, "ID", list(Image.ID))
    heic = b"\0\0\0\x18ftypheic" + saved(Image.fromarray(RGB), "PNG")
    np.testing.assert_array_equal(read_photo(heic), RGB)
    with pytest.raises(ValueError, match="the image is damaged or is not an image"):
        read_photo(heic[:60])
    Image.OPEN.pop("HEIF", None)


RANGES = [
    (GREY.astype(np.uint16), "uint16 reaches from 0 to 65535, got at most 255: .* 8 bits"),
    (GREY.astype(">u2"), "at most 255: is it one of 8 bits"),
    (RGB.astype(np.uint16), "at most 255: is it one of 8 bits"),
    (GREY.astype(np.uint16) * 4, "at most 1020: is it one of 10 bits"),
    (GREY.astype(np.uint16) * 16, "at most 4080: is it one of 12 bits"),
    (np.dstack([RGB.astype(np.uint16), GREY * np.uint16(0) + np.uint16(65535)]), "at most 255"),
    (GREY / 255 / 255, "floats reaches from 0 to 1, got at most 0.0039.*divided by 255 twice"),
    ((GREY / 65535).astype(np.float16), "floats reaches from 0 to 1"),
    (GREY.astype(float), r"floats must lie in \[0, 1\], got 0 to 255"),
    (GREY / 127.5 - 1, r"floats must lie in \[0, 1\], got -1 to 1"),
    (np.where(GREY, 0.5, np.nan), r"floats must lie in \[0, 1\], got nan to nan"),
    (np.where(GREY, 0.5, np.inf), r"floats must lie in \[0, 1\], got 0.5 to inf"),
    (GREY.astype(int), "must be uint8, uint16 or float, got int64"),
    (GREY.astype(np.int8), "must be uint8, uint16 or float, got int8"),
    (GREY.astype(np.uint32), "must be uint8, uint16 or float, got uint32"),
    (GREY.astype(object), "must be uint8, uint16 or float, got object"),
    (GREY.astype(str), "must be uint8, uint16 or float, got <U3"),
    (GREY + 0j, "must be uint8, uint16 or float, got complex128"),
    (GREY > 5, "must be uint8, uint16 or float, got bool"),
    (GREY[..., None], r"shape .*got \(16, 16, 1\)"),
    (RGB.transpose(2, 0, 1), r"shape .*got \(3, 16, 16\)"),
    (RGB[None], r"shape .*got \(1, 16, 16, 3\)"),
    (np.array(5, np.uint8), r"shape .*got \(\)"),
]


@pytest.mark.parametrize(("pixels", "says"), RANGES)
def test_arrays_that_would_be_another_photo(pixels, says):
    with pytest.raises(ValueError, match=says):
        read_photo(pixels)
    with pytest.raises(ValueError, match=says):
        read_face(pixels)


DEEP = GREY.astype(np.uint16) * 257
ALPHA = np.full((16, 16), 255, np.uint8)
FIXED = RGB.copy()
FIXED.flags.writeable = False


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        (DEEP, GREY), (DEEP.astype(">u2"), GREY), (np.asfortranarray(DEEP), GREY),
        (GREY / 255, GREY), ((GREY / 255).astype(np.float16), GREY), (np.asfortranarray(RGB), RGB),
        ((RGB / 255).astype(np.longdouble), RGB), (RGB[::-1, ::-1][::-1, ::-1], RGB), (FIXED, RGB),
        (np.dstack([RGB, ALPHA]), RGB), (np.dstack([RGB, ALPHA]) / 255, RGB),
        (np.zeros((4, 4), np.uint16), np.zeros((4, 4), np.uint8)),
        (np.zeros((4, 4)), np.zeros((4, 4), np.uint8)), (np.zeros((4, 4), np.uint8) + 3, None),
        (saved(Image.fromarray(DEEP), "PNG"), GREY),
        (memoryview(saved(Image.fromarray(RGB), "PNG")), RGB),
        (bytearray(saved(Image.fromarray(RGB), "BMP")), RGB),
        (saved(Image.fromarray(GREY), "GIF"), GREY), (saved(Image.fromarray(RGB), "PPM"), RGB),
        (saved(Image.fromarray(RGB).convert("RGBA"), "WEBP", lossless=True), RGB),
        (saved(Image.fromarray(GREY).convert("LA"), "PNG"), GREY),
        (saved(Image.fromarray(GREY).convert("P"), "PNG"), GREY),
        (saved(Image.fromarray(255 * (GREY > 99).astype(np.uint8)).convert("1"), "PNG"),
         255 * (GREY > 99).astype(np.uint8)),
    ],
)  # fmt: skip
def test_arrays_and_files_that_are_the_photo(source, wanted):
    got = read_photo(source)
    assert got.dtype == np.uint8
    assert got.flags.writeable
    if wanted is not None:
        rgb = wanted if wanted.ndim == 3 else np.repeat(wanted[..., None], 3, axis=2)
        np.testing.assert_array_equal(got, rgb)


@pytest.mark.parametrize(
    ("pixels", "says"),
    [
        (GREY.astype(np.uint16), "a photo of uint16 .* got at most 255"),
        (GREY.astype(np.float32), r"a photo of floats must lie in \[0, 1\], got 0 to 255"),
        (GREY.astype(np.int32) * 1000, "a photo has at most 16 bits, got 0 to 255000"),
        (GREY.astype(np.int32) - 1, "a photo has at most 16 bits, got -1 to 254"),
    ],
)
def test_files_with_other_numbers_are_not_called_damaged(tmp_path, pixels, says):
    path = tmp_path / "photo.tif"
    Image.fromarray(pixels).save(path)
    with pytest.raises(ValueError, match=rf"photo\.tif cannot be read: {says}"):
        read_photo(path)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM"])
def test_files_that_were_cut_are_damaged(form):
    whole = saved(Image.fromarray(samples.astronaut()[::4, ::4]), form)
    for cut in (0, 1, 10, len(whole) // 2):
        with pytest.raises(ValueError, match="the image is damaged or is not an image"):
            read_photo(whole[:cut])


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (None, "got None"),
        (5.0, r"got 5\.0"),
        (RGB.tolist(), r"got \[\[\[0, 240, 0\], "),
        (Image.fromarray(RGB), r"a path, bytes, a file or an array, got <PIL"),
        (io.StringIO("text"), "must be opened as 'rb'"),
    ],
)
def test_what_is_no_source_of_a_photo(source, says):
    with pytest.raises(TypeError, match=says) as caught:
        read_photo(source)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("act", "says"),
    [
        (lambda p, f: detect(p, "2"), "enlarge must be at least 1, .* got '2' for 512 x 512"),
        (lambda p, f: detect(p, None), "enlarge must be at least 1, .* got None for 512 x 512"),
        (lambda p, f: detect(p, True), "enlarge must be at least 1, .* got True for 512 x 512"),
        (lambda p, f: detect(p, 1, np.nan), "least_score must be a number, got nan"),
        (lambda p, f: the_face(p, 1, "0"), "least_score must be a number, got '0'"),
        (lambda p, f: read_face(p, least_score=None), "least_score must be a number, got None"),
        (lambda p, f: detect(None), r"photo must be uint8 of shape \(H, W, 3\), got NoneType"),
        (lambda p, f: detect([[1, 2], [3]]), "photo must be uint8 .*got rows that differ"),
        (lambda p, f: detect(p.astype(np.uint16)), "photo must be uint8 .*got uint16 of shape"),
        (
            lambda p, f: detect(p[..., :2]),
            r"photo must be uint8 .*got uint8 of shape \(512, 512, 2",
        ),
        (lambda p, f: detect(p[:0]), r"photo must have pixels, got shape \(0, 512, 3\)"),
        (lambda p, f: align(p, [f]), r"face must be one Face, as from the_face, got \[Face"),
        (lambda p, f: align(p, f.box), r"face must be one Face, as from the_face, got \("),
        (lambda p, f: align(p, None), "face must be one Face, as from the_face, got None"),
        (lambda p, f: align(p, f, padding="a"), r"padding must lie in \[0, 10\], got 'a'"),
        (lambda p, f: align(p, f, padding=np.nan), r"padding must lie in \[0, 10\], got nan"),
        (lambda p, f: align(p, f, 64.0), "size must be an integer from 1 to 4096, got 64.0"),
        (lambda p, f: read_face(p, "64"), "size must be an integer from 1 to 4096, got '64'"),
        (lambda p, f: embed([p[:150, :150], p[:64, :64]]), "chips must be .*got rows that differ"),
        (lambda p, f: embed(p[:150, :150]), r"chips must be .*got uint8 of shape \(150, 150, 3\)"),
        (lambda p, f: embed(p[None, :150, :150] / 255), "chips must be uint8 .*got float64"),
        (lambda p, f: embed(None), "chips must be uint8 .*got NoneType"),
        (lambda p, f: embed(c for c in [p]), "chips must be uint8 .*got generator"),
        (lambda p, f: embed(""), "chips must be uint8 .*got str"),
    ],
)
def test_arguments_that_show_no_face(photo, face, act, says):
    with pytest.raises(ValueError, match=says):
        act(photo, face)


def test_numbers_and_arrays_of_every_kind_show_the_same_face(photo, face):
    fixed = np.asfortranarray(photo)
    fixed.flags.writeable = False
    chip = align(photo, face, 150)
    np.testing.assert_array_equal(align(fixed, face, np.int64(150), np.float32(0.25)), chip)
    np.testing.assert_array_equal(
        align(photo, face._replace(landmarks=face.landmarks.tolist())), chip
    )
    assert repr(detect(fixed, np.float32(1), np.int8(0))) == repr(detect(photo))
    wide = np.broadcast_to(chip, (2, 150, 150, 3))
    np.testing.assert_array_equal(embed(wide), embed([chip, chip]))
    for none in ([], (), np.empty((0, 150, 150, 3), np.uint8), np.empty(0)):
        assert embed(none).shape == (0, 128)


def pixels_of_a_crowd():
    """Half have the astronaut's face, half are black; of 40, each of another size."""
    face = samples.astronaut()[20:260, 120:340]
    return [np.pad(face * (k % 2 == 0), ((0, k), (0, 0), (0, 0))) for k in range(16)]


def test_threads_do_not_find_each_others_faces():
    photos = pixels_of_a_crowd()
    alone = [repr(detect(photo)) for photo in photos]
    assert [a != "[]" for a in alone] == [k % 2 == 0 for k in range(16)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda photo: repr(detect(photo)), photos)) == alone


def every_function(k, folder, files):
    """What every public function of ``faces/`` says of the ``k``-th input."""
    image = read_photo(files[k % len(files)])
    face = the_face(image)
    chips = np.stack([align(image, face), read_face(files[k % len(files)])])
    rng = np.random.default_rng(k)
    labels, x = np.repeat(range(6), 5), rng.normal(size=(30, 128)) + embed(chips)[0]
    every, pairs = verification.all_pairs(labels), verification.draw_pairs(labels, 40, seed=k)
    scores = verification.cosine(x, pairs)
    curve = verification.roc(scores, pairs.same)
    list_file = folder / f"{k}.txt"
    list_file.write_text(f"1\nA\t{k + 1}\t2\nA\t1\tB\t{k + 1}\n")
    gallery = search.Gallery(128, ("flat", "hnsw")[k % 2])
    gallery.enrol(labels, x)
    gallery.remove(k % 6)
    loaded = search.load_gallery(gallery.save(folder / f"{k}.npz"))
    index = search.make_index(gallery.templates, search.choose_kind(30))
    return repr((
        detect(image), chips.sum(), embed(chips).tolist(), every, pairs, scores.tolist(), curve,
        verification.negative_distance(x, pairs).tolist(), curve.eer, curve.tar_at(0.5),
        verification.tar_at([curve], [0.3]), verification.auc(scores, pairs.same),
        verification.best_threshold(scores, pairs.same),
        verification.fold_accuracy(scores, pairs.same),
        verification.people_interval(scores, pairs, labels, resamples=5),
        verification.read_pairs(list_file), gallery, gallery.search(x, 2, 0.2), loaded.names,
        loaded.neighbours(x[:3], 4), index.search(gallery.templates[:3], 3),
    ))  # fmt: skip


def test_every_function_says_the_same_in_four_threads(tmp_path):
    files = []
    for k, image in enumerate(pixels_of_a_crowd()[:8:2]):
        files.append(tmp_path / f"{k}.{('jpg', 'png')[k % 2]}")
        Image.fromarray(image).save(files[-1])
    before = list(warnings.filters)
    alone = [every_function(k, tmp_path, files) for k in range(8)]
    assert len(set(alone)) == 8
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda k: every_function(k, tmp_path, files), range(8)))
    assert together == alone
    assert warnings.filters == before  # reading silences warnings, and only while it reads


def test_reading_in_threads_leaves_warnings_as_they_were(monkeypatch):
    png = saved(Image.fromarray(RGB), "PNG")
    before = list(warnings.filters)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(read_photo, [png] * 400))
    assert warnings.filters == before


def test_strangers_in_threads(monkeypatch):
    for name, value in (("PEOPLE", 20), ("STRANGERS", 20), ("PAIRS", 500)):
        monkeypatch.setattr(strangers, name, value)

    def errors(seed):
        return facetoy.stranger_test("softmax", seed=[seed], epochs=1).tolist()

    alone = [errors(seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(errors, range(4))) == alone
    with pytest.raises(ValueError, match="seed must be a list of seeds, got 3"):
        facetoy.stranger_test("softmax", seed=3)


def test_models_are_loaded_once(monkeypatch):
    module._predictor.cache_clear()
    photos = pixels_of_a_crowd()[:4]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(detect, photos))
    assert module._predictor.cache_info().misses == 1
