"""What the application's background may do, and on what evidence it feeds the watchdog."""

import itertools
from types import SimpleNamespace
from typing import Any

import pytest

from inversion_table.app import App
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
