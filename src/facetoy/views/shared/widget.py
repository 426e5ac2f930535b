"""What all widgets are: a front end, its state, a description, and what else stands in for them."""

from __future__ import annotations

import base64
import re
from html import unescape
from pathlib import Path
from typing import Any, ClassVar

import traitlets
from anywidget import AnyWidget

from facetoy.views.shared import bundle


class Widget(AnyWidget):
    """A widget with a front end of its own, and something to see for where it cannot live."""

    #: The script that is shipped, with all that it imports, and the style sheets beside these.
    front_end: ClassVar[Path]

    # ipywidgets 7 (Colab) would show the live widget by it, and nothing that stands in for it.
    _ipython_display_ = None

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)
    _alt = traitlets.Unicode().tag(sync=True)

    @traitlets.default("_esm")
    def _default_esm(self) -> str:
        return bundle.script(self.front_end)

    @traitlets.default("_css")
    def _default_css(self) -> str:
        return bundle.style(self.front_end)

    def _stand_in(self) -> dict[str, str]:
        """By mime type: what viewers show that run no widgets (GitHub, nbviewer)."""
        return {"text/plain": f"{type(self).__name__}: {self._alt}"}

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict, dict] | None:
        """The live widget and its stand-in; a viewer shows the one that it can show best."""
        live = super()._repr_mimebundle_(**kwargs)
        if live is None:
            return None
        data, metadata = live
        return {**data, **self._stand_in()}, metadata


class Picture(Widget):
    """A widget whose whole state is a packed picture; a still stands in for it."""

    _meta = traitlets.Dict().tag(sync=True)
    _data = traitlets.Bytes().tag(sync=True)
    _still = traitlets.Bytes().tag(sync=True)

    def _stand_in(self) -> dict[str, str]:
        stand_in = super()._stand_in()
        if self._still:
            stand_in["image/png"] = base64.b64encode(self._still).decode("ascii")
        return stand_in


class Words(Widget):
    """A widget made of words: its front end builds on the HTML that else stands in for it."""

    _html = traitlets.Unicode().tag(sync=True)

    def _stand_in(self) -> dict[str, str]:
        lines = re.sub(r"</(?:p|li)>", "\n", self._html)
        plain = re.sub(r"\n\s*", "\n", unescape(re.sub(r"<[^>]*>", "", lines))).strip()
        return {"text/plain": plain, "text/html": self._html}
