"""A device process at one end, the host's port at the other, and between them a link with a rate.

A pty has no rate of its own: it is memory. Between two of them a process of its own passes bytes on
at the rate of USB full speed, as much as a CDC device gets through at best.
"""

import multiprocessing
import os
import select
import subprocess
import sys
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.micropython import FIRMWARE, START

USB_BYTES_PER_S = 1_000_000
_MOST_BYTES = 4_096


@contextmanager
def device(script: Path, *arguments: object, paced: bool) -> Iterator[str]:
    """Run `script` on MicroPython; yields the port that the host opens."""
    near, far = _pty(), _pty()
    places = f"{FIRMWARE}:.frozen"
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", START, "-X", "heapsize=16m", str(script)),
            *map(str, arguments),
        ],
        stdin=near[0],
        stdout=near[0],
        env={**os.environ, "PYTHONPATH": str(FIRMWARE), "MICROPYPATH": places},
    )
    relay = None
    if paced:
        relay = multiprocessing.get_context("fork").Process(
            target=_relay, args=(near[1], far[0]), daemon=True
        )
        relay.start()
    try:
        yield os.ttyname(far[1] if paced else near[1])
    finally:
        process.kill()
        process.wait()
        if relay is not None:
            relay.kill()
            relay.join()
        for descriptor in (*near, *far):
            os.close(descriptor)


def _pty() -> tuple[int, int]:
    master, slave = os.openpty()
    tty.setraw(slave)
    return master, slave


def _relay(device_end: int, host_end: int) -> None:
    """Bytes to the host at the link's rate, bytes to the device as they come (they are few)."""
    allowed, then_s = 0.0, time.perf_counter()
    while True:
        ready, _, _ = select.select([device_end, host_end], [], [], 0.001)
        if host_end in ready:
            os.write(device_end, os.read(host_end, _MOST_BYTES))
        now_s = time.perf_counter()
        if device_end not in ready:
            # An idle link saves up no more than a frame of 1 ms.
            allowed, then_s = min(allowed, USB_BYTES_PER_S / 1000), now_s
            continue
        allowed = min(allowed + (now_s - then_s) * USB_BYTES_PER_S, _MOST_BYTES)
        then_s = now_s
        if allowed >= 64:
            data = os.read(device_end, int(allowed))
            allowed -= len(data)
            while data:
                data = data[os.write(host_end, data) :]
        else:
            time.sleep((64 - allowed) / USB_BYTES_PER_S)
