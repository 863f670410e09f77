import pytest

from inversion_table.contract import events
from inversion_table.contract.records import (
    KIND_PLAN,
    KIND_RETURN,
    End,
    Event,
    Header,
    Sample,
)
from inversion_table.contract.session_log import Missing, decode_session
from inversion_table.journal.absent import AbsentRing
from inversion_table.journal.recorder import PAGE_AGE_MS, Recorder
from inversion_table.journal.region import Region
from inversion_table.journal.ring import Ring
from tests.journal.nor_flash import NorFlash
from tests.journal.synthetic import samples

START_MS = (1 << 30) - 5_000  # the clock wraps 5 s into the session
WRAP = (1 << 30) - 1


class Table:
    """A recorder on a flash, with a clock; `run` gives samples and lets the background work."""

    def __init__(self, blocks=64, ahead_blocks=24, queue_entries=128):
        self.flash = NorFlash(blocks)
        self.ring = Ring(Region(self.flash, range(blocks)), ahead_blocks)
        while self.ring.prepare(1):
            pass
        self.erases = sum(self.flash.erases)
        self.recorder = Recorder(self.ring, lambda: 1_750_000_000, queue_entries)
        self.recorder.describe("0123456789abcdef", "Kim", "0.1", "c0ffee", "s1", "c1", 3)
        self.now_ms = START_MS

    def sample(self, *values):
        self.now_ms = (self.now_ms + 100) & WRAP
        self.recorder.sample(self.now_ms, *(values or (0, 0, 0, 0, 24_000, 3, 0)))

    def event(self, code, a=0, b=0):
        self.recorder.event(self.now_ms, code, a, b)

    def flush(self):
        for _ in range(1_000):
            if not self.recorder.flush(self.now_ms):
                return
        raise AssertionError("flush never ends")

    def run(self, rows):
        for row in rows:
            self.sample(*row)
            self.flush()

    def end(self):
        self.recorder.end(self.now_ms, 1, 0, 0, 60_000, 540_000, 200)
        self.flush()

    def info(self, session=1):
        info = self.ring.find(session)
        assert info is not None
        return info

    def log(self, session=1):
        info = self.ring.find(session)
        if info is None:
            return []
        raw = bytearray(info.total_bytes())
        self.ring.read(info, 0, raw)
        return list(decode_session(bytes(raw), session))

    def events(self, session=1):
        return [record for record in self.log(session) if isinstance(record, Event)]


@pytest.mark.requirement("RQ-123")
def test_a_session_from_begin_to_end():
    table = Table()
    table.recorder.begin(START_MS, KIND_PLAN)
    table.event(events.STATE_CHANGED, 1, 2)
    table.run([(100 * index, 0, 0, 0, 24_000, 2, 0) for index in range(300)])
    table.event(events.STEP_STARTED, 1, 180_000)
    table.end()
    records = table.log()
    assert records[0] == Header(
        1, KIND_PLAN, "0123456789abcdef", "Kim", "0.1", "c0ffee", "s1", "c1", 3, 1_750_000_000
    )
    assert records[1] == Event(0, events.STATE_CHANGED, 1, 2)
    taken = [record for record in records if isinstance(record, Sample)]
    assert [sample.t_ms for sample in taken] == [100 * (index + 1) for index in range(300)]
    assert records[-2] == Event(30_000, events.STEP_STARTED, 1, 180_000)
    assert records[-1] == End(30_000, 1, 0, 0, 60_000, 540_000, 200)
    assert not table.recorder.recording()
    assert table.info().complete
    assert table.info().headed
    assert sum(table.flash.erases) == table.erases


def test_ten_minutes_take_so_few_pages_that_a_hundred_fit_in_a_megabyte():
    table = Table()
    table.recorder.begin(START_MS, KIND_PLAN)
    rows = list(samples(60_000, 180, 3, 7, 20))[:6_000]
    assert len(rows) == 6_000
    table.run(rows)
    table.end()
    assert sum(isinstance(record, Sample) for record in table.log()) == 6_000
    pages = table.info().pages()
    assert (256 - 24) * 16 // pages >= 95
    assert pages * 236 / 6_000 < 3


@pytest.mark.requirement("RQ-121")
def test_one_flush_programs_at_most_one_page():
    table = Table()
    table.recorder.begin(START_MS, KIND_PLAN)
    for index in range(100):
        table.sample(3_000 * (index % 5), 20_000 * (index % 3), 900 * index, 0, 24_000, 3, index)
    more = True
    while more:
        before = table.flash.programs
        more = table.recorder.flush(table.now_ms)
        assert table.flash.programs - before <= 2  # the second: the page at the head after a start
    assert table.flash.programs > 3


def test_a_quiet_page_does_not_wait_for_ever():
    table = Table()
    table.recorder.begin(START_MS, KIND_PLAN)
    table.run([()] * (PAGE_AGE_MS // 100 - 1))
    assert table.log() == []
    table.run([()])
    assert isinstance(table.log()[-2], Sample)


def test_a_fault_is_stored_at_once_but_a_flood_of_them_costs_a_page_a_second():
    table = Table()
    table.recorder.begin(START_MS, KIND_PLAN)
    table.run([()])
    table.event(events.FAULT_RAISED, 9, 1)
    table.flush()
    assert table.events()[-1].code == events.FAULT_RAISED
    before = table.flash.programs
    for _ in range(50):
        table.event(events.FAULT_RAISED, 9, 2)
        table.run([()])
    assert 5 <= table.flash.programs - before <= 6


def test_events_outside_a_session_wait_for_the_next():
    table = Table()
    for index in range(9):
        table.event(events.PLAN_STORED, index)
        table.now_ms = (table.now_ms + 1_000) & WRAP
    table.recorder.note(table.now_ms, events.RESET, 3, 0)
    table.sample()
    table.flush()
    table.recorder.begin(table.now_ms, KIND_RETURN)
    table.end()
    assert [(event.t_ms, event.code, event.a) for event in table.events()] == [
        *((-1_000 * (9 - index) - 100, events.PLAN_STORED, index) for index in range(5, 9)),
        (-100, events.RESET, 3),
    ]
    assert not [record for record in table.log() if isinstance(record, Sample)]


def test_notes_from_the_background_are_recorded_in_a_session():
    table = Table()
    table.recorder.begin(START_MS, KIND_PLAN)
    table.run([()] * 3)
    table.recorder.note(table.now_ms, events.HOST_STOP, 0, 0)
    table.flush()
    table.end()
    assert table.events() == [Event(300, events.HOST_STOP, 0, 0)]


@pytest.mark.requirement("RQ-076")
def test_a_full_queue_drops_samples_first_and_says_how_many():
    table = Table(queue_entries=32)
    table.recorder.begin(START_MS, KIND_PLAN)
    for _ in range(40):
        table.sample()
    assert table.recorder.lost_records > 20
    lost = table.recorder.lost_records
    table.event(events.STATE_CHANGED, 2, 3)
    assert table.recorder.lost_records == lost
    table.recorder.end(table.now_ms, 1, 0, 0, 0, 0, 0)
    table.flush()
    kinds = [(event.code, event.a) for event in table.events()]
    assert kinds == [(events.LOG_RECORDS_LOST, lost), (events.STATE_CHANGED, 2)]
    assert isinstance(table.log()[-1], End)
    assert sum(isinstance(record, Sample) for record in table.log()) == 40 - lost


@pytest.mark.requirement("RQ-076")
def test_without_erased_flash_it_counts_and_still_says_how_it_ended():
    table = Table(blocks=4, ahead_blocks=2)
    table.recorder.begin(START_MS, KIND_PLAN)
    table.run([(3_000 * (i % 5), 20_000 * (i % 3), 900 * i, 0, 24_000, 3, i) for i in range(2_000)])
    assert table.recorder.lost_pages > 10
    table.end()
    assert sum(table.flash.erases) == table.erases
    full = [event for event in table.events() if event.code == events.LOG_FULL]
    assert full == [table.events()[-1]]
    assert full[0].a == table.recorder.lost_pages
    assert isinstance(table.log()[-1], End)
    # Home again: the next session has room, and does not tell the same loss twice.
    while table.ring.prepare(1):
        pass
    table.recorder.begin(table.now_ms, KIND_PLAN)
    table.end()
    assert [type(record) for record in table.log(2)] == [Header, End]


def test_a_session_that_finds_no_flash_at_all_is_told_by_the_next():
    table = Table(blocks=4, ahead_blocks=2)
    while table.ring.free_pages():
        table.ring.append(bytearray(256), 7, 0, 1)
    table.recorder.begin(START_MS, KIND_PLAN)
    table.run([()] * 300)
    table.end()
    lost = table.recorder.lost_pages
    assert lost >= 2
    while table.ring.prepare(1):
        pass
    table.recorder.begin(table.now_ms, KIND_PLAN)
    table.end()
    assert [(event.code, event.a) for event in table.events(8)] == [(events.LOG_FULL, lost)]


def test_without_any_ring_it_only_counts():
    ring = AbsentRing()
    recorder = Recorder(ring, lambda: 0)
    recorder.begin(START_MS, KIND_RETURN)
    for index in range(100):
        recorder.sample(START_MS + 100 * index, 1000 * index, 0, 0, 0, 0, 1, index)
    recorder.end(START_MS + 10_000, 1, 0, 0, 0, 0, 0)
    while recorder.flush(START_MS + 10_000):
        pass
    assert not recorder.recording()
    assert recorder.lost_pages >= 2
    assert (ring.prepare(1), list(ring.sessions()), ring.find(1)) == (0, [], None)
    assert (ring.next_session(), ring.read(None, 0, bytearray(4))) == (1, 0)


def test_a_session_without_an_end_is_closed_by_the_next():
    table = Table()
    table.recorder.begin(START_MS, KIND_PLAN)
    table.run([()] * 5)
    table.recorder.begin(table.now_ms, KIND_RETURN)
    table.run([()] * 5)
    table.end()
    assert isinstance(table.log(1)[-1], Missing)
    assert sum(isinstance(record, Sample) for record in table.log(1)) == 5
    assert table.log(2)[0].kind == KIND_RETURN
    assert isinstance(table.log(2)[-1], End)


@pytest.mark.parametrize(
    "facts",
    [
        ("0123", "Kim", "0.1", "c0ffee", "s1", "c1", 3),
        ("x" * 16, "Kim", "0.1", "c0ffee", "s1", "c1", 3),
        ("0" * 16, "K" * 49, "0.1", "c0ffee", "s1", "c1", 3),
        ("0" * 16, "Kim", "0.1", "c" * 17, "s1", "", 3),
    ],
)
def test_facts_that_cannot_be_stored_are_refused_before_the_session(facts):
    with pytest.raises(ValueError, match=r"digits|bytes|invalid literal"):
        Table().recorder.describe(*facts)
