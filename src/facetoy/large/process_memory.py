"""How much memory this computer has, and how much this process has held."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import sys
from pathlib import Path

import torch

#: An option of glibc's ``mallopt``: from how many bytes on a block is the system's own. Once set it
#: stays, rather than rise with use: what is freed goes back, and a process holds what it uses.
M_MMAP_THRESHOLD = -3


class MemoryWatch:
    """The most bytes that this process, or its GPU, has held since ``start``, above what it had."""

    def __init__(self, device: torch.device) -> None:
        self.device = device

    def start(self) -> None:
        gc.collect()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats(self.device)
            self.before = torch.cuda.memory_allocated(self.device)
            return
        with contextlib.suppress(OSError, AttributeError, TypeError):  # Linux with glibc
            libc = ctypes.CDLL(None)
            libc.mallopt(M_MMAP_THRESHOLD, 1 << 17)
            libc.malloc_trim(0)
        with contextlib.suppress(OSError):  # Linux lets a process forget its peak
            Path("/proc/self/clear_refs").write_text("5")
        self.before = peak()

    def most(self) -> float:
        if self.device.type == "cuda":
            return torch.cuda.max_memory_allocated(self.device) - self.before
        return peak() - self.before


def peak() -> float:
    """The most bytes of RAM that this process has held, on Linux since it was told to forget."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return 1024 * float(line.split()[1])
    import resource  # not on Windows

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(most) if sys.platform == "darwin" else 1024.0 * most  # macOS counts bytes


#: Where Linux says how much memory a container may use (cgroups, version 2 and 1).
LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def own_memory() -> float:
    """Bytes of memory that there are for us: this computer's, or fewer if a container sets a limit
    (as on Binder); 16e9 where the system does not say."""
    try:
        own = float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        own = 16e9
    for limit in LIMITS:
        with contextlib.suppress(OSError, ValueError):  # no such file, or "max"
            own = min(own, float(limit.read_text()))
    return own
