"""Run by torchrun: `state.py FOLDER` writes the state of each rank's loss, and reads those of all
others that are in the folder already."""

import re
import sys
from pathlib import Path

import pytest
import torch
import torch.distributed as dist

from facetoy.large.sharded import ShardedMargin, connect

with connect(timeout=300):
    rank, ranks = dist.get_rank(), dist.get_world_size()
    loss = ShardedMargin("arcface", 6, 11)
    state = loss.state_dict()
    assert list(state) == ["weight"]
    weight = state["weight"]
    assert weight.shape == (11, 6)
    assert weight.to_local().data_ptr() == loss.weight.data_ptr()  # no copy
    before = weight.full_tensor()
    assert torch.equal(before[loss.classes.start : loss.classes.stop], loss.weight)

    def refused(given: object, words: str) -> None:
        with pytest.raises(ValueError, match=re.escape(words)):
            loss.load_state_dict({"weight": given})
        assert torch.equal(weight.full_tensor(), before)

    refused(torch.zeros(loss.weight.shape), "got a plain tensor of shape")
    refused(torch.zeros(11, 6), "got a plain tensor of shape (11, 6), which may be another rank's")
    other = ShardedMargin("arcface", 6, 12).state_dict()["weight"]
    refused(other, "of shape (11, 6), as state_dict gives it, got the part of rank")
    with pytest.raises(RuntimeError, match="Missing key"):
        loss.load_state_dict({})

    whole = torch.nn.ModuleDict({"net": torch.nn.Linear(2, 6), "loss": loss})
    file = Path(sys.argv[1], f"{rank}of{ranks}.pt")
    torch.save(whole.state_dict(), file)
    dist.barrier()
    for found in Path(sys.argv[1]).glob("*.pt"):
        saved = torch.load(found, weights_only=True)
        if found != file:
            of = found.stem.replace("of", " of ")
            refused(
                saved["loss.weight"], f"weight must be the part of rank {rank} of {ranks} of shape"
            )
            refused(saved["loss.weight"], f"got the part of rank {of} of")
    with torch.no_grad():
        loss.weight.zero_()
    whole.load_state_dict(torch.load(file, weights_only=True))
    assert torch.equal(weight.full_tensor(), before)
    print(f"rank {rank} is done")
