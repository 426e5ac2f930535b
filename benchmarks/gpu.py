"""All tests and benchmarks of a GPU in a few minutes, as one Markdown file named after the card.

    make wheels                # once, where there is a network: what the other machine may lack
    python benchmarks/gpu.py   # on the machine with the card: the checkout, torch, those wheels

A GPU can often be had for minutes only. So each part is printed and written as it is done, a part
that fails says why and the next one follows, and none begins when the time is over. A part replaces
what an earlier run on that card wrote of it; the others stay, and each says what it was made with.
``--small`` is the rehearsal without a card: the same code with small sizes.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import re
import signal
import statistics
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
WHEELS, SITE = ROOT / ".wheels", ROOT / ".wheels" / "site"
PLACES = [str(p) for p in (ROOT / "src", ROOT / "benchmarks", SITE)]
LATE = "No time was left for this."


def unpack() -> None:
    """Put the wheels that lie in the checkout where this script and what it starts find them."""
    wheels = sorted(map(str, WHEELS.glob("*.whl")))
    if wheels and not SITE.is_dir():
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps",
             "--no-compile", "--target", str(SITE), *wheels], check=True,
        )  # fmt: skip
    sys.path[:0] = PLACES
    os.environ["PYTHONPATH"] = os.pathsep.join([*PLACES, os.environ.get("PYTHONPATH", "")])
    os.environ["TQDM_DISABLE"] = "1"


def device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def card() -> str:
    import torch

    return torch.cuda.get_device_name() if device() == "cuda" else f"{os.cpu_count()} processors"


def wait() -> None:
    import torch

    if device() == "cuda":
        torch.cuda.synchronize()


def median(act: Callable[[], Any], rounds: int) -> float:
    """Median seconds of what is done on the device; the first two times do not count."""
    times = []
    for _ in range(rounds + 2):
        wait()
        began = time.perf_counter()
        act()
        wait()
        times.append(time.perf_counter() - began)
    return statistics.median(times[2:])


def end(process: subprocess.Popen) -> None:
    """End a process and what it started: politely, so that torchrun ends its ranks too."""
    for how in (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
        if process.poll() is None:
            os.killpg(process.pid, how) if hasattr(os, "killpg") else process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)


def watched(words: Sequence[str], left: float, **env: str) -> tuple[int, list[str]]:
    """Run Python with ``words``, for ``left`` seconds at most. What it says is printed as it comes.
    Its exit status, 0 if all went well, and its lines."""
    process = subprocess.Popen(
        [sys.executable, "-u", *words], cwd=ROOT, env={**os.environ, **env}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    until = time.perf_counter() + left
    timer = threading.Timer(left, end, [process])
    timer.daemon = True
    timer.start()
    lines = []
    try:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            lines.append(line.rstrip("\n"))
        process.wait()
    finally:
        timer.cancel()
        end(process)
    if time.perf_counter() >= until:
        lines.append(f"Ended after {left:.0f} s, since no time was left.")
    return process.returncode, lines


def versions(small: bool, left: float) -> str:
    """What there is; the same for ``small``."""
    import numpy
    import torch

    lines = [
        f"- {card()}, {os.cpu_count()} processors, {platform.machine()}",
        f"- Python {platform.python_version()}, torch {torch.__version__}, "
        f"numpy {numpy.__version__}",
    ]
    if device() == "cuda":
        memory = torch.cuda.get_device_properties(0).total_memory
        lines.append(f"- CUDA {torch.version.cuda}, {memory / 1e9:.0f} GB on the card")
    return "\n".join(lines)


def pytest(name: str, left: float, some: str, **env: str) -> str:
    """What pytest says of a file of tests, or of ``some`` of them."""
    parallel = ["-n", "8"] if find_spec("xdist") and not some else []
    status, lines = watched(
        ["-m", "pytest", "-v", "-p", "no:cacheprovider", "-W", "ignore", *parallel, "-k", some,
         f"--confcutdir={ROOT / 'tests' / 'gpu'}", str(ROOT / "tests" / "gpu" / name)],
        left, **env,
    )  # fmt: skip
    return "```\n" + "\n".join(lines[-80 if status else -1 :]) + "\n```"


def tests(small: bool, left: float) -> str:
    """What has to hold there; ``small``: of one loss."""
    return pytest("test_gpu.py", left, "arcface" if small else "")


def chapters(small: bool, left: float) -> str:
    """The chapters, with short trainings; ``small``: one of them, without a card too."""
    if small:
        return pytest("test_chapters.py", left, "01", FACETOY_REHEARSE="1")
    return pytest("test_chapters.py", left, "")


def floor(n: int, d: int, count: int, rounds: int) -> float:
    """Seconds of the three matrix products without which no exact loss gets by."""
    import torch

    x, W = (torch.randn(k, d, device=device()) for k in (n, count))
    g = torch.randn(n, count, device=device())
    return sum(median(act, rounds) for act in (lambda: x @ W.T, lambda: g @ W, lambda: g.T @ x))


def head(make: Callable, n: int, d: int, count: int, rounds: int) -> tuple[float, float]:
    """Seconds of a step, and the memory that it takes beyond the weights, in weights."""
    import torch
    from losses import make_step

    step = make_step(make, n, d, count, device())
    step()
    if device() == "cpu":
        return median(step, rounds), float("nan")
    torch.cuda.reset_peak_memory_stats()
    held = torch.cuda.memory_allocated() - 4 * count * d  # of which the gradient is one
    step()
    most = torch.cuda.max_memory_allocated() - held
    return median(step, rounds), most / (4 * count * d) - 1


def heads(small: bool, left: float) -> Iterator[str]:
    """Losses over many classes: time against the matrix products, memory against the weights. Line
    by line, since the last ones take long."""
    import torch
    from losses import CLASS_LOSSES, Plain

    sizes = [(64, 16, 500)] if small else [
        (512, 512, 10_000), (512, 512, 100_000), (2048, 512, 50_000), (8192, 512, 100_000),
        (8192, 512, 1_000_000),
    ]  # fmt: skip
    until = time.perf_counter() + left
    names = ("Softmax", "NormSoftmax", "CosFace", "ArcFace", "CombinedMargin")
    makers = {"plain": Plain, **{name: CLASS_LOSSES[name][0] for name in names}}
    yield "| images × d × classes | loss | ms a step | × the products | memory, × W |"
    yield "|:--|:--|--:|--:|--:|"
    for size in sizes:
        least = float("nan")
        with contextlib.suppress(torch.OutOfMemoryError):
            least = floor(*size, 3 if small else 10)
        words = " × ".join(f"{n:,}" for n in size)
        yield f"| {words} | three matrix products | {1e3 * least:.2f} | 1 | |"
        for name, make in makers.items():
            if time.perf_counter() > until:
                yield f"\n{LATE}"
                return
            if device() == "cuda":
                torch.cuda.empty_cache()
            try:
                seconds, memory = head(make, *size, 3 if small else 10)
                cells = f"{1e3 * seconds:.2f} | {seconds / least:.2f} | {memory:.1f}"
            except torch.OutOfMemoryError:
                cells = "out of memory | | "
            yield f"| {words} | {name} | {cells} |"


def loss_table(small: bool, left: float) -> str:
    import losses

    if small:
        losses.SIZES = {"large": (8, 6, 20), "small": (8, 3, 4), "triplets": (12, 2, 3)}
        losses.MANY = [(8, 64, 2000)]
    return f"{losses.table(1 if small else 25, device())}\n\n{losses.many(3, device())}"


def trainings(small: bool, left: float) -> str:
    """One fit, and a sweep, beside the plain script."""
    import training

    import facetoy

    names = ("epochs", "margins", "seeds")
    size = dict(zip(names, (1, 2, 1) if small else (60, 5, 5), strict=True))
    digits = facetoy.load("digits")
    for act, m in ((facetoy.fit, 0.5), (facetoy.sweep, [0.1, 0.5])):  # whatever is loaded at first
        act("arcface", digits, m=m, epochs=1, device=device(), progress=False)
    return training.table(**size, rounds=1, device=device())


def work(small: bool, left: float) -> str:
    """What the processor hands over in an epoch, and when it waits."""
    from torch.profiler import ProfilerActivity, profile

    import facetoy

    digits = facetoy.load("digits")
    lines = ["| what | epochs | seconds | busy on the card | kernels | reads of a number |"]
    lines += ["|:--|--:|--:|--:|--:|--:|"]
    kinds = [ProfilerActivity.CPU]
    if device() == "cuda":
        kinds.append(ProfilerActivity.CUDA)
    tasks = {
        "fit": lambda e: facetoy.fit("arcface", digits, m=0.5, **e),
        "sweep of 25": lambda e: facetoy.sweep(
            "arcface", digits, m=[0.1, 0.2, 0.3, 0.4, 0.5], seed=range(5), **e
        ),
    }
    for name, act in tasks.items():
        for epochs in (1, 3):
            args = {"epochs": epochs, "snapshots": 2, "device": device(), "progress": False}
            act(args)
            with profile(activities=kinds) as seen:
                began = time.perf_counter()
                act(args)
                seconds = time.perf_counter() - began
            events = seen.key_averages()
            launched = sum(e.count for e in events if "LaunchKernel" in e.key)
            reads = sum(e.count for e in events if e.key == "aten::_local_scalar_dense")
            busy = sum(e.self_device_time_total for e in events) / 1e6
            lines.append(
                f"| {name} | {epochs} | {seconds:.2f} | {busy:.2f} s | {launched} | {reads} |"
            )
    return "\n".join(lines)


def layers(small: bool, left: float) -> str:
    """Last layers of many classes, with all of them and with a tenth, as facetoy.large measures."""
    classes = ["1000"] if small else ["10000", "100000", "1000000"]
    status, lines = watched(
        ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=1", "-m",
         "facetoy.large.layer_steps", "--classes", *classes, "--rates", "1", "0.1",
         "--dim", "512", "--batch", "512"],
        left,
    )  # fmt: skip
    found = lines[-40:] if status else [line for line in lines if line.startswith("{")]
    return "```\n" + "\n".join(found) + "\n```"


def mnist(small: bool, left: float) -> str:
    """How long the table of the L-Softmax paper takes here: images of MNIST's shape, of noise."""
    import mnist_table
    import numpy as np

    from facetoy import Data

    count = 8 if small else 2048
    random = np.random.default_rng(0)
    images = random.random((count, 1, 28, 28), np.float32)
    y = np.arange(count) % 10
    data = Data("noise", images, y, images[:8], y[:8], tuple("0123456789"))
    net = mnist_table.l_softmax_network(2 if small else 64)
    steps = 10 if small else mnist_table.STEPS
    return mnist_table.forecast(data, net, "lsoftmax", 4, steps, dim=256, device=device())


#: Each is asked for little, if the first argument says so, and told how many seconds are left.
PARTS: dict[str, Callable[[bool, float], str | Iterator[str]]] = {
    "Versions": versions,
    "Tests": tests,
    "Trainings": trainings,
    "What a training hands over": work,
    "Losses over many classes": heads,
    "Losses beside plain normalised cross-entropy": loss_table,
    "Last layers": layers,
    "MNIST": mnist,
    "Chapters": chapters,
}


def pieces(title: str, small: bool, left: float) -> Iterator[str]:
    """What a part finds, as it comes; why not, if it fails: the next part is to follow."""
    try:
        found = PARTS[title](small, left)
        yield from [found] if isinstance(found, str) else found
    except Exception:
        yield f"\n```\n{traceback.format_exc()[-2000:]}\n```"


def commit() -> str:
    """The commit of the checkout, and whether it was changed; a copy without one has none."""
    words = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    with contextlib.suppress(OSError):
        said = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
        return said.stdout.strip() or "unknown"
    return "unknown"


def read(path: Path) -> tuple[str, dict[str, str]]:
    """The head of a page, and the text of each of its parts, as an earlier run wrote them."""
    text = path.read_text(encoding="utf-8") if path.exists() else f"# {card()}\n"
    first, *rest = re.split(r"^## (.+)\n", text, flags=re.MULTILINE)
    return first.strip(), dict(zip(rest[::2], map(str.strip, rest[1::2]), strict=True))


def write(path: Path, first: str, parts: dict[str, str]) -> None:
    """The page, in the order of PARTS: the old one is there until the new one is whole."""
    names = list(PARTS)
    order = sorted(parts, key=lambda title: names.index(title) if title in names else len(names))
    text = "\n\n".join([first, *(f"## {title}\n\n{parts[title].strip()}" for title in order)])
    whole = path.with_suffix(".part")
    whole.write_text(f"{text}\n", encoding="utf-8")
    os.replace(whole, path)


def run(titles: Sequence[str], small: bool, minutes: float, path: Path, of: str) -> None:
    """Print and write these parts, made with the commit ``of``."""
    import torch

    began = time.perf_counter()
    first, parts = read(path)
    made = f"*{date.today()}, commit {of}, torch {torch.__version__}*"
    for title in titles:
        spent = time.perf_counter() - began
        print(f"\n## {title} ({spent:.0f} s)\n", flush=True)
        left, said = 60 * minutes - spent, f"{made}\n"
        if left <= 0:
            print(LATE, flush=True)
            parts.setdefault(title, LATE)
            write(path, first, parts)
            continue
        for piece in pieces(title, small, left):
            print(piece, flush=True)
            said += f"\n{piece}"
            parts[title] = said
            write(path, first, parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--small", action="store_true", help="the rehearsal: small sizes")
    parser.add_argument(
        "--minutes", type=float, default=6,
        help="after which no part begins, and what runs in a process of its own is ended",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART")
    parser.add_argument("--commit", help="of a copy of the checkout, where git does not know it")
    args = parser.parse_args()
    unpack()
    args.out.mkdir(parents=True, exist_ok=True)
    name = card().lower().replace(" ", "-") + "-small" * args.small
    path = args.out / f"{name}.md"
    run(list(args.only), args.small, args.minutes, path, args.commit or commit())


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started ends too
    main()
