"""The chooser of the firmware's slot: total over everything that can lie in flash."""

import itertools
import json
import random
import runpy
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inversion_table import chooser
from inversion_table.contract import frame, manifest
from itable.deploy.pack import packed

FILES = [
    ("inversion_table/__init__.mpy", b"M\x06\x00\x1f" + bytes(range(100))),
    ("inversion_table/startup.mpy", bytes(range(256))),
    ("inversion_table/empty.mpy", b""),
    ("about.json", b'{"version": "1.2.3"}'),
]
PACK = packed(FILES)
NUMBERS = (chooser.PROVED, 0, 1, 2, 3)
FELL = {"slot": "b", "build": "0123456789abcdef", "why": "ValueError", "told": False}


@pytest.fixture
def device(tmp_path, monkeypatch):
    """The chooser's files in a folder of this test."""
    monkeypatch.setattr(chooser, "pack_path", lambda slot: str(tmp_path / f"slot_{slot}.pack"))
    paths = tuple(str(tmp_path / f"slots_{number}.json") for number in range(2))
    monkeypatch.setattr(chooser, "RECORD_PATHS", paths)
    return tmp_path


def every_record():
    """Every record that says something else to the choice."""
    yield None
    for use, starts, back in itertools.product(chooser.SLOTS, NUMBERS, ("", *chooser.SLOTS)):
        for fell in (None, FELL):
            if use != back:
                yield {"version": 7, **chooser.made(use, starts, back, 5, "why", fell)}


def every_state():
    """Which of the slots are whole."""
    for bits in itertools.product((False, True), repeat=3):
        yield dict(zip(chooser.SLOTS, bits, strict=True))


ALL = [(record, state) for record in every_record() for state in every_state()]


@pytest.mark.requirement("RQ-144")
def test_a_whole_program_is_started_whenever_there_is_one(device):
    assert len(ALL) == (1 + 3 * 5 * 3 * 2) * 8
    for record, state in ALL:
        kept, slot = chooser.next_start(record, state.get)
        assert slot in (*chooser.SLOTS, chooser.NONE)
        assert state[slot] if slot else not any(state.values())
        if kept is not None:
            kept["version"] = 8
            assert chooser.decode(chooser.encode(kept)) == kept
            assert not slot or kept["use"] == slot


@pytest.mark.requirement("RQ-144")
def test_a_proved_slot_is_left_only_when_it_is_not_whole(device):
    for record, state in ALL:
        if record is None or record["starts"] != chooser.PROVED or not state[record["use"]]:
            continue
        kept, slot = chooser.next_start(record, state.get)
        assert (slot, kept["starts"], kept["back"]) == (record["use"], -1, record["back"])


@pytest.mark.requirement("RQ-141")
def test_a_slot_on_trial_has_so_many_starts_and_no_more(device):
    for record, state in ALL:
        if record is None or record["starts"] == chooser.PROVED:
            continue
        use, back = record["use"], record["back"]
        started = []
        now = record
        for _ in range(6):
            now, slot = chooser.next_start(now, state.get)
            started.append(slot)
        if state[use] and back and state[back]:
            # As many as it has left; then the one before it, for good.
            left = record["starts"]
            assert started == [use] * left + [back] * (6 - left)
            assert now["starts"] == chooser.PROVED
            assert now["fell"]["slot"] == use
            assert now["fell"]["why"] == "why"
        elif state[use]:
            assert started == [use] * 6  # there is nothing whole to go back to


@pytest.mark.requirement("RQ-144")
def test_without_a_record_what_is_whole_is_on_trial(device):
    kept, slot = chooser.next_start(None, {"a": True, "b": True, "tree": False}.get)
    assert (slot, kept["use"], kept["back"], kept["starts"]) == ("a", "a", "b", 2)
    assert chooser.next_start(None, {"a": False, "b": False, "tree": True}.get)[1] == "tree"
    assert chooser.next_start(None, dict.fromkeys(chooser.SLOTS, False).get) == (None, "")


def test_what_was_given_up_is_told_as_news_once(device):
    record = {"version": 1, **chooser.made("b", 0, "a", why="it broke")}
    kept, slot = chooser.next_start(record, {"a": True, "b": True}.get)
    assert (slot, kept["fell"]) == (
        "a",
        {"slot": "b", "build": "", "why": "it broke", "told": False},
    )
    again, _ = chooser.next_start(kept, {"a": True, "b": True}.get)
    assert again["fell"]["told"] is True
    assert kept["fell"]["told"] is False  # nothing is changed behind its back
    assert chooser.next_start(again, {"a": True, "b": True}.get)[0] == again


# --- the record's bytes -------------------------------------------------------------------------


def test_a_record_is_a_frame_of_the_contract():
    record = {"version": 3, **chooser.made("a", 3, "b", fell=FELL)}
    assert frame.decode(chooser.encode(record)) == record
    assert chooser.decode(frame.encode(record)) == record


@pytest.mark.requirement("RQ-144")
@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_record_or_none(line):
    assert chooser.decode(line) is None


@pytest.mark.requirement("RQ-144")
@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
        max_leaves=12,
    ),
    st.sampled_from(["version", "use", "starts", "back", "since", "why", "fell", "more", ""]),
)
def test_any_value_in_any_field_is_taken_or_refused_and_never_an_error(value, name):
    record = {"version": 3, **chooser.made("a", 3, "b", fell=FELL)}
    if name:
        record[name] = value
    else:
        record = value
    line = json.dumps(record).encode()
    found = chooser.decode(line + b" %08x\n" % zlib.crc32(line))
    if found is None:
        return
    for state in every_state():
        slot = chooser.next_start(found, state.get)[1]
        assert state[slot] if slot else not any(state.values())


@pytest.mark.requirement("RQ-144")
def test_every_flipped_bit_of_a_record_leaves_the_one_before_it():
    old = chooser.encode({"version": 8, **chooser.made("a", -1, "")})
    new = chooser.encode({"version": 9, **chooser.made("b", 3, "a")})
    assert chooser.newest([old, new])[0]["version"] == 9
    for at in range(len(new)):
        for bit in range(8):
            bad = bytearray(new)
            bad[at] ^= 1 << bit
            assert chooser.newest([old, bytes(bad)])[0]["version"] == 8
        assert chooser.newest([old, new[:at]])[0]["version"] == 8


def test_the_longest_record_is_read_back_whole(device):
    why = chooser.words(ValueError('"\\\n\u20ac' * 100))
    assert why.startswith('ValueError: "\\??"')
    fell = {"slot": "a", "build": "f" * 16, "why": why, "told": False}
    record = chooser.made("tree", -1, "b", 0xFFFFFFFF, why, fell)
    for _ in range(3):
        chooser.write_record(record)
    now = chooser.read_record()
    assert now is not None
    assert (now["version"], now["why"]) == (3, why)


def test_the_one_that_counts_is_never_written_over(device):
    written = []
    for number in range(1, 8):
        path, line = chooser.following(chooser.read_lines(), chooser.made("a", -1, "b"))
        before = chooser.read_record()
        chooser.write_record(chooser.made("a", -1, "b"))
        now = chooser.read_record()
        assert now is not None
        assert now["version"] == number
        if before is not None:
            other = chooser.RECORD_PATHS[1 - chooser.RECORD_PATHS.index(path)]
            assert open(other, "rb").read() == chooser.encode(before)  # noqa: SIM115
        written.append((path, line))
    assert len({path for path, _ in written}) == 2


# --- packs --------------------------------------------------------------------------------------


@pytest.mark.requirement("RQ-139")
def test_a_whole_pack_is_whole_and_its_files_are_there(device):
    path = device / "slot_a.pack"
    path.write_bytes(PACK)
    assert chooser.check_pack(str(path)) == ""
    folder = chooser.PackFolder(str(path))
    for name, content in FILES:
        assert folder.stat("/" + name)[6] == len(content)
        file = folder.open("/" + name, "rb")
        buffer = bytearray(len(content) + 10)
        count = file.readinto(buffer)
        assert (bytes(buffer[:count]), file.readinto(bytearray(5))) == (content, 0)
        file.close()
    with folder.open(chooser.MANIFEST, "rb") as file:
        lines = []
        while line := file.readline():
            lines.append(line)
    assert b"".join(lines) == manifest.build(FILES)
    assert lines[0] == chooser.FIRST_LINE == manifest.FIRST_LINE
    assert folder.stat("/inversion_table")[0] == folder.stat("/")[0] == 0x4000
    for missing in ("/inversion_table/startup", "/inversion_table/startup.mp", "/b", "/inversion"):
        with pytest.raises(OSError, match="2"):
            folder.stat(missing)
    assert chooser.build_in("a") == chooser.build_of(manifest.build(FILES))


@pytest.mark.requirement("RQ-139", "RQ-144")
@pytest.mark.parametrize("seed", range(4))
def test_a_pack_with_any_byte_changed_is_not_whole(device, seed):
    rng = random.Random(seed)
    path = device / "slot_a.pack"
    places = range(len(PACK)) if seed == 0 else rng.sample(range(len(PACK)), 100)
    for at in places:
        bad = bytearray(PACK)
        bad[at] ^= 1 << rng.randrange(8)
        path.write_bytes(bad)
        assert chooser.check_pack(str(path)), at


@pytest.mark.requirement("RQ-139", "RQ-144")
def test_a_pack_of_any_other_length_is_not_whole(device):
    path = device / "slot_a.pack"
    for length in range(len(PACK)):
        path.write_bytes(PACK[:length])
        assert chooser.check_pack(str(path)), length
    path.write_bytes(PACK + b"\0")
    assert "more than the manifest says" in chooser.check_pack(str(path))
    path.write_bytes(packed(FILES[:1]))
    assert "no program" in chooser.check_pack(str(path))
    path.unlink()
    assert chooser.check_pack(str(path))


@pytest.mark.requirement("RQ-144")
@settings(deadline=None)
@given(st.binary(max_size=2_000))
def test_a_pack_of_any_bytes_is_an_answer_and_not_an_error(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.pack"
    for lead in (b"", chooser.FIRST_LINE):
        path.write_bytes(lead + content)
        assert chooser.check_pack(str(path))


def test_what_only_the_choice_needs_can_be_let_go_and_files_are_opened_as_before(tmp_path):
    fresh = runpy.run_path(chooser.__file__)
    functions = fresh["let_go"].__globals__
    functions["let_go"]()
    path = tmp_path / "some.pack"
    path.write_bytes(PACK)
    for folder in (functions["PackFolder"](str(path)), chooser.PackFolder(str(path))):
        for name, wanted in FILES:
            read = bytearray(len(wanted))
            with folder.open("/" + name, "rb") as file:
                assert file.readinto(read) == len(wanted)
            assert read == wanted
            assert folder.stat("/" + name)[6] == len(wanted)
    kind = type(chooser.run)
    assert {name for name in functions if isinstance(functions[name], kind)} == {
        "manifest_in",
        "entries",
    }
