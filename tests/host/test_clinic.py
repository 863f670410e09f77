"""The rules about patients: pseudonyms, standing, releases, and how a programme rises."""

import datetime
import itertools
import random
import re
from pathlib import Path

import pytest

from inversion_table.contract import records
from inversion_table.session import plan as plans
from itable.clinic import contraindications, pseudonyms, release, screening
from itable.clinic.ladder import (
    BAD,
    FEW,
    GOOD,
    HOLD_RISE_MAX_MS,
    TILT_RISE_MAX_MDEG,
    Level,
    levels,
    walked,
)
from itable.clinic.outcome import Outcome, checked
from itable.clinic.programme import TEMPLATES, Programme, calendar
from itable.clinic.screening import Approval, Screening, standing
from itable.clinic.sessions import COMPLETED, CUT, FAULT, SHORTENED, Done
from itable.errors import InputError, NotClearedError
from itable.plans.loading import load

DOCS = Path(__file__).parents[2] / "docs"
ALL_NO = dict.fromkeys(contraindications.KEYS, "no")
AT = 1_700_000_000


# --- pseudonyms ------------------------------------------------------------------------------


@pytest.mark.parametrize("good", ["P-017", "k7", "T_42", "A1-b2-c3"])
def test_a_pseudonym(good):
    assert pseudonyms.checked(good) == good
    assert pseudonyms.doubts(good) == []


@pytest.mark.parametrize("bad", ["", "P", "7P", "a b", "Ann.Lee", "x@y.org", "P" * 17, "P-01\n"])
def test_what_is_no_pseudonym(bad):
    with pytest.raises(InputError, match="this is no pseudonym"):
        pseudonyms.checked(bad)


def test_an_e_mail_address_and_a_name_are_named_as_such():
    with pytest.raises(InputError, match="e-mail"):
        pseudonyms.checked("x@y.org")
    with pytest.raises(InputError, match="looks like a name"):
        pseudonyms.checked("Ann Lee")


@pytest.mark.parametrize(
    ("doubtful", "why"),
    [
        ("Anna", "looks like a name"),
        ("Anna-Meier", "looks like a name"),
        ("Meier42", "looks like a name with a number"),
        ("P19800131", "birth date"),
        ("P-1980-01-31", "birth date"),
    ],
)
def test_what_may_say_who_it_is_is_doubted(doubtful, why):
    assert any(why in doubt for doubt in pseudonyms.doubts(pseudonyms.checked(doubtful)))


# --- screening -------------------------------------------------------------------------------


def asked(answers, at_s=AT):
    return Screening(1, at_s, "A. Weber", contraindications.LIST_VERSION, answers)


@pytest.mark.requirement("RQ-091")
@pytest.mark.parametrize("key", contraindications.KEYS)
@pytest.mark.parametrize("answer", ["yes", "unanswered", None])
def test_each_question_alone_refuses_a_plan_until_it_is_approved(key, answer):
    answers = {**ALL_NO, key: answer}
    if answer is None:
        del answers[key]  # a question that was added after this patient was asked
    found = standing("P-1", asked(answers), None, AT)
    assert found.open_keys == [key]
    with pytest.raises(NotClearedError, match=key):
        screening.require(found)
    approved = Approval(1, AT, "Dr. M. Okafor", "why")
    screening.require(standing("P-1", asked(answers), approved, AT))


@pytest.mark.requirement("RQ-091")
def test_who_was_asked_everything_is_cleared_and_who_was_not_asked_is_not():
    screening.require(standing("P-1", asked(ALL_NO), None, AT))
    with pytest.raises(NotClearedError, match="never screened"):
        screening.require(standing("P-1", None, None, AT))


@pytest.mark.requirement("RQ-091")
def test_a_screening_is_too_old_after_90_days_and_its_approval_with_it():
    last = AT + screening.VALID_DAYS * 86_400 - 1
    for approval in (None, Approval(1, AT, "Dr. M. Okafor", "why")):
        screening.require(standing("P-1", asked(ALL_NO), approval, last))
        with pytest.raises(NotClearedError, match="older than 90 days"):
            screening.require(standing("P-1", asked(ALL_NO), approval, last + 1))


def test_an_answers_file_as_it_is_printed_leaves_everything_open():
    answers, asked_by = screening.read_answers(screening.blank().encode(), "x")
    assert answers == dict.fromkeys(contraindications.KEYS, "unanswered")
    assert asked_by == ""


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a = ", "not TOML"),
        ("a = 1", r"no table \[answers\]"),
        ("b = 1\n[answers]", "unknown: b"),
        ("asked_by = 3\n[answers]", "asked_by is no text"),
        ("[answers]\nglaucomma = 'no'", "is it 'glaucoma'"),
        ("[answers]\nglaucoma = 'maybe'", "'maybe' is no answer to glaucoma"),
    ],
)
def test_what_is_wrong_with_an_answers_file_is_said(text, what):
    with pytest.raises(InputError, match=what):
        screening.read_answers(text.encode(), "x.toml")


def test_every_question_has_its_source_in_the_docs():
    text = (DOCS / "screening.md").read_text("utf-8")
    cited = dict(re.findall(r"^\| `(\w+)` \|.*\| ([^|]+) \|$", text, re.MULTILINE))
    assert tuple(cited) == contraindications.KEYS
    listed = set(re.findall(r"^- \*\*(\w+)\*\*", text, re.MULTILINE))
    used = {name for names in cited.values() for name in re.findall(r"[A-Z]\w+", names)}
    assert all(re.search(r"[A-Z]\w+", names) for names in cited.values())
    assert used == listed


# --- releases --------------------------------------------------------------------------------


@pytest.fixture
def judged(tmp_path):
    def make(name):
        path = tmp_path / "plan.toml"
        path.write_text(
            f'format = 1\nname = "{name}"\n[[set]]\n[[set.step]]\ntilt_deg = 20\nhold_s = 30\n'
        )
        return load(path)

    return make


@pytest.mark.requirement("RQ-091")
def test_a_release_travels_in_the_name_and_changes_nothing_else(judged):
    plan = judged("Monday")
    cleared = standing("P-017", asked(ALL_NO), None, AT)
    record = release.record(cleared, plan.plan.plan_id(), "table-1", AT)
    marked = release.named(plan, "P-017", record)
    assert re.fullmatch(r"Monday \(P-017 [0-9a-f]{6}\)", marked.plan.name)
    assert release.mark_in(marked.plan.name) == ("P-017", release.code(record))
    assert marked.plan.plan_id() != plan.plan.plan_id()
    assert {**marked.plan.to_wire(), "name": ""} == {**plan.plan.to_wire(), "name": ""}
    assert plans.check(marked.plan, marked.settings) == []


@pytest.mark.parametrize("name", ["x" * 48, "ü" * 24, "日" * 16, "Week 1 (P-2 abcdef)"])
@pytest.mark.parametrize("patient", ["P1", "P" * 16])
def test_any_name_still_fits_on_the_device(judged, name, patient):
    cleared = standing(patient, asked(ALL_NO), None, AT)
    marked = release.named(judged(name), patient, release.record(cleared, "0" * 16, "t", AT))
    assert plans.check(marked.plan, marked.settings) == []
    found = release.mark_in(marked.plan.name)
    assert found is not None
    assert found[0] == patient


@pytest.mark.requirement("RQ-091")
def test_the_code_is_of_who_approved_and_why():
    answers = {**ALL_NO, "hernia": "yes"}
    codes = set()
    for by, reason in (("Dr. A", "small"), ("Dr. B", "small"), ("Dr. A", "mended")):
        found = standing("P-1", asked(answers), Approval(1, AT, by, reason), AT)
        codes.add(release.code(release.record(found, "0" * 16, "t", AT)))
    assert len(codes) == 3
    with pytest.raises(NotClearedError):
        release.record(standing("P-1", asked(answers), None, AT), "0" * 16, "t", AT)


# --- programmes ------------------------------------------------------------------------------


def ladders():
    """Every rise that fits, on a grid."""
    for weeks in (8, 10, 12):
        for start_tilt in (10_000, 20_000, 30_000):
            for goal_tilt in range(start_tilt, 61_000, 5_000):
                for goal_hold in range(60_000, 301_000, 30_000):
                    start, goal = Level(start_tilt, 60_000), Level(goal_tilt, goal_hold)
                    needed = -(-(goal_tilt - start_tilt) // 10_000) + -(-goal_hold // 60_000) - 1
                    if needed < weeks:
                        yield start, goal, levels(start, goal, weeks)


@pytest.mark.requirement("RQ-136")
def test_a_programme_never_raises_two_things_at_once_nor_by_too_much():
    count = 0
    for start, goal, found in ladders():
        count += 1
        assert (found[0], found[-1]) == (start, goal)
        for old, new in itertools.pairwise(found):
            assert 0 <= new.tilt_mdeg - old.tilt_mdeg <= TILT_RISE_MAX_MDEG
            assert 0 <= new.hold_ms - old.hold_ms <= HOLD_RISE_MAX_MS
            assert new.tilt_mdeg == old.tilt_mdeg or new.hold_ms == old.hold_ms
    assert count > 500


@pytest.mark.requirement("RQ-136")
@pytest.mark.requirement("RQ-137")
def test_however_the_weeks_went_one_thing_rises_at_most_and_none_after_a_bad_week():
    dice = random.Random(7)
    all_found = [found for _, _, found in ladders()]
    for _ in range(3000):
        found = dice.choice(all_found)
        verdicts = [dice.choice((GOOD, BAD, FEW)) for _ in range(dice.randrange(len(found) + 1))]
        reached = [found[at] for at in walked(len(found), verdicts)]
        assert len(reached) == len(found)
        for week, (old, new) in enumerate(itertools.pairwise(reached)):
            risen = (new.tilt_mdeg > old.tilt_mdeg) + (new.hold_ms > old.hold_ms)
            verdict = verdicts[week] if week < len(verdicts) else GOOD
            assert risen <= (1 if verdict == GOOD else 0)
            assert new.tilt_mdeg - old.tilt_mdeg <= TILT_RISE_MAX_MDEG
            assert new.hold_ms - old.hold_ms <= HOLD_RISE_MAX_MS


@pytest.mark.requirement("RQ-137")
def test_a_bad_week_holds_the_second_running_goes_down_too_few_sessions_hold():
    assert walked(6, []) == [0, 1, 2, 3, 4, 5]
    assert walked(6, [GOOD, BAD]) == [0, 1, 1, 2, 3, 4]
    assert walked(6, [GOOD, GOOD, BAD, BAD]) == [0, 1, 2, 2, 1, 2]
    assert walked(6, [BAD, BAD, BAD]) == [0, 0, 0, 0, 1, 2]
    assert walked(6, [GOOD, FEW, FEW]) == [0, 1, 1, 1, 2, 3]
    assert walked(3, [GOOD] * 3) == [0, 1, 2]


@pytest.mark.parametrize(
    ("start", "goal", "weeks", "what"),
    [
        (Level(20_000, 60_000), Level(60_000, 300_000), 8, "needs 9 weeks"),
        (Level(20_000, 60_000), Level(10_000, 60_000), 8, "below its beginning"),
        (Level(20_000, 60_000), Level(20_000, 60_000), 7, "7 weeks"),
        (Level(20_000, 60_000), Level(20_000, 60_000), 13, "13 weeks"),
    ],
)
def test_a_rise_that_does_not_fit_is_refused(start, goal, weeks, what):
    with pytest.raises(InputError, match=what):
        levels(start, goal, weeks)


START = datetime.date(2026, 11, 2)


def made(template="beginner", **changes):
    chosen = TEMPLATES[template]
    rise = levels(chosen.start, chosen.goal, chosen.weeks)
    values = (template, START, rise, chosen.days_a_week, chosen.sets, 60_000)
    names = ("template", "start_day", "levels", "days_a_week", "sets", "rest_ms")
    return Programme(**{**dict(zip(names, values, strict=True)), **changes})


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_week_of_a_template_is_a_good_plan(template, tmp_path):
    programme = made(template)
    for week, level in enumerate(programme.levels, 1):
        path = tmp_path / "plan.toml"
        path.write_text(programme.plan_text(week, level))
        judged = load(path)
        assert judged.found == []
        assert judged.sums().tilt_max_mdeg == level.tilt_mdeg
        assert judged.sums().head_down_ms >= programme.sets * level.hold_ms
        assert judged.plan_file.cautions


def test_kim_2013_is_as_published():
    programme = made("kim-2013-60")
    assert set(programme.levels) == {Level(60_000, 180_000)}
    assert (programme.weeks, programme.days_a_week, programme.sets) == (8, 4, 3)


def test_the_week_of_a_day():
    programme = made()
    assert programme.week_of(START) == 1
    assert programme.week_of(START + datetime.timedelta(days=6)) == 1
    assert programme.week_of(START + datetime.timedelta(days=7)) == 2
    assert programme.week_of(START + datetime.timedelta(days=55)) == 8
    with pytest.raises(InputError, match="ended on 2026-12-27"):
        programme.week_of(START + datetime.timedelta(days=56))
    with pytest.raises(InputError, match="begins on 2026-11-02"):
        programme.week_of(START - datetime.timedelta(days=1))


def done(week, **changes):
    values = {
        "id": 1, "device": "t", "number": 1, "start_unix_s": None, "plan_name": None,
        "week": week, "duration_ms": 200_000, "head_down_ms": 75_000, "max_tilt_mdeg": 20_000,
        "end_reason": records.END_PLAN_DONE, "end_fault": 0, "fault_count": 0,
        "planned_head_down_ms": 75_000, "planned_tilt_mdeg": 20_000,
        "pain_before": None, "pain_after": None, "comfort": None, "note": None,
    }  # fmt: skip
    return Done(**{**values, **changes})


@pytest.mark.parametrize(
    ("changes", "how"),
    [
        ({}, COMPLETED),
        ({"head_down_ms": 1}, COMPLETED),
        ({"end_reason": records.END_RETURN_PRESSED, "head_down_ms": 71_250}, COMPLETED),
        ({"end_reason": records.END_RETURN_PRESSED, "head_down_ms": 71_249}, SHORTENED),
        ({"end_reason": records.END_RETURN_PRESSED}, COMPLETED),
        ({"end_reason": records.END_RETURN_PRESSED, "head_down_ms": 9_000}, SHORTENED),
        ({"planned_head_down_ms": None}, COMPLETED),
        ({"planned_head_down_ms": None, "end_reason": records.END_HOST_RETURN}, SHORTENED),
        ({"end_reason": records.END_FAULT, "end_fault": 9}, FAULT),
        ({"end_reason": records.END_UNKNOWN, "end_fault": 9}, FAULT),
        ({"end_reason": records.END_UNKNOWN}, COMPLETED),
        ({"end_reason": None}, CUT),
        ({"head_down_ms": None}, CUT),
    ],
)
def test_what_became_of_a_session(changes, how):
    assert done(1, **changes).how == how


@pytest.mark.requirement("RQ-137")
def test_pain_that_rose_by_two_holds_the_next_week_back():
    programme = made()
    today = START + datetime.timedelta(days=15)
    for after, verdict in ((3, GOOD), (4, BAD)):
        sessions = [done(2, pain_before=2, pain_after=after)] * 4 + [done(1)] * 4
        weeks = calendar(programme, sessions, {}, today)
        assert weeks[1].verdict == verdict
        held = weeks[2].level == weeks[1].level
        assert held == (verdict == BAD)
    weeks = calendar(programme, sessions, {2: (False, "was a cold")}, today)
    assert (weeks[1].verdict, weeks[1].note) == (GOOD, "was a cold")


def test_adherence_counts_what_was_done_and_too_few_sessions_hold():
    programme = made()
    today = START + datetime.timedelta(days=8)
    sessions = [
        done(1),
        done(1, head_down_ms=10_000, end_reason=records.END_RETURN_PRESSED),
        done(1, end_reason=records.END_FAULT),
        done(1, end_reason=None),
    ]
    week = calendar(programme, sessions, {}, today)[0]
    assert (week.done, week.adherence_percent, week.verdict) == (2, 50, GOOD)
    assert [week.count(how) for how in (COMPLETED, SHORTENED, FAULT, CUT)] == [1, 1, 1, 1]
    assert calendar(programme, sessions[1:], {}, today)[0].verdict == FEW
    same_week = START + datetime.timedelta(days=6)
    assert calendar(programme, [], {}, same_week)[0].verdict == GOOD  # it is not over yet


# --- outcomes --------------------------------------------------------------------------------


def said(name: str, value: int) -> Outcome:
    numbers: dict[str, int] = {name: value}
    return Outcome(numbers.get("pain_before"), numbers.get("pain_after"), numbers.get("comfort"))


@pytest.mark.parametrize("name", ["pain_before", "pain_after", "comfort"])
@pytest.mark.parametrize("value", [-1, 11])
def test_numbers_of_an_outcome_are_0_to_10(name, value):
    with pytest.raises(InputError, match=f"is {value}"):
        checked(said(name, value))
    for good in (0, 10):
        assert getattr(checked(said(name, good)), name) == good


def test_a_note_is_short():
    with pytest.raises(InputError, match="501 characters"):
        checked(Outcome(note="x" * 501))
