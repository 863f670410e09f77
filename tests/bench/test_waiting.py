"""Waiting for something on a bench ends, also where its milliseconds are no whole numbers."""

from __future__ import annotations

from typing import Any

from table_bench.bench import Bench

FROM_US, TO_US = 77_000, 78_000
"""77,269 us and 4 s more: in milliseconds the sum is above what the clock then says."""


class Clock:
    """The part of a bench that counts time, in whole microseconds."""

    def __init__(self, now_us: int) -> None:
        self.now_us = now_us
        self.waits = 0

    @property
    def now_ms(self) -> float:
        return self.now_us / 1000.0

    def advance(self, ms: float) -> None:
        self.now_us += round(ms * 1000)
        self.waits += 1
        assert self.waits < 1_000, "time does not pass"


def test_a_wait_in_vain_ends() -> None:
    for started_us in range(FROM_US, TO_US):
        clock: Any = Clock(started_us)
        assert not Bench.advance_until(clock, lambda _: False, 4_000, 100)
        assert clock.now_us == started_us + 4_000_000
