"""What is looked at between two sessions of a soak, and what hours of it must come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from table_bench.reporting.measurement import Measurement

WARM_UP_S = 900.0
"""Until then buffers are being made and sensors warm up."""


@dataclass(frozen=True)
class Sample:
    """The table at home, in HOME, between two sessions. Times are the bench's."""

    time_s: float
    uptime_s: float
    """By the controller's own clock."""
    ticks: int
    late_ticks_away: int
    """Late ticks that fell into sessions, so far."""
    truth_deg: float
    tilt_deg: float
    heap_free: int
    """Bytes, after garbage was collected."""
    log_lost: int
    oldest_session: int
    newest_session: int
    open_files: int
    """Of the bench's process."""
    sessions: int
    faults: int
    frames: int


HEAP_FREE_LEAST_BYTES = 100_000.0
"""On the virtual bench, whose objects are twice as large as the chip's (RQ-151 is the chip's): room
for the longest line, its reading and its reply, several times over."""


def judge(samples: Sequence[Sample], overshoot_deg: float) -> list[Measurement]:
    """All measurements of a soak; not set where there are too few samples to tell."""
    found = [
        Measurement("clock off at the end", "ms", -50.0, 50.0, ""),
        Measurement("ticks missed or doubled", "ticks", -2.0, 2.0, ""),
        Measurement("late ticks in sessions", "ticks", None, 0.0, ""),
        Measurement("worst tilt error at home", "deg", None, 0.5, "RQ-074"),
        Measurement("drift of the tilt at home", "deg", -0.15, 0.15, ""),
        Measurement("heap lost since the warm-up", "bytes", None, 2048.0, ""),
        Measurement("least heap free", "bytes", HEAP_FREE_LEAST_BYTES, None, ""),
        Measurement("log entries lost", "entries", None, 0.0, "RQ-076"),
        Measurement("open files more than at first", "files", None, 0.0, ""),
        Measurement("past the highest step of a plan", "deg", None, 1.0, ""),
    ]
    by_name = {one.name: one for one in found}
    if len(samples) < 2:
        return found
    first, last = samples[0], samples[-1]
    elapsed_s = last.time_s - first.time_s
    clock_s = last.uptime_s - first.uptime_s
    by_name["clock off at the end"].value = (clock_s - elapsed_s) * 1000
    by_name["ticks missed or doubled"].value = (last.ticks - first.ticks) - elapsed_s * 100.0
    by_name["late ticks in sessions"].value = last.late_ticks_away
    errors_deg = [sample.tilt_deg - sample.truth_deg for sample in samples]
    by_name["worst tilt error at home"].value = max(abs(error) for error in errors_deg)
    share = max(1, len(samples) // 8)
    by_name["drift of the tilt at home"].value = _middle(errors_deg[-share:]) - _middle(
        errors_deg[:share]
    )
    warm = [one.heap_free for one in samples if one.time_s >= WARM_UP_S] or [last.heap_free]
    part = max(1, len(warm) // 4)
    # Garbage that waits for its collection makes single samples up to 9 KB lower.
    by_name["heap lost since the warm-up"].value = _high(warm[:part]) - _high(warm[-part:])
    by_name["least heap free"].value = min(sample.heap_free for sample in samples)
    by_name["log entries lost"].value = last.log_lost
    by_name["open files more than at first"].value = last.open_files - first.open_files
    by_name["past the highest step of a plan"].value = overshoot_deg
    return found


def _high(values: Sequence[float]) -> float:
    return sorted(values)[len(values) * 9 // 10]


def _middle(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]
