"""The seal of a plan: the published vectors, on both interpreters, and what the seal covers."""

import hashlib
import hmac
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inversion_table.contract import seal
from tests.micropython import run_on_cpython, run_on_micropython

SCRIPT = Path(__file__).with_name("seal_vectors.py")
KEY = bytes(range(32))


@pytest.mark.requirement("RQ-132")
@pytest.mark.parametrize("run", [run_on_cpython, run_on_micropython])
def test_the_published_vectors_hold(run) -> None:
    said = run(SCRIPT)
    assert said[:7] == [f"{number} True" for number in range(1, 8)]
    digest = hashlib.sha256(b"\x01\x02\x03").hexdigest()
    text = f"inversion table plan 1\ne66118604b000001\n7\n{digest}\n"
    assert said[7].split()[1] == hmac.new(KEY, text.encode(), "sha256").hexdigest()
    assert said[7].split()[0] == seal.key_id(KEY)


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_it_is_the_hmac_that_everybody_computes(key: bytes, data: bytes) -> None:
    assert seal.hmac_sha256(key, data) == hmac.new(key, data, "sha256").digest()


def test_the_seal_covers_key_device_counter_and_every_byte_of_the_plan() -> None:
    plan = bytes(range(40))
    seen = {seal.seal(KEY, "one", 1, plan)}
    others = [(bytes(32), "one", 1, plan), (KEY, "two", 1, plan), (KEY, "one", 2, plan)]
    others += [(KEY, "one", 1, plan[:at] + b"\xff" + plan[at + 1 :]) for at in range(len(plan))]
    others += [(KEY, "one", 1, plan[:-1]), (KEY, "one", 1, plan + b"\0")]
    for arguments in others:
        seen.add(seal.seal(*arguments))
    assert len(seen) == 1 + len(others)
    assert {len(one) for one in seen} == {seal.SEAL_DIGITS}


@given(st.binary(max_size=20), st.binary(max_size=20))
def test_same_is_equality(left: bytes, right: bytes) -> None:
    assert seal.same(left, right) == (left == right)
    assert seal.same(left, bytes(left))


class Watched(bytes):
    """Bytes that count how often one of them is looked at."""

    looks = 0

    def __getitem__(self, at):
        Watched.looks += 1
        return bytes.__getitem__(self, at)


@pytest.mark.parametrize("at", [0, 15, 31])
def test_every_byte_is_looked_at_wherever_the_first_difference_is(at: int) -> None:
    wrong = bytearray(32)
    wrong[at] = 1
    Watched.looks = 0
    assert not seal.same(Watched(32), bytes(wrong))
    assert Watched.looks == 32


def test_a_key_is_64_lower_case_hex_digits_and_the_complaint_does_not_repeat_it() -> None:
    assert seal.read_key("00" * 31 + "ff") == bytes(31) + b"\xff"
    for odd in ("", "ab" * 31, "ab" * 33, "AB" * 32, "é" * 64, " " + "a" * 63, "0x" + "a" * 62):
        with pytest.raises(seal.KeyFormError) as caught:
            seal.read_key(odd)
        assert not odd or odd not in str(caught.value)
