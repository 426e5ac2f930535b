"""Checkpoints of a training on many machines: each rank writes its part, and reads its part.

    run/training.json    the settings, which must be the same for a training to go on
    run/step-50/         a checkpoint of torch.distributed.checkpoint, by any number of ranks

A checkpoint is whole once it has its ``.metadata``, which is written last. The one before it is
removed only then; what a kill has left is removed at the next start.
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
from torch import Tensor, nn
from torch.distributed.checkpoint import filesystem, metadata
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.planner import WriteItem, WriteItemType
from torch.serialization import _get_layout

from facetoy.files import DAMAGED, check_same, replaced
from facetoy.large.sharded import BLOCK, shard, spread
from facetoy.large.share import Share
from facetoy.losses._parallel import check_one, together
from facetoy.training.loop import Store


class Folder(Store):
    """The state of all ranks in a folder, on a disk that all machines share. All ranks call it."""

    def __init__(
        self, path: str | os.PathLike, settings: dict[str, Any], work: Share, every: int
    ) -> None:
        self.path, self.work, self.every = Path(path), work, every
        self.settings = json.loads(json.dumps(settings))  # as they will be read
        self.kept = -1  # the step of the newest whole checkpoint; -1: there is none

    def due(self) -> bool:
        return self.work.step % self.every == 0

    def rescue(self) -> None:
        """Nothing: an interruption comes to one rank, and the others know nothing of it."""

    def save(self) -> None:
        before, self.kept = self.kept, self.work.step
        if self.kept == before:
            return
        # what all ranks hold is rank 0's, as the statistics of a batch normalisation are
        planner = InBlocks(dedup_save_to_lowest_rank=True)
        folder = self._folder(self.kept)
        try:
            dcp.save(self._tensors(), storage_writer=dcp.FileSystemWriter(folder), planner=planner)
        except CheckpointException as error:  # the same on all ranks
            rank, (found, _) = min(error.failures.items(), key=lambda failure: failure[0])
            raise OSError(f"rank {rank} could not write {folder}: {found}") from error
        if dist.get_rank() == 0 and before >= 0:
            shutil.rmtree(self._folder(before), ignore_errors=True)  # else at the next start

    def load(self) -> bool:
        """Take over the newest whole checkpoint, by whatever number of ranks; False if there is
        none. ValueError if the folder is of another training, or holds something else; OSError if
        a rank cannot write to it; TypeError if the network holds what cannot be written."""
        with together():
            self._check_network()
            if dist.get_rank() == 0:  # before the others look, who may remember an empty folder
                self._claim()
        with together(1) as seen:
            self._check_settings()
            whole = [int(f.parent.name[5:]) for f in self.path.glob("step-*/.metadata")]
            seen.append(max(whole, default=-1))
            if seen[0] < self.settings["epochs"] * self.work.per_epoch:
                with self._writing(), tempfile.TemporaryFile(dir=self.path):
                    pass
        steps = [int(step) for step in seen[0]]
        check_one("the newest checkpoint that is seen", steps)
        self.kept = steps[0]
        if self.kept >= 0:
            self._read(self._folder(self.kept))
            self.work.step = self.kept
        with together():
            if dist.get_rank() == 0:
                self._tidy()
        return self.kept >= 0

    def _folder(self, step: int) -> Path:
        return self.path / f"step-{step}"

    @property
    def _words(self) -> Path:
        return self.path / "training.json"

    def _claim(self) -> None:
        """Write the settings into a folder that has none. ValueError if it is something else."""
        with self._writing():
            self.path.mkdir(exist_ok=True)
        if self._words.exists():
            return
        if any(f.suffix != ".part" for f in self.path.iterdir()):
            raise ValueError(f"{self.path} is not a checkpoint of facetoy.large")
        with self._writing(), replaced(self._words) as file:
            file.write(json.dumps(self.settings, sort_keys=True).encode())

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """OSError, in our words, if the folder cannot be written to."""
        try:
            yield
        except OSError as error:
            raise OSError(
                f"checkpoint must be a folder that all ranks can write to, got {self.path}: "
                f"{error.strerror}"
            ) from error

    def _check_settings(self) -> None:
        """ValueError unless the settings in the folder are those of this training."""
        if not self._words.exists():
            raise ValueError(f"{self._words} is not there: all ranks must see one folder")
        try:
            before = json.loads(self._words.read_bytes())
        except ValueError as error:
            raise ValueError(f"{self._words} is damaged") from error
        check_same(self.path, before, self.settings)

    def _check_network(self) -> None:
        """TypeError unless the network's state is tensors, as a checkpoint here holds no other."""
        for name, value in self.work.net.state_dict().items():
            if not isinstance(value, Tensor):
                kind = type(value).__name__
                raise TypeError(f"{name} in the network's state must be a tensor, got {kind}")

    def _tidy(self) -> None:
        """Remove older checkpoints, and what a kill has left of a newer one."""
        for other in self.path.glob("step-*"):
            if other != self._folder(self.kept):
                shutil.rmtree(other)

    def _parameters(self) -> dict[str, nn.Parameter]:
        """What is optimised, by name."""
        found = dict(self.work.net.named_parameters(prefix="net"))
        return found | {"head.weight": self.work.head.weight}

    def _tensors(self) -> dict[str, Tensor]:
        """Every tensor that a training goes on from, by name. Those of which each rank holds a
        part know which part that is."""
        net, head = self.work.net, self.work.head
        state = {f"net.{k}": v for k, v in net.state_dict().items()}
        state |= {f"head.{k}": v for k, v in head.state_dict().items()}
        for name, p in self._parameters().items():
            for key, v in self.work.optimizer.state[p].items():
                if v is not None:
                    rows = p is head.weight and v.ndim > 0
                    state[f"optimizer.{name}.{key}"] = spread(v, head.num_classes) if rows else v
        random = head.generator.get_state()[None].to(head.weight.device)
        return state | {"random": spread(random, head.ranks)}

    def _read(self, folder: Path) -> None:
        """Read this rank's part of a checkpoint into the training."""
        reader = Reader(folder)
        with together():
            saved = {k: v.size for k, v in reader.read_metadata().state_dict_metadata.items()}
        for name, p in self._parameters().items():
            for full in (k for k in saved if k.startswith(f"optimizer.{name}.")):
                key = full.rpartition(".")[2]
                room = torch.zeros_like(p) if saved[full] else torch.zeros(())
                self.work.optimizer.state[p][key] = room
        state = self._tensors()
        if state["random"].shape != saved.get("random"):  # of another number of ranks
            del state["random"]
            saved.pop("random", None)
        if {k: v.shape for k, v in state.items()} != saved:
            raise ValueError(f"{folder} is not a checkpoint of this network")
        try:
            dcp.load(state, storage_reader=reader)
        except CheckpointException as error:
            raise ValueError(f"{folder} is damaged") from error
        if "random" in state:
            self.work.head.generator.set_state(state["random"].to_local()[0].cpu())


class InBlocks(dcp.DefaultSavePlanner):
    """Each rank writes its rows block by block: never is more than a block copied for writing, or
    read of the rows of others."""

    def create_local_plan(self) -> dcp.SavePlan:
        plan = super().create_local_plan()
        self.plan = replace(plan, items=[part for item in plan.items for part in _blocks(item)])
        return self.plan

    def lookup_object(self, index: metadata.MetadataIndex) -> Any:
        found, whole = super().lookup_object(index), self.state_dict[index.fqn]
        if not hasattr(whole, "placements"):
            return found
        mine = shard(len(whole), dist.get_rank(), dist.get_world_size())
        return found[index.offset[0] - mine.start :][:BLOCK]


def _blocks(item: WriteItem) -> Iterator[WriteItem]:
    if item.type is not WriteItemType.SHARD:
        yield item
        return
    (start, *others), (count, *sizes) = item.tensor_data.chunk.offsets, item.tensor_data.chunk.sizes
    for k in range(0, count, BLOCK):
        chunk = metadata.ChunkStorageMetadata(
            torch.Size((start + k, *others)), torch.Size((min(BLOCK, count - k), *sizes))
        )
        yield replace(
            item,
            index=metadata.MetadataIndex(item.index.fqn, chunk.offsets),
            tensor_data=replace(item.tensor_data, chunk=chunk),
        )


#: All that a checkpoint's ``.metadata``, a pickle, may name: what is stored where. (Not
#: ``BytesStorageMetadata``, which stands for a pickle that would be read without restriction.)
ALLOWED = {
    (named.__module__, named.__qualname__)
    for named in (
        metadata.Metadata, metadata.TensorStorageMetadata, metadata.TensorProperties,
        metadata.ChunkStorageMetadata, metadata.MetadataIndex, metadata.StorageMeta,
        metadata._MEM_FORMAT_ENCODING, filesystem._StorageInfo, torch.Size, _get_layout,
        type(Path()),
    )
}  # fmt: skip


class MetadataUnpickler(pickle.Unpickler):
    """Reads a checkpoint's ``.metadata`` and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        dtype = module == "torch" and isinstance(getattr(torch, name, None), torch.dtype)
        if dtype or (module, name) in ALLOWED:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name} has no place in a checkpoint")


class Reader(dcp.FileSystemReader):
    """PyTorch's reader, for which ``.metadata`` is data and no program."""

    def read_metadata(self) -> metadata.Metadata:
        path = Path(self.path, ".metadata")
        try:
            with path.open("rb") as file:
                return MetadataUnpickler(file).load()
        except (*DAMAGED, AttributeError, pickle.UnpicklingError) as error:
            raise ValueError(
                f"{path} is damaged or is not a checkpoint of facetoy.large"
            ) from error
