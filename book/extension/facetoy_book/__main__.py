"""Run notebooks of the book in the current folder, or draw the README's picture.

`python -m facetoy_book run` runs those that the book's cache does not know, as many at a time as
there are processors; `chapter NUMBER` runs a chapter and builds its page; `take FOLDER` takes in
notebooks that were executed elsewhere, with recorded timing. `picture FILE` draws.
"""

import sys
from pathlib import Path


def main(command: str, name: str = "") -> None:
    """Do what the command says."""
    if command == "picture":
        from facetoy_book.picture import draw  # brings torch, which the others do not need

        draw(Path(name))
    elif command == "take":
        from facetoy_book.cache import take

        take(Path(name), Path.cwd())
    elif command == "chapter":
        from facetoy_book.running import chapter

        chapter(name, Path.cwd())
    else:
        from facetoy_book.running import run

        run(Path.cwd())


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit("Interrupted. What has been run is kept.")
