"""Changing a plan and saying what changed: as functions, and as commands."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from itable import exits
from itable.errors import InputError
from itable.folders import templates_folder
from itable.plans import edit, schema
from itable.plans.diff import difference
from itable.plans.loading import judged, load, widest
from itable.plans.templates import SHIPPED, find, known

PLAN = """\
#:schema ./old.json
# at the top
format = 1
name = "Monday"   # its name

[return]
rest_s = 60                 # at horizontal

[[set]]   # the first

[set.intermittent]
tilt_deg = 40               # the arm
hold_min = 3                # three minutes
rest_tilt_deg = 0
rest_s = 60
cycles = 3

# the end
[[set]]
[[set.step]]
tilt_deg = 10
hold_s = 5   # last
"""


def changed_lines(text, *words):
    """The lines that are gone, and the new ones."""
    new = edit.changed(text, edit.assignments(list(words)))
    tomllib.loads(new)
    before, after = text.splitlines(), new.splitlines()
    return [line for line in before if line not in after], [
        line for line in after if line not in before
    ]


# --- changing --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "gone", "new"),
    [
        ("name=Tuesday", 'name = "Monday"   # its name', 'name = "Tuesday"   # its name'),
        ('name="Tuesday 2"', 'name = "Monday"   # its name', 'name = "Tuesday 2"   # its name'),
        (
            "intermittent.tilt_deg=45.5",
            "tilt_deg = 40               # the arm",
            "tilt_deg = 45.5               # the arm",
        ),
        (
            "set.1.hold_s=90",
            "hold_min = 3                # three minutes",
            "hold_s = 90                # three minutes",
        ),
        ("return.rest_min=2", "rest_s = 60                 # at horizontal", "rest_min = 2"),
        ("cycles=5", "cycles = 3", "cycles = 5"),
        ("step.hold_s=6", "hold_s = 5   # last", "hold_s = 6   # last"),
        ("set.2.step.1.hold_s=6", "hold_s = 5   # last", "hold_s = 6   # last"),
    ],
)
def test_a_value_changes_and_nothing_else(word, gone, new):
    was, now = changed_lines(PLAN, word)
    assert was == [gone]
    assert len(now) == 1
    assert now[0].startswith(new)
    assert now[0].partition("#")[2] == gone.partition("#")[2]


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.toml")), ids=lambda path: path.stem)
def test_every_key_of_every_template_can_be_changed_alone(path):
    text = path.read_text("utf-8")
    names = edit.keys(text)
    assert len(names) >= 8
    for name in names:
        value = '"changed"' if name in ("name", "source", "notes", "cautions") else "7"
        new = edit.changed(text, edit.assignments([f"{name}={value}"]))
        comments = re.findall(r"(?m)(?:^|\s)#.*$", text)
        assert re.findall(r"(?m)(?:^|\s)#.*$", new) == comments
        if name != "cautions":  # which has a line for each
            differ = [
                (old, now)
                for old, now in zip(text.splitlines(), new.splitlines(), strict=True)
                if old != now
            ]
            assert len(differ) == 1, name


def test_a_key_that_is_not_written_is_added_behind_its_table_s_last():
    text = edit.changed(PLAN, edit.assignments(["set.1.rate_deg_per_s=2", "source=me"]))
    assert "cycles = 3\nrate_deg_per_s = 2\n\n# the end\n" in text
    assert 'name = "Monday"   # its name\nsource = "me"\n' in text


def test_windows_line_ends_stay():
    text = edit.changed(PLAN.replace("\n", "\r\n"), edit.assignments(["cycles=5"]))
    assert text == PLAN.replace("cycles = 3", "cycles = 5").replace("\n", "\r\n")


def test_several_changes_of_one_key_end_with_the_last():
    words = ["set.1.hold_s=30", "set.1.hold_min=2", "set.1.hold_s=40"]
    assert "hold_s = 40                # three" in edit.changed(PLAN, edit.assignments(words))


@pytest.mark.parametrize(
    ("word", "what", "where"),
    [
        ("tilt_deg=3", "'tilt_deg' stands in 2 places", "set.1.intermittent.tilt_deg, set.2"),
        ("rest_s=3", "'rest_s' stands in 2 places", "return.rest_s, set.1.intermittent.rest_s"),
        ("rate_deg_per_s=1", "'rate_deg_per_s' could go to 3 places", "return.rate_deg_per_s"),
        ("tilt=3", "there is no place for 'tilt' in this plan", "did you mean 'tilt_deg'?"),
        ("set.3.tilt_deg=3", "there is no place for 'set.3.tilt_deg' in this plan", ""),
        ("set=[]", "there is no place for 'set' in this plan", ""),
        ("return=3", "there is no place for 'return' in this plan", ""),
        ("levels=3", "there is no place for 'levels' in this plan", ""),
        ("tilt_deg", "'tilt_deg' is no assignment", ""),
        ("=3", "'=3' is no assignment", ""),
        ("a..b=3", "'a..b=3' is no assignment", ""),
        ("tilt_deg=", "'tilt_deg=' is no assignment", ""),
    ],
)
def test_what_is_not_one_place_is_refused_with_the_places(word, what, where):
    with pytest.raises(InputError) as caught:
        edit.changed(PLAN, edit.assignments([word]))
    assert caught.value.what == what
    assert caught.value.where.startswith(where)
    assert caught.value.next_step


def test_the_schema_line_is_replaced_or_put_first():
    line = f"#:schema {schema.FILE.as_uri()}\n"
    assert edit.with_schema(PLAN, schema.FILE).startswith(line + "# at the top\n")
    assert edit.with_schema("format = 1\n", schema.FILE) == line + "format = 1\n"


# --- saying what changed ---------------------------------------------------------------------


def words_of(before, after):
    sides = [
        judged(Path(name), text.encode(), widest())
        for name, text in zip("ab", (before, after), strict=True)
    ]
    found = difference(*sides)
    return [change.words for change in found.changes], [change.words for change in found.sums]


def test_nothing_changed():
    assert words_of(PLAN, PLAN)[0] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["set.1.tilt_deg=30"], "set 1, intermittent: tilt 40° → 30° (10° less head-down)"),
        (["set.1.tilt_deg=50.5"], "set 1, intermittent: tilt 40° → 50.5° (10.5° more head-down)"),
        (["set.1.hold_min=4"], "set 1, intermittent: hold 3:00 → 4:00 (1:00 longer)"),
        (["set.1.hold_s=179.5"], "set 1, intermittent: hold 3:00 → 2:59.5 (0:00.5 shorter)"),
        (["cycles=4"], "set 1, intermittent: cycles 3 → 4 (1 more)"),
        (["set.1.rate_deg_per_s=2"], "set 1, intermittent: rate 3°/s → 2°/s (1°/s slower)"),
        (["set.2.times=2"], "set 2, steps: times 1 → 2 (1 more)"),
        (["step.tilt_deg=12"], "set 2, step 1: tilt 10° → 12° (2° more head-down)"),
        (["return.rest_s=30"], "return: rest 1:00 → 0:30 (0:30 shorter)"),
        (["name=Friday"], 'name: "Monday" → "Friday"'),
    ],
)
def test_one_change_is_one_sentence(words, said):
    after = edit.changed(PLAN, edit.assignments(words))
    assert words_of(PLAN, after)[0] == [said]


def test_the_sums_are_compared():
    after = edit.changed(PLAN, edit.assignments(["set.1.hold_min=4"]))
    before_s = judged(Path("a"), PLAN.encode(), widest()).sums()
    _, sums = words_of(PLAN, after)
    assert sums[0].endswith("(3:00 longer)")
    assert sums[2].endswith("(3:00 longer)")
    assert sums[3] == f"greatest tilt: {before_s.tilt_max_mdeg // 1000}°, as before"


def test_sets_and_steps_that_come_and_go():
    first, second = PLAN.split("# the end\n")
    more = PLAN + "[[set]]\n[set.static]\ntilt_deg = 20\nhold_s = 30\n"
    assert words_of(PLAN, more)[0] == [
        "set 3 new: static: tilt 20°, rate 3°/s, hold 0:30",
    ]
    assert words_of(more, PLAN)[0] == ["set 3 gone: static: tilt 20°, rate 3°/s, hold 0:30"]
    assert words_of(PLAN, first)[0] == ["set 2 gone: 10° for 0:05 at 3°/s"]
    step = PLAN + "[[set.step]]\ntilt_deg = 0\nhold_min = 1\n"
    assert words_of(PLAN, step)[0] == ["set 2, step 2 new: 0° for 1:00 at 3°/s"]
    # A set put before another does not change it.
    head, tail = PLAN.split("[[set]]   # the first\n")
    before = head + "[[set]]\n[set.static]\ntilt_deg = 20\nhold_s = 30\n[[set]]\n" + tail
    assert words_of(PLAN, before)[0] == ["set 1 new: static: tilt 20°, rate 3°/s, hold 0:30"]
    assert second


def test_the_same_moves_written_otherwise_are_told(tmp_path):
    mode = 'format = 1\nname = "x"\n[[set]]\n[set.static]\ntilt_deg = 20\nhold_s = 60\n'
    steps = mode.replace("[set.static]", "[[set.step]]").replace("hold_s = 60", "hold_min = 1")
    sides = [judged(Path("x"), text.encode(), widest()) for text in (mode, steps)]
    found = difference(*sides)
    assert found.same_moves
    assert found.to_dict()["same_id"]
    assert len(found.changes) == 2  # one set gone, one new
    other = judged(Path("x"), mode.replace("= 60", "= 61").encode(), widest())
    assert not difference(sides[0], other).same_moves


# --- as commands -----------------------------------------------------------------------------


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "monday.toml").write_text(PLAN)
    return tmp_path


def test_the_templates_are_those_that_are_promised(run):
    names = [
        *("beginner", "intermittent", "kim-2013-30deg", "kim-2013-60deg"),
        *("oscillation", "standard", "volvo-aero"),
    ]
    assert list(known()) == names
    text = run("plan", "templates").output
    assert all(re.search(rf"(?m)^{name}$", text) for name in names)
    answer = json.loads(run("plan", "templates", "--json").output)
    assert [one["template"] for one in answer["templates"]] == names
    assert all(one["ok"] and one["source"] for one in answer["templates"])


@pytest.mark.parametrize(
    ("name", "inverted"),
    [
        ("beginner", [(20_000, 60_000)]),
        ("standard", [(30_000, 120_000)]),
        ("kim-2013-30deg", [(30_000, 180_000)] * 3),
        ("kim-2013-60deg", [(60_000, 180_000)] * 3),
        ("volvo-aero", [(15_000, 300_000), (30_000, 300_000)]),
        ("intermittent", [(30_000, 30_000)] * 8),
        ("oscillation", [(15_000, 0)] * 8),
    ],
)
def test_a_template_is_its_protocol(name, inverted):
    plan = load(find(name)).plan
    steps = [step for one in plan.sets for _ in range(one.times) for step in one.steps]
    assert [(one.tilt_mdeg, one.hold_ms) for one in steps if one.tilt_mdeg > 0] == inverted


def test_a_rest_that_is_not_published_is_a_parameter(run, here):
    words = ("plan", "new", "-t", "kim-2013-60deg", "--set", "set.rest_s=150", "-o", "k.toml")
    assert run(*words).exit_code == exits.OK
    plan = load(here / "k.toml").plan
    assert [step.hold_ms for step in plan.sets[0].steps] == [180_000, 150_000]
    assert load(find("kim-2013-60deg")).plan.plan_id() == "3209714930161bd2"


def test_new_writes_a_plan_with_source_cautions_comments_and_schema(run, here):
    result = run("plan", "new", "--template", "beginner", "--out", "a.toml", "--set", "tilt_deg=25")
    assert result.exit_code == exits.OK
    assert "written to a.toml" in result.output
    assert "note: it is still called 'Beginner, 20 deg'" in result.output
    text = (here / "a.toml").read_text("utf-8")
    assert text.startswith(f"#:schema {schema.FILE.as_uri()}\n# A first session")
    verdict = load(here / "a.toml")
    assert verdict.plan.sets[0].steps[0].tilt_mdeg == 25_000
    assert verdict.plan_file.source
    assert verdict.plan_file.cautions


def test_new_without_out_prints_the_plan_and_nothing_else(run):
    text = run("plan", "new", "-t", "standard").output
    assert judged(Path("x"), text.encode()).found == []
    answer = json.loads(run("plan", "new", "-t", "standard", "--json").output)
    assert (answer["text"], answer["file"], answer["ok"]) == (text, None, True)


def test_new_replaces_nothing_unasked(run, here):
    result = run("plan", "new", "-t", "standard", "-o", "monday.toml")
    assert result.exit_code == exits.PROBLEM
    assert result.stderr == (
        "error: there is a file already\n"
        "where: monday.toml\n"
        "next:  name another one, or replace it with --force\n"
    )
    assert (here / "monday.toml").read_text() == PLAN
    assert run("plan", "new", "-t", "standard", "-o", "monday.toml", "--force").exit_code == 0


@pytest.mark.parametrize(
    "words",
    [
        ["new", "-t", "nope"],
        ["new", "-t", "standard", "--set", "tilt_deg=91"],
        ["new", "-t", "standard", "--set", "hold_min=soon"],
        ["new", "-t", "standard", "--set", "cycles=3"],
        ["new", "-t", "standard", "--set", "tilt_deg"],
        ["new", "-t", "standard", "--set", "hold_min=16", "-o", "new.toml"],
        ["new", "-t", "standard", "-o", "monday.toml/new.toml"],
        ["set", "nope.toml", "tilt_deg=3"],
        ["set", "monday.toml", "tilt_deg=3"],
        ["set", "monday.toml", "cycles=0"],
        ["set", "monday.toml", "step.tilt_deg=-80"],
        ["set", "broken.toml", "name=x"],
        ["diff", "monday.toml", "nope.toml"],
        ["diff", "monday.toml", "broken.toml"],
        ["diff", "monday.toml", "."],
        ["schema", "-o", "monday.toml/schema.json"],
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_what_cannot_be_done_is_said_and_changes_nothing(run, here, words, as_json):
    (here / "broken.toml").write_text(PLAN.replace("cycles", "cycels"))
    before = {path.name: path.read_bytes() for path in here.glob("*.toml")}
    result = run("plan", *words, *(["--json"] if as_json else []))
    assert result.exit_code == exits.PROBLEM, result.output
    assert {path.name: path.read_bytes() for path in here.glob("*.toml")} == before
    assert "Traceback" not in result.output + result.stderr
    if as_json:
        answer = json.loads(result.output)
        assert answer.get("problems") or answer["error"]["what"]
    else:
        assert "next:" in result.stderr or "why: " in result.output


def test_set_changes_the_file_and_says_what(run, here):
    result = run("plan", "set", "monday.toml", "cycles=4", "set.1.hold_s=90")
    assert result.exit_code == exits.OK
    assert "  set 1, intermittent: hold 3:00 → 1:30 (1:30 shorter)\n" in result.output
    assert "  set 1, intermittent: cycles 3 → 4 (1 more)\n" in result.output
    assert "total time: " in result.output
    assert (here / "monday.toml").read_text() == PLAN.replace("cycles = 3", "cycles = 4").replace(
        "hold_min = 3 ", "hold_s = 90 "
    )


def test_what_a_workshop_table_would_refuse_is_noted_and_written(run, here):
    result = run("plan", "set", "monday.toml", "set.1.tilt_deg=75")
    assert result.exit_code == exits.OK
    note = "note: a table with workshop settings refuses line 12: tilt 75.0 deg is outside"
    assert note in result.output
    assert run("plan", "check", "monday.toml").exit_code == exits.PROBLEM


def test_diff_in_words_and_as_json(run, here):
    (here / "b.toml").write_text(PLAN.replace("cycles = 3", "cycles = 4"))
    result = run("plan", "diff", "monday.toml", "b.toml")
    assert result.exit_code == exits.OK
    assert "set 1, intermittent: cycles 3 → 4 (1 more)" in result.output
    assert "head-down, all in all: " in result.output
    answer = json.loads(run("plan", "diff", "monday.toml", "b.toml", "--json").output)
    assert answer["changes"] == [
        {
            "where": "set 1, intermittent",
            "what": "cycles",
            "from": 3,
            "to": 4,
            "unit": "count",
            "words": "set 1, intermittent: cycles 3 → 4 (1 more)",
        }
    ]
    assert answer["same_moves"] is False
    assert answer["from"]["file"] == "monday.toml"
    assert run("plan", "diff", "b.toml", "b.toml").output.endswith("nothing changed\n")


def test_schema_is_printed_and_written(run, here):
    assert run("plan", "schema").output == schema.text()
    assert run("plan", "schema", "--out", "s.json").exit_code == exits.OK
    assert (here / "s.json").read_text("utf-8") == schema.text()


def test_a_template_of_one_s_own(run, here):
    folder = templates_folder()
    folder.mkdir(parents=True)
    (folder / "ours.toml").write_text(PLAN)
    (folder / "beginner.toml").write_text(PLAN.replace("Monday", "Our beginner"))
    (folder / "broken.toml").write_text("format = ")
    text = run("plan", "templates").output
    assert f"ours  yours: {folder}" in text.replace("\n", "")
    assert "has problems" in text
    assert 'name = "Our beginner"' in run("plan", "new", "-t", "beginner").output
    assert run("plan", "new", "-t", "broken").exit_code == exits.PROBLEM


def test_preview_lists_the_steps_beside_the_modes_that_they_come_from(run, here):
    text = run("plan", "preview", "monday.toml").output
    assert re.search(r"(?m)^1 intermittent +1 +40° +3°/s +3:00 +┐ 2 times", text)
    assert re.search(r"(?m)^ +3 +40° +3°/s +3:00 *$", text)
    assert re.search(r"(?m)^2 steps +4 +10° +3°/s +0:05 *$", text)


# --- completion ------------------------------------------------------------------------------


def offered(*words, cwd, home):
    """What bash is offered for the last of `words`."""
    environment = {
        **os.environ,
        "HOME": str(home),
        "_ITABLE_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(["itable", *words]),
        "COMP_CWORD": str(len(words)),
    }
    done = subprocess.run(
        [sys.executable, "-c", "from itable.app import app; app(prog_name='itable')"],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_the_shell_completes_templates_keys_and_files(here, own_home):
    (here / "more").mkdir()
    (here / "more" / "other.toml").write_text(PLAN)

    def complete(*words):
        return offered(*words, cwd=here, home=own_home)

    assert complete("plan", "new", "--template", "k") == ["kim-2013-30deg", "kim-2013-60deg"]
    assert complete("plan", "check", "m") == ["monday.toml", "more/"]
    (here / "mine.txt").write_text("x")
    assert complete("plan", "preview", "m") == ["monday.toml", "more/"]
    assert complete("plan", "diff", "monday.toml", "more/") == ["more/other.toml"]
    assert complete("plan", "set", "monday.toml", "c") == ["cycles="]
    assert complete("plan", "new", "-t", "beginner", "--set", "t") == ["tilt_deg="]
    assert complete("plan", "set", "nope.toml", "c") == []
