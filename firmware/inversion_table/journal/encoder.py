"""Codes records into one page's payload: the device's half of contract/records.py.

Layout, prediction and tolerances are told there. The encoder follows the decoder's arithmetic to
the bit: it keeps what the host will have read so far, and stores what differs from that.
"""

import binascii

from inversion_table.contract.records import (
    CALIBRATION_ID_BYTES,
    CONTRACT_BYTES,
    CURRENT_BOUND_MA,
    CURRENT_QUANTUM_MA,
    CURRENT_TOLERANCE_MA,
    FIRMWARE_BYTES,
    FLAGS_BOUND,
    MASK_CURRENT,
    MASK_RATE,
    MASK_STATUS,
    MASK_SUPPLY,
    MASK_TARGET,
    MASK_TILT,
    MOST_RECORD_BYTES,
    NUMBER_BOUND,
    PLAN_ID_BYTES,
    PLAN_NAME_BYTES,
    QUIET_MOST,
    RATE_BOUND_MDEG_PER_S,
    RATE_QUANTUM_MDEG_PER_S,
    RATE_TOLERANCE_MDEG_PER_S,
    RECORD_FORMAT,
    SAMPLE_PERIOD_MS,
    SETTINGS_ID_BYTES,
    SUPPLY_BOUND_MV,
    SUPPLY_QUANTUM_MV,
    SUPPLY_TOLERANCE_MV,
    TAG_END,
    TAG_EVENT,
    TAG_HEADER,
    TAG_KEY,
    TAG_QUIET,
    TAG_SHIFT,
    TARGET_TOLERANCE_MDEG,
    TILT_BOUND_MDEG,
    TILT_QUANTUM_MDEG,
    TILT_TOLERANCE_MDEG,
    TIME_TOLERANCE_MS,
    Header,
)
from inversion_table.contract.varint import put_signed, put_unsigned


def header_texts(
    plan_name: str, firmware: str, contract: str, settings_id: str, calibration_id: str
) -> bytes:
    """The five texts of a HEADER as they are stored; raises ValueError for one that is too long."""
    stored = b""
    for name, text, most in (
        ("plan name", plan_name, PLAN_NAME_BYTES),
        ("firmware version", firmware, FIRMWARE_BYTES),
        ("contract hash", contract, CONTRACT_BYTES),
        ("settings id", settings_id, SETTINGS_ID_BYTES),
        ("calibration id", calibration_id, CALIBRATION_ID_BYTES),
    ):
        data = text.encode()
        if len(data) > most:
            raise ValueError(
                "the %s has %d bytes, the log keeps at most %d" % (name, len(data), most)
            )
        stored += bytes((len(data),)) + data
    return stored


def _bounded(value: int, bound: int) -> int:
    return -bound if value < -bound else bound if value > bound else value


def _difference(measured: int, predicted_quanta: int, quantum: int, tolerance: int) -> int:
    """Quanta to add to the prediction so that it comes within half a quantum; 0 if it will do."""
    off = measured - predicted_quanta * quantum
    if -tolerance <= off <= tolerance:
        return 0
    return (off + quantum // 2) // quantum


class Encoder:
    """Appends records to `buffer` from `start`, never past `limit`.

    The buffer needs `MOST_RECORD_BYTES` behind `limit`: a record is written first and taken back
    when it does not fit. Each method that adds a record returns True, or False when the page is
    full: then the record is not in it, and `restart` on a fresh page must come next.
    """

    def __init__(self, buffer: bytearray, start: int, limit: int):
        if len(buffer) < limit + MOST_RECORD_BYTES:
            raise ValueError("the buffer needs %d bytes behind its limit" % MOST_RECORD_BYTES)
        self._buffer = buffer
        self._start = start
        self._limit = limit
        self._at = start
        self._quiet_at = 0
        self._keyed = False
        self._t_ms = 0
        self._tilt = self._target = self._slope = self._rate = 0
        self._current = self._supply = self._state = self._flags = 0

    def restart(self) -> None:
        """Begin a fresh payload, without history."""
        self._at = self._start
        self._quiet_at = 0
        self._keyed = False
        self._t_ms = 0

    def payload_bytes(self) -> int:
        """Bytes in the payload so far."""
        return self._at - self._start

    def header(self, header: Header) -> bool:
        """Append a HEADER; raises ValueError for texts or a plan id that cannot be stored."""
        plan_id = binascii.unhexlify(header.plan_id)
        if len(plan_id) != PLAN_ID_BYTES:
            raise ValueError("a plan id has %d hex digits" % (2 * PLAN_ID_BYTES))
        texts = header_texts(
            header.plan_name,
            header.firmware,
            header.contract,
            header.settings_id,
            header.calibration_id,
        )
        head = bytearray(MOST_RECORD_BYTES)
        head[0] = TAG_HEADER
        head[1] = RECORD_FORMAT
        at = put_unsigned(head, 2, header.session)
        head[at] = header.kind
        at += 1
        head[at : at + PLAN_ID_BYTES] = plan_id
        at = put_unsigned(head, at + PLAN_ID_BYTES, header.reset_cause)
        at = put_unsigned(head, at, header.start_unix_s)
        end = self._at + at + len(texts)
        if end > self._limit:
            return False
        self._buffer[self._at : self._at + at] = head[:at]
        self._buffer[self._at + at : end] = texts
        self._quiet_at = 0
        self._at = end
        return True

    def sample(
        self,
        t_ms: int,
        tilt_mdeg: int,
        target_mdeg: int,
        rate_mdeg_per_s: int,
        current_ma: int,
        supply_mv: int,
        state: int,
        flags: int,
    ) -> bool:
        """Append one sample; values outside the bounds of contract/records.py are held at them.

        Of `state` the low 8 bits are kept, of `flags` the low 16.
        """
        tilt_mdeg = _bounded(tilt_mdeg, TILT_BOUND_MDEG)
        target_mdeg = _bounded(target_mdeg, TILT_BOUND_MDEG)
        rate_mdeg_per_s = _bounded(rate_mdeg_per_s, RATE_BOUND_MDEG_PER_S)
        current_ma = _bounded(current_ma, CURRENT_BOUND_MA)
        supply_mv = _bounded(supply_mv, SUPPLY_BOUND_MV)
        state &= 0xFF
        flags &= FLAGS_BOUND
        if not self._keyed:
            return self._key(
                t_ms, tilt_mdeg, target_mdeg, rate_mdeg_per_s, current_ma, supply_mv, state, flags
            )

        self._t_ms += SAMPLE_PERIOD_MS
        shift_ms = t_ms - self._t_ms
        if -TIME_TOLERANCE_MS <= shift_ms <= TIME_TOLERANCE_MS:
            shift_ms = 0
        tilt = self._tilt + self._rate
        target = self._target + self._slope
        d_tilt = _difference(tilt_mdeg, tilt, TILT_QUANTUM_MDEG, TILT_TOLERANCE_MDEG)
        d_target = _difference(target_mdeg, target, TILT_QUANTUM_MDEG, TARGET_TOLERANCE_MDEG)
        d_rate = _difference(
            rate_mdeg_per_s, self._rate, RATE_QUANTUM_MDEG_PER_S, RATE_TOLERANCE_MDEG_PER_S
        )
        d_current = _difference(current_ma, self._current, CURRENT_QUANTUM_MA, CURRENT_TOLERANCE_MA)
        d_supply = _difference(supply_mv, self._supply, SUPPLY_QUANTUM_MV, SUPPLY_TOLERANCE_MV)
        status_same = state == self._state and flags == self._flags

        self._t_ms += shift_ms
        self._tilt = tilt + d_tilt
        self._slope = target + d_target - self._target
        self._target = target + d_target
        self._rate += d_rate
        self._current += d_current
        self._supply += d_supply
        self._state = state
        self._flags = flags

        mask = (
            (MASK_TILT if d_tilt else 0)
            | (MASK_TARGET if d_target else 0)
            | (MASK_RATE if d_rate else 0)
            | (MASK_CURRENT if d_current else 0)
            | (MASK_SUPPLY if d_supply else 0)
            | (0 if status_same else MASK_STATUS)
        )
        if not shift_ms and not mask:
            return self._quiet()
        buffer = self._buffer
        at = self._at
        if shift_ms:
            buffer[at] = TAG_SHIFT
            at = put_signed(buffer, at + 1, shift_ms)
        if not mask:
            buffer[at] = TAG_QUIET
            return self._keep(at + 1)
        buffer[at] = mask
        at += 1
        if d_tilt:
            at = put_signed(buffer, at, d_tilt)
        if d_target:
            at = put_signed(buffer, at, d_target)
        if d_rate:
            at = put_signed(buffer, at, d_rate)
        if d_current:
            at = put_signed(buffer, at, d_current)
        if d_supply:
            at = put_signed(buffer, at, d_supply)
        if not status_same:
            buffer[at] = state
            at = put_unsigned(buffer, at + 1, flags)
        return self._keep(at)

    def event(self, t_ms: int, code: int, a: int, b: int) -> bool:
        """Append an event: code 0 .. 255, a and b held at +-(2^31 - 1)."""
        buffer = self._buffer
        buffer[self._at] = TAG_EVENT
        at = put_signed(buffer, self._at + 1, t_ms - self._t_ms)
        buffer[at] = code & 0xFF
        at = put_signed(buffer, at + 1, _bounded(a, NUMBER_BOUND))
        return self._keep(put_signed(buffer, at, _bounded(b, NUMBER_BOUND)))

    def end(
        self,
        t_ms: int,
        reason: int,
        fault: int,
        faults: int,
        max_tilt_mdeg: int,
        head_down_ms: int,
        worst_error_mdeg: int,
    ) -> bool:
        """Append the session's END: reason and fault 0 .. 255; faults, times, error 0 or more."""
        buffer = self._buffer
        buffer[self._at] = TAG_END
        at = put_signed(buffer, self._at + 1, t_ms - self._t_ms)
        buffer[at] = reason & 0xFF
        buffer[at + 1] = fault & 0xFF
        at = put_unsigned(buffer, at + 2, max(0, _bounded(faults, NUMBER_BOUND)))
        at = put_signed(buffer, at, _bounded(max_tilt_mdeg, NUMBER_BOUND))
        at = put_unsigned(buffer, at, max(0, _bounded(head_down_ms, NUMBER_BOUND)))
        return self._keep(
            put_unsigned(buffer, at, max(0, _bounded(worst_error_mdeg, NUMBER_BOUND)))
        )

    def _key(
        self,
        t_ms: int,
        tilt_mdeg: int,
        target_mdeg: int,
        rate_mdeg_per_s: int,
        current_ma: int,
        supply_mv: int,
        state: int,
        flags: int,
    ) -> bool:
        self._keyed = True
        self._t_ms = t_ms
        self._tilt = _difference(tilt_mdeg, 0, TILT_QUANTUM_MDEG, 0)
        self._target = _difference(target_mdeg, 0, TILT_QUANTUM_MDEG, 0)
        self._slope = 0
        self._rate = _difference(rate_mdeg_per_s, 0, RATE_QUANTUM_MDEG_PER_S, 0)
        self._current = _difference(current_ma, 0, CURRENT_QUANTUM_MA, 0)
        self._supply = _difference(supply_mv, 0, SUPPLY_QUANTUM_MV, 0)
        self._state = state
        self._flags = flags
        buffer = self._buffer
        buffer[self._at] = TAG_KEY
        at = put_signed(buffer, self._at + 1, t_ms)
        at = put_signed(buffer, at, self._tilt)
        at = put_signed(buffer, at, self._target)
        at = put_signed(buffer, at, self._rate)
        at = put_signed(buffer, at, self._current)
        at = put_signed(buffer, at, self._supply)
        buffer[at] = state
        return self._keep(put_unsigned(buffer, at + 1, flags))

    def _quiet(self) -> bool:
        """One more quiet sample: counted in the last record when that is a row of them."""
        at = self._quiet_at
        if at and self._buffer[at] < TAG_QUIET + QUIET_MOST - 1:
            self._buffer[at] += 1
            return True
        at = self._at
        self._buffer[at] = TAG_QUIET
        if not self._keep(at + 1):
            return False
        self._quiet_at = at
        return True

    def _keep(self, end: int) -> bool:
        """Take the record that ends before `end` into the payload, if it fits."""
        if end > self._limit:
            return False
        self._at = end
        self._quiet_at = 0
        return True
