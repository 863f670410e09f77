"""Methods, and words, whose code is in memory only while it is needed (RQ-156)."""

import builtins
import sys
import types

import pytest

from inversion_table import loading
from inversion_table.contract import frame, messages
from inversion_table.link.methods import LOADED, Methods
from inversion_table.link.server import Server
from inversion_table.safety import faults
from tests.link.fake_app import FakeApp

pytestmark = pytest.mark.requirement("RQ-156")


@pytest.fixture
def app() -> FakeApp:
    return FakeApp()


GOOD: dict[str, dict[str, object]] = {
    "plan.put": {"plan": {}, "id": "0" * 16},
    "log.pulled": {"session": 7, "last": 41},
    "calibration.put": {"calibration": {}},
    "settings.put": {"settings": {}, "base": "0" * 8},
}


def ask(app: FakeApp, methods: Methods, method: str, params: object = None) -> dict:
    server = Server(methods.table, app.in_session, app.uptime_ms)
    request = {"jsonrpc": "2.0", "id": 5, "method": method, "params": params or {}}
    line, _ = server.answer(frame.encode(request))
    reply = frame.decode(line)
    assert isinstance(reply, dict)
    assert reply["id"] == 5
    return reply


def failing_import(monkeypatch: pytest.MonkeyPatch, name: str, error: BaseException) -> None:
    real = builtins.__import__

    def refuse(wanted: str, *rest: object, **more: object) -> object:
        if wanted == name:
            raise error
        return real(wanted, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", refuse)


def test_all_of_them_are_answered_at_home_alone() -> None:
    assert {messages.METHODS[name][2] for name in LOADED} == {"home", "switch"}


@pytest.mark.parametrize("error", [ImportError("gone"), ValueError("incompatible"), MemoryError()])
def test_code_that_cannot_be_loaded_is_told_and_asked_for_again(
    app: FakeApp, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    methods = Methods(app, "d")
    with monkeypatch.context() as patch:
        failing_import(patch, "inversion_table.link.home_methods", error)
        reply = ask(app, methods, "lock.get")
    assert reply["error"]["code"] == messages.INTERNAL_ERROR
    assert "cannot be loaded" in reply["error"]["message"]
    assert app.calls == []
    assert ask(app, methods, "status")["result"]["state"]
    assert "result" in ask(app, methods, "lock.get")


def test_nothing_is_loaded_while_a_session_runs(
    app: FakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.moving = True
    failing_import(monkeypatch, "inversion_table.link.home_methods", AssertionError("loaded"))
    for name in LOADED:
        reply = ask(app, Methods(app, "d"), name, GOOD.get(name))
        assert reply["error"]["code"] == messages.BUSY, name


def test_a_fault_has_its_name_even_when_its_words_cannot_be_loaded(
    app: FakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.decision.fault = faults.STALLED
    failing_import(monkeypatch, "inversion_table.safety.fault_words", MemoryError())
    result = ask(app, Methods(app, "d"), "status")["result"]
    assert result["fault"] == "STALLED"
    assert result["fault_engineer"] == "its words cannot be loaded"


def test_what_was_loaded_after_the_start_goes_and_the_rest_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loading, "_to_stay", [])
    loading.begin()
    before = dict(sys.modules)
    parent = sys.modules["inversion_table"]
    module = types.ModuleType("inversion_table.rare")
    sys.modules["inversion_table.rare"] = parent.rare = module  # type: ignore[attr-defined]
    other = types.ModuleType("somebody_elses")
    sys.modules["somebody_elses"] = other
    loading.let_go()
    assert "inversion_table.rare" not in sys.modules
    assert not hasattr(parent, "rare")
    assert "inversion_table.link.methods" in sys.modules
    assert sys.modules.pop("somebody_elses") is other
    assert sys.modules == before
