"""What `import facetoy` costs beside `import torch`, which it needs. `make bench` prints the
table; rounds are interleaved, each in a process of its own, a time is the median."""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time

MODULES = ("torch", "facetoy.losses", "facetoy")


def table(rounds: int) -> str:
    """The benchmark as a Markdown table."""
    times: dict[str, list[float]] = {name: [] for name in MODULES}
    for _ in range(rounds):
        for name, found in times.items():
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", f"import {name}"], check=True)
            found.append(time.perf_counter() - began)
    medians = {name: statistics.median(found) for name, found in times.items()}
    lines = ["| import | time | ratio |", "|:--|--:|--:|"]
    lines += [f"| {n} | {t:.2f} s | {t / medians['torch']:.2f} |" for n, t in medians.items()]
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    print(table(**vars(parser.parse_args())))
