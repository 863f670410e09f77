"""Why the controller started, from the flags of both chips and the mark of the program."""

import itertools

import pytest

from inversion_table.contract import resets as causes
from inversion_table.integrity import resets
from inversion_table.safety.ports import BOOT_POWER_ON, BOOT_WATCHDOG

NONE = dict.fromkeys(("timed_out", "forced", "powered_up", "browned_out", "run_pin"), False)
AFTER_POWER = {**NONE, "powered_up": True}
TIMED_OUT = {**AFTER_POWER, "timed_out": True}
FORCED = {**AFTER_POWER, "forced": True}


@pytest.mark.requirement("RQ-094")
@pytest.mark.parametrize(
    ("mark", "flags", "cause"),
    [
        (resets.NO_MARK, AFTER_POWER, causes.POWER_UP),
        (resets.NO_MARK, {**NONE, "browned_out": True}, causes.BROWN_OUT),
        (resets.NO_MARK, {**AFTER_POWER, "browned_out": True}, causes.BROWN_OUT),
        (resets.NO_MARK, {**NONE, "run_pin": True}, causes.RUN_PIN),
        (resets.NO_MARK, NONE, causes.UNKNOWN),
        (resets.RUNNING, TIMED_OUT, causes.WATCHDOG),
        (resets.NO_MARK, TIMED_OUT, causes.WATCHDOG),
        (resets.RUNNING, {**TIMED_OUT, "run_pin": True}, causes.WATCHDOG),
        (resets.RUNNING, FORCED, causes.REQUESTED),
        (resets.RUNNING, AFTER_POWER, causes.REQUESTED),
        (resets.CRASHED, FORCED, causes.CRASH),
        (resets.CRASHED, TIMED_OUT, causes.CRASH),
        (resets.FOR_SERVICE, FORCED, causes.SERVICE_ENTERED),
        (resets.IN_SERVICE, FORCED, causes.SERVICE_LEFT),
        (resets.IN_SERVICE, AFTER_POWER, causes.SERVICE_LEFT),
    ],
)
def test_causes_are_told_apart(mark: int, flags: dict[str, bool], cause: int) -> None:
    assert resets.cause(mark, **flags) == cause


def test_every_combination_has_a_cause_and_every_cause_a_name() -> None:
    found = set()
    for mark in range(5):
        for a, b, c, d, e in itertools.product((False, True), repeat=5):
            found.add(resets.cause(mark, a, b, c, d, e))
    assert found == set(range(len(causes.CAUSES)))
    assert causes.cause_name(99) == "cause 99"


@pytest.mark.requirement("RQ-094")
def test_a_mark_is_read_as_it_was_left_and_nothing_else_is_one() -> None:
    for mark in range(resets.RUNNING, resets.IN_SERVICE + 1):
        first, second = resets.mark_words(mark)
        assert max(first, second) < 1 << 30
        assert resets.mark_in(first, second) == mark
        for bit in range(32):
            assert resets.mark_in(first ^ 1 << bit, second) == resets.NO_MARK
            assert resets.mark_in(first, second ^ 1 << bit) == resets.NO_MARK
    assert resets.mark_in(0, 0) == resets.NO_MARK
    assert resets.mark_in(0xFFFFFFFF, 0xFFFFFFFF) == resets.NO_MARK
    assert resets.mark_in(*resets.mark_words(0)) == resets.NO_MARK
    assert resets.mark_in(*resets.mark_words(5)) == resets.NO_MARK


@pytest.mark.requirement("RQ-040", "RQ-032")
def test_only_what_the_program_did_itself_lets_the_table_return_by_itself() -> None:
    returning = {
        cause for cause in range(len(causes.CAUSES)) if resets.boot_of(cause) == BOOT_WATCHDOG
    }
    assert returning == {causes.WATCHDOG, causes.CRASH, causes.SERVICE_ENTERED, causes.REQUESTED}
    assert resets.boot_of(99) == BOOT_POWER_ON
