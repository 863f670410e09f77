"""A session on the virtual table with the firmware as it is built for the chip."""

from __future__ import annotations

import pytest

from table_bench.factory import calibrated
from table_bench.operator import Operator, simple_plan
from table_bench.virtual import VirtualTable


@pytest.mark.requirement("RQ-158")
def test_a_session_with_records_as_words() -> None:
    with VirtualTable(words=True, provision=calibrated(1)) as table:
        operator = Operator(table)
        operator.wait_for_state("HOME")
        operator.upload(simple_plan((-60, 1)))
        operator.press("START")
        operator.wait_for_state("HOLDING")
        assert abs(table.truth.tilt_deg + 60) < 1
        status = operator.status()
        assert status["tilt_valid"] is True
        assert status["inputs"]["relay_closed"] is True
        assert status["step"] == 1
        operator.wait_for_state("HOME")
        assert operator.status()["inputs"]["home_switch"] is True
        assert table.program_ended is False
