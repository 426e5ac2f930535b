"""One script out of many, run by Node as a browser would run it."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from facetoy.views.shared import bundle


@pytest.fixture
def write(tmp_path: Path) -> Callable[[dict[str, str]], Path]:
    """Write files by name; returns the path of ``entry.js``."""

    def write(files: dict[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path / "entry.js"

    return write


@pytest.fixture
def run(tmp_path: Path, node: Path) -> Callable[[str], Any]:
    """What a script exports by default."""

    def run(script: str) -> Any:
        (tmp_path / "shipped.mjs").write_text(script, encoding="utf-8")
        show = 'import found from "./shipped.mjs"; console.log(JSON.stringify(await found));'
        command = [node, "--input-type=module", "--eval", show]
        done = subprocess.run(
            command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


SAY = "(globalThis.said ??= []).push"
DIAMOND = {
    "entry.js": 'import { a } from "./parts/a.js";\nimport { b } from "./parts/b.js";\n'
    f'{SAY}("entry");\nexport default [a, b, ...globalThis.said];\n',
    "parts/a.js": f'import {{ c }} from "../c.js";\n{SAY}("a");\nexport const a = c + 1;\n',
    "parts/b.js": f'import {{ c }} from "../c.js";\n{SAY}("b");\nexport const b = c + 2;\n',
    "c.js": f'{SAY}("c");\nexport const c = 10;\n',
}


def test_each_module_runs_once_and_after_those_that_it_imports(write, run):
    entry = write(DIAMOND)
    assert [path.name for path in bundle.modules(entry)] == ["c.js", "a.js", "b.js", "entry.js"]
    assert run(bundle.script(entry)) == [11, 12, "c", "a", "b", "entry"]


def test_imports_take_other_names_and_may_span_lines(write, run):
    entry = write(
        {
            "entry.js": 'import {\n  one as first,\n  two,\n} from "./a.js";\n'
            "const one = 3;\nexport default [first, two, one];\n",
            "a.js": "export const one = 1;\nexport const two = 2;\n",
        }
    )
    assert run(bundle.script(entry)) == [1, 2, 3]


def test_functions_classes_and_constants_are_exported_and_nothing_else_is(write, run):
    entry = write(
        {
            "entry.js": 'import { A, b, c, d, e } from "./a.js";\nconst hidden = 5;\n'
            "export default c().then((c) => [new A().own, b(), c, [...d()], e, hidden]);\n",
            "a.js": "const hidden = 1;\nexport class A {\n  own = hidden;\n}\n"
            "export function b() {\n  return 2;\n}\nexport async function c() {\n  return 3;\n}\n"
            "export function* d() {\n  yield 4;\n}\nexport const e = hidden + 4;\n",
        }
    )
    assert run(bundle.script(entry)) == [1, 2, 3, [4], 5, 5]


def test_modules_of_one_name_in_two_folders_stay_apart(write, run):
    entry = write(
        {
            "entry.js": 'import { a } from "./x/part.js";\nexport default a;\n',
            "x/part.js": 'import { b } from "../y/part.js";\nexport const a = b + 1;\n',
            "y/part.js": "export const b = 1;\n",
        }
    )
    assert run(bundle.script(entry)) == 2


def test_a_circle_is_an_error_that_names_both_ends(write):
    entry = write(
        {
            "entry.js": 'import { a } from "./a.js";\nexport default a;\n',
            "a.js": 'import { b } from "./b.js";\nexport const a = () => b;\n',
            "b.js": 'import { a } from "./a.js";\nexport const b = () => a;\n',
        }
    )
    with pytest.raises(ValueError, match=r"a\.js imports itself, by way of .*b\.js"):
        bundle.script(entry)


@pytest.mark.parametrize(
    "line",
    [
        "export { a };",
        "export let a = 1;",
        "export default 1;",
        'export * from "./b.js";',
        'import "./b.js";',
        'import b from "./b.js";',
        'import * as b from "./b.js";',
        "import { b } from './b.js';",
        'import { b } from "b";',
    ],
)
def test_other_imports_and_exports_are_errors_that_show_the_line(write, line):
    entry = write(
        {
            "entry.js": 'import { a } from "./a.js";\nexport default a;\n',
            "a.js": f"const a = 1;\n{line}\n",
            "b.js": "export const b = 1;\n",
        }
    )
    with pytest.raises(ValueError, match=r"a\.js: not understood: ") as error:
        bundle.script(entry)
    assert str(error.value).endswith(line)


def test_comments_stay_behind_and_code_beside_them_does_not(write, run):
    entry = write(
        {
            "entry.js": "// gone\n/** gone */\n/**\n * gone * too\n */\n"
            "const twice = (/** @type {number} gone */ x) =>\n  // gone\n"
            "  /** @type {number} gone */ (2 * x);\n"
            'const where = "https://kept"; // gone\nexport default [twice(4), where];\n',
        }
    )
    script = bundle.script(entry)
    assert "gone" not in script
    assert run(script) == [8, "https://kept"]


def test_given_texts_stand_in_for_files(write, run):
    entry = write(DIAMOND)
    script = bundle.script(entry, {"c.js": "export const c = 20;\n"})
    assert run(f"globalThis.said = [];\n{script}") == [21, 22, "a", "b", "entry"]


def test_style_sheets_come_once_in_the_order_of_their_modules(write):
    sheets = {"c.css": "c {}", "parts/b.css": "b {}", "entry.css": "e {}", "alone.css": "x {}"}
    assert bundle.style(write(DIAMOND | sheets)).split("\n") == ["c {}", "b {}", "e {}"]
