"""The page of a soak: what it came to, with curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from itable.files import write_whole
from table_bench.reporting.drawing import NoMatplotlib, new_figure, png_of
from table_bench.reporting.measurement import Measurement
from table_bench.reporting.parts import document, facts, measurement_row, picture, text
from table_bench.soak.samples import Sample


def write_page(
    path: Path,
    samples: Sequence[Sample],
    measured: Sequence[Measurement],
    stranded: str,
    info: Mapping[str, str],
) -> None:
    """One page that needs nothing else."""
    bad = sum(not one.good for one in measured)
    if stranded:
        verdict = "ended before its time"
    elif bad:
        verdict = f"{bad} of {len(measured)} limits not kept"
    else:
        verdict = "every limit was kept"
    parts = [
        f"<p class='verdict {'failed' if bad or stranded else 'passed'}'>{verdict}</p>",
        facts({**info, **_counts(samples)}),
        f"<pre class=why>{text(stranded)}</pre>" if stranded else "",
        "<h2>Measured</h2>",
        *(measurement_row(one) for one in measured),
    ]
    if samples:
        parts += ["<h2>Over the hours</h2>", _curves(samples)]
    write_whole(path, document("Soak", parts))


def _curves(samples: Sequence[Sample]) -> str:
    try:
        return picture(draw(samples), "curves over the hours")
    except NoMatplotlib as error:
        return f"<p>{text(str(error))}</p>"


def _counts(samples: Sequence[Sample]) -> dict[str, str]:
    if not samples:
        return {"sessions": "none"}
    last = samples[-1]
    return {
        "table's time": f"{last.time_s / 3600:.2f} h without a restart",
        "sessions": str(last.sessions),
        "faults that came and went": str(last.faults),
        "requests and noise": str(last.frames),
        "log": f"sessions {last.oldest_session} to {last.newest_session} are kept"
        + (": the ring has wrapped" if last.oldest_session > 1 else ": not full yet"),
    }


def draw(samples: Sequence[Sample]) -> bytes:
    """The curves as PNG; raises NoMatplotlib."""
    figure = new_figure(10, 11)
    heap, tilt, clock, late, log, work = figure.subplots(6, 1, sharex=True)
    hours = np.array([sample.time_s for sample in samples]) / 3600
    heap.plot(hours, [sample.heap_free / 1000 for sample in samples], ".-")
    heap.set_ylabel("heap free\nkB")
    tilt.plot(hours, [sample.tilt_deg - sample.truth_deg for sample in samples], ".-")
    tilt.set_ylabel("tilt error\nat home / deg")
    offset_ms = [(sample.uptime_s - sample.time_s) * 1000 for sample in samples]
    clock.plot(hours, np.array(offset_ms) - offset_ms[0], ".-")
    clock.set_ylabel("clock, from\nthe start / ms")
    ticks = [sample.ticks - sample.time_s * 100 for sample in samples]
    late.plot(hours, np.array(ticks) - ticks[0], ".-", label="ticks more than 100 a second")
    late.plot(hours, [sample.late_ticks_away for sample in samples], ".-", label="late in sessions")
    late.set_ylabel("ticks")
    late.legend(fontsize=8)
    log.plot(hours, [sample.oldest_session for sample in samples], label="oldest session kept")
    log.plot(hours, [sample.newest_session for sample in samples], label="newest")
    log.set_ylabel("session\nnumber")
    log.legend(fontsize=8)
    work.plot(hours, [sample.faults for sample in samples], label="faults so far")
    work.plot(hours, [sample.open_files for sample in samples], label="open files of the bench")
    work.set_ylabel("count")
    work.legend(fontsize=8)
    work.set_xlabel("hours at the table")
    for axis in (heap, tilt, clock, late, log, work):
        axis.grid(alpha=0.3)
    return png_of(figure, 90)
