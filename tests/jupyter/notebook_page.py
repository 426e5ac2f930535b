"""A notebook in a browser, in one of Jupyter's front ends, as one who reads it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from playwright.sync_api import Locator, Page, expect

#: In the page: what is open, its code cells as they would be saved, their errors.
MODEL = """() => {
  const widget = window.jupyterapp?.shell.currentWidget;
  const status = widget?.sessionContext?.session?.kernel?.status;
  const cells = [...(widget?.model?.sharedModel?.cells ?? [])].filter((c) => c.cell_type === "code");
  const errors = cells.flatMap((cell) => cell.outputs).filter((o) => o.output_type === "error");
  return { status, counts: cells.map((c) => c.execution_count), errors: errors.map((o) => o.evalue) };
}"""
#: Which cell is chosen, in which mode, of how many, and where the first is in the window.
PLACE = """() => {
  const { activeCellIndex, mode, widgets } = jupyterapp.shell.currentWidget.content;
  return [activeCellIndex, mode, widgets.length, widgets[0].node.getBoundingClientRect().top];
}"""
#: From now on the classes that progress bars have are remembered.
WATCH_BARS = """() => {
  window.bars = new Set();
  const look = () => document.querySelectorAll(".progress-bar").forEach((b) => bars.add(b.className));
  new MutationObserver(look).observe(
    document.body, { attributes: true, childList: true, subtree: true });
}"""


class Notebook:
    """A notebook that has been opened, with a kernel that waits."""

    address: ClassVar[str]
    #: Problems of the front end itself, as regular expressions. On a slow machine its settings are
    #: read before it knows whose they are.
    known: ClassVar[tuple[str, ...]] = (
        r"script error: Cannot read properties of undefined \(reading 'schema'\)$",
        r"script error: Command 'filebrowser:open-path' not registered",
    )

    def __init__(self, page: Page) -> None:
        self.page = page
        self._runs = 0
        self._wait("status === 'idle'", 60)
        page.evaluate(WATCH_BARS)

    def _wait(self, condition: str, seconds: int) -> None:
        """Until a condition on status, counts and errors holds."""
        code = f"() => {{ const {{ status, counts, errors }} = ({MODEL})(); return {condition}; }}"
        self.page.wait_for_function(code, timeout=seconds * 1000)

    def run_all(self) -> None:
        """Run all cells from the menu and wait for the end."""
        self._runs += 1
        self.page.locator(".lm-MenuBar-item", has_text="Run").click()
        self.page.locator(".lm-Menu-item[data-command='runmenu:run-all']").click()
        ended = f"counts.at(-1) === {self._runs} * counts.length && status === 'idle'"
        self._wait(f"errors.length || {ended}", 240)
        errors = self.page.evaluate(MODEL)["errors"]
        assert not errors, errors

    @contextmanager
    def stays(self) -> Iterator[None]:
        """Keys that are pressed here belong to a widget: the notebook stays as it is."""
        before = self.page.evaluate(PLACE)
        yield
        after = self.page.evaluate(PLACE)
        assert after == before, f"{before} before, {after} after"

    def widgets(self) -> Locator:
        return self.page.locator(".facetoy")

    def assert_bars_are_over(self) -> None:
        """There were progress bars; none turned red, as tqdm's does short of its end, none stays."""
        bars = self.page.evaluate("[...window.bars]")
        assert bars
        assert not any("danger" in bar for bar in bars), bars
        expect(self.page.locator(".progress-bar:visible")).to_have_count(0)


class Lab(Notebook):
    """JupyterLab 4."""

    address = "lab/workspaces/{name}/tree/{path}"


class Notebook7(Notebook):
    """Notebook 7."""

    address = "notebooks/{path}"
    # 7.6 asks for fonts that it does not bring
    known = (*Notebook.known, r"/static/notebook/\w+\.woff")


FRONT_ENDS = {"lab": Lab, "notebook": Notebook7}
