"""Run by torchrun: `memory.py FOLDER CLASSES DIM OPTIMIZER` trains without checkpoints, with them,
and on from one, and prints by how many bytes each rank grew."""

import json
import sys
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from torch import nn

from facetoy.data import Data
from facetoy.large import connect, train
from facetoy.large.process_memory import MemoryWatch
from facetoy.losses._parallel import of_all

folder, classes, dim, optimizer = Path(sys.argv[1]), *map(int, sys.argv[2:4]), sys.argv[4]


def made(classes: int) -> Data:
    """Images of noise, one of each of a few classes, the last among them."""
    labels = np.linspace(0, classes - 1, 64).astype(np.int64)
    images = np.random.default_rng(0).random((64, 1, 4, 4), np.float32)
    return Data("noise", images, labels, images[:1], labels[:1], tuple(map(str, range(classes))))


def grown(data: Data, **more: object) -> list[float]:
    """By how many bytes each rank grew in a training."""
    net = nn.Sequential(nn.Flatten(), nn.Linear(16, dim))
    watch = MemoryWatch(device)
    watch.start()
    train(
        data, "arcface", s=16, m=0.3, dim=dim, epochs=4, batch_size=64, optimizer=optimizer,
        model=net, device=device, progress=False, **more,
    )  # fmt: skip
    return of_all([watch.most()])[0]


with connect(timeout=300) as device:
    torch.set_num_threads(1)
    few, many = made(1000), made(classes)
    for name in ("a", "b"):  # what is loaded at first use belongs to no training
        grown(few, checkpoint=folder / name, every=1)
    alone = grown(many)
    saved = grown(many, checkpoint=folder / "run", every=2)
    resumed = grown(many, checkpoint=folder / "run", every=2)
    if dist.get_rank() == 0:
        print(json.dumps({"alone": alone, "saved": saved, "resumed": resumed}))
