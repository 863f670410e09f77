"""Arithmetic on the chip's millisecond ticks, which wrap at 2**30."""

TICKS_PERIOD_MS = 1 << 30
TICKS_MASK = TICKS_PERIOD_MS - 1
CLOCK_MAX_MS = (1 << 29) - 1
"""Clocks stop here, after six days: the sum of two is still a small int on the chip."""


def elapsed_ms(now_ms: int, then_ms: int) -> int:
    """Milliseconds from `then_ms` to `now_ms`, both wrapping at 2**30; always 0 .. 2**30 - 1."""
    return (now_ms - then_ms) & TICKS_MASK


def step_ms(now_ms: int, then_ms: int) -> int:
    """As `elapsed_ms`, but at most CLOCK_MAX_MS: what a clock may be advanced by."""
    return min((now_ms - then_ms) & TICKS_MASK, CLOCK_MAX_MS)


def advanced_ms(clock_ms: int, dt_ms: int) -> int:
    """`clock_ms` after `dt_ms` more, both 0 .. CLOCK_MAX_MS; stops at CLOCK_MAX_MS."""
    return min(clock_ms + dt_ms, CLOCK_MAX_MS)
