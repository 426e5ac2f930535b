"""Time of what faces need at scale: drawing them, and judging millions of pairs. `make bench`
prints the table; a time is the median over rounds."""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable

import numpy as np

import facetoy
from facetoy.faces import verification


def seconds(act: Callable[[], object], rounds: int) -> float:
    """Median seconds of ``act()``."""
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        act()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def table(identities: int, pairs: int, rounds: int) -> str:
    """The benchmark as a Markdown table."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(2000), 10)
    x = rng.normal(size=(2000, 128))[labels] + rng.normal(size=(len(labels), 128))
    x = x.astype(np.float32)
    drawn = verification.draw_pairs(labels, pairs // 2)
    scores = verification.cosine(x, drawn)
    rows = {
        f"draw {10 * identities:,} faces of {identities:,} people": lambda: facetoy.load(
            "toyfaces", identities=identities, images=10
        ),
        f"draw {pairs:,} pairs": lambda: verification.draw_pairs(labels, pairs // 2),
        f"cosine of {pairs:,} pairs, 128-d": lambda: verification.cosine(x, drawn),
        f"error rates of {pairs:,} pairs": lambda: verification.roc(scores, drawn.same),
    }
    lines = [f"| {name} | {seconds(act, rounds):.2f} s |" for name, act in rows.items()]
    return "\n".join(["| what | time |", "|:--|--:|", *lines, "", f"{os.cpu_count()} processors"])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--identities", type=int, default=10_000)
    parser.add_argument("--pairs", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    print(table(**vars(parser.parse_args())))
