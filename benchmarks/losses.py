"""Time and memory of every loss against plain normalised cross-entropy, with
pytorch-metric-learning's counterpart beside it. `make bench` prints the table.

All compete in one process, in interleaved rounds; a time is the median over rounds of forward and
backward, and the table shows ratios. Memory is what autograd keeps for the backward pass, each
storage counted once; with very many classes, by how much the process grows at most.
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import time
from collections.abc import Callable

import pytorch_metric_learning.losses as library
import torch
import torch.nn.functional as F
from pytorch_metric_learning import miners
from pytorch_metric_learning.distances import LpDistance
from torch import Tensor, nn
from tqdm import tqdm

from facetoy import losses
from facetoy.large.process_memory import MemoryWatch

DEGREES = 180 / torch.pi
SIZES = {"large": (512, 512, 10_000), "small": (256, 3, 10), "triplets": (256, 2, 10)}
MANY = [(512, 512, 100_000), (2048, 512, 50_000)]


class Plain(nn.Module):
    """Plain normalised cross-entropy: what everything is compared with."""

    def __init__(self, d: int, C: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(C, d))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return F.cross_entropy(16 * F.linear(F.normalize(x), F.normalize(self.weight)), y)


class LibraryTriplets(nn.Module):
    """The library's triplet loss with our distance, squared and between unit vectors, on all
    triplets or on those that one of its miners chooses."""

    def __init__(self, miner: Callable[..., nn.Module] | None = None, **options: object) -> None:
        super().__init__()
        distance = LpDistance(power=2)
        self.loss = library.TripletMarginLoss(margin=0.2, distance=distance)
        self.miner = miner and miner(distance=distance, **options)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.loss(x, y, self.miner and self.miner(x, y))


Maker = Callable[[int, int], nn.Module]
#: name: ours, and the library's counterpart
CLASS_LOSSES: dict[str, tuple[Maker, Maker | None]] = {
    "Softmax": (losses.Softmax, None),
    "NormSoftmax": (
        losses.NormSoftmax,
        lambda d, C: library.NormalizedSoftmaxLoss(C, d, temperature=1 / 16),
    ),
    "CosFace": (losses.CosFace, lambda d, C: library.CosFaceLoss(C, d)),
    "AMSoftmax": (losses.AMSoftmax, None),
    "ArcFace": (losses.ArcFace, lambda d, C: library.ArcFaceLoss(C, d, margin=0.5 * DEGREES)),
    "CombinedMargin": (losses.CombinedMargin, None),
    "LSoftmax, m = 4": (
        lambda d, C: losses.LSoftmax(d, C, m=4),
        lambda d, C: library.LargeMarginSoftmaxLoss(C, d, margin=4),
    ),
    "ASoftmax, m = 4": (losses.ASoftmax, lambda d, C: library.SphereFaceLoss(C, d, margin=4)),
    "CenterLoss": (losses.CenterLoss, None),
}
TRIPLET_LOSSES: dict[str, tuple[Maker, Maker | None]] = {
    "TripletLoss, all": (
        lambda d, C: losses.TripletLoss(mining="all"),
        lambda d, C: LibraryTriplets(),
    ),
    "TripletLoss, semihard": (
        lambda d, C: losses.TripletLoss(),
        lambda d, C: LibraryTriplets(
            miners.TripletMarginMiner, margin=0.2, type_of_triplets="semihard"
        ),
    ),
    "TripletLoss, hard": (
        lambda d, C: losses.TripletLoss(mining="hard"),
        lambda d, C: LibraryTriplets(miners.BatchHardMiner),
    ),
}


def make_step(make: Maker, n: int, d: int, C: int, device: str) -> Callable[[], None]:
    """A function that runs forward and backward once."""
    torch.manual_seed(0)
    loss = make(d, C).to(device).eval()
    x = torch.randn(n, d, device=device, requires_grad=True)
    y = torch.randint(C, (n,), device=device)

    def step() -> None:
        for leaf in (x, *loss.parameters()):
            leaf.grad = None
        loss(x, y).backward()
        if device != "cpu":
            torch.cuda.synchronize()

    return step


def saved_bytes(step: Callable[[], None]) -> int:
    """Bytes that autograd keeps between forward and backward."""
    seen: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        seen[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        step()
    return sum(seen.values())


def measure(
    makers: dict[str, Maker], size: tuple[int, int, int], rounds: int, device: str
) -> dict[str, tuple[float, int]]:
    """Median seconds of a step, and the bytes it saves, for each of ``makers``."""
    steps = {name: make_step(make, *size, device) for name, make in makers.items()}
    memory = {name: saved_bytes(step) for name, step in steps.items()}
    once = min(measured(step, 1) for step in steps.values())
    repeat = max(1, round(0.02 / once))
    times: dict[str, list[float]] = {name: [] for name in steps}
    gc.disable()
    for _ in tqdm(range(rounds), desc=f"{size[0]} x {size[1]}-d x {size[2]}", leave=False):
        for name, step in steps.items():
            times[name].append(measured(step, repeat))
    gc.enable()
    return {name: (statistics.median(times[name]), memory[name]) for name in steps}


def measured(step: Callable[[], None], repeat: int) -> float:
    """Seconds of one of ``repeat`` steps."""
    began = time.perf_counter()
    for _ in range(repeat):
        step()
    return (time.perf_counter() - began) / repeat


def grown(step: Callable[[], None], device: str) -> float:
    """Bytes by which a step needs more than what is there before the first, the gradient of the
    weights among them."""
    watch = MemoryWatch(torch.device(device))
    watch.start()
    step()
    return watch.most()


def many(rounds: int, device: str) -> str:
    """Losses over very many classes: time against plain's, memory against the weights'."""
    heads = [f"{'x'.join(map(str, size))}: time | memory, weights" for size in MANY]
    lines = ["| loss | " + " | ".join(heads) + " |", "|:--|" + "--:|--:|" * len(MANY)]
    makers = {"plain": Plain, **{name: ours for name, (ours, _) in CLASS_LOSSES.items()}}
    cells: dict[str, list[str]] = {name: [] for name in makers}
    for n, d, C in MANY:
        times: dict[str, list[float]] = {name: [] for name in makers}
        memory = {}
        for _ in tqdm(range(rounds), desc=f"{n} x {d}-d x {C}", leave=False):
            for name, make in makers.items():  # made anew, or all weights would be there at once
                step = make_step(make, n, d, C, device)
                memory[name] = grown(step, device) / (4 * C * d)
                times[name].append(measured(step, 1))
        plain = statistics.median(times["plain"])
        for name, row in cells.items():
            row += [f"{statistics.median(times[name]) / plain:.2f}", f"{memory[name]:.2f}"]
    return "\n".join([*lines, *(f"| {name} | {' | '.join(row)} |" for name, row in cells.items())])


def table(rounds: int, device: str) -> str:
    """The table, as Markdown."""
    columns: dict[str, dict[str, dict[str, tuple[float, int]]]] = {}
    for size, pairs in (
        ("large", CLASS_LOSSES), ("small", CLASS_LOSSES), ("triplets", TRIPLET_LOSSES)
    ):  # fmt: skip
        makers: dict[str, Maker] = {"plain": Plain}
        for name, (ours, theirs) in pairs.items():
            makers[name] = ours
            if theirs:
                makers[f"{name} (library)"] = theirs
        columns[size] = measure(makers, SIZES[size], rounds, device)
    lines = [
        "| loss | " + " | ".join(
            f"{'x'.join(map(str, SIZES[size]))}: time | library's | saved memory | library's"
            for size in ("large", "small")
        ) + " |",
        "|:--|" + "--:|" * 8,
    ]  # fmt: skip

    def ratio(size: str, name: str, which: int) -> str:
        if name not in columns[size]:
            return "–"
        return f"{columns[size][name][which] / columns[size]['plain'][which]:.2f}"

    def cells(size: str, name: str) -> str:
        theirs = f"{name} (library)"
        return " | ".join(ratio(size, n, k) for k in (0, 1) for n in (name, theirs))

    lines += [
        f"| {name} | {cells('large', name)} | {cells('small', name)} |" for name in CLASS_LOSSES
    ]
    n, d, _ = SIZES["triplets"]
    lines += ["", f"| loss | {n}x{d}: time | library's | saved memory | library's |"]
    lines += ["|:--|--:|--:|--:|--:|"]
    lines += [f"| {name} | {cells('triplets', name)} |" for name in TRIPLET_LOSSES]
    plain = ", ".join(
        f"{1e3 * columns[size]['plain'][0]:.2f} ms {size}" for size in ("large", "small")
    )
    return "\n".join([*lines, "", f"Ratios to plain normalised cross-entropy ({plain})."])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args()
    name = torch.cuda.get_device_name() if options.device != "cpu" else f"{os.cpu_count()} cores"
    print(f"torch {torch.__version__} on {options.device} ({name}), {options.rounds} rounds\n")
    print(table(options.rounds, options.device))
    print(f"\n{many(max(1, options.rounds // 5), options.device)}")
