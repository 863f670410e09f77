"""The report as one HTML page that needs nothing else, for a person at a desk or with a phone."""

from __future__ import annotations

import base64
import html
import math
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from itable.files import write_whole
from table_bench.pytest_plugin import gating
from table_bench.pytest_plugin.measurements import Measurement
from table_bench.pytest_plugin.outcomes import FAILED, PASSED, SKIPPED, Outcome, count

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
.soft { color: var(--soft) } a { color: inherit }
form { display: flex; flex-wrap: wrap; gap: .3em 1.2em; margin: 1em 0; align-items: center }
input[type=search] { font: inherit; padding: .2em .5em; flex: 1; min-width: 9em; color: inherit;
  background: var(--box); border: 1px solid var(--line); border-radius: 4px }
label { white-space: nowrap }
@media (max-width: 42em) { body { padding: .6em; font-size: 15px }
  .measure { grid-template-columns: 1fr auto } .measure .bar { grid-column: 1 / -1 }
  .measure .limit { grid-column: 1 / -1 } summary { flex-wrap: wrap }
  summary .name { flex-basis: 70% } img { max-width: none; width: 52em } }
"""

_SCRIPT = """
const form = document.querySelector('form');
form.addEventListener('input', () => {
  const word = form.word.value.toLowerCase();
  const shown = [...form.querySelectorAll('[type=checkbox]:checked')].map(box => box.value);
  for (const part of document.querySelectorAll('section')) {
    let any = false;
    for (const test of part.querySelectorAll('details')) {
      test.hidden = !shown.includes(test.dataset.verdict)
        || !test.textContent.toLowerCase().includes(word);
      any = any || !test.hidden;
    }
    part.hidden = !any;
  }
});
form.addEventListener('submit', event => event.preventDefault());
"""

_REQUIREMENT = re.compile(r"^\| (RQ-\d{3}) \| (.*) \|[^|]*\|$", re.MULTILINE)


def write_page(
    path: Path,
    outcomes: Sequence[Outcome],
    info: Mapping[str, str],
    began_s: float,
    requirements: Path,
) -> None:
    """Write the report. `requirements`: the page that holds their texts; it may be absent."""
    texts = requirement_texts(requirements)
    title = f"Bench tests · {info['bench']}"
    parts = [
        f"<h1>{_text(title)}</h1>",
        _verdict(outcomes),
        _run(outcomes, info, began_s),
        _skips(outcomes),
        _filter(outcomes),
        *_files(outcomes, texts),
    ]
    write_whole(
        path,
        (
            "<!doctype html><html lang=en><meta charset=utf-8>"
            "<meta name=viewport content='width=device-width, initial-scale=1'>"
            f"<title>{_text(title)}</title><style>{_STYLE}</style>"
            f"{''.join(parts)}<script>{_SCRIPT}</script></html>\n"
        ).encode(),
    )


def requirement_texts(path: Path) -> dict[str, str]:
    """Id -> sentence, from the tables of docs/requirements.md."""
    try:
        return dict(_REQUIREMENT.findall(path.read_text("utf-8")))
    except OSError:
        return {}


def _text(text: str) -> str:
    return html.escape(text)


def _verdict(outcomes: Sequence[Outcome]) -> str:
    failed = count(outcomes, FAILED)
    passed, skipped = count(outcomes, PASSED), count(outcomes, SKIPPED)
    measured = [one for outcome in outcomes for one in outcome.measurements]
    kind = FAILED if failed or not passed else PASSED
    parts = [f"{passed} passed", f"{failed} failed", f"{skipped} skipped"]
    good = sum(one.good for one in measured if one.value is not None)
    taken = sum(one.value is not None for one in measured)
    return (
        f"<p class='verdict {kind}'>{', '.join(parts)}</p>"
        f"<p>{good} of {taken} measurements within their limits.</p>"
    )


def _run(outcomes: Sequence[Outcome], info: Mapping[str, str], began_s: float) -> str:
    rows = {
        **info,
        "began": time.strftime("%Y-%m-%d %H:%M", time.localtime(began_s)),
        "tests took": _duration(sum(outcome.seconds for outcome in outcomes))
        + ", all processes together",
        "on the bench": _duration(sum(outcome.bench_s for outcome in outcomes))
        + " of the tables' time",
        "requirements": f"{len({i for one in outcomes for i in one.requirements})} touched",
    }
    cells = "".join(f"<dt>{_text(name)}<dd>{_text(value)}" for name, value in rows.items())
    return f"<dl class=run>{cells}</dl>"


def _skips(outcomes: Sequence[Outcome]) -> str:
    skipped = [outcome for outcome in outcomes if outcome.verdict == SKIPPED]
    if not skipped:
        return ""
    counts = gating.count_lacking(outcome.reason for outcome in skipped)
    others = [one.reason for one in skipped if not one.reason.startswith(gating.LACKING)]
    rows = [(number, need, gating.meaning(need)) for need, number in counts.most_common()]
    rows += [(others.count(reason), "", reason) for reason in sorted(set(others))]
    lines = "".join(
        f"<tr><td class=n>{number}<td>{_text(need)}<td class=soft>{_text(meaning)}"
        for number, need, meaning in rows
    )
    return f"<h2>Skipped: {len(skipped)}</h2><table><tr><th>tests<th>for want of<th>{lines}</table>"


def _filter(outcomes: Sequence[Outcome]) -> str:
    boxes = "".join(
        f"<label class={verdict}><input type=checkbox value={verdict} checked>"
        f" {verdict} {count(outcomes, verdict)}</label>"
        for verdict in (FAILED, PASSED, SKIPPED)
    )
    return (
        f"<form>{boxes}<input type=search name=word aria-label='search'"
        " placeholder='search: a word, RQ-033, deg'></form>"
    )


def _files(outcomes: Sequence[Outcome], texts: Mapping[str, str]) -> Iterable[str]:
    failed = [outcome for outcome in outcomes if outcome.verdict == FAILED]
    if failed:
        yield f"<section><h2 class=failed>Failed: {len(failed)}</h2>"
        yield from (_test(outcome, texts) for outcome in failed)
        yield "</section>"
    others = [outcome for outcome in outcomes if outcome.verdict != FAILED]
    for file, group in groupby(others, key=lambda outcome: outcome.file):
        tests = list(group)
        yield f"<section><h2>{_text(_file_title(file))} <span class=soft>{len(tests)}</span></h2>"
        yield from (_test(outcome, texts) for outcome in tests)
        yield "</section>"


def _file_title(file: str) -> str:
    return file.removeprefix("test_").removesuffix(".py").replace("_", " ").capitalize()


def _test(outcome: Outcome, texts: Mapping[str, str]) -> str:
    is_open = " open" if outcome.verdict == FAILED else ""
    bench = f" / {_duration(outcome.bench_s)} bench" if outcome.bench_s else ""
    return (
        f"<details data-verdict={outcome.verdict}{is_open}><summary>"
        f"<span class='badge {outcome.verdict}'>{outcome.verdict}</span>"
        f"<span class=name>{_text(outcome.title)}</span>"
        f"<span class=time>{_duration(outcome.seconds)}{bench}</span></summary>"
        f"<div class=inside>{''.join(_inside(outcome, texts))}</div></details>"
    )


def _inside(outcome: Outcome, texts: Mapping[str, str]) -> Iterable[str]:
    if outcome.doc:
        yield f"<p>{_text(outcome.doc)}</p>"
    if outcome.verdict == SKIPPED:
        yield f"<p class=skipped>{_text(outcome.reason)}</p>"
    for name in outcome.requirements:
        yield (
            f"<p class=proves><span class=id>{_text(name)}</span>"
            f" {_markdown(texts.get(name, '(no such requirement in docs/requirements.md)'))}</p>"
        )
    if outcome.verdict != SKIPPED:
        yield from (_measurement(one) for one in outcome.measurements)
    if outcome.verdict == FAILED:
        yield from _failure(outcome)
    yield from _picture(outcome)
    yield f"<p class=soft><code>{_text(outcome.nodeid)}</code></p>"


def _markdown(text: str) -> str:
    """A sentence of the requirements page: only its code marks are markup."""
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", _text(text))


def _failure(outcome: Outcome) -> Iterable[str]:
    said = [line[1:].strip() for line in outcome.reason.splitlines() if line.startswith("E ")]
    if not said:
        yield f"<pre class=why>{_text(outcome.reason)}</pre>"
        return
    yield f"<pre class=why>{_text(chr(10).join(said))}</pre>"
    yield "<details><summary><span class=name>where in the test</span></summary>"
    yield f"<pre>{_text(outcome.reason)}</pre></details>"


def _picture(outcome: Outcome) -> Iterable[str]:
    if outcome.picture:
        try:
            png = base64.b64encode(Path(outcome.picture).read_bytes()).decode()
        except OSError:
            return
        yield (
            "<div class=scroll><img alt='timeline of the test'"
            f" src='data:image/png;base64,{png}'></div>"
        )
    if outcome.timeline:
        yield f"<p class=soft>timeline: <code>{_text(outcome.timeline)}</code></p>"


def _measurement(one: Measurement) -> str:
    value = "not set" if one.value is None else f"{one.value:.4g} {one.unit}"
    why = f" ({one.proves})" if one.proves else ""
    kind = "measure" if one.good else "measure out"
    return (
        f"<div class='{kind}'><span>{_text(one.name)}</span>"
        f"<span class=value>{_text(value)}</span>{_bar(one)}"
        f"<span class=limit>{_text(one.limits + why)}</span></div>"
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


def _duration(seconds: float) -> str:
    if seconds < 99.5:
        return f"{seconds:.1f} s"
    minutes = seconds / 60
    return f"{minutes:.1f} min" if minutes < 99.5 else f"{minutes / 60:.1f} h"
