"""The report as one HTML page that needs nothing else, for a person at a desk or with a phone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from itable.files import write_whole
from table_bench.pytest_plugin import gating
from table_bench.pytest_plugin.outcomes import FAILED, PASSED, SKIPPED, Outcome, count
from table_bench.reporting.parts import (
    document,
    duration,
    facts,
    measurement_row,
    picture,
    text,
)

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

_NEAREST = 8
_REQUIREMENT = re.compile(r"^\| (RQ-\d{3}) \| (.*) \|[^|]*\|$", re.MULTILINE)


def write_page(
    path: Path,
    outcomes: Sequence[Outcome],
    info: Mapping[str, str],
    requirements: Path,
) -> None:
    """Write the report. `requirements`: the page that holds their texts; it may be absent."""
    texts = requirement_texts(requirements)
    title = f"Bench tests · {info['bench']}"
    parts = [
        _verdict(outcomes),
        _run(outcomes, info),
        _skips(outcomes),
        *_nearest(outcomes),
        _filter(outcomes),
        *_files(outcomes, texts),
    ]
    write_whole(path, document(title, parts, _SCRIPT))


def requirement_texts(path: Path) -> dict[str, str]:
    """Id -> sentence, from the tables of docs/requirements.md."""
    try:
        return dict(_REQUIREMENT.findall(path.read_text("utf-8")))
    except OSError:
        return {}


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


def _run(outcomes: Sequence[Outcome], info: Mapping[str, str]) -> str:
    rows = {
        **info,
        "tests took": duration(sum(outcome.seconds for outcome in outcomes))
        + ", all processes together",
        "on the bench": duration(sum(outcome.bench_s for outcome in outcomes))
        + " of the tables' time",
        "requirements": f"{len({i for one in outcomes for i in one.requirements})} touched",
    }
    return facts(rows)


def _skips(outcomes: Sequence[Outcome]) -> str:
    skipped = [outcome for outcome in outcomes if outcome.verdict == SKIPPED]
    if not skipped:
        return ""
    counts = gating.count_lacking(outcome.reason for outcome in skipped)
    others = [one.reason for one in skipped if not one.reason.startswith(gating.LACKING)]
    rows = [(number, need, gating.meaning(need)) for need, number in counts.most_common()]
    rows += [(others.count(reason), "", reason) for reason in sorted(set(others))]
    lines = "".join(
        f"<tr><td class=n>{number}<td>{text(need)}<td class=soft>{text(meaning)}"
        for number, need, meaning in rows
    )
    return f"<h2>Skipped: {len(skipped)}</h2><table><tr><th>tests<th>for want of<th>{lines}</table>"


def _nearest(outcomes: Sequence[Outcome]) -> Iterable[str]:
    """The measurements that have used up most of their limits: where trouble would come from."""
    taken = [
        (one.used, outcome, one)
        for outcome in outcomes
        for one in outcome.measurements
        if one.value is not None and one.used > 0
    ]
    worst = {}  # of each measurement the worst case alone
    for used, outcome, one in sorted(taken, key=lambda entry: entry[0]):
        worst[outcome.title.split(" · ")[0], one.name] = (used, outcome, one)
    chosen = sorted(worst.values(), key=lambda entry: -entry[0])[:_NEAREST]
    if chosen:
        yield "<h2>Nearest to a limit</h2>"
    for _, outcome, one in chosen:
        yield f"<p class='soft of'>{text(outcome.title)}</p>{measurement_row(one)}"


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
        yield f"<section><h2>{text(_file_title(file))} <span class=soft>{len(tests)}</span></h2>"
        yield from (_test(outcome, texts) for outcome in tests)
        yield "</section>"


def _file_title(file: str) -> str:
    return file.removeprefix("test_").removesuffix(".py").replace("_", " ").capitalize()


def _test(outcome: Outcome, texts: Mapping[str, str]) -> str:
    is_open = " open" if outcome.verdict == FAILED else ""
    bench = f" / {duration(outcome.bench_s)} bench" if outcome.bench_s else ""
    return (
        f"<details data-verdict={outcome.verdict}{is_open}><summary>"
        f"<span class='badge {outcome.verdict}'>{outcome.verdict}</span>"
        f"<span class=name>{text(outcome.title)}</span>"
        f"<span class=time>{duration(outcome.seconds)}{bench}</span></summary>"
        f"<div class=inside>{''.join(_inside(outcome, texts))}</div></details>"
    )


def _inside(outcome: Outcome, texts: Mapping[str, str]) -> Iterable[str]:
    if outcome.doc:
        yield f"<p>{text(outcome.doc)}</p>"
    if outcome.verdict == SKIPPED:
        yield f"<p class=skipped>{text(outcome.reason)}</p>"
    for name in outcome.requirements:
        yield (
            f"<p class=proves><span class=id>{text(name)}</span>"
            f" {_markdown(texts.get(name, '(no such requirement in docs/requirements.md)'))}</p>"
        )
    if outcome.verdict != SKIPPED:
        yield from (measurement_row(one) for one in outcome.measurements)
    if outcome.verdict == FAILED:
        yield from _failure(outcome)
    yield from _picture(outcome)
    yield f"<p class=soft><code>{text(outcome.nodeid)}</code></p>"


def _markdown(sentence: str) -> str:
    """A sentence of the requirements page: only its code marks are markup."""
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", text(sentence))


def _failure(outcome: Outcome) -> Iterable[str]:
    said = [line[1:].strip() for line in outcome.reason.splitlines() if line.startswith("E ")]
    if not said:
        yield f"<pre class=why>{text(outcome.reason)}</pre>"
        return
    yield f"<pre class=why>{text(chr(10).join(said))}</pre>"
    yield "<details><summary><span class=name>where in the test</span></summary>"
    yield f"<pre>{text(outcome.reason)}</pre></details>"


def _picture(outcome: Outcome) -> Iterable[str]:
    if outcome.picture:
        try:
            png = Path(outcome.picture).read_bytes()
        except OSError:
            return
        yield picture(png, "timeline of the test")
    if outcome.timeline:
        kept = Path(outcome.timeline)  # beside the page, whoever it was mailed to
        yield f"<p class=soft>timeline: <code>{text(f'{kept.parent.name}/{kept.name}')}</code></p>"
