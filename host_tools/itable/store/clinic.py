"""Patients in the store: screenings, approvals, programmes, uploads, outcomes."""

import datetime
import json
import time
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from itable.clinic import contraindications, pseudonyms, release
from itable.clinic.ladder import Level
from itable.clinic.outcome import Outcome
from itable.clinic.programme import Programme
from itable.clinic.screening import Approval, Screening, Standing, standing
from itable.clinic.sessions import Done
from itable.errors import InputError
from itable.plans.timeline import Sums
from itable.store.clinic_schema import (
    approval,
    outcome,
    patient,
    programme,
    screening,
    session_patient,
    upload,
    week_report,
)
from itable.store.listing import DONE, Choice, Listing
from itable.store.schema import session


@dataclass(frozen=True)
class Upload:
    """A plan that is to be given to a patient: as written, and as the device keeps it."""

    device: str
    plan_id: str
    plan_name: str
    source_id: str
    source_text: str
    release: str
    sums: Sums
    programme_id: int | None = None
    week: int | None = None


@dataclass(frozen=True)
class Belongs:
    """Whose a session is; `week` when it is one of a programme; `release`: what it rests on."""

    patient: str
    week: int | None
    plan_name: str | None
    release: dict[str, object] | None

    def to_dict(self) -> dict[str, object]:
        """As `--json` prints it."""
        return dict(vars(self))


class Clinic(Listing):
    """Everything about patients in one store; raises StoreError."""

    # --- patients and screening --------------------------------------------------------------

    def patients(self) -> list[tuple[str, Standing, Programme | None, int]]:
        """Every patient: name, standing, running programme, number of sessions."""
        now_s = int(time.time())
        self.link()
        with self._begun() as connection:
            rows = connection.execute(sa.select(patient).order_by(patient.c.key)).all()
            per_patient = sa.select(session_patient.c.patient_id, sa.func.count()).group_by(
                session_patient.c.patient_id
            )
            counts = {int(key): int(count) for key, count in connection.execute(per_patient)}
            standings = self._standings(connection, now_s)
            running = self._running(connection)
        return [
            (
                row.name,
                standings.get(row.id) or standing(row.name, None, None, now_s),
                running.get(row.id),
                counts.get(row.id, 0),
            )
            for row in rows
        ]

    def any_patient(self) -> bool:
        """Whether this store knows a patient at all."""
        with self._begun() as connection:
            return connection.execute(sa.select(patient.c.id).limit(1)).first() is not None

    def knows(self, name: str) -> bool:
        """Whether there is a patient of that name."""
        with self._begun() as connection:
            return self._find(connection, name) is not None

    def standing(self, name: str) -> Standing:
        """How a patient stands now; one that is not known was never screened."""
        pseudonyms.checked(name)
        with self._begun() as connection:
            found = self._find(connection, name)
            if found is None:
                return standing(name, None, None, int(time.time()))
            return self._standing(connection, found[0], found[1], int(time.time()))

    def screen(self, name: str, answers: dict[str, str], asked_by: str) -> Standing:
        """Keep the answers of a patient, who is made known by it; older ones stay as they were."""
        pseudonyms.checked(name)
        with self._begun() as connection:
            patient_id, name = self._found_or_new(connection, name)
            connection.execute(
                sa.insert(screening).values(
                    patient_id=patient_id,
                    at_s=int(time.time()),
                    asked_by=asked_by,
                    list_version=contraindications.LIST_VERSION,
                    answers=json.dumps(answers, sort_keys=True),
                )
            )
            return self._standing(connection, patient_id, name, int(time.time()))

    def approve(self, name: str, by: str, reason: str) -> Standing:
        """Keep a clinician's approval of the last screening.

        Who was never screened, or too long ago, has left every question open: that is what is
        approved then. Raises InputError when nothing is open.
        """
        found = self.standing(name)
        if found.cleared and found.approval is None:
            raise InputError(
                f"there is nothing to approve: {found.patient} answered every question with no",
                next_step=f"`itable screen {found.patient}` asks again when something changed",
            )
        if found.screening is None or found.expired:
            self.screen(name, dict.fromkeys(contraindications.KEYS, "unanswered"), by)
        with self._begun() as connection:
            row = self._find(connection, name)
            assert row is not None
            last = self._last_screening(connection, row[0])
            assert last is not None
            connection.execute(
                sa.insert(approval).values(
                    screening_id=last.id, at_s=int(time.time()), by=by, reason=reason
                )
            )
            return self._standing(connection, row[0], row[1], int(time.time()))

    # --- uploads -----------------------------------------------------------------------------

    def begin_upload(self, name: str, new: Upload) -> int:
        """Keep that a plan is about to be given, before the table has it; the id of the row."""
        with self._begun() as connection:
            patient_id, name = self._known(connection, name)
            last = self._last_screening(connection, patient_id)
            assert last is not None  # the release was made of it
            approved = self._approval(connection, last.id)
            key = connection.execute(
                sa.insert(upload).values(
                    patient_id=patient_id,
                    screening_id=last.id,
                    approval_id=approved and approved.id,
                    programme_id=new.programme_id,
                    week=new.week,
                    at_s=int(time.time()),
                    device=new.device,
                    plan_id=new.plan_id,
                    plan_name=new.plan_name,
                    source_id=new.source_id,
                    source_text=new.source_text,
                    release=new.release,
                    code=release.code(new.release),
                    total_ms=new.sums.total_ms,
                    head_down_ms=new.sums.head_down_ms,
                    tilt_max_mdeg=new.sums.tilt_max_mdeg,
                    stored=False,
                )
            ).inserted_primary_key
            assert key is not None
            return int(key[0])

    def finish_upload(self, upload_id: int) -> None:
        """Keep that the table has the plan."""
        with self._begun() as connection:
            connection.execute(
                sa.update(upload).where(upload.c.id == upload_id).values(stored=True)
            )

    # --- programmes --------------------------------------------------------------------------

    def new_programme(self, name: str, new: Programme, *, replace: bool) -> int:
        """Keep a programme; raises InputError while another runs, unless that is to end."""
        with self._begun() as connection:
            patient_id, name = self._known(connection, name)
            running = self._programme(connection, patient_id)
            if running is not None:
                if not replace:
                    raise InputError(
                        f"{name} already has a programme: {running.template}, since"
                        f" {running.start_day}",
                        next_step="end it: `itable programme end`, or give --replace",
                    )
                self._end(connection, running.id)
            key = connection.execute(
                sa.insert(programme).values(
                    patient_id=patient_id,
                    created_s=int(time.time()),
                    template=new.template,
                    start_day=str(new.start_day),
                    days_a_week=new.days_a_week,
                    sets=new.sets,
                    rest_ms=new.rest_ms,
                    levels=json.dumps([[one.tilt_mdeg, one.hold_ms] for one in new.levels]),
                )
            ).inserted_primary_key
            assert key is not None
            return int(key[0])

    def programme_or_none(self, name: str) -> Programme | None:
        """The running programme of a patient, if there is one."""
        with self._begun() as connection:
            patient_id, _ = self._known(connection, name)
            return self._programme(connection, patient_id)

    def programme(self, name: str) -> Programme:
        """The running programme of a patient; raises InputError when there is none."""
        found = self.programme_or_none(name)
        if found is None:
            raise InputError(
                f"{name} has no programme",
                where=self.where,
                next_step=f"`itable programme new {name}` begins one",
            )
        return found

    def end_programme(self, programme_id: int) -> None:
        """Keep that a programme is over; what was done stays."""
        with self._begun() as connection:
            self._end(connection, programme_id)

    def report_week(self, programme_id: int, week: int, *, bad: bool, note: str) -> None:
        """Keep how a week went; a later report of the same week takes its place."""
        with self._begun() as connection:
            where = sa.and_(week_report.c.programme_id == programme_id, week_report.c.week == week)
            connection.execute(sa.delete(week_report).where(where))
            connection.execute(
                sa.insert(week_report).values(
                    programme_id=programme_id, week=week, bad=bad, note=note, at_s=int(time.time())
                )
            )

    def reports(self, programme_id: int) -> dict[int, tuple[bool, str]]:
        """What was reported of a programme's weeks: week -> (bad, note)."""
        with self._begun() as connection:
            query = sa.select(week_report).where(week_report.c.programme_id == programme_id)
            return {row.week: (row.bad, row.note) for row in connection.execute(query)}

    # --- sessions ----------------------------------------------------------------------------

    def belongs(self, session_id: int) -> Belongs | None:
        """Whose a session is; None when that is not known."""
        self.link()
        query = (
            sa.select(patient.c.name, upload.c.week, upload.c.plan_name, upload.c.release)
            .select_from(session_patient)
            .join(patient)
            .outerjoin(upload, upload.c.id == session_patient.c.upload_id)
            .where(session_patient.c.session_id == session_id)
        )
        with self._begun() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        text = row.release
        return Belongs(
            row.name, row.week, row.plan_name, None if text is None else json.loads(text)
        )

    def give(self, session_id: int, name: str) -> None:
        """Say whose a session is that ran no released plan.

        Raises InputError when its plan was released to somebody else, or carries another mark.
        """
        pseudonyms.checked(name)
        owner = self.belongs(session_id)
        if owner is None:
            with self._begun() as connection:
                query = sa.select(session.c.plan_name).where(session.c.id == session_id)
                mark = release.mark_in(connection.execute(query).scalar_one() or "")
            said = None if mark is None else mark[0]
        else:
            said = owner.patient
        if said is not None and said.lower() != name.lower():
            raise InputError(
                f"this session is {said}'s",
                where=f"@{session_id}, asked for {name}",
                next_step="name the session or the patient that you mean",
            )
        with self._begun() as connection:
            patient_id, _ = self._known(connection, name)
            if owner is None:
                connection.execute(
                    sa.insert(session_patient).values(
                        session_id=session_id, patient_id=patient_id, upload_id=None
                    )
                )

    def set_outcome(self, session_id: int, said: Outcome) -> Outcome:
        """Keep what was said of a session; what is None stays as it was. The whole, as it is."""
        with self._begun() as connection:
            old = self._outcome(connection, session_id)
            values = {
                name: getattr(said, name) if getattr(said, name) is not None else getattr(old, name)
                for name in ("pain_before", "pain_after", "comfort", "note")
            }
            connection.execute(sa.delete(outcome).where(outcome.c.session_id == session_id))
            connection.execute(
                sa.insert(outcome).values(
                    session_id=session_id,
                    at_s=int(time.time()),
                    **{**values, "note": values["note"] or ""},
                )
            )
            return self._outcome(connection, session_id)

    def outcome(self, session_id: int) -> Outcome:
        """What was said of a session; all None when nothing was."""
        with self._begun() as connection:
            return self._outcome(connection, session_id)

    def sessions_of(self, name: str, programme_id: int | None = None) -> list[Done]:
        """The sessions of a patient, oldest first; of one programme, when that is given."""
        return self.sessions(Choice(patient=name, programme_id=programme_id)).sessions

    def session(self, session_id: int) -> Done:
        """One session, whoever's it is."""
        self.link()
        with self._begun() as connection:
            row = connection.execute(DONE.where(session.c.id == session_id)).one()
            return Done(**row._mapping)

    # --- inside a transaction ----------------------------------------------------------------

    def _found_or_new(self, connection: sa.Connection, name: str) -> tuple[int, str]:
        found = self._find(connection, name)
        if found is not None:
            return found
        key = connection.execute(
            sa.insert(patient).values(name=name, key=name.lower(), created_s=int(time.time()))
        ).inserted_primary_key
        assert key is not None
        return int(key[0]), name

    def _last_screening(self, connection: sa.Connection, patient_id: int) -> Screening | None:
        query = (
            sa.select(screening)
            .where(screening.c.patient_id == patient_id)
            .order_by(screening.c.id.desc())
            .limit(1)
        )
        row = connection.execute(query).first()
        return None if row is None else _screening_of(row)

    def _approval(self, connection: sa.Connection, screening_id: int) -> Approval | None:
        query = (
            sa.select(approval)
            .where(approval.c.screening_id == screening_id)
            .order_by(approval.c.id.desc())
            .limit(1)
        )
        row = connection.execute(query).first()
        return None if row is None else _approval_of(row)

    def _standing(
        self, connection: sa.Connection, patient_id: int, name: str, now_s: int
    ) -> Standing:
        last = self._last_screening(connection, patient_id)
        approved = None if last is None else self._approval(connection, last.id)
        return standing(name, last, approved, now_s)

    def _standings(self, connection: sa.Connection, now_s: int) -> dict[int, Standing]:
        """How each patient who was ever screened stands, by the patient's row."""
        last = sa.select(sa.func.max(screening.c.id)).group_by(screening.c.patient_id)
        asked = sa.select(screening, patient.c.name).join(patient).where(screening.c.id.in_(last))
        last = sa.select(sa.func.max(approval.c.id)).group_by(approval.c.screening_id)
        approved = {
            row.screening_id: _approval_of(row)
            for row in connection.execute(sa.select(approval).where(approval.c.id.in_(last)))
        }
        return {
            row.patient_id: standing(row.name, _screening_of(row), approved.get(row.id), now_s)
            for row in connection.execute(asked)
        }

    def _programme(self, connection: sa.Connection, patient_id: int) -> Programme | None:
        return self._running(connection, patient_id).get(patient_id)

    def _running(
        self, connection: sa.Connection, patient_id: int | None = None
    ) -> dict[int, Programme]:
        """The running programme of each patient, or of one, by the patient's row."""
        query = sa.select(programme).where(programme.c.ended_s.is_(None)).order_by(programme.c.id)
        if patient_id is not None:
            query = query.where(programme.c.patient_id == patient_id)
        return {row.patient_id: _programme_of(row) for row in connection.execute(query)}

    def _end(self, connection: sa.Connection, programme_id: int) -> None:
        connection.execute(
            sa.update(programme)
            .where(programme.c.id == programme_id)
            .values(ended_s=int(time.time()))
        )

    def _outcome(self, connection: sa.Connection, session_id: int) -> Outcome:
        row = connection.execute(
            sa.select(outcome).where(outcome.c.session_id == session_id)
        ).first()
        if row is None:
            return Outcome()
        return Outcome(row.pain_before, row.pain_after, row.comfort, row.note)


def _screening_of(row: sa.Row[Any]) -> Screening:
    return Screening(row.id, row.at_s, row.asked_by, row.list_version, json.loads(row.answers))


def _approval_of(row: sa.Row[Any]) -> Approval:
    return Approval(row.id, row.at_s, row.by, row.reason)


def _programme_of(row: sa.Row[Any]) -> Programme:
    return Programme(
        row.template,
        datetime.date.fromisoformat(row.start_day),
        [Level(tilt, hold) for tilt, hold in json.loads(row.levels)],
        row.days_a_week,
        row.sets,
        row.rest_ms,
        row.id,
    )
