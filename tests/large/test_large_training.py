"""The program that trains on many machines, and how a notebook starts it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from starting import start_with

from facetoy.large import torchrun


def test_the_command_of_the_book(tmp_path: Path) -> None:
    """The chapter's line for a cluster, with one machine, two processes and few people."""
    chapter = json.loads((Path(__file__).parents[2] / "chapters/13_millions.ipynb").read_text())
    text = "".join("".join(cell["source"]) for cell in chapter["cells"])
    (line,) = re.findall(r"^torchrun --nnodes (?:.*\\\n)*.*$", text, flags=re.M)
    words = line.replace("\\\n", " ").split()[1:]
    small = {
        "--nnodes": 1, "--nproc-per-node": 2, "--rdzv-endpoint": "localhost:0",
        "--identities": 60, "--images": 10, "--epochs": 1, "--checkpoint": tmp_path / "run",
    }  # fmt: skip
    for name, value in small.items():
        words[words.index(name) + 1] = str(value)
    more = ["--size", 16, "--dim", 16, "--batch-size", 64, "--sample-rate", 0.5]
    done = start_with(words, more)
    assert done.returncode == 0, done.stderr[-3000:]
    report = json.loads(done.stdout.splitlines()[-1])
    assert (report["ranks"], report["classes"], report["steps"]) == (2, 60, 7)
    assert report["step_ms"] > 0
    assert 0 < report["eer"] < 0.5
    assert len(report["peak_mb"]) == 2
    assert (tmp_path / "run" / "step-7" / ".metadata").exists()
    wrong = start_with(words, [*more, "--lr", "high"])
    assert wrong.returncode != 0
    assert "invalid float value: 'high'" in wrong.stderr


def test_a_notebook_starts_scripts_and_reads_what_they_print(tmp_path: Path) -> None:
    script = tmp_path / "says.py"
    script.write_text(
        "import json, os, sys, time\n"
        "print('hello')\n"
        "for k in range(3):\n"
        "    if os.environ['RANK'] == '0': print(json.dumps({'k': k, 'words': sys.argv[1:]}))\n"
        "    sys.stdout.flush()\n"
        "if sys.argv[1] == 'wait': time.sleep(600)\n"
        "if sys.argv[1] == 'fail': raise ValueError('no such luck')\n"
    )
    assert [row["k"] for row in torchrun(2, script, "go", 5)] == [0, 1, 2]
    with pytest.raises(RuntimeError, match=r"code 1 on 2 ranks:[\s\S]*no such luck"):
        list(torchrun(2, script, "fail"))
    rows = torchrun(1, script, "wait")
    assert next(rows) == {"k": 0, "words": ["wait"]}
    rows.close()  # ends the processes, else this would wait ten minutes
