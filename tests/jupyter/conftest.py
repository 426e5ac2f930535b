"""A Jupyter server of its own, and what opens notebooks there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from notebook_page import FRONT_ENDS, Notebook
from playwright.sync_api import Page

START_SECONDS = 120
OPTIONS = (
    *("--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0"),
    *("--IdentityProvider.token=", "--ServerApp.password=", "--LabApp.extension_manager=readonly"),
    *("--LabApp.expose_app_in_browser=True", "--JupyterNotebookApp.expose_app_in_browser=True"),
)
#: JupyterLab offers to fetch news from the network, unless it knows that nobody wants them.
QUIET = {"checkForUpdates": False, "doNotDisturbMode": True, "fetchNews": "false"}
QUIET_FILE = "lab/user-settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"


class Server(NamedTuple):
    """A running server: its address, and the folder that it shows."""

    url: str
    root: Path


def wait_for_address(runtime: Path, process: subprocess.Popen, log: Path) -> str:
    """What the server writes down once it listens; ends with a slash."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        for file in runtime.glob("jpserver-*.json"):
            try:
                return json.loads(file.read_text())["url"]
            except json.JSONDecodeError:  # it is still being written
                pass
        time.sleep(0.1)
    pytest.fail(f"no Jupyter server:\n{log.read_text()[-3000:]}", pytrace=False)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Jupyter server with settings, kernels and files of its own, and progress bars shown."""
    home = tmp_path_factory.mktemp("jupyter")
    kinds = ("config", "data", "runtime")
    folders = {f"JUPYTER_{kind.upper()}_DIR": str(home / kind) for kind in kinds}
    root = home / "root"
    root.mkdir()
    quiet = home / "config" / QUIET_FILE
    quiet.parent.mkdir(parents=True)
    quiet.write_text(json.dumps(QUIET))
    env = {**os.environ, **folders, "IPYTHONDIR": str(home / "ipython")}
    env.pop("TQDM_DISABLE", None)
    log = home / "log.txt"
    command = [sys.executable, "-m", "jupyterlab", *OPTIONS, f"--ServerApp.root_dir={root}"]
    with log.open("w") as out:
        process = subprocess.Popen(command, env=env, stdout=out, stderr=out, cwd=home)
    try:
        yield Server(wait_for_address(home / "runtime", process, log), root)
    finally:
        process.terminate()  # it ends its kernels first
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()


@pytest.fixture
def start(server: Server, visit: Callable[..., Page]) -> Callable[[str, str, dict], Notebook]:
    """Open a notebook: ``start("lab", "name", content)``."""

    def start(front_end: str, name: str, content: dict) -> Notebook:
        file = server.root / front_end / f"{name}.ipynb"
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(content))
        kind = FRONT_ENDS[front_end]
        address = kind.address.format(name=name, path=f"{front_end}/{name}.ipynb")
        return kind(visit(server.url + address, ignore=kind.known))

    return start
