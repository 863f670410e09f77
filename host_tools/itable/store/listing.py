"""Lists of sessions: which are meant, whose they are, what was planned and said of them.

However many sessions and patients a store has, a list takes the same number of statements.
"""

import datetime
import difflib
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from itable.clinic.sessions import Done
from itable.days import begin_of
from itable.errors import InputError
from itable.store import deriving
from itable.store.clinic_schema import outcome, patient, session_patient, upload
from itable.store.opened import OpenStore, insert
from itable.store.schema import device, session


@dataclass(frozen=True)
class Choice:
    """Which sessions are meant; what is None, empty or False asks for nothing.

    `programme_id`: those of one programme. `since` and `until` are days of START, both included.
    `plan`: a part of the plan's name, or the beginning of an id. `how`: words of `Done.how`.
    `faults`: those in which a fault was reported. `last`: so many at most, those pulled last.
    """

    patient: str | None = None
    programme_id: int | None = None
    since: datetime.date | None = None
    until: datetime.date | None = None
    plan: str | None = None
    how: Sequence[str] = ()
    faults: bool = False
    last: int | None = None


@dataclass(frozen=True)
class Chosen:
    """The sessions that were meant, oldest first, and how many there are without `last`."""

    sessions: list[Done]
    total: int


EVERY = Choice()


class Listing(OpenStore):
    """The sessions of one store as lists show them; raises StoreError."""

    def sessions(self, choice: Choice = EVERY) -> Chosen:
        """The sessions that are meant; raises InputError for a patient who is not known."""
        self.link()
        conditions = _conditions(choice)
        with self._begun() as connection:
            if choice.patient is not None:
                patient_id, _ = self._known(connection, choice.patient)
                conditions.append(session_patient.c.patient_id == patient_id)
            query = DONE.where(*conditions).order_by(session.c.id.desc())
            # How a session ended is a rule in Python, so there the last ones are found afterwards.
            cut = choice.last if not choice.how else None
            rows = connection.execute(query if cut is None else query.limit(cut))
            found = [Done(**row._mapping) for row in rows]
            total = len(found)
            if cut is not None and total == cut:
                count = DONE.with_only_columns(sa.func.count()).where(*conditions)
                total = connection.execute(count).scalar_one()
        if choice.how:
            found = [one for one in found if one.how in choice.how]
            total = len(found)
            found = found[: choice.last]
        return Chosen(found[::-1], total)

    def names(self) -> list[str]:
        """Every patient's pseudonym, in their order."""
        with self._begun() as connection:
            found = connection.execute(sa.select(patient.c.name).order_by(patient.c.key))
            return [str(name) for name in found.scalars()]

    def link(self) -> None:
        """Give every session that ran a released plan to the patient whom it was released to.

        Rows that an older itable made are made anew first.
        """
        more = True
        while more:
            with self._begun() as connection:
                more = deriving.renew(connection)
        last = sa.select(sa.func.max(upload.c.id)).where(upload.c.plan_id == session.c.plan_id)
        owned = sa.exists().where(session_patient.c.session_id == session.c.id)
        found = (
            sa.select(session.c.id, upload.c.patient_id, upload.c.id)
            .join(upload, upload.c.id == last.correlate(session).scalar_subquery())
            .where(~owned)
        )
        with self._begun() as connection:
            values = insert(connection, session_patient).from_select(
                ["session_id", "patient_id", "upload_id"], found
            )
            connection.execute(values.on_conflict_do_nothing())

    # --- inside a transaction ----------------------------------------------------------------

    def _find(self, connection: sa.Connection, name: str) -> tuple[int, str] | None:
        query = sa.select(patient.c.id, patient.c.name).where(patient.c.key == name.lower())
        row = connection.execute(query).first()
        return None if row is None else (int(row.id), str(row.name))

    def _known(self, connection: sa.Connection, name: str) -> tuple[int, str]:
        """Id and name as it was first written; raises InputError, with a near name."""
        found = self._find(connection, name)
        if found is not None:
            return found
        names = list(connection.execute(sa.select(patient.c.name)).scalars())
        near = difflib.get_close_matches(name, names, 1)
        raise InputError(
            f"there is no patient {name}" + (f"; is it {near[0]}?" if near else ""),
            where=self.where,
            next_step=f"`itable patients` lists them; `itable screen {name}` makes one known",
        )


DONE = (
    sa.select(
        session.c.id,
        device.c.name.label("device"),
        session.c.number,
        session.c.start_unix_s,
        session.c.plan_name,
        upload.c.week,
        session.c.duration_ms,
        session.c.head_down_ms,
        session.c.max_tilt_mdeg,
        session.c.end_reason,
        session.c.end_fault,
        session.c.fault_count,
        upload.c.head_down_ms.label("planned_head_down_ms"),
        upload.c.tilt_max_mdeg.label("planned_tilt_mdeg"),
        outcome.c.pain_before,
        outcome.c.pain_after,
        outcome.c.comfort,
        outcome.c.note,
        patient.c.name.label("patient"),
        session.c.byte_count,
        session.c.sample_count,
        session.c.box_count,
        session.c.whole,
    )
    .select_from(session)
    .join(device)
    .outerjoin(session_patient, session_patient.c.session_id == session.c.id)
    .outerjoin(patient, patient.c.id == session_patient.c.patient_id)
    .outerjoin(upload, upload.c.id == session_patient.c.upload_id)
    .outerjoin(outcome, outcome.c.session_id == session.c.id)
)
"""Every session as a Done, in no order."""


def _conditions(choice: Choice) -> list[sa.ColumnElement[bool]]:
    """What the database can tell of a choice, the patient excepted."""
    found: list[sa.ColumnElement[bool]] = []
    if choice.programme_id is not None:
        found.append(upload.c.programme_id == choice.programme_id)
    if choice.since is not None:
        found.append(session.c.start_unix_s >= begin_of(choice.since))
    if choice.until is not None:
        # A table whose clock was not set has 0: such a session has no day.
        found.append(session.c.start_unix_s > 0)
        following = choice.until + datetime.timedelta(days=1)
        found.append(session.c.start_unix_s < begin_of(following))
    if choice.plan is not None:
        found.append(
            sa.or_(
                session.c.plan_name.icontains(choice.plan, autoescape=True),
                session.c.plan_id.istartswith(choice.plan, autoescape=True),
                upload.c.source_id.istartswith(choice.plan, autoescape=True),
            )
        )
    if choice.faults:
        found.append(sa.or_(session.c.fault_count > 0, session.c.end_fault > 0))
    return found
