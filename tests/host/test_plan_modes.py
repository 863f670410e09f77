"""The modes of traction units: what they compile to, where problems are, what the device says."""

import json
import textwrap
from pathlib import Path

import pytest
from hypothesis import HealthCheck, find, given, settings

from inversion_table.safety import limits
from inversion_table.session import plan as plans
from inversion_table.session.program import Program
from itable.plans import definitions
from itable.plans.judge import judge
from itable.plans.loading import judged, widest
from itable.plans.reader import read
from tests.host import plan_texts
from tests.micropython import run_on_micropython

HEAD = 'format = 1\nname = "x"\n'


def plan_of(text):
    """The compiled plan of a text without problems at the hard limits."""
    return judged(Path("x.toml"), (HEAD + textwrap.dedent(text)).encode(), widest()).plan


def sets_of(text):
    """(times, [(tilt, rate, hold), ...]) of each compiled set."""
    return [
        (one.times, [(step.tilt_mdeg, step.rate_mdeg_per_s, step.hold_ms) for step in one.steps])
        for one in plan_of(text).sets
    ]


def brief(text, device=None):
    found = judge(read((HEAD + textwrap.dedent(text)).encode()), device or limits.Settings())
    return [(one.line, one.key, one.kind) for one in found]


# --- what the modes compile to ---------------------------------------------------------------


def test_static_is_one_step():
    text = "[[set]]\n[set.static]\ntilt_deg = 25\nhold_min = 1.5\nrate_deg_per_s = 2"
    assert sets_of(text) == [(1, [(25_000, 2_000, 90_000)])]


def test_intermittent_rests_between_its_holds_and_not_after_the_last():
    text = """\
    [[set]]
    [set.intermittent]
    tilt_deg = 40
    hold_s = 30
    rest_tilt_deg = 10
    rest_s = 12.5
    cycles = 5
    rate_deg_per_s = 2.5
    """
    hold, rest = (40_000, 2_500, 30_000), (10_000, 2_500, 12_500)
    assert sets_of(text) == [(4, [hold, rest]), (1, [hold])]


def test_cyclic_goes_there_and_back_each_at_its_rate():
    text = """\
    [[set]]
    [set.cyclic]
    tilt_deg = 20
    rest_tilt_deg = -5
    cycles = 6
    rate_deg_per_s = 1
    rest_rate_deg_per_s = 2
    rest_s = 3
    """
    assert sets_of(text) == [(6, [(20_000, 1_000, 0), (-5_000, 2_000, 3_000)])]


@pytest.mark.parametrize(
    ("mode", "ends", "tilts"),
    [
        ("progressive", (10, 40), [10_000, 20_000, 30_000, 40_000]),
        ("regressive", (40, 10), [40_000, 30_000, 20_000, 10_000]),
        # 50/3 = 16.666.., 100/3 = 33.333..: to the nearest thousandth, the ends exactly
        ("progressive", (0, 50), [0, 16_667, 33_333, 50_000]),
        ("regressive", (50, 0), [50_000, 33_333, 16_667, 0]),
        ("progressive", (-1, 0), [-1_000, -667, -333, 0]),
    ],
)
def test_stairs_have_equal_levels(mode, ends, tilts):
    text = f"""\
    [[set]]
    [set.{mode}]
    from_tilt_deg = {ends[0]}
    to_tilt_deg = {ends[1]}
    levels = 4
    hold_s = 20
    """
    assert sets_of(text) == [(1, [(tilt, 3_000, 20_000) for tilt in tilts])]


def test_a_stair_may_rest_between_its_levels():
    text = """\
    [[set]]
    [set.progressive]
    from_tilt_deg = 10
    to_tilt_deg = 30
    levels = 3
    hold_s = 60
    rest_tilt_deg = 0
    rest_s = 15
    """
    ((_, steps),) = sets_of(text)
    assert [(tilt, hold) for tilt, _, hold in steps] == [
        (10_000, 60_000),
        (0, 15_000),
        (20_000, 60_000),
        (0, 15_000),
        (30_000, 60_000),
    ]


def test_the_longest_stair_fits():
    text = """\
    [[set]]
    [set.progressive]
    from_tilt_deg = 0
    to_tilt_deg = 31
    levels = 32
    hold_s = 1
    rest_tilt_deg = -1
    rest_s = 11
    """
    ((_, steps),) = sets_of(text)
    assert len(steps) == 63 <= limits.MAX_STEPS


# --- what is wrong, and where ----------------------------------------------------------------

INTERMITTENT = """\
[[set]]
[set.intermittent]
tilt_deg = 30
hold_s = 30
rest_tilt_deg = 0
rest_s = 15
cycles = 4
rate_deg_per_s = 2
"""
STAIR = """\
[[set]]
[set.progressive]
from_tilt_deg = 10
to_tilt_deg = 40
levels = 6
hold_s = 10
rest_tilt_deg = 0
rest_s = 15
rate_deg_per_s = 2
"""


@pytest.mark.parametrize(
    ("good", "old", "new", "found"),
    [
        (INTERMITTENT, "tilt_deg = 30", "tilt_deg = 61", (5, "tilt_deg", "tilt")),
        (INTERMITTENT, "tilt_deg = 0", "tilt_deg = -76", (7, "rest_tilt_deg", "tilt")),
        (INTERMITTENT, "hold_s = 30", "hold_min = 16", (6, "hold_min", "hold")),
        (INTERMITTENT, "rest_s = 15", "rest_s = -1", (8, "rest_s", "hold")),
        (
            INTERMITTENT,
            "rate_deg_per_s = 2",
            "rate_deg_per_s = 3.001",
            (10, "rate_deg_per_s", "rate"),
        ),
        (INTERMITTENT, "cycles = 4", "cycles = 1", (9, "cycles", "out-of-range")),
        (INTERMITTENT, "cycles = 4", "cycles = 201", (9, "cycles", "out-of-range")),
        (INTERMITTENT, "cycles = 4", "cycles = 4.0", (9, "cycles", "wrong-type")),
        (INTERMITTENT, "cycles = 4", "", (4, "cycles", "missing-key")),
        (INTERMITTENT, "hold_s = 30", "hold_s = 30\nhold_min = 1", (7, "hold_min", "two-units")),
        (INTERMITTENT, "cycles = 4", "cycles = 4\nlevels = 2", (10, "levels", "unknown-key")),
        (STAIR, "to_tilt_deg = 40", "to_tilt_deg = 80", (6, "to_tilt_deg", "tilt")),
        (STAIR, "from_tilt_deg = 10", "from_tilt_deg = -80", (5, "from_tilt_deg", "tilt")),
        (STAIR, "to_tilt_deg = 40", "to_tilt_deg = 10", (6, "to_tilt_deg", "direction")),
        (STAIR, "to_tilt_deg = 40", "to_tilt_deg = 5", (6, "to_tilt_deg", "direction")),
        (STAIR, "levels = 6", "levels = 33", (7, "levels", "out-of-range")),
        (STAIR, "levels = 6", "levels = 999999999999", (7, "levels", "out-of-range")),
        (STAIR, "rest_s = 15", "", (9, "rest_tilt_deg", "missing-key")),
        (STAIR, "rest_tilt_deg = 0", "", (10, "rest_s", "missing-key")),
        (STAIR, "hold_s = 10", "hold_s = 0.0001", (8, "hold_s", "too-fine")),
    ],
)
def test_a_problem_of_a_mode_is_at_its_key_once(good, old, new, found):
    assert brief(good) == []
    line, key, kind = found
    mode = "intermittent" if good is INTERMITTENT else "progressive"
    assert brief(good.replace(old, new, 1)) == [(line, f"set.{mode}.{key}", kind)]


def test_a_regressive_set_goes_back():
    down = STAIR.replace("progressive", "regressive")
    assert brief(down) == [(6, "set.regressive.to_tilt_deg", "direction")]


def test_two_modes_in_one_set_are_a_guess_too_much():
    text = "[[set]]\n[set.static]\ntilt_deg = 1\nhold_s = 1\n[set.cyclic]\ntilt_deg = 1\n"
    assert brief(text) == [(7, "set.cyclic", "two-modes")]
    text = "[[set]]\nstatic = 3\n"
    assert brief(text) == [(4, "set.static", "wrong-type")]


def test_a_mode_has_no_times():
    text = "[[set]]\ntimes = 2\n[set.static]\ntilt_deg = 1\nhold_s = 1\n"
    assert brief(text) == [(4, "set.times", "unknown-key")]


def test_a_mode_outside_a_set_is_told_its_place():
    found = judge(read((HEAD + "[static]\ntilt_deg = 1\n").encode()), limits.Settings())
    assert "'static' has no place here: it is written [set.static]" in found[1].text


def test_too_long_head_down_is_at_the_mode():
    text = INTERMITTENT.replace("rest_tilt_deg = 0", "rest_tilt_deg = 5").replace("= 4", "= 12")
    assert brief(text) == [(4, "set.intermittent", "head-down-too-long")]
    text = INTERMITTENT.replace("cycles = 4", "cycles = 60")
    assert brief(text) == [(3, "set", "session-too-long")]


def test_sets_are_counted_as_the_device_counts_them():
    sets = INTERMITTENT.replace("cycles = 4", "cycles = 2") * 9  # two compiled sets each
    # The 17th compiled set is of the 9th written one, which begins in line 3 + 8 * 8.
    assert brief(sets, widest()) == [(67, "set", "too-many-sets")]


# --- host and device -------------------------------------------------------------------------


def accepted(text):
    """The verdict on a drawn plan, when it has no problem at the hard limits; else None."""
    verdict = judged(Path("x.toml"), text.encode(), widest())
    return None if verdict.found else verdict


@pytest.mark.requirement("RQ-068")
@settings(
    max_examples=200,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
@given(plan_texts.plans())
def test_what_the_host_accepts_the_device_accepts_with_the_same_id_and_duration(text):
    verdict = judged(Path("x.toml"), text.encode(), widest())
    # Only the whole may be too much, or a stair the wrong way: no single value is outside.
    assert {one.kind for one in verdict.found} <= {
        "head-down-too-long",
        "session-too-long",
        "direction",
        "too-many-steps",
    }
    if verdict.found:
        return
    again = plans.from_wire(json.loads(json.dumps(verdict.plan.to_wire())))
    assert plans.check(again, widest()) == []
    assert again.plan_id() == verdict.plan.plan_id()
    program = Program(again, widest().acceleration_mdeg_per_s2)
    left_ms = program.left_ms(0, 0, 0, 0, limits.HOME_TILT_MDEG)
    assert left_ms == verdict.sums().total_ms


@pytest.mark.requirement("RQ-068")
def test_the_same_under_micropython(tmp_path):
    verdicts = []

    @settings(max_examples=150, derandomize=True, deadline=None, database=None)
    @given(plan_texts.plans())
    def collect(text):
        verdict = accepted(text)
        if verdict is not None:
            verdicts.append(verdict)

    collect()
    assert len(verdicts) > 40
    modes = {form.mode for verdict in verdicts for form in verdict.plan_file.sets}
    assert modes == {definitions.STEPS, *definitions.MODES}
    file = tmp_path / "plans.jsonl"
    file.write_text("".join(json.dumps(one.plan.to_wire()) + "\n" for one in verdicts), "utf-8")
    script = Path(__file__).parent / "device" / "read_plans.py"
    assert run_on_micropython(script, str(file)) == [
        f"0 {one.plan.plan_id()} {one.sums().total_ms}" for one in verdicts
    ]


@pytest.mark.parametrize("mode", [definitions.STEPS, *definitions.MODES])
def test_the_property_sees_accepted_plans_of_every_mode(mode):
    def has(text):
        verdict = accepted(text)
        return verdict is not None and any(one.mode == mode for one in verdict.plan_file.sets)

    assert find(
        plan_texts.plans(),
        has,
        settings=settings(max_examples=2_000, derandomize=True, database=None, deadline=None),
    )


@settings(max_examples=60, derandomize=True, deadline=None)
@given(plan_texts.plans())
def test_lines_of_steps_are_lines_of_the_file(text):
    plan = read(text.encode()).plan
    assert plan is not None
    lines = text.splitlines()
    for step_set in plan.sets:
        assert lines[step_set.line - 1] == "[[set]]"
        for step in step_set.steps:
            assert "tilt_deg = " in lines[step.line - 1] or lines[step.line - 1].startswith("[")
