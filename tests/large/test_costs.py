"""The costs of a last layer: counted by hand, by the profiler, and by processes that run it."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator

import pytest
import torch
import torch.distributed as dist
from starting import LOCAL, start
from torch.profiler import ProfilerActivity, profile

from facetoy.large import process_memory
from facetoy.large.costs import H100, Layer, Machine, cost, counts, held, memory
from facetoy.large.measuring import Measured, calibrate, measure, off
from facetoy.large.sharded import ShardedMargin

MADE_UP = Machine("made up", flops=3e10, memory=8e9, network=1e9, fixed=2e-3, capacity=1e9)
LAYERS = [
    Layer(classes, dim, ranks, rate, batch)
    for classes in (10_000, 300_000)
    for dim in (64, 256)
    for ranks in (1, 2, 4)
    for rate in (1.0, 0.1)
    for batch in (64, 512)
]


def made(layers: list[Layer], machine: Machine = MADE_UP) -> list[Measured]:
    """Points of a machine that does just as predicted."""
    found = [cost(layer, machine) for layer in layers]
    return [
        Measured(layer, c.total_seconds, c.total_memory)
        for layer, c in zip(layers, found, strict=True)
    ]


def test_a_tiny_layer_counted_by_hand() -> None:
    """Ten classes of three numbers on two ranks, of whose five classes three are used."""
    layer = Layer(classes=10, dim=3, ranks=2, rate=0.6, batch=4)
    assert memory(layer) == {
        "weights": 4 * 15, "gradient": 4 * 15, "momentum": 4 * 15, "sampled copy": 4 * 9,
        "rows of length 1": 4 * 9, "scores": 4 * (36 + 6), "features": 4 * (36 + 12),
    }  # fmt: skip
    done = counts(layer)
    assert done.flop == 3 * 2 * 4 * 3 * 3
    assert done.touched == 4 * (8 * 15 + 26 * 9 + 21 * 12 + 8 * 12 + 32 * 12 + 15 + 5 * 9)
    # of 4 samples each rank sends its two features and labels once; reduced is in two rounds
    assert done.sent == {
        "features": 2 * (3 * 4 + 8), "gradient of the features": 4 * 3 * 4, "softmax": 4 * 3 * 4,
    }  # fmt: skip
    now = cost(
        layer, Machine("slow", flops=216, memory=done.touched, network=136, fixed=1, capacity=9)
    )
    assert now.seconds == {"arithmetic": 1, "memory": 1, "network": 1, "fixed": 1}
    assert now.total_seconds == 4
    assert now.total_memory == sum(memory(layer).values())
    assert now.total_sent == 136


def test_scores_by_rows_counted_by_hand() -> None:
    """A million classes of 512 numbers: of 512 images the scores of 128 at a time."""
    layer, W, Nd = Layer(1_000_000), 512_000_000, 512 * 512
    assert memory(layer) == {
        "weights": 4 * W, "gradient": 8 * W, "momentum": 4 * W, "sampled copy": 0,
        "rows of length 1": 0, "scores": W, "features": 4 * 9 * Nd,
    }  # fmt: skip
    assert counts(layer).touched == 4 * (8 * W + (10 + 4 * 4) * W + 13 * W + 32 * Nd)


def test_one_rank_sends_nothing_and_all_classes_need_no_copy() -> None:
    now = cost(Layer(1_000_000), H100)
    assert now.total_sent == now.seconds["network"] == 0
    assert now.memory["sampled copy"] == 0
    assert 2 * now.memory["weights"] == now.memory["gradient"] == 8 * 512 * 1_000_000


def test_the_last_rank_has_the_classes_that_are_left() -> None:
    assert held(Layer(11, ranks=3, rate=0.5, batch=3)) == (4, 2)
    assert held(Layer(11, ranks=3, rate=0.01, batch=9)) == (4, 3)  # those of the batch
    assert held(Layer(11, ranks=3, rate=0.01, batch=90)) == (4, 4)


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process group of this process."""
    for name, value in LOCAL.items():
        monkeypatch.setenv(name, value)
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    yield
    dist.destroy_process_group()


@pytest.mark.parametrize("rate", [1.0, 0.5, 0.1])
@pytest.mark.parametrize("batch", [8, 128, 512, 900])  # with 900 the scores are computed by rows
@pytest.mark.usefixtures("alone")
def test_memory_is_what_the_tensors_hold(rate: float, batch: int) -> None:
    layer = Layer(20_000, 64, 1, rate, batch)
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        head = ShardedMargin("arcface", layer.dim, layer.classes, sample_rate=rate)
        optimiser = torch.optim.SGD(head.parameters(), lr=0.1, momentum=0.9)
        for _ in range(3):
            x = torch.randn(batch, layer.dim, requires_grad=True)
            loss = head(x, torch.randint(layer.classes, (batch,)))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    want = memory(layer)
    assert want["weights"] == head.weight.nbytes == head.weight.grad.nbytes
    assert want["momentum"] == optimiser.state[head.weight]["momentum_buffer"].nbytes
    events = [e for e in seen.profiler.kineto_results.events() if e.name() == "[memory]"]
    now = most = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        now += event.nbytes()
        most = max(most, now)
    # what is not counted: numbers and indices of single classes and samples
    assert 0.95 < sum(want.values()) / most < 1.01


def test_calibrate_finds_made_up_constants() -> None:
    found = calibrate(made(LAYERS), "twin", capacity=1e9)
    for name in ("flops", "memory", "network", "fixed", "capacity"):
        assert getattr(found, name) == pytest.approx(getattr(MADE_UP, name), rel=1e-6), name
    assert found.name == "twin"
    assert max(off(made(LAYERS), found)) < 1e-9


def test_a_constant_that_no_point_tells_stays_positive_and_finite() -> None:
    points = made([layer for layer in LAYERS if layer.ranks == 1])
    found = calibrate(points)
    assert found.network == found.memory
    assert found.capacity > 1e8
    for some in (points[:1], points[:2], [points[0]] * 3):
        found = calibrate(some)
        assert off(some, found).time_most < 0.01
        for name in ("flops", "memory", "network"):
            assert 0 < getattr(found, name) < math.inf
    # a machine whose network is free: it stays below a thousandth of every point
    free = Machine("free", flops=3e10, memory=8e9, network=1e30, fixed=0, capacity=1e9)
    points = made(LAYERS, free)
    found = calibrate(points)
    assert off(points, found).time_most < 0.005
    for point in points:
        now = cost(point.layer, found)
        assert now.seconds["network"] <= 0.0011 * now.total_seconds


def test_off_is_relative() -> None:
    layer = Layer(10_000)
    now = cost(layer, MADE_UP)
    points = [
        Measured(layer, now.total_seconds * a, now.total_memory * b)
        for a, b in ((0.5, 1.0), (1.0, 0.8), (1.0, 0.8))
    ]
    assert off(points, MADE_UP) == pytest.approx((0, 1, 0.25, 0.25))


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (
            {"classes": 3, "ranks": 4},
            "classes must be at least one for each rank, got 3 for 4 ranks",
        ),
        ({"batch": 3, "ranks": 4}, "batch must be at least one for each rank, got 3 for 4 ranks"),
        ({"classes": 0}, "classes must be an integer of at least 1, got 0"),
        ({"dim": 0}, "dim must be an integer of at least 1, got 0"),
        ({"dim": 1.5}, "dim must be an integer of at least 1, got 1.5"),
        ({"ranks": 0}, "ranks must be an integer of at least 1, got 0"),
        ({"rate": 0}, r"rate must lie in \(0, 1\], got 0"),
        ({"rate": 1.1}, r"rate must lie in \(0, 1\], got 1.1"),
        ({"rate": math.nan}, r"rate must lie in \(0, 1\], got nan"),
    ],
)
def test_a_layer_that_cannot_be_is_named(bad: dict, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        cost(Layer(**{"classes": 100, **bad}), H100)


@pytest.mark.parametrize("value", [0, -1, math.inf, math.nan, "much"])
@pytest.mark.parametrize("name", ["flops", "memory", "network", "capacity"])
def test_a_machine_that_cannot_be_is_named(name: str, value: object) -> None:
    good = {"flops": 1, "memory": 1, "network": 1, "fixed": 0, "capacity": 1}
    with pytest.raises(ValueError, match=f"{name} must be a positive finite number, got {value!r}"):
        Machine("x", **{**good, name: value})
    with pytest.raises(ValueError, match="fixed must be a finite number of at least 0, got -1"):
        Machine("x", **{**good, "fixed": -1})


def test_nothing_measured_is_named() -> None:
    with pytest.raises(ValueError, match="calibrate needs at least one point"):
        calibrate([])
    with pytest.raises(ValueError, match="off needs at least one point"):
        off([], H100)
    with pytest.raises(
        ValueError, match="the measured time must be a positive finite number, got 0"
    ):
        calibrate([Measured(Layer(100), 0, 1)])
    with pytest.raises(ValueError, match="measure needs classes and rates"):
        measure(1, [], [1])
    with pytest.raises(ValueError, match="steps must be an integer of at least 2, got 1"):
        measure(1, [100], [1], steps=1)
    with pytest.raises(ValueError, match="classes must be at least one for each rank"):
        measure(2, [1], [1])


def test_the_command_measures_each_setting() -> None:
    options = ("--dim", 64, "--batch", 16, "--steps", 3)
    line = ("--classes", 100_000, 1000, "--rates", 1, 0.1, *options)
    done = start("-m", 2, "facetoy.large.layer_steps", *line)
    assert done.returncode == 0, done.stderr[-3000:]
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert [(row["classes"], row["rate"]) for row in rows] == [
        (1000, 0.1), (1000, 1), (100_000, 0.1), (100_000, 1),
    ]  # fmt: skip
    for row in rows:
        assert (row["dim"], row["ranks"], row["batch"]) == (64, 2, 16)
        assert 0 < row["step_ms"] < 60_000
    if sys.platform == "linux":
        for row in rows[2:]:
            layer = Layer(*(row[name] for name in Layer._fields))
            assert 1e6 * row["memory_mb"] == pytest.approx(sum(memory(layer).values()), rel=0.2)


def test_measure_reads_the_command() -> None:
    points = measure(2, [2000], [1, 0.5], dim=8, batch=8, steps=2, progress=False)
    assert {point.layer for point in points} == {Layer(2000, 8, 2, rate, 8) for rate in (1, 0.5)}
    assert all(point.seconds > 0 and point.memory >= 0 for point in points)


def test_measure_says_why_it_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLOO_SOCKET_IFNAME", "nowhere")
    monkeypatch.setattr(sys, "platform", "elsewhere")  # so that the name stays
    with pytest.raises(RuntimeError, match=r"code 1 on 1 ranks:\n[\s\S]*nowhere"):
        measure(1, [100], [1], dim=4, batch=4, steps=2, progress=False)


@pytest.mark.parametrize(("limit", "memory"), [("2147483648\n", 2**31), ("max\n", None)])
def test_a_container_s_limit_is_the_memory(limit, memory, tmp_path, monkeypatch) -> None:
    whole = process_memory.own_memory()
    file = tmp_path / "memory.max"
    file.write_text(limit)
    monkeypatch.setattr(process_memory, "LIMITS", (tmp_path / "none", file))
    monkeypatch.setattr(process_memory.os, "sysconf", lambda name: 2**20)  # 1 TiB
    assert process_memory.own_memory() == (memory or 2**40)
    assert whole > 0
