"""A request that finds no memory: whoever asked is told, and nothing else happens."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from inversion_table.contract import messages
from table_bench.operator import Operator, simple_plan
from table_bench.starving import FILL

# "fill" and "free" do so; "late" is out of memory before a line is read.
FULL = (
    FILL
    + """\
import micropython

micropython.kbd_intr(-1)

from inversion_table import startup
from inversion_table.link.lines import LineBuffer

feed = LineBuffer.feed


def told(lines, data):
    if b"fill" in data:
        fill()
    elif b"free" in data:
        free()
    elif b"late" in data:
        raise MemoryError
    else:
        feed(lines, data)


LineBuffer.feed = told
startup.run()
"""
)
OLD = simple_plan((-60, 1), name="old")
LONG = simple_plan(*[(-60 + step, 1) for step in range(40)], name="long")


@pytest.mark.requirement("RQ-165")
@pytest.mark.needs("entry", "boot_count")
def test_a_plan_that_finds_no_memory_is_answered_and_changes_nothing(
    make_operator: Callable[..., Operator],
) -> None:
    operator = make_operator(entry=FULL)
    operator.upload(OLD)
    operator.send_raw(b"fill\n")
    operator.wait(0.1)
    reply = operator.ask_anyhow("plan.put", plan=LONG.to_wire(), id=LONG.plan_id())
    assert reply["error"]["code"] in (messages.INTERNAL_ERROR, messages.PARSE_ERROR)
    assert "memory" in reply["error"]["message"]
    operator.send_raw(b"free\n")
    operator.wait(0.1)
    assert operator.table.boots == 1
    assert operator.result("plan.get")["id"] == OLD.plan_id()
    operator.upload(LONG)
    assert operator.status()["plan_name"] == "long"


@pytest.mark.requirement("RQ-165")
@pytest.mark.needs("entry", "boot_count")
def test_no_memory_for_a_line_is_told_and_the_next_line_is_answered(
    make_operator: Callable[..., Operator],
) -> None:
    operator = make_operator(entry=FULL)
    for _ in range(3):
        reply = operator.ask_anyhow("too late")
        assert reply["error"]["code"] == messages.INTERNAL_ERROR
        assert reply["id"] is None
    assert operator.status()["state"] == "HOME"
    assert operator.table.boots == 1
