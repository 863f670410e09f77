"""Fixtures of the host tool's tests: a home of their own, the command line, a table on a pty."""

import pytest
from typer.testing import CliRunner

from itable.app import app
from tests.host.fake_table import FakeTable, PtyTable
from tests.host.logs import session_pages
from tests.host.postgres import postgres

__all__ = ["postgres"]


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    """No test sees, or leaves anything in, the home of whoever runs it."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in (
        "XDG_DATA_HOME",
        "XDG_STATE_HOME",
        "XDG_CONFIG_HOME",
        "ITABLE_PORT",
        "ITABLE_STORE",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "dumb")
    return home


@pytest.fixture
def no_usb(monkeypatch):
    """No USB board is connected, whatever is on this computer."""
    monkeypatch.setattr("serial.tools.list_ports.comports", list)


@pytest.fixture
def run(no_usb):
    """Run itable in this process: run("plan", "check", path) -> click's result."""
    from itable import output

    def call(*arguments):
        output.out.cache_clear()
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return call


@pytest.fixture
def table():
    """A fake table with two sessions in its log, behind a pty: `.table` and `.port`."""
    fake = FakeTable({7: session_pages(7), 8: session_pages(8, count=300)})
    with PtyTable(fake) as served:
        yield served
