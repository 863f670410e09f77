"""`itable settings`: names and values as people write them, steps, the restart, every refusal."""

import json
from pathlib import Path

import pytest

from inversion_table.contract import setting_steps
from inversion_table.contract.setting_steps import STEPS
from inversion_table.safety import limits
from itable import exits
from itable.care.settings import SETTINGS, named, value_of, wanted
from itable.errors import InputError

WORKSHOP = limits.Settings().to_dict()


def test_each_setting_of_the_table_has_a_name_of_people():
    assert [setting.key for setting in SETTINGS] == list(limits.SETTINGS)
    assert len({setting.name for setting in SETTINGS}) == len(SETTINGS)
    for setting in SETTINGS:
        assert len(setting.meaning) <= 21  # the table of settings fits 80 columns


def test_the_docs_say_the_same_bounds_and_steps():
    page = (Path(__file__).parents[2] / "docs/itable.md").read_text("utf-8")
    for setting in SETTINGS:
        step = setting.number(abs(STEPS[setting.key])) + (
            " (less)" if STEPS[setting.key] < 0 else ""
        )
        numbers = f"{setting.number(setting.highest)} | {setting.number(setting.workshop)} | {step}"
        assert f"| `{setting.name}` | {setting.unit} | {numbers} | {setting.meaning} |" in page


@pytest.mark.parametrize(
    ("words", "key", "value"),
    [
        (["tilt_max", "45"], "tilt_max_mdeg", 45_000),
        (["tilt-max=45.5"], "tilt_max_mdeg", 45_500),
        (["Tilt max", "45 deg"], "tilt_max_mdeg", 45_000),
        (["tilt_max_mdeg", "45000mdeg"], "tilt_max_mdeg", 45_000),
        (["tilt_max", "45°"], "tilt_max_mdeg", 45_000),
        (["rate_max=2,5"], "rate_max_mdeg_per_s", 2_500),
        (["rate_max=2.5deg/s"], "rate_max_mdeg_per_s", 2_500),
        (["acceleration=1.5°/s²"], "acceleration_mdeg_per_s2", 1_500),
        (["head_down_max=4"], "head_down_max_ms", 240_000),
        (["head_down_max=90 s"], "head_down_max_ms", 90_000),
        (["rest=1min"], "rest_ms", 60_000),
        (["rest", "0"], "rest_ms", 0),
    ],
)
def test_values_as_people_write_them(words, key, value):
    assert wanted(words) == {key: value}


@pytest.mark.parametrize(
    ("words", "what", "next_step"),
    [
        (["tilt_mx=40"], "there is no setting 'tilt_mx'; did you mean 'tilt_max'?", "settings:"),
        (["zzz=40"], "there is no setting 'zzz'", "settings: tilt_max, rate_max"),
        (["tilt_max"], "'tilt_max' has no value", "as in `itable settings set tilt_max 45`"),
        (["tilt_max="], "tilt_max: '' is no number", "tilt_max=60"),
        (["tilt_max=high"], "tilt_max: 'high' is no number", "tilt_max=60"),
        (["tilt_max=4.5.1"], "'.1' is not its unit", "it is in deg"),
        (["tilt_max=45 s"], "'s' is not its unit", "it is in deg"),
        (["rest=1:30"], "':30' is not its unit", "it is in s"),
        (["tilt_max=45.0001"], "finer than the table counts", "at most 3 decimals"),
        (["tilt_max=-5"], "tilt_max: -5 deg is outside 0 to 90 deg", "between them"),
        (["rate_max=6"], "rate_max: 6 deg/s is outside 0.2 to 5 deg/s", "between them"),
        (["tilt_max=1e9"], "is not its unit", "it is in deg"),
        (["tilt_max=40", "tilt-max", "50"], "'tilt_max' is given twice", "once"),
    ],
)
def test_what_is_no_setting_or_value_is_told_with_the_way_out(words, what, next_step):
    with pytest.raises(InputError) as caught:
        wanted(words)
    assert what in caught.value.what
    assert next_step in caught.value.next_step


def test_every_value_comes_back_as_it_is_shown():
    for setting in SETTINGS:
        for value in (setting.lowest + 1, setting.workshop, setting.highest):
            if setting.per_unit == 1000:
                assert value_of(setting, setting.shown(value)) == value
    assert named("rest").number(60_000) == "60"


def test_set_asks_the_table_and_waits_for_it(run, table):
    result = run("settings", "set", "tilt_max", "45", "rest=90s", "--port", table.port)
    assert result.exit_code == exits.OK, result.output
    assert "✓ tilt_max 60 deg → 45 deg" in result.stdout
    assert "✓ rest 60 s → 90 s" in result.stdout
    assert table.table.settings_put == [{**WORKSHOP, "tilt_max_mdeg": 45_000, "rest_ms": 90_000}]
    asked = [request["method"] for request in table.table.requests]
    assert asked.count("hello") == 2  # it was away for a moment
    assert asked[-1] == "clock.set"
    again = run("settings", "set", "tilt_max=45", "--port", table.port)
    assert "nothing to change" in again.stdout
    assert len(table.table.settings_put) == 1


def test_the_plan_that_no_longer_fits_is_told(run, table):
    table.table.plan_problem = "tilt 60.0 deg is outside -75.0 deg to 45.0 deg"
    result = run("settings", "set", "tilt_max=45", "--port", table.port)
    assert "no longer inside them: tilt 60.0 deg is outside" in " ".join(result.stdout.split())
    answer = run("settings", "set", "tilt_max=40", "--json", "--port", table.port)
    assert json.loads(answer.stdout)["plan"] == table.table.plan_problem


@pytest.mark.requirement("RQ-146")
def test_further_than_the_workshop_is_a_step_that_is_asked_for(run, table):
    def stderr(*words):
        result = run("settings", "set", *words, "--port", table.port)
        assert result.exit_code == exits.PROBLEM
        assert table.table.settings_put == []
        return result.stderr

    assert "nobody has done a whole session yet" in stderr("tilt_max=70", "--yes")
    table.table.proved = True
    assert "from 60 deg it may go to 70 deg" in stderr("tilt_max=75", "--yes")
    assert "tilt_max and rest would go beyond" in stderr("tilt_max=70", "rest=50", "--yes")
    assert "there is nobody to answer" in stderr("tilt_max=70")
    assert run("settings", "set", "tilt_max=70", "--yes", "--port", table.port).exit_code == 0
    assert table.table.settings.tilt_max_mdeg == 70_000
    assert run("settings", "reset", "--port", table.port).exit_code == exits.OK
    assert table.table.settings.to_dict() == WORKSHOP


@pytest.mark.requirement("RQ-146")
def test_what_the_host_lets_through_the_table_does_too(run, table):
    # The shared check decides both; here the table says no to what changed meanwhile.
    assert setting_steps.problem(WORKSHOP, {**WORKSHOP, "tilt_max_mdeg": 70_000}, True) == ""
    table.table.proved = True
    ask = table.table._server._methods["settings.get"]

    def stale(params):
        result, _ = ask(params)
        return {**result, "id": "00000000"}, None

    table.table._server._methods["settings.get"] = stale
    result = run("settings", "set", "tilt_max=45", "--port", table.port)
    assert result.exit_code == exits.REFUSED
    assert "changed meanwhile" in result.stderr
    assert "`itable settings show`" in result.stderr


def test_damaged_settings_are_told_and_mended(run, table):
    table.table.settings_damaged = True
    text = " ".join(run("settings", "show", "--port", table.port).stdout.split())
    assert "are damaged: nothing starts before `itable settings reset`" in text
    result = run("settings", "reset", "--port", table.port)
    assert "what was damaged is whole again" in result.stdout
    assert table.table.settings_put == [WORKSHOP]


def test_the_wrong_time_to_set(run, table):
    table.table.busy = True
    result = run("settings", "set", "tilt_max=45", "--port", table.port)
    assert result.exit_code == exits.REFUSED
    assert "press RETURN; then try again" in result.stderr


def test_show_fits_80_columns(run, table, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    text = run("settings", "show", "--port", table.port).stdout
    assert "tilt_max         60 deg      0 to 90" in text
    assert max(len(line) for line in text.splitlines()) <= 80
    assert all(setting.meaning in text for setting in SETTINGS)
