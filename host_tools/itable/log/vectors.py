"""The fast decoder: all pages at once, in whole arrays; the layout is contract/records.py's.

Where a record may begin, its end is known from tag and varint lengths alone; so the ends are found
for every byte at once, and then all pages are walked side by side, one record a step. What the
records add up to (tilt from rate, target from slope) are running sums that begin anew at each key.
A page with anything out of the ordinary is left to the reference decoder: a session's first and
last page, black boxes, and all that does not make sense; so both say the same of it.
"""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from inversion_table.contract import pages, records
from inversion_table.contract.varint import get_signed
from itable.log import reference
from itable.log.content import NAMES, Columns, Content, Numbers, no_numbers

Flags = NDArray[np.bool_]
Thing = TypeVar("Thing")

_PART_BYTES = 512 * pages.PAGE_BYTES  # at a time: what fits into a processor's cache
_TAIL = 64  # zeros behind the last page: room to look ahead
_ZIGZAG_FIELDS = (
    records.MASK_TILT,
    records.MASK_TARGET,
    records.MASK_RATE,
    records.MASK_CURRENT,
    records.MASK_SUPPLY,
)
_KEY_FIELDS = 6  # time, then those of a sample
_LAST_BYTE_MOST = 0x0F  # of a varint of five bytes: 32 bits in all


def read(data: bytes, places: Sequence[int]) -> Content:
    """What the sound pages with these indices in `data` say, as `reference.read` does."""
    every = np.asarray(places, np.int64)
    contents = []
    for start in range(0, len(data), _PART_BYTES):
        first = start // pages.PAGE_BYTES
        mine = every[(every >= first) & (every < first + _PART_BYTES // pages.PAGE_BYTES)]
        if len(mine):
            part = data[start : start + _PART_BYTES]
            contents.append(_Reader(part, mine - first, first).read())
    return _joined(contents)


class _Reader:
    """One pass over some pages, the first of which is page `first` of all.

    Places and positions are within `data`; only what leaves here counts from the very first page.
    """

    def __init__(self, data: bytes, places: Numbers, first: int) -> None:
        self._first = first
        self._data = data
        self._places = places
        self._bytes = np.zeros(len(data) + _TAIL, np.uint8)
        self._bytes[: len(data)] = np.frombuffer(data, np.uint8)
        starts = places * pages.PAGE_BYTES
        # Payload bytes: u16 at 14 of each page's header (contract/pages.py).
        low, high = self._bytes[starts + 14], self._bytes[starts + 15]
        self._begins = starts + pages.PAYLOAD_AT
        self._limits = self._begins + low + (high.astype(np.int64) << 8)
        self._lengths, self._good = _varints(self._bytes)
        self._odd: Flags = np.zeros(len(data) // pages.PAGE_BYTES + 1, np.bool_)
        """By index of the page: whether it is left to the reference decoder."""

    def read(self) -> Content:
        """The pages' content, in their order."""
        at = self._walk(self._ends())
        plain = _Plain(self, at[~self._odd[at // pages.PAGE_BYTES]])
        fields = plain.fields()
        if plain.found_odd():
            plain = _Plain(self, at[~self._odd[at // pages.PAGE_BYTES]])
            fields = plain.fields()
        columns, owners = plain.columns(fields)
        events = plain.events(columns)
        content, rows = reference.read_rows(
            self._data, self._places[self._odd[self._places]].tolist()
        )
        content.events = self._moved(content.events + events)
        content.ends = self._moved(content.ends)
        content.headers = self._moved(content.headers)
        content.boxes = self._moved(content.boxes)
        content.problems = self._moved(content.problems)
        content.columns = _merged(columns, owners, rows)
        return content

    def _moved(self, things: list[tuple[int, Thing]]) -> list[tuple[int, Thing]]:
        """In the order of their pages, whose indices now count from the very first one."""
        things.sort(key=lambda thing: thing[0])
        return [(page + self._first, thing) for page, thing in things]

    # --- where records are ---------------------------------------------------------------------

    def _ends(self) -> Numbers:
        """For each byte: where the record ends that begins there; itself where none can."""
        tags = self._bytes[: len(self._data)]
        here = np.arange(len(tags), dtype=np.int64)
        after = here + 1
        self._behind = np.arange(len(self._bytes), dtype=np.int64) + self._lengths
        np.minimum(self._behind, len(self._bytes) - 1, out=self._behind)
        ends = after.copy()
        at = np.flatnonzero((tags > 0) & (tags < records.TAG_QUIET))
        ends[at] = self._end_of_sample(at)
        for tag, skips in (
            (records.TAG_KEY, (_KEY_FIELDS, 1)),
            (records.TAG_EVENT, (1, 2)),
            (records.TAG_SHIFT, (1,)),
        ):
            at = np.flatnonzero(tags == tag)
            ends[at] = self._end_behind(at + 1, skips)
        known = (tags > 0) & (tags < 0x80)
        for tag in (records.TAG_KEY, records.TAG_EVENT, records.TAG_SHIFT):
            known |= tags == tag
        return np.where(known, ends, here)

    def _end_of_sample(self, at: Numbers) -> Numbers:
        tags = self._bytes[at]
        end = at + 1
        for mask in _ZIGZAG_FIELDS:
            end = np.where(tags & mask, self._behind[end], end)
        status = self._behind[np.minimum(end + 1, len(self._behind) - 1)]
        return np.where(tags & records.MASK_STATUS, status, end)

    def _end_behind(self, at: Numbers, skips: tuple[int, ...]) -> Numbers:
        """Behind rows of varints with one plain byte between the rows."""
        for index, count in enumerate(skips):
            if index:
                at = np.minimum(at + 1, len(self._behind) - 1)
            for _ in range(count):
                at = self._behind[at]
        return at

    def _walk(self, ends: Numbers) -> Numbers:
        """Where each record begins, in order; pages that do not come out even are odd."""
        seen: Flags = np.zeros(len(self._data), np.bool_)
        at, limits, places = self._begins, self._limits, self._places
        while True:
            done = at >= limits
            if done.any():
                self._odd[places[at > limits]] = True
                at, limits, places = at[~done], limits[~done], places[~done]
            if not len(at):
                break
            seen[at] = True
            behind = ends[at]
            stuck = behind == at
            if stuck.any():
                self._odd[places[stuck]] = True
                behind, limits, places = behind[~stuck], limits[~stuck], places[~stuck]
            at = behind
        return np.flatnonzero(seen)


class _Plain:
    """The records at `at`, all of them in pages without anything odd as far as is known."""

    def __init__(self, reader: _Reader, at: Numbers) -> None:
        self._reader = reader
        self._at = at
        self._page = at // pages.PAGE_BYTES
        self._tags = reader._bytes[at]
        self._is_key = self._tags == records.TAG_KEY
        self._is_shift = self._tags == records.TAG_SHIFT
        self._is_sample = (self._tags < records.TAG_QUIET) | self._is_key
        self._is_quiet = (self._tags >= records.TAG_QUIET) & (self._tags < 0x80)
        self._odd_before = int(np.count_nonzero(reader._odd))

    def found_odd(self) -> bool:
        """Whether reading the fields showed that a page is odd after all."""
        return int(np.count_nonzero(self._reader._odd)) > self._odd_before

    # --- fields ------------------------------------------------------------------------------

    def _unsigned(self, which: Numbers, at: Numbers) -> Numbers:
        """The varints at `at`, which belong to the records `which`."""
        reader = self._reader
        bad = ~reader._good[at]
        if bad.any():
            reader._odd[self._page[which[bad]]] = True
        value = (reader._bytes[at] & 0x7F).astype(np.int64)
        lengths = reader._lengths[at]
        for more in range(1, int(lengths.max(initial=1))):
            longer = np.flatnonzero(lengths > more)
            part = (reader._bytes[at[longer] + more] & 0x7F).astype(np.int64)
            value[longer] |= part << (7 * more)
        return value

    def _signed(self, which: Numbers, at: Numbers) -> Numbers:
        value = self._unsigned(which, at)
        return (value >> 1) ^ -(value & 1)

    def fields(self) -> dict[str, Numbers]:
        """What each record adds to each quantity, or sets it to at a key; 0 elsewhere."""
        count = len(self._at)
        values = {name: np.zeros(count, np.int64) for name in NAMES}
        reader = self._reader
        end = self._at + 1
        every = np.flatnonzero(self._is_key)
        values["t_ms"][every] = self._signed(every, end[every])
        end[every] = reader._behind[end[every]]
        for name, mask in zip(NAMES[1:6], _ZIGZAG_FIELDS, strict=True):
            having = self._is_sample & ((self._tags & mask != 0) | self._is_key)
            which = np.flatnonzero(having)
            values[name][which] = self._signed(which, end[which])
            end[which] = reader._behind[end[which]]
        self._status = self._is_key | (
            self._is_sample & (self._tags & records.MASK_STATUS != 0) & ~self._is_key
        )
        which = np.flatnonzero(self._status)
        values["state"][which] = reader._bytes[end[which]]
        values["flags"][which] = self._unsigned(which, end[which] + 1)
        self._shifts(values["t_ms"])
        self._keyed()
        self._check_events()
        return values

    def _check_events(self) -> None:
        """Look at the varints of events: time, a plain byte, two numbers."""
        which = np.flatnonzero(self._tags == records.TAG_EVENT)
        at = self._at[which] + 1
        good = self._reader._good[at]
        at = self._reader._behind[at] + 1
        for _ in range(2):
            good = good & self._reader._good[at]
            at = self._reader._behind[at]
        self._reader._odd[self._page[which[~good]]] = True

    def _shifts(self, times: Numbers) -> None:
        """A shift moves the sample behind it, which must be in its page."""
        which = np.flatnonzero(self._is_shift)
        if not len(which):
            return
        by_ms = self._signed(which, self._at[which] + 1)
        follower = np.minimum(which + 1, len(self._at) - 1)
        fits = (follower > which) & (self._page[follower] == self._page[which]) & (by_ms != 0)
        fits &= (self._is_sample & ~self._is_key | self._is_quiet)[follower]
        self._reader._odd[self._page[which[~fits]]] = True
        times[follower[fits]] = by_ms[fits]

    def _keyed(self) -> None:
        """Every sample and shift needs a key before it in its page."""
        needing = self._is_sample | self._is_quiet | self._is_shift
        order = np.arange(len(self._at))
        key = np.maximum.accumulate(np.where(self._is_key, order, -1))
        lacking = needing & ((key < 0) | (self._page[key] != self._page))
        self._reader._odd[self._page[lacking]] = True

    # --- sums --------------------------------------------------------------------------------

    def columns(self, fields: dict[str, Numbers]) -> tuple[Columns, Numbers]:
        """The samples, and each one's page."""
        counts = np.where(self._is_quiet, self._tags.astype(np.int64) - records.TAG_QUIET + 1, 0)
        counts[self._is_sample] = 1
        self._samples_before = np.cumsum(counts) - counts
        total = int(counts.sum())
        if not total:
            return Columns(), no_numbers()
        which = np.flatnonzero(counts)
        first = self._samples_before[which]
        spread = {name: np.zeros(total, np.int64) for name in NAMES}
        for name in NAMES:
            spread[name][first] = fields[name][which]
        key_at = self._samples_before[np.flatnonzero(self._is_key)]
        runs = np.diff(np.append(key_at, total))
        start = np.repeat(key_at, runs)

        def summed(steps: Numbers, initial: Numbers) -> Numbers:
            steps[key_at] = 0
            sums = np.cumsum(steps)
            return sums - sums[start] + initial[start]

        at_key = {name: column.copy() for name, column in spread.items()}
        rate = summed(spread["rate_mdeg_per_s"], at_key["rate_mdeg_per_s"])
        tilt_steps = spread["tilt_mdeg"]
        tilt_steps[1:] += rate[:-1]
        spread["target_mdeg"][key_at] = 0
        slope = summed(spread["target_mdeg"], np.zeros(total, np.int64))
        set_at = np.zeros(total, np.int64)
        status_at = self._samples_before[np.flatnonzero(self._status)]
        set_at[status_at] = status_at
        set_at = np.maximum.accumulate(set_at)
        columns = Columns(
            summed(spread["t_ms"] + records.SAMPLE_PERIOD_MS, at_key["t_ms"]),
            summed(tilt_steps, at_key["tilt_mdeg"]) * records.TILT_QUANTUM_MDEG,
            summed(slope, at_key["target_mdeg"]) * records.TILT_QUANTUM_MDEG,
            rate * records.RATE_QUANTUM_MDEG_PER_S,
            summed(spread["current_ma"], at_key["current_ma"]) * records.CURRENT_QUANTUM_MA,
            summed(spread["supply_mv"], at_key["supply_mv"]) * records.SUPPLY_QUANTUM_MV,
            at_key["state"][set_at],
            at_key["flags"][set_at],
        )
        return columns, np.repeat(self._page[which], counts[which])

    def events(self, columns: Columns) -> list[tuple[int, records.Event]]:
        """The events, each with its page; their times count from the last sample."""
        reader = self._reader
        which = np.flatnonzero(self._tags == records.TAG_EVENT)
        if not len(which):
            return []
        order = np.arange(len(self._at))
        sampled = np.maximum.accumulate(np.where(self._is_sample | self._is_quiet, order, -1))
        last = sampled[which]
        same_page = (last >= 0) & (self._page[last] == self._page[which])
        base = np.zeros(len(which), np.int64)
        base[same_page] = columns.t_ms[self._samples_before[which[same_page]] - 1]
        events = []
        for index, page, base_ms in zip(
            which.tolist(), self._page[which].tolist(), base.tolist(), strict=True
        ):
            t_ms, at = get_signed(reader._data, int(self._at[index]) + 1, len(reader._data))
            code = reader._data[at]
            first, at = get_signed(reader._data, at + 1, len(reader._data))
            second, _ = get_signed(reader._data, at, len(reader._data))
            events.append((page, records.Event(base_ms + t_ms, code, first, second)))
        return events


def _varints(data: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], Flags]:
    """For each byte: how long the varint is that begins there, and whether it is a right one."""
    more = (data >> 7).astype(np.uint8)
    lengths = np.ones(len(data), np.uint8)
    going = more.copy()
    for ahead in range(1, 6):
        lengths[: len(data)] += going
        shifted = np.zeros_like(going)
        shifted[:-ahead] = more[ahead:]
        going = going & shifted
    good = lengths <= 5
    last = np.zeros_like(data)
    for length in range(2, 6):
        which = np.flatnonzero(lengths[: len(data) - 5] == length)
        last[which] = data[which + length - 1]
        good[which] &= last[which] != 0
    good &= (lengths != 5) | (last <= _LAST_BYTE_MOST)
    return lengths, good


def _joined(contents: list[Content]) -> Content:
    whole = Content()
    for content in contents:
        whole.events += content.events
        whole.headers += content.headers
        whole.ends += content.ends
        whole.boxes += content.boxes
        whole.problems += content.problems
    if contents:
        whole.columns = Columns(
            *(np.concatenate([getattr(one.columns, name) for one in contents]) for name in NAMES)
        )
    return whole


def _merged(columns: Columns, owners: Numbers, rows: list[tuple[int, records.Sample]]) -> Columns:
    """The samples of both decoders in the order of their pages."""
    if not rows:
        return columns
    table = np.array([row for _, row in rows], object)
    all_owners = np.concatenate([owners, np.array([page for page, _ in rows], np.int64)])
    order = np.argsort(all_owners, kind="stable")
    return Columns(
        *(
            np.concatenate([getattr(columns, name), table[:, index].astype(np.int64)])[order]
            for index, name in enumerate(NAMES)
        )
    )
