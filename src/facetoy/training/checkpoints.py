"""The checkpoints of ``fit``: one file (npz) with all that a training goes on from."""

import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from facetoy.files import check_same, read_npz, write_npz
from facetoy.training.batched import Together
from facetoy.training.loop import Store

EVERY = 30.0  # seconds between checkpoints


class File(Store):
    """The state of one training in an npz file, written twice a minute, whole or not at all."""

    def __init__(self, path: str | os.PathLike, together: Together) -> None:
        self.path, self.training, self.optimizer = path, together.first, together.optimizer

    def due(self) -> bool:
        return time.monotonic() - self.saved >= EVERY

    def save(self) -> None:
        """Write all that a training goes on from: afterwards there is the old file or the new."""
        training = self.training
        words = {
            "config": training.config, "history": training.history, "step": training.step,
            "seconds": training.seconds, "steps": training.steps,
            "data": training.images.data.checksum(),
        }  # fmt: skip
        arrays = {k: v.detach().cpu().numpy() for k, v in self._tensors().items()}
        write_npz(self.path, {**arrays, "words": np.array(json.dumps(words))})
        self.saved = time.monotonic()

    def load(self) -> bool:
        """Take over what is in the file; False if there is none."""
        self.saved = time.monotonic()
        if not Path(self.path).exists():
            return False
        arrays = read_npz(self.path, dict, "checkpoint of facetoy.fit")
        try:
            self._take(json.loads(str(arrays.pop("words"))), arrays)
        except (KeyError, RuntimeError) as error:
            raise ValueError(f"{os.fspath(self.path)} is no checkpoint of this training") from error
        return True

    def _tensors(self) -> dict[str, Tensor]:
        """Every tensor that a training goes on from, by name."""
        training = self.training
        state = {f"net/{k}": v for k, v in training.net.state_dict().items()}
        state |= {f"head/{k}": v for k, v in training.head.state_dict().items()}
        for i, values in self.optimizer.state_dict()["state"].items():
            state |= {f"optimizer/{i}/{k}": torch.as_tensor(v) for k, v in values.items()}
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
        check_same(self.path, {"data": words["data"]}, {"data": training.images.data.checksum()})
        where = training.images.x.device
        found: dict[str, dict[str, Tensor]] = {}
        for name, value in arrays.items():
            group, _, key = name.partition("/")
            found.setdefault(group, {})[key] = torch.as_tensor(value)
        training.net.load_state_dict(found["net"])
        training.head.load_state_dict(found.get("head", {}))
        state: dict[int, dict[str, Tensor]] = {}
        for key, value in found.get("optimizer", {}).items():
            i, _, name = key.partition("/")
            state.setdefault(int(i), {})[name] = value
        groups = self.optimizer.state_dict()["param_groups"]
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
