"""A lost reply is asked for again: the device repeats its words, not its deeds."""

import random

import pytest

from inversion_table.contract import frame, messages
from inversion_table.contract.seal import seal
from inversion_table.link.methods import Methods
from inversion_table.link.server import Server
from inversion_table.safety import limits
from inversion_table.store.lock import PlanLock, set_key
from itable.link.client import ATTEMPTS, TIMEOUT_S, Client
from tests.link.fake_app import FakeApp
from tests.session.plans import make

PLAN = make((30_000, 3_000, 60_000))
OTHER = make((20_000, 3_000, 60_000))
PARAMS: dict[str, dict[str, object]] = {
    "plan.put": {"plan": PLAN.to_wire(), "id": PLAN.plan_id()},
    "calibration.put": {"calibration": {"version": 0}},
    "clock.set": {"unix_s": 1_800_000_000},
    "log.pulled": {"session": 7, "last": 41},
    "session.stop": {},
    "settings.put": {"settings": limits.Settings().to_dict(), "base": "00000000"},
    "session.return": {},
}


@pytest.fixture
def app() -> FakeApp:
    return FakeApp()


@pytest.fixture
def server(app: FakeApp) -> Server:
    return Server(Methods(app, "d").table, app.in_session, app.uptime_ms)


def line_of(method: str, params: dict, request_id: object = 1) -> bytes:
    return frame.encode({"jsonrpc": "2.0", "id": request_id, "method": method, "params": params})


@pytest.mark.requirement("RQ-128")
@pytest.mark.parametrize("method", messages.ACTS)
def test_the_same_request_again_gets_the_same_reply_and_does_nothing(app, server, method) -> None:
    line = line_of(method, PARAMS[method])
    first, _ = server.answer(line)
    done = list(app.calls)
    assert len(done) == 1
    for later_ms in (0, 2_000, messages.REPEAT_MS - 2_000):
        app.uptime += later_ms
        assert server.answer(line)[0] == first
    assert app.calls == done
    # With or without its line end it is the same line.
    assert server.answer(line[:-1])[0] == first
    assert server.answer(line[:-1] + b"\r\n")[0] == first
    assert app.calls == done


@pytest.mark.requirement("RQ-128")
@pytest.mark.parametrize("method", messages.ACTS)
def test_a_new_id_other_words_or_a_later_time_are_a_new_request(app, server, method) -> None:
    server.answer(line_of(method, PARAMS[method]))
    server.answer(line_of(method, PARAMS[method], 2))
    server.answer(line_of(method, PARAMS[method], "1"))
    assert len(app.calls) == 3
    server.answer(line_of("session.stop" if method != "session.stop" else "session.return", {}))
    assert len(app.calls) == 4
    app.uptime += messages.REPEAT_MS + 1
    server.answer(line_of(method, PARAMS[method], 2))
    assert len(app.calls) == 5


@pytest.mark.requirement("RQ-128")
def test_a_stop_that_comes_late_does_not_stop_the_return_that_a_person_began(app, server) -> None:
    # The reply to a stop is lost; meanwhile somebody presses RETURN; then the stop comes again.
    stop = line_of("session.stop", {})
    server.answer(stop)
    app.uptime += 2_000
    server.answer(stop)
    assert app.calls == ["stop"]


@pytest.mark.requirement("RQ-128")
def test_a_plan_stored_at_home_is_confirmed_again_in_the_session_that_followed(app, server) -> None:
    line = line_of("plan.put", PARAMS["plan.put"])
    first, _ = server.answer(line)
    app.moving = True
    assert server.answer(line)[0] == first
    assert b'"error"' in server.answer(line_of("plan.put", PARAMS["plan.put"], 2))[0]


def test_what_was_refused_may_be_asked_for_again(app, server) -> None:
    app.moving = True
    line = line_of("clock.set", PARAMS["clock.set"])
    assert b'"error"' in server.answer(line)[0]
    app.moving = False
    assert b'"result"' in server.answer(line)[0]
    assert app.calls == ["set_clock"]


def test_whoever_greets_may_count_ids_from_one_again(app, server) -> None:
    stop = line_of("session.stop", {})
    server.answer(stop)
    server.answer(line_of("hello", {}, 5))
    server.answer(stop)
    assert app.calls == ["stop", "stop"]


def test_only_so_many_replies_are_kept(app, server) -> None:
    for number in range(100):
        server.answer(line_of("session.stop", {}, number))
        assert len(server._done) <= messages.REPLIES_KEPT
    kept = messages.REPLIES_KEPT
    for number in range(100 - kept, 100):
        server.answer(line_of("session.stop", {}, number))
    assert app.calls == ["stop"] * 100


def test_all_tries_of_the_client_fit_into_the_time_in_which_a_repeat_is_known() -> None:
    assert ATTEMPTS * TIMEOUT_S * 1_000 < messages.REPEAT_MS


class LossyLink:
    """A server behind a line that loses requests and replies; time passes only in `read`."""

    def __init__(self, server: Server, app: FakeApp, seed: int) -> None:
        self._server = server
        self._app = app
        self._dice = random.Random(seed)
        self._incoming = bytearray()
        self.now_s = 0.0
        self.lost = 0

    @property
    def in_waiting(self) -> int:
        return len(self._incoming)

    def read(self, size: int = 1) -> bytes:
        self.now_s += 0.05
        self._app.uptime += 50
        data = bytes(self._incoming[:size])
        del self._incoming[:size]
        return data

    def write(self, data: bytes) -> int:
        fate = self._dice.random()
        if fate < 0.2:
            self.lost += 1  # the request
            return len(data)
        reply, _ = self._server.answer(data)
        if fate < 0.45:
            self.lost += 1  # its reply
        elif fate < 0.55:
            self._incoming += reply[:-3] + b"x" + reply[-2:]
        else:
            self._incoming += reply
        return len(data)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.mark.requirement("RQ-128")
@pytest.mark.parametrize("seed", range(4))
def test_over_a_line_that_loses_half_of_what_is_said_everything_is_done_once(seed: int) -> None:
    app = FakeApp()
    server = Server(Methods(app, "d").table, app.in_session, app.uptime_ms)
    link = LossyLink(server, app, seed)
    client = Client(link, clock=lambda: link.now_s, attempts=40, timeout_s=0.2)
    expected = []
    dice = random.Random(seed)
    for number in range(60):
        kind = dice.randrange(5)
        if kind == 0:
            plan = (PLAN, OTHER)[number % 2]
            assert client.put_plan(plan.to_wire(), plan.plan_id()).id == plan.plan_id()
        elif kind == 1:
            assert client.set_clock(1_800_000_000 + number).unix_s == 1_800_000_000 + number
        elif kind == 2:
            client.stop()
        elif kind == 3:
            client.return_home()
        else:
            client.put_calibration({"version": number})
        names = ("store_plan", "set_clock", "stop", "return", "replace_calibration")
        expected.append(names[kind])
        assert app.calls == expected
    assert link.lost > 30


@pytest.mark.requirement("RQ-128", "RQ-132")
def test_a_sealed_plan_whose_reply_was_lost_is_no_replay(app, server) -> None:
    key = bytes(32)
    set_key(app.store, key.hex())
    app.plan_lock = PlanLock(app.store, "fake-1")
    text = seal(key, "fake-1", 1, PLAN.canonical())
    params = {**PARAMS["plan.put"], "counter": 1, "seal": text}
    first, _ = server.answer(line_of("plan.put", params))
    assert b'"result"' in first
    assert server.answer(line_of("plan.put", params))[0] == first
    # Also long after, and by a client that knows nothing of the first: the same plan, again.
    app.uptime += 60_000
    assert b'"result"' in server.answer(line_of("plan.put", params, 2))[0]
