"""Versions to test with, as constraints for pip: `lowest`, or `colab FILE` from a list of Colab's.

torch is left out: which build fits is for the machine to say.
"""

import re
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]


def needed() -> list[Requirement]:
    """What a learner installs: the core packages and the extras for photos and search."""
    extras = PROJECT["optional-dependencies"]
    return [*map(Requirement, [*PROJECT["dependencies"], *extras["photos"], *extras["search"]])]


def lowest() -> list[str]:
    """The lower bound of each package."""
    bounds = {r.name: next(iter(r.specifier)).version for r in needed()}
    return [f"{name}=={version}" for name, version in bounds.items() if name != "torch"]


def colab(path: str) -> list[str]:
    """Colab's versions of the packages that are needed, from a `pip freeze` of it."""
    names = {canonicalize_name(r.name) for r in needed()} - {"torch"}
    lines = re.findall(r"^([\w.-]+)==(\S+)$", Path(path).read_text(), re.MULTILINE)
    return [f"{name}=={version}" for name, version in lines if canonicalize_name(name) in names]


if __name__ == "__main__":
    print(*(lowest() if sys.argv[1] == "lowest" else colab(sys.argv[2])), sep="\n")
