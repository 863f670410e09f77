"""The JSON Schema of plans: as published, as the templates need it, and as strict as the reader."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings

from itable.plans import definitions, findings, schema
from itable.plans.loading import judged, load, widest
from itable.plans.templates import SHIPPED
from tests.host import plan_texts

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted(SHIPPED.glob("*.toml"))
VALIDATOR = jsonschema.Draft7Validator(schema.build())


def refused_by_schema(text):
    return [error.message for error in VALIDATOR.iter_errors(tomllib.loads(text))]


def refused_by_itable(text):
    return [one.kind for one in judged(Path("x.toml"), text.encode(), widest()).found]


def test_what_is_published_and_shipped_is_what_the_definitions_make():
    # When this fails: itable plan schema --out FILE, for both.
    for file in (ROOT / "docs/plan.schema.json", schema.FILE):
        assert file.read_text("utf-8") == schema.text(), file
    jsonschema.Draft7Validator.check_schema(schema.build())


def test_every_key_says_what_it_is():
    def walk(node):
        for one in node.get("properties", {}).values():
            assert one["description"]
            yield from walk(one.get("items", one))
        yield node

    assert len(list(walk(schema.build()))) > 40


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_is_good_for_both(path):
    text = path.read_text("utf-8")
    assert refused_by_schema(text) == []
    assert load(path).found == []  # at workshop settings, too
    assert load(path).plan_file.source
    assert len(load(path).plan_file.cautions) >= 3
    assert any("screening" in caution for caution in load(path).plan_file.cautions)


def taplo(*arguments, cwd):
    command = shutil.which("taplo", path=str(Path(sys.executable).parent))
    assert command is not None
    done = subprocess.run(
        [command, "lint", *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stderr


def test_an_editor_finds_the_schema_by_the_first_line_and_checks_with_it(tmp_path):
    # taplo is what the TOML extensions of editors run.
    assert taplo(*TEMPLATES, cwd=tmp_path)[0] == 0
    for path in TEMPLATES:
        assert path.read_text("utf-8").startswith("#:schema ../plans/plan.schema.json\n")
    broken = tmp_path / "templates" / "broken.toml"
    broken.parent.mkdir()
    (tmp_path / "plans").mkdir()
    shutil.copy(schema.FILE, tmp_path / "plans")
    broken.write_text(TEMPLATES[0].read_text("utf-8").replace("hold_min = 1", "hold_mn = 1"))
    code, said = taplo(broken, cwd=tmp_path)
    assert code != 0
    assert "hold_mn" in said


GOOD = """\
format = 1
name = "x"
[return]
rate_deg_per_s = 2
rest_s = 60
[[set]]
times = 2
[[set.step]]
tilt_deg = 30
hold_s = 20
[[set]]
[set.static]
tilt_deg = 30
hold_s = 20
[[set]]
[set.intermittent]
tilt_deg = 31
hold_s = 21
rest_tilt_deg = 0
rest_s = 15
cycles = 4
[[set]]
[set.cyclic]
tilt_deg = 32
rest_tilt_deg = 1
cycles = 3
[[set]]
[set.progressive]
from_tilt_deg = 11
to_tilt_deg = 33
levels = 3
hold_s = 22
rest_tilt_deg = 2
rest_s = 16
"""
BROKEN = [
    ("format = 1", "format = 2", findings.WRONG_FORMAT),
    ("format = 1\n", "", findings.MISSING_KEY),
    ('name = "x"', 'name = ""', findings.NAME),
    ('name = "x"', f'name = "{"x" * 49}"', findings.NAME),
    ('name = "x"', "name = 1", findings.WRONG_TYPE),
    ('name = "x"', 'name = "x"\nsource = 2', findings.WRONG_TYPE),
    ('name = "x"', 'name = "x"\ncautions = [1]', findings.WRONG_TYPE),
    ('name = "x"', 'name = "x"\ncolour = "red"', findings.UNKNOWN_KEY),
    ("rest_s = 60", "rest_s = 301", findings.RETURN),
    ("rest_s = 60", "rest_s = 60\nrest_min = 1", findings.TWO_UNITS),
    ("rate_deg_per_s = 2", "rate_deg_per_s = 6.1", findings.RETURN),
    ("times = 2", "times = 0", findings.TIMES),
    ("times = 2", "times = 201", findings.TIMES),
    ("times = 2", 'times = "2"', findings.WRONG_TYPE),
    ("tilt_deg = 30", "tilt_deg = 90.001", findings.TILT),
    ("tilt_deg = 30", "tilt_deg = -75.001", findings.TILT),
    ("tilt_deg = 30\n", "", findings.MISSING_KEY),
    ("hold_s = 20", "hold_s = 901", findings.HOLD),
    ("hold_s = 20", "hold_min = 15.1", findings.HOLD),
    ("hold_s = 20", "hold_s = -1", findings.HOLD),
    ("hold_s = 20\n", "", findings.MISSING_KEY),
    ("hold_s = 20", "hold_s = 20\nhold_min = 1", findings.TWO_UNITS),
    ("hold_s = 20", "hold_s = 20\nrate_deg_per_s = 0.1", findings.RATE),
    ("hold_s = 20", "hold_s = 20\ncycles = 2", findings.UNKNOWN_KEY),
    ("[set.static]", "times = 2\n[set.static]", findings.UNKNOWN_KEY),
    ("[set.static]\n", "[set.static]\n[set.cyclic]\n", findings.TWO_MODES),
    ("cycles = 4", "cycles = 1", findings.OUT_OF_RANGE),
    ("cycles = 4", "cycles = 201", findings.OUT_OF_RANGE),
    ("cycles = 4", "cycles = 2.5", findings.WRONG_TYPE),
    ("cycles = 4\n", "", findings.MISSING_KEY),
    ("cycles = 3", "cycles = 0", findings.OUT_OF_RANGE),
    ("cycles = 3", "cycles = 3\nrest_rate_deg_per_s = 7", findings.RATE),
    ("levels = 3", "levels = 1", findings.OUT_OF_RANGE),
    ("levels = 3", "levels = 33", findings.OUT_OF_RANGE),
    ("rest_s = 16\n", "", findings.MISSING_KEY),
    ("rest_tilt_deg = 2\n", "", findings.MISSING_KEY),
    ("from_tilt_deg = 11\n", "", findings.MISSING_KEY),
    ("[[set]]\n[set.static]\ntilt_deg = 30\nhold_s = 20\n", "[[set]]\n", findings.NO_STEPS),
]


@pytest.mark.parametrize(("old", "new", "kind"), BROKEN)
def test_what_is_broken_is_refused_by_both(old, new, kind):
    assert refused_by_schema(GOOD) == refused_by_itable(GOOD) == []
    assert GOOD.count(old) >= 1
    text = GOOD.replace(old, new, 1)
    assert kind in refused_by_itable(text)
    assert refused_by_schema(text)


@pytest.mark.parametrize("text", ["", 'format = 1\nname = "x"\n', 'format = 1\nname="x"\nset = 3'])
def test_a_file_without_a_plan_is_refused_by_both(text):
    assert refused_by_itable(text)
    assert refused_by_schema(text)


ONLY_ITABLE = {
    findings.TOO_FINE: ("tilt_deg = 30", "tilt_deg = 30.0001"),
    findings.DIRECTION: ("to_tilt_deg = 33", "to_tilt_deg = 3"),
    findings.TOO_LONG_HEAD_DOWN: ("hold_s = 20", "hold_s = 900"),
    findings.TOO_LONG: ("times = 2", "times = 200"),
    findings.NAME: ('name = "x"', 'name = "' + "é" * 30 + '"'),
}


@pytest.mark.parametrize("kind", ONLY_ITABLE)
def test_what_only_the_whole_plan_shows_itable_says(kind):
    text = GOOD.replace(*ONLY_ITABLE[kind], 1)
    assert kind in refused_by_itable(text)
    assert not refused_by_schema(text)


@settings(
    max_examples=100, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck)
)
@given(plan_texts.plans())
def test_what_itable_accepts_the_schema_accepts(text):
    assert refused_by_schema(text) == []  # whatever the whole comes to


def _bounds():
    """Every key with bounds, by each of its names."""
    for table in (definitions.RETURN, definitions.STEP, *definitions.MODES.values()):
        for key in table.keys:
            for name in key.written:
                yield table, key, name


@pytest.mark.parametrize(
    ("table", "key", "name"), list(_bounds()), ids=lambda one: one if isinstance(one, str) else ""
)
def test_the_bounds_are_the_same_to_the_last_digit(table, key, name):
    """One step outside either end is refused by both, the ends themselves by neither."""
    unit = 1 if key.kind == definitions.WHOLE else 60_000 if name.endswith("_min") else 1_000
    step = 60 if unit == 60_000 else 1  # of a minute, only a thousandth is short as a decimal
    others = {
        "[return]": "",
        "[[set.step]]": "tilt_deg = 1\nhold_s = 0\n",
        "[set.static]": "tilt_deg = 1\nhold_s = 0\n",
        "[set.intermittent]": "tilt_deg=1\nhold_s=0\nrest_tilt_deg=0\nrest_s=11\ncycles=2\n",
        "[set.cyclic]": "tilt_deg=1\nrest_tilt_deg=0\ncycles=2\n",
        "[set.progressive]": "from_tilt_deg=0\nto_tilt_deg=1\nlevels=2\nhold_s=0\n",
        "[set.regressive]": "from_tilt_deg=1\nto_tilt_deg=0\nlevels=2\nhold_s=0\n",
    }[table.header]
    if name in ("rest_tilt_deg", "rest_s", "rest_min") and "levels" in others:
        others += "rest_s=11\n" if name == "rest_tilt_deg" else "rest_tilt_deg=0\n"
    lines = [line for line in others.splitlines() if not re.match(rf"{key.name}(_s|_min)?\b", line)]
    step_set = "[[set]]\n" if table.header.startswith("[set.") or "[[" in table.header else ""
    tail = "" if step_set else "[[set]]\n[set.static]\ntilt_deg = 1\nhold_s = 0\n"

    def judge(value):
        pair = f"{name} = {plan_texts.number(value, unit)}"
        head = f'format = 1\nname = "x"\n{step_set}{table.header}\n'
        text = head + "\n".join([pair, *lines]) + f"\n{tail}"
        kinds = set(refused_by_itable(text)) & {
            findings.TILT,
            findings.RATE,
            findings.HOLD,
            findings.RETURN,
            findings.OUT_OF_RANGE,
        }
        return bool(kinds), bool(refused_by_schema(text))

    assert judge(key.lowest) == judge(key.highest) == (False, False)
    assert judge(key.lowest - step) == judge(key.highest + step) == (True, True)


def test_the_page_names_every_key_and_every_kind():
    page = (ROOT / "docs/plans.md").read_text("utf-8")
    tables = (definitions.TOP, *definitions.TABLES)
    for name in {name for table in tables for name in table.written}:
        assert f"`{name}`" in page, name
    for mode in definitions.MODES:
        assert f"[set.{mode}]" in page, mode
    for kind in findings.WHY:
        assert f"`{kind}`" in page or kind == findings.FORM, kind


def test_every_kind_says_why():
    kinds = {
        value
        for name, value in vars(findings).items()
        if name.isupper() and name != "WHY" and isinstance(value, str)
    }
    assert kinds == set(findings.WHY)
    assert json.dumps(findings.WHY)
