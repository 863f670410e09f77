"""Keys in files, sealing while uploading, and the way through SERVICE."""

import json
import os
import stat

import pytest

from inversion_table.contract import frame, messages
from inversion_table.contract.seal import key_id, read_key, seal
from itable import exits
from itable.errors import InputError, LinkError, MismatchError, RefusedError
from itable.keys import new_key_file, read_key_file
from itable.link.repl import in_service
from itable.link.service import set_seal_key

SECRET = bytes(range(32))
PLAN = """format = 1
name = "Ten"

[[set]]

[[set.step]]
tilt_deg = 10
hold_min = 1
"""


@pytest.fixture
def key_file(tmp_path):
    path = tmp_path / "clinic.key"
    path.write_text(SECRET.hex() + "\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def plan_file(tmp_path):
    path = tmp_path / "plan.toml"
    path.write_text(PLAN)
    return path


def lock(table, **changes):
    table.table.lock = {**table.table.lock, "locked": True, "key_id": key_id(SECRET), **changes}


def test_a_new_key_is_random_its_owners_alone_and_never_over_another(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    assert new_key_file(one) == key_id(read_key_file(one))
    new_key_file(two)
    assert read_key_file(one) != read_key_file(two)
    assert stat.S_IMODE(one.stat().st_mode) == 0o600
    before = one.read_bytes()
    with pytest.raises(InputError, match="already"):
        new_key_file(one)
    assert one.read_bytes() == before
    with pytest.raises(InputError, match="cannot write the key"):
        new_key_file(tmp_path / "nowhere" / "key")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o601])
def test_a_key_that_others_may_read_is_not_used(key_file, mode):
    key_file.chmod(mode)
    with pytest.raises(InputError, match="others may read or change") as caught:
        read_key_file(key_file)
    assert "chmod 600" in caught.value.next_step


@pytest.mark.parametrize("text", ["", "zz", SECRET.hex().upper(), SECRET.hex() + "00", "é" * 64])
def test_what_is_no_key_is_told_without_repeating_it(key_file, text):
    key_file.write_text(text)
    with pytest.raises(InputError, match="this is no key") as caught:
        read_key_file(key_file)
    assert not text or text not in str(caught.value.to_dict())


def test_the_command_makes_a_key_and_does_not_print_it(run, tmp_path):
    path = tmp_path / "new.key"
    done = run("lock", "new-key", path)
    assert done.exit_code == exits.OK
    assert key_id(read_key_file(path)) in done.output
    assert path.read_text().strip() not in done.output
    assert run("lock", "new-key", path).exit_code == exits.PROBLEM


def test_status_says_whether_it_is_locked(run, table):
    assert "not locked" in run("lock", "status", "--port", table.port).output
    lock(table, counter=5, problem="the stored plan is not used: this plan has no seal")
    said = run("lock", "status", "--port", table.port).output
    assert f"key {key_id(SECRET)}" in said
    assert "5 is the last number" in said
    assert "no seal" in said
    told = json.loads(run("lock", "status", "--json", "--port", table.port).output)
    assert (told["locked"], told["counter"]) == (True, 5)


@pytest.mark.requirement("RQ-132")
def test_upload_seals_for_the_device_with_the_next_number(run, table, plan_file, key_file):
    lock(table, counter=41)
    done = run("plan", "upload", plan_file, "--port", table.port, "--key", key_file)
    assert done.exit_code == exits.OK, done.output
    assert "stored, sealed," in done.output
    canonical = table.table.plan.canonical()
    assert table.table.seals == [(42, seal(SECRET, "fake-1", 42, canonical))]


def test_upload_takes_the_key_from_the_environment(run, table, plan_file, key_file, monkeypatch):
    lock(table)
    monkeypatch.setenv("ITABLE_KEY", str(key_file))
    done = run("plan", "upload", plan_file, "--port", table.port, "--json")
    assert json.loads(done.output)["sealed"] is True


def test_a_table_that_is_not_locked_gets_no_seal(run, table, plan_file, key_file):
    done = run("plan", "upload", plan_file, "--port", table.port, "--key", key_file)
    assert done.exit_code == exits.OK
    assert "sealed" not in done.output
    assert table.table.seals == [(None, None)]


def test_upload_without_the_key_or_with_another_sends_nothing(run, table, plan_file, key_file):
    lock(table)
    done = run("plan", "upload", plan_file, "--port", table.port)
    assert done.exit_code == exits.PROBLEM
    assert key_id(SECRET) in done.output
    assert "--key" in done.output
    key_file.write_text("f" * 64)
    done = run("plan", "upload", plan_file, "--port", table.port, "--key", key_file)
    assert done.exit_code == exits.PROBLEM
    assert "but the table is locked with" in done.output
    assert table.table.seals == []


class Repl:
    """A port with a REPL that answers what `printed` and `failed` say; or nothing at all."""

    def __init__(self, printed=b"", failed=b"", silent=False):
        self.now_s = 0.0
        self.sent = b""
        self._printed, self._failed, self._silent = printed, failed, silent
        self._incoming = b""

    @property
    def in_waiting(self):
        return len(self._incoming)

    def read(self, size=1):
        self.now_s += 0.01
        data, self._incoming = self._incoming[:size], self._incoming[size:]
        return data

    def write(self, data):
        self.sent += data
        if self._silent:
            return
        if data == b"\x05A\x01":
            self._incoming += b"R\x00"  # there is no raw paste here
        elif data.endswith(b"\x01"):
            self._incoming += b"\r\n>>> \r\nraw REPL; CTRL-B to exit\r\n>"
        elif data.endswith(b"\x04"):
            self._incoming += b"OK" + self._printed + b"\x04" + self._failed + b"\x04>"

    def flush(self):
        pass

    def close(self):
        pass


def test_code_is_run_and_what_it_prints_comes_back():
    port = Repl(b"hello\r\n")
    repl = in_service(port)
    assert repl.run("print('hello')") == b"hello\r\n"
    repl.exit_raw_repl()
    assert port.sent.startswith(b"\r\x03\r\x01")
    assert port.sent.endswith(b"\r\x02")  # friendly again


def test_a_failure_on_the_table_is_told_by_its_last_line():
    port = Repl(b"", b"Traceback:\r\n  File x\r\nImportError: no module\r\n")
    with pytest.raises(LinkError, match="the table failed: ImportError: no module"):
        in_service(port).run("x")


def test_without_a_repl_it_says_how_to_get_to_service(capsys):
    port = Repl(silent=True)
    with pytest.raises(LinkError, match="not in SERVICE") as caught:
        in_service(port)
    assert "START and PAUSE" in caught.value.next_step
    assert port.sent.endswith(b"\n")  # and leaves no half line behind
    assert capsys.readouterr().out == ""  # what mpremote would print would spoil --json


def answer(**fields):
    return frame.encode({"contract": messages.contract_hash(), **fields}).replace(b"\n", b"\r\n")


def test_the_key_goes_in_and_its_id_comes_back():
    port = Repl(answer(key_id=key_id(SECRET)))
    assert set_seal_key(port, SECRET) == key_id(SECRET)
    assert SECRET.hex().encode() in port.sent


def test_refusals_damage_and_other_versions_are_told_apart():
    with pytest.raises(RefusedError, match="set once"):
        set_seal_key(Repl(answer(refused="a key is set once")), SECRET)
    with pytest.raises(LinkError, match="damaged"):
        set_seal_key(Repl(b"garbage"), SECRET)
    with pytest.raises(MismatchError):
        set_seal_key(Repl(frame.encode({"contract": "0" * 16, "key_id": "00000000"})), SECRET)


def test_the_command_tells_a_port_without_a_repl(run, table, key_file):
    done = run("lock", "set", "--key", key_file, "--port", table.port)
    assert done.exit_code == exits.LINK_FAILED
    assert "not in SERVICE" in done.output
    os.chmod(key_file, 0o644)
    assert run("lock", "set", "--key", key_file, "--port", table.port).exit_code == exits.PROBLEM
    assert read_key(SECRET.hex()) == SECRET
