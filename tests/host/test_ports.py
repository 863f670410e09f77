"""Finding the port: named, USB, virtual; and what is said when that fails."""

import json
import os
import types

import pytest

from itable.errors import NoDeviceError
from itable.folders import virtual_tables_folder
from itable.link import ports, registry


def usb(device, vid=0x2E8A):
    return types.SimpleNamespace(device=device, vid=vid, product="Pico", serial_number="E6")


@pytest.fixture
def boards(monkeypatch):
    found: list[object] = []
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: found)
    return found


def test_a_named_port_is_not_looked_for(boards):
    assert ports.choose("/dev/x") == "/dev/x"


def test_the_only_board_is_taken_and_other_devices_are_not(boards):
    boards += [usb("/dev/ttyUSB0", vid=0x0403), usb("/dev/ttyACM3"), usb("/dev/ttyS0", vid=None)]
    assert ports.choose(None) == "/dev/ttyACM3"


def test_no_table(boards):
    with pytest.raises(NoDeviceError) as caught:
        ports.choose(None)
    assert caught.value.what == "no table found"
    assert "itable sim" in caught.value.next_step


def test_several_tables(boards):
    boards += [usb("/dev/ttyACM1"), usb("/dev/ttyACM0")]
    with pytest.raises(NoDeviceError) as caught:
        ports.choose(None)
    assert caught.value.what == "2 tables found"
    assert caught.value.where == "/dev/ttyACM0 (USB Pico E6); /dev/ttyACM1 (USB Pico E6)"
    assert caught.value.next_step.startswith("choose one: --port /dev/ttyACM0")


def test_a_virtual_table_is_found_while_it_runs(boards, tmp_path):
    port = tmp_path / "serial"
    port.touch()
    with registry.Registration(str(port)):
        assert ports.choose(None) == str(port)
        boards.append(usb("/dev/ttyACM0"))
        assert ports.choose(None) == "/dev/ttyACM0"  # the real one goes first
        boards.clear()
    with pytest.raises(NoDeviceError):
        ports.choose(None)


def gone_pid():
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return pid


@pytest.mark.parametrize(
    "content",
    [
        lambda tmp_path: json.dumps({"pid": gone_pid(), "port": str(tmp_path)}),
        lambda tmp_path: json.dumps({"pid": os.getpid(), "port": str(tmp_path / "no")}),
        lambda tmp_path: json.dumps({"pid": 10**30, "port": str(tmp_path)}),
        lambda tmp_path: "not json",
        lambda tmp_path: "[]",
        lambda tmp_path: '{"pid": "x", "port": 1}',
    ],
)
def test_what_dead_tables_left_behind_is_ignored_and_removed(boards, tmp_path, content):
    folder = virtual_tables_folder()
    folder.mkdir(parents=True)
    stale = folder / "1.json"
    stale.write_text(content(tmp_path))
    assert registry.running() == []
    assert not stale.exists()


def test_a_port_that_is_not_there():
    with pytest.raises(NoDeviceError, match="there is no such port"):
        ports.connect("/dev/there-is-none")


def test_a_file_is_no_port(tmp_path):
    plain = tmp_path / "file"
    plain.touch()
    with pytest.raises(NoDeviceError, match="cannot open the port"):
        ports.connect(str(plain))


def test_a_port_in_use(table):
    with ports.connect(table.port), pytest.raises(NoDeviceError) as caught:
        ports.connect(table.port)
    assert caught.value.what == "another program uses the port"
