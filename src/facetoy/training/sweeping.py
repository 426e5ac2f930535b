"""sweep: a ``fit`` for every value of a parameter, many at once where that is possible."""

import itertools
import queue
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from joblib import Parallel, cpu_count, delayed
from torch import nn

from facetoy.data import Data
from facetoy.losses import LOSSES
from facetoy.losses._base import ClassLoss
from facetoy.progress import progress_bar
from facetoy.training.arguments import numbers, prepare
from facetoy.training.batched import Together, train_together
from facetoy.training.fitting import SETTINGS, fit
from facetoy.training.loop import Store
from facetoy.training.networks import convolves
from facetoy.training.recording import Images, Training, resident
from facetoy.training.runs import Run, Sweep
from facetoy.training.surroundings import chosen_device, interruptible, one_thread


def sweep(
    loss: str | type[nn.Module],
    data: Data,
    *,
    jobs: int | None = None,
    progress: bool = True,
    **args: Any,
) -> Sweep:
    """One ``fit`` for each combination of the arguments that are lists (or tuples, ranges, arrays).

    ``sweep("arcface", data, m=[0, 0.1, 0.2])`` varies the margin; ``seed=range(5)`` the seed.
    Other arguments go to every ``fit``. Where the loss is one of ours with class weights and the
    network ``fit``'s own, runs that differ in their seed and the loss's numbers are steps of one
    program, on a GPU all of them; their ``history["seconds"]`` are shares of its time. Networks
    with convolutions gain nothing from that on a CPU. ``jobs`` threads or processes train at once:
    None is as many as there are cores, on a GPU one.

    Runs trained at once differ from ``fit``'s by rounding, which training magnifies. On the digits
    CosFace's features agree to 1e-4 degrees for the first 50 steps of 720. In the end an image's
    two features are 2 to 3 degrees apart on average, the accuracies of one seed by up to 0.6
    points, their means over five seeds by 0.2: neither run is the better one.

    An interruption returns the runs so far. ValueError if no argument is a list, or one is empty.
    """
    lists = {
        k: v.tolist() if isinstance(v, np.ndarray) else list(v)
        for k, v in args.items()
        if isinstance(v, list | tuple | range | np.ndarray)
    }
    if not lists or not all(lists.values()):
        raise ValueError(
            "sweep needs at least one argument that is a non-empty list, e.g. m=[0, 0.5]"
        )
    chosen = [dict(zip(lists, v, strict=True)) for v in itertools.product(*lists.values())]
    if "checkpoint" in args:
        raise ValueError("a checkpoint is for one fit, not for a sweep; call fit in a loop")
    where = chosen_device("cpu" if "device" in lists else args.get("device", "auto"))
    if jobs is None:
        jobs = -1 if where.type == "cpu" else 1
    jobs = min(cpu_count() if jobs < 0 else max(jobs, 1), len(chosen))
    shared = set() if "device" in lists else _shared(loss, data, where, args) & set(lists)
    bar = progress_bar(shown=progress, desc="sweep", unit="run", total=len(chosen))
    with bar:
        runs = (
            _together(loss, resident(data, where), [args | c for c in chosen], shared, jobs, bar)
            if shared
            else _one_by_one(loss, data, [args | c for c in chosen], jobs, bar)
        )
    return Sweep(runs, list(lists))


def _shared(loss: Any, data: Data, where: torch.device, args: dict[str, Any]) -> set[str]:
    """The arguments in which runs may differ that are trained as one; empty if none are."""
    make = LOSSES.get(loss) if isinstance(loss, str) else loss
    ours = {getattr(known, "func", known) for known in LOSSES.values()}
    kind = getattr(make, "func", make)
    if (
        kind not in ours
        or not issubclass(kind, ClassLoss)
        or hasattr(kind, "update")
        or {"model", "on_snapshot", "optimizer"} & args.keys()
        or where.type not in ("cpu", "cuda")
        or (where.type == "cpu" and convolves(*data.train_images.shape[2:]))
    ):
        return set()
    return {"seed", *numbers(make)}


def _one_by_one(
    loss: Any, data: Data, settings: Sequence[dict[str, Any]], jobs: int, bar: Any
) -> list[Run]:
    """A ``fit`` for each of the settings, in so many processes."""
    if any("on_snapshot" in s for s in settings):
        jobs = 1  # another process would call a copy
    # mapped images may be written to, each process its own copy: torch warns of any others
    trained = Parallel(n_jobs=jobs, return_as="generator", mmap_mode="c")(
        delayed(fit)(loss, data, progress=False, **s) for s in settings
    )
    runs: list[Run] = []
    with suppress(KeyboardInterrupt):
        for run in trained:
            # what all runs share is kept once, not as each process sent it
            runs.append(replace(run, images=data.test_images, labels=data.test_labels))
            bar.update()
            if run.config["interrupted"]:
                break
    return runs


def _together(
    loss: Any, images: Images, settings: Sequence[dict[str, Any]], shared: set[str], jobs: int,
    bar: Any,
) -> list[Run]:  # fmt: skip
    """Runs trained many at a time: a group is what may differ in ``shared`` arguments alone."""
    groups: dict[str, list[int]] = {}
    for i, s in enumerate(settings):
        groups.setdefault(repr({k: v for k, v in s.items() if k not in shared}), []).append(i)
    trainings = [
        prepare(
            loss, images, SETTINGS | {k: v for k, v in s.items() if k in SETTINGS},
            {k: v for k, v in s.items() if k not in SETTINGS},
        )
        for s in settings
    ]  # fmt: skip
    parts = [
        [trainings[i] for i in part]
        for group in groups.values()
        for part in np.array_split(group, min(len(group), -(-jobs // len(groups))))
    ]
    news: queue.SimpleQueue[tuple[int, int | None]] = queue.SimpleQueue()  # which part, its epochs
    epochs = [0] * len(parts)

    def work(k: int, part: list[Training]) -> None:
        try:
            if not stop.is_set():
                train_together(Together(part), lambda over: news.put((k, over)), stop, Store())
        except BaseException:
            stop.set()
            raise
        finally:
            news.put((k, None))

    # new threads take over the one thread of torch; what leaves the loop early ends them all
    with one_thread(), interruptible() as stop, ThreadPoolExecutor(jobs) as pool:
        over = [pool.submit(work, k, part) for k, part in enumerate(parts)]
        left = len(parts)
        try:
            while left:
                k, done = news.get()
                if done is None:
                    left -= 1
                else:
                    epochs[k] = done
                    # anew each time: sums of shares would end beside the number of runs
                    bar.n = sum(
                        len(part) * n / part[0].plan.epochs
                        for part, n in zip(parts, epochs, strict=True)
                    )
                    bar.update(0)
        except KeyboardInterrupt:
            stop.set()
        except BaseException:
            stop.set()
            raise
    for future in over:
        future.result()
    return [t.run() for t in trainings if t.steps]
