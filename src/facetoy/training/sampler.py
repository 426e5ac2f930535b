"""What a step trains on: images in a new order, or several of each of a few classes."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Sampler

from facetoy import checks


class Shuffled:
    """Each epoch all indices below ``count`` in a new order, in batches of ``size``."""

    def __init__(self, count: int, size: int, generator: torch.Generator) -> None:
        self.count, self.size, self.generator = count, size, generator

    def __len__(self) -> int:
        # no batch of a single image at the end, which batch normalisation cannot bear
        single = self.size > 1 and self.count > self.size and self.count % self.size == 1
        return -(-self.count // self.size) - single

    def __iter__(self) -> Iterator[Tensor]:
        order = torch.randperm(self.count, generator=self.generator)
        edges = range(self.size, self.size * len(self), self.size)
        return iter(order.tensor_split(list(edges)))


class PKSampler(Sampler[list[int]]):
    """Batches of P classes with K images each, drawn anew for every batch.

    A batch sampler of torch: ``DataLoader(dataset, batch_sampler=PKSampler(labels, 10, 12))``.
    Iterating gives one epoch, N // (P K) batches (at least one), each a list of P K indices. A
    class with fewer than K images gives some of them twice.

    Args:
        labels: (N,) integers from 0, of which some may have no image.
        classes: P, at most the number of classes that have an image.
        per_class: K, at least 2.
        generator: where the random numbers come from; torch's own if None.

    ValueError if labels, P or K do not fit.
    """

    def __init__(
        self,
        labels: Tensor | np.ndarray | Sequence[int],
        classes: int,
        per_class: int,
        generator: torch.Generator | None = None,
    ) -> None:
        order = torch.tensor(checks.labels("labels", labels)).sort(stable=True)
        counts = order.values.unique_consecutive(return_counts=True)[1]
        self.members = order.indices.split(counts.tolist())
        self.classes = checks.whole("classes", classes, 1, len(self.members))
        self.per_class = checks.whole("per_class", per_class, 2)  # an image and its positive
        self.generator = generator
        self.batches = max(1, len(order.indices) // (self.classes * self.per_class))

    def __len__(self) -> int:
        return self.batches

    def draw(self, members: Tensor) -> Tensor:
        """K of a class's images, all different if there are so many."""
        order = torch.randperm(len(members), generator=self.generator)
        return members[order.repeat(-(-self.per_class // len(members)))[: self.per_class]]

    def __iter__(self) -> Iterator[list[int]]:
        for _ in range(len(self)):
            chosen = torch.randperm(len(self.members), generator=self.generator)[: self.classes]
            yield torch.cat([self.draw(self.members[c]) for c in chosen]).tolist()
