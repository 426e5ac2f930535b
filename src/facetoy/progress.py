"""Progress bars, in terminal and notebook."""

import os
from typing import Any

from tqdm.auto import tqdm


def progress_bar(*args: Any, shown: bool = True, **kwargs: Any) -> tqdm:
    """tqdm's bar; silent unless ``shown``, and where TQDM_DISABLE is set, as in the built book."""
    # tqdm itself heeds the variable in terminals only
    quiet = not shown or bool(os.environ.get("TQDM_DISABLE"))
    return tqdm(*args, leave=False, disable=quiet, **kwargs)
