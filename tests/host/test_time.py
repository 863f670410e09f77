"""The table's clock: how far off, its drift, setting it."""

import json
from typing import Any

import pytest

from itable import exits
from itable.care import clock
from itable.care.clock import Reading, drift_words, measure, off_words, set_right
from itable.errors import InputError

NOW_S = 1_789_000_000.0


class Table:
    """A clock of whole seconds that is `off_s` ahead and runs by `rate`, behind a slow link."""

    def __init__(self, off_s, rate=1.0, set_s=0, link_s=0.004):
        self.here_s = NOW_S + 0.37
        self.off_s = off_s
        self.rate = rate
        self.link_s = link_s
        self.clock_set_s = set_s
        self.began_s = self.here_s

    def now(self):
        return self.here_s

    def sleep(self, seconds):
        self.here_s += seconds

    def get_device(self):
        return self

    def status(self):
        self.here_s += self.link_s
        self.unix_s = 0
        if self.off_s is not None:
            run_s = (self.here_s - self.began_s) * self.rate
            self.unix_s = int(self.began_s + run_s + self.off_s)
        self.here_s += self.link_s
        return self

    def set_clock(self, unix_s):
        self.here_s += self.link_s
        self.off_s, self.began_s, self.clock_set_s = unix_s - self.here_s, self.here_s, unix_s


@pytest.mark.parametrize("off_s", [-3_600.0, -2.3, -0.49, 0.0, 0.2, 0.51, 1.7, 86_400.25])
def test_the_difference_is_found_to_a_few_hundredths_of_a_second(off_s):
    table: Any = Table(off_s)
    reading = measure(table, table.now, table.sleep)
    assert abs(reading.off_s - off_s) <= reading.within_s + 1e-6
    assert reading.within_s < 0.03
    assert table.here_s - NOW_S < 1.8
    assert reading.right == (abs(off_s) <= 2)


def test_a_clock_that_was_never_set_is_told():
    table: Any = Table(None)
    reading = measure(table, table.now, table.sleep)
    assert reading.off_s is None
    assert not reading.right
    assert off_words(reading) == "the table's clock was not set since it was switched on"
    after = set_right(table, table.now, table.sleep)
    assert after.off_s is not None
    assert abs(after.off_s) < 0.03
    assert off_words(after) == "the table's clock is right"


def test_a_clock_that_stands_does_not_hold_up():
    table: Any = Table(5.0, rate=0.0)
    reading = measure(table, table.now, table.sleep)
    assert table.here_s - NOW_S < 2.5
    assert reading.within_s == 1.0


@pytest.mark.parametrize(
    ("off_s", "ago_s", "drift", "words"),
    [
        (5.0, 60, None, ""),  # too soon to tell
        (5.0, 86_400, 5.0, "it gained 5.0 s in the 24 h since it was set: 5.0 s a day"),
        (-12.0, 43_200, -24.0, "it lost 12 s in the 12 h since it was set: 24.0 s a day"),
        (0.5, 86_400, 0.5, "no drift to be seen in the 24 h since it was set"),
    ],
)
def test_drift_is_told_once_it_is_more_than_how_exactly_it_was_set(off_s, ago_s, drift, words):
    reading = Reading(off_s, 0.02, ago_s)
    assert (reading.drift_s_per_day is None) == (drift is None)
    if drift is not None:
        assert reading.drift_s_per_day == pytest.approx(drift)
    assert drift_words(reading) == words


def test_spans_in_words():
    shown = [clock.span_words(s) for s in (0.42, 12, 119, 600, 7_300, 200_000)]
    assert shown == ["0.4 s", "12 s", "119 s", "10 min", "2 h", "2 days"]


def test_a_computer_without_a_clock_sets_none():
    table: Any = Table(0.0)
    table.here_s = 1000.0
    with pytest.raises(InputError, match="own clock was never set: it says 1970-01-01"):
        set_right(table, table.now, table.sleep)


def test_sync_and_show(run, table, monkeypatch):
    monkeypatch.setattr("itable.care.clock.LOOK_MOST_S", 0.1)
    shown = run("time", "show", "--port", table.port)
    assert "not set since it was switched on\nnext: `itable time sync`" in shown.stdout
    result = run("time", "sync", "--port", table.port)
    assert result.exit_code == exits.OK, result.output
    assert "was not set since it was switched on" in result.stdout
    assert "✓ set; now right to" in result.stdout
    asked = [r for r in table.table.requests if r["method"] == "clock.set"]
    assert len(asked) == 1
    answer = json.loads(run("time", "sync", "--json", "--port", table.port).stdout)
    assert set(answer) == {"port", "before", "after"}
    assert answer["before"]["within_s"] == 1.0  # this table's clock stands
    assert json.loads(run("time", "show", "--json", "--port", table.port).stdout)["off_s"] < 3


def test_no_clock_is_set_in_a_session(run, table, monkeypatch):
    monkeypatch.setattr("itable.care.clock.LOOK_MOST_S", 0.1)
    table.table.busy = True
    result = run("time", "sync", "--port", table.port)
    assert result.exit_code == exits.REFUSED
    assert "press RETURN; then try again" in result.stderr
