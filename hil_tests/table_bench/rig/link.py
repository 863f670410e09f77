"""The host's end of the rig's own serial line: requests, replies, and the stream of truth."""

from __future__ import annotations

import itertools
import math
from typing import Any, Protocol

from inversion_table.contract import frame
from table_bench.bench import SerialLink
from table_bench.plant import Truth
from table_bench.simulated.errors import BenchError
from table_rig import PROTOCOL, truth

TRIES = 3


class RigRefused(BenchError):
    """The rig understood, and will not; the text is its own."""


class RowTaker(Protocol):
    """What takes the rows of truth."""

    def take_row(self, row: list[int]) -> None:
        """One row, as wide as truth.COLUMNS."""


class RigLink:
    """Asks the rig. A damaged line is sent again: no request does harm twice."""

    def __init__(self, port: SerialLink, name: str, rows: RowTaker) -> None:
        self._port = port
        self._name = name
        self._rows = rows
        self._ids = itertools.count(1)
        self._part = b""
        self.lost_rows = 0
        """Rows that the rig could not send in time."""

    def hello(self) -> dict[str, Any]:
        """Versions; raises BenchError if this is no rig, or of another protocol."""
        try:
            answer = self.ask("hello")
        except RigRefused as error:
            raise BenchError(f"{self._name} is no rig: {error}") from None
        if answer.get("protocol") != PROTOCOL:
            raise BenchError(
                f"the rig on {self._name} speaks protocol {answer.get('protocol')}, this bench"
                f" {PROTOCOL}: put this version's firmware on it"
                " (python -m table_bench.rig deploy)"
            )
        return answer

    def ask(self, method: str, **params: object) -> dict[str, Any]:
        """The result of a request; BenchError when none comes, RigRefused for a refusal."""
        request_id = next(self._ids)
        request = {"jsonrpc": "2.0", "id": request_id, "method": method, "params": params}
        heard = b""
        for _ in range(TRIES):
            self._port.write(frame.encode(request))
            while True:
                line = self._read_line()
                if not line:
                    break
                reply = self._take(line)
                if reply is None or reply.get("id") not in (request_id, None):
                    heard = line
                    continue
                if "error" in reply:
                    if reply["id"] is None:
                        break  # what it heard was damaged
                    raise RigRefused(f"rig, {method}: {reply['error'].get('message')}")
                result: dict[str, Any] = reply["result"]
                return result
        raise BenchError(
            f"the rig on {self._name} does not answer {method!r} (heard last: {heard[:80]!r}):"
            " is its firmware on it, and is it the right port?"
        )

    def drain(self) -> None:
        """Take the rows that have come, without waiting."""
        waiting = self._port.in_waiting
        if not waiting:
            return
        *lines, self._part = (self._part + self._port.read(waiting)).split(b"\n")
        for line in lines:
            self._take(line)

    def truth(self) -> list[int]:
        """The row of this instant."""
        row: list[int] = self.ask("truth")["row"]
        return row

    def take_rows(self) -> None:
        """Take every row up to now."""
        for row in self.ask("rows")["rows"]:
            self._rows.take_row(row)

    def _read_line(self) -> bytes:
        line = self._part + self._port.readline()
        self._part = b""
        if line.endswith(b"\n"):
            return line
        self._part = line
        return b""

    def _take(self, line: bytes) -> dict[str, Any] | None:
        """A reply, or None for rows (which are taken) and for what is damaged."""
        try:
            message = frame.decode(line)
        except frame.FrameError:
            return None
        if not isinstance(message, dict):
            return None
        if message.get("method") == "rows":
            self.lost_rows = message["params"]["lost"]
            for row in message["params"]["rows"]:
                self._rows.take_row(row)
            return None
        return message


def truth_of(row: list[int], time_ms: float, powered: bool) -> Truth:
    """A row as the benches' Truth; `time_ms` is the bench's."""
    _, tilt, rate, current, supply, drive, flags, age_ms, buzzer_hz = row
    return Truth(
        time_ms=time_ms,
        tilt_deg=tilt / 1000.0,
        rate_deg_per_s=rate / 1000.0,
        current_a=current / 1000.0,
        supply_v=supply / 1000.0 if powered else 0.0,
        relay_closed=bool(flags & truth.RELAY_CLOSED),
        motor_drive=drive / 1000.0,
        motor_enabled=bool(flags & truth.ENABLED),
        led=(
            float(bool(flags & truth.RED)),
            float(bool(flags & truth.GREEN)),
            float(bool(flags & truth.BLUE)),
        ),
        buzzer_hz=buzzer_hz,
        heartbeat_age_ms=math.inf if age_ms >= truth.NO_BEAT_YET else float(age_ms),
        at_home_switch=bool(flags & truth.AT_HOME),
        at_outward_end=bool(flags & truth.AT_END),
        estop_pressed=bool(flags & truth.ESTOP),
        ankle_locked=bool(flags & truth.LOCKED),
    )
