"""The repository's files agree with each other, and a chapter installs what it needs."""

from __future__ import annotations

import ast
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import nbformat
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text())
ADDRESS = CONFIG["repository"]["url"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
BOOK_PROJECT = tomllib.loads((ROOT / "book/extension/pyproject.toml").read_text())["project"]
NOTEBOOKS = sorted([*ROOT.glob("book/*.ipynb"), *ROOT.glob("chapters/*.ipynb")])
# conda-forge's names, where they differ from PyPI's
CONDA_NAMES = {"torch": "pytorch-cpu", "matplotlib": "matplotlib-base"}


def code_cells(path: Path) -> list[nbformat.NotebookNode]:
    """The code cells of a notebook."""
    return [cell for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]


def addresses(text: str) -> set[str]:
    """Addresses of repositories on GitHub with this repository's name that occur in a text."""
    name = ADDRESS.rsplit("/", 1)[1]
    owners = re.findall(rf"(?:github(?:\.com)?|/gh)/([\w.-]+)/{name}\b", text)
    return {f"https://github.com/{owner}/{name}" for owner in owners}


# ---- one address


def test_project_urls_agree_with_the_configuration() -> None:
    site = CONFIG["html"]["baseurl"]
    assert all(url.startswith((ADDRESS, site)) for url in PROJECT["urls"].values())


@pytest.mark.parametrize(
    "path", [ROOT / "README.md", *NOTEBOOKS], ids=lambda path: path.relative_to(ROOT).as_posix()
)
def test_text_agrees_with_the_configuration(path: Path) -> None:
    assert addresses(path.read_text()) == {ADDRESS}


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "CITATION.cff"])
def test_other_text_names_no_other_address(name: str) -> None:
    assert addresses((ROOT / name).read_text()) <= {ADDRESS}


# ---- one list of packages


def test_conda_environment_has_every_package_of_a_reader() -> None:
    """Core packages, photos and search; the package itself is added by ``postBuild``."""
    listed = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    (pip,) = (part["pip"] for part in listed if isinstance(part, dict))
    python, *conda = (part for part in listed if isinstance(part, str))
    found = {r.name: r.specifier for r in map(Requirement, [*conda, *pip])}
    extras = (PROJECT["optional-dependencies"][name] for name in ("photos", "search"))
    for needed in map(Requirement, [*PROJECT["dependencies"], *itertools.chain(*extras)]):
        assert found.pop(CONDA_NAMES.get(needed.name, needed.name)) == needed.specifier, needed.name
    assert set(found) == {"pip", "jupyterlab"}
    assert python.removeprefix("python=") in SpecifierSet(PROJECT["requires-python"])


def test_constraints_pin_every_named_package() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = {
        canonicalize_name(r.name): r.specifier for r in map(Requirement, filter(is_package, lines))
    }
    named = [
        *PROJECT["dependencies"],
        *itertools.chain(*PROJECT["optional-dependencies"].values()),
        *BOOK_PROJECT["dependencies"],
    ]
    for needed in map(Requirement, named):
        if needed.name == PROJECT["name"]:
            continue
        (pin,) = pins[canonicalize_name(needed.name)]
        assert pin.operator == "=="
        assert "+" not in pin.version, "a local build is to be had nowhere else"
        assert pin.version in needed.specifier


def is_package(line: str) -> bool:
    """Whether a line of the constraints file names a package."""
    return bool(line.strip()) and not line.startswith("#")


def test_script_tools_are_pinned_without_an_address() -> None:
    lock = (ROOT / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    packages = json.loads(lock)["packages"]
    wanted = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    assert wanted == {name: packages[f"node_modules/{name}"]["version"] for name in wanted}


def test_importing_the_package_imports_no_heavy_one() -> None:
    """A new dependency is imported where it is used, or has to be named here."""
    code = "import sys, facetoy; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert not loaded & {"scipy", "torch.distributed.tensor", "torch.distributed.checkpoint"}
    extras = PROJECT["optional-dependencies"]
    named = [*PROJECT["dependencies"], *extras["photos"], *extras["search"]]
    owners = packages_distributions()
    brought = {canonicalize_name(owner) for name in loaded for owner in owners.get(name, ())}
    light = {"torch", "numpy", "anywidget", "ipywidgets", "tqdm"}
    assert brought & {canonicalize_name(Requirement(line).name) for line in named} == light


# ---- the way through the files


def named_files(text: str) -> set[str]:
    """Files and folders that a text names in backticks, but those that are made here."""
    names = re.findall(r"`([\w.-]+/[\w./-]*|[\w.-]+\.(?:py|js|css|toml|jsonc?|yml|txt|md))`", text)
    return {name for name in names if not name.startswith(("_build", ".venv"))}


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "README.md"])
def test_files_that_the_guides_name_exist(name: str) -> None:
    """They are named from the repository's root, or from the package's folder."""
    named = named_files((ROOT / name).read_text())
    assert len(named) > 5
    assert [path for path in sorted(named) if not is_here(path)] == []


def is_here(path: str) -> bool:
    """Whether a file or folder is in the repository, or in the package."""
    return (ROOT / path).exists() or (ROOT / "src/facetoy" / path).exists()


# ---- notebooks


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebook_carries_no_outputs(path: Path) -> None:
    for cell in code_cells(path):
        assert cell.outputs == []
        assert cell.execution_count is None


def test_table_of_contents_lists_what_exists_and_every_chapter() -> None:
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    pages = [page for part in toc["parts"] for page in part["chapters"]]
    rooms = [room for page in pages for room in page.get("sections", ())]
    listed = [toc["root"], *(page["file"] for page in (*pages, *rooms))]
    for name in listed:
        assert (ROOT / f"{name}.ipynb").exists() or (ROOT / f"{name}.md").exists(), name
    assert {path.relative_to(ROOT).with_suffix("").as_posix() for path in NOTEBOOKS} <= set(listed)


def checkout(target: Path) -> Path:
    """A copy of the files that git knows or would add, so that building leaves no trace here."""
    listing = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    for name in filter(None, listing.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)
    return target


def installed(venv: Path) -> dict[str, float]:
    """Every file in an environment but compiled ones, with the time of its last change."""
    return {
        str(path): path.stat().st_mtime
        for path in venv.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def contents(package: Path) -> dict[str, bytes]:
    """Every file of a package but compiled ones: code, scripts and style sheets."""
    files = (path for path in package.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return {path.relative_to(package).as_posix(): path.read_bytes() for path in files}


# Modules that the first cells look for, where a package has another name than its module.
MODULES = {"dlib-bin": "dlib", "faiss-cpu": "faiss", "scikit-image": "skimage", "pillow": "PIL"}
EXTRAS = {"11_photo": ["photos"], "12_one_of_many": ["search"]}


def first_cell(name: str) -> str:
    """The cell that installs what a chapter needs."""
    return code_cells(ROOT / "chapters" / f"{name}.ipynb")[0].source


def install_address() -> str:
    """What installs the package: the repository until there is a release, then the release."""
    dated = re.search(r"^## \[([\d.]+)\] - \d{4}-", (ROOT / "CHANGELOG.md").read_text(), re.M)
    return f"{PROJECT['name']}>={dated[1]}" if dated else f"{PROJECT['name']} @ git+{ADDRESS}"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_first_cell_names_what_the_package_declares(path: Path) -> None:
    """And differs from chapter to chapter in nothing else."""
    cell = code_cells(path)[0].source
    needed = ast.literal_eval(re.search(r"^needed = (\{.*?^\})", cell, re.M | re.S)[1])
    extras = [PROJECT["optional-dependencies"][name] for name in EXTRAS.get(path.stem, [])]
    want = {PROJECT["name"]: install_address()}
    for line in itertools.chain(*extras):
        name = Requirement(line).name
        want[MODULES.get(name, name.replace("-", "_"))] = line
    assert needed == want
    plain = first_cell("02_softmax")
    assert re.sub(r"\{.*?^\}", "", cell, count=1, flags=re.M | re.S) == re.sub(
        r"\{.*?^\}", "", plain, count=1, flags=re.M | re.S
    )


def test_first_cells_install_what_is_missing_and_touch_nothing_else(tmp_path: Path) -> None:
    source = checkout(tmp_path / "checkout").as_uri()
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    environment = {**os.environ, "PIP_CONSTRAINT": str(ROOT / "constraints.txt")}
    environment.pop("PYTHONPATH", None)
    python = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    def run(code: str) -> None:
        local = code.replace(f"git+{ADDRESS}", source)
        subprocess.run([python, "-c", local], env=environment, cwd=tmp_path, check=True)

    run(first_cell("02_softmax"))
    before = installed(venv)
    (package,) = venv.rglob("site-packages/facetoy")
    assert contents(package) == contents(ROOT / "src/facetoy")
    run(
        "import facetoy; facetoy.load('digits'); facetoy.TripletView()._esm.index('export default')"
    )
    for name in EXTRAS:
        run(first_cell(name))
    after = installed(venv)
    assert {name: after.get(name) for name in before} == before
    assert any("face_recognition_models" in name for name in after.keys() - before.keys())
    for name in ("02_softmax", *EXTRAS):
        run(first_cell(name))
    assert installed(venv) == after
