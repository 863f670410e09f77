"""Pulling a session: fetched, kept in the store, and only then told to the table."""

import contextlib
import re
from dataclasses import dataclass
from pathlib import Path

from inversion_table.contract import messages
from itable.errors import RefusedError
from itable.folders import partial_folder
from itable.link.client import Client
from itable.link.models import LogEntry
from itable.log.about import About
from itable.log.decode import SessionLog, decode
from itable.log.fetch import Progress, fetch, first_page, no_progress
from itable.store.sessions import SAME, Sessions


@dataclass(frozen=True)
class Pulled:
    """What a pull brought: the session in the store, what is in it, and how it came.

    `not_told`: why the table does not know that it was pulled; "" when it does.
    """

    id: int
    log: SessionLog
    how: str
    bytes_read: int
    resumed_at: int
    not_told: str

    def to_dict(self) -> dict[str, object]:
        """The pull as `--json` prints it."""
        return {
            "id": self.id,
            "session": self.log.session,
            "how": self.how,
            "bytes": self.log.byte_count,
            "bytes_read": self.bytes_read,
            "resumed_at": self.resumed_at,
            "pages": self.log.page_count,
            "samples": len(self.log.columns),
            "missing": self.log.missing,
            "table_told": not self.not_told,
        }


def part_path(folder: Path, device: str, session: int) -> Path:
    """Where the bytes of a session wait until it is whole."""
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", device) or "table"
    return folder / f"{safe}-{session:05d}.part"


def pull(
    client: Client,
    entry: LogEntry,
    store: Sessions,
    about: About,
    progress: Progress = no_progress,
    folder: Path | None = None,
) -> Pulled:
    """Bring a listed session into the store; what came so far waits in `folder` till it is whole.

    In this order: the bytes on disk, the session in the store, the part away, the table told. So
    whatever ends it, the next pull goes on, and the table never takes for kept what is not. Nothing
    is deleted there (RQ-125). Raises LinkError, RefusedError, InputError, StoreError.
    """
    part = part_path(folder or partial_folder(), about.device, entry.session)
    first = first_page(client, entry)
    row_id = store.holds(about.device, entry.session, entry.first, entry.last, first)
    if row_id is not None:
        progress(entry.bytes, entry.bytes)
        data, _ = store.raw(row_id)
        result = Pulled(row_id, decode(data), SAME, len(first), 0, "")
    else:
        fetched = fetch(client, entry, part, progress, first)
        put = store.put(fetched.data, about)
        bytes_read = fetched.bytes_read + len(first)
        result = Pulled(put.id, put.log, put.how, bytes_read, fetched.resumed_at, "")
    with contextlib.suppress(OSError):
        part.unlink()
    return result if entry.pulled else _told(client, entry, result)


def _told(client: Client, entry: LogEntry, result: Pulled) -> Pulled:
    """Tell the table; that it cannot be told loses nothing: the next pull tells it."""
    try:
        client.tell_pulled(entry.session, entry.last)
    except RefusedError as error:
        if error.code == messages.BUSY:
            why = "a session runs; the next pull tells it"
        else:
            why = error.what
        return Pulled(**{**vars(result), "not_told": why})
    return result
