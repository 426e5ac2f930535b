"""Run by torchrun: `train.py OUT ARGUMENTS [HOW STEP]` trains; one rank comes to harm at STEP.

kill: rank 1 dies after it. ctrl-c: rank 1 hears Ctrl-C after it. write: rank 1 dies while it writes
the checkpoint of this step. finish: rank 0 dies before that is whole. remove: rank 0 dies before
the older checkpoint is removed.
"""

import json
import os
import shutil
import signal
import sys

import numpy as np
import torch
import torch.distributed as dist
from torch.distributed.checkpoint import filesystem

from facetoy import load, open_split
from facetoy.large.sharded import connect
from facetoy.large.training import train
from facetoy.training.networks import Embedder

out, arguments, *rest = sys.argv[1:]
how, step = (rest[0], int(rest[1])) if rest else ("", 0)
reached = 0


def harm(done: int) -> None:
    global reached
    reached = done
    if done == step and dist.get_rank() == 1:
        if how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if how == "ctrl-c":
            os.kill(os.getpid(), signal.SIGINT)


def deadly(rank: int, act):
    def acted(*args, **kwargs):
        if reached == step and dist.get_rank() == rank:
            os.kill(os.getpid(), signal.SIGKILL)
        return act(*args, **kwargs)

    return acted


if how == "write":
    filesystem._write_item = deadly(1, filesystem._write_item)
if how == "finish":
    filesystem.FileSystem.rename = deadly(0, filesystem.FileSystem.rename)
if how == "remove":
    shutil.rmtree = deadly(0, shutil.rmtree)

with connect(timeout=300) as device:
    torch.set_num_threads(1)
    torch.manual_seed(1)
    given = json.loads(arguments)
    people = given.pop("people", None)
    data = load("digits")
    if people:
        data = open_split(load("toyfaces", identities=people + 8, images=6, size=16), people)
        model = None
    else:
        model = Embedder(64, 8)
    settings = {
        "s": 16, "m": 0.3, "dim": 8, "epochs": 2, "batch_size": 100, "lr": 0.05, "every": 5
    }  # fmt: skip
    net, report = train(
        data, model=model, on_step=harm, device=device, progress=False, **settings | given
    )
    if dist.get_rank() == 0:
        arrays = {k: v.numpy() for k, v in net.state_dict().items()}
        np.savez(out, loss=report.loss, peaks=report.peak_mb, **arrays)
