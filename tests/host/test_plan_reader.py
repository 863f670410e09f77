"""A plan file becomes a plan, or a list of everything that is wrong with it."""

import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inversion_table.safety.limits import Settings
from inversion_table.session import plan as plans
from itable.plans.judge import LIMIT_KINDS, judge
from itable.plans.reader import read

GOOD = textwrap.dedent(
    """\
    format = 1
    name = "Good"

    [[set]]
    times = 2

    [[set.step]]
    tilt_deg = 12.345
    rate_deg_per_s = 1.5
    hold_s = 90.5

    [[set.step]]
    tilt_deg = 0
    hold_min = 0.5
    """
)


def found(text, device=None):
    return judge(read(textwrap.dedent(text).encode()), device or Settings())


def plan_of(text):
    """The compiled plan of a text that has one."""
    plan = read(text.encode() if isinstance(text, str) else text).plan
    assert plan is not None
    return plan


def brief(text, device=None):
    return [(one.line, one.key, one.kind) for one in found(text, device)]


def test_a_good_plan_is_compiled_with_the_lines_of_its_steps():
    assert found(GOOD) == []
    assert plan_of(GOOD).to_wire() == {
        "format": 1,
        "name": "Good",
        "return_rate_mdeg_per_s": 2000,
        "rest_ms": 60_000,
        "sets": [
            {"times": 2, "line": 4, "steps": [[12_345, 1500, 90_500, 7], [0, 3000, 30_000, 12]]}
        ],
    }


def test_windows_line_ends_and_a_byte_order_mark_change_nothing():
    windows = b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode()
    assert plan_of(windows).to_wire() == plan_of(GOOD).to_wire()


def test_the_return_can_be_written():
    plan = plan_of(GOOD + "[return]\nrate_deg_per_s = 1.25\nrest_min = 2\n")
    assert (plan.return_rate_mdeg_per_s, plan.rest_ms) == (1250, 120_000)


def test_every_problem_is_reported_at_once():
    text = """\
    format = 2
    nmae = "Typo"
    tilt_deg = 3

    [return]
    rate_deg_per_s = 9
    rest_s = "long"

    [[set]]
    times = 0

    [[set.step]]
    tilt_deg = 75
    rate = 2
    hold_s = 10
    hold_min = 1

    [[set.step]]
    tilt_deg = "flat"
    rate_deg_per_s = 0.1
    hold_s = 1.23456

    [[set.step]]
    tilt_deg = 10
    """
    assert brief(text) == [
        (0, "name", "missing-key"),
        (1, "format", "wrong-format"),
        (2, "nmae", "unknown-key"),
        (3, "tilt_deg", "unknown-key"),
        (6, "return.rate_deg_per_s", "return"),
        (7, "return.rest_s", "wrong-type"),
        (10, "set.times", "times"),
        (13, "set.step.tilt_deg", "tilt"),
        (14, "set.step.rate", "unknown-key"),
        (16, "set.step.hold_min", "two-units"),
        (19, "set.step.tilt_deg", "wrong-type"),
        (20, "set.step.rate_deg_per_s", "rate"),
        (21, "set.step.hold_s", "too-fine"),
        (23, "set.step.hold_s", "missing-key"),
    ]


def step(line):
    return f'format = 1\nname = "x"\n[[set]]\n[[set.step]]\ntilt_deg = 1\nhold_s = 1\n{line}\n'


@pytest.mark.parametrize(
    ("wrong", "guess"),
    [
        ("tilt = 1", "tilt_deg"),
        ("Tilt_Deg = 1", "tilt_deg"),
        ("rate = 1", "rate_deg_per_s"),
        ("rate_deg_s = 1", "rate_deg_per_s"),
        ("hold = 1", "hold_s"),
        ("hold_sec = 1", "hold_s"),
        ("hodl_min = 1", "hold_min"),
    ],
)
def test_an_unknown_key_gets_a_guess(wrong, guess):
    (one,) = found(step(wrong))
    assert one.kind == "unknown-key"
    assert one.line == 7
    assert f"did you mean '{guess}'?" in one.text
    assert "tilt_deg, rate_deg_per_s, hold_s, hold_min" in one.allowed


def test_a_key_like_no_other_gets_no_guess():
    (one,) = found(step("colour = 1"))
    assert one.text == "unknown key 'colour'"


def test_a_key_in_the_wrong_place_is_told_its_place():
    (one,) = found("format=1\nname='x'\nhold_s=1\n[[set]]\n[[set.step]]\ntilt_deg=1\nhold_s=1")
    assert one.text == "'hold_s' has no place here: it belongs below a line [[set.step]]"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ('"2"', 'the text "2"'),
        ("true", "true"),
        ("[1]", "a list"),
        ("{ a = 1 }", "a table"),
        ("1979-05-27", "the date or time 1979-05-27"),
        ("nan", "the number NaN"),
        ("-inf", "the number -Infinity"),
    ],
)
def test_a_wrong_type_is_named(value, words):
    text = step("").replace("tilt_deg = 1", f"tilt_deg = {value}")
    (one,) = found(text)
    assert (one.line, one.kind, one.text) == (5, "wrong-type", f"tilt_deg is {words}")
    assert one.allowed == "a number"


@pytest.mark.parametrize("number", ["1e999999999", "-1e40", "99999999999999999999"])
def test_a_number_out_of_all_proportion_is_reported_quickly(number):
    text = step("").replace("tilt_deg = 1", f"tilt_deg = {number}")
    (one,) = found(text)
    assert (one.line, one.kind) == (5, "out-of-range")


@pytest.mark.parametrize("number", ["0.0001", "1e-999999999", "12.3456", "0.0005"])
def test_finer_than_a_thousandth_is_not_rounded_silently(number):
    text = step("").replace("tilt_deg = 1", f"tilt_deg = {number}")
    (one,) = found(text)
    assert (one.line, one.kind, one.allowed) == (5, "too-fine", "multiples of 0.001")


def test_trailing_zeros_are_not_fine():
    text = step("").replace("tilt_deg = 1", "tilt_deg = 12.345000000000")
    assert found(text) == []


def test_tables_that_should_be_lists_say_how_to_write_them():
    (one,) = found("format=1\nname='x'\n[set]\n[[set.step]]\ntilt_deg=1\nhold_s=1")
    assert (one.line, one.kind) == (3, "wrong-type")
    assert one.allowed == "a list of tables: [[set]] with two pairs of brackets"


def test_a_set_without_steps_and_a_plan_without_sets():
    assert brief("format=1\nname='x'\n[[set]]\n") == [(3, "set.step", "no-steps")]
    assert brief("format=1\nname='x'\n") == [(0, "set", "no-steps")]
    assert brief("format=1\nname='x'\nset = 3\n") == [(3, "set", "wrong-type")]


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ('format = 1\nname = "x\n', 2, 10),
        ("format = 1\nformat = 1\n", 2, 11),
        ("format = 1\n[[set]\n", 2, 6),
        ("a = [1,\n2\n", 3, 0),
        ("= 1\n", 1, 1),
    ],
)
def test_what_is_not_toml_has_line_and_column(text, line, column):
    (one,) = judge(read(text.encode()), Settings())
    assert (one.kind, one.line, one.column) == ("syntax", line, column)
    assert one.text.startswith("not TOML: ")


def test_what_is_not_utf8_has_its_line():
    (one,) = judge(read(b'format = 1\nname = "\xff"\n'), Settings())
    assert (one.kind, one.line, one.text) == ("syntax", 2, "byte 0xff is not UTF-8")


def test_limits_of_the_device_are_used():
    device = Settings()
    device.tilt_max_mdeg = 10_000
    (one,) = found(GOOD, device)
    assert (one.line, one.kind) == (8, "tilt")
    assert one.allowed == "tilt_deg from -75 (home) to 10 (tilt_max_mdeg)"


def test_too_long_head_down_names_the_step_and_too_long_the_set():
    long = GOOD.replace("hold_s = 90.5", "hold_min = 10")
    assert brief(long) == [(7, "set.step", "head-down-too-long")]
    many = GOOD.replace("times = 2", "times = 50").replace("hold_min = 0.5", "hold_min = 1")
    assert brief(many) == [(4, "set", "session-too-long")]


def test_too_many_sets_and_steps():
    sets = 'format=1\nname="x"\n' + "[[set]]\n[[set.step]]\ntilt_deg=1\nhold_s=1\n" * 17
    assert brief(sets) == [(67, "set", "too-many-sets")]
    steps = 'format=1\nname="x"\n[[set]]\n' + "[[set.step]]\ntilt_deg=1\nhold_s=1\n" * 65
    assert brief(steps) == [(3, "set", "too-many-steps")]


def test_every_kind_of_limit_has_a_name():
    codes = {
        value
        for name, value in vars(plans).items()
        if name.startswith(("BAD_", "TOO_", "NO_")) and isinstance(value, int)
    }
    assert codes == set(LIMIT_KINDS)


NUMBER = st.one_of(
    st.integers(-100, 2000),
    st.decimals(-100, 2000, places=4),
    st.sampled_from(["nan", "'x'", "[]"]),
)
KEY = st.sampled_from(
    ["tilt_deg", "rate_deg_per_s", "hold_s", "hold_min", "tilt", "times", "step", "format"]
)
HEADER = st.sampled_from(["[[set]]", "[[set.step]]", "[return]", "[set]", "[set.step]", "[x]", ""])


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.lists(st.tuples(HEADER, st.dictionaries(KEY, NUMBER, max_size=4)), max_size=6))
def test_no_file_breaks_the_reader_and_every_problem_has_a_line_of_the_file(parts):
    text = 'format = 1\nname = "x"\n'
    for header, pairs in parts:
        text += header + "\n" + "".join(f"{key} = {value}\n" for key, value in pairs.items())
    plan_file = read(text.encode())
    problems = judge(plan_file, Settings())
    for problem in problems:
        assert 0 <= problem.line <= text.count("\n") + 1
        assert problem.text
        assert problem.allowed
    if not problems:
        # What passes here passes on the device, which reads the wire form.
        again = plans.from_wire(plan_of(text).to_wire())
        assert plans.check(again, Settings()) == []
        assert again.plan_id() == plan_of(text).plan_id()


@pytest.mark.parametrize("deep", ["[" * 5000 + "]" * 5000, "{a=" * 3000 + "1" + "}" * 3000])
def test_what_is_nested_without_end_is_no_toml(deep):
    (one,) = found(f"{GOOD}notes = {deep}\n")
    assert (one.kind, "nested too deeply" in one.text) == ("syntax", True)


@pytest.mark.parametrize("hidden", ["\\u0000", "\\u001b[31m", "\\u202e", "\\u200b", "\\n"])
def test_a_name_is_seen_as_it_is(hidden):
    text = GOOD.replace('"Good"', f'"Good{hidden}"')
    assert brief(text) == [(2, "name", "name")]
    assert "U+" in found(text)[0].text
    assert found(GOOD.replace('"Good"', '"Schräg 30° 🙂"')) == []
