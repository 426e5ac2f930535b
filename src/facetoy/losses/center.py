from __future__ import annotations

from contextlib import nullcontext
from math import inf
from typing import Any
from warnings import warn

import torch
import torch.distributed as dist
from torch import Tensor, nn

from facetoy.losses._base import check_labels, check_number, checked
from facetoy.losses._parallel import listen, together
from facetoy.losses.softmax import Softmax


class CenterLoss(Softmax):
    """Center loss: softmax, and every feature is pulled towards the center c of its class.

    L = L_softmax + λ/2 · 1/N Σ ‖x_i - c_{y_i}‖²

    The centers are no parameters: no gradient reaches them. After each step they move a part
    alpha of the way that Eq. 4 says, whatever λ is:

    Δc_j = Σ_{i: y_i = j} (c_j - x_i) / (1 + n_j),   c_j ← c_j - alpha Δc_j

    ``facetoy.fit`` does that. **In a loop of your own call** ``loss.update(x, y)`` **after each**
    ``loss(x, y)``; without it the centers stay at 0 and pull all classes into one point. A second
    training step without it gives a warning.

    The paper sums both terms over the batch, we take the mean of both; λ means the same.

    **Over several processes**, inside ``DistributedDataParallel`` (or as a part of a module that
    is), the centers move by the features of all ranks, as one process with the whole batch would
    move them: every rank must call ``update``, each with its own ``x`` and ``y``. Elsewhere
    ``update`` waits for nobody; ``loss.group = torch.distributed.group.WORLD`` lets all ranks
    move the centers together there too, and ``loss.group = None`` this process alone. A copy of
    the loss belongs to no group.

    Args:
        in_features: d, the length of a feature.
        num_classes: number of classes, C.
        lam: λ, weight of the pull, ≥ 0.
        alpha: how far the centers move, in [0, 1].

    Attributes:
        centers: buffer of shape (C, d).
        group: the processes that move the centers together; None: this one alone.

    Shapes: ``x`` (N, d), ``y`` (N,) integers in [0, C) → scalar mean.
    Raises ValueError for a wrong width, an empty batch, non-finite features, wrong labels,
    lam < 0 or alpha outside [0, 1]; ``update`` on all ranks of the group, if one has such a batch.
    Source: Wen et al., ECCV 2016, Eqs. 3 to 5.
    """

    def __init__(
        self, in_features: int, num_classes: int, lam: float = 1.0, alpha: float = 0.5
    ) -> None:
        super().__init__(in_features, num_classes)
        self.lam = check_number("lam", lam, 0, inf)
        self.alpha = check_number("alpha", alpha, 0, 1, open_high=False)
        self.register_buffer("centers", torch.zeros(num_classes, in_features))
        self._moved = True  # whether update() came after the last training step
        self.group: dist.ProcessGroup | None = None
        listen()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "group": None}  # no copy and no file holds a process group

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        listen()

    def _on_wrapped(self, wrapper: nn.Module, _: nn.Module) -> None:
        """Called when ``wrapper``, such as DistributedDataParallel, takes a module with this."""
        self.group = vars(wrapper).get("process_group")

    def reset_parameters(self) -> None:
        super().reset_parameters()
        if hasattr(self, "centers"):
            self.centers.zero_()

    def pull(self, x: Tensor, y: Tensor) -> Tensor:
        """The second term without λ: 1/2 · mean ‖x - c_y‖², a scalar."""
        x = checked(x, self.in_features)
        y = check_labels(y, x.shape[0], self.num_classes)
        self.check()
        return self._pull(x, y)

    def _pull(self, x: Tensor, y: Tensor) -> Tensor:
        return (x - self.centers[y]).square().sum(1).mean() / 2

    def mean(self, x: Tensor, y: Tensor) -> Tensor:
        if self.training and torch.is_grad_enabled():
            if not self._moved:
                warn("the centers did not move: call update(x, y) after each step", stacklevel=5)
            self._moved = False
        return super().mean(x, y) + self.lam * self._pull(x, y)

    @torch.no_grad()
    def update(self, x: Tensor, y: Tensor) -> None:
        """Move the centers by Eq. 4, given the features (N, d) and labels (N,) of a step."""
        group = self.group if dist.is_available() and dist.is_initialized() else None
        with together(group=group) if group else nullcontext():
            x = checked(x, self.in_features).to(self.centers.dtype)
            y = check_labels(y, x.shape[0], self.num_classes)
            self.check()
        n = torch.zeros_like(self.centers[:, :1]).index_add(0, y, torch.ones_like(x[:, :1]))
        sums = torch.zeros_like(self.centers).index_add(0, y, self.centers[y] - x)
        if group:
            dist.all_reduce(n, group=group)
            dist.all_reduce(sums, group=group)
        self.centers -= self.alpha * (sums / (1 + n))
        self._moved = True

    def extra_repr(self) -> str:
        sizes = f"in_features={self.in_features}, num_classes={self.num_classes}"
        return f"{sizes}, lam={self.lam:g}, alpha={self.alpha:g}"
