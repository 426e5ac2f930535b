"""The one loop of all trainings: of ``fit``, of ``sweep``, and of many machines.

What differs is handed to it: how a step is taken and recorded (``Work``), how the state is kept
(``Store``), when to stop.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import torch


class Work(Protocol):
    """What is trained."""

    optimizer: torch.optim.Optimizer
    step: int  #: how many are over

    def batches(self) -> Iterator[Any]:
        """What each step works on that this epoch has left."""

    def take(self, batch: Any, part: float) -> Any:
        """Take a step, with the loss as it is after this part of the training; what came of it."""

    def count(self, taken: Any, seconds: float) -> None:
        """Count the step, with what came of it and the time that it took."""

    def record(self) -> None:
        """Record what is due now, before the first step or after one."""

    def announce(self) -> None:
        """Call whom the user wants to be called. What they raise ends the training."""

    def interrupted(self) -> None:
        """Mark the training as one that did not come to its end, or raise."""

    def diverged(self) -> None:
        """Mark the training as one that ended in ``Diverged``."""


class Diverged(Exception):
    """What is trained holds numbers that are not finite, so that no step could mend it."""


class Store:
    """Where the state of a training is kept. This one keeps nothing."""

    def load(self) -> bool:
        """Take over the state that is kept; False if there is none."""
        return False

    def due(self) -> bool:
        """Whether it is time to save."""
        return False

    def save(self) -> None:
        """Keep the state: afterwards there is the old one or the new one, whole."""

    def rescue(self) -> None:
        """Keep the state in which an interruption has left the training."""
        self.save()


def train(
    work: Work,
    total: int,
    decay: Callable[[float], float],
    tell: Callable[[int], None],
    stop: Callable[[int], bool],
    store: Store,
) -> None:
    """Train up to step ``total``, or until ``stop`` says so or a KeyboardInterrupt comes.

    ``decay`` is what the learning rate of each parameter group is multiplied with, by the part of
    training that is over. ``tell`` is called with the number of steps that are over, ``stop`` with
    the same before each step. An error loses no state that could be kept.
    """
    rates = [group["lr"] for group in work.optimizer.param_groups]
    whole = resumed = store.load()  # whole: no step is under way, and its record is complete
    try:
        if resumed:
            tell(work.step)
        else:
            work.record()
            whole = True
            work.announce()
        store.save()  # what keeps it from being written shows now
        while work.step < total:
            for batch in work.batches():
                if stop(work.step):
                    raise KeyboardInterrupt
                part = work.step / total
                now = decay(part)
                for group, rate in zip(work.optimizer.param_groups, rates, strict=True):
                    group["lr"] = rate * now
                whole, began = False, time.perf_counter()
                taken = work.take(batch, part)
                work.count(taken, time.perf_counter() - began)
                work.record()
                whole = True
                tell(work.step)
                work.announce()
                if store.due():
                    store.save()
    except KeyboardInterrupt:
        if whole:
            store.rescue()
        work.interrupted()
    except Diverged:
        work.diverged()
    except Exception:
        if whole:
            store.rescue()
        raise
    else:
        store.save()
