"""fit: train a small network under one loss. embed: what it makes of other images."""

import inspect
import os
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from facetoy.data import Data
from facetoy.progress import progress_bar
from facetoy.training.arguments import prepare
from facetoy.training.batched import Together, train_together
from facetoy.training.cache import Kept
from facetoy.training.checkpoints import File
from facetoy.training.loop import Store
from facetoy.training.networks import embedded, network_for
from facetoy.training.recording import Optimizer, resident
from facetoy.training.runs import Run
from facetoy.training.schedule import cosine
from facetoy.training.surroundings import chosen_device, interruptible, one_thread, seeded


def adam(parameters: list[nn.Parameter], lr: float) -> torch.optim.Optimizer:
    """torch's Adam, fused where it can be."""
    return torch.optim.Adam(parameters, lr, fused=parameters[0].device.type != "mps")


def fit(
    loss: str | type[nn.Module] | nn.Module,
    data: Data,
    *,
    dim: int = 3,
    epochs: int = 60,
    seed: int = 0,
    model: nn.Module | None = None,
    device: str = "auto",
    snapshots: int = 20,
    lr: float = 0.01,
    batch_size: int = 128,
    warmup: float = 0.3,
    per_class: int | None = None,
    optimizer: Optimizer = adam,
    decay: Callable[[float], float] = cosine,
    checkpoint: str | os.PathLike | None = None,
    cache: str | os.PathLike | None = None,
    progress: bool = True,
    on_snapshot: Callable[[Run], None] | None = None,
    **loss_args: Any,
) -> Run:
    """Train a small network under ``loss`` and return the run.

    Adam with a cosine schedule. A margin rises from nothing over the first ``warmup`` of the
    steps, the λ of L-Softmax and A-Softmax falls by their annealing, and centers move after each
    step. Images stay on the device throughout. After each epoch the accuracies are recorded, that
    of training on at most 500 images. The same call gives the same run on the same
    machine, and leaves torch's random state as it was.

    Args:
        loss: a name of ``facetoy.losses.LOSSES``, a class, or a module (copied, not changed).
        data: what to train on; features are recorded for its test images.
        dim: d, the length of a feature.
        model: a network from images (N, 1, H, W) to features (N, dim), copied, not changed. None
            is a small one, with convolutions for images of 16 x 16 pixels or more.
        snapshots: T; closer together in early training, where most happens.
        device: "auto" takes CUDA, then MPS, then CPU; else a torch device.
        lr: learning rate at the start.
        per_class: K, for batches of ``batch_size // K`` classes with K images each. None shuffles
            all images, except for the triplet loss, where it is ``batch_size // C``, at least 4.
        optimizer: makes an optimiser of torch from parameters and a learning rate.
        decay: what the learning rate is multiplied with, that of each group of the optimiser's
            parameters, by the part of training that is over.
        checkpoint: a file (npz) for long runs, written twice a minute and at the end, whole or
            not at all. The same call goes on from it, to the same result.
        cache: a folder for finished runs, made if need be. The same call on the same data, with the
            same versions, device and source of facetoy, reads its run there and trains nothing;
            ``history["seconds"]`` are those of the training. What takes part in a training of
            code that is neither torch's nor facetoy's (loss, network, optimizer, decay, any
            ``on_snapshot``) could have changed unseen: such a training is done each time.
        progress: show a progress bar.
        on_snapshot: called at each snapshot with the run so far; may raise KeyboardInterrupt.
        **loss_args: arguments of the loss, such as ``s`` and ``m``.

    An interruption (Ctrl-C, the notebook's stop button) ends the step under way and returns what
    was trained so far, with ``run.config["interrupted"]`` True. A training that diverges, to
    numbers that are not finite, ends with a RuntimeWarning and ``run.config["diverged"]`` True; its
    last snapshot is the last finite one, and so is its network. Neither is kept in ``cache``. An
    error in the midst of training has the run so far as its attribute ``run``. Threads of Python
    that train wait for each other.

    Networks may compute in any precision; a run's features are float32. Of a loss of your
    own ``logits``, ``weight``, ``centers``, ``update``, ``normalize``, ``warmup`` and ``annealing``
    are used where they are of the kind and shape of those in ``facetoy.losses``.

    ValueError or TypeError for arguments out of range, ValueError for a checkpoint of another
    training or a model that does not turn these images into (N, dim). OSError for a ``cache`` that
    is no folder or cannot be written to.
    """
    settings = {name: value for name, value in locals().items() if name in SETTINGS}
    run = trained(loss, data, settings, loss_args)
    tell_diverged([run])
    return run


def trained(loss: Any, data: Data, settings: dict[str, Any], loss_args: dict[str, Any]) -> Run:
    """``fit`` without its warning."""
    where = chosen_device(settings["device"])
    training = prepare(loss, resident(data, where), settings, loss_args)
    kept = Kept(settings["cache"], training)
    if kept.run is not None:
        return kept.run
    together = Together([training])
    path = settings["checkpoint"]
    store = Store() if path is None else File(path, together)
    bar = progress_bar(
        shown=settings["progress"], total=training.plan.epochs, unit="epoch",
        desc=f"{training.config['loss']} on {where.type}",
    )  # fmt: skip
    try:
        with bar, one_thread(), seeded(training.config["seed"], where), interruptible() as stop:
            train_together(together, lambda epochs: bar.update(epochs - bar.n), stop, store)
    except Exception as error:
        if training.step:
            training.config["interrupted"] = True
            error.run = training.run()
            error.add_note("The run so far is the attribute run of this error.")
        raise
    return kept.keep(training.run())


def tell_diverged(runs: Sequence[Run], names: Sequence[str] = ("loss",)) -> None:
    """Warn of those of the runs that diverged, told apart by these of their settings."""
    found = [
        f"{', '.join(f'{n}={run.config.get(n)}' for n in names)} after step {run.steps[-1]}"
        for run in runs
        if run.config["diverged"]
    ]
    if found:
        which = "; ".join([*found[:3], *["…"] * (len(found) > 3)])
        who = "the training" if len(runs) == 1 else f"{len(found)} of {len(runs)} trainings"
        warnings.warn(
            f"{who} diverged ({which}): a run ends with its last finite snapshot",
            RuntimeWarning,
            stacklevel=3,
        )


#: The arguments of ``fit`` that are not the loss's, with their defaults.
SETTINGS = {
    name: p.default
    for name, p in inspect.signature(fit).parameters.items()
    if p.kind is p.KEYWORD_ONLY
}


def embed(run: Run, images: np.ndarray, model: nn.Module | None = None) -> np.ndarray:
    """Features (N, d) float32 of ``images`` (N, 1, H, W) by the network that ``run`` trained.

    ``model`` is a network of the kind that ``fit`` was given, if it was given one; it is copied,
    not changed. ValueError if the network and the images or the parameters do not fit together.
    """
    if run.network is None:
        raise ValueError("the run has kept no network")
    images = np.asarray(images)
    shape = (1, *run.images.shape[2:])
    if images.ndim != 4 or images.shape[1:] != shape:
        raise ValueError(f"images must have shape (N, {', '.join(map(str, shape))}), as in "
                         f"training, got {images.shape}")  # fmt: skip
    net = network_for(run.images, run.features.shape[2], model)
    if type(net).__name__ != run.config["model"]:
        raise ValueError(f"the run trained a {run.config['model']}, got {type(net).__name__}")
    try:
        net.load_state_dict({k: torch.as_tensor(v) for k, v in run.network.items()})
    except RuntimeError as error:
        raise ValueError(f"the run's parameters do not fit the network: {error}") from error
    x = torch.as_tensor(images, dtype=torch.float32)
    return embedded(net.cpu().eval(), x).float().numpy()
