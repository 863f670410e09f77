"""Sessions in the store: put in whole, never over another one, found, read."""

import hashlib
import json
import time
from dataclasses import dataclass

import sqlalchemy as sa

from itable.errors import InputError
from itable.log.about import About
from itable.log.decode import SessionLog, decode
from itable.log.held import Held, held, joined, same_session
from itable.store.deriving import derive
from itable.store.listing import Listing
from itable.store.opened import insert
from itable.store.schema import device, session, session_raw


@dataclass(frozen=True)
class Put:
    """What became of pages that were put in: new, more of one that was here, or nothing new."""

    id: int
    log: SessionLog
    how: str


NEW, MORE, SAME = "new", "more", "same"


class Sessions(Listing):
    """The sessions in one store; a context manager. Every method raises StoreError."""

    # --- putting in --------------------------------------------------------------------------

    def put(self, data: bytes, about: About) -> Put:
        """Keep a session's pages, in one transaction: whole, or not at all (RQ-127).

        What is here already is not kept twice; a session that is here in part gets what it lacks;
        a different one of the same number stands beside it. Raises InputError without sound pages.
        """
        new = held(data)
        if new is None:
            raise InputError(
                "there is no session in these data",
                where=self.where,
                next_step="give a file that `itable log export --raw` wrote",
            )
        with self._begun() as connection:
            device_id = self._device_id(connection, about.device)
            for row_id, kept in self._candidates(connection, device_id, new):
                if not same_session(kept, new):
                    continue
                both = joined(kept, new)
                if both.data == kept.data:
                    return Put(row_id, decode(kept.data), SAME)
                log = self._write(connection, row_id, both, about)
                return Put(row_id, log, MORE)
            row_id = self._insert(connection, device_id, new)
            return Put(row_id, self._write(connection, row_id, new, about), NEW)

    def holds(
        self, device_name: str, number: int, first: int, last: int, page: bytes
    ) -> int | None:
        """The id of the session that has `page` as page `first`, and all up to `last`; or None."""
        with self._begun() as connection:
            found = connection.execute(
                sa.select(session.c.id, session_raw.c.data)
                .join(device)
                .join(session_raw)
                .where(device.c.name == device_name, session.c.number == number)
            ).all()
        for row_id, data in found:
            kept = held(data)
            if kept and kept.base <= first and last <= kept.last and kept.page(first) == page:
                return int(row_id)
        return None

    def _device_id(self, connection: sa.Connection, name: str) -> int:
        """The device's row, made if it is missing, and locked: one writer a device at a time."""
        values = {"name": name, "first_seen_s": int(time.time())}
        connection.execute(insert(connection, device).values(values).on_conflict_do_nothing())
        query = sa.select(device.c.id).where(device.c.name == name).with_for_update()
        return int(connection.execute(query).scalar_one())

    def _candidates(
        self, connection: sa.Connection, device_id: int, new: Held
    ) -> list[tuple[int, Held]]:
        found = connection.execute(
            sa.select(session.c.id, session_raw.c.data)
            .join(session_raw)
            .where(
                session.c.device_id == device_id,
                session.c.number == new.number,
                session.c.first_page == new.first_page,
            )
            .order_by(session.c.id)
        ).all()
        kept = [(int(row_id), held(data)) for row_id, data in found]
        return [(row_id, one) for row_id, one in kept if one is not None]

    def _insert(self, connection: sa.Connection, device_id: int, new: Held) -> int:
        """A row for a session that is not here; what is derived comes with `_write`."""
        values = {
            "device_id": device_id,
            "number": new.number,
            "first_page": new.first_page,
            "mark": new.mark,
            "settings": "{}",
            "pulled_s": int(time.time()),
            "derived": 0,
            **dict.fromkeys(("byte_count", "sample_count", "event_count", "duration_ms"), 0),
            "whole": False,
            "missing": "[]",
        }
        key = connection.execute(sa.insert(session).values(values)).inserted_primary_key
        assert key is not None
        return int(key[0])

    def _write(self, connection: sa.Connection, row_id: int, new: Held, about: About) -> SessionLog:
        """The pages of a session, and all that is derived from them."""
        connection.execute(sa.delete(session_raw).where(session_raw.c.session_id == row_id))
        connection.execute(
            sa.insert(session_raw).values(
                session_id=row_id, data=new.data, sha256=hashlib.sha256(new.data).hexdigest()
            )
        )
        log = derive(connection, row_id, new.data)
        if about.settings:
            connection.execute(
                sa.update(session)
                .where(session.c.id == row_id)
                .values(settings=json.dumps(about.settings, sort_keys=True))
            )
        return log

    # --- reading -----------------------------------------------------------------------------

    def find(self, words: str) -> int:
        """The id of the session that is meant: `7`, `DEVICE/7`, or `@12` by the store's own id.

        Raises InputError when there is none, or several.
        """
        device_name, _, number = words.rpartition("/")
        query = sa.select(session.c.id, session.c.number, device.c.name).join(device)
        if words.startswith("@"):
            query = query.where(session.c.id == _number(words[1:]))
        else:
            query = query.where(session.c.number == _number(number))
            if device_name:
                query = query.where(device.c.name == device_name)
        with self._begun() as connection:
            found = connection.execute(query.order_by(device.c.name, session.c.id)).all()
        if not found:
            raise InputError(
                f"session {words} was not pulled yet",
                where=self.where,
                next_step="`itable log list` shows what there is; `itable log pull` brings more",
            )
        if len(found) > 1:
            raise InputError(
                f"there are {len(found)} sessions {words}",
                where="; ".join(f"@{row.id}: {row.name}/{row.number}" for row in found),
                next_step=f"choose one by its id, as in @{found[-1].id}",
            )
        return int(found[0].id)

    def raw(self, row_id: int) -> tuple[bytes, About]:
        """The pages of a session, and what its device said. Raises InputError when damaged."""
        with self._begun() as connection:
            found = connection.execute(
                sa.select(
                    session_raw.c.data, session_raw.c.sha256, session.c.settings, device.c.name
                )
                .select_from(session)
                .join(session_raw)
                .join(device)
                .where(session.c.id == row_id)
            ).one()
        if hashlib.sha256(found.data).hexdigest() != found.sha256:
            raise InputError(
                f"the kept pages of @{row_id} are damaged",
                where=self.where,
                next_step="put back a copy of the store, or pull the session again",
            )
        return bytes(found.data), About(found.name, json.loads(found.settings))


def _number(text: str) -> int:
    """A written number, or one that no session has."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
