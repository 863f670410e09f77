"""Sources made small for the chip: the same program, less to keep in memory."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from itable import compact
from itable.firmware import package_files, package_folder

pytestmark = pytest.mark.requirement("RQ-154")

STUBS = Path(__file__).parents[2] / ".venv" / "micropython-stubs"
MAIN = "from inversion_table import startup\n\nstartup.run()\n"


def package(**modules: str) -> list[tuple[str, bytes]]:
    files = {"__init__": '"""A package."""', **modules}
    return [
        (f"inversion_table/{name.replace('__sub__', '/')}.py", text.encode())
        for name, text in files.items()
    ]


def made(main: str = MAIN, **modules: str) -> dict[str, str]:
    return {
        path.removeprefix("inversion_table/").removesuffix(".py"): text.decode()
        for path, text in compact.compact(package(**modules), [main])
    }


def run(files: dict[str, str], name: str = "startup") -> dict[str, object]:
    """A module that imports nothing, run."""
    scope: dict[str, object] = {}
    exec(files[name], scope)  # noqa: S102 - what the tool made, from the text above it
    return scope


def test_numbers_in_capitals_are_put_in_across_modules() -> None:
    files = made(
        limits="TICK_MS = 10\nLATE_MS = 2 * TICK_MS\nNOT_ONE = 1\nNOT_ONE = 2\n",
        startup="from inversion_table import limits\nfrom inversion_table.limits import TICK_MS\n"
        "def run():\n    return limits.LATE_MS + TICK_MS - limits.NOT_ONE\n",
    )
    assert re.search(r"return 20 \+ 10 - limits\.\w+$", files["startup"])
    assert re.fullmatch(r"(\w+) = 1\n\1 = 2", files["limits"])


def test_a_name_that_a_function_has_itself_is_none_of_the_constants() -> None:
    files = made(startup="A = 1\ndef run(A):\n    return A\n")
    assert run(files)["run"](7) == 7  # type: ignore[operator]


def test_what_nothing_mentions_is_left_out_and_what_a_string_names_stays() -> None:
    files = made(
        startup="def run():\n    return getattr(Thing(), 'by_string')()\n"
        "class Thing:\n    def by_string(self):\n        return 1\n"
        "    def for_the_host(self):\n        return helper()\n"
        "def helper():\n    return 2\n"
        "TABLE = {'a': helper_of_table()} if False else ()\n"
        "def helper_of_table():\n    return 0\n",
    )
    assert "for_the_host" not in files["startup"]
    assert "def helper()" not in files["startup"]
    assert run({"startup": files["startup"].replace("TABLE", "table_")})["run"]() == 1  # type: ignore[operator]


def test_a_module_that_nothing_imports_is_left_out_and_one_handed_on_stays() -> None:
    files = made(
        startup="from inversion_table.store import Store\ndef run():\n    return Store()\n",
        store="from inversion_table.values import Store\n__all__ = ['Store']\n",
        values="class Store:\n    pass\n",
        for_the_host="def decode():\n    pass\n",
    )
    assert set(files) == {"__init__", "startup", "store", "values"}
    assert "import Store" in files["store"]


def test_names_are_shortened_everywhere_alike_but_for_those_that_others_have() -> None:
    files = made(
        startup="from inversion_table.thing import Counter_of_ticks\n"
        "def run():\n    counter = Counter_of_ticks(first_value=3)\n"
        "    counter.step_onward()\n    return counter.value, counter.ticks_so_far\n",
        thing="class Counter_of_ticks:\n    def __init__(self, first_value):\n"
        "        self.ticks_so_far = first_value\n        self.value = 0\n"
        "    def step_onward(self):\n        self.ticks_so_far += 1\n        self.append(1)\n"
        "    def append(self, what):\n        self.value += what\n",
    )
    for name in ("Counter_of_ticks", "ticks_so_far", "step_onward", "first_value"):
        assert name not in files["startup"] + files["thing"]
    for name in ("append", "value"):
        assert name in files["thing"]
    together = files["thing"] + re.sub(r"from inversion.*\n", "", files["startup"])
    assert run({"startup": together})["run"]() == (1, 4)  # type: ignore[operator]


def test_names_of_an_entry_are_left_alone() -> None:
    files = made(
        main=MAIN + "startup.asked_by_main()\n",
        startup="def run():\n    pass\ndef asked_by_main():\n    pass\n",
    )
    assert "def asked_by_main" in files["startup"]


def test_the_firmware_is_made_the_same_each_time_and_much_smaller() -> None:
    folder = package_folder()
    assert folder is not None
    sources = package_files(folder)
    first, second = (compact.compact(sources, [MAIN]) for _ in range(2))
    assert first == second
    assert sum(len(text) for _, text in first) < 0.55 * sum(len(text) for _, text in sources)
    for path, text in first:
        ast.parse(text, path)


def test_every_name_that_micropython_has_too_is_kept() -> None:
    folder = package_folder()
    assert folder is not None
    if not STUBS.is_dir():
        pytest.skip("no MicroPython stubs here: run `make setup`")
    theirs: set[str] = set()
    for stub in STUBS.rglob("*.pyi"):
        text = re.sub(r'"""[\s\S]*?"""', "", stub.read_text())
        theirs.update(re.findall(r"[A-Za-z_][A-Za-z0-9_]*", text))
    ours: set[str] = set()
    for path, source in package_files(folder):
        ours |= compact._defined(ast.parse(source, path))
    shortened = {name for name in ours if len(name) > 3 and not name.startswith("__")}
    both = (shortened & theirs) - compact._OF_PYTHON
    assert both <= compact.KEPT, sorted(both - compact.KEPT)
