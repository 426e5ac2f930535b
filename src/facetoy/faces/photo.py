"""From a photograph to a feature: read, detect, align, embed.

``detect`` finds the faces in a photo and five landmarks of each, ``align`` turns one upright into
a square chip, ``embed`` makes features of chips. Each can be replaced on its own: any function
from chips (N, S, S, 3) to features (N, d) can stand where ``embed`` stands.

The pretrained parts are dlib's (public domain), with the weights of ``face-recognition-models``;
they are loaded once, at first use.

All functions are safe with threads: one thread at a time detects, embeds or decodes, the others
wait for it. For more speed use several processes.
"""

from __future__ import annotations

import math
import os
import reprlib
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import IO, TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image

from facetoy.checks import array, between, is_number, whole
from facetoy.data.reading import LARGEST, read_photo

if TYPE_CHECKING:
    import dlib

NEEDS = "facetoy.faces.photo needs the extra: pip install 'facetoy[photos]'"
# Where the landmarks lie in an upright face, in units of the face: dlib's `get_face_chip`.
TEMPLATE = np.array([
    (0.8595674595992, 0.2134981538014),  # the right eye in the picture: outer corner,
    (0.6460604764104, 0.2289674387677),  # inner corner
    (0.1205750620789, 0.2137274526848),  # the left eye in the picture: outer corner,
    (0.3340850613712, 0.2290642403242),  # inner corner
    (0.4901123135679, 0.6277975316475),  # below the nose
])  # fmt: skip


class Face(NamedTuple):
    """A face in a photo; x runs to the right, y down, (0, 0) is the first pixel's centre."""

    box: tuple[float, float, float, float]  #: left, top, right, bottom; may reach outside
    landmarks: np.ndarray  #: (5, 2) x and y, in the order of ``TEMPLATE``
    score: float  #: the detector's; a clear face has about 1, a false find often below 0.2


def _dlib():
    try:
        import dlib
    except ImportError as error:
        raise ImportError(NEEDS) from error
    return dlib


def _weights(name: str) -> str:
    # not imported: the package asks for pkg_resources, which new setuptools lack
    spec = find_spec("face_recognition_models")
    if spec is None:
        raise ImportError(NEEDS)
    return str(Path(spec.submodule_search_locations[0], "models", name))


# dlib's models keep what they work on, and let other threads in meanwhile.
_models = Lock()


@cache
def _detector() -> dlib.fhog_object_detector:
    return _dlib().get_frontal_face_detector()


@cache
def _predictor() -> dlib.shape_predictor:
    return _dlib().shape_predictor(_weights("shape_predictor_5_face_landmarks.dat"))


@cache
def _network() -> dlib.face_recognition_model_v1:
    weights = _weights("dlib_face_recognition_resnet_model_v1.dat")
    return _dlib().face_recognition_model_v1(weights)


def _checked(name: str, pixels: np.ndarray, shape: tuple[int | str, ...]) -> np.ndarray:
    """``pixels`` as dlib takes them; ValueError unless they are uint8 of that shape."""
    pixels = array(name, pixels, shape, "uint8")
    if not pixels.size:
        raise ValueError(f"{name} must have pixels, got shape {pixels.shape}")
    return np.ascontiguousarray(pixels)


def detect(photo: np.ndarray, enlarge: float = 1, least_score: float = 0) -> list[Face]:
    """The faces in a photo (H, W, 3) uint8, from left to right; none gives an empty list.

    Frontal faces of about 80 pixels or more are found. ``enlarge=2`` looks at the photo at twice
    its size: it finds smaller faces, with finer landmarks, in four times the time. Raise
    ``least_score`` where it takes other things for faces.

    Histograms of oriented gradients (Dalal and Triggs, CVPR 2005) find the box, regression trees
    (Kazemi and Sullivan, CVPR 2014) the landmarks. ValueError for anything but such a photo.
    """
    photo = _checked("photo", photo, ("H", "W", 3))
    size = np.array(photo.shape[1::-1])
    if not (is_number(enlarge) and enlarge >= 1 and math.prod(enlarge * size) <= LARGEST):
        raise ValueError(
            f"enlarge must be at least 1, and the photo have at most {LARGEST:,} pixels then; got "
            f"{enlarge!r} for {size[0]} x {size[1]} pixels"
        )
    if not is_number(least_score):
        raise ValueError(f"least_score must be a number, got {least_score!r}")
    seen = photo
    if enlarge != 1:
        seen = np.array(Image.fromarray(photo).resize((enlarge * size).astype(int).tolist()))
    ratio = np.array(seen.shape[1::-1]) / size
    faces = []
    with _models:
        boxes, scores, _ = _detector().run(seen, 0, least_score)
        shapes = [_predictor()(seen, box) for box in boxes]
    for box, score, shape in zip(boxes, scores, shapes, strict=True):
        points = [(p.x, p.y) for p in shape.parts()]
        corners = [(box.left(), box.top()), (box.right(), box.bottom())]
        xy = (np.array(corners + points) + 0.5) / ratio - 0.5  # pixel centres
        faces.append(Face(tuple(xy[:2].ravel().tolist()), xy[2:], score))
    return sorted(faces, key=lambda face: face.box)


def the_face(
    photo: np.ndarray, enlarge: float = 1, least_score: float = 0, name: str = "the photo"
) -> Face:
    """The only face in a photo, as ``detect`` finds it.

    ValueError, with the ``name`` of the photo, if there is none or more than one.
    """
    faces = detect(photo, enlarge, least_score)
    if not faces:
        raise ValueError(f"found no face in {name}")
    if len(faces) > 1:
        raise ValueError(f"found {len(faces)} faces in {name}, expected one")
    return faces[0]


def align(photo: np.ndarray, face: Face, size: int = 150, padding: float = 0.25) -> np.ndarray:
    """The face as an upright chip (size, size, 3) uint8, its landmarks near ``TEMPLATE``.

    Turned, scaled and moved (a similarity transform), never bent, as ``dlib.get_face_chip`` does
    it. ``padding`` is the rim around the face, in units of the face; what lies outside the photo
    is black. ``align(photo, face, 64).mean(-1) / 255`` is a grey image in [0, 1].
    """
    dlib = _dlib()
    photo = _checked("photo", photo, ("H", "W", 3))
    size = whole("size", size, 1, 4096)
    padding = between("padding", padding, 0, 10)
    if not hasattr(face, "landmarks"):
        raise ValueError(f"face must be one Face, as from the_face, got {reprlib.repr(face)}")
    points = np.asarray(face.landmarks, float)
    if points.shape != (5, 2) or not np.isfinite(points).all() or np.ptp(points, axis=0).max() < 1:
        raise ValueError(f"a face needs five different landmarks, got {points.tolist()}")
    goal = (TEMPLATE + padding) / (1 + 2 * padding) * size
    both = (dlib.dpoints([dlib.dpoint(x, y) for x, y in p.tolist()]) for p in (goal, points))
    return dlib.extract_image_chip(photo, dlib.chip_details(*both, dlib.chip_dims(size, size)))


def embed(chips: np.ndarray | Sequence[np.ndarray]) -> np.ndarray:
    """Features (N, 128) float32 of chips (N, 150, 150, 3) uint8, as ``align`` cuts them.

    dlib's residual network of 29 layers (github.com/davisking/dlib-models), trained with a
    pairwise hinge loss: photos of one person are meant to lie within a Euclidean distance of 0.6
    (``verification.negative_distance``). The features are not unit: their length is about 1.4.
    Cosines rank pairs as well, but all are high: a distance of 0.6 is a cosine of about 0.91.
    """
    shape = (len(chips),) if isinstance(chips, list | tuple) else np.shape(chips)
    if shape[:1] == (0,):
        return np.empty((0, 128), np.float32)
    chips = _checked("chips", chips, ("N", 150, 150, 3))
    with _models:
        return np.array(_network().compute_face_descriptor(list(chips)), np.float32)


def read_face(
    source: str | os.PathLike | bytes | IO[bytes] | np.ndarray,
    size: int = 150,
    enlarge: float = 1,
    least_score: float = 0,
) -> np.ndarray:
    """The chip (size, size, 3) of the only face in ``source``: read, detect and align in one.

    ValueError, with the file's name, if there is no face or more than one.
    """
    photo = read_photo(source)
    name = os.fspath(source) if isinstance(source, str | os.PathLike) else "the photo"
    return align(photo, the_face(photo, enlarge, least_score, name), size)
