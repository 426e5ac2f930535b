"""Steps of a last layer with random features, timed: what ``facetoy.large.measure`` starts.

    torchrun --nproc-per-node 2 -m facetoy.large.layer_steps --classes 10000 100000 --rates 1 0.1

prints one line of JSON for each setting.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time

import torch
import torch.distributed as dist

from facetoy.checks import whole
from facetoy.large.costs import Layer, memory
from facetoy.large.process_memory import MemoryWatch
from facetoy.large.sharded import ShardedMargin, connect
from facetoy.losses._parallel import of_all


def _run(layer: Layer, steps: int, device: torch.device) -> tuple[float, float]:
    """Median seconds of a step on this rank, and the most bytes of any rank."""
    watch = MemoryWatch(device)
    watch.start()
    head = ShardedMargin("arcface", layer.dim, layer.classes, sample_rate=layer.rate).to(device)
    optimiser = torch.optim.SGD(head.parameters(), lr=0.1, momentum=0.9)
    count = layer.batch // layer.ranks + (dist.get_rank() < layer.batch % layer.ranks)
    random = torch.Generator().manual_seed(dist.get_rank())
    times = []
    for _ in range(steps):
        x = torch.randn(count, layer.dim, generator=random).to(device).requires_grad_()
        y = torch.randint(layer.classes, (count,), generator=random).to(device)
        dist.barrier()  # a step begins when all are there
        began = time.perf_counter()
        loss = head(x, y)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        loss.item()  # a GPU is done when its number is here
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(time.perf_counter() - began)
    (most,) = of_all([watch.most()])
    return statistics.median(times[1:]), max(most)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="torchrun … -m facetoy.large.layer_steps")
    parser.add_argument("--classes", type=int, nargs="+", required=True)
    parser.add_argument("--rates", type=float, nargs="+", default=[1.0], help="in (0, 1]")
    parser.add_argument("--dim", type=int, default=128, help="length of a feature")
    parser.add_argument("--batch", type=int, default=128, help="images of all ranks")
    parser.add_argument("--steps", type=int, default=8, help="of each setting, at least 2")
    args = parser.parse_args()
    whole("steps", args.steps, 2)
    with connect() as device:
        ranks = dist.get_world_size()
        layers = [
            Layer(classes, args.dim, ranks, rate, args.batch)
            for classes in args.classes
            for rate in args.rates
        ]
        # from small to large, since the peak of a process's memory may never fall
        layers.sort(key=lambda layer: sum(memory(layer).values()))
        for rate in (1.0, 0.5):  # what is loaded at first use belongs to no setting
            _run(Layer(max(1000, 2 * ranks), args.dim, ranks, rate, args.batch), 2, device)
        for layer in layers:
            seconds, most = _run(layer, args.steps, device)
            if dist.get_rank() == 0:
                row = {**layer._asdict(), "step_ms": 1e3 * seconds, "memory_mb": most / 1e6}
                print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
