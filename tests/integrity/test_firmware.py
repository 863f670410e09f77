"""A new firmware's proof: what counts, what does not, and what it writes."""

import pytest

from inversion_table import chooser
from inversion_table.integrity import firmware as firmwares
from inversion_table.integrity.firmware import PROVE_MOST_MS, PROVE_MS, Firmware
from itable.deploy.pack import packed

PASS_MS = 20


@pytest.fixture
def device(tmp_path, monkeypatch):
    """Two slots with packs in a folder of this test; returns a maker of what runs from slot b."""
    monkeypatch.setattr(chooser, "pack_path", lambda slot: str(tmp_path / f"slot_{slot}.pack"))
    monkeypatch.setattr(chooser, "folder", lambda slot: str(tmp_path / f"slot_{slot}"))
    paths = tuple(str(tmp_path / f"slots_{number}.json") for number in range(2))
    monkeypatch.setattr(chooser, "RECORD_PATHS", paths)
    for slot, version in (("a", b"1.0.0"), ("b", b"1.1.0")):
        content = packed(
            [
                ("about.json", b'{"version": "%s"}' % version),
                ("inversion_table/startup.mpy", version),
            ]
        )
        (tmp_path / f"slot_{slot}.pack").write_bytes(content)
        (tmp_path / f"slot_{slot}").mkdir()
        text = content[: content.index(b" end\n") + 5]
        (tmp_path / f"slot_{slot}" / chooser.MANIFEST).write_bytes(text)

    def made(starts=2, back="a", fell=None):
        chooser.write_record(chooser.made("b", starts, back, fell=fell))
        return Firmware(str(tmp_path / "slot_b") + "/")

    return made


class Clock:
    """Passes of the background."""

    def __init__(self, firmware, now_ms=0):
        self.firmware = firmware
        self.now_ms = now_ms

    def run(self, duration_ms, ready, resting=True):
        """Whether it gave itself up meanwhile."""
        for _ in range(duration_ms // PASS_MS):
            self.now_ms = (self.now_ms + PASS_MS) & 0x3FFFFFFF
            if self.firmware.look(self.now_ms, ready, resting, lambda: 1_800_000_000):
                return True
        return False


@pytest.mark.requirement("RQ-141")
@pytest.mark.parametrize("begin_ms", [0, 0x3FFFFFFF - 5_000])
def test_so_long_in_home_is_the_proof(device, begin_ms):
    firmware = device()
    assert firmware.on_trial
    clock = Clock(firmware, begin_ms)
    assert not clock.run(PROVE_MS - 2 * PASS_MS, True)
    assert firmware.on_trial
    assert not clock.run(4 * PASS_MS, True)
    assert not firmware.on_trial
    record = chooser.read_record()
    assert record is not None
    assert (record["use"], record["starts"], record["back"]) == ("b", chooser.PROVED, "a")
    assert record["since"] == 1_800_000_000
    assert not clock.run(2 * PROVE_MOST_MS, False)  # what comes later is no trial any more
    assert chooser.read_record() == record


@pytest.mark.requirement("RQ-141")
def test_a_moment_out_of_home_begins_anew(device):
    firmware = device()
    clock = Clock(firmware)
    for _ in range(3):
        clock.run(PROVE_MS - 1_000, True)
        clock.run(PASS_MS, False)
    assert firmware.on_trial


@pytest.mark.requirement("RQ-141")
def test_a_minute_on_the_home_switch_without_home_is_enough(device):
    clock = Clock(device())
    assert not clock.run(PROVE_MOST_MS - 1_000, False)
    assert clock.run(2_000, False)


@pytest.mark.requirement("RQ-141")
def test_away_from_home_no_time_runs_and_without_another_firmware_neither(device):
    assert not Clock(device()).run(10 * PROVE_MOST_MS, False, resting=False)
    assert not Clock(device(back="")).run(10 * PROVE_MOST_MS, False)


def test_what_it_failed_with_is_kept_for_whoever_comes_after(device):
    firmware = device(starts=0)
    firmware.failed("MemoryError: " + "x" * 500)
    record = chooser.read_record()
    assert record is not None
    assert record["why"].startswith("MemoryError: xxx")
    kept, slot = chooser.next_start(record, lambda slot: True)
    assert slot == "a"
    assert kept["fell"]["why"] == record["why"]
    proved = device(starts=chooser.PROVED)
    before = chooser.read_record()
    proved.failed("not on trial")
    assert chooser.read_record() == before


def test_a_proof_that_cannot_be_written_is_none(device, monkeypatch):
    firmware = device()

    def full(record):
        raise OSError(28)

    monkeypatch.setattr(chooser, "write_record", full)
    Clock(firmware).run(3 * PROVE_MS, True)
    assert firmware.on_trial
    firmware.failed("no error either")


@pytest.mark.requirement("RQ-143")
def test_it_tells_what_runs_what_was_before_and_what_was_given_up(device):
    fell = {"slot": "a", "build": "00000000000000aa", "why": "ValueError: x", "told": False}
    firmware = device(fell=fell)
    told = firmware.to_dict()
    assert (told["slot"], told["starts_left"], told["fell"]) == ("b", 2, fell)
    assert told["build"] == chooser.build_in("b")
    assert told["previous"] == {"slot": "a", "build": chooser.build_in("a"), "version": "1.0.0"}
    assert firmware.name() == f"{told['version']}+{told['build'][:8]}"
    assert "no session before" in firmware.note()
    Clock(firmware).run(PROVE_MS + 1_000, True)
    assert firmware.note() == "the firmware 00000000000000aa was given up: ValueError: x"
    assert firmware.to_dict()["starts_left"] is None


def test_single_files_are_no_slot(device, tmp_path, monkeypatch):
    device()
    monkeypatch.setattr(firmwares.manifest, "PATH", str(tmp_path / "none"))
    plain = Firmware("/firmware/")
    assert (plain.slot, plain.build, plain.on_trial, plain.note()) == ("", "", False, "")
    assert plain.to_dict()["previous"] is None
    chooser.write_record(chooser.made("tree", 1, "a"))
    tree = Firmware("")
    assert (tree.slot, tree.on_trial) == ("tree", True)
