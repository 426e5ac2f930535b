"""Images of one's own: a sub-folder for each class, as people have them."""

import os
import unicodedata
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import facetoy
from facetoy.data import folders as module

SHAPES = {"bar": (0, 2), "block": (1, 1), "corner": (0, 1), "rim": (2, 0)}


def drawn(name: str, k: int, size: tuple[int, int] = (60, 40)) -> Image.Image:
    """A bright patch in the middle square of a dark image, at a place of the class."""
    w, h = size
    pixels = np.random.default_rng(k).integers(0, 60, (h, w, 3), np.uint8)
    side = min(w, h)
    row, column = SHAPES[name]
    top = (h - side) // 2 + row * side // 3
    left = (w - side) // 2 + column * side // 3
    pixels[top : top + side // 3, left : left + side // 3] += 180
    return Image.fromarray(pixels)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five images of each of four classes, of many sizes, formats and modes."""
    kinds = (
        ("jpg", "RGB", (60, 40)), ("JPG", "L", (40, 90)), ("png", "RGBA", (33, 33)),
        ("Png", "P", (200, 120)), ("gif", "P", (50, 64)),
    )  # fmt: skip
    for name in SHAPES:
        (tmp_path / "shapes" / name).mkdir(parents=True)
        for k, (ending, mode, size) in enumerate(kinds):
            path = tmp_path / "shapes" / name / f"{k}.{ending}"
            drawn(name, k, size).convert(mode).save(path)
    return tmp_path / "shapes"


def test_twenty_images_of_four_classes_train_and_show(folder: Path) -> None:
    data = facetoy.load("folder", path=folder)
    assert repr(data) == (
        "Data 'shapes': 16 images of 32 x 32 pixels in 4 classes for training, 4 for the test"
    )
    assert data.class_names == ("bar", "block", "corner", "rim")
    run = facetoy.fit("arcface", data, epochs=30, batch_size=8, m=0.2, s=8, lr=0.003)
    assert facetoy.metrics.measure(run).accuracy == 1
    view = facetoy.SphereView(run)
    assert view._meta["sides"][0]["classes"] == list(data.class_names)
    assert "4 test images as points on a sphere" in view._alt


def test_the_middle_square_keeps_its_shape(tmp_path: Path) -> None:
    """A square in the middle of a wide and of a high image stays a square, in its place."""
    for name, (h, w) in {"wide": (64, 160), "high": (160, 64)}.items():
        pixels = np.zeros((h, w), np.uint8)
        pixels[h // 2 - 16 : h // 2 + 16, w // 2 - 16 : w // 2 + 16] = 255
        pixels[: h // 2 - 32] = pixels[:, : w // 2 - 32] = 255  # outside of the middle square
        (tmp_path / name).mkdir()
        for k in range(2):
            Image.fromarray(pixels).save(tmp_path / name / f"{k}.png")
    data = facetoy.load("folder", path=tmp_path, size=16)
    wanted = np.zeros((16, 16))
    wanted[4:12, 4:12] = 1
    for image in (*data.train_images, *data.test_images):
        assert np.abs(image[0] - wanted).max() < 0.2


def test_photos_are_turned_upright(tmp_path: Path) -> None:
    """As their EXIF data say: read_photo does it."""
    turned = Image.Exif()
    turned[0x0112] = 6
    for name in SHAPES:
        (tmp_path / name).mkdir()
        drawn(name, 0).save(tmp_path / name / "0.png")
        drawn(name, 0).transpose(Image.Transpose.ROTATE_90).save(
            tmp_path / name / "1.png", exif=turned
        )
    data = facetoy.load("folder", path=tmp_path)
    order = np.argsort(data.train_labels)
    np.testing.assert_allclose(data.train_images[order], data.test_images, atol=1 / 255)


def test_each_class_has_a_fifth_and_at_least_one_image_in_the_test(tmp_path: Path) -> None:
    for name, count in {"few": 2, "some": 7, "many": 20}.items():
        (tmp_path / name).mkdir()
        for k in range(count):
            Image.new("L", (8, 8), k).save(tmp_path / name / f"{k}.png")
    data, again, other = (facetoy.load("folder", path=tmp_path, seed=s) for s in (0, 0, 1))
    assert data.class_names == ("few", "many", "some")
    assert np.bincount(data.test_labels).tolist() == [1, 4, 1]
    assert np.bincount(data.train_labels).tolist() == [1, 16, 6]
    for label in range(3):  # each image once
        sides = [
            images[labels == label, 0, 0, 0]
            for images, labels in (
                (data.train_images, data.train_labels), (data.test_images, data.test_labels)
            )
        ]  # fmt: skip
        assert len(np.unique(np.concatenate(sides))) == sum(map(len, sides))
    assert again.checksum() == data.checksum() != other.checksum()


def test_what_is_no_image_of_the_reader_is_ignored(folder: Path) -> None:
    before = facetoy.load("folder", path=folder)
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "._0.jpg", "notes.txt", "labels.csv"):
        (folder / "bar" / name).write_bytes(b"no image")
        (folder / name).write_bytes(b"no image")
    for name in ("__MACOSX", ".ipynb_checkpoints", "@eaDir"):
        for place in (folder, folder / "bar"):
            (place / name).mkdir()
            (place / name / "0.jpg").write_bytes(b"no image")
    assert facetoy.load("folder", path=str(folder)).checksum() == before.checksum()


def test_images_may_lie_deeper_and_names_in_any_script(folder: Path) -> None:
    before = facetoy.load("folder", path=folder)
    deep = folder / "bar" / "2024" / "Été"
    deep.mkdir(parents=True)
    (folder / "bar" / "4.gif").rename(deep / "5.gif")
    (folder / "rim").rename(folder / unicodedata.normalize("NFD", "Zoë 李"))
    data = facetoy.load("folder", path=folder)
    assert data.class_names == ("bar", "block", "corner", "Zoë 李") or data.class_names == (
        "Zoë 李", "bar", "block", "corner"
    )  # fmt: skip
    assert len(data.train_images) == len(before.train_images)


@pytest.mark.posix
def test_links_are_followed_but_not_round(folder: Path, tmp_path: Path) -> None:
    before = facetoy.load("folder", path=folder)
    (tmp_path / "elsewhere").mkdir()
    (folder / "bar").rename(tmp_path / "elsewhere" / "bar")
    (folder / "bar").symlink_to(tmp_path / "elsewhere" / "bar")
    (folder / "rim" / "round").symlink_to(folder / "rim")
    assert facetoy.load("folder", path=folder).checksum() == before.checksum()
    (folder / "rim" / "lost.jpg").symlink_to(tmp_path / "nowhere.jpg")
    with pytest.raises(ValueError, match=r"No such file or directory: '.*lost\.jpg'"):
        facetoy.load("folder", path=folder)


@pytest.mark.posix
def test_a_name_of_no_encoding(folder: Path) -> None:
    try:
        os.rename(os.fsencode(folder / "rim"), os.fsencode(folder / "ri") + b"\xe9")
    except OSError:
        pytest.skip("this file system has names of UTF-8 only")
    assert facetoy.load("folder", path=folder).class_names[-1] == "ri\ufffd"


def test_a_home_and_a_relative_path(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder.parent))
    monkeypatch.setenv("USERPROFILE", str(folder.parent))
    monkeypatch.chdir(folder)
    names = [facetoy.load("folder", path=path).name for path in ("~/shapes", ".", "../shapes")]
    assert names == ["shapes"] * 3


# ---- errors


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({}, ValueError, "folder needs the option path, a folder with a sub-folder of images"),
        ({"path": 3}, ValueError, "path must be that of a folder, got 3"),
        ({"path": ""}, ValueError, "path must be that of a folder, got ''"),
        ({"path": b"shapes"}, ValueError, "path must be that of a folder, got b'shapes'"),
        ({"path": "none"}, FileNotFoundError, "there is no folder none in "),
        ({"path": "~nobody-here/cats"}, FileNotFoundError, "there is no folder .*nobody-here"),
        ({"path": "C:\\cats"}, FileNotFoundError, r"there is no folder C:\\cats"),
        ({"path": "shapes/bar/0.jpg"}, NotADirectoryError, r"0\.jpg is a file, expected a folder"),
        ({"path": "shapes.zip"}, NotADirectoryError, r"shapes\.zip is a file, expected a folder"),
        ({"path": "shapes/bar"}, ValueError, "bar has 5 images and no sub-folders, expected a sub"),
        ({"path": "shapes/bar/empty"}, ValueError, "empty has no sub-folders, expected a sub-fol"),
        ({"path": "shapes", "size": 7}, ValueError, "size must be an integer from 8 to 1024, got"),
        ({"path": "shapes", "sizes": 7}, ValueError, "folder has no option 'sizes'; it takes path"),
        ({"path": "."}, ValueError, "has one class, 'shapes', expected at least two sub-folders"),
    ],
)
def test_what_is_asked_for_wrongly(
    folder: Path, monkeypatch: pytest.MonkeyPatch, options: dict, error: type, says: str
) -> None:
    """Before an image is read."""
    monkeypatch.chdir(folder.parent)
    monkeypatch.setattr(module, "read_photo", None)
    if options.get("path") == "shapes.zip":
        zipfile.ZipFile("shapes.zip", "w").close()
    if options.get("path") == "shapes/bar/empty":
        (folder / "bar" / "empty").mkdir()
    with pytest.raises(error, match=says):
        facetoy.load("folder", **options)


@pytest.mark.parametrize(("left", "found"), [(1, "one image"), (0, "no image")])
def test_a_class_with_too_few_images(folder: Path, monkeypatch, left: int, found: str) -> None:
    monkeypatch.setattr(module, "read_photo", None)
    for path in sorted((folder / "corner").iterdir())[left:]:
        path.unlink()
    says = f"the class 'corner' in .*shapes has {found}, expected at least two: one to train on"
    with pytest.raises(ValueError, match=says):
        facetoy.load("folder", path=folder)


def test_a_data_set_that_is_split_already(folder: Path) -> None:
    folder.rename(folder.parent / "train")
    (folder.parent / "val").mkdir()
    with pytest.raises(ValueError, match=r"split into train, val, expected .*: load .*train or an"):
        facetoy.load("folder", path=folder.parent)
    assert facetoy.load("folder", path=folder.parent / "train").num_classes == 4


def test_files_that_cannot_be_read_are_named(folder: Path) -> None:
    whole = (folder / "bar" / "0.jpg").read_bytes()
    (folder / "bar" / "0.jpg").write_bytes(whole[:300])
    with pytest.raises(ValueError, match=r"^[^;]*bar.0\.jpg is damaged or is not an image$"):
        facetoy.load("folder", path=folder)
    for k in range(3):
        (folder / "rim" / f"new{k}.JXL").write_bytes(b"\xff\x0a" + bytes(50))
    says = r"^4 of 23 files cannot be used: .*0\.jpg is damaged.*new0\.JXL has a format.*; and 1 m"
    with pytest.raises(ValueError, match=says):
        facetoy.load("folder", path=folder)


def test_two_names_that_read_alike(folder: Path) -> None:
    (folder / "rim").rename(folder / "Zoë")
    try:
        (folder / unicodedata.normalize("NFD", "Zoë")).mkdir()
    except FileExistsError:
        pytest.skip("this file system holds them for one name")
    with pytest.raises(ValueError, match="two sub-folders of one name, written in two ways"):
        facetoy.load("folder", path=folder)


def test_a_folder_in_the_place_of_a_name(folder: Path) -> None:
    with pytest.raises(ValueError, match=r"unknown data .*; own images: load\('folder', path='"):
        facetoy.load(str(folder))


def test_a_progress_bar_and_little_memory(folder: Path, monkeypatch, capsys) -> None:
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    seen = []
    read = module.read_photo

    def watched(*arguments):
        photo = read(*arguments)
        seen.append(photo.size)
        return photo

    monkeypatch.setattr(module, "read_photo", watched)
    Image.new("RGB", (4000, 3000)).save(folder / "bar" / "large.jpg")
    facetoy.load("folder", path=folder, size=16)
    assert max(seen) <= 3 * (8 * 16) ** 2
    assert "reading images" in capsys.readouterr().err
