"""Sources made small for the chip: the same program, less to keep in memory."""

from __future__ import annotations

import ast
import builtins
import re
import sys
import traceback
import types
from pathlib import Path

import pytest

from inversion_table.contract.messages import contract_hash
from itable import compact
from itable.compact import kept, scopes, syntax
from itable.errors import InputError
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


def loaded(files: dict[str, str]) -> dict[str, object]:
    """`startup`, with the other files where its imports find them."""
    modules = {}
    for name in files:
        whole = "inversion_table" if name == "__init__" else f"inversion_table.{name}"
        modules[whole] = types.ModuleType(whole)
    kept_modules = dict(sys.modules)

    def put_back() -> None:
        for name in modules:
            sys.modules.pop(name, None)
        sys.modules.update(kept_modules)

    def run_it() -> object:
        sys.modules.update(modules)
        try:
            return modules["inversion_table.startup"].run()
        finally:
            put_back()

    sys.modules.update(modules)
    try:
        for name, text in sorted(files.items(), key=lambda item: item[0] != "startup"):
            if name != "__init__":
                exec(text, vars(modules[f"inversion_table.{name}"]))  # noqa: S102 - as above
    finally:
        put_back()
    return {"run": run_it}


def test_numbers_in_capitals_are_put_in_across_modules() -> None:
    files = made(
        limits="TICK_MS = 10\nLATE_MS = 2 * TICK_MS\nNOT_ONE = 1\nNOT_ONE = 2\n",
        startup="from inversion_table import limits\nfrom inversion_table.limits import TICK_MS\n"
        "def run():\n    return limits.LATE_MS + TICK_MS - limits.NOT_ONE\n",
    )
    assert re.search(r"(\w+) = 1\n\1 = 2\n[\s\S]*return 20 \+ 10 - \1$", files["startup"])


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


def test_modules_that_are_loaded_together_are_one_and_what_nothing_imports_is_left_out() -> None:
    files = made(
        startup="from inversion_table.store import Store\nfrom inversion_table import things as t\n"
        "def run():\n    def count(value):\n        return value + t.count(1)\n"
        "    return Store().kept + count(3)\n",
        store="from inversion_table.values import Store\n__all__ = ['Store']\n",
        values="from inversion_table.things import count\n"
        "class Store:\n    kept = count(1)\n    def value(self):\n        return self.kept\n",
        things="def count(value):\n    return value * 10\n",
        for_the_host="def decode():\n    pass\n",
    )
    assert set(files) == {"__init__", "startup"}
    assert run(files)["run"]() == 23  # type: ignore[operator]


def test_what_only_a_function_imports_is_a_file_of_its_own() -> None:
    files = made(
        startup="from inversion_table.things import Thing\n"
        "def run():\n    from inversion_table.deep.rare import work as do\n"
        "    return do(Thing())\n",
        things="class Thing:\n    def size(self):\n        return 4\n",
        deep__sub____init__="",
        deep__sub__rare="from inversion_table.things import Thing\n"
        "from inversion_table import few\n"
        "def work(thing):\n    return few.twice(thing.size()), isinstance(thing, Thing)\n",
        few="def twice(value):\n    return 2 * value\n",
    )
    assert set(files) == {"__init__", "startup", "rare"}
    assert loaded(files)["run"]() == (8, True)  # type: ignore[operator]


@pytest.mark.parametrize(
    "text",
    [
        "from inversion_table import things\ndef run():\n    return things\n",
        "from inversion_table import things\ndef run():\n    return things.absent\n",
        "def run():\n    from inversion_table import rare\n    return rare.work()\n",
    ],
)
def test_what_cannot_be_put_together_is_an_error_with_its_place(text: str) -> None:
    with pytest.raises(InputError) as caught:
        made(startup=text, things="X = {}\nX['a'] = 1\n", rare="def work():\n    pass\n")
    assert "inversion_table/startup.py, line" in str(caught.value.where)


def test_columns_that_nothing_asks_for_are_emptied() -> None:
    files = made(
        startup="ROWS = (('first', 1, 'a text'), ('second', 2, 'another'))\n"
        "ASKED = {'a': ('kind', ('x',), 'long')}\nWHOLE = (('p', 'q'), ('r', 's'))\n"
        "def run(n):\n    kind, _, length = ASKED['a']\n"
        "    return ROWS[n][0], ROWS[-1][1], kind, length, len(ROWS), 'b' in ASKED, use(WHOLE)\n"
        "def use(rows):\n    return rows[0][1]\n",
    )
    assert "a text" not in files["startup"]
    assert "another" not in files["startup"]
    assert "'x'" not in files["startup"]
    told = run(files)["run"](0)  # type: ignore[operator]
    assert told == ("first", 2, "kind", "long", 2, False, "q")


def test_a_table_may_be_asked_from_another_file() -> None:
    files = made(
        startup="from inversion_table.things import ROWS\n"
        "def run():\n    from inversion_table.rare import work\n    return work(), ROWS[1][0]\n",
        rare="from inversion_table.things import ROWS as rows\n"
        "def work():\n    return rows[0][2]\n",
        things="ROWS = (('first', 'nobody', 'third'), ('one', 'anybody', 'three'))\n",
    )
    assert loaded(files)["run"]() == ("third", "one")  # type: ignore[operator]
    assert "body" not in "".join(files.values())


def test_attributes_share_names_but_never_inside_a_class_or_its_heirs() -> None:
    files = made(
        startup="class First:\n    def __init__(self):\n        self.one_thing = 1\n"
        "        self.other_thing = 2\n"
        "class Heir(First):\n    def both_things(self):\n        self.third_thing = 3\n"
        "        return self.one_thing, self.other_thing, self.third_thing\n"
        "class Stranger:\n    def __init__(self):\n        self.stranger_thing = 4\n"
        "def run():\n    heir = Heir()\n    heir.one_thing += 10\n"
        "    return heir.both_things(), Stranger().stranger_thing\n",
    )
    assert run(files)["run"]() == ((11, 2, 3), 4)  # type: ignore[operator]
    used = set(re.findall(r"(?:self\.|    def )(\w+)(?: = |\()", files["startup"]))
    assert len(used) == 5, used  # __init__, and four for five attributes


def test_names_are_shortened_everywhere_alike_but_for_those_that_others_have() -> None:
    files = made(
        startup="from inversion_table.thing import Counter_of_ticks\n"
        "def run():\n    counter = Counter_of_ticks(3)\n"
        "    counter.step_onward()\n    return counter.value, counter.ticks_so_far\n",
        thing="class Counter_of_ticks:\n    def __init__(self, first_value):\n"
        "        self.ticks_so_far = first_value\n        self.value = 0\n"
        "    def step_onward(self):\n        self.ticks_so_far += 1\n        self.append(1)\n"
        "    def append(self, what):\n        self.value += what\n",
    )
    for name in ("Counter_of_ticks", "ticks_so_far", "step_onward", "first_value"):
        assert name not in files["startup"]
    for name in ("append", "value"):
        assert name in files["startup"]
    assert run(files)["run"]() == (1, 4)  # type: ignore[operator]


def test_names_of_an_entry_are_left_alone() -> None:
    files = made(
        main=MAIN + "startup.asked_by_main()\n",
        startup="def run():\n    pass\ndef asked_by_main():\n    pass\n",
    )
    assert "def asked_by_main" in files["startup"]


@pytest.mark.requirement("RQ-157")
def test_the_firmware_is_made_the_same_each_time_and_much_smaller() -> None:
    folder = package_folder()
    assert folder is not None
    sources = package_files(folder)
    first, second = (compact.compact(sources, [MAIN]) for _ in range(2))
    assert first == second
    assert sum(len(text) for _, text in first) < 0.55 * sum(len(text) for _, text in sources)
    for path, text in first:
        assert unknown_names(ast.parse(text, path)) == set(), path
        assert len(scopes.bound(ast.parse(text, path))) <= 128, path


def unknown_names(tree: ast.Module) -> set[str]:
    """Globals that are read and that nothing binds."""
    found: set[str] = set()

    class Reader(scopes.ScopedTransformer):
        def visit_Name(self, node: ast.Name) -> ast.AST:  # noqa: N802 - as ast has it
            if self.standing_of(node.id) == scopes.GLOBAL:
                found.add(node.id)
            return node

    bound = scopes.bound(tree) | set(dir(builtins)) | {"__name__", "__file__", "const"}
    Reader().visit(tree)
    return found - bound - {"micropython", "ptr8", "ptr16", "ptr32"}


def test_the_contract_is_the_same_whatever_is_left_out_of_it() -> None:
    folder = package_folder()
    assert folder is not None
    whole = b"".join(text for _, text in compact.compact(package_files(folder), [MAIN]))
    assert contract_hash().encode() in whole
    assert b"('home_off_mdeg', 'int?'" not in whole
    assert b"('below', 'int?'" in whole


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
        ours |= syntax.defined(ast.parse(source, path))
    shortened = {name for name in ours if len(name) > 3 and not name.startswith("__")}
    both = (shortened & theirs) - kept.OF_PYTHON
    assert both <= kept.KEPT, sorted(both - kept.KEPT)


@pytest.mark.requirement("RQ-155")
def test_a_crash_on_the_chip_leads_back_to_the_sources() -> None:
    files, names = compact.with_names(
        package(
            startup="from inversion_table.things import outer_step\n"
            "def run():\n    return outer_step()\n",
            things="class Machine:\n    def inner_step(self):\n        raise ValueError\n"
            "def outer_step():\n    return Machine().inner_step()\n",
        ),
        [MAIN],
    )
    scope: dict[str, object] = {}
    path, text = next(item for item in files if item[0].endswith("startup.py"))
    exec(compile(text, path, "exec"), scope)  # noqa: S102 - as above
    try:
        scope["run"]()  # type: ignore[operator]
    except ValueError:
        crash = traceback.format_exc()
    told = compact.readable(crash, names)
    assert "(things__outer_step)" in told
    assert "(inner_step)" in told
    assert "outer_step" not in crash
