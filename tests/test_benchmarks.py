"""The benchmark runs, and its numbers are those of what it names."""

import importlib.util
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "benchmarks"
measured = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone forgets a peak")


def script(name):
    spec = importlib.util.spec_from_file_location(f"bench_{name}", FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def bench(monkeypatch):
    module = script("losses")
    monkeypatch.setattr(
        module, "SIZES", {"large": (8, 6, 20), "small": (8, 3, 4), "triplets": (12, 2, 3)}
    )
    return module


def test_table_has_a_line_for_each_loss(bench):
    lines = bench.table(1, "cpu").splitlines()
    for name in (*bench.CLASS_LOSSES, *bench.TRIPLET_LOSSES):
        (row,) = [line for line in lines if line.startswith(f"| {name} |")]
        assert float(row.split("|")[2]) > 0
    assert lines[-1].startswith("Ratios to plain normalised cross-entropy (")


@measured
def test_very_many_classes_have_a_line_for_each_loss(bench, monkeypatch):
    monkeypatch.setattr(bench, "MANY", [(8, 64, 20_000), (16, 64, 20_000)])
    rows = [line.split("|") for line in bench.many(1, "cpu").splitlines()[2:]]
    assert [row[1].strip() for row in rows] == ["plain", *bench.CLASS_LOSSES]
    for row in rows:
        assert float(row[2]) > 0
        assert 0.9 < float(row[3]) < 20  # the gradient is as large as the weights


def test_saved_memory_counts_each_storage_once(bench):
    import torch

    x = torch.ones(1000, requires_grad=True)

    def step():
        (x * x * x).sum().backward()  # saves x, and x * x

    assert bench.saved_bytes(step) == 2 * 4000


def test_faces_and_pairs_have_a_line_each():
    lines = script("faces").table(identities=3, pairs=1000, rounds=1).splitlines()
    assert len([line for line in lines if line.endswith(" s |")]) == 4
    assert "30 faces of 3 people" in lines[2]


def test_trainings_have_a_ratio_each():
    lines = (
        script("training").table(epochs=1, margins=2, seeds=1, rounds=1, device="cpu").splitlines()
    )
    rows = [line.split("|") for line in lines[2:4]]
    assert [row[1].strip() for row in rows] == ["one fit", "sweep of 2 margins and 1 seeds"]
    assert all(float(row[4]) > 0 for row in rows)


def test_imports_are_compared_with_torch_s():
    rows = [line.split("|") for line in script("imports").table(rounds=1).splitlines()[2:]]
    assert [row[1].strip() for row in rows] == ["torch", "facetoy.losses", "facetoy"]


def test_the_paper_s_table_goes_on_where_it_stopped(tmp_path, monkeypatch):
    import numpy as np

    from facetoy.data.sets import Data

    bench = script("mnist_table")
    net = bench.l_softmax_network()
    assert len([m for m in net if isinstance(m, bench.nn.Conv2d)]) == 10
    assert len([m for m in bench.center_network() if isinstance(m, bench.nn.Conv2d)]) == 6
    monkeypatch.setattr(bench, "BATCH", 20)
    rng = np.random.default_rng(0)
    labels = np.arange(80) % 10
    images = rng.random((80, 1, 28, 28), np.float32)
    data = Data("noise", images, labels, images[:20], labels[:20], tuple("0123456789"))
    monkeypatch.setattr(bench, "jobs", lambda device: 1)  # processes would not see BATCH
    args = {"steps": 8, "seeds": 1, "width": 2, "device": "cpu"}
    first = bench.table(data, tmp_path, **args).splitlines()
    assert [row.split("|")[1].strip() for row in first[2:6]] == ["1", "2", "3", "4"]
    assert len(list(tmp_path.glob("lsoftmax_m*_seed0.npz"))) == 4
    # nothing is trained again
    monkeypatch.setattr(bench.facetoy.training.batched.Together, "take", None)
    monkeypatch.setattr(bench, "forecast", lambda *a, **k: "")
    assert bench.table(data, tmp_path, **args).splitlines()[:6] == first[:6]
    monkeypatch.undo()
    monkeypatch.setattr(bench, "BATCH", 20)
    picture = bench.figure(data, tmp_path, 4, 2, "cpu")
    assert picture.stat().st_size > 10_000


@pytest.fixture
def gpu(monkeypatch, tmp_path):
    """The script, and a run of parts of its rehearsal, which returns the page."""
    bench = script("gpu")
    monkeypatch.setattr(bench, "unpack", lambda: None)
    monkeypatch.syspath_prepend(str(FOLDER))

    def run(*parts, more=()):
        words = ["gpu.py", "--small", "--out", str(tmp_path), *more, "--only", *parts]
        monkeypatch.setattr("sys.argv", words)
        bench.main()
        (page,) = tmp_path.iterdir()
        return page.read_text(encoding="utf-8")

    return bench, run


def test_a_gpu_s_page_is_rehearsed_without_one(gpu, monkeypatch, capsys):
    bench, run = gpu

    def broken(small, left):
        raise RuntimeError("no such card")

    monkeypatch.setitem(bench.PARTS, "Tests", broken)
    text = run("Tests", "Versions", "Losses over many classes", "MNIST")
    assert "RuntimeError: no such card" in text  # and the others follow
    rows = [line for line in text.splitlines() if line.startswith("| 64 × 16 × 500 |")]
    assert len(rows) == 7  # the products, and six losses
    assert all(float(row.split("|")[3]) > 0 for row in rows)
    assert "4 trainings of 10 steps" in text
    assert "## Versions" in capsys.readouterr().out


def test_a_gpu_s_page_keeps_what_is_not_made_anew(gpu, monkeypatch):
    bench, run = gpu
    first = run("Versions", "MNIST", more=["--commit", "abc"])
    (path,) = bench.Path(sys.argv[3]).iterdir()
    path.write_text(first.replace("\n## MNIST", "\nBy hand.\n\n## Mine\n\nMore.\n\n## MNIST"))

    def cut(small, left):
        yield "| a row |"
        raise MemoryError

    monkeypatch.setitem(bench.PARTS, "Tests", cut)
    monkeypatch.setitem(bench.PARTS, "MNIST", lambda small, left: "other")
    text = run("MNIST", "Tests", more=["--commit", "def"])
    titles = [line for line in text.splitlines() if line.startswith("#")]
    assert titles[1:] == ["## Versions", "## Tests", "## MNIST", "## Mine"]
    parts = dict(zip(titles, text.split("\n#"), strict=True))
    assert "By hand." in parts["## Versions"]
    assert "commit abc, torch" in parts["## Versions"]
    assert parts["## MNIST"].endswith("*\n\nother\n")
    assert "commit def, torch" in parts["## MNIST"]
    assert "| a row |" in parts["## Tests"]
    assert "MemoryError" in parts["## Tests"]
    # what there is no time for stays too
    later = text.replace("\n## Mine", f"\n## Chapters\n\n{bench.LATE}\n\n## Mine")
    assert run("MNIST", "Chapters", more=["--minutes", "0"]) == later


@pytest.mark.posix
def test_a_part_of_a_gpu_s_page_gets_the_time_that_is_left(gpu, capsys):
    bench, _ = gpu
    code = "import os, time; print(os.environ['WHO'], 1 / 2); time.sleep(60)"
    status, lines = bench.watched(["-c", code], 5, WHO="me")
    assert status < 0
    assert lines == ["me 0.5", "Ended after 5 s, since no time was left."]
    assert "me 0.5\n" in capsys.readouterr().out
    status, lines = bench.watched(["-c", "print('on'); 1 / 0"], 600)
    assert status == 1
    assert lines[0] == "on"
    assert lines[-1] == "ZeroDivisionError: division by zero"
    table = list(bench.heads(True, -1))
    assert table[-1] == f"\n{bench.LATE}"
    assert len(table) == 4


def test_tests_on_a_gpu_are_seen_while_they_run(gpu, monkeypatch):
    bench, _ = gpu
    asked = []

    def watched(words, left, **env):
        asked.append((words, env))
        return 0, ["test_a PASSED", "=== 2 passed ==="]

    monkeypatch.setattr(bench, "watched", watched)
    for part in ("Tests", "Chapters"):
        assert bench.PARTS[part](True, 60) == "```\n=== 2 passed ===\n```"
    (tests, env), (chapters, rehearsed) = asked
    assert tests[tests.index("-k") + 1] == "arcface"
    assert (env, rehearsed) == ({}, {"FACETOY_REHEARSE": "1"})
    assert "-n" not in chapters
