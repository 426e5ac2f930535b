"""Fill the execution cache of the book in the current folder, or draw the README's picture.

`python -m facetoy_book run NOTEBOOK ...` executes those that the cache does not know, as many at a
time as there are processors; `python -m facetoy_book take FOLDER` takes in notebooks that were
executed elsewhere, with recorded timing. `python -m facetoy_book picture FILE` draws.
"""

import sys
from pathlib import Path

from facetoy_book.cache import run, take

if __name__ == "__main__":
    command, *names = sys.argv[1:]
    if command == "run":
        run(names, Path.cwd())
    elif command == "picture":
        from facetoy_book.picture import draw  # brings torch, which the others do not need

        draw(Path(names[0]))
    else:
        take(Path(names[0]), Path.cwd())
