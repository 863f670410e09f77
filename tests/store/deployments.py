"""What a host sends to a table while it deploys, recorded on the virtual bench."""

import zlib
from collections.abc import Callable, Sequence

from inversion_table import chooser
from itable.deploy import steps
from itable.deploy.device import MAIN_TEXT, DeviceFiles, chooser_text
from itable.deploy.pack import Pack, packed
from itable.link.repl import Repl
from table_bench.deploying import Said
from table_bench.virtual import VirtualTable

OLD_MAIN = b"from inversion_table import startup\n\nstartup.run()\n"


class RecordingRepl(Repl):
    """Keeps every program that went to the table and did not fail there."""

    def __init__(self, port, name=""):
        super().__init__(port, name)
        self.programs: list[str] = []

    def exec_raw(self, command, timeout=10, data_consumer=None):
        printed, failed = super().exec_raw(command, timeout, data_consumer)
        if not failed:
            self.programs.append(command)
        return printed, failed


def small_pack(version: str) -> Pack:
    """A pack of a few blocks; its content is nothing to run."""
    noise = bytes((number * 37 + len(version) * 11) % 251 for number in range(5_000))
    files = [
        ("inversion_table/startup.mpy", noise),
        ("about.json", b'{"version": "%s"}' % version.encode()),
    ]
    content = packed(files)
    end = content.index(b" end\n") + 5
    return Pack(content, chooser.build_of(content[:end]), version, "")


def recorded() -> list[dict[str, object]]:
    """Four deployments: onto nothing, onto single files, over a trial, from slot a to b."""
    one, two, three = [small_pack(version) for version in ("1", "2.0", "3.0.0")]
    kinds = []
    with VirtualTable(bare=True) as table:
        table.advance(200)
        with table.stepped_serial(timeout=0.2) as port:
            first = _put(port, one)
            kinds.append(_kind([], first, [""], one.build, last="main.py"))
            proved = _programs(port, lambda files: files.choose(chooser.made("a", -1, "")))
            second = _put(port, two)
            third = _put(port, three)
        before = [*first, *proved, *second]
        kinds.append(_kind(before, third, [one.build, two.build], three.build))
        upgrade = _kind([*first, *proved], second, [one.build], two.build)
    tree = {"/inversion_table/startup.py": b"def run(): pass\n", "/main.py": OLD_MAIN}
    with VirtualTable(bare=True, provision=tree, entry="") as table:
        table.advance(200)
        with table.stepped_serial(timeout=0.2) as port:
            programs = _put(port, one)
    made = [
        "import os\nos.mkdir('/inversion_table')",
        *(f"f=open({path!r},'wb')\nf.write({text!r})\nf.close()" for path, text in tree.items()),
    ]
    kinds.append(_kind(made, programs, ["tree"], one.build, last="main.py"))
    return [*kinds, upgrade]


def _put(port, pack: Pack) -> list[str]:
    return _programs(port, lambda files: steps.put(files, pack, Said()))


def _programs(port, act: Callable[[DeviceFiles], object]) -> list[str]:
    """What `act` sends."""
    repl = RecordingRepl(port)
    assert repl.enter()
    act(DeviceFiles(repl))
    repl.exit_raw_repl()
    return repl.programs


def _kind(
    before: Sequence[str],
    programs: list[str],
    old: list[str],
    new: str,
    last: str = "slots_",
) -> dict[str, object]:
    """commit_begin, commit_end: steps done when the new firmware may, and must, be the next."""
    if last == "slots_":
        opened = max(
            number
            for number, text in enumerate(programs)
            if f"open('/{last}" in text and "'wb'" in text
        )
        begin = opened
        end = next(n for n in range(opened, len(programs)) if programs[n] == "f.close()") + 1
    else:
        begin = next(n for n, text in enumerate(programs) if "rename('/main.py.new'" in text)
        end = begin + 1
    return {
        "before": list(before),
        "programs": programs,
        "old": old,
        "new": new,
        "commit_begin": begin,
        "commit_end": end,
        "chooser_crc": zlib.crc32(chooser_text()),
        "main_crc": zlib.crc32(MAIN_TEXT.encode()),
    }
