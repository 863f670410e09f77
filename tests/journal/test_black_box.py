"""The black box: every tick of the last 5 s before a fault, whatever happens around it."""

import itertools
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inversion_table.contract import flags
from inversion_table.contract.pages import PAYLOAD_AT, PAYLOAD_BYTES
from inversion_table.contract.records import (
    Box,
    BoxSample,
    RecordError,
    decode_payload,
)
from inversion_table.contract.session_log import BoxGaps
from inversion_table.estimation.estimate import Estimate
from inversion_table.journal.black_box import BOX_ENTRIES, CHANGED, START_PRESSED, BlackBox
from inversion_table.safety import faults
from inversion_table.safety.ports import Decision, Inputs, Wish

WRAP = (1 << 30) - 1
START_MS = (1 << 30) - 3_000
"""The clock wraps in most of the boxes here."""


class Ticks:
    """Gives a black box ticks, and remembers what they held."""

    def __init__(self, box: BlackBox, seed: int = 1, now_ms: int = START_MS) -> None:
        self.box = box
        self.random = Random(seed)
        self.now_ms = now_ms
        self.start_ms = now_ms
        self.seen: list[BoxSample] = []
        self.decision, self.estimate = Decision(), Estimate()
        self.inputs, self.wish = Inputs(), Wish()

    def tick(self, count: int = 1, ms: int = 10) -> None:
        for _ in range(count):
            self.now_ms = (self.now_ms + ms) & WRAP
            self._stir()
            told = self.box.take(self.decision, self.estimate, self.inputs, self.wish, self.now_ms)
            self.seen.append(self._sample())
            pressed = START_PRESSED if self.inputs.start_edge else 0
            assert told & ~CHANGED == self.seen[-1].flags | pressed

    def _stir(self) -> None:
        roll = self.random.randrange
        self.estimate.tilt_mdeg = roll(-180_000, 180_000)
        self.estimate.primary_tilt_mdeg = roll(-180_000, 180_000)
        self.estimate.monitor_tilt_mdeg += roll(-40, 41)
        self.estimate.rate_mdeg_per_s = roll(-300_000, 300_000)
        self.estimate.primary_ok = roll(2) == 1
        self.estimate.monitor_ok = roll(50) == 1
        self.decision.duty_permille = roll(-1_000, 1_001)
        self.decision.state = roll(9)
        self.wish.target_mdeg += roll(-300, 301)
        self.inputs.current_ma = roll(16_501)
        self.inputs.supply_mv = 24_000 + roll(40)
        for name in ("return_edge", "pause_edge", "jog_up", "jog_down", "host_return", "host_stop"):
            setattr(self.inputs, name, roll(20) == 1)
        self.estimate.valid = roll(9) > 0
        self.decision.power = roll(3) > 0
        for name in ("relay_closed", "home_switch", "estop_pressed", "ankle_locked", "end_reached"):
            setattr(self.inputs, name, roll(10) == 1)
        self.inputs.start_edge = roll(20) == 1

    def _sample(self) -> BoxSample:
        inputs, estimate = self.inputs, self.estimate
        bits = (
            (estimate.valid, flags.FLAG_TILT_VALID),
            (self.decision.power, flags.FLAG_POWER),
            (inputs.relay_closed, flags.FLAG_RELAY_CLOSED),
            (inputs.home_switch, flags.FLAG_HOME_SWITCH),
            (inputs.estop_pressed, flags.FLAG_ESTOP),
            (inputs.ankle_locked, flags.FLAG_ANKLE_LOCKED),
            (inputs.end_reached, flags.FLAG_END_REACHED),
            (estimate.primary_ok, flags.FLAG_BOX_PRIMARY_OK),
            (estimate.monitor_ok, flags.FLAG_BOX_MONITOR_OK),
            (inputs.return_edge, flags.FLAG_BOX_RETURN),
            (inputs.pause_edge, flags.FLAG_BOX_PAUSE),
            (inputs.jog_up, flags.FLAG_BOX_JOG_UP),
            (inputs.jog_down, flags.FLAG_BOX_JOG_DOWN),
            (inputs.host_return or inputs.host_stop, flags.FLAG_BOX_HOST),
        )
        return BoxSample(
            ((self.now_ms - self.start_ms + (1 << 29)) & WRAP) - (1 << 29),
            tens(estimate.tilt_mdeg),
            tens(self.wish.target_mdeg),
            tens(estimate.rate_mdeg_per_s),
            self.decision.duty_permille,
            tens(inputs.current_ma),
            tens(inputs.supply_mv),
            tens(estimate.primary_tilt_mdeg),
            tens(estimate.monitor_tilt_mdeg),
            self.decision.state,
            sum(flag for on, flag in bits if on),
        )


def tens(value: int) -> int:
    return (value + 5) // 10 * 10


def pages_of(ticks: Ticks) -> list[bytes]:
    """The payloads of the box as it stands."""
    pages = []
    while ticks.box.waits():
        size = ticks.box.fill(ticks.start_ms)
        if size:
            pages.append(bytes(ticks.box.page[PAYLOAD_AT : PAYLOAD_AT + size]))
    return pages


def samples_of(pages: list[bytes]) -> list[BoxSample]:
    return [
        record for page in pages for record in decode_payload(page) if isinstance(record, BoxSample)
    ]


@pytest.mark.requirement("RQ-095")
@pytest.mark.parametrize("before", [1, 7, 499, 500, 501, 564, 5_000])
def test_the_last_500_ticks_come_back_as_they_were(before: int) -> None:
    ticks = Ticks(BlackBox())
    ticks.tick(before)
    ticks.box.latch(faults.STALLED)
    ticks.box.ask()
    assert ticks.box.waits() == min(before, BOX_ENTRIES)
    pages = pages_of(ticks)
    assert samples_of(pages) == ticks.seen[-BOX_ENTRIES:]
    left = min(before, BOX_ENTRIES)
    for page in pages:
        first, *rest = decode_payload(page)
        assert first == Box(rest[0].t_ms, faults.STALLED, left)
        assert len(page) <= PAYLOAD_BYTES
        left -= len(rest)
    assert left == 0


def test_the_bytes_of_a_small_box() -> None:
    # Two ticks at rest, 2 deg and 2.01 deg, supply 24 V: fault 11, 2 left, at 10 ms (zigzag 20);
    # mask tilt, target, supply, status = 0x1C1 -> c1 03; 200 -> 400 = 90 03; -75 deg = -7500 ->
    # 14999 = 97 75; 2400 -> 4800 = c0 25; state 3, flags 2. Then mask 1: one quantum.
    box = BlackBox()
    decision, estimate, inputs, wish = Decision(), Estimate(), Inputs(), Wish()
    decision.state = 3
    decision.power = True
    inputs.relay_closed = inputs.estop_pressed = inputs.end_reached = False
    inputs.supply_mv = 24_000
    for tick in (1, 2):
        estimate.tilt_mdeg = 1_990 + 10 * tick
        box.take(decision, estimate, inputs, wish, 10 * tick)
    box.latch(11)
    box.ask()
    size = box.fill(0)
    assert bytes(box.page[PAYLOAD_AT : PAYLOAD_AT + size]).hex(" ") == (
        "c5 0b 02 14 c1 03 90 03 97 75 c0 25 03 02 01 02"
    )


@pytest.mark.parametrize("late", [9, 11, 130, 400, 3_000])
def test_late_ticks_keep_their_times(late: int) -> None:
    ticks = Ticks(BlackBox())
    for _ in range(60):
        ticks.tick(7)
        ticks.tick(1, late)
    ticks.box.latch(faults.TICK_LATE)
    ticks.box.ask()
    assert samples_of(pages_of(ticks)) == ticks.seen[-BOX_ENTRIES:]


def test_values_past_a_column_are_held_at_its_end() -> None:
    box = BlackBox()
    decision, estimate, inputs, wish = Decision(), Estimate(), Inputs(), Wish()
    estimate.tilt_mdeg, estimate.rate_mdeg_per_s = 900_000, -(1 << 29)
    box.take(decision, estimate, inputs, wish, 0)
    box.latch(1)
    box.ask()
    size = box.fill(0)
    _, sample = decode_payload(bytes(box.page[PAYLOAD_AT : PAYLOAD_AT + size]))
    assert (sample.tilt_mdeg, sample.rate_mdeg_per_s) == (327_670, -327_670)


def test_the_second_box_begins_where_the_first_ended() -> None:
    ticks = Ticks(BlackBox())
    ticks.tick(700)
    ticks.box.latch(1)
    ticks.box.ask()
    first = samples_of(pages_of(ticks))
    ticks.tick(100)
    ticks.box.latch(2)
    ticks.box.ask()
    assert ticks.box.waits() == 100
    assert first + samples_of(pages_of(ticks)) == ticks.seen[-600:]


def test_a_fault_while_a_box_is_being_stored_has_one_that_goes_on_from_it() -> None:
    ticks = Ticks(BlackBox())
    ticks.tick(700)
    ticks.box.latch(1)
    ticks.box.ask()
    stored = []
    for _ in range(5):
        size = ticks.box.fill(ticks.start_ms)
        stored.append(bytes(ticks.box.page[PAYLOAD_AT : PAYLOAD_AT + size]))
        ticks.tick(2)
    ticks.box.latch(2)
    ticks.box.ask()
    stored += pages_of(ticks)
    assert samples_of(stored) == ticks.seen[-510:]
    boxes = [next(decode_payload(page)) for page in stored]
    assert [(box.fault, box.left) for box in boxes if box.left in (500, 10)] == [(1, 500), (2, 10)]


def test_faults_of_one_pass_share_a_box_that_has_5_s_before_the_first() -> None:
    ticks = Ticks(BlackBox())
    ticks.tick(700)
    ticks.box.latch(1)
    ticks.tick(3)
    ticks.box.latch(2)
    ticks.box.ask()
    ticks.box.ask()
    assert samples_of(pages_of(ticks)) == ticks.seen[-503:]
    ticks.tick(50)
    assert not ticks.box.waits()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 90), st.booleans()), max_size=60), st.integers(0, 9))
def test_whatever_the_tick_overtakes_is_missed_by_its_number_and_nothing_else(steps, seed) -> None:
    """The tick goes on at random between pieces, at times past the lead that it gives."""
    ticks = Ticks(BlackBox(), seed)
    ticks.tick(600)
    ticks.box.latch(3)
    ticks.box.ask()
    gaps = BoxGaps()
    missing = 0
    read: list[BoxSample] = []
    for count, _ in itertools.chain(steps, [(0, True)] * 400):
        ticks.tick(count)
        if ticks.box.waits() and (size := ticks.box.fill(ticks.start_ms)):
            for record in decode_payload(bytes(ticks.box.page[PAYLOAD_AT : PAYLOAD_AT + size])):
                missing += gaps.before(record)
                if isinstance(record, BoxSample):
                    read.append(record)
    missing += gaps.at_end()
    assert set(read) <= set(ticks.seen[100:600])
    assert len(set(read)) == len(read)
    # What is overtaken before the first piece is not known to the reader.
    first = ticks.seen.index(read[0]) - 100 if read else BOX_ENTRIES
    assert len(read) + missing + first == BOX_ENTRIES


def test_what_is_overtaken_while_it_is_being_coded_is_not_believed() -> None:
    ticks = Ticks(BlackBox())
    ticks.tick(600)
    ticks.box.latch(3)
    ticks.box.ask()
    code = ticks.box._sample

    def slow(at: int, number: int, passed_ms: int, status: int) -> int:
        ticks.tick(9)  # the tick interrupts, and writes over what is being read
        return code(at, number, passed_ms, status)

    ticks.box._sample = slow  # type: ignore[method-assign]
    read = samples_of(pages_of(ticks))
    assert 5 < len(read) < 100
    assert set(read) <= set(ticks.seen[100:600])
    assert [sample.t_ms for sample in read] == sorted({sample.t_ms for sample in read})


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"\xc5\x01\x00\x00\x01\x02", "more samples"),
        (b"\xc5\x01\x01\x00\x80\x08", "no mask"),
        (b"\xc5\x01\x01\x00\x01", "end inside"),
        (b"\xc5\x01", "end inside"),
        (b"\xc2\x00\x01\x00\x00\xc5\x01\x01\x00\x00", "does not begin its page"),
    ],
)
def test_nonsense_is_refused(payload: bytes, why: str) -> None:
    with pytest.raises(RecordError, match=why):
        list(decode_payload(payload))


def test_a_change_is_told_in_its_tick_alone() -> None:
    box = BlackBox()
    decision, estimate, inputs, wish = Decision(), Estimate(), Inputs(), Wish()

    def told() -> int:
        return box.take(decision, estimate, inputs, wish, 0) & (CHANGED | START_PRESSED)

    assert told() == 0  # it begins in SELF_TEST, without a fault
    for holder, name, value in (
        (decision, "state", 1),
        (decision, "state", 2),
        (decision, "fault", 9),
        (decision, "fault", 0),
        (inputs, "jog_up", True),
        (inputs, "jog_down", True),
        (inputs, "jog_up", False),
    ):
        setattr(holder, name, value)
        assert told() == CHANGED, name
        assert told() == 0, name
    estimate.tilt_mdeg, inputs.return_edge, decision.power = 5_000, True, True
    assert told() == 0
    inputs.start_edge = True
    assert told() == START_PRESSED
