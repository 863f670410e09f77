"""A session as a picture: planned and measured tilt, states, events, limits, rate and current."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from inversion_table.contract import events
from inversion_table.safety import limits
from itable import pictures
from itable.days import day_and_time
from itable.log import labels, plot_box, words
from itable.log.about import About
from itable.log.decode import SessionLog
from itable.log.labels import Label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STATE_COLOURS = {
    "SELF_TEST": "#c9ced3",
    "HOME": "#a9cfa4",
    "MOVING": "#f3b27a",
    "HOLDING": "#8fc3e8",
    "PAUSED": "#f1dd7e",
    "RETURNING": "#a9a8e0",
    "STOPPED": "#e58a84",
    "FAULT": "#d9534f",
    "SERVICE": "#d7a8d8",
}
_LEFT, _WIDTH, _TOP = 0.07, 0.86, 0.895


@dataclass(frozen=True)
class Truth:
    """What a bench knows beyond the log: the real tilt in degrees at seconds since START."""

    times_s: Sequence[float]
    tilts_deg: Sequence[float]


def write_picture(log: SessionLog, about: About, path: Path, truth: Truth | None = None) -> None:
    """Draw a session into `path`; raises InputError."""
    figure = draw(log, about, truth)
    pictures.save(figure, path)


def draw(log: SessionLog, about: About, truth: Truth | None = None) -> "Figure":
    """The figure of a session, which has at least one page."""
    figure = pictures.new_figure(13, 8)
    times_s = [t_ms / 1000 for t_ms in log.columns.t_ms.tolist()]
    begin_s = min([0.0, *times_s[:1]])
    end_s = max([log.duration_ms / 1000, begin_s + 1])

    tilt = figure.add_axes((_LEFT, 0.395, _WIDTH, 0.385))
    band = figure.add_axes((_LEFT, 0.335, _WIDTH, 0.035), sharex=tilt)
    motor = figure.add_axes((_LEFT, 0.085, _WIDTH, 0.215), sharex=tilt)
    tilt.set_xlim(begin_s, end_s)
    _draw_tilt(tilt, log, times_s, about, truth)
    _draw_states(figure, band, log, times_s, end_s)
    _draw_motor(motor, log, times_s)
    pictures.minutes_axis(motor, end_s - begin_s)
    tilt.tick_params(labelbottom=False)
    _draw_events(figure, tilt, log)
    _draw_title(figure, log, about)
    figure.legend(
        *tilt.get_legend_handles_labels(),
        loc="upper right",
        bbox_to_anchor=(_LEFT + _WIDTH, 0.995),
        ncols=3 if truth is None else 4,
        frameon=False,
        fontsize=9,
        labelcolor=pictures.INK,
    )
    plot_box.draw(figure, log)
    return figure


def _draw_tilt(
    axes: "Axes", log: SessionLog, times_s: list[float], about: About, truth: Truth | None
) -> None:
    pictures.dress(axes)
    measured = [tilt / 1000 for tilt in log.columns.tilt_mdeg.tolist()]
    target = [tilt / 1000 for tilt in log.columns.target_mdeg.tolist()]
    constant_deg = limits.TILT_MAX_MDEG / 1000
    setting_deg = about.settings.get("tilt_max_mdeg", limits.TILT_MAX_MDEG) / 1000
    highest = max([setting_deg, *measured]) + 10
    pictures.degrees_axis(axes, min([-80.0, *measured]) - 4, highest)
    axes.set_ylabel("tilt (positive = head down)", color=pictures.INK, fontsize=10)
    axes.fill_between(
        times_s,
        0,
        measured,
        where=[one > limits.HEAD_DOWN_TILT_MDEG / 1000 for one in measured],
        color=pictures.HEAD_DOWN,
        alpha=0.22,
        linewidth=0,
        label="head-down",
    )
    axes.plot(times_s, target, color=pictures.PLANNED, linewidth=3.2, label="planned")
    axes.plot(times_s, measured, color=pictures.MEASURED, linewidth=1.4, label="measured")
    if truth is not None:
        axes.plot(
            truth.times_s,
            truth.tilts_deg,
            color=pictures.TRUTH,
            linewidth=0.9,
            linestyle=(0, (4, 4)),
            label="bench truth",
        )
    for limit_deg, text in (
        (setting_deg, f"device limit {setting_deg:g}°"),
        (constant_deg, f"hard limit {constant_deg:g}°"),
    ):
        if limit_deg > highest or (text.startswith("hard") and setting_deg == constant_deg):
            continue
        axes.axhline(
            limit_deg, color=pictures.LIMIT, linewidth=1.2, linestyle=(0, (6, 3)), zorder=1.5
        )
        axes.annotate(
            text,
            (1, limit_deg),
            (-4, 3),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            ha="right",
            color=pictures.LIMIT,
            fontsize=8.5,
        )


def _draw_states(
    figure: "Figure", axes: "Axes", log: SessionLog, times_s: list[float], end_s: float
) -> None:
    """The states as a band; a name where it fits, the rest in a line of colours below."""
    axes.set_yticks([])
    axes.set_ylim(0, 1)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(bottom=False, labelbottom=False)
    axes.set_ylabel("state", rotation=0, ha="right", va="center", color=pictures.INK, fontsize=9)
    names: set[str] = set()
    colours = {}
    for begin, end, number in state_spans(times_s, log.columns.state.tolist(), end_s):
        name = words.state_name(number)
        colour = STATE_COLOURS.get(name, "#ffffff")
        axes.axvspan(begin, end, color=colour, linewidth=0)
        text = axes.text(
            (begin + end) / 2,
            0.47,
            words.state_words(name),
            ha="center",
            va="center",
            fontsize=8.5,
            color=pictures.INK,
            clip_on=True,
        )
        left, right = axes.transData.transform([(begin, 0), (end, 0)])[:, 0]
        colours[name] = colour
        if text.get_window_extent().width + 6 > right - left:
            text.remove()
        else:
            names.add(name)
    unnamed = {name: colour for name, colour in colours.items() if name not in names}
    if unnamed:
        from matplotlib.patches import Patch

        patches = [
            Patch(color=colour, label=words.state_words(name)) for name, colour in unnamed.items()
        ]
        figure.legend(
            handles=patches,
            loc="lower right",
            bbox_to_anchor=(_LEFT + _WIDTH, 0.0),
            frameon=False,
            ncols=len(patches),
            fontsize=8.5,
            labelcolor=pictures.INK,
            title_fontsize=8.5,
            handlelength=1.2,
            columnspacing=1.2,
        )


def state_spans(
    times_s: Sequence[float], states: Sequence[int], end_s: float
) -> list[tuple[float, float, int]]:
    """Stretches of one state: begin, end, number."""
    spans: list[tuple[float, float, int]] = []
    for time_s, state in zip(times_s, states, strict=True):
        if spans and spans[-1][2] == state:
            continue
        if spans:
            spans[-1] = (spans[-1][0], time_s, spans[-1][2])
        spans.append((time_s, end_s, state))
    return spans


def _draw_motor(axes: "Axes", log: SessionLog, times_s: list[float]) -> None:
    pictures.dress(axes)
    rates = [rate / 1000 for rate in log.columns.rate_mdeg_per_s.tolist()]
    currents = [current / 1000 for current in log.columns.current_ma.tolist()]
    axes.plot(times_s, rates, color="#2f8f6b", linewidth=1.1)
    axes.axhline(0, color=pictures.FAINT, linewidth=0.8)
    axes.set_ylabel("rate (°/s)", color="#2f8f6b", fontsize=10)
    reach = max([3.0, *[abs(rate) for rate in rates]]) * 1.15
    axes.set_ylim(-reach, reach)
    current = axes.twinx()
    current.plot(times_s, currents, color="#9a4f96", linewidth=0.9, alpha=0.85)
    current.set_ylabel("motor current (A)", color="#9a4f96", fontsize=10)
    highest = max([2.0, *[abs(one) for one in currents]]) * 1.15
    current.set_ylim(-highest, highest)
    current.tick_params(colors=pictures.INK, labelsize=9)
    current.spines["top"].set_visible(False)
    current.spines["right"].set_color(pictures.FAINT)


_NOT_MARKED = (events.STATE_CHANGED,)
"""The band shows states."""
_BEFORE_START_MS = -2_000
"""What happened earlier (a plan stored, a reset) stands in the log, but not in the picture."""


def _draw_events(figure: "Figure", axes: "Axes", log: SessionLog) -> None:
    """Mark every event, and name as many as find room above the tilt, the weighty ones first."""
    named = []
    for event in log.events:
        if event.code in _NOT_MARKED or event.t_ms < _BEFORE_START_MS:
            continue
        fault = event.code == events.FAULT_RAISED
        colour = pictures.LIMIT if fault else pictures.FAINT
        axes.axvline(
            event.t_ms / 1000,
            color=colour,
            linewidth=1.3 if fault else 0.7,
            linestyle="-" if fault else ":",
            alpha=0.9,
        )
        quiet = event.code in (events.STEP_STARTED, events.BUTTON_RELEASED, events.PLAN_STORED)
        weight = 0 if fault else 1 + quiet
        named.append(Label(event.t_ms / 1000, words.event_words(event), colour, weight))
    placed = labels.arrange(figure, axes, named)
    rows = 1 + max((one.row for one in placed), default=0)
    bottom = axes.get_position().y0
    top = _TOP - (rows * labels.ROW_PX + 4) / (figure.get_figheight() * figure.dpi)
    axes.set_position((_LEFT, bottom, _WIDTH, top - bottom))
    labels.write(figure, axes, placed)
    if len(placed) < len(named):
        figure.text(
            _LEFT + _WIDTH + 0.004,
            top,
            f"+{len(named) - len(placed)}\nmore",
            fontsize=8,
            color=pictures.FAINT,
            va="bottom",
        )


def _draw_title(figure: "Figure", log: SessionLog, about: About) -> None:
    header = log.header
    title = "Session"
    facts = [f"session {log.session}"]
    if header is not None:
        kind = words.KIND_WORDS.get(header.kind, "session")
        title = header.plan_name or {"return": "Return", "jog": "Jog"}.get(kind, "Session")
        if header.plan_id.strip("0"):
            facts.append(f"plan {header.plan_id}")
        facts.append(f"firmware {header.firmware}")
    if about.device:
        facts.append(f"device {about.device}")
    facts.append(date_words(log))
    if log.end is not None:
        if log.end.fault:
            facts.append(f"ended by {words.fault_name(log.end.fault)}")
    figure.text(_LEFT, 0.955, title, fontsize=16, fontweight="bold", color=pictures.INK)
    figure.text(_LEFT, 0.926, "  ·  ".join(facts), fontsize=9.5, color=pictures.FAINT)
    if log.missing:
        more = f" (and {len(log.missing) - 1} more)" if len(log.missing) > 1 else ""
        figure.text(
            _LEFT, 0.012, f"missing: {log.missing[0]}{more}", fontsize=8.5, color=pictures.LIMIT
        )


def date_words(log: SessionLog) -> str:
    """When the session began, in this computer's time zone, as far as the table knew."""
    if log.header is None or not log.header.start_unix_s:
        return "date not known (the table's clock was not set)"
    return day_and_time(log.header.start_unix_s)
