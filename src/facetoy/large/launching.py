"""Start a script of several processes from a notebook, as ``torchrun`` does in a terminal."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

from facetoy.checks import whole


def torchrun(ranks: int, *command: str | os.PathLike) -> Iterator[dict[str, Any]]:
    """Run ``torchrun --nproc-per-node ranks command`` here, and yield what it prints as JSON.

    ``command`` is a script, or "-m" and a module, and its arguments. A line of its output that
    begins with a brace is one dictionary. Each process computes with one thread. RuntimeError with
    the last of what was said, if one fails; leaving the loop early ends them all. ValueError for
    ``ranks`` that are no whole number of at least 1.
    """
    whole("ranks", ranks, 1)
    alone = {"GLOO_SOCKET_IFNAME": "lo"} if sys.platform == "linux" else {}
    env = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore", **alone}
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    said = ""
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(
            [*launcher, f"--nproc-per-node={ranks}", *map(str, command)],
            env=env, stdout=subprocess.PIPE, stderr=errors, text=True,
        ) as process,
    ):  # fmt: skip
        try:
            for line in process.stdout:
                if line.startswith("{"):
                    yield json.loads(line)
                else:
                    said += line
        except BaseException:  # the cell was interrupted, or nobody wants to know any more
            process.terminate()
            raise
        code = process.wait()
        errors.seek(0)
        said += errors.read()
    if code:
        # what the script said itself, before the launcher's report; if killed, it says nothing
        own = re.split(r"^.*torch/distributed/elastic/", said, maxsplit=1, flags=re.M)[0].strip()
        last = "\n".join((own or said.strip()).splitlines()[-20:])
        name = command[command[0] == "-m"]
        raise RuntimeError(f"{name} ended with code {code} on {ranks} ranks:\n{last}")
