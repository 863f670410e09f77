"""For the tests of a deployment: a table reached in its own time, and firmwares that fail."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from itable.deploy import pack, steps
from itable.deploy.device import DeviceFiles
from itable.firmware import package_folder
from table_bench.bench import Bench

NOON_S = 1_790_000_000
# (file, text in it, what stands there instead): each makes a firmware that cannot prove itself.
BROKEN: dict[str, tuple[str, str, str]] = {
    "raises on import": ("app.py", "import gc\n", 'import gc\n\nraise ValueError("broken")\n'),
    "raises in build": (
        "startup.py",
        "    ring, proof = _ring(board, store)\n",
        '    raise ValueError("broken")\n',
    ),
    "hangs on import": (
        "app.py",
        "import gc\n",
        "import gc\nimport time\n\nwhile True:\n    time.sleep_ms(10)\n",
    ),
    "hangs before home": (
        "startup.py",
        "        timer = board.start_ticks(app.tick, limits.TICK_MS)\n",
        "        timer = board.start_ticks(app.tick, limits.TICK_MS)\n        while True:\n"
        "            board.idle()\n",
    ),
    "crashes soon after home": (
        "app.py",
        "        self._passed_ms = now_ms\n        self._uptime",
        "        self._passed_ms = now_ms\n        if self._uptime_ms > 6_000:\n"
        '            raise ValueError("broken")\n        self._uptime',
    ),
    "feeds the watchdog no more": (
        "app.py",
        "        if self.ticks == self._fed_ticks",
        "        if self._uptime_ms > 6_000 or self.ticks == self._fed_ticks",
    ),
    "never comes to home": (
        "app.py",
        "        inputs.settings_ok = ",
        "        inputs.settings_ok = False and ",
    ),
}
SLOW: dict[str, tuple[str, str, str]] = {
    "lays out the log slowly": (
        "startup.py",
        "    ring, proof = _ring(board, store)\n",
        "    for second in range(100):\n        board.show_progress(second, 100)\n"
        "        board.sleep_ms(1_000)\n    ring, proof = _ring(board, store)\n",
    ),
}
"""As BROKEN; it proves itself, but later: as on a flash that erases at the slowest allowed."""


class BenchPlace:
    """A table on a bench; waiting lets its time pass. `cut_after`: bytes to the table, then none.

    The port that comes after a pulled cable is whole.
    """

    name = "bench"

    def __init__(self, table: Bench, cut_after: int | None = None) -> None:
        self._table = table
        self._cut_after = cut_after

    def open(self) -> object:
        """A port with the bench's own time-outs."""
        port = self._table.stepped_serial(timeout=0.2)
        if self._cut_after is None:
            return port
        return _Pulled(port, self._cut_after)

    def wait(self, seconds: float) -> None:
        """Let the table's time pass."""
        self._table.advance(seconds * 1_000)

    def now_s(self) -> float:
        """The table's time."""
        return self._table.now_ms / 1_000

    def unix_s(self) -> int:
        """Always the same day."""
        return NOON_S


class _Pulled:
    """A port whose cable is pulled when so many bytes have gone out."""

    def __init__(self, port: Any, left: int) -> None:
        self._port = port
        self._left = left
        self.read = port.read
        self.close = port.close
        self.flush = port.flush

    @property
    def in_waiting(self) -> int:
        waiting: int = self._port.in_waiting
        return waiting

    @property
    def timeout(self) -> float | None:
        seconds: float | None = self._port.timeout
        return seconds

    @timeout.setter
    def timeout(self, seconds: float | None) -> None:
        self._port.timeout = seconds

    def write(self, data: bytes) -> int:
        if self._left < len(data):
            self._port.write(data[: self._left])
            self._left = 0
            raise OSError("the cable was pulled")
        self._left -= len(data)
        written: int = self._port.write(data)
        return written


class Said:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, what: str) -> None:
        """A step."""
        self.lines.append(what)

    def progress(self, done: int, total: int) -> None:
        """Not kept."""


def firmware(folder: Path, version: str, *broken: str) -> Path:
    """The firmware's package in `folder`, with another version, and what makes it fail or slow."""
    source = package_folder()
    assert source is not None
    made = folder / f"firmware-{version}" / "inversion_table"
    shutil.copytree(source, made, ignore=shutil.ignore_patterns("__pycache__"))
    init = made / "__init__.py"
    init.write_text(init.read_text().replace('VERSION = "0.1.0"', f'VERSION = "{version}"'))
    assert version in init.read_text()
    for name in broken:
        file, text, instead = (BROKEN | SLOW)[name]
        before = (made / file).read_text()
        assert before.count(text) == 1, (file, text)
        (made / file).write_text(before.replace(text, instead))
    return made


def deploy(table: Bench, source: Path, cut_after: int | None = None) -> steps.Outcome:
    """What `itable deploy --from` does, to a table in SERVICE."""
    place = BenchPlace(table, cut_after)
    return steps.deploy(place, lambda mpy: pack.make(source, mpy), Said())  # type: ignore[arg-type]


def files_of(table: Bench) -> DeviceFiles:
    """The files of a table in SERVICE."""
    from itable.link.repl import in_service

    return DeviceFiles(in_service(BenchPlace(table).open()))  # type: ignore[arg-type]
