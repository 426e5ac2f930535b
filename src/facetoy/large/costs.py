"""What a last layer of millions of classes costs: memory, traffic and time, computed and measured.

Computed is one training step of ``facetoy.large.ShardedMargin`` with SGD and momentum, in
float32. Only the last layer is counted: the backbone's own memory, traffic and time come on top.
``measure`` runs such steps on this machine, ``calibrate`` finds the constants of a ``Machine`` from
them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import NamedTuple

from facetoy.checks import whole
from facetoy.losses import _by_rows

FLOAT, LONG = 4, 8  # bytes of a number, of a label


def positive(name: str, value: float) -> None:
    """ValueError unless ``value`` is a finite number above 0."""
    if not (isinstance(value, Real) and 0 < value < math.inf):
        raise ValueError(f"{name} must be a positive finite number, got {value!r}")


class Layer(NamedTuple):
    """A last layer and how it is trained."""

    classes: int  #: C, the number of classes
    dim: int = 512  #: d, the length of a feature
    ranks: int = 1  #: R, among which the classes are shared out
    rate: float = 1.0  #: share of the classes used in a step, in (0, 1]
    batch: int = 512  #: N, the images of all ranks in a step


@dataclass(frozen=True)
class Machine:
    """What one rank can do. ValueError unless all figures are positive; ``fixed`` may be 0."""

    name: str  #: what the machine is called
    flops: float  #: useful float32 operations a second
    memory: float  #: bytes a second to and from its memory
    network: float  #: bytes a second that it sends to other ranks
    fixed: float  #: seconds that any step takes
    capacity: float  #: bytes of its memory

    def __post_init__(self) -> None:
        for name in ("flops", "memory", "network", "capacity"):
            positive(name, getattr(self, name))
        if not (isinstance(self.fixed, Real) and 0 <= self.fixed < math.inf):
            raise ValueError(f"fixed must be a finite number of at least 0, got {self.fixed!r}")


#: An H100 with 80 GB, by round figures. They are assumed after its data sheet, of whose tensor
#: cores (TF32) and 3.35 TB/s a part is useful, with a network of 200 Gbit/s, and with 5 ms that any
#: step takes, as small layers took on an H200.
H100 = Machine("H100", flops=30e12, memory=2e12, network=25e9, fixed=5e-3, capacity=80e9)


class Counts(NamedTuple):
    """What one rank does in a step."""

    flop: float  #: operations of the three matrix products
    touched: float  #: bytes read and written
    sent: dict[str, float]  #: bytes sent to other ranks, by what they are


class Cost(NamedTuple):
    """Of one step on the rank with the most classes, each by part."""

    memory: dict[str, float]  #: bytes at the moment that needs most
    sent: dict[str, float]  #: bytes
    seconds: dict[str, float]  #: seconds

    @property
    def total_memory(self) -> float:
        """All of its memory, in bytes."""
        return sum(self.memory.values())

    @property
    def total_sent(self) -> float:
        """All that it sends, in bytes."""
        return sum(self.sent.values())

    @property
    def total_seconds(self) -> float:
        """All seconds of the step."""
        return sum(self.seconds.values())


def check(layer: Layer) -> Layer:
    """The layer; ValueError that names what is wrong with it."""
    whole("dim", layer.dim, 1)
    whole("ranks", layer.ranks, 1)
    whole("classes", layer.classes, 1)
    whole("batch", layer.batch, 1)
    for name, value in (("classes", layer.classes), ("batch", layer.batch)):
        if value < layer.ranks:
            raise ValueError(f"{name} must be at least one for each rank, got {value} for "
                             f"{layer.ranks} ranks")  # fmt: skip
    if not (isinstance(layer.rate, Real) and 0 < layer.rate <= 1):
        raise ValueError(f"rate must lie in (0, 1], got {layer.rate!r}")
    return layer


def held(layer: Layer) -> tuple[int, int]:
    """Classes that a rank holds, and how many of these it uses in a step.

    With a small rate at least the classes of the batch, taken to be spread over the ranks evenly.
    """
    mine = -(-layer.classes // layer.ranks)
    batch = -(-layer.batch // layer.ranks)
    return mine, min(mine, max(math.ceil(layer.rate * mine), batch))


def at_a_time(layer: Layer) -> int | None:
    """Of how many images the scores are computed at a time; None: of all, as there are few."""
    if layer.batch * math.ceil(layer.rate * held(layer)[0]) < _by_rows.LARGE:
        return None
    return min(layer.batch, _by_rows.at_a_time(layer.dim))


def memory(layer: Layer) -> dict[str, float]:
    """Bytes of one rank by part, at the moment of a step that needs most.

    C classes, d numbers each, R ranks, N images of all ranks, c = ⌈C/R⌉ classes of this rank, of
    which k = ⌈rate·c⌉ are used, at least ⌈N/R⌉ or all. In floats (4 bytes), A = cd for all of them,
    K = kd for those in use, S = Nk for the scores. Of two moments the larger one counts:

    ===================  ==================  ====================
    part                 end of the forward  backward, through
                         pass                the lengths of rows
    ===================  ==================  ====================
    weights              A                   A
    momentum             A                   A
    gradient             A (last step's)     K
    sampled copy         K if rate < 1       K if rate < 1
    rows of length 1     K                   4K
    scores               3S + S/R            0
    features             (3 + 2/R) Nd        (3 + 2/R) Nd
    ===================  ==================  ====================

    The gradient is dense, A even where few classes are used (``ShardedMargin(sparse=True)``, which
    wants SGD without momentum, would spare it), and lives until ``zero_grad`` after the next
    forward pass. Scores are held as scores, less their maximum, and as exponentials; the rows of
    this rank's own classes, to which the margin is added, once more.

    From 2²³ scores on they are computed for n images at a time (64, or d/4), and the gradient in
    the same pass. Then the end of the forward pass needs most: the gradient is A + K, scores are
    nk, features (4 + 5/R) Nd, and there are no rows of length 1.
    """
    mine, used = held(check(layer))
    d, N, R, n = layer.dim, layer.batch, layer.ranks, at_a_time(layer)
    A, K, S = mine * d, used * d, N * used
    both = {"weights": A, "momentum": A, "sampled copy": K if layer.rate < 1 else 0}
    if n:
        by_rows = {"gradient": A + K, "rows of length 1": 0, "scores": n * used}
        both |= by_rows | {"features": 4 * N * d + 5 * N * d / R}
        return {name: FLOAT * both[name] for name in PARTS}
    both["features"] = 3 * N * d + 2 * N * d / R
    forward = {**both, "gradient": A, "rows of length 1": K, "scores": 3 * S + S / R}
    backward = {**both, "gradient": K, "rows of length 1": 4 * K, "scores": 0}
    most = max(forward, backward, key=lambda parts: sum(parts.values()))
    return {name: FLOAT * most[name] for name in PARTS}


#: Parts of the memory, in the order in which they are shown.
PARTS = (
    "weights", "gradient", "momentum", "sampled copy", "rows of length 1", "scores", "features",
)  # fmt: skip


def counts(layer: Layer) -> Counts:
    """What one rank does in a step, in the symbols of ``memory``.

    - Operations: 6NK, two for each number of W in each of three products: scores, gradient of the
      features, gradient of the weights.
    - Bytes read and written: 4 · (8A of SGD + 26K + 21S + 16S/R + 32Nd), and 4 · (A + 5K) more
      where rate < 1: the copy, and the dense gradient to which its gradient is added. With the
      scores of n images at a time it is 8A + (10 + 4N/n)K + 13S + 32Nd.
    - Bytes sent, over a ring, on which each rank passes on (R - 1)/R of what there is: features
      and labels gathered, (4d + 8)N of them; the gradient of the features reduced, twice 4Nd;
      three numbers for each image reduced for the softmax, twice 12N.
    """
    mine, used = held(check(layer))
    d, N, R = layer.dim, layer.batch, layer.ranks
    A, K, S = mine * d, used * d, N * used
    n = at_a_time(layer)
    touched = 8 * A + 26 * K + 21 * S + 16 * S / R + 32 * N * d
    if n:
        touched = 8 * A + (10 + 4 * math.ceil(N / n)) * K + 13 * S + 32 * N * d
    if layer.rate < 1:
        touched += A + 5 * K
    ring = (R - 1) / R
    return Counts(
        flop=6 * N * K,
        touched=FLOAT * touched,
        sent={
            "features": ring * N * (FLOAT * d + LONG),
            "gradient of the features": 2 * ring * N * FLOAT * d,
            "softmax": 2 * ring * N * FLOAT * 3,
        },
    )


def cost(layer: Layer, machine: Machine) -> Cost:
    """Memory, traffic and time of one step on the rank with the most classes.

    Bytes are those of ``memory``, what is done those of ``counts``; the seconds are operations,
    bytes touched and bytes sent, each over what the machine does in a second, and the machine's
    fixed time, one after the other. Only the last layer is counted, not the backbone.
    ValueError for a layer that cannot be.
    """
    done = counts(layer)
    return Cost(
        memory=memory(layer),
        sent=done.sent,
        seconds={
            "arithmetic": done.flop / machine.flops,
            "memory": done.touched / machine.memory,
            "network": sum(done.sent.values()) / machine.network,
            "fixed": machine.fixed,
        },
    )
