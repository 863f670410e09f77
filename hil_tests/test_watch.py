"""`itable status --watch` over the real port, while the cable is pulled and plugged in again."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from table_bench.operator import Operator, simple_plan

SPEED = 5
"""Times the wall clock."""


class Watching:
    """The command, and every line that it has printed."""

    def __init__(self, port: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "itable", "status", "--watch", "--json", "--every", "0.2",
             "--port", port],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        self.seen: list[dict[str, object]] = []
        self._half = b""

    def until(self, wanted: Callable[[dict[str, object]], bool], within_s: float = 20) -> float:
        """Seconds until a line comes that is `wanted`."""
        assert self.process.stdout is not None
        begun_s = time.monotonic()
        while time.monotonic() - begun_s < within_s:
            if select.select([self.process.stdout], [], [], 0.2)[0]:
                self._half += os.read(self.process.stdout.fileno(), 65536)
                *whole, self._half = self._half.split(b"\n")
                new = [json.loads(line) for line in whole]
                self.seen += new
                if any(wanted(line) for line in new):
                    return time.monotonic() - begun_s
        raise AssertionError(f"never; the last of {len(self.seen)}: {self.seen[-1:]}")


@contextmanager
def watching(operator: Operator) -> Iterator[Watching]:
    operator.close()
    watch = Watching(operator.table.serial_port)
    try:
        yield watch
    finally:
        watch.process.terminate()
        _, errors = watch.process.communicate(timeout=10)
        assert b"Traceback" not in errors


@pytest.mark.requirement("RQ-149")
@pytest.mark.needs("minutes")
def test_the_view_goes_on_after_the_cable_was_out(operator: Operator) -> None:
    operator.upload(simple_plan((30, 60), name="Watched"))
    table = operator.table
    operator.close()
    with table.run_free(speed=SPEED), watching(operator) as watch:
        watch.until(lambda line: line.get("state") == "HOME")
        table.press("START", 400)
        watch.until(lambda line: line.get("state") == "MOVING")
        table.inject("usb_unplugged")
        assert watch.until(lambda line: "error" in line) < 3.0
        time.sleep(1.5)
        losses = [line for line in watch.seen if "error" in line]
        assert len(losses) == 1
        before = len(watch.seen)
        table.clear_fault("usb_unplugged")
        watch.until(lambda line: "state" in line)
        watch.until(lambda line: line.get("state") == "HOLDING", 30)
        again = [line for line in watch.seen[before:] if "state" in line]
        assert all(line["plan_name"] == "Watched" for line in again)
        # The session has not noticed: what it says is near what is true.
        assert abs(table.truth.tilt_deg - 30) < 1
        assert 0 < again[-1]["step_left_ms"] <= 60_000  # type: ignore[operator]
        assert not [line for line in watch.seen[before:] if "error" in line]


@pytest.mark.requirement("RQ-149")
def test_the_view_goes_on_after_the_table_was_switched_off_and_on(operator: Operator) -> None:
    table = operator.table
    operator.close()
    with watching(operator) as watch:
        with table.run_free(speed=SPEED):
            watch.until(lambda line: line.get("state") == "HOME")
        table.power_cut()
        assert watch.until(lambda line: "error" in line) < 3.0
        table.power_on()
        with table.run_free(speed=SPEED):
            watch.until(lambda line: line.get("state") == "HOME", 30)
