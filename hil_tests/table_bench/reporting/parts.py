"""Parts of a page of HTML that needs nothing else: its frame, bars for measurements, pictures."""

from __future__ import annotations

import base64
import html
import math
from collections.abc import Iterable, Mapping

from table_bench.reporting.measurement import Measurement

_STYLE = """
:root { --ink: #1c2024; --soft: #5d6670; --line: #d8dde2; --ground: #fff; --box: #f5f7f9;
  --passed: #1a7f4b; --failed: #c62828; --skipped: #8a6d00; --bar: #c9e4d5; --mark: #14532d }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ec; --soft: #9aa4ae; --line: #3a4148;
  --ground: #15181b; --box: #1e2226; --passed: #5bc48c; --failed: #ff7b72; --skipped: #e3b341;
  --bar: #23483a; --mark: #a7e3c4 } }
* { box-sizing: border-box }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground);
  max-width: 68em; margin: 0 auto; padding: 1em }
h1 { font-size: 1.5em; margin: .3em 0 } h2 { font-size: 1.15em; margin: 1.6em 0 .3em }
.verdict { font-size: 1.2em; font-weight: 600 }
.passed { color: var(--passed) } .failed { color: var(--failed) } .skipped { color: var(--skipped) }
dl.run { display: grid; grid-template-columns: max-content 1fr; gap: .1em 1em; font-size: .9em }
dt { color: var(--soft) } dd { margin: 0; overflow-wrap: anywhere }
details { border: 1px solid var(--line); border-radius: 6px; margin: .3em 0;
  background: var(--box) }
summary { display: flex; gap: .6em; padding: .35em .7em; cursor: pointer; align-items: baseline }
summary::-webkit-details-marker { display: none }
summary .name { flex: 1; min-width: 0; overflow-wrap: anywhere }
summary .time { color: var(--soft); font-size: .85em; white-space: nowrap }
summary .badge { font-weight: 600; font-size: .85em; width: 4.6em; flex: none }
.inside { padding: .2em .9em .8em; border-top: 1px solid var(--line) }
.inside p { margin: .4em 0 } .proves { font-size: .92em }
.id { font-weight: 600; white-space: nowrap }
pre { overflow: auto; max-height: 26em; padding: .6em; font-size: .8em; background: var(--ground);
  border: 1px solid var(--line); border-radius: 4px }
pre.why { max-height: none; white-space: pre-wrap; overflow-wrap: anywhere;
  border-color: var(--failed) }
code { overflow-wrap: anywhere }
.scroll { overflow-x: auto }
img { max-width: 100%; border: 1px solid var(--line); background: #fff }
.measure { display: grid; grid-template-columns: minmax(11em, 1.4fr) 7em 2fr minmax(9em, 1fr);
  gap: .2em .8em; align-items: center; font-size: .92em; margin: .25em 0 }
.measure .value { text-align: right; font-variant-numeric: tabular-nums }
.measure .limit { color: var(--soft) }
.bar { position: relative; height: .9em; background: var(--ground); border: 1px solid var(--line);
  border-radius: 3px; overflow: hidden }
.bar .range { position: absolute; top: 0; bottom: 0; background: var(--bar) }
.bar .mark { position: absolute; top: 0; bottom: 0; width: 3px; margin-left: -1.5px;
  background: var(--mark) }
.out .mark { background: var(--failed) } .out .value { color: var(--failed); font-weight: 600 }
table { border-collapse: collapse; font-size: .92em } td, th { text-align: left; padding: .15em .8em
  .15em 0; vertical-align: top } td.n { text-align: right; font-variant-numeric: tabular-nums }
.soft { color: var(--soft) } p.of { margin: .5em 0 0; font-size: .85em } a { color: inherit }
form { display: flex; flex-wrap: wrap; gap: .3em 1.2em; margin: 1em 0; align-items: center }
input[type=search] { font: inherit; padding: .2em .5em; flex: 1; min-width: 9em; color: inherit;
  background: var(--box); border: 1px solid var(--line); border-radius: 4px }
label { white-space: nowrap }
@media (max-width: 42em) { body { padding: .6em; font-size: 15px }
  .measure { grid-template-columns: 1fr auto } .measure .bar { grid-column: 1 / -1 }
  .measure .limit { grid-column: 1 / -1 } summary { flex-wrap: wrap }
  summary .name { flex-basis: 70% } img { max-width: none; width: 52em } }
"""


def text(plain: str) -> str:
    """As HTML."""
    return html.escape(plain)


def document(title: str, parts: Iterable[str], script: str = "") -> bytes:
    """The whole page."""
    return (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        "<meta name=viewport content='width=device-width, initial-scale=1'>"
        f"<title>{text(title)}</title><style>{_STYLE}</style>"
        f"<h1>{text(title)}</h1>{''.join(parts)}"
        f"{f'<script>{script}</script>' if script else ''}</html>\n"
    ).encode()


def facts(rows: Mapping[str, str]) -> str:
    """Names and values, one a line."""
    cells = "".join(f"<dt>{text(name)}<dd>{text(value)}" for name, value in rows.items())
    return f"<dl class=run>{cells}</dl>"


def picture(png: bytes, what: str) -> str:
    """A picture inside the page; on a phone it scrolls sideways."""
    data = base64.b64encode(png).decode()
    return f"<div class=scroll><img alt='{text(what)}' src='data:image/png;base64,{data}'></div>"


def measurement_row(one: Measurement) -> str:
    """Name, value, a bar with the allowed range, and the limits."""
    why = f" ({one.proves})" if one.proves else ""
    kind = "measure" if one.good else "measure out"
    return (
        f"<div class='{kind}'><span>{text(one.name)}</span>"
        f"<span class=value>{text(one.shown)}</span>{_bar(one)}"
        f"<span class=limit>{text(one.limits + why)}</span></div>"
    )


def _bar(one: Measurement) -> str:
    """The allowed range as a shade, and the value as a mark on it."""
    if one.value is None or math.isnan(one.value):
        return "<span class=bar></span>"
    ends = [limit for limit in (one.at_least, one.at_most) if limit is not None]
    low, high = min(*ends, 0.0, one.value), max(*ends, 0.0, one.value)
    room = (high - low or 1.0) * 0.15
    low, high = (low - room if low < 0 else low), high + room

    def share(value: float) -> float:
        return 100.0 * (value - low) / (high - low)

    left = share(low if one.at_least is None else one.at_least)
    right = share(high if one.at_most is None else one.at_most)
    return (
        f"<span class=bar><span class=range style='left:{left:.1f}%;right:{100 - right:.1f}%'>"
        f"</span><span class=mark style='left:{share(one.value):.1f}%'></span></span>"
    )


def duration(seconds: float) -> str:
    """As people write it."""
    if seconds < 99.5:
        return f"{seconds:.1f} s"
    minutes = seconds / 60
    return f"{minutes:.1f} min" if minutes < 99.5 else f"{minutes / 60:.1f} h"
