"""What changed from one plan to another, in words: what is written, and what it comes to."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass

from inversion_table.session import plan as plans
from itable.plans import definitions, timeline
from itable.plans.loading import Judged
from itable.plans.reader import PlanFile, SetForm
from itable.screen.chart import clock

_NAMES = {
    "tilt_deg": ("tilt", "deg"),
    "from_tilt_deg": ("first tilt", "deg"),
    "to_tilt_deg": ("last tilt", "deg"),
    "rest_tilt_deg": ("rest tilt", "deg"),
    "rate_deg_per_s": ("rate", "deg_per_s"),
    "rest_rate_deg_per_s": ("rate back", "deg_per_s"),
    "hold": ("hold", "ms"),
    "rest": ("rest", "ms"),
    "cycles": ("cycles", "count"),
    "levels": ("levels", "count"),
    "times": ("times", "count"),
}
_UNITS = {"deg": "mdeg", "deg_per_s": "mdeg_per_s"}
_MORE = {"deg": "further", "deg_per_s": "faster", "ms": "longer", "count": "more"}
_LESS = {"deg": "less", "deg_per_s": "slower", "ms": "shorter", "count": "fewer"}

Values = dict[str, int | None]


@dataclass(frozen=True)
class Change:
    """One thing that changed: where, what, from and to (None: it was not, or is no longer)."""

    where: str
    what: str
    before: int | str | None
    after: int | str | None
    unit: str
    words: str

    def to_dict(self) -> dict[str, object]:
        """The change as `--json` prints it."""
        return {
            "where": self.where,
            "what": self.what,
            "from": self.before,
            "to": self.after,
            "unit": self.unit,
            "words": self.words,
        }


@dataclass(frozen=True)
class Difference:
    """Everything that changed from `before` to `after`; `same_moves`: the table does the same."""

    before: Judged
    after: Judged
    changes: list[Change]
    sums: list[Change]
    same_moves: bool

    def to_dict(self) -> dict[str, object]:
        """The difference as `--json` prints it."""
        return {
            "from": _side(self.before),
            "to": _side(self.after),
            "same_id": self.before.plan.plan_id() == self.after.plan.plan_id(),
            "same_moves": self.same_moves,
            "changes": [change.to_dict() for change in self.changes],
            "sums": [change.to_dict() for change in self.sums],
        }


def difference(before: Judged, after: Judged) -> Difference:
    """Compare two plans without problems."""
    return Difference(
        before,
        after,
        [
            *_texts(before, after),
            *_sets(before.plan_file, after.plan_file),
            *_return(before.plan, after.plan),
        ],
        list(_sums(before.sums(), after.sums())),
        _moves(before.plan) == _moves(after.plan),
    )


def _side(judged: Judged) -> dict[str, object]:
    return {
        "file": str(judged.path),
        "name": judged.plan.name,
        "id": judged.plan.plan_id(),
        "sums": judged.sums().to_dict(),
    }


def _moves(plan: plans.Plan) -> list[tuple[int, ...]]:
    """All that the table does in a session, without the way it is written or named."""
    steps = [
        (step.tilt_mdeg, step.rate_mdeg_per_s, step.hold_ms)
        for step_set in plan.sets
        for _ in range(step_set.times)
        for step in step_set.steps
    ]
    return [*steps, (plan.return_rate_mdeg_per_s, plan.rest_ms)]


# --- what is written -------------------------------------------------------------------------


def _texts(before: Judged, after: Judged) -> Iterator[Change]:
    old, new = before.plan_file, after.plan_file
    pairs = (
        ("name", before.plan.name, after.plan.name),
        ("source", old.source, new.source),
        ("notes", old.notes, new.notes),
    )
    for what, was, now in pairs:
        if was != now:
            words = f'{what}: "{was}" → "{now}"' if what == "name" else f"{what} changed"
            yield Change("plan", what, was, now, "text", words)
    for caution in old.cautions:
        if caution not in new.cautions:
            yield Change("plan", "caution", caution, None, "text", f"caution gone: {caution}")
    for caution in new.cautions:
        if caution not in old.cautions:
            yield Change("plan", "caution", None, caution, "text", f"caution new: {caution}")


def _return(before: plans.Plan, after: plans.Plan) -> Iterator[Change]:
    yield from _numbers(
        "return",
        {"rate_deg_per_s": before.return_rate_mdeg_per_s, "rest": before.rest_ms},
        {"rate_deg_per_s": after.return_rate_mdeg_per_s, "rest": after.rest_ms},
    )


def _sets(before: PlanFile, after: PlanFile) -> Iterator[Change]:
    """Sets side by side: those of the same mode in the same order are one set that changed."""
    for old, new in _paired([one.mode for one in before.sets], [one.mode for one in after.sets]):
        was = None if old is None else before.sets[old]
        now = None if new is None else after.sets[new]
        if was is None or now is None or was.mode != now.mode:
            yield from _whole_sets(old, was, new, now)
            continue
        assert new is not None
        where = f"set {new + 1}, {_mode_words(now)}"
        if was.mode == definitions.STEPS:
            yield from _numbers(where, {"times": was.times}, {"times": now.times})
            yield from _steps(f"set {new + 1}", was.steps, now.steps)
        else:
            yield from _numbers(where, was.values, now.values)


def _whole_sets(
    old: int | None, was: SetForm | None, new: int | None, now: SetForm | None
) -> Iterator[Change]:
    if was is not None:
        where = f"set {(old or 0) + 1}"
        text = describe(was)
        yield Change(where, "set", text, None, "text", f"{where} gone: {text}")
    if now is not None:
        where = f"set {(new or 0) + 1}"
        text = describe(now)
        yield Change(where, "set", None, text, "text", f"{where} new: {text}")


def _steps(where: str, before: list[Values], after: list[Values]) -> Iterator[Change]:
    """Steps side by side, by their tilts where these are alike."""
    old_tilts = [step["tilt_deg"] for step in before]
    new_tilts = [step["tilt_deg"] for step in after]
    for old, new in _paired(old_tilts, new_tilts):
        if old is None or new is None:
            number = (new if old is None else old) or 0
            step = after[number] if old is None else before[number]
            place = f"{where}, step {number + 1}"
            text, state = _step_words(step), "new" if old is None else "gone"
            was, now = (None, text) if old is None else (text, None)
            yield Change(place, "step", was, now, "text", f"{place} {state}: {text}")
        else:
            yield from _numbers(f"{where}, step {new + 1}", before[old], after[new])


def _paired(before: list, after: list) -> Iterator[tuple[int | None, int | None]]:
    """Places in two lists that belong together; None where one has nothing to go with."""
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for _, old, old_end, new, new_end in matcher.get_opcodes():
        for offset in range(max(old_end - old, new_end - new)):
            yield (
                old + offset if old + offset < old_end else None,
                new + offset if new + offset < new_end else None,
            )


def _numbers(where: str, before: Values, after: Values) -> Iterator[Change]:
    for key, was in before.items():
        now = after[key]
        if was == now:
            continue
        name, unit = _NAMES[key]
        words = f"{where}: {name} {_change_words(was, now, unit)}"
        yield Change(where, name, was, now, _UNITS.get(unit, unit), words)


def _sums(before: timeline.Sums, after: timeline.Sums) -> Iterator[Change]:
    rows = (
        ("head-down, all in all", "ms", before.head_down_ms, after.head_down_ms),
        ("head-down at a stretch", "ms", before.head_down_stretch_ms, after.head_down_stretch_ms),
        ("total time", "ms", before.total_ms, after.total_ms),
        ("greatest tilt", "deg", before.tilt_max_mdeg, after.tilt_max_mdeg),
    )
    for name, unit, was, now in rows:
        # Predictions: to the second is what anybody can see.
        shown_was, shown_now = (
            (round(ms / 1000) * 1000 for ms in (was, now)) if unit == "ms" else (was, now)
        )
        words = (
            f"{name}: {_value_words(shown_was, unit)}, as before"
            if shown_was == shown_now
            else f"{name}: {_change_words(shown_was, shown_now, unit)}"
        )
        yield Change("sums", name, was, now, _UNITS.get(unit, unit), words)


# --- words -----------------------------------------------------------------------------------


def describe(form: SetForm) -> str:
    """A set in words, as "intermittent: tilt 30°, hold 0:30, ..."."""
    if form.mode == definitions.STEPS:
        steps = "; ".join(_step_words(step) for step in form.steps)
        return f"{form.times} times: {steps}" if form.times != 1 else steps
    numbers = ", ".join(
        f"{_NAMES[key][0]} {_value_words(value, _NAMES[key][1])}"
        for key, value in form.values.items()
        if value is not None and (value or key not in ("hold", "rest"))
    )
    return f"{form.mode}: {numbers}"


def _mode_words(form: SetForm) -> str:
    return "steps" if form.mode == definitions.STEPS else form.mode


def _step_words(step: Values) -> str:
    return (
        f"{_value_words(step['tilt_deg'], 'deg')} for {_value_words(step['hold'], 'ms')}"
        f" at {_value_words(step['rate_deg_per_s'], 'deg_per_s')}"
    )


def _change_words(was: int | None, now: int | None, unit: str) -> str:
    text = f"{_value_words(was, unit)} → {_value_words(now, unit)}"
    if was is None or now is None:
        return text
    word = (_MORE if now > was else _LESS)[unit]
    if unit == "deg":
        word = "more head-down" if now > was else "less head-down"
    return f"{text} ({_value_words(abs(now - was), unit)} {word})"


def _value_words(value: int | None, unit: str) -> str:
    if value is None:
        return "none"
    if unit == "ms":
        rest_ms = value % 1000
        return clock(value - rest_ms) + (f".{rest_ms:03d}".rstrip("0") if rest_ms else "")
    if unit == "count":
        return str(value)
    return f"{value / 1000:g}" + ("°" if unit == "deg" else "°/s")
