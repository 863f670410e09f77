"""Functions that are executed in the flash: real MicroPython, real littlefs, a real pack."""

import struct
from pathlib import Path

import pytest

from inversion_table import chooser
from inversion_table.contract import codes
from itable.deploy import compiling, mpy_file, pack
from tests.micropython import run_on_micropython

HERE = Path(__file__).parent
JOURNAL = HERE.parent / "journal"
PART = b"""\
CALLS = 0


def plus(one, other):
    return one + other


def counted(count):
    for number in range(count):
        yield number


class Thing:
    def __init__(self, number):
        self.number = number

    @staticmethod
    def made():
        return Thing(41)

    def method(self, more):
        return "%s %d" % (type(self).__name__, self.number + more)


def adder(more):
    return lambda number: number + more


def late():
    global CALLS
    CALLS += 1
    return 78
"""
FILLING = b"".join(
    b"def filling_%d(a, b, c):\n    return a + b * %d + c * %d, a - b, [a, b, c, %d]\n"
    % (number, number + 1000, number + 2000, number + 3000)
    for number in range(240)
)
SCENARIOS = (
    "what_was_loaded_is_executed_in_the_flash_and_leaves_the_ram",
    "the_next_start_writes_nothing",
    "away_from_home_nothing_is_written",
    "copies_of_another_build_are_not_used_and_made_anew",
    "a_copy_that_is_not_the_same_is_not_used",
    "a_file_that_is_gone_or_other_keeps_all_in_ram",
    "what_littlefs_freed_is_never_executed",
    "without_room_nothing_is_left_behind",
    "where_no_memory_is_known_all_stays_in_ram",
    "a_cut_at_any_operation_of_the_making_is_made_good",
)


@pytest.fixture(scope="module")
def compiled() -> list[tuple[str, bytes]]:
    return compiling.compiled([("inversion_table/part_1.py", PART + FILLING)], "x64")


@pytest.fixture(scope="module")
def pack_file(compiled: list[tuple[str, bytes]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pack") / "slot_a.pack"
    files = [*compiled, (chooser.ABOUT, b"{}")]
    path.write_bytes(pack.packed([*files, (codes.CODES, pack.code_rows(files))]))
    return path


def run(pack_file: Path, scenario: str) -> None:
    script = HERE / "device" / "execute_in_flash.py"
    said = run_on_micropython(script, str(pack_file), scenario, path=(JOURNAL,))
    assert said[-1] == "ok"


@pytest.mark.requirement("RQ-166")
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_code_is_executed_in_the_flash(pack_file: Path, scenario: str) -> None:
    run(pack_file, scenario)


@pytest.mark.requirement("RQ-083")
@pytest.mark.requirement("RQ-166")
@pytest.mark.parametrize(
    "scenario", ["a_copy_that_changes_later_is_found", "good_copies_alone_make_no_program_good"]
)
def test_code_in_the_flash_is_a_part_of_the_programs_check(pack_file: Path, scenario: str) -> None:
    run(pack_file, scenario)


def test_long_machine_code_is_executed_in_the_flash_and_short_one_in_ram() -> None:
    source = b"import micropython\n" + b"".join(
        b"@micropython.viper\ndef %s(a: int) -> int:\n%s    return a\n"
        % (name, b"    a = a * 3 + 1\n" * lines)
        for name, lines in ((b"short", 3), (b"long", 60), (b"too_long", 400))
    )
    files = compiling.compiled([("inversion_table/part_1.py", source)], compiling.SMALL_MARCH)
    short, long, too_long = (size for _, size, _ in mpy_file.functions(files[0][1]))
    assert short < pack.LONG_BYTES < long < codes.FILE_BYTES < too_long
    rows = list(struct.iter_unpack(codes.ROW, pack.code_rows(files)))
    assert [size for _, size, _ in rows] == [long]


def test_what_is_not_loaded_by_the_start_has_no_rows() -> None:
    files = compiling.compiled([("inversion_table/plan.py", PART)], compiling.SMALL_MARCH)
    assert pack.code_rows(files) == b""


def test_rows_tell_where_in_the_pack_each_code_lies_and_no_two_share_a_place(
    compiled: list[tuple[str, bytes]],
) -> None:
    files = [*compiled, (chooser.ABOUT, b"{}")]
    rows = pack.code_rows(files)
    contents = b"".join(content for _, content in sorted([*files, (codes.CODES, rows)]))
    content = compiled[0][1]
    wanted = [content[begin : begin + size] for begin, size, _ in mpy_file.functions(content)]
    found = []
    free_at = codes.HEAD_BYTES
    for place, size, offset in struct.iter_unpack(codes.ROW, rows):
        at = place * codes.PLACE_UNIT_BYTES
        found.append(contents[offset : offset + size])
        assert at >= free_at
        assert at % codes.FILE_BYTES >= codes.HEAD_BYTES
        assert at // codes.FILE_BYTES == (at + size - 1) // codes.FILE_BYTES
        free_at = at + size
    assert found == wanted
    assert free_at > 2 * codes.FILE_BYTES
