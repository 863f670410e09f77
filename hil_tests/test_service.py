"""The REPL is reached by the gesture at home and in no other way; what it is for."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest

from inversion_table.contract import frame, messages
from inversion_table.contract.seal import key_id, seal
from inversion_table.session.plan import Plan
from itable.errors import LinkError, RefusedError
from itable.link.service import set_seal_key
from table_bench.operator import Operator, simple_plan

PLAN = simple_plan((20, 60), rest_s=5, name="old")
NEW = simple_plan((25, 8), rest_s=5, name="new")
KEY = bytes(range(7, 39))
OTHER = bytes(range(32))
RUNS = "import sys; print('version', sys.version)"


def leave_service(operator: Operator) -> None:
    operator.table.press_run()
    operator.wait_for_state("HOME")


def mpremote(operator: Operator, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The real mpremote against the table's port, while time goes by three times as fast."""
    operator.close()
    with operator.table.run_free(speed=3):
        return subprocess.run(
            [sys.executable, "-m", "mpremote", "connect", operator.table.serial_port, *arguments],
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )


@pytest.mark.requirement("RQ-130")
@pytest.mark.needs("run_pin", "boot_count", "mpremote")
def test_mpremote_runs_code_in_service(operator: Operator) -> None:
    operator.enter_service()
    for way in ((), ("resume",)):  # with and without a soft reset first
        done = mpremote(operator, *way, "exec", RUNS)
        assert done.returncode == 0, done.stdout + done.stderr
        assert re.match(r"version \d", done.stdout)
    assert not operator.table.truth.relay_closed
    leave_service(operator)


@pytest.mark.requirement("RQ-130")
@pytest.mark.needs("boot_count", "mpremote")
def test_mpremote_gets_nowhere_at_home(operator: Operator) -> None:
    done = mpremote(operator, "resume", "exec", RUNS)
    assert done.returncode != 0
    assert "version" not in done.stdout
    assert "could not enter raw repl" in done.stdout + done.stderr
    after = operator.status()
    assert (after["state"], operator.table.boots) == ("HOME", 1)


@pytest.mark.requirement("RQ-130")
@pytest.mark.needs("boot_count", "trace", "mpremote", "minutes")
def test_mpremote_cannot_interrupt_a_session(make_operator: Callable[..., Operator]) -> None:
    """Tilt, tick for tick, as in the same session with nobody on the line."""
    tilts = []
    for disturbed in (True, False):
        operator = make_operator(seed=3)
        table = operator.table
        operator.upload(simple_plan((20, 20), rest_s=5))
        operator.close()
        table.trace.clear()
        start_ms = table.now_ms
        table.press("START")
        table.advance(5_000)
        if disturbed:
            done = mpremote(operator, "exec", RUNS)
            assert done.returncode != 0
            assert "version" not in done.stdout
            assert table.truth.tilt_deg > -70
        table.advance(120_000 - (table.now_ms - start_ms))
        tilts.append(np.array(table.trace["tilt_deg"]))
        assert table.boots == 1
        assert operator.status()["state"] == "HOME"
    assert np.max(tilts[0]) > 19.5
    # Bytes that come shift the background, and with it a page of the log, by less than a tick.
    assert np.max(np.abs(tilts[0] - tilts[1])) < 0.03  # deg: one tick at 3 deg/s


# --- the prescription lock -----------------------------------------------------------------------


def lock_table(operator: Operator, key: bytes = KEY) -> str:
    """`itable lock set`, then SERVICE is left."""
    operator.enter_service()
    with operator.table.stepped_serial(timeout=0.1) as port:
        identity = set_seal_key(port, key, "table")
    leave_service(operator)
    return identity


def sealed(
    operator: Operator, plan: Plan, counter: int, key: bytes = KEY, device: str | None = None
) -> dict[str, object]:
    """What goes into plan.put."""
    name = operator.result("hello")["device"] if device is None else device
    return {
        "plan": plan.to_wire(),
        "id": plan.plan_id(),
        "counter": counter,
        "seal": seal(key, name, counter, plan.canonical()),
    }


@pytest.fixture
def locked(operator: Operator) -> Operator:
    """At a table that was locked after it had got a plan."""
    operator.upload(PLAN)
    assert lock_table(operator) == key_id(KEY)
    return operator


def refused(operator: Operator, **params: object) -> str:
    error = operator.ask("plan.put", **params)["error"]
    assert error["code"] == messages.SEAL_REFUSED
    text: str = error["message"]
    return text


@pytest.mark.requirement("RQ-132")
@pytest.mark.needs("power_cut", "run_pin", "boot_count")
def test_a_locked_table_runs_what_its_clinic_sealed_and_nothing_else(locked: Operator) -> None:
    told = locked.result("lock.get")
    assert (told["locked"], told["key_id"], told["counter"]) == (True, key_id(KEY), 0)
    # The plan from before the lock is not run.
    assert "no seal" in told["problem"]
    assert locked.result("plan.get")["plan"] is None
    locked.press("START")
    locked.wait(3)
    assert locked.table.truth.tilt_deg < -74
    assert "no seal" in refused(locked, plan=PLAN.to_wire(), id=PLAN.plan_id())
    assert "does not fit" in refused(locked, **sealed(locked, PLAN, 1, OTHER))
    assert "does not fit" in refused(locked, **sealed(locked, PLAN, 1, device="e66118604b000099"))
    changed = {**sealed(locked, PLAN, 1), "plan": NEW.to_wire(), "id": NEW.plan_id()}
    assert "does not fit" in refused(locked, **changed)
    assert locked.result("plan.get")["plan"] is None

    first = sealed(locked, PLAN, 1)
    locked.result("plan.put", **first)
    locked.result("plan.put", **first)  # the reply was lost
    locked.result("plan.put", **sealed(locked, NEW, 2))
    assert "used before" in refused(locked, **first)
    locked.table.power_cut()
    locked.close()
    locked.table.power_on()
    locked.wait_for_state("HOME")
    assert locked.result("lock.get")["counter"] == 2
    assert locked.result("lock.get")["problem"] == ""
    assert "used before" in refused(locked, **first)
    assert locked.result("plan.get")["id"] == NEW.plan_id()
    locked.press("START")
    locked.wait_for_tilt(-60)


@pytest.mark.requirement("RQ-133")
@pytest.mark.needs("run_pin", "boot_count")
def test_the_key_is_set_once_and_only_in_service(operator: Operator) -> None:
    operator.close()
    with (
        operator.table.stepped_serial(timeout=0.1) as port,
        pytest.raises(LinkError, match="not in SERVICE"),
    ):
        set_seal_key(port, KEY)
    assert operator.result("lock.get")["locked"] is False
    lock_table(operator)
    operator.enter_service()
    with (
        operator.table.stepped_serial(timeout=0.1) as port,
        pytest.raises(RefusedError, match="has a key already"),
    ):
        set_seal_key(port, OTHER)
    leave_service(operator)
    assert operator.result("lock.get")["key_id"] == key_id(KEY)


@pytest.mark.requirement("RQ-133")
@pytest.mark.needs("run_pin", "boot_count")
def test_the_key_never_comes_back_over_the_link(locked: Operator) -> None:
    seen = b""
    for method in messages.METHODS:
        if method == "calibration.put":
            continue
        for params in ({}, sealed(locked, PLAN, 1), {"session": 1, "offset": 0, "length": 4096}):
            locked.ask(method, **params)
    for name in ("/data/seal_key.json", "seal_key", "lock.set", "lock.put", "lock.get.key"):
        assert "error" in locked.ask(name)
    locked.send_raw(b"\x03\x03\x01print(open('/data/seal_key.json').read())\x04\r\n")
    locked.wait(1)
    seen += locked.receive_line()
    for method in ("lock.get", "plan.get", "status", "settings.get", "hello"):
        seen += str(locked.result(method)).encode()
    assert KEY.hex().encode() not in seen.lower()
    assert KEY not in seen
    assert seal(KEY, "x", 1, b"").encode() not in seen


@pytest.mark.requirement("RQ-134")
@pytest.mark.parametrize("operation", range(1, 9))
@pytest.mark.needs("flash_cut", "provision")
def test_a_power_cut_while_a_sealed_plan_is_stored(
    make_operator: Callable[..., Operator], operation: int
) -> None:
    locked = make_operator(
        provision={"/data/seal_key.json": frame.encode({"key": KEY.hex()})}  # as SERVICE leaves it
    )
    table = locked.table
    locked.result("plan.put", **sealed(locked, PLAN, 1))
    old, new = sealed(locked, PLAN, 1), sealed(locked, NEW, 2)
    table.inject("flash_cut", after=operation, done=0.5)
    try:
        locked.result("plan.put", **new)
        answered = True
    except (OSError, TimeoutError):
        answered = False
    locked.close()
    table.clear_fault("flash_cut")
    if table.powered:
        table.power_cut()
    table.power_on()
    locked.wait_for_state("HOME")
    told = locked.result("lock.get")
    assert told["locked"]
    assert told["problem"] == ""
    stored = locked.result("plan.get")["id"]
    assert stored == NEW.plan_id() if answered else stored in (PLAN.plan_id(), NEW.plan_id())
    assert told["counter"] == 2 if stored == NEW.plan_id() else told["counter"] in (1, 2)
    locked.result("plan.put", **new)  # whoever got no answer sends it again
    assert "used before" in refused(locked, **old)
    assert locked.result("plan.get")["id"] == NEW.plan_id()
