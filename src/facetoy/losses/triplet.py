from math import inf

import torch
from torch import Tensor, nn

from facetoy.losses._base import check_labels, check_number, checked, exact, unit

MINING = ("semihard", "hard", "all")


def count_all(negatives: Tensor, reach: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """``TripletLoss.count`` of all triplets: an n is active with each p whose ``reach`` is farther.

    ``negatives`` (N, N) are the distances of each anchor to its negatives, else ∞; ``reach`` those
    to its positives plus the margin, else -∞.
    """
    near = negatives.sort(1)
    # with each p the nearest n are active, as many as lie within its reach
    p = torch.searchsorted(near.values, reach)
    # so the n of rank j is active as often as there are p with more than j
    exactly = torch.zeros(p.shape[0], p.shape[0] + 1, dtype=torch.long, device=p.device)
    exactly = exactly.scatter_add_(1, p, reach.isfinite().long())
    above = exactly.sum(1, keepdim=True) - exactly.cumsum(1)[:, :-1]
    n = torch.zeros_like(p).scatter_(1, near.indices, above)
    total = (reach.isfinite().sum(1) * negatives.isfinite().sum(1)).sum()
    return (p - n).to(negatives.dtype), p.sum(), total


class TripletLoss(nn.Module):
    """Triplet loss: an anchor is nearer to a positive than to a negative, by a margin.

    L = mean over active triplets of d(a, p) - d(a, n) + margin;  active: where that is > 0

    A triplet is an anchor a, a positive p of its class and a negative n of another. ``mining``
    says which triplets of a batch count:

    - "all": every one;
    - "semihard": for each pair (a, p) the nearest n that is farther away than p;
    - "hard": for each a its farthest p and its nearest n.

    Without an active triplet the loss is 0, with gradient 0. "all" takes O(N² log N) time and
    O(N²) memory: sorted distances tell in how many active triplets each of them is. Batches
    need several images of each class: see ``facetoy.PKSampler``.

    Args:
        margin: > 0, in units of d.
        mining: "semihard", "hard" or "all".
        squared: d is the squared Euclidean distance, as in FaceNet; else the distance.
        normalize: put features on the unit sphere first, as in FaceNet.

    Shapes: ``x`` (N, d), ``y`` (N,) integers → scalar mean.
    Raises ValueError for an empty batch, non-finite features, wrong labels, margin ≤ 0 or an
    unknown mining.
    Source: Schroff et al., CVPR 2015 (FaceNet), Eqs. 1 to 3; "hard" and "all" as in Hermans et
    al., 2017.
    """

    def __init__(
        self,
        margin: float = 0.2,
        mining: str = "semihard",
        squared: bool = True,
        normalize: bool = True,
    ) -> None:
        super().__init__()
        self.margin = check_number("margin", margin, 0, inf, open_low=True)
        if mining not in MINING:
            raise ValueError(f"mining must be one of {', '.join(MINING)}, got {mining!r}")
        self.mining, self.squared, self.normalize = mining, squared, normalize

    def distances(self, x: Tensor) -> Tensor:
        """(N, N) distances d between the features (N, d), with a finite gradient at 0."""
        x = checked(x)
        with exact(x):
            return self._distances(x)

    def _distances(self, x: Tensor) -> Tensor:
        u = unit(x) if self.normalize else x - x.mean(0)
        square = u.square().sum(1)
        d = square[:, None] + square - 2 * (u @ u.T)
        if self.normalize:
            d = d.clamp_min(0)
        else:  # far from the origin a difference of squares has no digits left, only a gradient
            x = x.detach()
            apart = torch.cdist(x, x, compute_mode="donot_use_mm_for_euclid_dist").square()
            d = apart + (d - d.detach())
        if self.squared:
            return d
        far = d > torch.finfo(d.dtype).eps
        return torch.where(far, torch.where(far, d, 1.0).sqrt(), 0.0)

    @torch.no_grad()
    def count(self, d: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """How often each distance (N, N) is d(a, p) less how often it is d(a, n) in the active
        triplets; how many those are, and how many there are in all."""
        same = y[:, None] == y
        positive = same & ~torch.eye(y.shape[0], dtype=torch.bool, device=y.device)
        negatives, positives = d.masked_fill(same, inf), d.masked_fill(~positive, -inf)
        if self.mining == "all":
            return count_all(negatives, positives + self.margin)
        if self.mining == "hard":
            (d_p, p), (d_n, n) = positives.max(1, keepdim=True), negatives.min(1, keepdim=True)
        else:
            near = negatives.sort(1)
            k = torch.searchsorted(near.values, positives, right=True)
            k = k.clamp_max(y.shape[0] - 1)  # NaN would lie beyond the last
            d_p, d_n, n = positives, near.values.gather(1, k), near.indices.gather(1, k)
        there = (d_p > -inf) & (d_n < inf)
        active = d_p - d_n + self.margin > 0
        one = active.to(d.dtype)
        weight = torch.zeros_like(d).scatter(1, p, one) if self.mining == "hard" else one
        return weight.scatter_add(1, n, -one), active.sum(), there.sum()

    def active(self, x: Tensor, y: Tensor) -> tuple[int, int]:
        """How many of the triplets that ``mining`` chooses are active, and how many there are."""
        x = checked(x)
        y = check_labels(y, x.shape[0])
        with exact(x):
            _, active, total = self.count(self._distances(x), y)
        return int(active), int(total)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Mean loss (a scalar) of features ``x`` (N, d) with labels ``y`` (N,)."""
        x = checked(x)
        y = check_labels(y, x.shape[0])
        with exact(x):
            d = self._distances(x)
            weight, active, _ = self.count(d, y)
            any_active = active.clamp_max(1).to(d.dtype)
            return (weight * d).sum() / active.clamp_min(1) + self.margin * any_active

    def extra_repr(self) -> str:
        return (
            f"margin={self.margin:g}, mining={self.mining!r}, "
            f"squared={self.squared}, normalize={self.normalize}"
        )
