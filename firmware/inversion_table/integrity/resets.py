"""Tells why the controller started from what the chip kept over the reset. Pure.

The chip's own flags say which circuit reset it; a mark, left in two registers that any reset but
that of power and RUN pin leaves alone, says what the program was doing.
"""

from inversion_table.contract import resets
from inversion_table.safety.ports import BOOT_POWER_ON, BOOT_WATCHDOG

NO_MARK = 0
RUNNING = 1
CRASHED = 2
FOR_SERVICE = 3
IN_SERVICE = 4

_MARK = 0x2B5C_1700
_MASK = 0x3FFF_FFFF


def mark_words(mark: int) -> tuple:
    """The two register values of a mark: itself, and its complement."""
    return _MARK | mark, (_MARK | mark) ^ _MASK


def mark_in(first: int, second: int) -> int:
    """The mark in two registers; NO_MARK for anything that the program did not leave there."""
    mark = first ^ _MARK
    if first ^ second != _MASK or not RUNNING <= mark <= IN_SERVICE:
        return NO_MARK
    return mark


def cause(
    mark: int, timed_out: bool, forced: bool, powered_up: bool, browned_out: bool, run_pin: bool
) -> int:
    """Why the controller started (contract.resets), RQ-094.

    timed_out, forced: the watchdog's last reset; both False if power or pin came after it. The
    other three are the chip's last reset by power or pin, and may be older than the watchdog's.
    """
    if mark == IN_SERVICE:
        return resets.SERVICE_LEFT  # by reset, or by a soft reset, which no flag tells
    if mark == FOR_SERVICE:
        return resets.SERVICE_ENTERED
    if mark == CRASHED:
        return resets.CRASH
    if timed_out:
        return resets.WATCHDOG
    if forced or mark == RUNNING:
        return resets.REQUESTED
    if browned_out:
        return resets.BROWN_OUT
    if run_pin:
        return resets.RUN_PIN
    return resets.POWER_UP if powered_up else resets.UNKNOWN


def boot_of(number: int) -> int:
    """What a start for this cause is to the kernel (safety.ports).

    After a hang, a crash, or a reset that the program made, a table away from home returns by
    itself. After power, pin or service somebody stands beside it, perhaps with a hand in it:
    it holds until RETURN (HZ-19).
    """
    returns = (resets.WATCHDOG, resets.CRASH, resets.SERVICE_ENTERED, resets.REQUESTED)
    return BOOT_WATCHDOG if number in returns else BOOT_POWER_ON
