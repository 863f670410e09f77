"""What the application's background may do, and on what evidence it feeds the watchdog."""

import gc
import itertools
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest

from inversion_table.app import FAILING_MS, PASS_MS, PROOF_STEPS, App
from inversion_table.contract import events
from inversion_table.journal.absent import AbsentRing
from inversion_table.safety import states
from inversion_table.safety.ticks import TICKS_MASK


def background(ticks: int, sensed: int) -> Any:
    """What `App._feed_on_evidence` looks at, and a watchdog that counts."""
    app = SimpleNamespace(ticks=ticks, _sensed=sensed, _fed_ticks=ticks, _fed_sensed=sensed, fed=0)

    def feed() -> None:
        app.fed += 1

    app.board = SimpleNamespace(feed_watchdog=feed)
    return app


@pytest.mark.requirement("RQ-039")
@pytest.mark.parametrize(("ticks", "sensed", "fed"), [(0, 0, 0), (1, 0, 0), (0, 1, 0), (1, 1, 1)])
@pytest.mark.parametrize("start", [0, 77, TICKS_MASK])
def test_the_watchdog_is_fed_only_when_ticks_and_sensing_moved_on(
    ticks: int, sensed: int, fed: int, start: int
) -> None:
    app = background(start, start)
    app.ticks = (start + ticks) & TICKS_MASK
    app._sensed = (start + sensed) & TICKS_MASK
    App._feed_on_evidence(app)
    App._feed_on_evidence(app)  # nothing new since: no second feed
    assert app.fed == fed


@pytest.mark.requirement("RQ-044")
def test_flash_is_erased_only_at_home_at_rest_and_with_the_log_closed() -> None:
    allowed = set()
    for state, at_home, power, recording in itertools.product(
        range(len(states.STATE_NAMES)), (False, True), (False, True), (False, True)
    ):
        app: Any = SimpleNamespace(
            decision=SimpleNamespace(state=state, at_home=at_home, power=power),
            recorder=SimpleNamespace(recording=lambda recording=recording: recording),
        )
        if App.may_erase(app):
            allowed.add((state, at_home, power, recording))
    assert allowed == {(states.HOME, True, False, False), (states.FAULT, True, False, False)}


class FakeProof:
    """Finds the file of that number wrong; None: all of 7 are right."""

    def __init__(self, wrong: int | None) -> None:
        self.left = 7 if wrong is None else wrong
        self._wrong = wrong is not None
        self.disproved = False

    def pending(self) -> bool:
        return self.left > 0 and not self.disproved

    def step(self) -> None:
        self.left -= 1
        self.disproved = self._wrong and not self.left


def in_passes(proof: FakeProof) -> Any:
    """An application at rest at home, of which one `pass_by` is one pass of the background."""
    app = MagicMock(_log_proof=proof, _log_lost=False, _restart_asked=False)
    app.settings_ok = app._values.ok = True
    app.firmware.on_trial = False
    for name in ("_passed_ms", "_uptime_ms", "_values_ms", "_collected_ms"):
        setattr(app, name, 0)
    app.board.ticks_ms.return_value = 0
    for method in ("_prove_log", "_erase_ahead", "_judge", "_restart_soon"):
        setattr(app, method, lambda method=method: getattr(App, method)(app))

    def pass_by() -> None:
        app.board.ticks_ms.return_value += PASS_MS
        App.background(app)

    app.pass_by = pass_by
    return app


@pytest.mark.requirement("RQ-163")
def test_before_the_logs_place_is_proved_nothing_is_written_and_nothing_begins() -> None:
    proof = FakeProof(None)
    app = in_passes(proof)
    assert PROOF_STEPS == 3
    for left in (4, 1, 0):
        app.pass_by()
        assert proof.left == left
        assert not app.recorder.flush.called
        if left:
            assert not app.inputs.started_up
            app._indicator.tell_ready.assert_called_with(False)
        assert app.ring.prepare.called == (not left)
    app.pass_by()
    assert app.recorder.flush.called
    assert app.inputs.started_up
    app._indicator.tell_ready.assert_called_with(True)
    assert app.inputs.settings_ok


@pytest.mark.requirement("RQ-163")
def test_a_log_whose_map_is_wrong_is_given_up_and_laid_out_anew_by_a_restart() -> None:
    app = in_passes(FakeProof(5))
    ring = app.ring
    app.may_erase.return_value = False
    app.pass_by()
    app.pass_by()
    app.pass_by()
    assert isinstance(app.ring, AbsentRing)
    app.recorder.use.assert_called_once_with(app.ring)
    assert not app.inputs.settings_ok
    assert not app.store.save.called
    assert not app._restart_asked
    app.may_erase.return_value = True
    app.pass_by()
    app.pass_by()
    app.store.save.assert_called_once_with("journal_map", None)
    assert app._restart_asked
    assert not ring.prepare.called


def failing(on_trial: bool = False) -> Any:
    """An application whose passes break off; `app.at(ms)` is one, `app.noted` what the log gets."""
    noted: list[tuple[int, int]] = []
    app: Any = SimpleNamespace(
        now_ms=0,
        _failing=False,
        _failing_ms=0,
        own_errors=SimpleNamespace(count=0),
        firmware=SimpleNamespace(on_trial=on_trial),
        recorder=SimpleNamespace(note=lambda now_ms, code, a, b: noted.append((code, a))),
        board=SimpleNamespace(ticks_ms=lambda: app.now_ms),
        noted=noted,
    )

    def note(error: BaseException) -> None:
        app.own_errors.count += 1

    def at(now_ms: int, error: BaseException | None = None) -> bool:
        app.now_ms = now_ms & TICKS_MASK
        return App.broke_off(app, error or ValueError("a mistake"))

    app.own_errors.note = note
    app.note_error = lambda error: App.note_error(app, error)
    app.at = at
    return app


@pytest.mark.requirement("RQ-165")
@pytest.mark.parametrize("start_ms", [0, 12_345, TICKS_MASK - 900])
def test_only_passes_that_all_break_off_end_the_program(
    start_ms: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A collection of all that a test process holds takes a second by the end of a long run.
    monkeypatch.setattr(gc, "collect", lambda: 0)
    app = failing()
    for since_ms in (*range(0, FAILING_MS, PASS_MS), FAILING_MS - 1):
        assert not app.at(start_ms + since_ms)
    assert app.at(start_ms + FAILING_MS)
    app._failing = False  # as a whole pass leaves it
    assert not app.at(start_ms + FAILING_MS + PASS_MS)
    assert app.own_errors.count == FAILING_MS // PASS_MS + 3


@pytest.mark.requirement("RQ-165")
def test_a_whole_pass_ends_a_row_of_those_that_broke_off() -> None:
    app = in_passes(FakeProof(None))
    app._failing = True
    app.pass_by()
    assert not app._failing


@pytest.mark.requirement("RQ-165")
def test_the_log_is_told_of_the_first_and_then_of_ever_fewer() -> None:
    app = failing()
    for _ in range(1_000):
        App.note_error(app, ValueError())
    assert [code for code, _ in app.noted] == [events.PROGRAM_ERROR] * 10
    assert [count for _, count in app.noted] == [1 << n for n in range(10)]

    def no_room(*event: int) -> None:
        raise MemoryError

    app.own_errors.count = 2_047
    app.recorder.note = no_room
    App.note_error(app, MemoryError())
    assert app.own_errors.count == 2_048


@pytest.mark.requirement("RQ-165")
def test_a_firmware_on_trial_is_ended_by_its_first_mistake() -> None:
    app = failing(on_trial=True)
    with pytest.raises(KeyError, match="mine"):
        app.at(0, KeyError("mine"))
    assert app.own_errors.count == 1
