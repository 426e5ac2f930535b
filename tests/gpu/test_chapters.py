"""The chapters train on a GPU what they train on a CPU. Here with few epochs, so that their claims
are not asked; ``FACETOY_REHEARSE=1`` runs this without a GPU."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from brief import brief

CHAPTERS = Path(__file__).parents[2] / "chapters"
# Those that train with one process; 11 and 12 ask others' networks and indexes.
NAMES = sorted(p.stem for p in CHAPTERS.glob("[01]*.ipynb") if p.stem[:2] not in ("11", "12", "13"))


@pytest.mark.skipif(
    not (torch.cuda.is_available() or "FACETOY_REHEARSE" in os.environ), reason="no CUDA device"
)
@pytest.mark.parametrize("name", NAMES)
def test_a_chapter_runs_there(name: str, tmp_path: Path):
    cells = json.loads((CHAPTERS / f"{name}.ipynb").read_text())["cells"]
    code = ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]
    script = tmp_path / "chapter.py"
    script.write_text(brief(20) + "\n\n".join(code[1:]))  # the first cell installs
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, timeout=300,
        env={**os.environ, "MPLBACKEND": "agg", "TQDM_DISABLE": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
