"""A photo is read: whatever file it comes in, upright, as (H, W, 3) uint8."""

from __future__ import annotations

import io
import math
import os
import reprlib
import struct
import warnings
from contextlib import suppress
from threading import Lock
from typing import IO

import numpy as np
from PIL import Image, ImageOps

from facetoy import files
from facetoy.checks import whole

FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF", "PPM", "HEIF")  # of photographs
# Where Pillow cannot read them: what their files have at that byte, and how to get at the photo.
SAVE = "save it as JPEG or PNG"
FOREIGN = (
    (4, b"ftyphe", "HEIC", "pip install pillow-heif"),
    (4, b"ftypmif1", "HEIC", "pip install pillow-heif"),
    (4, b"ftypmsf1", "HEIC", "pip install pillow-heif"),
    (4, b"ftypavi", "AVIF", "pip install pillow --upgrade"),
    (0, b"\xff\x0a", "JPEG XL", SAVE), (0, b"\0\0\0\x0cJXL ", "JPEG XL", SAVE),
    (0, b"\0\0\0\x0cjP  ", "JPEG 2000", SAVE), (0, b"\xff\x4f\xff\x51", "JPEG 2000", SAVE),
    (0, b"8BPS", "Photoshop", SAVE), (0, b"%PDF", "PDF", SAVE),
)  # fmt: skip
LARGEST = 50_000_000  # pixels that are held in memory at full size
# What reading a damaged or foreign file can raise.
DAMAGED = (*files.DAMAGED, SyntaxError, OverflowError, struct.error)
# Warnings are silenced for the whole process.
_decoding = Lock()


def read_photo(
    source: str | os.PathLike | bytes | IO[bytes] | np.ndarray, max_pixels: int = 4_000_000
) -> np.ndarray:
    """A photo as (H, W, 3) uint8, upright, with at most ``max_pixels`` pixels.

    ``source`` is a path, the bytes of a file, an open file, or an array: (H, W), (H, W, 3) or
    (H, W, 4), uint8, uint16 or float in [0, 1]. Turned as its EXIF data say; grey, palette, CMYK
    and 16 bit become RGB, and what is transparent becomes white. Larger photos are shrunk, JPEG
    while being decoded. HEIC is read where ``pillow-heif`` is installed.

    FileNotFoundError if there is no file; ValueError if it is damaged, no image, of a format that
    cannot be read, or so large that it may be a decompression bomb: more than 50 million pixels
    (JPEG: 178 million). ValueError also for numbers that are of another range, such as uint16 up
    to 255: they would become black.
    """
    max_pixels = whole("max_pixels", max_pixels, 1)
    if isinstance(source, np.ndarray):
        return _shrunk(_rgb(Image.fromarray(_eight_bits(source))), max_pixels)
    if isinstance(source, bytes | bytearray | memoryview):
        return _decode(io.BytesIO(source), "the image", max_pixels)
    if isinstance(source, str | os.PathLike):
        with open(source, "rb") as file:
            return _decode(file, os.fspath(source), max_pixels)
    if not hasattr(source, "read"):
        raise TypeError(
            f"a photo is a path, bytes, a file or an array, got {reprlib.repr(source)[:60]}"
        )
    if isinstance(source, io.TextIOBase):
        raise TypeError(f"a file with a photo must be opened as 'rb', got {source!r}")
    return _decode(source, str(getattr(source, "name", "the file")), max_pixels)


def _formats() -> list[str]:
    """Those of FORMATS that this Pillow reads: AVIF came late, HEIF with another package."""
    Image.init()
    if "HEIF" not in Image.OPEN:
        with suppress(ImportError):
            from pillow_heif import register_heif_opener

            register_heif_opener()
    return [name for name in FORMATS if name in Image.OPEN]


def _decode(file: IO[bytes], name: str, max_pixels: int) -> np.ndarray:
    try:
        with _decoding, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of bombs and of odd metadata
            image = Image.open(file, formats=_formats())
            w, h = _fit(image.size, max_pixels)
            image.draft(None, (2 * w, 2 * h))  # JPEG decodes to a half, quarter or eighth
            if math.prod(image.size) > LARGEST:
                raise Image.DecompressionBombError(
                    f"{math.prod(image.size):,} pixels, of {LARGEST:,} allowed"
                )
            return _shrunk(_rgb(ImageOps.exif_transpose(image)), max_pixels)
    except Image.DecompressionBombError as error:
        raise ValueError(f"{name} is too large to be read: {error}") from error
    except _NoPhotoError as error:
        raise ValueError(f"{name} cannot be read: {error}") from None
    except DAMAGED as error:
        raise ValueError(f"{name} {_why(file)}") from error


def _why(file: IO[bytes]) -> str:
    """What is wrong with a file that could not be read."""
    head = b""
    with suppress(*DAMAGED):
        file.seek(0)
        head = file.read(32)
    read = {"HEIC": "HEIF" in Image.OPEN, "AVIF": "AVIF" in Image.OPEN}
    for place, mark, form, advice in FOREIGN:
        if head[place:].startswith(mark) and not read.get(form):
            return f"has a format that is not supported here, {form}: {advice}"
    return "is damaged or is not an image"


def _fit(size: tuple[int, int], max_pixels: int) -> tuple[int, int]:
    """The largest size of the same shape with at most ``max_pixels`` pixels."""
    shrink = min(1.0, math.sqrt(max_pixels / max(1, math.prod(size))))
    w, h = (max(1, int(side * shrink)) for side in size)
    return min(w, max_pixels), min(h, max_pixels)


def _shrunk(image: Image.Image, max_pixels: int) -> np.ndarray:
    if math.prod(image.size) > max_pixels:
        image = image.resize(_fit(image.size, max_pixels), reducing_gap=2.0)
    return np.array(image)


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode[0] in "IF":
        pixels = np.asarray(image)
        if image.mode == "I":  # 16 bit, as older Pillow reads it, or 32
            if pixels.min() < 0 or pixels.max() > 65535:
                raise _NoPhotoError(
                    f"a photo has at most 16 bits, got {pixels.min()} to {pixels.max()}"
                )
            pixels = pixels.astype(np.uint16)
        image = Image.fromarray(_eight_bits(pixels))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


class _NoPhotoError(ValueError):
    """Numbers that are undamaged and yet no photo."""


def _eight_bits(pixels: np.ndarray) -> np.ndarray:
    if pixels.size == 0 or (pixels.ndim != 2 and pixels.shape[2:] not in ((3,), (4,))):
        raise ValueError(f"a photo has shape (H, W), (H, W, 3) or (H, W, 4), got {pixels.shape}")
    if pixels.dtype.kind not in "fu" or (pixels.dtype.kind == "u" and pixels.dtype.itemsize > 2):
        raise ValueError(f"a photo must be uint8, uint16 or float, got {pixels.dtype}")
    if pixels.dtype == np.uint8:
        return pixels
    color = pixels[..., :3] if pixels.ndim == 3 else pixels  # without opacity
    brightest = color.max()
    if pixels.dtype.kind == "f":
        if not ((pixels >= 0) & (pixels <= 1)).all():  # NaN fails too
            raise _NoPhotoError(
                f"a photo of floats must lie in [0, 1], got {pixels.min():g} to {pixels.max():g}"
            )
        if 0 < brightest <= 1 / 255:
            raise _NoPhotoError(
                f"a photo of floats reaches from 0 to 1, got at most {brightest:g}: was it divided "
                f"by 255 twice?"
            )
        return (255 * pixels).round().astype(np.uint8)
    if 0 < brightest < 4096:
        raise _NoPhotoError(
            f"a photo of uint16 reaches from 0 to 65535, got at most {brightest}: is it one of "
            f"{8 if brightest < 256 else 10 if brightest < 1024 else 12} bits? Scale it, or make "
            f"it uint8"
        )
    return (pixels // 257).astype(np.uint8)
