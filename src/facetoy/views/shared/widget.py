"""What all widgets are: a front end, its state, a still picture and a description."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any, ClassVar

import traitlets
from anywidget import AnyWidget

from facetoy.views.shared import bundle


class Picture(AnyWidget):
    """A widget whose whole state is a packed picture, with a still for where it cannot live."""

    #: The script that is shipped, with all that it imports, and the style sheets beside these.
    front_end: ClassVar[Path]

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)
    _meta = traitlets.Dict().tag(sync=True)
    _data = traitlets.Bytes().tag(sync=True)
    _still = traitlets.Bytes().tag(sync=True)
    _alt = traitlets.Unicode().tag(sync=True)

    @traitlets.default("_esm")
    def _default_esm(self) -> str:
        return bundle.script(self.front_end)

    @traitlets.default("_css")
    def _default_css(self) -> str:
        return bundle.style(self.front_end)

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict, dict] | None:
        """The live widget, and a still for viewers that run no widgets (GitHub, nbviewer)."""
        live = super()._repr_mimebundle_(**kwargs)
        if live is None:
            return None
        data, metadata = live
        data["text/plain"] = f"{type(self).__name__}: {self._alt}"
        if self._still:
            data["image/png"] = base64.b64encode(self._still).decode("ascii")
        return data, metadata
