"""Hostile bytes against the firmware in real MicroPython, over its pty: what came of it."""

from __future__ import annotations

import struct
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from inversion_table.contract import frame, messages
from table_bench.operator import Operator, simple_plan
from tests.fuzz.hostile import Hostile, Lines

BATCH_BYTES = 4_096
STATE_PLAN = simple_plan((-40, 900), rest_s=1, name="fuzz")
"""A session that lasts for most of the time; the setting allows 30 min."""
TELLS = tuple(name for name in messages.METHODS if name not in messages.ACTS)
ALL = (*TELLS, *messages.ACTS)
HEAP_NOISE_BYTES = 8_192
"""The collector is conservative: what one request took may outlive it, once. More is growth."""
NO_MEMORY = "out of memory, or nested too deep"
"""A good answer to a line that asks for more than there is in one piece."""
SESSION_FRAMES = 170_000
"""So many fit into the 15 min that a session may hold."""
_SETTLE_MS = 11_000  # the heap is measured each 10 s, after a collection


@dataclass
class Outcome:
    """What a phase did and what it found; `problems` is empty when all is well."""

    name: str
    frames: int = 0
    bytes_sent: int = 0
    lines: int = 0
    replies: int = 0
    results: int = 0
    errors: dict[int, int] = field(default_factory=dict)
    kinds: dict[str, int] = field(default_factory=dict)
    virtual_s: float = 0.0
    real_s: float = 0.0
    ticks: int = 0
    late_ticks: int = 0
    erases: int = 0
    """Blocks erased at home, motor off: each makes a tick late, and is meant to (RQ-121)."""
    heap_before: int = 0
    heap_after: int = 0
    problems: list[str] = field(default_factory=list)

    def text(self) -> str:
        """One line for a table of results."""
        codes = ", ".join(f"{code}: {count}" for code, count in sorted(self.errors.items()))
        return (
            f"{self.name}: {self.frames} frames, {self.bytes_sent} bytes, {self.lines} lines due,"
            f" {self.replies} replies ({self.results} results; errors {codes});"
            f" {self.virtual_s:.0f} s of the table's time in {self.real_s:.0f} s;"
            f" {self.ticks} ticks, {self.late_ticks} late, {self.erases} blocks erased at home;"
            f" heap free {self.heap_before} -> {self.heap_after};"
            f" problems: {self.problems or 'none'}"
        )


class Replies:
    """Cuts what the table says into lines, and log blocks, and judges each."""

    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome
        self._buffer = bytearray()
        self._skip = 0

    def feed(self, data: bytes) -> None:
        """Take in what came."""
        self._buffer += data
        while True:
            if self._skip:
                if len(self._buffer) < self._skip:
                    return
                del self._buffer[: self._skip]
                self._skip = 0
            end = self._buffer.find(b"\n")
            if end < 0:
                return
            line = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            self._judge(line)

    def _judge(self, line: bytes) -> None:
        outcome = self._outcome
        outcome.replies += 1
        try:
            reply = frame.decode(line)
        except frame.FrameError as error:
            outcome.problems.append(f"no frame ({error}): {line[:80]!r}")
            return
        if not isinstance(reply, dict) or reply.get("jsonrpc") != "2.0":
            outcome.problems.append(f"no reply: {line[:80]!r}")
        elif "result" in reply:
            outcome.results += 1
            result = reply["result"]
            if "total" in result and "length" in result:
                self._skip = struct.calcsize("<II") + result["length"]
        else:
            code = reply["error"]["code"]
            outcome.errors[code] = outcome.errors.get(code, 0) + 1
            failed = code == messages.INTERNAL_ERROR and NO_MEMORY not in reply["error"]["message"]
            if code not in messages.ERROR_TEXTS or failed:
                outcome.problems.append(f"unexpected error: {line[:120]!r}")


class Attack:
    """A hostile host at a table's port."""

    def __init__(self, operator: Operator, seed: int, methods: tuple[str, ...], name: str) -> None:
        self.operator = operator
        self.table = operator.table
        self.outcome = Outcome(name)
        self._hostile = Hostile(seed, methods)
        self._lines = Lines()
        self._replies = Replies(self.outcome)
        self._port: Any = None

    def begin(self) -> dict[str, Any]:
        """Measure, then open the port."""
        self.operator.wait(_SETTLE_MS / 1000)
        before = self.operator.status()
        self.outcome.heap_before = before["heap_free"]
        self._from_ms, self._from_s = self.table.now_ms, time.monotonic()
        self.operator.close()
        self._port = self.table.stepped_serial(timeout=0.0)
        self.before = before
        self._flash_before = len(self.table.flash_log)
        return before

    def send(self, frames: int) -> None:
        """A batch; each frame follows the last at once."""
        while frames > 0 and len(self.outcome.problems) < 10:
            batch = bytearray()
            while frames > 0 and len(batch) < BATCH_BYTES:
                batch += self._hostile.next()
                frames -= 1
                self.outcome.frames += 1
            self._lines.feed(bytes(batch))
            self._port.write(bytes(batch))
            self.outcome.bytes_sent += len(batch)
            self.table.advance(len(batch) / 256 * 10)
            self._receive()

    def _receive(self) -> None:
        waiting = self._port.in_waiting
        if waiting:
            self._replies.feed(self._port.read(waiting))

    def end(self) -> Outcome:
        """Let the table answer all that is open, and measure again."""
        outcome = self.outcome
        outcome.lines = self._lines.due
        self._port.write(b"\n")  # whatever was left half
        self._lines.feed(b"\n")
        outcome.lines = self._lines.due
        for _ in range(500):
            self.table.advance(200)
            self._receive()
            if outcome.replies >= outcome.lines:
                break
        outcome.virtual_s = (self.table.now_ms - self._from_ms) / 1000
        outcome.real_s = time.monotonic() - self._from_s
        self._port.close()
        after = self.operator.status()
        outcome.ticks = after["ticks"] - self.before["ticks"]
        outcome.late_ticks = after["late_ticks"] - self.before["late_ticks"]
        outcome.erases = sum(
            one.erase and one.truth.at_home_switch and not one.truth.motor_enabled
            for one in self.table.flash_log[self._flash_before :]
        )
        self.operator.wait(_SETTLE_MS / 1000)
        outcome.heap_after = self.operator.status()["heap_free"]
        outcome.kinds = self._hostile.kinds
        if outcome.replies != outcome.lines:
            outcome.problems.append(f"{outcome.lines} replies due, {outcome.replies} came")
        if outcome.late_ticks > outcome.erases:
            outcome.problems.append(f"{outcome.late_ticks} late ticks")
        if self.table.boots != 1:
            outcome.problems.append(f"{self.table.boots - 1} restarts")
        if outcome.heap_before - outcome.heap_after > HEAP_NOISE_BYTES:
            outcome.problems.append("the heap grew")
        return outcome


def at_home(operator: Operator, seed: int, frames: int) -> Outcome:
    """Everything, at home: nothing moves."""
    operator.upload(STATE_PLAN)
    attack = Attack(operator, seed, ALL, "at home")
    attack.begin()
    table = operator.table
    table.trace.clear()
    attack.send(frames)
    outcome = attack.end()
    tilt_deg = np.array(table.trace["tilt_deg"])
    if np.ptp(tilt_deg) > 0.05 or table.truth.relay_closed or table.truth.motor_drive:
        outcome.problems.append(f"the bed moved by {np.ptp(tilt_deg):.2f} deg")
    return outcome


def in_a_session(operator: Operator, seed: int, frames: int) -> Outcome:
    """Everything but a stop and a return, from START on: the session goes on as prescribed."""
    operator.upload(STATE_PLAN)
    attack = Attack(operator, seed, (*TELLS, "plan.put", "clock.set"), "in a session")
    table = operator.table
    attack.begin()
    table.trace.clear()
    table.press("START")
    attack.send(frames)
    outcome = attack.end()
    if operator.status()["state"] not in ("MOVING", "HOLDING"):
        outcome.problems.append(f"the session ended: {operator.status()['state']}")
    tilt_deg = np.array(table.trace["tilt_deg"])
    if np.max(tilt_deg) > -39.0 or np.min(np.diff(tilt_deg)) < -0.05:
        outcome.problems.append(f"the bed was at up to {np.max(tilt_deg):.1f} deg")
    return outcome


def stop_and_return_too(operator: Operator, seed: int, frames: int) -> Outcome:
    """Everything, on the way out: from the first stop or return on the bed goes no further."""
    operator.upload(STATE_PLAN)
    attack = Attack(operator, seed, ALL, "with stop and return")
    table = operator.table
    attack.begin()
    table.trace.clear()
    table.press("START")
    table.advance(6_000)
    before_deg = table.truth.tilt_deg
    attack.send(frames)
    outcome = attack.end()
    table.advance(60_000)
    highest_deg = float(np.max(np.array(table.trace["tilt_deg"])))
    if highest_deg > before_deg + 5:
        outcome.problems.append(f"the bed went on outward to {highest_deg:.1f} deg")
    if before_deg < -70:
        outcome.problems.append("the session did not begin")
    return outcome
