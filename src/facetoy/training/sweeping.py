"""sweep: a ``fit`` for every value of a parameter, many at once where that is possible."""

import functools
import itertools
import os
import queue
import traceback
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn

from facetoy.checks import whole
from facetoy.data import Data
from facetoy.losses import LOSSES
from facetoy.losses._base import ClassLoss
from facetoy.progress import progress_bar
from facetoy.training.arguments import numbers, prepare
from facetoy.training.batched import Together, train_together
from facetoy.training.cache import Kept
from facetoy.training.fitting import SETTINGS, tell_diverged, trained
from facetoy.training.loop import Store
from facetoy.training.networks import convolves
from facetoy.training.recording import Images, Training, check_data, resident
from facetoy.training.runs import Run, Sweep
from facetoy.training.surroundings import chosen_device, interruptible, one_thread

# Runs that are one program and not shared out over threads: these small operations would wait for
# each other, and take longer on two cores than on one.
FEW = 8


def sweep(
    loss: str | type[nn.Module],
    data: Data,
    *,
    jobs: int | None = None,
    cache: str | os.PathLike | None = None,
    progress: bool = True,
    **args: Any,
) -> Sweep:
    """One ``fit`` for each combination of the arguments that are lists (or tuples, ranges, arrays).

    ``sweep("arcface", data, m=[0, 0.1, 0.2])`` varies the margin; ``seed=range(5)`` the seed.
    Other arguments go to every ``fit``. Where the loss is one of ours with class weights and
    network and optimiser are ``fit``'s own, runs that differ in their seed and the loss's numbers
    are steps of one program; their ``history["seconds"]`` are shares of its time. More than eight
    are shared out over ``jobs``; fewer are quicker on one core than on two. Networks with
    convolutions gain nothing from one program on a CPU. ``jobs`` threads train at once, at most:
    None is as many as there are cores, on a GPU one. Losses, networks and optimisers of your
    own, which may not be made for threads, train in so many processes instead.

    ``cache`` is ``fit``'s, a folder in which each run is kept by itself: a sweep over one seed more
    trains one. The runs of one program have names of their own there, never those of ``fit``'s.

    Runs trained at once differ from ``fit``'s by rounding, which training magnifies. On the digits
    CosFace's features agree to 1e-4 degrees for the first 50 steps of 720. In the end an image's
    two features are 2 to 3 degrees apart on average, the accuracies of one seed by up to 0.6
    points, their means over five seeds by 0.2: neither run is the better one.

    An interruption returns the runs so far. Runs that diverge come back as ``fit``'s do, and leave
    the others as they are. An error in the midst of a run leaves it out, with a RuntimeWarning, if
    others are complete. ValueError if no argument is a list, or one is empty; what ``fit`` raises
    for any of the runs before the first begins.
    """
    from joblib import cpu_count

    check_data(data)
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
    args["cache"] = cache
    if "checkpoint" in args:
        raise ValueError("a checkpoint is for one fit, not for a sweep; call fit in a loop")
    where = chosen_device("cpu" if "device" in lists else args.get("device", "auto"))
    if jobs is None:
        jobs = -1 if where.type == "cpu" else 1
    jobs = whole("jobs", jobs, -1)
    jobs = min(cpu_count() if jobs < 0 else max(jobs, 1), len(chosen))
    settings = [args | c for c in chosen]
    bar = progress_bar(shown=progress, desc="sweep", unit="run", total=len(chosen))
    with bar:
        if "device" in lists or not _ours(loss, args):
            runs = _one_by_one(loss, data, settings, jobs, bar)
        else:
            shared = _shared(loss, data, where) & set(lists)
            runs = _together(loss, resident(data, where), settings, shared, jobs, bar)
    tell_diverged(runs, list(lists))
    return Sweep(runs, list(lists))


def _ours(loss: Any, args: dict[str, Any]) -> bool:
    """Whether all that a step calls is this package's own, which threads can share."""
    make = LOSSES.get(loss) if isinstance(loss, str) else loss
    known = {getattr(one, "func", one) for one in LOSSES.values()}
    own = {"model", "on_snapshot", "optimizer"} & args.keys()
    return getattr(make, "func", make) in known and not own


def _shared(loss: Any, data: Data, where: torch.device) -> set[str]:
    """The arguments in which runs may differ that are trained as one; empty if none are."""
    make = LOSSES[loss] if isinstance(loss, str) else loss
    if (
        not issubclass(getattr(make, "func", make), ClassLoss)
        or where.type not in ("cpu", "cuda")
        or (where.type == "cpu" and convolves(*data.train_images.shape[2:]))
    ):
        return set()
    return {"seed", *numbers(make)}


def _split(args: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The arguments of a ``fit``: its settings, all of them, and those of the loss."""
    given = {k: v for k, v in args.items() if k in SETTINGS}
    return SETTINGS | given, {k: v for k, v in args.items() if k not in SETTINGS}


def _attempt(loss: Any, data: Data, args: dict[str, Any]) -> Run | Exception:
    """A ``fit``, or what it raised, which knows where."""
    settings, loss_args = _split(args)
    try:
        return trained(loss, data, settings | {"progress": False}, loss_args)
    except Exception as error:
        error.add_note(traceback.format_exc())
        return error


def _one_by_one(
    loss: Any, data: Data, settings: Sequence[dict[str, Any]], jobs: int, bar: Any
) -> list[Run]:
    """A ``fit`` for each of the settings, in so many processes."""
    from joblib import Parallel, delayed

    there = functools.cache(lambda device: resident(data, chosen_device(device)))
    kept = [  # what is wrong with one of them shows before any is trained
        Kept(s.get("cache"), prepare(loss, there(s.get("device", "auto")), *_split(s)))
        for s in settings
    ]
    there.cache_clear()
    if any("on_snapshot" in s for s in settings):
        jobs = 1  # another process would call a copy
    runs = {i: place.run for i, place in enumerate(kept) if place.run}
    left = [i for i in range(len(kept)) if i not in runs]
    bar.update(len(runs))
    # mapped images may be written to, each process its own copy: torch warns of any others
    results = Parallel(n_jobs=jobs, return_as="generator", mmap_mode="c")(
        delayed(_attempt)(loss, data, settings[i] | {"cache": None}) for i in left
    )
    with suppress(KeyboardInterrupt):
        for run, i in zip(results, left, strict=True):
            bar.update()
            if isinstance(run, Exception):
                _leave_out(1, run, bool(runs))
                continue
            # what all runs share is kept once, not as each process sent it
            run = replace(run, images=data.test_images, labels=data.test_labels)
            runs[i] = kept[i].keep(run)
            if run.config["interrupted"]:
                break
    return [runs[i] for i in sorted(runs)]


def _leave_out(count: int, error: BaseException, others: bool) -> None:
    """Warn of the error that ended so many runs, if there are others; else raise it."""
    if not others or not isinstance(error, Exception):
        raise error
    warnings.warn(
        f"the sweep leaves out {count} of its runs, ended by {type(error).__name__}: {error}",
        RuntimeWarning,
        stacklevel=4,
    )


def _watch(
    news: queue.SimpleQueue[tuple[int, int | None]], parts: list[list[Training]], bar: Any
) -> None:
    """Show the epochs of all parts until each has told its end."""
    epochs, left = [0] * len(parts), len(parts)
    while left:
        k, done = news.get()
        if done is None:
            left -= 1
            diverged = all(t.config["diverged"] for t in parts[k])
            done = parts[k][0].plan.epochs if diverged else epochs[k]
        epochs[k] = done
        # anew each time: sums of shares would end beside the number of runs
        bar.n = sum(
            len(part) * n / part[0].plan.epochs for part, n in zip(parts, epochs, strict=True)
        )
        bar.update(0)


def _parts(
    left: dict[int, Training], settings: Sequence[dict[str, Any]], shared: set[str], jobs: int
) -> list[list[Training]]:
    """The trainings, by their place in ``settings``, in a list for each program: those of one list
    differ in ``shared`` arguments alone."""
    groups: dict[str, list[Training]] = {}
    for i, training in left.items():
        alike = {k: v for k, v in settings[i].items() if k not in shared} if shared else i
        groups.setdefault(repr(alike), []).append(training)
    parts = []
    for group in groups.values():
        number = min(-(-len(group) // FEW), -(-jobs // len(groups)))
        parts += [group[k::number] for k in range(number)]
    return parts


def _together(
    loss: Any, images: Images, settings: Sequence[dict[str, Any]], shared: set[str], jobs: int,
    bar: Any,
) -> list[Run]:  # fmt: skip
    """Runs trained in threads, those at once that differ in ``shared`` arguments alone."""
    trainings = [prepare(loss, images, *_split(s)) for s in settings]
    kept = [Kept(s.get("cache"), t, bool(shared)) for s, t in zip(settings, trainings, strict=True)]
    left = {i: t for i, t in enumerate(trainings) if kept[i].run is None}
    parts = _parts(left, settings, shared, jobs)
    bar.total = sum(map(len, parts))
    news: queue.SimpleQueue[tuple[int, int | None]] = queue.SimpleQueue()  # which part, its epochs

    def work(k: int, part: list[Training]) -> None:
        try:
            if not stop.is_set():
                train_together(Together(part), lambda over: news.put((k, over)), stop, Store())
        except BaseException as error:
            if not isinstance(error, Exception):  # of an error the others go on
                stop.set()
            raise
        finally:
            news.put((k, None))

    # new threads take over the one thread of torch; what leaves the block early ends them all
    with one_thread(), interruptible() as stop, ThreadPoolExecutor(jobs) as pool:
        over = [pool.submit(work, k, part) for k, part in enumerate(parts)]
        try:
            _watch(news, parts, bar)
        except BaseException as error:
            stop.set()
            if not isinstance(error, KeyboardInterrupt):
                raise
    broken = [(part, e) for part, f in zip(parts, over, strict=True) if (e := f.exception())]
    lost = {id(t) for part, _ in broken for t in part}
    runs = [
        place.run or place.keep(t.run())
        for place, t in zip(kept, trainings, strict=True)
        if place.run or (t.steps and id(t) not in lost)
    ]
    for part, error in broken:
        _leave_out(len(part), error, bool(runs))
    return runs
