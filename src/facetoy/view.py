"""SphereView: the features of trained runs on circles or spheres, alive everywhere.

All that the picture needs travels in the widget's state, so it needs no kernel: `_meta` says what
is where in `_data`, and the script in `static/` draws it. What the numbers mean is decided here
and in `facetoy.metrics`; the script only shows them.
"""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
import traitlets
from anywidget import AnyWidget

from facetoy import metrics
from facetoy.palette import COLORS, MARKERS
from facetoy.run import Run, Sweep
from facetoy.still import best_turn, draw_still

LEVELS = 16383  # steps of a packed coordinate between 0 and its largest value
IMAGE_BYTES = 64_000  # larger images are packed with fewer pixels

LOSS_TITLES = {
    "softmax": "Softmax",
    "center": "Center loss",
    "triplet": "Triplet loss",
    "lsoftmax": "L-Softmax",
    "asoftmax": "A-Softmax",
    "normsoftmax": "Normalised softmax",
    "cosface": "CosFace",
    "amsoftmax": "AM-Softmax",
    "arcface": "ArcFace",
    "combined": "Combined margin",
}
#: How a title writes a setting whose name in Python is not the paper's.
SYMBOLS = {"lam": "λ"}
#: Settings of a run that its title leaves out, since they do not belong to the loss.
NOT_IN_TITLE = {
    *("loss", "data", "model", "num_classes", "dim", "epochs", "seed"),
    *("lr", "batch_size", "per_class", "warmup", "snapshots", "device", "interrupted", "alpha"),
    *("optimizer", "decay"),
}


def script(*names: str) -> str:
    """The named scripts of `static/` in one string, after `base`; the last exports its `render`."""
    folder = files("facetoy") / "static"
    names = ("base", *names)
    parts = [(folder / f"{name}.js").read_text(encoding="utf-8") for name in names]
    return "\n".join([*parts, f"export default {{ render: render_{names[-1]} }};\n"])


def style() -> str:
    """The style sheet shared by the widgets."""
    return (files("facetoy") / "static" / "facetoy.css").read_text(encoding="utf-8")


def title(run: Run) -> str:
    """What a run is called in the picture: its loss and that loss's settings."""
    name = str(run.config["loss"])
    settings = ", ".join(
        value if isinstance(value, str) else f"{SYMBOLS.get(key, key)} = {value:g}"
        for key, value in sorted(run.config.items())
        if key not in NOT_IN_TITLE
        and not (key == "lam" and value == 0 and "m" in run.config)  # annealed away
        and isinstance(value, int | float | str)
        and not isinstance(value, bool)
    )
    return LOSS_TITLES.get(name, name) + (f" · {settings}" if settings else "")


@dataclass(frozen=True)
class Side:
    """One of the pictures: the runs a slider chooses from.

    ``basis`` (d, 2 or 3) holds the directions in which features are shown. ``share`` is the part
    of the variance that they keep where d > 3, else None.
    """

    runs: tuple[Run, ...]
    parameter: str | None
    values: tuple[Any, ...]
    basis: np.ndarray
    share: float | None

    @property
    def shown(self) -> int:
        return self.basis.shape[1]


def principal(x: np.ndarray) -> tuple[np.ndarray, float]:
    """The three directions (d, 3) along which ``x`` (N, d) spreads most, and their share of it.

    PCA about the origin rather than about the mean: angles are measured at the origin.
    """
    _, size, rows = np.linalg.svd(x.astype(float), full_matrices=False)
    return rows[:3].T, float((size[:3] ** 2).sum() / (size**2).sum())


def side(source: Run | Sweep, name: str = "the run") -> Side:
    """Check one argument of SphereView and find the directions in which to show it."""
    if isinstance(source, Run):
        runs, parameter, values = (source,), None, ()
    elif isinstance(source, Sweep):
        if len(source.names) != 1:
            raise ValueError(
                f"{name} must be a sweep over one parameter, for one slider; this one spans "
                f"{' and '.join(source.names) or 'none'} (sweep.select narrows it)"
            )
        if not source.runs:
            raise ValueError(f"{name} is a sweep without any run")
        runs, parameter = source.runs, source.names[0]
        values = tuple(run.config[parameter] for run in runs)
    else:
        raise TypeError(f"{name} must be a Run or a Sweep, got {type(source).__name__}")
    first = runs[0]
    dim = first.features.shape[2]
    for run in runs:
        if run.features.shape[1:] != first.features.shape[1:]:
            raise ValueError(f"all runs of {name} must have features of the same shape (N, d)")
        if not np.isfinite(run.features).all():
            raise ValueError(f"{name} holds features that are not finite: {title(run)}")
    if dim < 2:
        raise ValueError(f"{name} must have features of 2 dimensions or more, got {dim}")
    if len(first.class_names) > 256:
        raise ValueError(f"at most 256 classes can be shown, got {len(first.class_names)}")
    if dim <= 3:
        return Side(runs, parameter, values, np.eye(dim), None)
    basis, share = principal(np.concatenate([metrics.unit(run.features[-1]) for run in runs]))
    return Side(runs, parameter, values, basis, share)


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


def pack_run(run: Run, view: Side, packer: Packer) -> dict[str, Any]:
    """Append one run to ``packer``; returns its part of the meta data."""
    length = np.linalg.norm(run.features, axis=-1, keepdims=True)
    longest = float(length.max()) or 1.0
    means = class_means(run)
    part: dict[str, Any] = {
        "title": title(run),
        "steps": [int(step) for step in run.steps],
        "longest": round(longest, 4),
        "predicted": packer.raw((run.predicted - run.labels) % 256),
        "means": packer.fractions(means @ view.basis),
        "weight": None
        if run.weight is None
        else packer.fractions(metrics.unit(run.weight) @ view.basis),
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
        part["length"] = packer.fractions(length[..., 0] / longest)
        ways = {"mean_angle": means[:, run.labels]}
        if run.weight is not None:
            row = np.where(run.labels < run.num_classes, run.labels, run.predicted)
            ways["weight_angle"] = np.take_along_axis(
                metrics.unit(run.weight), row[..., None], axis=1
            )
        for name, way in ways.items():
            part[name] = packer.raw(np.rint(np.degrees(metrics.angle(run.features, way))))
    part["measures"] = []
    for step in range(len(run.steps)):
        m = metrics.measure(run, step)
        intra = m.intra_mean if run.weight is None else m.intra
        part["measures"].append([round(float(m.accuracy), 4), degrees(intra), degrees(m.inter)])
    return part


def pack_side(view: Side, packer: Packer, before: list[tuple[Side, dict]]) -> dict[str, Any]:
    """Append one side; images shown on a side ``before`` are not packed again."""
    run = view.runs[0]
    meta: dict[str, Any] = {
        "parameter": view.parameter,
        "values": [v.item() if isinstance(v, np.generic) else v for v in view.values],
        "classes": list(run.class_names),
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
    meta["runs"] = [pack_run(r, view, packer) for r in view.runs]
    return meta


def pack(views: list[Side], **settings: Any) -> tuple[dict[str, Any], bytes]:
    """The state of the picture: what is where (JSON), and the bytes."""
    packer = Packer()
    done: list[tuple[Side, dict]] = []
    for view in views:
        done.append((view, pack_side(view, packer, done)))
    meta = {
        "sides": [part for _, part in done],
        "colors": list(COLORS),
        "markers": list(MARKERS),
        "levels": LEVELS,
        "camera": list(best_turn(views)),
        **settings,
    }
    return meta, bytes(packer.data)


def describe(view: Side, step: int) -> str:
    """One sentence about one side, for readers who cannot see it."""
    run = view.runs[-1]
    m = metrics.measure(run, step)
    shape = "circle" if view.shown == 2 else "sphere"
    intra = degrees(m.intra_mean if run.weight is None else m.intra)
    values = f", {view.parameter} from {view.values[0]} to {view.values[-1]}" if view.values else ""
    return (
        f"{len(run.labels)} test images as points on a {shape}, coloured by class: {title(run)}"
        f"{values}. Shown last: {m.accuracy:.1%} accuracy"
        + (f", {intra:.0f}° within a class" if intra is not None else "")
        + (f", {degrees(m.inter):.0f}° between nearest classes." if degrees(m.inter) else ".")
    )


class Picture(AnyWidget):
    """A widget whose whole state is a packed picture, with a still for where it cannot live."""

    scripts = ("vectors", "sphere", "card", "view")

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)
    _meta = traitlets.Dict().tag(sync=True)
    _data = traitlets.Bytes().tag(sync=True)
    _still = traitlets.Bytes().tag(sync=True)
    _alt = traitlets.Unicode().tag(sync=True)

    @traitlets.default("_esm")
    def _default_esm(self) -> str:
        return script(*self.scripts)

    @traitlets.default("_css")
    def _default_css(self) -> str:
        return style()

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict, dict] | None:
        """The live widget, and a still for viewers that run no widgets (GitHub, nbviewer)."""
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is None:
            return None
        data, metadata = bundle
        data["text/plain"] = f"{type(self).__name__}: {self._alt}"
        if self._still:
            data["image/png"] = base64.b64encode(self._still).decode("ascii")
        return data, metadata


class SphereView(Picture):
    """The test features of one or more runs or sweeps, side by side, to turn and play.

    Args:
        *sources: each a ``Run``, or a ``Sweep`` over one parameter, which gets a slider. They are
            drawn beside each other and turned together.
        step: snapshot to begin with, as an index into ``run.steps``; -1 is the last.
        unit: begin with all features at unit length (True) or at their true length.
        autoplay: play the training and turn the sphere slowly once the picture is in sight,
            unless the reader's system asks for less motion.
        alt: description for readers who cannot see the picture; written from the run if None.

    2-D features lie on a circle, 3-D ones on a sphere; of more dimensions the three along which
    the last snapshots spread most are shown, and the picture says so. Raises TypeError for
    anything but runs and sweeps, ValueError for sweeps over two parameters, for 1-D features
    and for a step that does not exist.
    """

    def __init__(
        self,
        *sources: Run | Sweep,
        step: int = -1,
        unit: bool = True,
        autoplay: bool = False,
        alt: str | None = None,
    ) -> None:
        if not sources:
            raise TypeError("SphereView needs at least one Run or Sweep")
        views = [side(source, f"argument {i}") for i, source in enumerate(sources, start=1)]
        swept = {view.parameter for view in views if view.parameter}
        if len(swept) > 1:
            raise ValueError(
                "all sweeps must be over the same parameter, for one slider; got "
                f"{' and '.join(sorted(swept))}"
            )
        count = max(len(run.steps) for view in views for run in view.runs)
        if not -count <= step < count:
            raise ValueError(f"step must lie in [{-count}, {count}), got {step}")
        alt = alt or " Beside it: ".join(describe(view, -1) for view in views)
        meta, data = pack(views, step=step % count, unit=unit, autoplay=autoplay)
        still = draw_still(views, step=step, unit_length=unit)
        super().__init__(_meta=meta, _data=data, _still=still, _alt=alt)
