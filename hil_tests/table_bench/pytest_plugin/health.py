"""After each test the bench must be healthy: the table comes home and rests, and nothing leaks."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from table_bench.bench import Bench
from table_bench.operator import Operator
from table_bench.timeline.recording import Recording

MARK = "leaves"
SERVICE = "SERVICE"
"""`leaves` it: the REPL has the chip, and nothing moves."""

_ANSWERS_MS = 40_000
_HOME_MS = 240_000
_SETTLES_MS = 25_000
_PRESS_AGAIN_MS = 4_000
_AT_REST = ("SELF_TEST", "HOME")
_REST_MS = 700
"""Relay and motor: off so long after the bed has come home."""


def left_on_purpose(item: pytest.Item) -> set[str]:
    """The faults that a test says it leaves the controller with; one of them must be there."""
    return {name for mark in item.iter_markers(MARK) for name in mark.args}


def unhealthy(recording: Recording, left: set[str]) -> list[str]:
    """Puts everything back, brings the table home and says what is wrong with it then.

    `left`: the faults, one of which the controller must still report; none: it must report none.
    """
    table = recording.bench
    recording.put_back()
    problems: list[str] = []
    if SERVICE in left:
        table.advance(_REST_MS)
    else:
        problems += _comes_home(Operator(table), left)
    truth = table.truth
    if truth.relay_closed:
        problems.append("the relay is closed")
    if truth.motor_drive:
        problems.append(f"the motor is driven with {truth.motor_drive:.2f} of the supply")
    if "heap_lock" in table.OFFERS and table.timer_failures:
        problems.append(f"{table.timer_failures} timers ended by an exception in their callback")
    return problems


def _comes_home(operator: Operator, left: set[str]) -> list[str]:
    table = operator.table
    try:
        status = _first_status(operator)
        if status is None:
            return ["the controller does not answer"]
        away = status["state"] not in (*_AT_REST, "FAULT") or not table.truth.at_home_switch
        if away and not _returns(operator):
            status = operator.status()
            return [
                f"the bed stays at {table.truth.tilt_deg:.1f} deg;"
                f" the controller says {status['state']}, {status['fault']}"
            ]
        return _settles(operator, left)
    except (OSError, TimeoutError) as error:
        return [f"the controller does not answer: {error}"]
    finally:
        operator.close()


def _first_status(operator: Operator) -> dict[str, Any] | None:
    end_ms = operator.table.now_ms + _ANSWERS_MS
    while operator.table.now_ms < end_ms:
        try:
            return operator.status()
        except (OSError, TimeoutError):
            operator.close()
            operator.wait(0.2)
    return None


def _returns(operator: Operator) -> bool:
    """Press RETURN until the bed is at home; again where it rests or has not begun."""
    table = operator.table
    end_ms = table.now_ms + _HOME_MS
    while table.now_ms < end_ms:
        before_deg = table.truth.tilt_deg
        operator.press("RETURN")
        while True:
            if table.advance_until(_rests_at_home, _PRESS_AGAIN_MS, 100):
                return True
            if table.truth.tilt_deg > before_deg - 0.5 or table.now_ms >= end_ms:
                break
            before_deg = table.truth.tilt_deg
    return False


def _rests_at_home(table: Bench) -> bool:
    truth = table.truth
    return truth.at_home_switch and not truth.relay_closed


def _settles(operator: Operator, left: set[str]) -> list[str]:
    """At home: what the controller ends up saying, and whether power is off by then."""
    table = operator.table
    wanted = left or {"NO_FAULT"}
    end_ms = table.now_ms + _SETTLES_MS
    while True:
        status = operator.status()
        truth = table.truth
        rests = not truth.relay_closed and not truth.motor_drive
        expected = "FAULT" if left else "HOME"
        if rests and status["fault"] in wanted and status["state"] == expected:
            return []
        if table.now_ms >= end_ms:
            said = f"the controller says {status['state']}, {status['fault']}"
            return [f"{said}; expected: {', '.join(sorted(wanted))}"]
        table.advance(100)


# --- this process ------------------------------------------------------------------------------


class Belongings:
    """The processes, open files and threads of this process at one moment."""

    def __init__(self) -> None:
        self._processes = _children()
        self._files = _open_files()
        self._threads = _threads()

    def leaks(self) -> list[str]:
        """What is there now and was not then."""
        return [
            *_more("process", self._processes, _children()),
            *_more("open file", self._files, _open_files()),
            *_more("thread", self._threads, _threads()),
        ]


def _more(kind: str, before: Sequence[str], after: Sequence[str]) -> list[str]:
    left = list(after)
    for one in before:
        if one in left:
            left.remove(one)
    return [f"{kind} left over: {one}" for one in left]


def _children() -> list[str]:
    """Child processes of every thread (Linux; elsewhere none are seen)."""
    found = []
    for task in _listed(Path("/proc/self/task")):
        try:
            found += (task / "children").read_text().split()
        except OSError:
            continue
    return found


def _threads() -> list[str]:
    import threading

    return sorted(thread.name for thread in threading.enumerate())


def _open_files() -> list[str]:
    """What the open descriptors lead to, without their numbers: a later one may take the place."""
    found = []
    for link in _listed(Path("/proc/self/fd")):
        try:
            target = os.readlink(link)
        except OSError:
            continue  # the one that listed the folder
        # Modules, fonts and sources of randomness stay open in whatever library uses them.
        if target.startswith(("pipe:", "socket:", "/dev/pt", "/tmp", "anon_inode:[pidfd")):
            found.append(target.split(":")[0] if ":[" in target else target)
    return sorted(found)


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []
