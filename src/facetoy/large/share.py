"""What one rank does in a step of a training on many machines."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from facetoy.data import Data
from facetoy.large.sharded import ShardedMargin
from facetoy.losses._parallel import of_all
from facetoy.training.loop import Work
from facetoy.training.schedule import easing


class Share(Work):
    """What one rank trains: its copy of the network, its classes, its part of each batch."""

    def __init__(
        self, net: nn.Module, head: ShardedMargin, optimizer: torch.optim.Optimizer, data: Data,
        batch_size: int, warmup: float, seed: int, on_step: Callable[[int], None] | None,
    ) -> None:  # fmt: skip
        self.net, self.head, self.optimizer = net, head, optimizer
        self.replica, self.device = DistributedDataParallel(net), head.weight.device
        self.images = torch.as_tensor(data.train_images)
        self.labels = torch.as_tensor(data.train_labels)
        self.batch_size, self.seed, self.on_step = batch_size, seed, on_step
        self.ease = easing(head.loss, warmup)
        self.per_epoch = len(self.labels) // batch_size
        self.step = 0
        self.losses: list[float] = []
        self.times: list[float] = []

    def batches(self) -> Iterator[Tensor]:
        """For each step that is left: which images this rank trains on, by index."""
        epoch, k = divmod(self.step, self.per_epoch)
        random = torch.Generator().manual_seed(self.seed + epoch)  # the same on every rank
        order = torch.randperm(len(self.labels), generator=random)
        for batch in order.split(self.batch_size)[k : self.per_epoch]:
            yield batch.tensor_split(self.head.ranks)[self.head.rank]

    def take(self, batch: Tensor, part: float) -> float:
        self.ease(part)
        features = self.replica(self.images[batch].to(self.device))
        loss = self.head(features, self.labels[batch].to(self.device))
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def count(self, taken: float, seconds: float) -> None:
        self.step += 1
        self.losses.append(taken)
        self.times.append(seconds)

    def record(self) -> None:
        """Nothing: a report is all that is left of a training."""

    def announce(self) -> None:
        if self.step and self.on_step is not None:
            self.on_step(self.step)

    def interrupted(self) -> None:
        raise KeyboardInterrupt

    def any_rank(self, asked: bool) -> bool:
        """Whether any of the ranks is asked. All of them must call it."""
        return any(*of_all([asked]))
