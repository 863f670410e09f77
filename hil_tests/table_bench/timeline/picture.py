"""One picture of a test: what was true, was done and was said; and its last seconds large."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from table_bench.reporting.drawing import new_figure, png_of
from table_bench.timeline.store import Timeline

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LAST_S = 10.0
"""A test that took three times as long is drawn twice: as a whole, and its end."""
TOLD_S = 1.0
"""A state that the firmware told is drawn for so long at most, until it tells it again."""
MOST_TABLES = 3
_NOTE_ROWS = 7
_LETTER = 0.0095
"""Width of a letter of a note, as a share of the picture's."""
_STATE_COLOURS = {
    "SELF_TEST": "#e5e5e5",
    "HOME": "#d9ead3",
    "MOVING": "#cfe2f3",
    "HOLDING": "#d9d2e9",
    "PAUSED": "#fff2cc",
    "RETURNING": "#d0f0ec",
    "STOPPED": "#fce5cd",
    "FAULT": "#f4cccc",
    "SERVICE": "#ead1dc",
}
_NOTE_COLOURS = {
    "hand": "tab:blue",
    "fault": "tab:red",
    "power": "tab:purple",
    "reset": "tab:red",
}
_LED_COLOURS = {1: "red", 2: "green", 4: "blue", 3: "gold", 6: "cyan", 5: "magenta", 7: "silver"}
_ROWS = ("tilt", "rate", "motor", "supply", "lamps", "done", "link")
_HEIGHTS = (4.2, 1.7, 1.7, 1.3, 0.9, 2.2, 0.9)


def draw(title: str, why: str, tables: Sequence[Timeline]) -> bytes:
    """A PNG of a test's tables, beside each other; raises NoMatplotlib.

    `why` says what went wrong.
    """
    columns = [(f"table {number + 1}", table, None) for number, table in enumerate(tables)]
    columns = columns[-MOST_TABLES:]
    if len(columns) == 1:
        _, table, _ = columns[0]
        length_s = _end_s(table)
        if length_s > 3 * LAST_S:
            columns = [
                ("the whole test", table, None),
                (f"its last {LAST_S:.0f} s", table, length_s - LAST_S),  # type: ignore[list-item]
            ]
        else:
            columns = [("the whole test", table, None)]
    figure = new_figure(8.2 * max(1.25, len(columns)), 10.5)
    grid: Any = figure.subplots(
        len(_ROWS),
        len(columns),
        sharex="col",
        squeeze=False,
        gridspec_kw={"height_ratios": _HEIGHTS},
    )
    for column, (name, table, from_s) in enumerate(columns):
        axes = dict(zip(_ROWS, grid[:, column], strict=True))
        _draw_table(axes, table, from_s)
        axes["tilt"].set_title(name, loc="left", fontsize=10)
    _head(figure, title, why, 110 if len(columns) == 1 else 160)
    return png_of(figure, 85)


def _head(figure: Figure, title: str, why: str, characters: int) -> None:
    text = title
    if why:
        lines = [part for line in why.splitlines() for part in textwrap.wrap(line, characters)]
        text += "\n" + "\n".join(lines[:4])
    figure.suptitle(text, fontsize=10, x=0.01, ha="left", family="monospace")


def _end_s(table: Timeline) -> float:
    times = [float(table.signals["time_us"][-1]) * 1e-6] if len(table.signals["time_us"]) else [0.0]
    times += [part[0] / 1000 for part in (*table.notes[-1:], *table.frames[-1:])]
    return max(times)


def _draw_table(axes: dict[str, Axes], table: Timeline, from_s: float | None) -> None:
    signals = table.signals
    end_s = _end_s(table)
    from_s = from_s or 0.0
    time_s = np.asarray(signals["time_us"], float) * 1e-6
    chosen = time_s >= from_s
    time_s = time_s[chosen]

    def signal(name: str) -> np.ndarray[Any, Any]:
        return np.asarray(signals[name], float)[chosen]

    tilt, rate, motor, supply, lamps = (axes[name] for name in _ROWS[:5])
    tilt.plot(time_s, signal("tilt_deg"), color="black", linewidth=1.2)
    if len(time_s) and signal("tilt_deg").max() > 0:
        tilt.axhline(0, color="grey", linewidth=0.6)
    tilt.set_ylabel("true tilt\ndeg")
    _draw_states(tilt, table, from_s, end_s)
    rate.plot(time_s, signal("rate_deg_per_s"), color="black", linewidth=0.8)
    rate.set_ylabel("rate\ndeg/s")
    motor.step(time_s, signal("motor_drive"), where="post", color="tab:blue", label="motor drive")
    motor.step(time_s, signal("relay_closed"), where="post", color="tab:red", label="relay closed")
    motor.set_ylim(-1.15, 1.15)
    motor.set_ylabel("share of\nsupply")
    motor.legend(loc="lower left", fontsize=7, ncols=2)
    supply.plot(time_s, signal("current_a"), color="tab:green", label="current / A")
    supply.plot(time_s, signal("supply_v") / 10, color="tab:orange", label="supply / 10 V")
    supply.set_ylabel("A, 10 V")
    supply.legend(loc="lower left", fontsize=7, ncols=2)
    _draw_lamps(lamps, time_s, signal("led"), signal("buzzer_hz"))
    _draw_notes(axes["done"], table, from_s, end_s)
    _draw_link(axes["link"], table, from_s)
    for axis in axes.values():
        axis.grid(axis="x", alpha=0.3)
        for time_ms, kind, _ in table.notes:
            if time_ms >= from_s * 1000:
                axis.axvline(time_ms / 1000, color=_NOTE_COLOURS[kind], linewidth=0.6, alpha=0.5)
    tilt.set_xlim(from_s, end_s + max(0.02 * (end_s - from_s), 0.05))
    axes["link"].set_xlabel(
        "time since the table was switched on / s (colours: the state, where the firmware told it)"
    )


def _draw_states(axis: Axes, table: Timeline, from_s: float, end_s: float) -> None:
    """Bands of colour: the firmware's own word, as long as a status was no older than TOLD_S."""
    told = table.states()
    row = 0
    before = ""
    for index, one in enumerate(told):
        began_s = one.time_ms / 1000
        next_s = told[index + 1].time_ms / 1000 if index + 1 < len(told) else end_s
        ended_s = min(next_s, began_s + TOLD_S)
        if ended_s < from_s:
            continue
        began_s = max(began_s, from_s)
        axis.axvspan(began_s, ended_s, color=_STATE_COLOURS.get(one.state, "white"), linewidth=0)
        if one.words != before:
            late = began_s > from_s + 0.7 * (end_s - from_s)
            axis.text(
                began_s, 0.985 - 0.055 * (row % 8),
                one.words,
                fontsize=7, va="top", ha="right" if late else "left",
                transform=axis.get_xaxis_transform(),
            )  # fmt: skip
            row += 1
            before = one.words


def _draw_lamps(axis: Axes, time_s: Any, led: Any, buzzer_hz: Any) -> None:
    """Bars while they shine and sound; the edge keeps what is shorter than a pixel visible."""
    for bits, colour in _LED_COLOURS.items():
        _bars(axis, time_s, led == bits, (1.0, 1.8), colour)
    _bars(axis, time_s, buzzer_hz > 0, (0.0, 0.8), "black")
    axis.set_yticks([0.4, 1.4], ["buzzer", "LED"], fontsize=7)
    axis.set_ylim(-0.1, 1.9)


def _bars(axis: Axes, time_s: Any, on: Any, heights: tuple[float, float], colour: str) -> None:
    axis.fill_between(
        time_s, *heights, where=on, step="post", facecolor=colour, edgecolor=colour, linewidth=0.5
    )


def _draw_notes(axis: Axes, table: Timeline, from_s: float, end_s: float) -> None:
    """What hands, faults, power and resets did; by name as far as the names have room."""
    notes = [note for note in table.notes if note[0] >= from_s * 1000]
    unnamed = 0
    for (time_ms, kind, text), row, late in _laid_out(notes, from_s, end_s):
        at_s = time_ms / 1000
        if row is None:
            unnamed += 1
            axis.plot([at_s], [0.04], marker="o", markersize=2, color=_NOTE_COLOURS[kind])
            continue
        height = 1 - (row + 1) / (_NOTE_ROWS + 1)
        axis.plot([at_s], [height], marker="o", markersize=3, color=_NOTE_COLOURS[kind])
        axis.annotate(
            text, (at_s, height), (-4 if late else 4, 0), textcoords="offset points", fontsize=7,
            ha="right" if late else "left", va="center", color=_NOTE_COLOURS[kind],
        )  # fmt: skip
    axis.set_ylim(0, 1)
    axis.set_yticks([0.04] if unnamed else [], [f"{unnamed} more"] if unnamed else [], fontsize=7)
    axis.set_ylabel("hands, faults,\npower, resets")


def _laid_out(
    notes: Sequence[tuple[float, str, str]], from_s: float, end_s: float
) -> Iterator[tuple[tuple[float, str, str], int | None, bool]]:
    """Each note, the row in which its name meets no other's, and whether that is before its time.

    Faults and resets choose first: they say most.
    """
    taken: list[list[tuple[float, float]]] = [[] for _ in range(_NOTE_ROWS)]
    width_s = (end_s - from_s) * _LETTER
    for note in sorted(notes, key=lambda note: (note[1] == "hand", note[0])):
        at_s = note[0] / 1000
        long_s = (len(note[2]) + 3) * width_s
        late = at_s + long_s > end_s
        span = (at_s - long_s, at_s + width_s) if late else (at_s - width_s, at_s + long_s)
        free = [
            row
            for row, spans in enumerate(taken)
            if all(span[1] <= begun or ended <= span[0] for begun, ended in spans)
        ]
        if free:
            taken[free[0]].append(span)
        yield note, (free[0] if free else None), late


def _draw_link(axis: Axes, table: Timeline, from_s: float) -> None:
    for way, height in ((">", 1.0), ("<", 0.0)):
        at_s = [part[0] / 1000 for part in table.frames if part[1] == way]
        at_s = [one for one in at_s if one >= from_s]
        axis.plot(at_s, [height] * len(at_s), "|", markersize=7, color="black", alpha=0.5)
    axis.set_ylim(-0.6, 1.6)
    axis.set_yticks([0, 1], ["to host", "to table"], fontsize=7)
