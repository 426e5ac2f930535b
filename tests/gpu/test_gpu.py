"""What has to hold on a GPU. Where there is none, the same tests run on the CPU.

A GPU is often had without a browser or a network: these tests need torch, pytest and the package
alone. ``make gpu`` runs them first.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import facetoy
from facetoy.losses import LOSSES, _by_rows
from facetoy.losses._base import ClassLoss
from facetoy.training.batched import Together

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
CLASS_LOSSES = [
    name for name, make in LOSSES.items() if issubclass(getattr(make, "func", make), ClassLoss)
]


@pytest.fixture(scope="module")
def digits() -> facetoy.Data:
    return facetoy.load("digits")


def made(
    name: str, dtype: torch.dtype, device: str
) -> tuple[nn.Module, torch.Tensor, torch.Tensor]:
    """A loss, features and labels, the same on every device."""
    torch.manual_seed(0)
    loss = LOSSES[name](8, 5) if name != "triplet" else LOSSES[name]()
    x = torch.randn(40, 8, dtype=torch.float64)
    y = torch.arange(40) % 5
    return loss.to(device, dtype), x.to(device, dtype).requires_grad_(), y.to(device)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_and_its_gradients_are_the_cpu_s(name: str, dtype: torch.dtype):
    most = {torch.float64: 1e-12, torch.float32: 1e-5}.get(dtype, 2e-2)
    found = []
    for device in ("cpu", DEVICE):
        loss, x, y = made(name, dtype, device)
        value = loss(x, y)
        value.backward()
        gradients = [x.grad, *(p.grad for p in loss.parameters() if p.grad is not None)]
        assert all(g.device.type == device for g in (value, *gradients))
        found.append([v.detach().cpu().double() for v in (value, *gradients)])
    for there, here in zip(*found, strict=True):
        assert torch.isfinite(here).all()
        assert (there - here).abs().max() <= most * there.abs().max().clamp_min(1e-3)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("name", CLASS_LOSSES)
def test_a_loss_by_rows_is_that_of_all_scores_at_once(
    name: str, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
):
    most = {torch.float64: 1e-12, torch.float32: 1e-5}.get(dtype, 2e-2)
    monkeypatch.setattr(_by_rows, "ROWS", 7)
    found = []
    for large in (0, 2**40):
        monkeypatch.setattr(_by_rows, "LARGE", large)
        loss, x, y = made(name, dtype, DEVICE)
        value = loss(x, y)
        value.backward()
        found.append([v.detach().double() for v in (value, x.grad, loss.weight.grad)])
    for by_rows, at_once in zip(*found, strict=True):
        assert by_rows.device.type == DEVICE
        assert (by_rows - at_once).abs().max() <= most * at_once.abs().max().clamp_min(1e-3)


def test_by_rows_the_gradient_is_the_only_tensor_as_large_as_the_weights():
    if DEVICE == "cpu":
        pytest.skip("no CUDA device, whose allocator counts")
    loss = LOSSES["arcface"](512, 50_000).to(DEVICE)
    x = torch.randn(512, 512, device=DEVICE, requires_grad=True)
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    loss(x, torch.arange(512, device=DEVICE)).backward()
    assert torch.cuda.max_memory_allocated() - before < 1.7 * loss.weight.nbytes


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_under_autocast_is_that_of_full_precision(name: str, dtype: torch.dtype):
    loss, x, y = made(name, torch.float32, DEVICE)
    layer = torch.eye(8, device=DEVICE, requires_grad=True)
    with torch.autocast(DEVICE, dtype=dtype):
        features = x @ layer
        assert features.dtype == dtype
        value = loss(features, y)
    value.backward()
    assert value.dtype == torch.float32
    assert torch.isfinite(layer.grad).all()
    assert value.item() == pytest.approx(loss(x, y).item(), rel=0.03)


@pytest.mark.parametrize("name", LOSSES)
def test_fit_trains_there_under_every_loss(digits: facetoy.Data, name: str):
    run = facetoy.fit(name, digits, epochs=30, device=DEVICE, progress=False)
    assert run.device.startswith(DEVICE)
    least = 0.15 if name in ("lsoftmax", "asoftmax") else 0.85  # that their start fails is known
    assert facetoy.metrics.measure(run).accuracy > least
    assert all(np.isfinite(v).all() for v in run.history.values())


def test_embed_gives_the_features_of_the_run(digits: facetoy.Data):
    run = facetoy.fit("arcface", digits, m=0.5, epochs=3, device=DEVICE, progress=False)
    np.testing.assert_allclose(
        facetoy.embed(run, digits.test_images), run.features[-1], rtol=1e-3, atol=1e-3
    )


def test_faces_train_there():
    """Convolutions, and strangers."""
    data = facetoy.open_split(facetoy.load("toyfaces", identities=30, images=10, size=16), 20)
    run = facetoy.fit("cosface", data, dim=16, epochs=8, device=DEVICE, progress=False)
    loss = run.history["loss"]
    assert loss[-1] < loss[0]


def test_the_same_call_gives_the_same_run(digits: facetoy.Data):
    args = {"m": 0.5, "epochs": 3, "device": DEVICE, "progress": False}
    one, two = (facetoy.fit("arcface", digits, **args) for _ in range(2))
    np.testing.assert_array_equal(one.features, two.features)


class Stop:
    """Ends a training once, in its middle."""

    def __init__(self, step: int) -> None:
        self.step = step

    def __call__(self, run: facetoy.Run) -> None:
        if run.steps[-1] >= self.step:
            self.step = sys.maxsize
            raise KeyboardInterrupt


def test_an_interrupted_run_goes_on_to_the_same_end(digits: facetoy.Data, tmp_path: Path):
    args = {"m": 0.5, "epochs": 6, "device": DEVICE, "progress": False}
    layers = (nn.Linear(64, 32), nn.Dropout(0.2), nn.ReLU(), nn.Linear(32, 3))
    args["model"] = nn.Sequential(nn.Flatten(), *layers)
    whole = facetoy.fit("arcface", digits, **args)
    stop = Stop(30)
    part = facetoy.fit("arcface", digits, checkpoint=tmp_path / "run.npz", on_snapshot=stop, **args)
    assert part.config["interrupted"]
    rest = facetoy.fit("arcface", digits, checkpoint=tmp_path / "run.npz", **args)
    np.testing.assert_array_equal(whole.features[-1], rest.features[-1])


@pytest.mark.parametrize("name", CLASS_LOSSES)
def test_a_sweep_trains_at_once_what_fit_trains(digits: facetoy.Data, name: str):
    args = {"lr": 0.001, "epochs": 2, "snapshots": 3, "device": DEVICE, "progress": False}
    for seed, run in enumerate(facetoy.sweep(name, digits, seed=[0, 1], **args)):
        assert run.device.startswith(DEVICE)
        alone = facetoy.fit(name, digits, seed=seed, **args)
        np.testing.assert_allclose(run.features, alone.features, rtol=0.02, atol=0.02)
        np.testing.assert_allclose(run.history["loss"], alone.history["loss"], rtol=0.01)


def test_a_sweep_trains_faces_at_once():
    """Convolutions and batch normalisation; on a CPU they are trained one by one."""
    data = facetoy.open_split(facetoy.load("toyfaces", identities=30, images=10, size=16), 20)
    args = {"lr": 0.001, "epochs": 2, "dim": 16, "device": DEVICE, "progress": False}
    for seed, run in enumerate(facetoy.sweep("cosface", data, seed=[0, 1], **args)):
        alone = facetoy.fit("cosface", data, seed=seed, **args)
        np.testing.assert_allclose(run.history["loss"], alone.history["loss"], rtol=0.02)
        assert run.network.keys() == alone.network.keys()


def test_a_run_is_written_and_read(digits: facetoy.Data, tmp_path: Path):
    run = facetoy.fit("arcface", digits, epochs=1, device=DEVICE, progress=False)
    run.save(tmp_path / "run.npz")
    again = facetoy.load_run(tmp_path / "run.npz")
    assert again.device == run.device
    np.testing.assert_array_equal(again.features, run.features)


@pytest.mark.parametrize("count", [1, 2])
def test_sharded_losses_train_there(count: int, tmp_path: Path):
    """Over NCCL where each process has a GPU."""
    done = subprocess.run(
        [
            sys.executable, "-m", "torch.distributed.run", "--standalone",
            f"--nproc-per-node={count}", str(Path(__file__).parent / "gpu_ranks.py"), str(tmp_path),
        ],
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"},
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    backend = "nccl" if count <= torch.cuda.device_count() else "gloo"
    assert done.stdout.count(f"done over {backend}") == count


ACTS = {
    "fit": lambda data, **args: facetoy.fit("arcface", data, device=DEVICE, progress=False, **args),
    "sweep": lambda data, **args: facetoy.sweep(
        "arcface", data, m=[0.2, 0.5], device=DEVICE, progress=False, **args
    ),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_nothing_waits_for_the_gpu_within_an_epoch(digits: facetoy.Data, act: Callable):
    """A step hands its work over and goes on: what it computes is read once an epoch. Each look at
    a number, and each search for what is not zero, is a copy from the GPU."""
    if DEVICE == "cpu":
        pytest.skip("no CUDA device: nothing can wait for it")
    from torch.profiler import ProfilerActivity, profile

    images, labels = digits.train_images[:640], digits.train_labels[:640]
    few = replace(digits, train_images=images, train_labels=labels)

    def waits(data: facetoy.Data) -> dict[str, int]:
        with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as seen:
            act(data, epochs=2, snapshots=2)
        names = ("aten::_local_scalar_dense", "aten::nonzero", "Memcpy DtoH")
        events = seen.key_averages()
        return {name: sum(e.count for e in events if e.key.startswith(name)) for name in names}

    act(few, epochs=1)
    found = waits(few)
    assert found["Memcpy DtoH"] > 0  # they are counted
    assert waits(digits) == found  # twice the steps, as many waits


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_a_step_that_waits_for_the_gpu_is_an_error(
    digits: facetoy.Data, act: Callable, monkeypatch: pytest.MonkeyPatch
):
    """In the second epoch, when all that is done once is done."""
    if DEVICE == "cpu":
        pytest.skip("no CUDA device: nothing can wait for it")
    real, strict = Together.take, []

    def take(self: Together, *args: Any) -> Any:
        if self.step < len(self.first.batches):
            return real(self, *args)
        torch.cuda.set_sync_debug_mode("error")
        try:
            strict.append(real(self, *args))
        finally:
            torch.cuda.set_sync_debug_mode("default")
        return strict[-1]

    monkeypatch.setattr(Together, "take", take)
    act(digits, epochs=2, snapshots=2)
    assert len(strict) == -(-len(digits.train_labels) // 128)
