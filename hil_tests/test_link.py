"""The laptop may stop or return the table; nothing else it does changes what the table does."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest

from inversion_table.contract import frame, messages
from itable.errors import LinkError, MismatchError
from itable.link.client import Client
from table_bench.operator import Operator, simple_plan

PLAN = simple_plan((20, 8), rest_s=5)


def session_trace(operator: Operator, disturb: Callable[[Operator], None]) -> np.ndarray:
    """Truth of a session during which `disturb` is called every second; tilt at each tick."""
    operator.upload(PLAN)
    table = operator.table
    table.trace.clear()
    start_ms = table.now_ms
    operator.table.press("START")
    while table.now_ms < start_ms + 100_000:
        disturb(operator)
        table.advance(1_000 - (table.now_ms - start_ms) % 1_000)
    return np.array(table.trace["tilt_deg"])


def unplugged(operator: Operator) -> None:
    operator.close()


def garbage(operator: Operator) -> None:
    noise = random.Random(int(operator.table.now_ms))
    operator.send_raw(bytes(noise.randrange(256) for _ in range(200)))


def broken_frames(operator: Operator) -> None:
    operator.send_raw(frame.encode({"jsonrpc": "2.0", "id": 1, "method": "status"})[:-3])
    operator.send_raw(
        b'{"jsonrpc":"2.0"} 00000000\n' + b"[" * 5_000 + b"\n" + b"x" * 20_000 + b"\n"
    )


def control_characters(operator: Operator) -> None:
    operator.send_raw(b"\x03\x03\x04\x01\x02\x05\n")


@pytest.mark.requirement("RQ-071")
@pytest.mark.needs("exact_time", "boot_count", "trace", "minutes")
def test_nothing_on_the_link_changes_a_session(make_operator: Callable[..., Operator]) -> None:
    quiet = make_operator(seed=3)
    quiet_deg = session_trace(quiet, lambda operator: None)
    assert np.max(quiet_deg) > 19.5
    late_ticks = quiet.status()["late_ticks"]
    for disturb in (unplugged, garbage, broken_frames, control_characters):
        disturbed = make_operator(seed=3)
        assert np.array_equal(session_trace(disturbed, disturb), quiet_deg), disturb.__name__
        disturbed.close()
        assert disturbed.table.boots == 1
        after = disturbed.status()
        assert after["state"] == "HOME"
        assert after["late_ticks"] == late_ticks


@pytest.mark.requirement("RQ-061")
def test_no_method_moves_the_table_from_home(operator: Operator) -> None:
    operator.upload(PLAN)
    for method in messages.METHODS:
        for params in ({}, {"session": 1, "offset": 0, "length": 16}, {"tilt_mdeg": 60_000}):
            operator.ask(method, **params)
    operator.wait(5)
    assert operator.table.truth.tilt_deg < -74
    assert operator.table.truth.motor_drive == 0


def test_host_stop_then_host_return(operator: Operator) -> None:
    operator.upload(PLAN)
    operator.press("START")
    operator.wait_for_tilt(-20)
    operator.result("session.stop")
    operator.wait(0.5)
    assert operator.status()["state"] == "STOPPED"
    assert not operator.table.truth.relay_closed
    held_deg = operator.table.truth.tilt_deg
    operator.wait(5)
    assert abs(operator.table.truth.tilt_deg - held_deg) < 0.1
    operator.result("session.return")
    operator.wait_for_state("HOME", step_ms=500)


@pytest.mark.requirement("RQ-062")
def test_only_what_tells_stops_and_returns_is_answered_in_a_session(operator: Operator) -> None:
    operator.upload(PLAN)
    operator.press("START")
    operator.wait(3)
    for method in ("plan.get", "plan.list", "settings.get"):
        assert operator.ask(method)["error"]["code"] == messages.BUSY
    for method, params in (
        ("plan.put", {"plan": PLAN.to_wire(), "id": PLAN.plan_id()}),
        ("log.pulled", {"session": 1, "last": 1}),
    ):
        assert operator.ask(method, **params)["error"]["code"] == messages.BUSY
    assert operator.status()["state"] == "MOVING"


@pytest.mark.requirement("RQ-072")
def test_contract_mismatch_is_refused(operator: Operator) -> None:
    reply = operator.ask("hello", contract="0" * 16)
    assert reply["error"]["code"] == messages.CONTRACT_MISMATCH
    assert reply["error"]["data"]["contract"] == messages.contract_hash()


def test_damaged_line_gets_an_error_and_the_link_goes_on(operator: Operator) -> None:
    operator.send_raw(b'{"jsonrpc":"2.0","id":9,"method":"status"} 12345678\n')
    reply = frame.decode(operator.receive_line())
    assert isinstance(reply, dict)
    assert reply["error"]["code"] == messages.PARSE_ERROR
    assert operator.status()["state"] == "HOME"


@pytest.mark.requirement("RQ-106")
def test_a_fault_is_told_with_its_time_and_readings_even_after_it_is_over(
    operator: Operator,
) -> None:
    table = operator.table
    assert operator.status()["last_fault"] is None
    operator.upload(PLAN)
    operator.press("START")
    operator.wait_for_tilt(0)
    table.set_ankle_lock(False)
    pressed_ms = table.now_ms
    assert table.advance_until(lambda t: not t.truth.relay_closed, 1_000)
    truth_deg = table.truth.tilt_deg
    table.set_ankle_lock(True)
    operator.press("RETURN")
    assert table.advance_until(lambda t: t.truth.at_home_switch, 60_000)
    operator.wait(3)
    status = operator.status()
    assert status["fault"] == "NO_FAULT"
    last = status["last_fault"]
    assert (last["name"], last["state"]) == ("ANKLE_LOCK_OPEN", "MOVING")
    assert last["age_ms"] == pytest.approx(table.now_ms - pressed_ms - 130, abs=100)
    assert last["tilt_mdeg"] / 1000 == pytest.approx(truth_deg, abs=1.0)
    assert last["current_ma"] > 0
    assert last["supply_mv"] == pytest.approx(24_000, abs=1_500)


@pytest.mark.requirement("RQ-131")
@pytest.mark.needs("boot_count", "minutes")
def test_a_host_that_asks_and_never_reads_stops_nothing(operator: Operator) -> None:
    operator.upload(PLAN)
    table = operator.table
    operator.press("START")
    before = operator.status()
    asked = frame.encode({"jsonrpc": "2.0", "id": 1, "method": "status"}) * 50
    for _ in range(60):  # 4 MB of replies: what lies between holds half of it
        operator.send_raw(asked)
        table.advance(250)
    operator.close()
    after = operator.status()
    assert after["state"] == "MOVING"
    assert after["ticks"] - before["ticks"] > 1_400
    assert after["late_ticks"] == before["late_ticks"]
    operator.wait_for_state("HOME")
    assert table.boots == 1


class LosingPort:
    """The table's port behind a cable that loses the next so many replies."""

    def __init__(self, operator: Operator) -> None:
        operator.close()
        self._port = operator.table.stepped_serial(timeout=0.05)
        self._table = operator.table
        self.lose = 0
        self.sent = 0

    @property
    def in_waiting(self) -> int:
        return self._port.in_waiting

    def read(self, size: int = 1, /) -> bytes:
        data = self._port.read(size)
        if data and self.lose:
            self.lose -= 1
            self._table.advance(100)
            self._port.reset_input_buffer()
            return b""
        return data

    def write(self, data: bytes, /) -> int:
        self.sent += 1
        return self._port.write(data)

    def flush(self) -> None:
        self._port.flush()

    def close(self) -> None:
        self._port.close()

    def client(self) -> Client:
        """A client for which virtual time goes by."""
        return Client(self, clock=lambda: self._table.now_ms / 1000, first_id=1)


@pytest.mark.requirement("RQ-128")
def test_a_stop_repeated_for_its_lost_reply_does_not_stop_the_return_begun_since(
    operator: Operator,
) -> None:
    operator.upload(PLAN)
    table = operator.table
    operator.press("START")
    operator.wait_for_tilt(-20)
    port = LosingPort(operator)
    with port.client() as client:
        port.lose = 1
        table.press("RETURN", 2_600)  # and a person who presses before the stop comes again
        assert client.stop().state in ("MOVING", "RETURNING")
        assert port.sent == 2
        table.advance(4_000)
        assert client.status().state == "RETURNING"
    assert table.advance_until(lambda t: t.truth.at_home_switch, 60_000)


@pytest.mark.requirement("RQ-128")
def test_with_every_reply_lost_once_everything_is_done_once(operator: Operator) -> None:
    port = LosingPort(operator)
    with port.client() as client:
        calibration = client.get_calibration()
        assert calibration.current is not None
        version = calibration.current["version"]
        for number in range(2):
            port.lose = 1
            plan = simple_plan((10 + number, 1), name=f"plan {number}")
            assert client.put_plan(plan.to_wire(), plan.plan_id()).id == plan.plan_id()
            port.lose = 1
            set_s = 1_800_000_000 + 1_000 * number
            assert client.set_clock(set_s).unix_s == set_s
            # Not set again by the second try, which came 2 s later.
            assert client.status().unix_s - set_s >= 2
        assert port.sent == 11
        port.lose = 1
        new = {**calibration.current, "made_s": 5}
        with pytest.raises(LinkError, match="the link broke"):  # it restarts at once
            client.put_calibration(new)
    operator.wait(3)
    operator.wait_for_state("HOME")
    after = operator.result("calibration.get")
    assert after["current"]["version"] == version + 1
    assert after["previous"]["version"] == version
    # Whoever got no answer tries again: it is there already.
    reply = operator.result("calibration.put", calibration=new)
    assert reply["version"] == version + 1
    operator.wait(3)
    operator.wait_for_state("HOME")
    assert operator.result("calibration.get")["previous"]["version"] == version


@pytest.mark.requirement("RQ-072")
@pytest.mark.parametrize(
    ("ours", "advice"),
    [("0.0.1", "update itable: it is 0.0.1"), ("99.0.0", "update the firmware: it is")],
)
def test_an_older_and_a_newer_tool_are_told_what_to_update(
    operator: Operator, monkeypatch: pytest.MonkeyPatch, ours: str, advice: str
) -> None:
    with LosingPort(operator).client() as client:
        assert client.hello().contract == messages.contract_hash()
        monkeypatch.setattr("itable.link.client.__version__", ours)
        monkeypatch.setattr(messages, "contract_hash", lambda: "0" * 16)
        with pytest.raises(MismatchError, match="speak different versions") as caught:
            client.hello()
    assert advice in caught.value.next_step
