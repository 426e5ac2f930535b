"""TrainingPanel: train in the notebook and watch the sphere while it happens.

The panel trains one run when it is made, so that a page without a kernel has something to show.
Its settings appear in the page only after a kernel has answered: the page says "hello", "train" or
"stop", Python answers "ready", "progress", "done" or "error", always with a sentence. The picture
itself travels in the traits of SphereView.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import traitlets

from facetoy.data import Data, load
from facetoy.training.fitting import fit
from facetoy.training.runs import Run
from facetoy.views.shared.settings import loss_arguments
from facetoy.views.shared.sides import side
from facetoy.views.shared.sphere_still import draw_still
from facetoy.views.shared.titles import LOSS_TITLES
from facetoy.views.shared.widget import Picture
from facetoy.views.sphere_view.packing import pack
from facetoy.views.sphere_view.sphere_view import describe

PAUSE = 0.12  # seconds between pictures, at least; more often than this nobody can see


def sentence(error: Exception) -> str:
    """What went wrong, as one sentence for the panel."""
    text = str(error).strip() or type(error).__name__
    return f"This does not train: {text.rstrip('.')}."


class TrainingPanel(Picture):
    """A form to train a loss with, above the same picture as SphereView's.

    Args:
        data: what to train on; the digits if None.
        **defaults: what the form begins with and the first run is trained with: ``loss``,
            ``dim`` (2 or 3), ``epochs`` and the loss's own arguments such as ``m`` and ``s``.
            Other arguments of ``facetoy.fit``, such as ``seed`` and ``device``, hold for all runs.

    Training goes on in a thread, so that the notebook stays free; Stop keeps what was trained.
    Wrong settings are told in the panel. Raises what ``facetoy.fit`` raises for wrong defaults,
    and ValueError for a ``dim`` other than 2 and 3.

    Attributes:
        run: the run on show.
    """

    front_end = Path(__file__).with_suffix(".js")
    _options = traitlets.Dict().tag(sync=True)

    def __init__(self, data: Data | None = None, **defaults: Any) -> None:
        arguments = loss_arguments()
        own = {name for names in arguments.values() for name in names}
        defaults = {"loss": "arcface", "dim": 3, "epochs": 60, **defaults}
        if defaults["dim"] not in (2, 3):
            raise ValueError(f"dim must be 2 or 3, got {defaults['dim']!r}")
        self.data = load("digits") if data is None else data
        self.run: Run
        self._fixed = {
            k: v for k, v in defaults.items() if k not in {"loss", "dim", "epochs", *own}
        }
        self._stopping = threading.Event()
        self._busy = threading.Lock()
        self._thread: threading.Thread | None = None
        self._shown = 0.0
        super().__init__(
            _options={
                "losses": {
                    name: {"label": LOSS_TITLES.get(name, name), "arguments": args}
                    for name, args in arguments.items()
                },
                "defaults": {k: v for k, v in defaults.items() if k not in self._fixed},
            }
        )
        self._show(fit(data=self.data, progress=False, **defaults), final=True)
        self.on_msg(self._hear)

    def _show(self, run: Run, *, final: bool) -> None:
        """Put a run, finished or not, into the picture."""
        self.run = run
        view = side(run)
        meta, data = pack([view], step=len(run.steps) - 1, unit=True, autoplay=False)
        with self.hold_sync():
            self._meta, self._data = meta, data
            if final:
                self._still = draw_still([view])
                self._alt = describe(view, -1)

    def _hear(self, _: Any, message: Any, __: Any = None) -> None:
        """Answer a message of the page."""
        kind = message.get("type") if isinstance(message, dict) else None
        if kind == "hello":
            training = self._busy.locked()
            text = "Training …" if training else f"Trains on {self.run.device}."
            self.send({"type": "ready", "text": text, "training": training})
        elif kind == "stop":
            self._stopping.set()
        elif kind == "train" and self._busy.acquire(blocking=False):
            self._stopping.clear()
            settings = message.get("settings", {})
            self._thread = threading.Thread(target=self._train, args=(settings,), daemon=True)
            self._thread.start()

    def _train(self, settings: dict[str, Any]) -> None:
        """Train with the page's settings and tell it how it goes. Runs in a thread."""
        began = time.monotonic()

        def watch(run: Run) -> None:
            if self._stopping.is_set():
                raise KeyboardInterrupt
            if time.monotonic() - self._shown < PAUSE:
                return
            self._show(run, final=False)
            self._shown = time.monotonic()
            step, epoch = int(run.steps[-1]), len(run.history["loss"])
            total = (
                -(-len(self.data.train_labels) // run.config["batch_size"]) * run.config["epochs"]
            )
            text = f"Epoch {epoch} of {run.config['epochs']} on {run.device}"
            self.send({"type": "progress", "part": step / total, "text": text})

        try:
            run = fit(
                data=self.data, progress=False, on_snapshot=watch, **{**self._fixed, **settings}
            )
            self._show(run, final=True)
            ends = {"diverged": "Diverged", "interrupted": "Stopped"}
            how = next((word for end, word in ends.items() if run.config[end]), "Trained")
            text = f"{how} after {time.monotonic() - began:.1f} s on {run.device}."
            self.send({"type": "done", "text": text})
        except Exception as error:
            self.send({"type": "error", "text": sentence(error)})
        finally:
            self._busy.release()
