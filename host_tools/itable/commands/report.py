"""`itable report`: a page for a patient or a session, to be read, sent on, or printed."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from itable import complete
from itable.options import Json, Store
from itable.output import out, print_json

if TYPE_CHECKING:
    from itable.clinic.sessions import Done
    from itable.report.page import Whole


def report(
    what: Annotated[
        str,
        typer.Argument(
            metavar="PATIENT|SESSION",
            help="P-017; or 12, DEVICE/12, @34.",
            autocompletion=complete.patients_and_sessions,
        ),
    ],
    out_path: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="HTML", help="Else report-WHAT.html.")
    ] = None,
    pdf: Annotated[
        Path | None, typer.Option("--pdf", metavar="PDF", help="Print it as a PDF, too.")
    ] = None,
    store: Store = None,
    json: Json = False,
) -> None:
    """Write one HTML page that needs nothing else: planned against done, pain, faults, versions.

    It reads on a phone and prints on a sheet of A4. A PDF is printed by Chromium, if installed.
    """
    from itable.files import write_whole

    is_session = what.startswith("@") or "/" in what or what.isdigit()
    text = _session(what, store) if is_session else _patient(what, store)
    name = "".join(char if char.isalnum() or char in "-_" else "-" for char in what).strip("-")
    path = out_path or Path(f"report-{name}.html")
    write_whole(path, text.encode())
    if pdf is not None:
        from itable.report.pdf import write_pdf

        write_pdf(path, pdf)
    if json:
        print_json({"html": str(path), "pdf": None if pdf is None else str(pdf)})
    else:
        for written in (path, pdf):
            if written is not None:
                out().print(f"report: {written}", soft_wrap=True)


def _session(what: str, store: str | None) -> str:
    from itable.report.page import session_page
    from itable.store.clinic import Clinic
    from itable.store.sessions import Sessions

    with Sessions(store) as sessions:
        row_id = sessions.find(what)
    with Clinic(store) as clinic:
        owner = clinic.belongs(row_id)
        whole = _whole(store, clinic.session(row_id))
    return session_page(
        whole, None if owner is None else owner.patient, None if owner is None else owner.release
    )


def _patient(what: str, store: str | None) -> str:
    from itable.clinic import pseudonyms
    from itable.clinic.programme import calendar
    from itable.days import today
    from itable.report.page import patient_page
    from itable.store.clinic import Clinic

    pseudonyms.checked(what)
    with Clinic(store) as clinic:
        sessions = clinic.sessions_of(what)
        standing = clinic.standing(what)
        programme = clinic.programme_or_none(what)
        weeks = []
        if programme is not None:
            done = clinic.sessions_of(what, programme.id)
            weeks = calendar(programme, done, clinic.reports(programme.id), today())
    last = _whole(store, sessions[-1]) if sessions else None
    return patient_page(standing, programme, weeks, sessions, last, today())


def _whole(store: str | None, done: "Done") -> "Whole":
    from itable.log.decode import decode
    from itable.report.page import Whole
    from itable.store.sessions import Sessions

    with Sessions(store) as sessions:
        data, about = sessions.raw(done.id)
    return Whole(done, decode(data), about, hashlib.sha256(data).hexdigest())
