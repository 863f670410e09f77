"""The records of the flight log: their byte layout, and the decoder that the host reads them with.

The device's half is journal/encoder.py. A page's payload is a row of records, each one whole:

    0x01..0x3F  SAMPLE   the tag is a mask of what differs from its prediction, then per set bit,
                         lowest first: bit 0 tilt, 1 target, 2 rate, 3 current, 4 supply: the
                         difference in quanta, zigzag; bit 5: state u8, flags varint
    0x40..0x7F  QUIET    1 to 64 samples in which everything is as predicted
    0xC0        HEADER   u8 record format, varint session, u8 kind, 8 bytes plan id, varint reset
                         cause, varint start (unix seconds, 0 = clock not set), then five texts
                         (u8 length, UTF-8): plan name, firmware version, contract, settings id,
                         calibration id (empty: none). Format 1 has no calibration id.
    0xC1        KEY      a sample that needs no history: zigzag t_ms, then zigzag tilt, target,
                         rate, current, supply in quanta, u8 state, varint flags
    0xC2        EVENT    zigzag t_ms minus the last sample's (0 before the page's first), u8 code,
                         zigzag a, zigzag b
    0xC3        END of format 1, only read: as 0xC6 without reason and faults
    0xC4        SHIFT    zigzag ms: the next sample is that much off its predicted time
    0xC5        BOX      u8 fault, varint samples from here to the box's last, zigzag t_ms of the
                         first one that follows; all that follows in the payload are BOX SAMPLES
    0xC6        END      zigzag t_ms, as EVENT, u8 reason (END_...), u8 first fault, varint faults,
                         zigzag max tilt in mdeg, varint head-down ms, varint worst error in mdeg

Each other tag is an error. Times are milliseconds since the session's start, negative before it.

Prediction of a sample from the one before: time + 100 ms; target goes on by its last difference;
tilt goes on by the last rate (one quantum of rate moves tilt by one quantum in 100 ms); all else
stays. A value is stored again only when its prediction is off by more than its tolerance, so what
is read is always within the tolerance of what was measured, and errors never add up.

A BOX page is a piece of the black box: every tick of the last seconds before a fault, the last
sample being the tick that latched it. It has no tag a sample: a varint mask, then per set bit,
lowest first, the zigzag difference to the sample before (to 0 in the page's first) in quanta of
10: bit 0 tilt, 1 primary tilt, 2 monitor tilt, 3 rate, 4 current, 5 duty (quantum 1), 6 target,
7 supply; bit 8: state u8, flags varint; bit 9: zigzag ms that it is off the tick before + 10 ms.
Values are those of the tick, rounded to the quantum: nothing is predicted or left out.
"""

from collections import namedtuple

from inversion_table.contract.varint import (
    MAX_VARINT_BYTES,
    VarintError,
    get_signed,
    get_unsigned,
)

RECORD_FORMAT = 2

SAMPLE_PERIOD_MS = 100
TILT_QUANTUM_MDEG = 10
RATE_QUANTUM_MDEG_PER_S = 100
CURRENT_QUANTUM_MA = 50
SUPPLY_QUANTUM_MV = 100

# What is read from the log is within this of what was measured (inside the bounds below).
TIME_TOLERANCE_MS = 5
TILT_TOLERANCE_MDEG = 30
TARGET_TOLERANCE_MDEG = 10
RATE_TOLERANCE_MDEG_PER_S = 150
CURRENT_TOLERANCE_MA = 150
SUPPLY_TOLERANCE_MV = 200

# Samples are held inside these bounds, far outside anything that the table can do.
TILT_BOUND_MDEG = 360_000
RATE_BOUND_MDEG_PER_S = 1_000_000
CURRENT_BOUND_MA = 100_000
SUPPLY_BOUND_MV = 100_000
FLAGS_BOUND = 0xFFFF
NUMBER_BOUND = 0x7FFFFFFF  # of an event's a and b, an END's summary, and every time in ms

MASK_TILT = 0x01
MASK_TARGET = 0x02
MASK_RATE = 0x04
MASK_CURRENT = 0x08
MASK_SUPPLY = 0x10
MASK_STATUS = 0x20

TAG_QUIET = 0x40
QUIET_MOST = 64
TAG_HEADER = 0xC0
TAG_KEY = 0xC1
TAG_EVENT = 0xC2
TAG_END_1 = 0xC3
TAG_SHIFT = 0xC4
TAG_BOX = 0xC5
TAG_END = 0xC6

BOX_PERIOD_MS = 10
BOX_QUANTUM = 10  # mdeg, mdeg/s, mA, mV; duty is whole permille
BOX_TILT = 0x001
BOX_PRIMARY = 0x002
BOX_MONITOR = 0x004
BOX_RATE = 0x008
BOX_CURRENT = 0x010
BOX_DUTY = 0x020
BOX_TARGET = 0x040
BOX_SUPPLY = 0x080
BOX_STATUS = 0x100
BOX_TIME = 0x200
BOX_MASK = 0x3FF

PLAN_ID_BYTES = 8
# Longest texts in UTF-8 bytes; with them a HEADER is at most 151 bytes and fits in one page, with
# the events that waited for it.
PLAN_NAME_BYTES = 48
FIRMWARE_BYTES = 32
CONTRACT_BYTES = 16
SETTINGS_ID_BYTES = 8
CALIBRATION_ID_BYTES = 8

# What the session was: a plan from START to home, a return after a reset or from a fault, jogging.
KIND_PLAN = 1
KIND_RETURN = 2
KIND_JOG = 3

# Why a session ended: what first sent the table home.
END_UNKNOWN = 0  # format 1 did not say, or none of the others
END_PLAN_DONE = 1
END_RETURN_PRESSED = 2
END_HOST_RETURN = 3
END_FAULT = 4  # a limit in time and a stop from the laptop are faults too
END_JOGGED_HOME = 5

# plan_id: 16 hex digits, all 0 = none. start_unix_s: 0 = the clock was not set. calibration_id: ""
# for a table that was never calibrated.
Header = namedtuple(
    "Header",
    (
        "session",
        "kind",
        "plan_id",
        "plan_name",
        "firmware",
        "contract",
        "settings_id",
        "calibration_id",
        "reset_cause",
        "start_unix_s",
    ),
)
Sample = namedtuple(
    "Sample",
    (
        "t_ms",
        "tilt_mdeg",
        "target_mdeg",
        "rate_mdeg_per_s",
        "current_ma",
        "supply_mv",
        "state",
        "flags",
    ),
)
# code and the meaning of a and b: contract/events.py.
Event = namedtuple("Event", ("t_ms", "code", "a", "b"))
# reason: END_...; fault: the first one of the session, 0 = none; faults: how many there were.
End = namedtuple(
    "End",
    (
        "t_ms",
        "reason",
        "fault",
        "faults",
        "max_tilt_mdeg",
        "head_down_ms",
        "worst_error_mdeg",
    ),
)
# The beginning of a piece of a black box. t_ms: of the sample that follows; fault: the one that it
# ends with; left: samples from that one to the box's last, on this page and later ones.
Box = namedtuple("Box", ("t_ms", "fault", "left"))
# flags: those of a sample and the FLAG_BOX_... of contract/flags.py.
BoxSample = namedtuple(
    "BoxSample",
    (
        "t_ms",
        "tilt_mdeg",
        "target_mdeg",
        "rate_mdeg_per_s",
        "duty_permille",
        "current_ma",
        "supply_mv",
        "primary_tilt_mdeg",
        "monitor_tilt_mdeg",
        "state",
        "flags",
    ),
)


class RecordError(ValueError):
    """A payload is not a row of whole records; the text says where and why."""


def decode_payload(payload: bytes):
    """Yield each Header, Sample, Event, End, Box and BoxSample of one page's payload, in order.

    Raises RecordError at the first byte that makes no sense; what was yielded before it is sound.
    The payload must come from a page whose CRC was right: this reader finds nonsense, not every
    changed bit.
    """
    return _Decoder(payload).records()


class _Decoder:
    """One pass over one payload, with the history that samples are told against."""

    def __init__(self, payload: bytes):
        self._data = bytes(payload)
        self._end = len(self._data)
        self._at = 0
        self._keyed = False
        self._t_ms = 0
        self._shift_ms = 0
        self._tilt = self._target = self._slope = self._rate = 0
        self._current = self._supply = self._state = self._flags = 0

    def records(self):
        """The records, as `decode_payload` says."""
        while self._at < self._end:
            start = self._at
            tag = self._u8()
            try:
                if tag == TAG_BOX:
                    yield from self._box()
                elif tag >= 0x80:
                    record = self._other(tag)
                    if record is not None:
                        yield record
                elif tag >= TAG_QUIET:
                    for _ in range(tag - TAG_QUIET + 1):
                        yield self._next_sample(0)
                elif tag:
                    yield self._next_sample(tag)
                else:
                    raise RecordError("0 is no record")
            except (VarintError, RecordError) as error:
                raise RecordError("record at byte %d: %s" % (start, error)) from None
        if self._shift_ms:
            raise RecordError("the payload ends between a time shift and its sample")

    def _other(self, tag: int):
        if self._shift_ms:
            raise RecordError("a time shift has no sample behind it")
        if tag == TAG_KEY:
            return self._key()
        if tag == TAG_EVENT:
            t_ms = self._t_ms + self._signed()
            return Event(t_ms, self._u8(), self._signed(), self._signed())
        if tag == TAG_END:
            t_ms = self._t_ms + self._signed()
            return End(
                t_ms,
                self._u8(),
                self._u8(),
                self._unsigned(),
                self._signed(),
                self._unsigned(),
                self._unsigned(),
            )
        if tag == TAG_END_1:
            t_ms = self._t_ms + self._signed()
            fault = self._u8()
            faults = 1 if fault else 0
            return End(
                t_ms,
                END_UNKNOWN,
                fault,
                faults,
                self._signed(),
                self._unsigned(),
                self._unsigned(),
            )
        if tag == TAG_HEADER:
            return self._header()
        if tag == TAG_SHIFT:
            self._shift_ms = self._signed()
            if not self._keyed or not self._shift_ms:
                raise RecordError("a time shift that shifts nothing")
            return None
        raise RecordError("0x%02X is no record" % tag)

    def _key(self):
        self._keyed = True
        self._t_ms = self._signed()
        self._tilt = self._signed()
        self._target = self._signed()
        self._slope = 0
        self._rate = self._signed()
        self._current = self._signed()
        self._supply = self._signed()
        self._state = self._u8()
        self._flags = self._unsigned()
        return self._sample()

    def _next_sample(self, mask: int):
        if not self._keyed:
            raise RecordError("a sample before the page's key sample")
        self._t_ms += SAMPLE_PERIOD_MS + self._shift_ms
        self._shift_ms = 0
        self._tilt += self._rate
        old_target = self._target
        self._target += self._slope
        if mask:
            if mask & MASK_TILT:
                self._tilt += self._signed()
            if mask & MASK_TARGET:
                self._target += self._signed()
            if mask & MASK_RATE:
                self._rate += self._signed()
            if mask & MASK_CURRENT:
                self._current += self._signed()
            if mask & MASK_SUPPLY:
                self._supply += self._signed()
            if mask & MASK_STATUS:
                self._state = self._u8()
                self._flags = self._unsigned()
        self._slope = self._target - old_target
        return self._sample()

    def _sample(self):
        return Sample(
            self._t_ms,
            self._tilt * TILT_QUANTUM_MDEG,
            self._target * TILT_QUANTUM_MDEG,
            self._rate * RATE_QUANTUM_MDEG_PER_S,
            self._current * CURRENT_QUANTUM_MA,
            self._supply * SUPPLY_QUANTUM_MV,
            self._state,
            self._flags,
        )

    def _header(self):
        record_format = self._u8()
        if not 1 <= record_format <= RECORD_FORMAT:
            raise RecordError(
                "record format %d, this reader knows 1 to %d" % (record_format, RECORD_FORMAT)
            )
        session = self._unsigned()
        kind = self._u8()
        plan_id = "".join(["%02x" % byte for byte in self._take(PLAN_ID_BYTES)])
        reset_cause = self._unsigned()
        start_unix_s = self._unsigned()
        name, firmware, contract, settings_id = [self._text() for _ in range(4)]
        calibration_id = self._text() if record_format > 1 else ""
        return Header(
            session,
            kind,
            plan_id,
            name,
            firmware,
            contract,
            settings_id,
            calibration_id,
            reset_cause,
            start_unix_s,
        )

    def _box(self):
        if self._at > 1:
            raise RecordError("a black box that does not begin its page")
        fault = self._u8()
        left = self._unsigned()
        t_ms = self._signed()
        yield Box(t_ms, fault, left)
        t_ms -= BOX_PERIOD_MS
        tilt = primary = monitor = rate = current = duty = target = supply = state = flags = 0
        while self._at < self._end:
            if not left:
                raise RecordError("more samples than the black box has")
            left -= 1
            mask = self._unsigned()
            if mask > BOX_MASK:
                raise RecordError("0x%X is no mask of a black box" % mask)
            t_ms += BOX_PERIOD_MS
            if mask & BOX_TILT:
                tilt += self._signed()
            if mask & BOX_PRIMARY:
                primary += self._signed()
            if mask & BOX_MONITOR:
                monitor += self._signed()
            if mask & BOX_RATE:
                rate += self._signed()
            if mask & BOX_CURRENT:
                current += self._signed()
            if mask & BOX_DUTY:
                duty += self._signed()
            if mask & BOX_TARGET:
                target += self._signed()
            if mask & BOX_SUPPLY:
                supply += self._signed()
            if mask & BOX_STATUS:
                state = self._u8()
                flags = self._unsigned()
            if mask & BOX_TIME:
                t_ms += self._signed()
            yield BoxSample(
                t_ms,
                tilt * BOX_QUANTUM,
                target * BOX_QUANTUM,
                rate * BOX_QUANTUM,
                duty,
                current * BOX_QUANTUM,
                supply * BOX_QUANTUM,
                primary * BOX_QUANTUM,
                monitor * BOX_QUANTUM,
                state,
                flags,
            )

    def _take(self, count: int) -> bytes:
        start = self._at
        self._at = start + count
        if self._at > self._end:
            raise RecordError("the data end inside it")
        return self._data[start : self._at]

    def _text(self) -> str:
        data = self._take(self._u8())
        try:
            return data.decode()
        except UnicodeError:
            raise RecordError("a text is not UTF-8") from None

    def _u8(self) -> int:
        return self._take(1)[0]

    def _signed(self) -> int:
        value, self._at = get_signed(self._data, self._at, self._end)
        return value

    def _unsigned(self) -> int:
        value, self._at = get_unsigned(self._data, self._at, self._end)
        return value


# A record other than HEADER takes at most: SHIFT and SAMPLE with every field, or a BOX SAMPLE with
# every field; KEY takes less.
MOST_RECORD_BYTES = 2 + 10 * MAX_VARINT_BYTES + 1
