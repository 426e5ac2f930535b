"""The checkpoints of ``fit``: one file (npz) with all that a training goes on from."""

import json
import os
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from facetoy.checks import plain
from facetoy.files import check_same, read_npz, write_npz
from facetoy.training.batched import Together
from facetoy.training.loop import Store
from facetoy.training.made_of import made_of
from facetoy.training.recording import as_array

EVERY = 30.0  # seconds between checkpoints
WORD = bool | int | float | str  # what JSON keeps as it is


class File(Store):
    """The state of one training in an npz file, written twice a minute, whole or not at all."""

    def __init__(self, path: str | os.PathLike, together: Together) -> None:
        self.path, self.training, self.optimizer = path, together.first, together.optimizer
        self.made_of = made_of(self.training, self.optimizer)
        self.written = False

    def due(self) -> bool:
        # after the first step as well: what an optimiser keeps that cannot be written shows then
        return self.training.step == 1 or time.monotonic() - self.saved >= EVERY

    def save(self) -> None:
        """Write all that a training goes on from: afterwards there is the old file or the new.

        OSError if the first time fails; later a warning, as a full disk should end no training.
        """
        try:
            self._write()
        except OSError as error:
            if not self.written:
                raise
            warnings.warn(f"no checkpoint could be written: {error}", RuntimeWarning, stacklevel=2)
        self.saved, self.written = time.monotonic(), True

    def _write(self) -> None:
        training = self.training
        words = {
            "config": training.config, "history": training.history, "step": training.step,
            "seconds": training.seconds, "steps": training.steps, "made_of": self.made_of,
            "optimizer": self._optimizer_state()[1], "groups": self._groups(),
        }  # fmt: skip
        state = self._tensors()
        if other := [k for k, v in state.items() if not isinstance(v, Tensor)]:
            raise ValueError(f"checkpoint cannot hold {other[0]}, which is no tensor")
        arrays = {k: as_array(v) for k, v in state.items()}
        write_npz(self.path, {**arrays, "words": np.array(json.dumps(words))})

    def load(self) -> bool:
        """Take over what is in the file; False if there is none."""
        self.saved = time.monotonic()
        if not Path(self.path).exists():
            return False
        arrays = read_npz(self.path, dict, "checkpoint of facetoy.fit")
        try:
            self._take(json.loads(str(arrays.pop("words"))), arrays)
        except (LookupError, RuntimeError) as error:
            raise ValueError(f"{os.fspath(self.path)} is no checkpoint of this training") from error
        return True

    def _optimizer_state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """What the optimiser keeps of each parameter: tensors, and what JSON can hold."""
        tensors, words = {}, {}
        for i, values in self.optimizer.state_dict()["state"].items():
            for name, value in values.items():
                value = value if isinstance(value, Tensor) else plain(value)
                if isinstance(value, Tensor):
                    tensors[f"{i}/{name}"] = value
                elif value is None or isinstance(value, WORD):
                    words[f"{i}/{name}"] = value
                else:
                    raise ValueError(
                        f"checkpoint cannot hold what {type(self.optimizer).__name__} keeps as "
                        f"{name!r}: a {type(value).__name__}, neither a tensor nor a number"
                    )
        return tensors, words

    def _groups(self) -> list[dict[str, Any]]:
        """What the optimiser keeps of each group of parameters, as some count their steps there."""
        return [
            {k: v for k, v in group.items() if k != "lr" and isinstance(v, WORD)}
            for group in self.optimizer.param_groups
        ]

    def _tensors(self) -> dict[str, Tensor]:
        """Every tensor that a training goes on from, by name."""
        training = self.training
        groups = {
            "net": training.net.state_dict(), "head": training.head.state_dict(),
            "last": training.last, "optimizer": self._optimizer_state()[0],
        }  # fmt: skip
        state = {f"{group}/{k}": v for group, held in groups.items() for k, v in held.items()}
        for group, lists in (("taken", training.taken), ("epoch", training.epoch)):
            state |= {f"{group}/{k}": torch.stack(v) for k, v in lists.items() if v}
        state["random/order"], state["random/torch"] = training.drawn, torch.get_rng_state()
        if training.images.x.is_cuda:
            state["random/cuda"] = torch.cuda.get_rng_state(training.images.x.device)
        return state

    def _take(self, words: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        """Put the training into the state that was written down."""
        training = self.training
        check_same(self.path, words["config"], json.loads(json.dumps(training.config)))
        check_same(self.path, words["made_of"], self.made_of)
        where = training.images.x.device
        found: dict[str, dict[str, Tensor]] = {}
        for name, value in arrays.items():
            group, _, key = name.partition("/")
            found.setdefault(group, {})[key] = torch.as_tensor(value)
        training.net.load_state_dict(found.get("net", {}))
        training.head.load_state_dict(found.get("head", {}))
        held = training.net.state_dict()
        training.last = {k: v.to(held[k]) for k, v in found.get("last", {}).items()}
        state: dict[int, dict[str, Any]] = {}
        for key, value in (found.get("optimizer", {}) | words["optimizer"]).items():
            i, _, name = key.partition("/")
            state.setdefault(int(i), {})[name] = value
        groups = self.optimizer.state_dict()["param_groups"]
        for group, kept in zip(groups, words["groups"], strict=True):
            group.update(kept)
        self.optimizer.load_state_dict({"state": state, "param_groups": groups})
        training.drawn = found["random"]["order"]
        training.batches.generator.set_state(training.drawn)
        torch.set_rng_state(found["random"]["torch"])
        if "cuda" in found["random"]:
            torch.cuda.set_rng_state(found["random"]["cuda"], where)
        for group, lists in (("taken", training.taken), ("epoch", training.epoch)):
            lists.update({k: list(v.to(where)) for k, v in found.get(group, {}).items()})
        training.steps, training.history = words["steps"], words["history"]
        training.step, training.seconds = words["step"], words["seconds"]
