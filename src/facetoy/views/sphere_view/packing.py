"""What SphereView's script needs of its runs: numbers as JSON, and the rest as bytes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from facetoy import metrics
from facetoy.losses import LOSSES
from facetoy.training.arguments import numbers
from facetoy.training.runs import Run
from facetoy.training.schedule import eased
from facetoy.views.shared.palette import COLORS, color, marker, places
from facetoy.views.shared.sides import Side, lengths
from facetoy.views.shared.sphere_still import best_turn
from facetoy.views.shared.titles import title

LEVELS = 16383  # steps of a packed coordinate between 0 and its largest value
#: Names of the parameters of ``Embedder``.
LAYERS = ("1.weight", "1.bias", "2.weight", "3.weight", "3.bias", "4.weight", "5.weight")
IMAGE_BYTES = 64_000  # larger images are packed with fewer pixels


class Packer:
    """Appends arrays to one byte string and remembers where each begins."""

    def __init__(self) -> None:
        self.data = bytearray()

    def raw(self, array: np.ndarray) -> int:
        """Append an array of bytes; returns its offset."""
        offset = len(self.data)
        self.data += np.ascontiguousarray(array, dtype=np.uint8).tobytes()
        return offset

    def fractions(self, array: np.ndarray) -> int:
        """Append an array (T, ...) of numbers in [-1, 1], to within 1/32766; returns its offset.

        Stored as the change from one snapshot to the next, with its sign in the last bit, all low
        bytes before all high bytes: most high bytes are then 0, which a web server's gzip likes.
        """
        steps = np.rint(np.clip(array, -1, 1) * LEVELS).astype(np.int32)
        change = np.diff(steps, axis=0, prepend=0)
        folded = np.where(change < 0, -2 * change - 1, 2 * change).astype(np.uint16).ravel()
        offset = self.raw(folded & 255)
        self.raw(folded >> 8)
        return offset

    def images(self, images: np.ndarray) -> tuple[int, list[int]]:
        """Append images (N, 1, H, W) in [0, 1] at 4 bits a pixel; returns offset and [H, W]."""
        pixels = images[:, 0]
        shrink = 1
        while len(pixels) * math.prod(n // shrink for n in pixels.shape[1:]) > 2 * IMAGE_BYTES:
            shrink += 1
        height, width = (n // shrink for n in pixels.shape[1:])
        pixels = pixels[:, : height * shrink, : width * shrink]
        pixels = pixels.reshape(-1, height, shrink, width, shrink).mean((2, 4))
        nibbles = np.rint(np.clip(pixels, 0, 1) * 15).astype(np.uint8).ravel()
        nibbles = np.append(nibbles, np.zeros(nibbles.size % 2, np.uint8))
        return self.raw(nibbles[::2] << 4 | nibbles[1::2]), [height, width]


def degrees(radians: float | None) -> float | None:
    """Degrees with three decimals; None for what is not a number."""
    if radians is None or not math.isfinite(radians):
        return None
    return round(math.degrees(radians), 3)


def class_means(run: Run) -> np.ndarray:
    """(T, K, d) mean directions of all K classes, strangers too; 0 for a class without images."""
    means = np.zeros((len(run.features), len(run.class_names), run.features.shape[2]))
    for step, features in enumerate(run.features):
        found = metrics.class_means(features, run.labels)
        means[step, : len(found)] = np.nan_to_num(found)
    return means


def margin(run: Run) -> dict[str, Any] | None:
    """The name of a run's loss and its settings, those that training eases at each snapshot.

    None if they do not say where a class wins: for a loss of one's own, without class weights or
    with a bias, and for a training that did not come to its end, as nothing says how far it came.
    """
    config, name = run.config, run.config["loss"]
    if run.weight is None or name not in LOSSES or config.get("bias"):
        return None
    settings = {n: config[n] for n in numbers(LOSSES[name]) if n in config}
    if len(settings) < len(numbers(LOSSES[name])):
        return None
    loss = getattr(LOSSES[name], "func", LOSSES[name])
    if eased(loss, settings, 0, 1):
        if len(run.history.get("loss", ())) != config.get("epochs"):
            return None
        parts = (step / run.steps[-1] for step in run.steps)
        found = [eased(loss, settings, config["warmup"], part) for part in parts]
        settings |= {n: [round(float(now[n]), 5) for now in found] for n in found[0]}
    return {"loss": name, "settings": settings}


def drawable(run: Run) -> bool:
    """Whether a run has kept ``fit``'s own network for images of 8 x 8 pixels, to 2-D or 3-D."""
    kept = () if run.network is None else tuple(run.network)
    small = run.images.shape[1:] == (1, 8, 8) and run.features.shape[2] <= 3
    return small and kept == LAYERS


def pack_network(run: Run, packer: Packer) -> list[dict[str, Any]]:
    """Append the run's network to ``packer``, layer by layer: see ``Embedder``."""

    def put(values: np.ndarray) -> tuple[int, float]:
        most = float(np.abs(values).max()) or 1.0
        return packer.fractions(values.reshape(1, -1) / most), most

    layers = []
    for k, after in ((1, 2), (3, 4), (5, None)):
        weight = run.network[f"{k}.weight"]
        offset, most = put(weight)
        layer = {"weight": offset, "most": most, "shape": list(weight.shape), "most_bias": 1.0}
        layer["bias"] = None
        if after is not None:
            layer["bias"], layer["most_bias"] = put(run.network[f"{k}.bias"])
        layer["slope"] = None if after is None else float(run.network[f"{after}.weight"][0])
        layers.append(layer)
    return layers


def pack_run(run: Run, view: Side, packer: Packer, draw: bool) -> dict[str, Any]:
    """Append one run to ``packer``; returns its part of the meta data."""
    length = lengths(run.features)
    longest = float(length.max()) or 1.0
    heaviest = 1.0 if run.weight is None else lengths(run.weight).max() or 1.0
    means = class_means(run)
    part: dict[str, Any] = {
        "title": title(run),
        "steps": [int(step) for step in run.steps],
        "longest": round(longest, 4),
        "predicted": packer.raw((run.predicted - run.labels) % 256),
        "means": packer.fractions(means @ view.basis),
        "weight": None
        if run.weight is None
        else packer.fractions(
            (run.weight / heaviest if view.share is None else metrics.unit(run.weight)) @ view.basis
        ),
        "margin": None if view.share is not None else margin(run),
        "centers": None
        if run.centers is None
        else packer.fractions(
            (run.centers / longest if view.share is None else metrics.unit(run.centers))
            @ view.basis
        ),
    }
    if view.share is None:
        part["features"] = packer.fractions(run.features / longest)
    else:  # what is shown has lost length and angles, so they travel beside it
        part["features"] = packer.fractions(metrics.unit(run.features) @ view.basis)
        part["length"] = packer.fractions(length / longest)
        ways = {"mean_angle": means[:, run.labels]}
        if run.weight is not None:
            row = np.where(run.labels < run.num_classes, run.labels, run.predicted)
            ways["weight_angle"] = np.take_along_axis(
                metrics.unit(run.weight), row[..., None], axis=1
            )
        for name, way in ways.items():
            part[name] = packer.raw(np.rint(np.degrees(metrics.angle(run.features, way))))
    if draw and drawable(run):
        part["network"] = pack_network(run, packer)
    part["measures"] = []
    for step in range(len(run.steps)):
        m = metrics.measure(run, step)
        intra = m.intra_mean if run.weight is None else m.intra
        part["measures"].append([round(float(m.accuracy), 4), degrees(intra), degrees(m.inter)])
    return part


def pack_side(
    view: Side, packer: Packer, before: list[tuple[Side, dict]], draw: bool
) -> dict[str, Any]:
    """Append one side; images shown on a side ``before`` are not packed again."""
    run = view.runs[0]
    looks = places(run.class_names)[: len(COLORS)]  # then they start again
    meta: dict[str, Any] = {
        "parameter": view.parameter,
        "values": [v.item() if isinstance(v, np.generic) else v for v in view.values],
        "classes": list(run.class_names),
        "colors": [color(k) for k in looks],
        "markers": [marker(k) for k in looks],
        "known": run.num_classes,
        "count": len(run.labels),
        "dim": int(run.features.shape[2]),
        "shown": view.shown,
        "share": None if view.share is None else round(view.share, 3),
        "bound": degrees(metrics.bound(run.num_classes, run.features.shape[2])),
        "labels": packer.raw(run.labels),
    }
    for other, packed in before:
        if np.array_equal(other.runs[0].images, run.images):
            meta["images"], meta["image_size"] = packed["images"], packed["image_size"]
            break
    else:
        meta["images"], meta["image_size"] = packer.images(run.images)
    meta["runs"] = [pack_run(r, view, packer, draw) for r in view.runs]
    return meta


def pack(views: list[Side], *, draw: bool = False, **settings: Any) -> tuple[dict[str, Any], bytes]:
    """The state of the picture: what is where (JSON), and the bytes; to ``draw``, networks too."""
    packer = Packer()
    done: list[tuple[Side, dict]] = []
    for view in views:
        done.append((view, pack_side(view, packer, done, draw)))
    meta = {
        "sides": [part for _, part in done],
        "levels": LEVELS,
        "camera": list(best_turn(views)),
        "draw": draw,
        **settings,
    }
    return meta, bytes(packer.data)
