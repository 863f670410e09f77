"""The decoder that the others are held against: record by record, by the contract's own code."""

from collections.abc import Sequence

import numpy as np

from inversion_table.contract import pages, records
from itable.log.content import NAMES, Columns, Content


def read(data: bytes, places: Sequence[int]) -> Content:
    """What the sound pages with these indices in `data` say; not fast."""
    content, samples = read_rows(data, places)
    rows = [sample for _, sample in samples]
    table = np.array(rows, np.int64).reshape(-1, len(NAMES))
    content.columns = Columns(*(table[:, index].copy() for index in range(len(NAMES))))
    return content


def read_rows(
    data: bytes, places: Sequence[int]
) -> tuple[Content, list[tuple[int, records.Sample]]]:
    """The same with each sample as a row beside its page's index, and no columns yet."""
    content = Content()
    samples = []
    for place in places:
        page = data[place * pages.PAGE_BYTES : (place + 1) * pages.PAGE_BYTES]
        header = pages.read_header(page)
        assert header is not None
        try:
            for record in records.decode_payload(pages.payload_of(page, header)):
                if isinstance(record, records.Sample):
                    samples.append((place, record))
                elif isinstance(record, records.Event):
                    content.events.append((place, record))
                elif isinstance(record, (records.Box, records.BoxSample)):
                    content.boxes.append((place, record))
                elif isinstance(record, records.Header):
                    content.headers.append((place, record))
                else:
                    content.ends.append((place, record))
        except records.RecordError as error:
            content.problems.append((place, str(error)))
    return content, samples
