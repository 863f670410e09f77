"""Somebody at the table with a laptop: presses, waits, asks; independent of the `itable` tool."""

from __future__ import annotations

import itertools
from typing import Any

from inversion_table.contract import events, frame, resets
from inversion_table.contract.records import Event, Header
from inversion_table.contract.session_log import decode_session
from inversion_table.session.plan import Plan, Step, StepSet
from table_bench.bench import Bench, SerialLink

REPLY_S = 2.0


def simple_plan(
    *steps: tuple[float, float],
    times: int = 1,
    rate_deg_per_s: float = 3.0,
    rest_s: float = 5.0,
    return_rate_deg_per_s: float = 3.0,
    name: str = "test",
) -> Plan:
    """A plan of (tilt in deg, hold in s) steps, all at one rate."""
    rate = round(rate_deg_per_s * 1000)
    laid_out = [Step(round(tilt * 1000), rate, round(hold * 1000)) for tilt, hold in steps]
    return Plan(
        name,
        [StepSet(times, laid_out)],
        round(return_rate_deg_per_s * 1000),
        round(rest_s * 1000),
    )


class Operator:
    """Drives one table by its buttons and its serial port, in the bench's own time."""

    def __init__(self, table: Bench) -> None:
        self.table = table
        self._ids = itertools.count(1)
        self._serial: SerialLink | None = None

    # --- laptop ------------------------------------------------------------------------------

    def plug(self) -> SerialLink:
        """Open the serial port, if it is not open, and end whatever line was left half sent."""
        if self._serial is None:
            self._serial = self.table.stepped_serial(timeout=REPLY_S)
            self._serial.write(b"\n")
            self.table.advance(50)
            self._serial.reset_input_buffer()
        return self._serial

    def close(self) -> None:
        """Pull the cable."""
        if self._serial is not None:
            self._serial.close()
            self._serial = None

    def send_raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.plug().write(data)

    def receive_line(self) -> bytes:
        """The next line, or what came of it within the time-out."""
        return self.plug().readline()

    def ask(self, method: str, **params: object) -> dict[str, Any]:
        """The whole reply to a request; raises TimeoutError when none comes."""
        return self._ask(method, params, False)

    def ask_anyhow(self, method: str, **params: object) -> dict[str, Any]:
        """As `ask`, but an error that tells of no request counts as the reply, too."""
        return self._ask(method, params, True)

    def _ask(self, method: str, params: dict[str, Any], anyhow: bool) -> dict[str, Any]:
        request_id = next(self._ids)
        request = {"jsonrpc": "2.0", "id": request_id, "method": method, "params": params}
        self.send_raw(frame.encode(request))
        while True:
            line = self.receive_line()
            if not line.endswith(b"\n"):
                raise TimeoutError(f"no reply to {method}; got {line!r}")
            try:
                reply = frame.decode(line)
            except frame.FrameError:
                continue
            if not isinstance(reply, dict):
                continue
            if reply.get("id") == request_id or (anyhow and reply.get("id") is None):
                return reply

    def result(self, method: str, **params: object) -> dict[str, Any]:
        """The result of a request; an error reply is an AssertionError."""
        reply = self.ask(method, **params)
        assert "result" in reply, reply
        result: dict[str, Any] = reply["result"]
        return result

    def status(self) -> dict[str, Any]:
        """The device's own word on itself."""
        return self.result("status")

    def upload(self, plan: Plan) -> None:
        """Store `plan` on the device."""
        self.result("plan.put", plan=plan.to_wire(), id=plan.plan_id())

    def log(self, session: int | None = None) -> bytes:
        """The raw pages of a session (the newest by default)."""
        if session is None:
            session = self.result("log.list")["sessions"][0]["session"]
        data = b""
        while True:
            reply = self.result("log.read", session=session, offset=len(data), length=2048)
            serial = self.plug()
            size = int.from_bytes(serial.read(4), "little")
            data += serial.read(size)
            serial.read(4)
            if len(data) >= reply["total"]:
                return data

    def records(self, session: int | None = None) -> list[Any]:
        """Every record of a session (the newest by default), and what is missing, in order."""
        if session is None:
            session = self.result("log.list")["sessions"][0]["session"]
        return list(decode_session(self.log(session), session))

    def start_in_log(self) -> tuple[str, str]:
        """The cause of the start in the newest session's header, and in its RESET event."""
        records = self.records()
        header = next(record for record in records if isinstance(record, Header))
        event = next(
            record
            for record in records
            if isinstance(record, Event) and record.code == events.RESET
        )
        return resets.cause_name(header.reset_cause), resets.cause_name(event.a)

    # --- buttons and time --------------------------------------------------------------------

    def press(self, button: str, ms: float = 150) -> None:
        """Press and release a button, and let the firmware see both."""
        self.table.press(button, ms)
        self.table.advance(ms + 100)

    def enter_service(self) -> None:
        """Hold START and PAUSE for five seconds at home; the port goes away for a moment."""
        self.close()
        table = self.table
        boots = table.boots
        table.hold("PAUSE")
        table.advance(300)
        table.hold("START")
        if not table.advance_until(lambda t: t.boots > boots, 10_000):
            raise AssertionError("the gesture did not lead to SERVICE")
        table.release("START")
        table.release("PAUSE")
        table.advance(2_000)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.table.advance(seconds * 1000)

    def wait_for_state(self, state: str, timeout_ms: float = 120_000, step_ms: float = 200) -> None:
        """Advance until the device says that it is in `state`."""
        end_ms = self.table.now_ms + timeout_ms
        seen = "nothing"
        while self.table.now_ms < end_ms:
            try:
                seen = self.status()["state"]
            except (TimeoutError, OSError):
                self.close()
                self.table.advance(step_ms)
                continue
            if seen == state:
                return
            self.table.advance(step_ms)
        raise AssertionError(f"not {state} within {timeout_ms / 1000:.0f} s, but {seen}")

    def return_home(self, timeout_ms: float = 30_000) -> None:
        """Press RETURN, and advance until the home switch truly closes."""
        self.press("RETURN")
        arrived = self.table.advance_until(lambda table: table.truth.at_home_switch, timeout_ms)
        assert arrived, f"bed at {self.table.truth.tilt_deg:.1f} deg, never came home"

    def wait_for_tilt(self, tilt_deg: float, timeout_ms: float = 120_000) -> None:
        """Advance until the bed truly passes `tilt_deg`."""
        start_deg = self.table.truth.tilt_deg
        rising = tilt_deg > start_deg

        def passed(table: Bench) -> bool:
            here_deg = table.truth.tilt_deg
            return here_deg >= tilt_deg if rising else here_deg <= tilt_deg

        reached = self.table.advance_until(passed, timeout_ms)
        assert reached, f"bed at {self.table.truth.tilt_deg:.1f}, never passed {tilt_deg} deg"
