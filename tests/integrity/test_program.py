"""The program's check against its manifest: every damage is found, and nothing else."""

import os
import random
import zlib
from pathlib import Path
from types import SimpleNamespace

import pytest

from inversion_table.contract import manifest
from inversion_table.integrity import program
from inversion_table.integrity.program import ProgramCheck, loaded_files, package_root

FILES = {
    "pack/__init__.py": b'"""A package."""\n',
    "pack/empty.py": b"",
    "pack/exact.py": bytes(range(256)) * 4,  # two whole chunks
    "pack/long.py": b"x = 1\n" * 1_000,
}


class Device:
    """A folder with a program and its manifest."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest = folder / "manifest"
        self.loaded = ["pack/__init__.py", "pack/long.py"]
        for name, content in FILES.items():
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
        self.manifest.write_bytes(manifest.build(FILES.items()))

    def check(self) -> ProgramCheck:
        return ProgramCheck(f"{self.folder}/", lambda: list(self.loaded), str(self.manifest))


@pytest.fixture
def device(tmp_path: Path) -> Device:
    return Device(tmp_path)


def one_round(check: ProgramCheck, most: int = 200) -> int:
    """Steps of one whole round, or until something was found."""
    rounds = check.rounds
    for steps in range(1, most):
        check.step()
        if check.rounds > rounds or "anew" in check.problem:
            return steps
    raise AssertionError("the round never ends")


@pytest.mark.requirement("RQ-083")
def test_nothing_is_good_before_all_was_seen(device: Device) -> None:
    check = device.check()
    assert (check.ok, check.problem) == (False, program.CHECKING)
    steps = one_round(device.check())
    for _ in range(steps - 1):
        check.step()
        assert (check.ok, check.first_round()) == (False, True)
    check.step()
    assert (check.ok, check.problem, check.first_round()) == (True, "", False)


@pytest.mark.requirement("RQ-083")
@pytest.mark.parametrize("name", [name for name, content in FILES.items() if content])
@pytest.mark.parametrize("seed", range(6))
def test_any_changed_bit_is_found_in_the_next_round(device: Device, name: str, seed: int) -> None:
    rng = random.Random(f"{name} {seed}")
    check = device.check()
    one_round(check)
    for _ in range(rng.randrange(20)):
        check.step()
    content = bytearray(FILES[name])
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    (device.folder / name).write_bytes(content)
    one_round(check)  # what is left of this round, or all of it
    if check.ok:
        one_round(check)
    assert not check.ok
    assert name in check.problem
    assert program.HOW_TO_MEND in check.problem


@pytest.mark.requirement("RQ-083")
@pytest.mark.parametrize(
    "change",
    [
        lambda folder: os.truncate(folder / "pack/long.py", 5_999),
        lambda folder: (folder / "pack/long.py").write_bytes(FILES["pack/long.py"] + b"\0"),
        lambda folder: (folder / "pack/empty.py").write_bytes(b"\n"),
        lambda folder: (folder / "pack/empty.py").write_bytes(b"\x9d\x0a\xd9\x6d"),  # CRC-32: 0
        lambda folder: (folder / "pack/empty.py").unlink(),
    ],
    ids=["shorter", "longer", "no longer empty", "of the same CRC", "gone"],
)
def test_a_file_of_another_length_is_found(device: Device, change) -> None:
    change(device.folder)
    check = device.check()
    one_round(check)
    assert not check.ok


@pytest.mark.requirement("RQ-083")
def test_every_damaged_byte_of_the_manifest_is_found(device: Device) -> None:
    good = device.manifest.read_bytes()
    for at in range(len(good)):
        for bad in (good[:at], good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :]):
            device.manifest.write_bytes(bad)
            check = device.check()
            one_round(check)
            assert not check.ok, (at, bad)
            assert program.HOW_TO_MEND in check.problem


@pytest.mark.requirement("RQ-083")
def test_no_manifest_is_no_leave(device: Device) -> None:
    device.manifest.unlink()
    check = device.check()
    one_round(check)
    assert not check.ok
    assert "there is none" in check.problem
    assert program.HOW_TO_MEND in check.problem


@pytest.mark.requirement("RQ-083")
@pytest.mark.parametrize("listed", [[], ["pack/__init__.py"]])
def test_a_loaded_file_that_the_manifest_does_not_know_is_found(
    device: Device, listed: list[str]
) -> None:
    device.manifest.write_bytes(manifest.build((name, FILES[name]) for name in listed))
    check = device.check()
    one_round(check)
    assert not check.ok
    assert "not in the manifest" in check.problem


def test_what_was_found_stays_until_the_next_start(device: Device) -> None:
    path = device.folder / "pack/long.py"
    path.write_bytes(b"y" + FILES["pack/long.py"][1:])
    check = device.check()
    one_round(check)
    path.write_bytes(FILES["pack/long.py"])
    for _ in range(500):
        check.step()
    assert not check.ok
    again = device.check()
    one_round(again)
    assert again.ok


def test_a_round_is_as_long_as_the_work(device: Device) -> None:
    # begin; for each file its line, its chunks, its end; the last line
    chunks = sum(-(-len(content) // program.CHUNK_BYTES) for content in FILES.values())
    check = device.check()
    assert one_round(check) == 1 + 2 * len(FILES) + chunks + 1
    assert one_round(check) == 1 + 2 * len(FILES) + chunks + 1


def test_files_are_closed_again(device: Device) -> None:
    check = device.check()
    for _ in range(20):
        one_round(check)
    assert len(os.listdir("/proc/self/fd")) < 200
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        one_round(check)
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("name", ["", "a b", "a\nb", "x" * 200])
def test_a_path_that_no_line_can_hold_is_refused(name: str) -> None:
    with pytest.raises(manifest.ManifestError):
        manifest.build([(name, b"")])


def test_the_form_of_a_manifest() -> None:
    text = manifest.build([("b.py", b"two"), ("a.py", b"")])
    body = b"inversion table firmware 1\n00000000 0 a.py\n%08x 3 b.py\n" % zlib.crc32(b"two")
    assert text == body + b"%08x end\n" % zlib.crc32(body)


@pytest.mark.parametrize(
    ("init_file", "root"),
    [
        ("/firmware/pack/__init__.py", "/firmware/"),
        ("pack/__init__.mpy", ""),
        ("/pack/__init__.py", "/"),
        ("/lib/pack/__init__.py", "/lib/"),
    ],
)
def test_the_folder_of_a_package(init_file: str, root: str) -> None:
    assert package_root(init_file) == root


def test_loaded_files_are_those_of_the_package_wherever_they_lie() -> None:
    modules = {
        "pack": SimpleNamespace(__file__="/lib/pack/__init__.py"),
        "pack.a": SimpleNamespace(__file__="/lib/pack/a.py"),
        "pack.b": SimpleNamespace(__file__="/elsewhere/pack/b.py"),
        "pack.frozen": SimpleNamespace(),
        "packer": SimpleNamespace(__file__="/lib/packer.py"),
    }
    assert loaded_files(modules, "pack", "/lib/") == [
        "pack/__init__.py", "pack/a.py", "/elsewhere/pack/b.py", "pack.frozen"
    ]  # fmt: skip
