"""Session logs for tests, made by the device's own encoder."""

from inversion_table.contract import events, pages, records
from inversion_table.journal.encoder import Encoder

MOVING, HOLDING, RETURNING = 2, 3, 5


def session_pages(
    session=7,
    count=3000,
    plan_name="Test plan",
    first_sequence=40,
    start_unix_s=0,
    plan_id="0123456789abcdef",
    end=(records.END_FAULT, 9, 1, 30_450, 100_000, 450),
):
    """The raw pages of a session of `count` samples: up to 30 deg, held, and home again."""
    writer = _Writer(session, first_sequence)
    writer.put(
        "header",
        records.Header(
            session, records.KIND_PLAN, plan_id, plan_name, "0.1.0", "ab" * 8, "cd" * 4,
            "ef" * 4, 1, start_unix_s,
        ),
    )  # fmt: skip
    writer.put("event", 0, events.BUTTON_PRESSED, 1, 0)
    writer.put("event", 0, events.STEP_STARTED, 1, 0)
    ramp = count // 3
    for index in range(count):
        if index < ramp:
            target, rate, state = -75_000 + 105_000 * index // ramp, 1_050_000 // ramp, MOVING
        elif index < 2 * ramp:
            target, rate, state = 30_000, 0, HOLDING
        else:
            target, rate, state = 30_000 - 105_000 * (index - 2 * ramp) // ramp, -900, RETURNING
        if index == ramp:
            writer.put("event", index * 100, events.STATE_CHANGED, MOVING, HOLDING)
        if index == 2 * ramp:
            writer.put("event", index * 100, events.FAULT_RAISED, 9, HOLDING)
            writer.put("event", index * 100, events.STATE_CHANGED, HOLDING, RETURNING)
        current = 2000 if rate else 0
        writer.put(
            "sample", index * 100, target + 150 * (index % 7 - 3), target, rate, current, 24_000,
            state, 1,
        )  # fmt: skip
    writer.put("end", count * 100, *end)
    return writer.finish()


class _Writer:
    def __init__(self, session, first_sequence):
        self._session = session
        self._first = first_sequence
        self._buffer = bytearray(pages.PAGE_BYTES + records.MOST_RECORD_BYTES)
        self._encoder = Encoder(self._buffer, pages.PAYLOAD_AT, pages.CRC_AT)
        self._done = []

    def put(self, method, *values):
        if not getattr(self._encoder, method)(*values):
            self._close(0)
            assert getattr(self._encoder, method)(*values)

    def finish(self):
        self._close(pages.LAST_PAGE)
        return b"".join(self._done)

    def _close(self, flags):
        number = len(self._done)
        flags |= pages.FIRST_PAGE if number == 0 else 0
        page = bytearray(self._buffer[: pages.PAGE_BYTES])
        pages.seal_page(
            page, flags, self._first + number, self._first, self._session,
            self._encoder.payload_bytes(),
        )  # fmt: skip
        self._done.append(bytes(page))
        self._encoder.restart()
