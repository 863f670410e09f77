"""A mistake in the program itself, while somebody is on the table: it is told, and ends little."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from inversion_table.contract import events, messages
from inversion_table.contract.records import Event
from table_bench.operator import Operator, simple_plan

PLAN = simple_plan((-60, 12))

ANSWERING = """\
from inversion_table import startup
from inversion_table.link.methods import Methods

def _imu_rest(self, params):
    return self._app.no_such_thing, None

Methods._imu_rest = _imu_rest
startup.run()
"""

IN_A_PASS = """\
from inversion_table import startup
from inversion_table.app import App
from inversion_table.safety import states

plain = App._watch_sessions
passes = [0]

def now_and_then(self):
    passes[0] += 1
    if self.decision.state == states.HOLDING and passes[0] % 3:
        raise {error}
    plain(self)

App._watch_sessions = now_and_then
startup.run()
"""

ON_THE_PORT = """\
from inversion_table import startup
from inversion_table.link.lines import LineBuffer

feed = LineBuffer.feed

def told(lines, data):
    if b"stumble" in data:
        raise KeyError("stumbled")
    feed(lines, data)

LineBuffer.feed = told
startup.run()
"""


def errors_of(operator: Operator) -> tuple[int, str]:
    """What the table tells of its own mistakes: how many, and the last one's traceback."""
    device = operator.result("device.get")
    return device["errors"], device["error"]


def in_log(operator: Operator) -> list[int]:
    """The counts that the last session's log has of them."""
    told = [record for record in operator.records() if isinstance(record, Event)]
    return [event.a for event in told if event.code == events.PROGRAM_ERROR]


def hold(operator: Operator) -> None:
    operator.upload(PLAN)
    operator.press("START")
    operator.wait_for_state("HOLDING")


@pytest.mark.requirement("RQ-165")
@pytest.mark.needs("entry", "boot_count", "minutes")
def test_a_mistake_in_answering_a_laptop_ends_nothing_but_the_answer(
    make_operator: Callable[..., Operator],
) -> None:
    operator = make_operator(entry=ANSWERING)
    hold(operator)
    for _ in range(5):
        reply = operator.ask_anyhow("imu.rest")
        assert reply["error"]["code"] == messages.INTERNAL_ERROR
        assert "AttributeError" in reply["error"]["message"]
        assert operator.status()["state"] == "HOLDING"
    count, text = errors_of(operator)
    assert count == 5
    assert text.startswith("Traceback")
    assert "in _imu_rest" in text
    assert "no_such_thing" in text
    operator.wait_for_state("HOME")
    assert operator.table.boots == 1
    assert in_log(operator) == [1, 2, 4]


@pytest.mark.requirement("RQ-165")
@pytest.mark.needs("entry", "boot_count", "minutes")
@pytest.mark.parametrize("error", ["ValueError('a defect')", "MemoryError()", "OSError(5)"])
def test_passes_of_the_background_that_break_off_are_made_up_for(
    make_operator: Callable[..., Operator], error: str
) -> None:
    operator = make_operator(entry=IN_A_PASS.format(error=error))
    hold(operator)
    operator.wait_for_state("HOME")
    table = operator.table
    assert table.boots == 1
    count, text = errors_of(operator)
    assert count > 100
    assert "in now_and_then" in text
    assert text.splitlines()[-1].startswith(error.partition("(")[0])
    assert in_log(operator)[:3] == [1, 2, 4]
    status = operator.status()
    assert (status["log_lost"], status["fault"]) == (0, "NO_FAULT")


@pytest.mark.requirement("RQ-165")
@pytest.mark.needs("entry", "boot_count", "minutes")
def test_a_mistake_on_the_way_to_the_answer_leaves_a_port_that_answers(
    make_operator: Callable[..., Operator],
) -> None:
    operator = make_operator(entry=ON_THE_PORT)
    hold(operator)
    for count in (1, 2, 3):
        operator.send_raw(b"stumble\n")
        operator.wait(0.1)
        assert errors_of(operator)[0] == count
    assert operator.status()["state"] == "HOLDING"
    assert operator.table.boots == 1
