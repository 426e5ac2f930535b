"""Run by torchrun: `train.py OPTIMIZER CHECKPOINT OUT [STEP]` trains; rank 1 dies after STEP
steps."""

import os
import signal
import sys

import numpy as np
import torch
import torch.distributed as dist

from facetoy import load
from facetoy.large.sharded import connect
from facetoy.large.training import train
from facetoy.training.networks import Embedder

optimizer, checkpoint, out, *step = sys.argv[1:]


def die(done: int) -> None:
    if step and done == int(step[0]) and dist.get_rank() == 1:
        os.kill(os.getpid(), signal.SIGKILL)


with connect(timeout=300) as device:
    torch.set_num_threads(1)
    torch.manual_seed(1)
    net, report = train(
        load("digits"), "arcface", s=16, m=0.3, dim=8, epochs=2, batch_size=100, lr=0.05,
        optimizer=optimizer, model=Embedder(64, 8), checkpoint=checkpoint or None, every=5,
        on_step=die, device=device, progress=False,
    )  # fmt: skip
    if dist.get_rank() == 0:
        arrays = {k: v.numpy() for k, v in net.state_dict().items()}
        np.savez(out, loss=report.loss, peaks=report.peak_mb, **arrays)
