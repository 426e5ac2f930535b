"""A notebook in a browser, in one of Jupyter's front ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import ClassVar

from playwright.sync_api import Locator, Page, expect

#: From now on the classes that progress bars have are remembered.
WATCH_BARS = """() => {
  window.bars = new Set();
  const look = () => {
    for (const bar of document.querySelectorAll(".progress-bar")) bars.add(bar.className);
  };
  new MutationObserver(look).observe(
    document.body, { attributes: true, childList: true, subtree: true });
}"""


class Notebook:
    """A notebook that has been opened, with a kernel that waits."""

    address: ClassVar[str]
    #: Problems of the front end itself, as regular expressions.
    known: ClassVar[tuple[str, ...]] = ()
    #: What to click for running all cells.
    menu: ClassVar[tuple[str, str]]
    #: In the page: the kernel's status, the numbers of the code cells, and the errors in them.
    model: ClassVar[str]
    #: In the page: which cell is chosen, in which mode, of how many, and where the first one is.
    where: ClassVar[str]

    def __init__(self, page: Page) -> None:
        self.page = page
        self._runs = 0
        self._wait("status === 'idle'", 60)
        page.evaluate(WATCH_BARS)

    def _wait(self, condition: str, seconds: int) -> None:
        """Until a condition on status, counts and errors holds."""
        look = f"const {{ status, counts, errors }} = ({self.model})();"
        self.page.wait_for_function(
            f"() => {{ {look} return {condition}; }}", timeout=seconds * 1000
        )

    def run_all(self) -> None:
        """Run all cells from the menu and wait for the end."""
        self._runs += 1
        for item in self.menu:
            self.page.locator(item).click()
        ended = f"counts.at(-1) === {self._runs} * counts.length && status === 'idle'"
        self._wait(f"errors.length || {ended}", 480)
        errors = self.page.evaluate(self.model)["errors"]
        assert not errors, errors

    @contextmanager
    def stays(self) -> Iterator[None]:
        """Keys that are pressed here belong to a widget: the notebook stays as it is."""
        before = self.page.evaluate(self.where)
        yield
        after = self.page.evaluate(self.where)
        assert after == before, f"{before} before, {after} after"

    def widgets(self) -> Locator:
        return self.page.locator(".facetoy")

    def assert_bars_are_over(self) -> None:
        """There were bars; none turned red, as tqdm's does short of its end, and none stays."""
        bars = self.page.evaluate("[...window.bars]")
        assert bars
        assert not any("danger" in bar for bar in bars), bars
        expect(self.page.locator(".progress-bar:visible")).to_have_count(0)


class Lab(Notebook):
    """JupyterLab 4."""

    address = "lab/workspaces/{name}/tree/{path}"
    # On a slow machine its settings are read before it knows whose they are, and anywidget
    # complains of a script that loads for two seconds. It lives all the same; tests look for that.
    known = (
        r"script error: \[anywidget\] Failed to initialize model\.$",
        r"script error: Cannot read properties of undefined \(reading 'schema'\)$",
        r"script error: Command 'filebrowser:open-path' not registered",
    )
    menu = (".lm-MenuBar-item:has-text('Run')", ".lm-Menu-item[data-command='runmenu:run-all']")
    model = """() => {
      const widget = window.jupyterapp?.shell.currentWidget;
      const status = widget?.sessionContext?.session?.kernel?.status;
      const all = [...(widget?.model?.sharedModel?.cells ?? [])];
      const cells = all.filter((cell) => cell.cell_type === "code");
      const errors = cells.flatMap((c) => c.outputs).filter((o) => o.output_type === "error");
      const counts = cells.map((cell) => cell.execution_count);
      return { status, counts, errors: errors.map((output) => output.evalue) };
    }"""
    where = """() => {
      const { activeCellIndex, mode, widgets } = jupyterapp.shell.currentWidget.content;
      const { top } = widgets[0].node.getBoundingClientRect();
      return [activeCellIndex, mode, widgets.length, top];
    }"""


class Notebook7(Lab):
    """Notebook 7."""

    address = "notebooks/{path}"
    # 7.6 asks for fonts that it does not bring
    known = (*Lab.known, r"/static/notebook/\w+\.woff")


class Classic(Notebook):
    """The classic notebook, in which ipywidgets 7 lives."""

    address = "nbclassic/notebooks/{path}"
    # A style sheet of its own asks for a font from an empty address.
    known = ("about:blank", r"net::ERR_FAILED", Lab.known[0])
    menu = ("#menubar a:text-is('Cell')", "#run_all_cells a")
    model = """() => {
      const notebook = window.Jupyter?.notebook;
      if (!notebook?._fully_loaded || !notebook.kernel?.is_connected()) return { status: "absent" };
      const cells = notebook.get_cells().filter((cell) => cell.cell_type === "code");
      const outputs = cells.flatMap((cell) => cell.output_area.outputs);
      const errors = outputs.filter((output) => output.output_type === "error");
      const counts = cells.map((cell) => cell.input_prompt_number);
      const status = notebook.kernel_busy || !notebook.kernel.info_reply.banner ? "busy" : "idle";
      return { status, counts, errors: errors.map((output) => output.evalue) };
    }"""
    where = """() => {
      const { notebook } = Jupyter;
      const { top } = notebook.get_cell(0).element[0].getBoundingClientRect();
      return [notebook.get_selected_index(), notebook.mode, notebook.ncells(), top];
    }"""


#: Those in which the installed ipywidgets can show anything.
FRONT_ENDS = (
    {"classic": Classic}
    if int(version("ipywidgets").split(".")[0]) < 8
    else {"lab": Lab, "notebook": Notebook7}
)
