"""One fit, and a sweep of margins and seeds, beside the plain script that one would write with
pytorch-metric-learning, a DataLoader and a loop. `make bench` prints the table; rounds are
interleaved, a time is the median."""

from __future__ import annotations

import argparse
import math
import os
import statistics
import time

import torch
from pytorch_metric_learning.losses import ArcFaceLoss
from torch.utils.data import DataLoader, TensorDataset

import facetoy
from facetoy.data.sets import Data
from facetoy.training.networks import make_embedder


def plain(data: Data, m: float, seed: int, epochs: int, device: str) -> float:
    """Train as `facetoy.fit` does: same data, network, optimiser, schedule and epochs; the test
    accuracy after each epoch, of which the last is returned."""
    torch.manual_seed(seed)
    images = torch.tensor(data.train_images)
    labels = torch.tensor(data.train_labels)
    test_images = torch.tensor(data.test_images).to(device)
    test_labels = torch.tensor(data.test_labels).to(device)
    loader = DataLoader(TensorDataset(images, labels), batch_size=128, shuffle=True)
    net = make_embedder(*images.shape[2:], 3).to(device)
    loss = ArcFaceLoss(data.num_classes, 3, margin=math.degrees(m), scale=16).to(device)
    optimiser = torch.optim.Adam([*net.parameters(), *loss.parameters()], lr=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs * len(loader))
    accuracy = 0.0
    for _ in range(epochs):
        net.train()
        for x, y in loader:
            optimiser.zero_grad()
            value = loss(net(x.to(device)), y.to(device))
            value.backward()
            optimiser.step()
            schedule.step()
        net.eval()
        with torch.no_grad():
            guess = loss.get_logits(net(test_images)).argmax(1)
            accuracy = (guess == test_labels).float().mean().item()
    return accuracy


def table(epochs: int, margins: int, seeds: int, rounds: int, device: str) -> str:
    """The benchmark as a Markdown table."""
    data = facetoy.load("digits")
    m = [0.1 * (k + 1) for k in range(margins)]
    contests = {
        "one fit": (
            lambda: facetoy.fit(
                "arcface", data, m=0.5, epochs=epochs, device=device, progress=False
            ),
            lambda: plain(data, 0.5, 0, epochs, device),
        ),
        f"sweep of {margins} margins and {seeds} seeds": (
            lambda: facetoy.sweep(
                "arcface", data, m=m, seed=range(seeds), epochs=epochs, device=device,
                progress=False,
            ),
            lambda: [plain(data, v, s, epochs, device) for v in m for s in range(seeds)],
        ),
    }  # fmt: skip
    lines = ["| what | facetoy | plain script | ratio |", "|:--|--:|--:|--:|"]
    for name, pair in contests.items():
        times: tuple[list[float], list[float]] = ([], [])
        for _ in range(rounds):
            for act, found in zip(pair, times, strict=True):
                began = time.perf_counter()
                act()
                found.append(time.perf_counter() - began)
        ours, theirs = map(statistics.median, times)
        lines.append(f"| {name} | {ours:.2f} s | {theirs:.2f} s | {theirs / ours:.2f} |")
    threads = torch.get_num_threads()
    lines += ["", f"on {device}, {os.cpu_count()} processors, {threads} threads of torch"]
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--margins", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    print(table(**vars(parser.parse_args())))
