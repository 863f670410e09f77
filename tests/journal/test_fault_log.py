"""What a fault leaves in the log: itself at once, then the black box, while everything goes on."""

import itertools

import pytest

from inversion_table.contract import events
from inversion_table.contract.records import Box, BoxSample, End, Event, Sample
from inversion_table.contract.session_log import Missing
from inversion_table.journal.absent import AbsentRing
from inversion_table.journal.recorder import BOX_LEAVES_PAGES
from inversion_table.safety import faults
from tests.journal.logged_table import LoggedTable
from tests.journal.nor_flash import NorFlash, PowerCut

BLOCKS = 40


@pytest.fixture
def table() -> LoggedTable:
    made = LoggedTable(NorFlash(BLOCKS))
    made.tick(100)
    while made.ring.prepare(1):
        pass
    return made


def of(records: list, kind: type) -> list:
    return [record for record in records if isinstance(record, kind)]


def left_out(records: list) -> list[tuple[int, int]]:
    return [(e.a, e.b) for e in of(records, Event) if e.code == events.BOX_LEFT_OUT]


@pytest.mark.requirement("RQ-095")
@pytest.mark.parametrize("fault_s", [0.01, 2.0, 5.0, 20.0])
def test_the_log_has_every_tick_of_the_last_5_s_before_a_fault(table, fault_s) -> None:
    table.tick(500)
    table.session(30, (fault_s,))
    records = table.records()
    (raised,) = [e for e in of(records, Event) if e.code == events.FAULT_RAISED]
    box = of(records, BoxSample)
    assert len(box) == 500
    # It ends with the very tick that latched the fault, and some of it may lie before START.
    assert [sample.t_ms for sample in box] == list(range(raised.t_ms - 4_990, raised.t_ms + 1, 10))
    assert of(records, Box)[0] == Box(raised.t_ms - 4_990, faults.STALLED, 500)
    assert not of(records, Missing)
    assert isinstance(records[-1], End)


@pytest.mark.requirement("RQ-095")
def test_what_the_box_says_is_what_the_samples_say(table) -> None:
    table.session(20, (12.0,))
    records = table.records()
    at = {sample.t_ms: sample for sample in of(records, BoxSample)}
    both = [(sample, at[sample.t_ms]) for sample in of(records, Sample) if sample.t_ms in at]
    assert len(both) == 50
    for sample, full in both:
        assert abs(sample.tilt_mdeg - full.tilt_mdeg) <= 40
        assert abs(sample.rate_mdeg_per_s - full.rate_mdeg_per_s) <= 160
        assert abs(sample.supply_mv - full.supply_mv) <= 210
        assert sample.state == full.state
        assert sample.flags == full.flags & 0x7F


@pytest.mark.requirement("RQ-073", "RQ-095")
def test_samples_go_on_at_10_hz_while_the_box_is_stored(table) -> None:
    table.session(20, (10.0,))
    times = [sample.t_ms for sample in of(table.records(), Sample)]
    assert {b - a for a, b in itertools.pairwise(times)} == {100}
    assert table.recorder.lost_records == 0


@pytest.mark.requirement("RQ-121")
def test_a_pass_programs_one_page_and_the_box_is_stored_in_under_a_second(table) -> None:
    table.tick(500)
    table.leave()
    table.tick(1_000)
    before = table.flash.programs
    table.fault(faults.STALLED)
    passes = 0
    table.tick()
    table.background()
    while table.recorder.box.waits():
        programs = table.flash.programs
        table.tick(2)
        assert table.flash.programs - programs <= 1
        passes += 1
    assert 10 < table.flash.programs - before <= passes + 1
    assert passes < 50


def test_the_page_that_tells_of_the_fault_is_stored_first(table) -> None:
    table.leave()
    table.tick(1_000)
    table.fault(faults.STALLED)
    table.tick(2)
    assert [e.a for e in of(table.records(), Event) if e.code == events.FAULT_RAISED] == [
        faults.STALLED
    ]
    assert not of(table.records(), BoxSample)


def test_a_fault_in_the_first_tick_of_a_session_follows_its_header(table) -> None:
    """Found away from home at the start: session, fault and box begin together."""
    table.restart()
    table.tick(120)
    table.leave()
    table.fault(faults.POWER_RESTORED)
    table.tick(200)
    table.arrive()
    table.tick(100)
    records = table.records()
    assert len(of(records, BoxSample)) == 121
    assert not of(records, Missing)


@pytest.mark.requirement("RQ-095")
@pytest.mark.parametrize("apart_s", [0.01, 0.03, 0.1, 1.0, 4.9])
def test_two_faults_in_less_than_5_s_have_every_tick_between_them(table, apart_s) -> None:
    table.tick(500)
    table.session(20, (8.0, 8.0 + apart_s))
    records = table.records()
    box = of(records, BoxSample)
    first, second = [e.t_ms for e in of(records, Event) if e.code == events.FAULT_RAISED]
    assert second - first == round(apart_s * 1_000)
    assert [sample.t_ms for sample in box] == list(range(first - 4_990, second + 1, 10))
    assert not of(records, Missing)


def test_two_faults_far_apart_have_5_s_each(table) -> None:
    table.session(40, (10.0, 25.0))
    records = table.records()
    assert [box.left for box in of(records, Box) if box.left == 500] == [500, 500]
    assert len(of(records, BoxSample)) == 1_000
    assert not of(records, Missing)


def test_a_fault_as_the_session_ends_is_boxed_before_the_last_page(table) -> None:
    table.tick(500)
    table.leave()
    table.tick(500)
    table.fault(faults.STALLED)
    table.tick()
    table.arrive()
    table.tick(200)
    records = table.records()
    assert len(of(records, BoxSample)) == 500
    assert isinstance(records[-1], End)
    assert not table.recorder.recording()


@pytest.mark.requirement("RQ-095")
def test_a_flood_of_faults_is_bounded_and_the_log_says_what_it_left_out(table) -> None:
    table.tick(500)
    table.leave()
    for _ in range(2_500):
        table.fault(faults.STALLED)
        table.tick()
        table.decision.fault = faults.NO_FAULT
        table.tick()
    table.arrive()
    table.tick(200)
    records = table.records()
    # The last 5 s before the first fault, and then every tick until the last.
    out = left_out(records)
    assert len(out) == 2
    assert len(of(records, BoxSample)) + sum(samples for _, samples in out) == 499 + 5_000 - 1
    assert len({box.left for box in of(records, Box)} & {499, 500}) == 1
    assert isinstance(records[-1], End)


@pytest.mark.requirement("RQ-095")
def test_a_box_never_takes_the_room_of_the_session(table) -> None:
    table.tick(500)
    table.leave()
    while table.ring.free_pages() > BOX_LEAVES_PAGES + 3:
        table.ring.append(bytearray(256), 1, 0, 0)
    table.tick(20)
    table.fault(faults.STALLED)
    table.tick(100)
    assert table.ring.free_pages() >= BOX_LEAVES_PAGES - 2
    table.arrive()
    table.tick(200)
    records = table.records()
    (out,) = left_out(records)
    assert out[0] == faults.STALLED
    assert out[1] + len(of(records, BoxSample)) == 500


def test_events_have_their_place_when_the_queue_is_full_and_a_fault_comes(table) -> None:
    """The background does not come by for 8 s; the fault, its box and the loss are all told."""
    table.tick(500)
    table.leave()
    table.tick(20)
    flush = table.recorder.flush
    table.recorder.flush = lambda now_ms: False
    table.tick(800 + 600)
    table.fault(faults.STALLED)
    table.tick(10)
    table.recorder.flush = flush
    table.tick(200)
    table.arrive()
    table.tick(200)
    records = table.records()
    codes = [e.code for e in of(records, Event)]
    assert events.FAULT_RAISED in codes
    assert events.LOG_RECORDS_LOST in codes
    assert len(of(records, BoxSample)) == 500


def test_a_background_that_is_late_by_more_than_the_lead_loses_the_oldest_ticks_alone(
    table,
) -> None:
    table.tick(700)
    table.leave()
    table.tick(100)
    flush = table.recorder.flush
    table.fault(faults.STALLED)
    table.tick(2)
    table.recorder.flush = lambda now_ms: False
    table.tick(200)
    table.recorder.flush = flush
    table.tick(200)
    box = of(table.records(), BoxSample)
    assert 350 <= len(box) < 400
    assert [b.t_ms - a.t_ms for a, b in itertools.pairwise(box)] == [10] * (len(box) - 1)


@pytest.mark.requirement("RQ-077", "RQ-095")
@pytest.mark.parametrize("cut_after", [0, 1, 100, 255])
def test_power_that_fails_while_the_box_is_stored_leaves_its_oldest_part_and_says_so(
    table, cut_after
) -> None:
    table.tick(500)
    table.leave()
    table.tick(1_000)
    table.fault(faults.STALLED)
    table.flash.cut_at = table.flash.operations + 6
    table.flash.cut_after = cut_after
    with pytest.raises(PowerCut):
        table.tick(100)
    table.flash.power_on()
    table.restart()
    records = table.records()
    box = of(records, BoxSample)
    (raised,) = [e.t_ms for e in of(records, Event) if e.code == events.FAULT_RAISED]
    assert 50 < len(box) < 300
    assert [sample.t_ms for sample in box] == [
        raised - 4_990 + 10 * index for index in range(len(box))
    ]
    assert [gap.reason for gap in of(records, Missing)] == [
        f"{500 - len(box)} samples of a black box",
        "no end: power was cut, or the log was full",
    ]


def test_without_a_log_the_box_does_no_harm() -> None:
    table = LoggedTable(NorFlash(BLOCKS))
    table.recorder._ring = AbsentRing()
    table.tick(100)
    table.leave()
    table.tick(50)
    table.fault(faults.STALLED)
    table.tick(200)
    table.arrive()
    table.tick(100)
    assert not table.recorder.recording()
    assert not table.recorder.box.waits()
