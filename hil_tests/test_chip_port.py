"""What a laptop does through the chip's own port: mpremote, and `itable deploy` as it is typed.

Time runs freely meanwhile, at most as fast as the clock on the wall, for these programs wait by
that clock. On a busy computer the chip is slower, and `itable deploy` may leave before the firmware
has proved itself, which it then says; the proof itself is waited for here.

Skipped where there is no MicroPython image (docs/chip.md says how to get one).
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from inversion_table import VERSION, chooser
from itable.deploy import pack
from itable.firmware import package_folder
from table_bench.chip import ChipTable, files, program
from table_bench.factory import calibrated
from table_bench.operator import Operator

pytestmark = pytest.mark.needs("cycles")

REAL_TIME = 1.0
MOST_S = 900
PROOF_MOST_MS = 15_000
"""A firmware proves itself by 12 s in HOME."""
MICROPYTHON_STARTS_MS = 2_000
"""On a bare chip it lays out its filesystem first."""


@pytest.fixture
def bare(make_chip: Callable[..., ChipTable], tmp_path: Path) -> ChipTable:
    """A new Pico with MicroPython on it and nothing else, wired to a table."""
    table = make_chip(bare=True, state_dir=tmp_path)
    table.advance(MICROPYTHON_STARTS_MS)
    return table


@pytest.fixture
def deployed(make_chip: Callable[..., ChipTable], tmp_path: Path) -> ChipTable:
    """A table at home that runs from slot a."""
    return make_chip(ready=True, state_dir=tmp_path, provision=calibrated(1))


def mpremote(table: ChipTable, *arguments: str) -> str:
    """What mpremote prints, typed with these arguments."""
    command = [sys.executable, "-m", "mpremote", "connect", table.serial_port, *arguments]
    with table.run_free(REAL_TIME):
        done = subprocess.run(command, capture_output=True, text=True, timeout=MOST_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def itable(table: ChipTable, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "itable", *arguments, "--port", table.serial_port]


def files_in(listing: str) -> dict[str, int]:
    """Name -> bytes, of what `mpremote fs ls` prints."""
    rows = [line.split(maxsplit=1) for line in listing.splitlines()[1:]]
    return {name: int(size) for size, name in rows}


def assert_deployed(table: ChipTable, slot: str, source: Path, version: str) -> None:
    """That very firmware runs from that slot, proves itself, and rests at home."""
    operator = Operator(table)
    operator.wait_for_state("HOME", 5_000)
    end_ms = table.now_ms + PROOF_MOST_MS
    while (runs := operator.result("firmware.get"))["starts_left"] is not None:
        assert table.now_ms < end_ms
        table.advance(500)
    assert (runs["slot"], runs["version"]) == (slot, version)
    operator.close()
    flash = bytearray(table.controller.flash)
    made = pack.make(source, program.MPY)
    assert runs["build"] == made.build
    assert files.read(flash, chooser.pack_path(slot)) == made.content


def test_mpremote_finds_a_bare_chip(bare: ChipTable) -> None:
    printed = mpremote(bare, "exec", "import sys; print(sys.platform, sys.implementation.version)")
    assert printed.startswith("rp2 (1, ")
    mpremote(bare, "exec", "open('kept.txt', 'w').write('all of it')")
    assert files_in(mpremote(bare, "fs", "ls")) == {"kept.txt": 9}


def test_mpremote_sees_a_table_only_in_service(deployed: ChipTable) -> None:
    table = deployed
    with pytest.raises(AssertionError, match="could not enter raw repl"):
        mpremote(table, "exec", "print('in')")
    Operator(table).enter_service()
    assert mpremote(table, "exec", "print('in')").strip() == "in"
    found = files_in(mpremote(table, "fs", "ls"))
    assert found["slot_a.pack"] > 100_000
    assert {"main.py", "chooser.py", "data/", "journal/"} <= found.keys()
    assert not table.truth.relay_closed


def test_itable_deploy_makes_a_bare_chip_a_table(bare: ChipTable) -> None:
    """Nothing is prepared: the log is laid out by the first start, on the chip."""
    source = package_folder()
    assert source is not None
    with bare.run_free(REAL_TIME):
        done = subprocess.run(
            itable(bare, "deploy", "--json"),
            capture_output=True,
            text=True,
            timeout=MOST_S,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert (told["slot"], told["version"], told["changed"]) == ("a", VERSION, True)
    print(f"proved: {told['proved']}, {bare.now_ms / 1000:.0f} s after power-on")
    assert bare.boots == 2  # power-on and the restart into it: no start failed
    assert_deployed(bare, "a", source, VERSION)
