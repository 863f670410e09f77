"""How many sessions the log holds, and how evenly and how long its flash lasts."""

from pathlib import Path
from random import Random

import pytest

from inversion_table.contract.pages import FIRST_PAGE, LAST_PAGE, PAGE_BYTES
from inversion_table.journal.recorder import BOX_PAGES_MOST
from inversion_table.journal.region import BLOCK_BYTES, PAGES_PER_BLOCK, Region
from inversion_table.journal.ring import Ring
from tests.journal import nor_flash
from tests.journal.capacity import TEN_MINUTES_PAGES
from tests.journal.nor_flash import NorFlash, PowerCut

MEGABYTE_BLOCKS = 1024 * 1024 // BLOCK_BYTES
BOARD_BLOCKS = 192
"""board.JOURNAL_BLOCKS, which imports only on the chip."""
SESSIONS_A_DAY = 4
ENDURANCE_ERASES = 100_000
"""Of each sector: data sheet W25Q16JV, section "Features"."""


def write_session(ring: Ring, pages: int) -> None:
    while ring.prepare(1):
        pass
    session = ring.next_session()
    page = bytearray(PAGE_BYTES)
    for index in range(pages):
        flags = (FIRST_PAGE if index == 0 else 0) | (LAST_PAGE if index == pages - 1 else 0)
        assert ring.append(page, session, 236, flags)


def years(pages_a_session: int) -> float:
    sessions = BOARD_BLOCKS * PAGES_PER_BLOCK / pages_a_session * ENDURANCE_ERASES
    return sessions / SESSIONS_A_DAY / 365.25


@pytest.mark.requirement("RQ-122")
@pytest.mark.parametrize(("blocks", "at_least"), [(MEGABYTE_BLOCKS, 100), (BOARD_BLOCKS, 78)])
def test_the_newest_ten_minute_sessions_are_all_there(blocks: int, at_least: int) -> None:
    ring = Ring(Region(NorFlash(blocks), range(blocks)))
    fewest = 1 << 30
    for number in range(2 * at_least):
        write_session(ring, TEN_MINUTES_PAGES)
        if number > at_least:
            while ring.prepare(1):
                pass
            whole = [info for info in ring.sessions() if info.complete and info.headed]
            fewest = min(fewest, len(whole))
            newest = ring.next_session() - 1
            assert [info.session for info in whole] == list(range(newest, newest - len(whole), -1))
    assert fewest >= at_least


def test_the_board_has_so_many_blocks() -> None:
    board = Path(__file__).parents[2] / "firmware" / "inversion_table" / "board.py"
    assert f"\nJOURNAL_BLOCKS = {BOARD_BLOCKS}\n" in board.read_text("utf-8")


@pytest.mark.requirement("RQ-122")
@pytest.mark.parametrize("seed", range(3))
def test_wear_is_even_over_many_laps_with_starts_and_cuts(seed: int) -> None:
    random = Random(seed)
    blocks = 16
    flash = NorFlash(blocks)
    again = [0] * blocks
    starts = 0
    while min(flash.erases) < 40:
        starts += 1
        erased = [not any(byte != 0xFF for byte in block) for block in content(flash)]
        flash.history = []
        ring = Ring(Region(flash, range(blocks)), 8)
        if random.random() < 0.3:
            flash.operations = 0
            flash.cut_at = random.randrange(100)
            flash.tear = (nor_flash.BITS, random.randrange(1_000))
        try:
            for _ in range(random.randrange(1, 5)):
                write_session(ring, random.randrange(1, 100))
        except PowerCut:
            pass
        flash.power_on()
        first = next((place for erase, place, _ in flash.history if erase), None)
        if first is not None and erased[first]:
            again[first] += 1
    # After a start the last block that was erased is erased once more: it may not hold.
    once = [erases - more for erases, more in zip(flash.erases, again, strict=True)]
    assert max(once) - min(once) <= 1
    assert max(again) <= starts // 4
    assert starts > 60


def content(flash: NorFlash) -> list[bytes]:
    data = bytes(flash.data)
    return [data[at : at + BLOCK_BYTES] for at in range(0, len(data), BLOCK_BYTES)]


@pytest.mark.requirement("RQ-122")
def test_the_flash_outlives_the_table() -> None:
    """docs/journal.md has these figures."""
    assert round(years(TEN_MINUTES_PAGES), -2) == 6_200
    assert round(years(TEN_MINUTES_PAGES + BOX_PAGES_MOST), -2) == 1_600
