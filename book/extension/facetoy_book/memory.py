"""How much memory a notebook takes: its kernel and whatever that starts, measured from outside."""

from __future__ import annotations

import sys
import threading
from contextlib import suppress
from pathlib import Path

import psutil

EVERY = 0.25  # seconds between two looks


class ChildrenWatch:
    """The most memory that the children of this process hold together, with all theirs.

    Within ``with ChildrenWatch() as watch``, a thread looks again and again. Afterwards
    ``watch.most`` says the bytes, or None where they cannot be measured (elsewhere than on Linux)
    or where there was no child.
    """

    def __enter__(self) -> ChildrenWatch:
        self.most: int | None = None
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)
        if sys.platform == "linux":
            self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        if self.thread.is_alive():
            self.thread.join()

    def watch(self) -> None:
        """Look until it is over."""
        this = psutil.Process()
        while not self.over.wait(EVERY):
            with suppress(psutil.Error, OSError):  # one ended while we looked
                self.look(this.children(recursive=True))

    def look(self, processes: list[psutil.Process]) -> None:
        """Remember what these processes hold, if it is the most so far.

        Linux itself keeps the peak of each. What they hold together takes it milliseconds to say,
        so it is asked only if it can be more.
        """
        if not processes:
            return
        most = max(self.most or 0, *(peak(process.pid) for process in processes))
        if len(processes) > 1 and sum(p.memory_info().rss for p in processes) > most:
            most = max(most, together(processes))
        self.most = most


def peak(process: int) -> int:
    """The most bytes that a process has held by itself."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return 1024 * int(line.split()[1])
    return 0  # a process that has ended


def together(processes: list[psutil.Process]) -> int:
    """Bytes that processes hold together: all that is one's own, and once what is shared.

    Shared are the pages of libraries above all, also with notebooks that run beside; so Linux's
    proportional set size would be less than this notebook needs by itself.
    """
    sizes = [process.memory_full_info() for process in processes]
    return sum(size.uss for size in sizes) + max(size.rss - size.uss for size in sizes)
