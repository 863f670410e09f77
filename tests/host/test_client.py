"""The client asks, retries, checks and refuses; against a scripted transport and a real pty."""

import json

import pytest

from inversion_table.contract import frame, messages
from itable import exits
from itable.errors import LinkError, LogChangedError, MismatchError, RefusedError
from itable.link import models, ports
from itable.link.client import Client
from tests.host.fake_table import STATUS, FakeTable
from tests.host.logs import session_pages


class ScriptedTransport:
    """Answers with what a function makes of each line; time passes only in `read`."""

    def __init__(self, answer):
        self.now_s = 0.0
        self.sent = []
        self.closed = False
        self._answer = answer
        self._incoming = bytearray()

    @property
    def in_waiting(self):
        return len(self._incoming)

    def read(self, size=1):
        self.now_s += 0.05
        data = bytes(self._incoming[:size])
        del self._incoming[:size]
        return data

    def write(self, data):
        self.sent.append(json.loads(data[:-10]))
        self._incoming += self._answer(data) or b""
        return len(data)

    def flush(self):
        pass

    def close(self):
        self.closed = True


def client_of(answer, **options):
    transport = ScriptedTransport(answer)
    return Client(transport, clock=lambda: transport.now_s, first_id=1, **options), transport


def reply(line, **fields):
    request = json.loads(line[:-10])
    return frame.encode({"jsonrpc": "2.0", "id": request["id"], **fields})


def test_models_are_the_contract():
    assert set(models.RESULTS) == set(messages.METHODS)
    kinds = {"int": int, "text": str, "bool": bool}
    for method, (_, fields, _) in messages.METHODS.items():
        declared = models.RESULTS[method].model_fields
        assert list(declared) == [field[0] for field in fields], method
        for name, kind, _, _ in fields:
            if kind in kinds:
                assert declared[name].annotation is kinds[kind], f"{method}.{name}"
            assert declared[name].is_required() != kind.endswith("?"), f"{method}.{name}"


def test_a_reply_is_typed():
    client, transport = client_of(FakeTable().answer)
    status = client.status()
    assert status.tilt_mdeg == STATUS["tilt_mdeg"]
    assert transport.sent == [{"jsonrpc": "2.0", "id": 1, "method": "status", "params": {}}]


def test_a_lost_line_is_asked_for_again_with_the_same_id():
    table = FakeTable()
    lost = [1, 2]
    client, transport = client_of(lambda line: lost.pop() and b"" if lost else table.answer(line))
    assert client.status().state == "HOME"
    assert [request["id"] for request in transport.sent] == [1, 1, 1]


def test_silence_ends_in_a_time_out_after_a_bounded_number_of_tries():
    client, transport = client_of(lambda line: b"", timeout_s=1.0)
    with pytest.raises(LinkError, match=r"did not answer status: no answer in 1 s, asked 3 times"):
        client.status()
    assert len(transport.sent) == 3
    assert transport.now_s == pytest.approx(3.0, abs=0.3)


@pytest.mark.parametrize(
    "garbage",
    [
        b"Traceback (most recent call last):\r\n",
        b"\x00\xff\xfe\n",
        b'{"jsonrpc":"2.0","id":1,"result":{}} 00000000\n',  # wrong CRC
        frame.encode({"jsonrpc": "2.0", "id": 77, "result": {}}),  # a stale reply
        frame.encode({"jsonrpc": "2.0", "id": 1, "method": "status", "params": {}}),  # an echo
        frame.encode([1, 2]),
        frame.encode(None),
        b"x" * 40_000,
        b"\n\n\n",
    ],
)
def test_garbage_before_the_reply_is_skipped(garbage):
    table = FakeTable()
    if not garbage.endswith(b"\n"):
        garbage += b"\n"
    client, _ = client_of(lambda line: garbage + table.answer(line))
    assert client.status().state == "HOME"


def test_a_line_that_came_damaged_is_sent_again_at_once():
    table = FakeTable()
    complaint = frame.encode(
        {"jsonrpc": "2.0", "id": None, "error": {"code": messages.PARSE_ERROR, "message": "crc"}}
    )
    answers = [complaint]
    client, transport = client_of(lambda line: answers.pop() if answers else table.answer(line))
    assert client.status().state == "HOME"
    assert [request["id"] for request in transport.sent] == [1, 1]
    assert transport.now_s < 1


def test_a_refusal_carries_code_data_and_a_next_step():
    error = {"code": messages.BUSY, "message": "not while a session runs", "data": [1]}
    client, _ = client_of(lambda line: reply(line, error=error))
    with pytest.raises(RefusedError, match="the table refused: not while a session runs") as caught:
        client.list_log()
    assert (caught.value.code, caught.value.data) == (messages.BUSY, [1])
    assert caught.value.exit_code == exits.REFUSED
    assert "RETURN" in caught.value.next_step


@pytest.mark.parametrize("error", [None, [], "no", {}, {"code": "x"}])
def test_a_refusal_of_no_sense_is_still_a_refusal(error):
    client, _ = client_of(lambda line: reply(line, error=error))
    with pytest.raises(RefusedError):
        client.status()


@pytest.mark.parametrize(
    "change",
    [
        {"tilt_mdeg": "flat"},
        {"tilt_mdeg": 1_000_000},
        {"tilt_mdeg": None},
        {"more": 1},
        {"tilt_valid": 1},
    ],
)
def test_a_reply_outside_the_contract_is_a_mismatch(change):
    client, _ = client_of(lambda line: reply(line, result={**STATUS, **change}))
    with pytest.raises(MismatchError, match="answer to status is not what the contract says"):
        client.status()


@pytest.mark.parametrize(
    ("firmware", "advice"),
    [
        ("0.0.9", "update the firmware: it is 0.0.9, this itable is"),
        ("99.0", "update itable: it is"),
        ("same", "install both from the same tree"),
        (None, "update the firmware: it is unknown"),
    ],
)
def test_another_contract_says_which_side_to_update(firmware, advice):
    from itable import __version__

    table = FakeTable()
    table.contract = "0" * 16
    table.firmware = __version__ if firmware == "same" else firmware
    client, _ = client_of(table.answer)
    with pytest.raises(MismatchError, match="speak different versions") as caught:
        client.hello()
    assert advice in caught.value.next_step


def test_log_blocks_are_read_and_damaged_ones_asked_for_again():
    data = session_pages(7)
    table = FakeTable({7: data})
    table.block_damage = 2
    client, transport = client_of(table.answer)
    assert b"".join(client.read_log(entry_of(client), 256, 5000)) == data[256:5256]
    asked = [one["params"]["offset"] for one in transport.sent if one["method"] == "log.read"]
    assert asked == [256, 256]  # both blocks of the first answer were damaged


def test_only_what_is_missing_is_asked_for_again():
    data = session_pages(7, count=20_000)
    table = FakeTable({7: data})
    out: list[bytes] = []

    def answer(line):
        said = bytearray(table.answer(line))
        if b"log.read" in line and not out:
            said[-5000] ^= 1  # in the last whole block
            out.append(line)
        return bytes(said)

    client, transport = client_of(answer)
    assert b"".join(client.read_log(entry_of(client))) == data
    asked = [one["params"]["offset"] for one in transport.sent if one["method"] == "log.read"]
    assert asked[0] == 0
    assert len(asked) == 2
    assert len(data) - 2 * 4096 <= asked[1] < len(data)


def test_a_session_that_changed_meanwhile_is_told():
    table = FakeTable({7: session_pages(7)})
    client, _ = client_of(table.answer)
    entry = entry_of(client)
    table.logs[7] = table.logs[7][256:]
    with pytest.raises(LogChangedError, match="session 7 changed on the table"):
        list(client.read_log(entry))


def test_a_long_list_comes_in_several_answers():
    table = FakeTable(
        {number: session_pages(number, 3, first_sequence=number) for number in range(1, 40)}
    )
    client, transport = client_of(table.answer)
    assert [entry.session for entry in client.list_log().sessions] == list(range(39, 0, -1))
    assert len(transport.sent) == 3


def entry_of(client):
    return client.list_log().sessions[0]


def test_a_block_that_never_comes_whole_is_a_link_error():
    table = FakeTable({7: session_pages(7)})
    client, _ = client_of(lambda line: table.answer(line)[: -3 if b"log.read" in line else None])
    with pytest.raises(LinkError, match="its data came damaged or not at all"):
        list(client.read_log(entry_of(client)))


def test_the_port_is_closed_at_the_end():
    client, transport = client_of(FakeTable().answer)
    with client:
        pass
    assert transport.closed


def test_over_a_real_pty(table):
    with ports.connect(table.port) as client:
        assert client.hello().device == "fake-1"
        assert client.status().plan_name == "Test plan"
        entry = client.list_log().sessions[1]
        assert b"".join(client.read_log(entry)) == session_pages(7)
        assert client.tell_pulled(7, entry.last).pulled
        assert client.list_log().sessions[1].pulled
        assert client.get_settings().to_settings().tilt_max_mdeg == 60_000
        assert client.list_plans().plans == []
        assert client.get_plan().plan is None
        assert client.stop().state == "STOPPED"
        assert client.return_home().state == "RETURNING"


def test_garbage_over_a_real_pty(table):
    table.table.garbage = b"\xff\x00 noise \n"
    with ports.connect(table.port) as client:
        for _ in range(5):
            assert client.status().state == "HOME"
