"""Playground: train a small network in the page itself, without a kernel.

The page has its own losses, network and optimisers (`losses.js`, `network.js`, `optimisers.js`,
`training.js`), which the tests compare with PyTorch. Python brings the data, the settings to begin
with, and a still.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from functools import cache
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
import traitlets

from facetoy import metrics
from facetoy.checks import whole
from facetoy.data import Data, load
from facetoy.data.toyfaces import IDENTITY, genes
from facetoy.training.fitting import fit
from facetoy.views.shared import bundle
from facetoy.views.shared.genes import passport, rounded, wording
from facetoy.views.shared.palette import COLORS, MARKERS
from facetoy.views.shared.settings import loss_arguments
from facetoy.views.shared.sides import Side, side
from facetoy.views.shared.sphere_still import best_turn, draw_still
from facetoy.views.shared.titles import LOSS_TITLES
from facetoy.views.shared.widget import Picture

DATA = ("digits", "faces", "points")
MINING = ("semihard", "hard")
OPTIMISERS = ("adam", "sgd")
#: Where the page begins otherwise than ``fit``, which lets λ fall while it trains.
BEGIN = {"lsoftmax": {"lam": 5.0}, "asoftmax": {"lam": 5.0}, "center": {"lam": 0.1}}
PEOPLE, PHOTOS, SIZE = 10, 40, 16  # toy faces
RATES = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10)
BATCHES = (16, 32, 64, 128, 256, 512)


def steps(low: float, high: float, step: float) -> list[float]:
    """From ``low`` to ``high``, both included."""
    return [round(low + k * step, 4) for k in range(round((high - low) / step) + 1)]


def slider(label: str, values: list[float], **kind: bool) -> dict[str, Any]:
    """What the page needs for one slider; ``kind`` is whole=True or radians=True."""
    return {"label": label, "values": values, **kind}


SCALE = slider("scale s", [1, 2, 4, 8, 12, 16, 24, 32, 48, 64])
FACTOR = {
    "m": slider("margin m", [1, 2, 3, 4, 5], whole=True),
    "lam": slider("λ", [0, 0.1, 0.3, 1, 3, 5, 10, 30, 100, 1000]),
}
COSINE = {"m": slider("margin m", steps(0, 1.2, 0.01)), "s": SCALE}
SLIDERS: dict[str, dict[str, dict[str, Any]]] = {
    "softmax": {},
    "center": {"lam": slider("λ", [0, 0.01, 0.03, 0.1, 0.2, 0.5, 1, 2])},
    "triplet": {"margin": slider("margin", steps(0.05, 1.5, 0.05))},
    "lsoftmax": FACTOR,
    "asoftmax": FACTOR,
    "normsoftmax": {"s": SCALE},
    "cosface": COSINE,
    "amsoftmax": COSINE,
    "arcface": {"m": slider("margin m", steps(0, 1.5, 0.01), radians=True), "s": SCALE},
    "combined": {
        "m1": slider("factor m1", steps(1, 4, 0.1)),
        "m2": slider("angle m2", steps(0, 1.5, 0.01), radians=True),
        "m3": slider("cosine m3", steps(0, 1.2, 0.01)),
        "s": SCALE,
    },
}


def letters(values: np.ndarray) -> str:
    """Small whole numbers as one letter each, from "a" for 0: a web server's gzip likes them."""
    return (values.ravel() + ord("a")).astype(np.uint8).tobytes().decode("ascii")


def packed(data: Data, levels: int, *, centred: bool) -> dict[str, Any]:
    """``data`` as the page reads it: the training images first, grey in ``levels`` steps.

    ``centred``: the network is shown an image less the mean of the training images.
    """
    images = np.concatenate([data.train_images, data.test_images])
    labels = np.concatenate([data.train_labels, data.test_labels])
    return {
        "pixels": letters(np.rint(images * levels)),
        "levels": levels,
        "size": images.shape[-1],
        "labels": "".join(map(str, labels)),
        "train": len(data.train_labels),
        "centred": centred,
        "names": list(data.class_names),
    }


def making() -> dict[str, Any]:
    """What the page makes a face from: a medium person as in a passport, and the ``people``."""
    return wording() | {
        "person": [0.5] * len(IDENTITY),
        "photo": passport().tolist(),
        "people": rounded(genes(PEOPLE, IDENTITY, (0, 1))).tolist(),  # those of `load("toyfaces")`
    }


@cache
def shipped() -> str:
    """The playground's script, with its data in place of what is in `images.js`."""
    faces = load("toyfaces", identities=PEOPLE, images=PHOTOS, size=SIZE)
    images = {
        "digits": packed(load("digits"), 16, centred=False),
        "faces": packed(faces, 15, centred=True),
    }
    given = {"IMAGES": images, "MAKING": making()}
    text = "".join(
        f"export const {name} = {json.dumps(value, separators=(',', ':'))};\n"
        for name, value in given.items()
    )
    return bundle.script(Playground.front_end, {"images.js": text})


def offered() -> dict[str, dict[str, Any]]:
    """For each loss its title, the arguments that it begins with in the page, and its sliders."""
    return {
        name: {
            "title": LOSS_TITLES[name],
            "arguments": {**arguments, **BEGIN.get(name, {})}
            | ({"mining": "semihard"} if name == "triplet" else {}),
            # lists, as JSON objects come out of a notebook in the order of the alphabet
            "sliders": [{"name": key, **slider} for key, slider in SLIDERS[name].items()],
        }
        for name, arguments in loss_arguments().items()
    }


def inside(name: str, value: float, values: list[float] | tuple[float, ...]) -> float:
    """``value``; ValueError unless it lies between the first and the last of ``values``."""
    if not isinstance(value, Real) or not values[0] <= value <= values[-1]:
        raise ValueError(f"{name} must lie in [{values[0]}, {values[-1]}], got {value!r}")
    return value


def one_of(name: str, value: Any, allowed: Iterable[Any]) -> Any:
    """``value``; ValueError unless it is among ``allowed``."""
    allowed = list(allowed)
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, allowed))}, got {value!r}")
    return value


def check_loss_args(names: list[str], loss_args: dict[str, Any]) -> None:
    """TypeError for a setting that none of the losses takes, ValueError for its value."""
    for key, value in loss_args.items():
        takers = [SLIDERS[name][key]["values"] for name in names if key in SLIDERS[name]]
        mining = key == "mining" and "triplet" in names
        if not takers and not mining:
            raise TypeError(f"{' and '.join(names)} take no argument {key!r}")
        for values in takers:
            inside(key, value, values)
        if mining:
            one_of("mining", value, MINING)


def chosen_classes(classes: Iterable[int], stranger: int | None, data: str) -> list[int]:
    """``classes`` in their order; ValueError if they, or the stranger, do not fit."""
    chosen = sorted({whole("each class", c, 0, 9) for c in classes})
    if len(chosen) < 2:
        raise ValueError(f"classes must be at least two, got {chosen}")
    if stranger is not None and whole("stranger", stranger, 0, 9) in chosen:
        raise ValueError(f"the stranger must not be in classes, got {stranger}")
    if stranger is not None and data == "points":
        raise ValueError("free points have no stranger")
    return chosen


def whole_state(
    losses: dict[str, Any], state: dict[str, Any], views: list[Side], embedded: bool
) -> dict[str, Any]:
    """What the page gets: ``state`` to begin with, and what it can be changed to."""
    return {
        "losses": losses,
        "order": list(losses),
        "rates": list(RATES),
        "batches": list(BATCHES),
        "state": state,
        "bounds": {
            str(d): [None, None] + [metrics.bound(C, d) for C in range(2, 11)] for d in (2, 3)
        },
        "colors": list(COLORS),
        "markers": list(MARKERS),
        "camera": list(best_turn(views)) if state["dim"] == 3 else [0.5, math.pi / 9],
        "embedded": embedded,
    }


class Playground(Picture):
    """Train a network of 64 hidden units in the page: one loss, or two beside each other.

    Args:
        loss: a name of ``facetoy.losses.LOSSES``.
        versus: a second one, from the same start and, but for the triplet loss, on the same
            batches; or None.
        data: "digits", "faces" (drawn ones) or "points", where each sample is its own feature.
        dim: 2 for a circle, 3 for a sphere.
        classes: which of the ten classes are trained, at least two, each from 0 to 9.
        stranger: a class that is only looked at, or None.
        seed: from 0 to 999,999.
        optimiser: "adam" or "sgd".
        lr: one of 0.0001, 0.0003, 0.001, … 10. None is 0.01, for free points 0.3.
        batch_size: a power of two from 16 to 512.
        unit: begin with all features at unit length (True) or at their true length.
        embedded: for a chapter of the book, where the page loads it once the reader asks for it,
            and where it links to the playground's own page.
        **loss_args: settings of the losses, such as ``m``, ``s`` and ``lam``, in the range of the
            page's slider, and ``mining``, "semihard" or "hard". Each goes to those of the two
            that take it.

    All of it can be changed in the page. ValueError or TypeError for what does not fit.
    """

    front_end = Path(__file__).with_suffix(".js")
    _demand = traitlets.Unicode().tag(sync=True)

    @traitlets.default("_esm")
    def _default_esm(self) -> str:
        return shipped()

    def __init__(
        self,
        loss: str = "arcface",
        versus: str | None = None,
        *,
        data: str = "digits",
        dim: int = 3,
        classes: Iterable[int] = range(10),
        stranger: int | None = None,
        seed: int = 0,
        optimiser: str = "adam",
        lr: float | None = None,
        batch_size: int = 128,
        unit: bool = True,
        embedded: bool = False,
        **loss_args: Any,
    ) -> None:
        losses = offered()
        names = [one_of("loss", loss, losses)]
        if versus is not None:
            names.append(one_of("versus", versus, losses))
        check_loss_args(names, loss_args)
        chosen = chosen_classes(classes, stranger, data)
        sides = [
            {
                "loss": name,
                "args": {k: loss_args.get(k, v) for k, v in losses[name]["arguments"].items()},
            }
            for name in names
        ]
        state = {
            "sides": sides,
            "data": one_of("data", data, DATA),
            "dim": one_of("dim", dim, (2, 3)),
            "classes": chosen,
            "stranger": stranger,
            "optimiser": one_of("optimiser", optimiser, OPTIMISERS),
            "lr": one_of("lr", (0.3 if data == "points" else 0.01) if lr is None else lr, RATES),
            "unit": bool(unit),
            "batch": one_of("batch_size", batch_size, BATCHES),
            "seed": whole("seed", seed, 0, 999_999),
        }
        # The still shows runs of `fit` under the same losses; wrong settings are told there.
        digits = load("digits")
        runs = [
            fit(side_["loss"], digits, dim=dim, seed=seed, progress=False, **side_["args"])
            for side_ in sides
        ]
        views = [side(run) for run in runs]
        titles = " and ".join(losses[name]["title"] for name in names)
        super().__init__(
            _meta=whole_state(losses, state, views, embedded),
            _demand="Start the playground" if embedded else "",
            _still=draw_still(views),
            _alt=f"A playground: a small network to train in this page, with {titles}. Its "
            f"features lie on a {'circle' if dim == 2 else 'sphere'}, coloured by class. Until it "
            "is started: a training by facetoy.fit under the same loss, on all ten digits.",
        )
