"""Versions to test with, as requirements: `newest`, `lowest`, or `colab FILE` with its own list.

torch is left out: which build fits is for the machine to say. Each list is what is there before a
chapter's first cell runs: a Jupyter kernel and the packages that it stands on, but not what Colab
lacks.
"""

import re
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]


COPY = Path(__file__).with_name("colab.txt")
KERNEL = ["ipykernel"]  # without it there is no chapter to run


def pins(path: Path) -> dict[str, str]:
    """Versions in a `pip freeze`, by name."""
    lines = re.findall(r"^([\w.-]+)==(\S+)$", path.read_text("utf-8"), re.MULTILINE)
    return {canonicalize_name(name): version for name, version in lines}


def needed() -> list[Requirement]:
    """What a learner installs: the core packages and the extras for photos and search."""
    extras = PROJECT["optional-dependencies"]
    return [*map(Requirement, [*PROJECT["dependencies"], *extras["photos"], *extras["search"]])]


def newest() -> list[str]:
    """The packages without a version."""
    return [*KERNEL, *(r.name for r in needed() if r.name != "torch")]


def lowest() -> list[str]:
    """The lower bound of each package."""
    bounds = {r.name: next(iter(r.specifier)).version for r in needed()}
    return [*KERNEL, *(f"{name}=={bounds[name]}" for name in bounds if name != "torch")]


def colab(path: Path) -> list[str]:
    """Colab's versions, from its list, of the packages in our copy; dlib's wheel for its dlib."""
    found = pins(path)
    same = [f"{name}=={found[name]}" for name in pins(COPY) if name not in ("torch", "dlib")]
    return [*same, "dlib-bin"]


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["newest"]:
            lines = newest()
        case ["lowest"]:
            lines = lowest()
        case ["colab", path]:
            lines = colab(Path(path))
        case other:
            sys.exit(f"{other} is not one of: newest, lowest, colab FILE")
    print(*lines, sep="\n")
