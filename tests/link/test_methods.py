"""Every method through the server, with an application that only remembers what it is asked."""

import json

import pytest
from hypothesis import given, settings

from inversion_table.contract import frame, messages
from inversion_table.contract.messages import METHODS, contract_hash, field_problem
from inversion_table.contract.names import FAULT_NAMES, STATE_NAMES
from inversion_table.estimation import rest
from inversion_table.estimation.calibration import CalibrationError
from inversion_table.link.methods import Methods
from inversion_table.link.server import Server
from inversion_table.safety import faults, limits, states
from inversion_table.session.plan import Plan, Step, StepSet
from inversion_table.session.program import Program
from inversion_table.store.values import StoreError
from tests.link.fake_app import FakeApp
from tests.session.plans import PLANS, make

PLAN = make((60_000, 3_000, 180_000), (0, 3_000, 30_000), times=3, name="Kim 2013, 60°")


@pytest.fixture
def app() -> FakeApp:
    return FakeApp()


def ask(app: FakeApp, method: str, params: object = None, request_id: object = 1) -> dict:
    """The reply as the host reads it; a block is put under "block"."""
    server = Server(Methods(app, "e6614103e7452d2f").table, app.in_session, app.uptime_ms)
    request = {"jsonrpc": "2.0", "id": request_id, "method": method}
    if params is not None:
        request["params"] = params
    line, block = server.answer(frame.encode(request)[:-1])
    assert len(line) <= frame.MAX_LINE_BYTES
    reply = frame.decode(line)
    assert isinstance(reply, dict)
    assert reply["jsonrpc"] == "2.0"
    assert reply["id"] == request_id
    assert ("result" in reply) != ("error" in reply)
    if "result" in reply:
        assert field_problem(METHODS[method][1], reply["result"]) == ""
        assert (block is not None) == (method == "log.read")
        reply["block"] = block and block.data
    else:
        assert block is None
        assert reply["error"]["code"] in messages.ERROR_TEXTS
    return reply


def put(plan: Plan) -> dict:
    return {"plan": plan.to_wire(), "id": plan.plan_id()}


GOOD_PARAMS = {
    "plan.put": put(PLAN),
    "log.read": {"session": 7, "offset": 0, "length": 10},
    "log.pulled": {"session": 7, "last": 41},
    "calibration.put": {"calibration": {"version": 0}},
    "clock.set": {"unix_s": 1_800_000_000},
    "settings.put": {"settings": limits.Settings().to_dict(), "base": "00000000"},
}


def test_every_method_has_a_handler_and_every_handler_a_method(app: FakeApp) -> None:
    assert set(Methods(app, "d").table) == set(METHODS)


@pytest.mark.parametrize("method", METHODS)
def test_each_result_is_what_its_definition_says(app: FakeApp, method: str) -> None:
    app.data = b"0123456789abc"
    assert "result" in ask(app, method, GOOD_PARAMS.get(method))
    app.program = Program(PLAN, 2_000)
    assert "result" in ask(app, method, GOOD_PARAMS.get(method))


@pytest.mark.requirement("RQ-061")
@pytest.mark.parametrize("method", METHODS)
def test_nothing_can_raise_outward_motion(app: FakeApp, method: str) -> None:
    # What an application may be asked for is written down here: to return, to stop, to keep a
    # plan for the next START, to set the clock. All that the tick reads stays as it was.
    kept = {
        name: dict(vars(thing))
        for name, thing in vars(app).items()
        if name in ("inputs", "estimate", "wish", "decision", "settings")
    }
    ask(app, method, GOOD_PARAMS.get(method))
    allowed = {
        "session.return": ["return"],
        "session.stop": ["stop"],
        "plan.put": ["store_plan"],
        "log.read": ["log_read"],
        "log.pulled": ["log_pulled"],
        "calibration.put": ["replace_calibration"],
        "clock.set": ["set_clock"],
        "settings.put": ["replace_settings"],
    }
    assert app.calls == allowed.get(method, [])
    for name, values in kept.items():
        assert vars(getattr(app, name)) == values, name


@pytest.mark.requirement("RQ-062")
@pytest.mark.parametrize("method", METHODS)
def test_in_a_session_only_these_are_answered(app: FakeApp, method: str) -> None:
    app.moving = True
    reply = ask(app, method, GOOD_PARAMS.get(method))
    if METHODS[method][2] == "any":
        assert "result" in reply
    else:
        assert reply["error"]["code"] == messages.BUSY
        assert app.calls == []


@pytest.mark.parametrize("method", METHODS)
def test_each_parameter_is_checked_before_anything_is_done(app: FakeApp, method: str) -> None:
    fields = METHODS[method][0]
    good = GOOD_PARAMS.get(method, {})
    wrong: list[object] = [{**good, "more": 1}, [], "text", 5, True]
    for name, kind, lowest, highest in fields:
        wrong += [{**good, name: value} for value in ([1], 1.5, True)]
        if kind[-1] != "?":
            wrong.append({key: value for key, value in good.items() if key != name})
            wrong.append({**good, name: None})
        if kind.startswith("int"):
            wrong += [{**good, name: lowest - 1}, {**good, name: highest + 1}]
        if kind.startswith("text"):
            wrong += [{**good, name: "a" * (highest + 1)}]
    for params in wrong:
        reply = ask(app, method, params)
        assert reply["error"]["code"] == messages.INVALID_PARAMS, params
        assert app.calls == []


def test_status_in_every_state_with_every_fault(app: FakeApp) -> None:
    for state in range(len(STATE_NAMES)):
        for fault in range(len(FAULT_NAMES)):
            app.decision.state = state
            app.decision.fault = fault
            app.decision.refused = fault
            result = ask(app, "status")["result"]
            assert result["state"] == STATE_NAMES[state]
            assert result["fault"] == result["refused"] == FAULT_NAMES[fault]


def test_status_at_the_ends_of_what_the_parts_can_say(app: FakeApp) -> None:
    app.program = Program(PLAN, 2_000)
    app.estimate.valid = True
    for sign in (-1, 1):
        app.estimate.tilt_mdeg = sign * 180_000
        app.estimate.rate_mdeg_per_s = sign * 1_000_000
        app.wish.target_mdeg = sign * 180_000
        app.inputs.current_ma = 16_500
        app.inputs.supply_mv = 36_300
        app.decision.session_ms = 1 << 29
        app.decision.head_down_ms = 1 << 29
        ask(app, "status")


@pytest.mark.requirement("RQ-072")
def test_hello_with_our_contract_with_none_and_with_another(app: FakeApp) -> None:
    assert ask(app, "hello")["result"]["contract"] == contract_hash()
    assert "result" in ask(app, "hello", {"contract": contract_hash()})
    assert "result" in ask(app, "hello", {"contract": None})
    error = ask(app, "hello", {"contract": "0" * 16})["error"]
    assert error["code"] == messages.CONTRACT_MISMATCH
    assert error["data"]["contract"] == contract_hash()
    assert "update" in error["message"]


def test_a_plan_is_stored_and_comes_back(app: FakeApp) -> None:
    assert ask(app, "plan.get")["result"] == {"plan": None, "id": None}
    assert ask(app, "plan.list")["result"] == {"plans": []}
    assert ask(app, "plan.put", put(PLAN))["result"] == {"id": PLAN.plan_id()}
    got = ask(app, "plan.get")["result"]
    assert got == {"plan": PLAN.to_wire(), "id": PLAN.plan_id()}
    assert ask(app, "plan.list")["result"]["plans"] == [{"id": PLAN.plan_id(), "name": PLAN.name}]


@pytest.mark.requirement("RQ-068")
def test_a_plan_with_another_id_is_not_stored(app: FakeApp) -> None:
    error = ask(app, "plan.put", {**put(PLAN), "id": "0" * 16})["error"]
    assert error["code"] == messages.INVALID_PARAMS
    assert app.calls == []


@pytest.mark.requirement("RQ-068")
def test_a_plan_outside_the_limits_is_refused_with_reason_and_line(app: FakeApp) -> None:
    plan = make((60_001, 3_000, 1_000), (0, 3_001, 0))
    error = ask(app, "plan.put", put(plan))["error"]
    assert error["code"] == messages.PLAN_REFUSED
    assert "60.001 deg" in error["message"]
    assert [problem["line"] for problem in error["data"]["problems"]] == [10, 11]
    assert app.calls == []


def test_a_refusal_of_the_worst_plan_fits_in_a_line(app: FakeApp) -> None:
    edge = 9_999_999  # larger numbers make a line that is too long itself
    steps = [Step(-edge, -edge, -edge, edge) for _ in range(limits.MAX_STEPS // 16)]
    plan = Plan("é" * 120, [StepSet(0, steps, edge) for _ in range(16)], -edge, -edge)
    error = ask(app, "plan.put", put(plan))["error"]
    assert error["code"] == messages.PLAN_REFUSED
    assert error["data"]["problems"]


def test_the_longest_plan_goes_both_ways_in_one_line(app: FakeApp) -> None:
    step = Step(-75_000, 3_000, 900, 100_000)
    plan = Plan("🙃" * 12, [StepSet(1, [step] * 4, 100_000) for _ in range(16)], 2_000, 60_000)
    assert ask(app, "plan.put", put(plan))["result"]["id"] == plan.plan_id()
    assert ask(app, "plan.get")["result"]["plan"] == plan.to_wire()
    line = frame.encode({"jsonrpc": "2.0", "id": 1, "method": "plan.put", "params": put(plan)})
    assert line.count(b"[") + line.count(b"{") == 100 < messages.OPENINGS_MOST
    sealed = {**put(plan), "counter": messages.COUNTER_MAX, "seal": "f" * 64}
    assert "result" in ask(app, "plan.put", sealed, request_id=(1 << 53))


@pytest.mark.requirement("RQ-129")
@pytest.mark.parametrize("opening", ["[", "{"])
def test_a_request_of_too_many_lists_and_objects_is_refused_unread(app: FakeApp, opening) -> None:
    server = Server(Methods(app, "d").table, app.in_session, app.uptime_ms)
    closing = {"[": "]", "{": "}"}[opening]
    for deep in (True, False):
        for more in (0, 1):
            count = messages.OPENINGS_MOST - 2 + more
            inner = f"{opening}{closing}"
            if deep:
                step = '{"a":' if opening == "{" else "["
                inner = step * (count - 1) + inner + closing * (count - 1)
            else:
                inner = "[" + ",".join([inner] * (count - 1)) + "]"
            payload = f'{{"jsonrpc":"2.0","id":1,"method":"status","params":{{"x":{inner}}}}}'
            line = payload.encode()
            reply = frame.decode(server.answer(line + b" " + frame.crc_text(line))[0])
            error = reply["error"]  # type: ignore[index]
            if more:
                assert error["code"] == messages.PARSE_ERROR
                assert "more than 256 lists and objects" in error["message"]
            else:
                assert error["code"] == messages.INVALID_PARAMS
    assert "result" in ask(app, "status")


def test_a_plan_that_is_none_is_refused(app: FakeApp) -> None:
    for odd in ({}, {"format": 2}, {**PLAN.to_wire(), "name": "\ud83d"}):
        server = Server(Methods(app, "d").table, app.in_session, app.uptime_ms)
        # Not through our own encoder: it cannot write half a surrogate pair, a stranger's can.
        payload = json.dumps(
            {"jsonrpc": "2.0", "id": 1, "method": "plan.put",
             "params": {"plan": odd, "id": "0" * 16}}
        ).encode()  # fmt: skip
        line, _ = server.answer(payload + b" " + frame.crc_text(payload))
        reply = frame.decode(line)
        assert reply["error"]["code"] == messages.PLAN_REFUSED  # type: ignore[index]
        assert app.calls == []


@pytest.mark.parametrize("error", [OSError(28), StoreError("no room")])
def test_a_store_that_fails_is_told(app: FakeApp, error: Exception) -> None:
    app.store_error = error
    assert ask(app, "plan.put", put(PLAN))["error"]["code"] == messages.STORE_FAILED


@pytest.mark.requirement("RQ-068")
@settings(max_examples=50)
@given(PLANS)
def test_a_stored_plan_was_inside_the_limits(plan: Plan) -> None:
    app = FakeApp()
    reply = ask(app, "plan.put", put(plan))
    if "result" in reply:
        assert app.program is not None
        assert max(app.program.tilt_mdeg) <= app.settings.tilt_max_mdeg
        assert max(app.program.rate_mdeg_per_s) <= app.settings.rate_max_mdeg_per_s
    else:
        assert app.calls == []


@pytest.mark.parametrize("offset", [0, 5, 13, 14, 0xFFFFFFFF])
def test_log_read_sends_length_and_block_alike(app: FakeApp, offset: int) -> None:
    app.data = bytes(range(13))
    reply = ask(app, "log.read", {"session": 7, "offset": offset, "length": 10})
    expected = app.data[offset : offset + 10]
    assert bytes(reply["block"]) == expected
    assert reply["result"] == {
        "session": 7, "offset": offset, "length": len(expected), "total": 13
    }  # fmt: skip


def test_an_unknown_session(app: FakeApp) -> None:
    for params in ({"session": 8}, {"session": 7, "last": 40}):
        reply = ask(app, "log.read", {**params, "offset": 0, "length": 10})
        assert reply["error"]["code"] == messages.NOT_FOUND
        assert f"session {params['session']}" in reply["error"]["message"]
    assert "result" in ask(app, "log.read", {"session": 7, "offset": 0, "length": 9, "last": 41})


def test_the_list_goes_on_below_a_page(app: FakeApp) -> None:
    app.sessions, app.more = [{"session": 7}], 400
    assert ask(app, "log.list", {"below": 900})["result"]["more"] == 400
    assert app.below == 900
    ask(app, "log.list")
    assert app.below is None


@pytest.mark.requirement("RQ-044")
def test_pulled_is_noted_only_where_flash_may_be_erased(app: FakeApp) -> None:
    assert ask(app, "log.pulled", GOOD_PARAMS["log.pulled"])["result"] == {"pulled": True}
    app.erasable = False
    app.calls = []
    reply = ask(app, "log.pulled", GOOD_PARAMS["log.pulled"])
    assert (reply["error"]["code"], app.calls) == (messages.BUSY, [])


def test_pulled_is_refused_for_what_is_not_there_and_told_when_it_cannot_be_kept(
    app: FakeApp,
) -> None:
    reply = ask(app, "log.pulled", {"session": 7, "last": 42})
    assert reply["error"]["code"] == messages.NOT_FOUND
    app.store_error = StoreError("cannot save /data/pulled.json")
    reply = ask(app, "log.pulled", GOOD_PARAMS["log.pulled"])
    assert reply["error"]["code"] == messages.STORE_FAILED


@pytest.mark.requirement("RQ-076")
def test_the_log_says_what_it_lost(app: FakeApp) -> None:
    app.recorder.lost_records = 2
    app.recorder.lost_pages = 3
    assert ask(app, "log.list")["result"]["lost_records"] == 5
    assert ask(app, "status")["result"]["log_lost"] == 5


@pytest.mark.requirement("RQ-093")
def test_the_clock_is_set_and_told(app: FakeApp) -> None:
    assert ask(app, "status")["result"]["unix_s"] == 0
    reply = ask(app, "clock.set", {"unix_s": 1_800_000_000})
    assert reply["result"] == {"unix_s": 1_800_000_000}
    assert ask(app, "status")["result"]["unix_s"] == 1_800_000_000


@pytest.mark.parametrize("unix_s", [0, 1_735_689_599, 1 << 32, -1, True, "1800000000", None])
def test_a_time_that_cannot_be_is_refused(app: FakeApp, unix_s: object) -> None:
    reply = ask(app, "clock.set", {"unix_s": unix_s})
    assert reply["error"]["code"] == messages.INVALID_PARAMS
    assert "set_clock" not in app.calls


@pytest.mark.requirement("RQ-062")
def test_the_clock_is_set_only_at_home(app: FakeApp) -> None:
    app.moving = True
    assert ask(app, "clock.set", {"unix_s": 1_800_000_000})["error"]["code"] == messages.BUSY
    assert "set_clock" not in app.calls


def settings_put(app: FakeApp, base: str | None = None, **changes: object) -> dict:
    values = {**app.kept_settings.stored.to_dict(), **changes}
    return ask(app, "settings.put", {"settings": values, "base": base or app.kept_settings.id()})


@pytest.mark.requirement("RQ-145")
def test_settings_are_kept_for_the_next_start_and_the_plan_is_held_against_them(
    app: FakeApp,
) -> None:
    before = app.kept_settings.id()
    app.program = Program(make((50_000, 3_000, 60_000)), 2_000)
    result = settings_put(app, tilt_max_mdeg=40_000)["result"]
    assert result["restarts_ms"] == messages.RESTART_MS
    assert "tilt 50.0 deg is outside -75.0 deg to 40.0 deg" in result["plan"]
    told = ask(app, "settings.get")["result"]
    assert told["settings"]["tilt_max_mdeg"] == 60_000  # until it has restarted
    assert told["stored"]["tilt_max_mdeg"] == 40_000
    assert told["id"] == result["id"] != before
    # Made from what is no longer there: somebody else was quicker.
    late = settings_put(app, base=before, rest_ms=90_000)["error"]
    assert late["code"] == messages.SETTINGS_REFUSED
    assert "changed meanwhile" in late["message"]
    assert settings_put(app)["result"]["restarts_ms"] is None


@pytest.mark.requirement("RQ-145")
@pytest.mark.parametrize("value", [90_001, -1, True, 1.5, "60", None, [1]])
def test_a_setting_outside_its_bounds_is_refused(app: FakeApp, value: object) -> None:
    error = settings_put(app, tilt_max_mdeg=value)["error"]
    assert error["code"] == messages.SETTINGS_REFUSED
    assert "'tilt_max_mdeg' must be a whole number from 0 to 90000" in error["message"]
    assert app.kept_settings.stored.to_dict() == limits.Settings().to_dict()


@pytest.mark.requirement("RQ-145")
def test_a_store_that_fails_keeps_the_old_settings(app: FakeApp) -> None:
    app.store.full = ["settings_a"]
    assert settings_put(app, rest_ms=90_000)["error"]["code"] == messages.STORE_FAILED
    assert app.kept_settings.stored.rest_ms == 60_000


def test_settings_come_with_their_bounds(app: FakeApp) -> None:
    result = ask(app, "settings.get")["result"]
    assert result["settings"] == limits.Settings().to_dict()
    assert set(result["bounds"]) == set(limits.SETTINGS)
    for name, (lowest, highest, default, hazard) in limits.SETTINGS.items():
        assert result["bounds"][name] == [lowest, highest, default, hazard]


@pytest.mark.requirement("RQ-080")
def test_the_fault_of_the_moment_is_told_in_words(app: FakeApp) -> None:
    app.decision.fault = faults.ANKLE_LOCK_OPEN
    result = ask(app, "status")["result"]
    assert "ankle lock" in result["fault_patient"]
    assert "interlock" in result["fault_engineer"]


@pytest.mark.requirement("RQ-106")
def test_the_last_fault_is_told_with_its_time_and_what_was_measured(app: FakeApp) -> None:
    assert ask(app, "status")["result"]["last_fault"] is None
    app.decision.state = states.MOVING
    app.last_fault.note(app.decision, app.estimate, app.inputs, 990)
    app.decision.state = states.FAULT
    app.decision.fault = faults.OVERCURRENT
    app.estimate.tilt_mdeg = 41_000
    app.estimate.rate_mdeg_per_s = -20
    app.inputs.current_ma = 9_400
    app.inputs.supply_mv = 23_000
    app.last_fault.note(app.decision, app.estimate, app.inputs, 1_000)
    told = {
        "code": faults.OVERCURRENT,
        "name": "OVERCURRENT",
        "age_ms": 61_000,
        "state": "MOVING",
        "tilt_mdeg": 41_000,
        "rate_mdeg_per_s": -20,
        "current_ma": 9_400,
        "supply_mv": 23_000,
    }
    assert ask(app, "status")["result"]["last_fault"] == told
    assert app.last_fault.then_ms == 1_000
    # Neither what is measured later nor the end of the fault changes it.
    app.inputs.current_ma = 0
    app.last_fault.note(app.decision, app.estimate, app.inputs, 1_010)
    app.decision.fault = faults.NO_FAULT
    app.last_fault.note(app.decision, app.estimate, app.inputs, 1_020)
    assert ask(app, "status")["result"]["last_fault"] == told
    assert app.last_fault.count == 1


def test_a_rest_window_is_told_as_it_is(app: FakeApp) -> None:
    app.monitor_rest.verdict = rest.SHAKEN
    app.monitor_rest.mean[2] = 1_010_000
    app.estimate.primary_tilt_mdeg = -75_100
    app.estimate.primary_ok = True
    result = ask(app, "imu.rest")["result"]
    assert (result["primary"]["tilt_mdeg"], result["primary"]["ok"]) == (-75_100, True)
    assert result["primary"]["verdict"] == "lost"
    assert (result["monitor"]["verdict"], result["monitor"]["mean"][2]) == ("shaken", 1_010_000)


@pytest.mark.requirement("RQ-112")
@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (CalibrationError("primary: 3 deg off"), messages.CALIBRATION_REFUSED),
        (StoreError("full"), messages.STORE_FAILED),
        (OSError(28), messages.STORE_FAILED),
    ],
)
def test_a_calibration_that_is_not_kept_says_why(app: FakeApp, problem, code) -> None:
    app.calibration.refuse = problem
    error = ask(app, "calibration.put", GOOD_PARAMS["calibration.put"])["error"]
    assert error["code"] == code
    assert str(problem) in error["message"]


@pytest.mark.requirement("RQ-113")
def test_a_plan_too_steep_for_an_uncalibrated_table_is_told_so(app: FakeApp) -> None:
    app.settings.tilt_max_mdeg = limits.UNCALIBRATED_TILT_MAX_MDEG
    app.calibration.calibrated = False
    for tilt_mdeg in (30_000, 30_001):
        plan = make((tilt_mdeg, 3_000, 1_000))
        reply = ask(app, "plan.put", put(plan))
        assert ("result" in reply) == (tilt_mdeg == 30_000)
    assert "never calibrated and limits itself to 30 deg" in reply["error"]["message"]
    assert "itable calibrate" in reply["error"]["data"]["problems"][0]["text"]
    assert ask(app, "status")["result"]["calibrated"] is False


@pytest.mark.requirement("RQ-114")
def test_status_tells_the_worse_imu_at_home(app: FakeApp) -> None:
    assert ask(app, "status")["result"]["home_off_mdeg"] is None
    angle = app.home_angle
    angle.measured, angle.primary_mdeg, angle.monitor_mdeg = True, 150, -900
    assert ask(app, "status")["result"]["home_off_mdeg"] == -900
    angle.primary_mdeg = 950
    assert ask(app, "status")["result"]["home_off_mdeg"] == 950
