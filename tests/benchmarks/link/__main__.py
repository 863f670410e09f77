"""`make bench-link`: pull beside bare link and mpremote; decoding; fails if a mark is missed."""

import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import serial
from mpremote.transport_serial import SerialTransport
from rich.console import Console
from rich.table import Table

from inversion_table.contract import pages
from itable.link.client import Client
from itable.log import reference
from itable.log.decode import decode
from itable.log.fetch import fetch
from tests.benchmarks.link.wire import USB_BYTES_PER_S, device
from tests.host.logs import session_pages

DEVICE = Path(__file__).parent / "device"
SAMPLES = 100_000
MPREMOTE_BYTES = 65_536
FAST_BYTES = 4 << 20
TRIES = 3

MPREMOTE_MARK = 3.0
BARE_MARK = 0.8
DECODE_MARK = 1_000_000
LINEAR_MARK = 1.5
"""A byte of the largest log may take so many times as long as one of the middle one."""


def port(name: str) -> serial.Serial:
    """As itable opens it."""
    return serial.Serial(name, timeout=0.05)


def bare_rate(link: serial.Serial, size: int) -> float:
    """Bytes per second that the firmware's process gets through, written in a loop."""
    link.write(b"%d\n" % size)
    done, first, began_s = 0, 0, 0.0
    while done < size:
        part = len(link.read(max(1, link.in_waiting)))
        if part and not done:
            first, began_s = part, time.perf_counter()
        done += part
    return (size - first) / (time.perf_counter() - began_s)


def bare_and_pull_rate(paced: bool, data: bytes, folder: Path) -> tuple[float, float]:
    """Bytes per second: of the bare link, and of a session pulled into a file; taken in turns."""
    flash = bytearray(data)
    flash += b"\xff" * (-len(flash) % 4096 + 64 * 4096)
    image = folder / "flash.bin"
    image.write_bytes(flash)
    bare = best = 0.0
    with (
        device(DEVICE / "raw_bytes.py", paced=paced) as bare_name,
        port(bare_name) as link,
        device(DEVICE / "serve_log.py", image, paced=paced) as name,
        Client(port(name), timeout_s=5.0) as client,
    ):
        client.hello()
        (entry,) = client.list_log().sessions
        for _ in range(TRIES):
            size = len(data) if paced else FAST_BYTES
            bare = max(bare, bare_rate(link, size // 4096 * 4096))
            part = folder / "s.part"
            part.unlink(missing_ok=True)
            began_s = time.perf_counter()
            fetched = fetch(client, entry, part)
            best = max(best, len(data) / (time.perf_counter() - began_s))
            assert fetched.data == data
    return bare, best


def mpremote_rate(paced: bool, folder: Path) -> float:
    """Bytes per second of mpremote's file read."""
    file = folder / "file.bin"
    file.write_bytes(session_pages(1, count=40_000)[:MPREMOTE_BYTES])
    with device(DEVICE / "raw_repl.py", paced=paced) as name:
        transport = SerialTransport(name)
        transport.enter_raw_repl(soft_reset=False)
        best = 0.0
        for _ in range(TRIES):
            began_s = time.perf_counter()
            content = transport.fs_readfile(str(file))
            best = max(best, len(content) / (time.perf_counter() - began_s))
            assert content == file.read_bytes()
        transport.close()
    return best


def seconds(work: Callable[[], object], tries: int = 2 * TRIES) -> float:
    """Time of the processor for one run, the best of several: what else runs here counts less."""
    times = []
    for _ in range(tries):
        began_s = time.process_time()
        work()
        times.append(time.process_time() - began_s)
    return min(times)


def link_table(console: Console) -> list[str]:
    """Print the link's figures; returns the marks that were missed."""
    table = Table("link", "bare", "pull", "mpremote", "pull / bare", "pull / mpremote")
    data = session_pages(1, count=SAMPLES, first_sequence=0)
    missed = []
    rate = f"{USB_BYTES_PER_S / 1e6:g} MB/s, as USB full speed"
    for words, paced in ((rate, True), ("pty without a rate", False)):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            bare, pull = bare_and_pull_rate(paced, data, folder)
            theirs = mpremote_rate(paced, folder)
        table.add_row(
            words,
            *(f"{rate / 1000:.0f} kB/s" for rate in (bare, pull, theirs)),
            f"{pull / bare:.0%}",
            f"{pull / theirs:.1f}",
        )
        if pull < MPREMOTE_MARK * theirs:
            missed.append(f"{words}: less than {MPREMOTE_MARK} x mpremote")
        if paced and pull < BARE_MARK * bare:
            missed.append(f"{words}: less than {BARE_MARK:.0%} of the bare link")
    console.print(table)
    return missed


def decode_table(console: Console) -> list[str]:
    """Print the decoders' figures; returns the marks that were missed."""
    table = Table("log", "bytes", "samples", "ms", "samples/s", "reference")
    per_byte = []
    for factor in (1, 10, 100):
        data = session_pages(1, count=3_000 * factor)
        log = decode(data)
        fast_s = seconds(partial(decode, data))
        slow_s = seconds(partial(decode, data, reference.read), 2 if factor < 100 else 1)
        rate = len(log.columns) / fast_s
        per_byte.append(fast_s / len(data))
        table.add_row(
            f"{factor} x",
            f"{len(data):,}",
            f"{len(log.columns):,}",
            f"{fast_s * 1000:.2f}",
            f"{rate:,.0f}",
            f"{len(log.columns) / slow_s:,.0f}",
        )
    console.print(table)
    missed = []
    if rate < DECODE_MARK:
        missed.append(f"decoding: less than {DECODE_MARK:,} samples/s")
    if per_byte[2] > LINEAR_MARK * per_byte[1]:
        missed.append("decoding: not linear in bytes")
    return missed


def main() -> None:
    """Print all; end with 1 when a mark was missed."""
    console = Console(width=120)
    missed = link_table(console) + decode_table(console)
    for mark in missed:
        console.print(f"[red]missed:[/] {mark}")
    if not missed:
        console.print(f"every mark reached ({pages.PAGE_BYTES}-byte pages, best of {TRIES})")
    sys.exit(bool(missed))


main()
