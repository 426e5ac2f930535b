"""MNIST at paper scale: the table of the L-Softmax paper (m = 1 to 4), and center loss's picture
of features in 2-D.

    python benchmarks/mnist_table.py table --folder runs
    python benchmarks/mnist_table.py figure --folder runs

On a GPU a table takes minutes, on a CPU a day or more: the script says how long before it begins.
It can be stopped at any time; the same line goes on, and what is done is not done again.
The images come from OpenML by scikit-learn, once.

What the papers say, and what they leave open:

- L-Softmax (Liu et al., ICML 2016): its Table 1 gives the network, ten convolutions of 64 filters
  in four stages and a layer of 256; PReLU and batch normalisation; SGD with momentum 0.9 and weight
  decay 0.0005; batches of 256; the rate 0.1, a tenth of it after 12,000 and 15,000 of 18,000 steps.
  That schedule is told for CIFAR-10, we take it for MNIST too. λ is not given: here it falls as in
  the authors' later code, to 0.
- Center loss (Wen et al., ECCV 2016): six convolutions of 5 x 5 and a layer of 2. The schedule is
  not given; ours is the one above with a rate of 0.01. λ is the paper's times half the size of a
  batch of 256, since the paper sums where we average; its figure shows 0.001 to 1.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from joblib import Parallel, delayed
from torch import nn

import facetoy
from facetoy.data.sets import Data

PUBLISHED = {1: 99.60, 2: 99.68, 3: 99.69, 4: 99.69}
STEPS, BATCH = 18_000, 256


def convolutions(before: int, *counts: int, size: int) -> list[nn.Module]:
    """Convolutions with so many filters, each with PReLU and batch normalisation."""
    layers: list[nn.Module] = []
    for after in counts:
        layers += [
            nn.Conv2d(before, after, size, padding=size // 2), nn.PReLU(), nn.BatchNorm2d(after)
        ]  # fmt: skip
        before = after
    return layers


def he(net: nn.Module) -> nn.Module:
    """The network with weights drawn as by He et al., 2015, the same ones each time."""
    torch.manual_seed(0)
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, a=0.25)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return net


def l_softmax_network(width: int = 64) -> nn.Module:
    """Images (N, 1, 28, 28) → features (N, 256): Table 1 of Liu et al."""
    stages = [nn.BatchNorm2d(1), *convolutions(1, width, size=3)]
    for _ in range(3):
        stages += [
            *convolutions(width, width, width, width, size=3),
            nn.MaxPool2d(2, ceil_mode=True),
        ]
    return he(nn.Sequential(*stages, nn.Flatten(), nn.Linear(width * 16, 256), nn.BatchNorm1d(256)))


def center_network(width: int = 32) -> nn.Module:
    """Images (N, 1, 28, 28) → features (N, 2): Table 1 of Wen et al., LeNets++."""
    stages: list[nn.Module] = []
    for before, after in ((1, width), (width, 2 * width), (2 * width, 4 * width)):
        stages += [*convolutions(before, after, after, size=5), nn.MaxPool2d(2)]
    return he(nn.Sequential(*stages, nn.Flatten(), nn.Linear(4 * width * 9, 2, bias=False)))


def sgd(parameters: list[nn.Parameter], lr: float) -> torch.optim.Optimizer:
    return torch.optim.SGD(parameters, lr, momentum=0.9, weight_decay=0.0005)


def stairs(part: float) -> float:
    """A tenth after 12,000 and again after 15,000 of 18,000 steps."""
    return 1.0 if part < 12 / 18 else 0.1 if part < 15 / 18 else 0.01


def jobs(device: str) -> int:
    """How many trainings run at once."""
    return 1 if device != "cpu" else os.cpu_count() or 1


def train(
    name: str, data: Data, net: nn.Module, folder: Path, runs: Sequence[dict], **settings: object
) -> list[facetoy.Run]:
    """A run for each of the ``runs``, each with a checkpoint of its own in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    device = str(settings["device"])
    common = {
        "model": net, "snapshots": 2, "batch_size": BATCH, "optimizer": sgd, "decay": stairs,
        **settings,
    }  # fmt: skip

    def one(args: dict, shown: bool) -> facetoy.Run:
        words = "_".join(f"{k}{v:g}" for k, v in args.items())
        checkpoint = folder / f"{name}_{words}.npz"
        return facetoy.fit(name, data, checkpoint=checkpoint, progress=shown, **args, **common)

    count = jobs(device)
    return Parallel(n_jobs=count, mmap_mode="c")(delayed(one)(args, count == 1) for args in runs)


def forecast(data: Data, net: nn.Module, loss: str, runs: int, steps: int, **settings) -> str:
    """How long ``runs`` trainings of so many steps will take, from a few steps."""
    few = 4 * BATCH
    part = Data(
        data.name, data.train_images[:few], data.train_labels[:few],
        data.test_images[:10], data.test_labels[:10], data.class_names,
    )  # fmt: skip
    trial = facetoy.fit(
        loss, part, model=net, epochs=2, snapshots=2, batch_size=BATCH, optimizer=sgd,
        progress=False, **settings,
    )  # fmt: skip
    seconds = trial.history["seconds"]
    hours = (seconds[1] - seconds[0]) / 4 * steps * -(-runs // jobs(settings["device"])) / 3600
    slow = "; on a GPU it takes minutes" if settings["device"] == "cpu" and hours > 1 else ""
    return f"{runs} trainings of {steps:,} steps on {trial.device}: about {hours:.1f} hours{slow}"


def table(data: Data, folder: Path, steps: int, seeds: int, width: int, device: str) -> str:
    """The paper's table, with what is published beside it."""
    net = l_softmax_network(width)
    runs = [{"m": m, "seed": seed} for m in PUBLISHED for seed in range(seeds)]
    print(forecast(data, net, "lsoftmax", len(runs), steps, dim=256, device=device), flush=True)
    epochs = max(1, round(steps * BATCH / len(data.train_labels)))
    began = time.perf_counter()
    found = train(
        "lsoftmax", data, net, folder, runs, dim=256, epochs=epochs, lr=0.1, device=device
    )
    lines = ["| m | accuracy, % | published, % |", "|:--|--:|--:|"]
    for m, published in PUBLISHED.items():
        accuracy = [100 * run.history["test_accuracy"][-1] for run in found if run.config["m"] == m]
        lines.append(f"| {m} | {facetoy.spread(accuracy, digits=2)} | {published:.2f} |")
    lines += [
        "", f"{seeds} seeds, {found[0].steps[-1]:,} steps of {BATCH} images, on {found[0].device}, "
        f"{time.perf_counter() - began:.0f} s since the last start",
    ]  # fmt: skip
    if any(run.config["interrupted"] for run in found):
        lines.append("**Interrupted**: the same line goes on.")
    return "\n".join(lines)


def figure(data: Data, folder: Path, steps: int, width: int, device: str) -> Path:
    """Features in 2-D under softmax with center loss of four strengths; where it was written."""
    from matplotlib.figure import Figure

    net = center_network(width)
    strengths = [0.001, 0.01, 0.1, 1.0]
    runs = [{"lam": lam * BATCH / 2, "seed": 0} for lam in strengths]
    print(forecast(data, net, "center", len(runs), steps, dim=2, device=device), flush=True)
    epochs = max(1, round(steps * BATCH / len(data.train_labels)))
    found = train("center", data, net, folder, runs, dim=2, epochs=epochs, lr=0.01, device=device)
    page = Figure(figsize=(10, 10), layout="constrained")
    for axes, lam, run in zip(page.subplots(2, 2).flat, strengths, found, strict=True):
        for c, name in enumerate(run.class_names):
            x = run.features[-1][run.labels == c]
            axes.scatter(*x.T, s=2, color=facetoy.plots.COLORS[c], label=name)
        accuracy = 100 * np.mean(run.predicted[-1] == run.labels)
        axes.set(title=f"λ = {lam:g}, accuracy {accuracy:.2f} %", aspect="equal")
    axes.legend(markerscale=5)
    path = folder / "center_loss.png"
    page.savefig(path, dpi=120)
    return path


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("what", choices=("table", "figure"))
    parser.add_argument("--folder", type=Path, default=Path("mnist_runs"), help="checkpoints")
    parser.add_argument("--steps", type=int, default=STEPS, help="fewer are a trial, not the table")
    parser.add_argument("--width", type=int, help="filters; fewer are a trial, not the network")
    parser.add_argument("--seeds", type=int, default=1, help="of the table")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    args = parser.parse_args()
    mnist = facetoy.load("mnist")
    if args.what == "table":
        width = args.width or 64
        print(table(mnist, args.folder, args.steps, args.seeds, width, args.device))
    else:
        print(figure(mnist, args.folder, args.steps, args.width or 32, args.device))
