"""What a session takes of the log: real MicroPython, sensors with noise, a rider who breathes."""

from __future__ import annotations

import pytest

from inversion_table.contract.records import End, Sample
from table_bench.operator import Operator, simple_plan
from table_bench.pytest_plugin.measurements import Measurements
from tests.journal.capacity import BYTES_A_SAMPLE, TEN_MINUTES_PAGES

PAGE_BYTES = 256


@pytest.mark.requirement("RQ-122")
@pytest.mark.measures("a sample takes", "bytes", at_most=BYTES_A_SAMPLE)
@pytest.mark.measures("ten minutes take", "pages", at_most=TEN_MINUTES_PAGES)
@pytest.mark.needs("minutes")
def test_ten_minutes_take_at_most_so_many_pages(operator: Operator, measured: Measurements) -> None:
    operator.upload(simple_plan((60, 120), (0, 18), times=3, rest_s=20))
    operator.press("START")
    operator.wait_for_state("MOVING")
    operator.wait_for_state("HOME", 900_000, 5_000)
    raw = operator.log()
    records = operator.records()
    samples = sum(isinstance(record, Sample) for record in records)
    assert isinstance(records[-1], End)
    assert 570_000 < records[-1].t_ms < 630_000
    pages = len(raw) // PAGE_BYTES
    measured["a sample takes"] = len(raw) / samples
    measured["ten minutes take"] = pages / (records[-1].t_ms / 600_000)
