"""The HTML page of a report: no script, no link, nothing loaded; for a phone and one A4 sheet."""

import datetime
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from inversion_table.contract import events
from inversion_table.safety.fault_words import WORDS
from itable import __version__
from itable.clinic.programme import Programme, Week
from itable.clinic.release import without_mark
from itable.clinic.screening import Standing, describe
from itable.clinic.sessions import Done
from itable.days import day_and_time
from itable.log import words
from itable.log.about import About
from itable.log.decode import SessionLog
from itable.report import charts
from itable.screen.chart import clock
from itable.screen.clinic import level_words, pain_words

_SESSIONS_SHOWN = 10

_STYLE = """
:root { --ink: #1c2530; --soft: #5c6b7a; --line: #d9dfe5; --down: #fdf1e3; --plan: #8796a5;
  --true: #0b6e99; --bad: #b3261e; --good: #1b7f4b; --warm: #c77700; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 780px; padding: 16px; color: var(--ink); background: #fff;
  font: 15px/1.45 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
h1 { font-size: 1.5em; margin: 0; } h2 { font-size: 1.05em; margin: 1.2em 0 .3em; }
p { margin: .3em 0; } .soft { color: var(--soft); font-size: .88em; }
.bad { color: var(--bad); } .good { color: var(--good); } .held { color: var(--warm); }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 8px;
  margin: 12px 0; } .facts div { border: 1px solid var(--line); border-radius: 6px;
  padding: 6px 9px; }
.facts b { display: block; font-size: 1.15em; } .facts span { color: var(--soft); font-size: .8em; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .88em; }
th { text-align: left; color: var(--soft); font-weight: 500; }
td.short, td.day, td.day span, .key span { white-space: nowrap; }
th, td { padding: 3px 8px 3px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
tr.now td { font-weight: 600; }
svg { width: 100%; height: auto; display: block; } svg text { font-size: 11px; fill: var(--soft); }
.grid { stroke: var(--line); } .zero { stroke: var(--soft); }
.limit { stroke: var(--bad); stroke-dasharray: 4 3; } .down { fill: var(--down); }
polyline { fill: none; stroke-linejoin: round; }
.planned { stroke: var(--plan); stroke-width: 4; opacity: .55; }
.measured { stroke: var(--true); stroke-width: 1.6; }
.bar { fill: #cfe3ec; } polyline.pain-before, polyline.pain-after { stroke-width: 2.2; }
polyline.pain-before { stroke: var(--warm); } polyline.pain-after { stroke: var(--good); }
circle.pain-before { fill: var(--warm); } circle.pain-after { fill: var(--good); }
.key i { display: inline-block; width: 18px; height: 0; border-top: 3px solid;
  margin: 0 5px 3px 12px; }
.key i.box { border-top-width: 10px; margin-bottom: -1px; }
.hashes { font: .74em/1.5 ui-monospace, "DejaVu Sans Mono", monospace; color: var(--soft);
  overflow-wrap: anywhere; }
@page { size: A4; margin: 10mm; }
@media print { body { max-width: none; padding: 0; font-size: 8.4pt; line-height: 1.2; }
  h2 { margin: .7em 0 .2em; } .facts { gap: 4px; margin: 6px 0; }
  p { margin: .15em 0; } .facts { grid-template-columns: repeat(5, 1fr); }
  .facts div { padding: 2px 7px; } .wide { overflow: visible; }
  th, td { padding: 1px 6px 1px 0; } svg { height: 42mm; } h2, svg, tr { break-inside: avoid; }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; } }
@media print { .one svg { height: auto; } }
@media (max-width: 480px) { body { padding: 10px; font-size: 14px; } svg text { font-size: 17px; }
  table { font-size: .84em; } th, td { padding-right: 5px; } td.day { white-space: normal; } }
"""


@dataclass(frozen=True)
class Whole:
    """A session with its pages read: its row, the log, and the SHA-256 of the pages."""

    done: Done
    log: SessionLog
    about: About
    sha256: str


def session_page(one: Whole, patient: str | None, release: dict[str, object] | None) -> str:
    """The report of one session."""
    done = one.done
    title = f"Session {done.number}" + (f" of {patient}" if patient else "")
    parts = [
        _head(title, f"{_when(done)} · {done.plan_name or 'no plan'} · table {done.device}"),
        _facts(_session_facts(one)),
        _picture(one),
        _said(done),
        _faults(one.log),
        _missing(one.log),
        _release(release),
        _hashes(one),
    ]
    return _document(title, parts, "one")


def patient_page(
    standing: Standing,
    programme: Programme | None,
    weeks: Sequence[Week],
    sessions: Sequence[Done],
    last: Whole | None,
    today: datetime.date,
) -> str:
    """The report of a patient: the programme by the week, the sessions, the last one drawn."""
    title = f"Patient {standing.patient}"
    parts = [_head(title, f"report of {today}"), _screening(standing)]
    if programme is not None and weeks:
        now = min(max((today - programme.start_day).days // 7 + 1, 0), programme.weeks)
        parts += [
            _facts(_programme_facts(programme, weeks[:now], sessions)),
            f"<h2>Adherence and pain by week</h2>{charts.weeks(weeks, now)}",
            _key(
                ("box", "#cfe3ec", "done of what was due"),
                ("", "var(--warm)", "pain before"),
                ("", "var(--good)", "pain after: 0 to 10, means of the week"),
            ),
            _weeks_table(programme, weeks, now),
        ]
    parts += [_sessions_table(sessions), _fault_sums(sessions)]
    if last is not None:
        parts.append(f"<h2>The last session, {escape(_when(last.done))}</h2>")
        parts += [_picture(last, heading=""), _faults(last.log), _missing(last.log), _hashes(last)]
    return _document(title, parts)


def _document(title: str, parts: Iterable[str], kind: str = "many") -> str:
    body = "\n".join(part for part in parts if part)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f'<body class="{kind}">\n{body}\n'
        f'<p class="soft">Made by itable {__version__}. A record, not a diagnosis; this table is'
        " no medical device.</p></body></html>\n"
    )


def _head(title: str, below: str) -> str:
    return f'<h1>{escape(title)}</h1><p class="soft">{escape(below)}</p>'


def _facts(pairs: Iterable[tuple[str, str]]) -> str:
    cells = [
        f"<div><span>{escape(name)}</span><b>{escape(value)}</b></div>" for name, value in pairs
    ]
    return f'<div class="facts">{"".join(cells)}</div>'


def _session_facts(one: Whole) -> list[tuple[str, str]]:
    done = one.done
    head_down = "not known" if done.head_down_ms is None else clock(done.head_down_ms)
    if done.planned_head_down_ms is not None:
        head_down += f" of {clock(done.planned_head_down_ms)}"
    tilt = "not known" if done.max_tilt_mdeg is None else f"{done.max_tilt_mdeg / 1000:.1f}°"
    if done.planned_tilt_mdeg is not None:
        tilt += f" of {done.planned_tilt_mdeg / 1000:.3g}°"
    return [
        ("ended", done.ended),
        ("counts as", done.how),
        ("head-down, min", head_down),
        ("greatest tilt", tilt),
        ("in all, min", clock(done.duration_ms)),
    ]


def _programme_facts(
    programme: Programme, begun: Sequence[Week], sessions: Sequence[Done]
) -> list[tuple[str, str]]:
    due = sum(week.prescribed for week in begun)
    done = sum(min(week.done, week.prescribed) for week in begun)
    pairs = [(one.pain_before, one.pain_after) for one in sessions]
    changes = [
        after - before for before, after in pairs if before is not None and after is not None
    ]
    change = f"{sum(changes) / len(changes):+.1f}".replace("-", "−") if changes else "not asked"
    level = begun[-1].level if begun else programme.levels[0]
    return [
        ("programme", programme.template),
        ("week", f"{len(begun)} of {programme.weeks}"),
        ("now", level_words(programme, level)),
        ("done", f"{done} of {due} ({100 * done // due if due else 0} %)"),
        ("pain in a session", change),
    ]


def _picture(one: Whole, heading: str = "<h2>Tilt: planned and done</h2>") -> str:
    limit = one.about.settings.get("tilt_max_mdeg")
    svg = charts.tilt(one.log.columns, None if limit is None else limit / 1000)
    if not svg:
        return '<p class="bad">There are no samples to draw.</p>'
    return (
        heading
        + svg
        + _key(
            ("", "var(--plan)", "planned"),
            ("", "var(--true)", "measured"),
            ("box", "var(--down)", "head-down"),
        )
    )


def _key(*marks: tuple[str, str, str]) -> str:
    """What the colours of a chart mean: kind of mark, colour, words."""
    parts = [
        f'<span><i class="{kind}" style="color:{colour}"></i>{words}</span> '
        for kind, colour, words in marks
    ]
    return f'<p class="soft key">{"".join(parts)}</p>'


def _said(done: Done) -> str:
    pain = pain_words(done.pain_before, done.pain_after) or "not asked"
    comfort = "not asked" if done.comfort is None else f"{done.comfort} of 10"
    note = f"<p>“{escape(done.note)}”</p>" if done.note else ""
    return f"<h2>Said</h2><p>Pain before and after: {pain}. Comfort: {comfort}.</p>{note}"


def _faults(log: SessionLog) -> str:
    """Every fault of a session, in the words for the person and for the engineer."""
    found = [event for event in log.events if event.code == events.FAULT_RAISED]
    if not found:
        return '<p class="good">No fault was reported in this session.</p>'
    rows = []
    for event in found:
        known = 0 <= event.a < len(WORDS)
        engineer = str(WORDS[event.a][1]) if known else ""
        rows.append(
            f"<tr><td>{clock(event.t_ms)}</td>"
            f"<td>{escape(words.fault_name(event.a).lower().replace('_', ' '))}</td>"
            f"<td>{escape(words.fault_patient_words(event.a))}"
            f' <span class="soft">{escape(engineer)}</span></td></tr>'
        )
    return f"<h2>Faults</h2>{_table(('at', 'fault', 'what it means'), rows)}"


def _missing(log: SessionLog) -> str:
    return "".join(f'<p class="bad">Missing in the log: {escape(gap)}</p>' for gap in log.missing)


def _screening(standing: Standing) -> str:
    screening, approval = standing.screening, standing.approval
    if screening is None:
        return '<p class="bad">Never screened.</p>'
    asked = f"Asked {day_and_time(screening.at_s)[:10]} by {escape(screening.asked_by)}"
    left = describe(screening)
    answer = f"left open: {escape(', '.join(left))}" if left else "every answer was no"
    text = f"<p>{asked}: {answer}.</p>"
    if approval is not None:
        text += (
            f"<p>Approved {day_and_time(approval.at_s)[:10]} by {escape(approval.by)}:"
            f" {escape(approval.reason)}.</p>"
        )
    if not standing.cleared:
        text += '<p class="bad">No plan may be given now.</p>'
    return text


def _release(release: dict[str, object] | None) -> str:
    if release is None:
        return '<p class="held">The plan was not released to a patient.</p>'
    left = release.get("open")
    parts = [f"asked by {release.get('asked_by')}"]
    if isinstance(left, dict) and left:
        parts.append("left open: " + ", ".join(f"{key} ({value})" for key, value in left.items()))
    approved = release.get("approved")
    if isinstance(approved, dict):
        parts.append(f"approved by {approved.get('by')}: {approved.get('reason')}")
    return f"<h2>Release of the plan</h2><p>{escape('; '.join(parts))}.</p>"


def _weeks_table(programme: Programme, weeks: Sequence[Week], now: int) -> str:
    rows = []
    for week in weeks:
        before = weeks[week.number - 2] if week.number > 1 else None
        held = before.why if before is not None and before.verdict != "good" else ""
        remarks = "; ".join(part for part in (held and f"held: {held}", week.note) if part)
        counts = [
            f"{count} {how}"
            for how in ("shortened", "fault", "cut off")
            if (count := week.count(how))
        ]
        done = f"{week.done} of {week.prescribed}" + (f" ({', '.join(counts)})" if counts else "")
        rows.append(
            f"<tr{' class=now' if week.number == now else ''}><td>{week.number}</td>"
            f'<td class="short">{week.first_day:%d %b}</td>'
            f"<td>{escape(level_words(programme, week.level))}</td>"
            f"<td>{done if week.number <= now else ''}</td>"
            f'<td class="short">'
            f"{pain_words(week.mean('pain_before'), week.mean('pain_after'))}</td>"
            f'<td class="held">{escape(remarks)}</td></tr>'
        )
    return _table(("week", "from", "plan", "done", "pain", "remarks"), rows)


def _sessions_table(sessions: Sequence[Done]) -> str:
    if not sessions:
        return "<p>No session was pulled yet.</p>"
    shown = sessions[-_SESSIONS_SHOWN:]
    rows = []
    for one in shown:
        planned = one.planned_head_down_ms
        how = one.how if one.how == "completed" else f"{one.how}: {one.ended}"
        when = " ".join(f"<span>{escape(part)}</span>" for part in _when(one).split())
        head_down = "" if one.head_down_ms is None else clock(one.head_down_ms)
        if planned is not None:
            head_down += f" of {clock(planned)}"
        rows.append(
            f'<tr><td class="day">{when}</td>'
            f"<td>{escape(without_mark(one.plan_name or ''))}</td><td>{escape(how)}</td>"
            f'<td class="day">{head_down}</td>'
            f'<td class="short">{pain_words(one.pain_before, one.pain_after)}</td>'
            f"<td>{'' if one.comfort is None else one.comfort}</td></tr>"
        )
    more = f" (the last {len(shown)} of {len(sessions)})" if len(shown) < len(sessions) else ""
    return f"<h2>Sessions{more}</h2>" + _table(
        ("when", "plan", "how", "head-down", "pain", "comfort"), rows
    )


def _fault_sums(sessions: Sequence[Done]) -> str:
    """The faults that ended sessions, with how often, in the words for the person."""
    found = Counter(one.end_fault for one in sessions if one.how == "fault")
    rows = [
        f"<tr><td>{escape(words.fault_name(fault or 0).lower().replace('_', ' '))}</td>"
        f"<td>{count}</td><td>{escape(words.fault_patient_words(fault or 0))}</td></tr>"
        for fault, count in found.most_common()
    ]
    if not rows:
        return ""
    return "<h2>Faults that ended sessions</h2>" + _table(("fault", "times", "it means"), rows)


def _hashes(one: Whole) -> str:
    header = one.log.header
    pairs = [("session", f"@{one.done.id} {one.done.device}/{one.done.number}")]
    if header is not None:
        pairs += [
            ("plan", header.plan_id),
            ("firmware", header.firmware),
            ("contract", header.contract),
            ("settings", header.settings_id),
            ("calibration", header.calibration_id),
        ]
    pairs.append(("SHA-256 of the log's pages", one.sha256))
    text = " · ".join(f"{name} {value}" for name, value in pairs if value)
    return f'<p class="hashes">{escape(text)}</p>'


def _table(heads: Iterable[str], rows: Iterable[str]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    return f'<div class="wide"><table><tr>{head}</tr>{"".join(rows)}</table></div>'


def _when(done: Done) -> str:
    return day_and_time(done.start_unix_s) or "day not known"
